"""Parts of equations that several models share: exponential synapses and three kinds of noise.

Noise enters as a number that is drawn once per step and held during it ("constant over dt" in Brian2's words). Scaled as below, it
gives a linear equation ``dx/dt = (noise - x) / tau``, solved exactly, the moments of the Ornstein-Uhlenbeck process at every step,
for every dt; white noise (``xi``) needs the Euler-Maruyama scheme, whose variance is too large by the fraction dt / (2 tau).

Shared noise acts in the step after the one in which it was drawn, because Brian2 evaluates held numbers first; in the very first
step there is none.
"""

from dataclasses import dataclass, field

import numpy as np
from brian2.units import second, volt
from brian2.units.fundamentalunits import Quantity, get_dimensions

from bioworkbench.neurons.values import Constants, non_negative_amounts, positive_amounts
from bioworkbench.records.arrays import fraction
from bioworkbench.records.units import format_quantity, unit_text

__all__ = ["Mechanism", "distinct", "equation_lines", "gaussian_noise", "membrane_noise", "synapse", "unless_refractory"]

_SHARED = "(sqrt(1 - correlation)*randn() + sqrt(correlation*dt)*shared_noise)"


@dataclass(frozen=True)
class Mechanism:
    """What a mechanism adds to a model; empty where there is no mechanism.

    Parameters
    ----------
    term : str
        Of the sum that drives the membrane, with its sign in front.
    lines : tuple of str
        Equations.
    constants : mapping from name to Quantity or array
    """

    term: str = ""
    lines: tuple[str, ...] = ()
    constants: Constants = field(default_factory=dict)


def equation_lines(*lines: str, parts: tuple[Mechanism, ...] = ()) -> str:
    """Equations, one per line: the `lines`, then those of the `parts`."""
    return "\n".join([*lines, *(line for part in parts for line in part.lines)])


def unless_refractory(refractory: Quantity | None) -> str:
    """Flag that holds a variable, and ignores spikes to it, during the period; empty where `refractory` is None."""
    return "" if refractory is None else " (unless refractory)"


def synapse(synaptic_tau: Quantity, unit: Quantity) -> Mechanism:
    """Input that decays exponentially after a spike: term ``synaptic``.

    Parameters
    ----------
    synaptic_tau : Quantity, second
        Time constant of the decay; for 0 in all neurons the part is empty.
    unit : Quantity
        Of the input.

    Returns
    -------
    Mechanism

    Raises
    ------
    ValueError
        If the time is negative, has another dimension, or is 0 in some neurons only.
    """
    if not np.any(non_negative_amounts(second, synaptic_tau=synaptic_tau)["synaptic_tau"]):
        return Mechanism()
    line = f"dsynaptic/dt = -synaptic/synaptic_tau : {unit_text(get_dimensions(unit))}"
    return Mechanism(" + synaptic", (line,), positive_amounts(second, synaptic_tau=synaptic_tau))


def gaussian_noise(sigma: Quantity, noise_tau: Quantity, correlation: float, white: str, colored: str) -> Mechanism:
    """Gaussian noise: term ``gaussian_noise``, in volts.

    Parameters
    ----------
    sigma : Quantity, volt
        0 in all neurons means none.
    noise_tau : Quantity, second
        Correlation time of Ornstein-Uhlenbeck noise; 0 in all neurons means white noise.
    correlation : float
        Correlation between the noises of two neurons of the population, 0 to 1.
    white, colored : str
        Expressions: how many times `sigma` the held number of white noise deviates, and the stationary deviation of colored noise.

    Returns
    -------
    Mechanism

    Raises
    ------
    ValueError
        If sigma or noise_tau is negative or of another dimension, or the correlation is outside [0, 1].
    """
    constants = non_negative_amounts(volt, sigma=sigma)
    is_white = not np.any(non_negative_amounts(second, noise_tau=noise_tau)["noise_tau"])
    fraction("correlation", correlation)
    if not np.any(sigma):
        return Mechanism()
    lines, gauss = (), "randn()"
    if correlation:
        lines, gauss, constants = ("shared_noise : second**-0.5",), _SHARED, constants | {"correlation": float(correlation)}
    if is_white:
        return Mechanism(" + noise", (f"noise = sigma*{white}*{gauss} : volt (constant over dt)", *lines), constants)
    kick = f"kick = sigma*{colored}*sqrt(1/tanh(dt/(2*noise_tau)))*{gauss} : volt (constant over dt)"
    lines = ("dnoise/dt = (kick - noise)/noise_tau : volt", kick, *lines)
    return Mechanism(" + noise", lines, constants | positive_amounts(second, noise_tau=noise_tau))


def membrane_noise(sigma: Quantity, noise_tau: Quantity, correlation: float, tau: str = "tau") -> Mechanism:
    """`gaussian_noise` that makes a free leaky membrane fluctuate with standard deviation sigma.

    Parameters
    ----------
    sigma, noise_tau, correlation
        As of `gaussian_noise`.
    tau : str
        Name of the constant that is the membrane's time constant.

    Returns
    -------
    Mechanism
    """
    return gaussian_noise(
        sigma, noise_tau, correlation, white=f"sqrt(1/tanh(dt/(2*{tau})))", colored=f"sqrt(1 + {tau}/noise_tau)"
    )


def distinct(constants: Constants, tau: str = "tau") -> None:
    """Raise ValueError if another time constant among the `constants` equals `tau`: the exact solution divides by their difference."""
    for name in ("synaptic_tau", "noise_tau", "adaptation_tau"):
        if name in constants and np.isclose(np.asarray(constants[name]), np.asarray(constants[tau]), rtol=1e-6, atol=0).any():
            raise ValueError(
                f"{name} = {format_quantity(constants[name])} equals {tau}; exact integration divides by their difference, "
                "so change one of them by a thousandth"
            )
