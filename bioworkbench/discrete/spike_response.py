"""Spike-response neurons in discrete time: kernels in place of differential equations.

Time is counted in simulation steps, and ``dt`` plays no part. With Psi_j the spikes (or the input current) of source j::

    u_i[n] = sum_{m<n} k((n - m - tau_i) / sigma_i) sum_j W[j, i] Psi_j[m]
             + c_i sum_{m<n} exp(-(n - m) / varsigma_i) Psi_i[m] + b_i
    spike where u_i[n] >= threshold

k(s) = s e^(1 - s) (alpha) or e^(-s) (exponential) for s > 0, else 0. Both sums are strictly causal, so a spike acts on others and
on its own neuron from the next step on. The kernels are run as recursions, which are exact. Delays of synapses between
populations belong to the projection (tau steps are ``tau * dt``); ``tau`` here delays the input current.
`bioworkbench.discrete.spike_response_layers` computes the same in NumPy.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from bioworkbench.discrete.generated import check_generated, fields_of
from bioworkbench.records.arrays import Floats, finite
from bioworkbench.records.errors import unknown_name
from bioworkbench.records.neuron import NeuronModel

__all__ = ["KERNELS", "DiscreteSpikeResponse", "spike_response", "spike_response_arguments"]

KERNELS = {
    "alpha": ("a = decay*(a + received)\ng = decay*g + a\nu = gain*g + c*r + bias", ("a", "g")),
    "exponential": ("g = decay*(g + received)\nu = g + c*r + bias", ("g",)),
}
"""Update statements and state variables of the postsynaptic kernels, by name."""

_REFERENCE = "Gollwitzer & Dietrich 2025, arXiv:2510.01012; Gerstner 1995, doi 10.1103/PhysRevE.51.738"


@dataclass(frozen=True, kw_only=True, eq=False)
class DiscreteSpikeResponse:
    """What makes a neuron a `spike_response` neuron: the arguments of that function, as it describes them, checked and as floats or arrays.

    Raises
    ------
    ValueError
        As `spike_response`.
    """

    sigma: ArrayLike
    tau: ArrayLike = 0
    c: ArrayLike = -1.0
    varsigma: ArrayLike = 2.0
    bias: ArrayLike = 0.0
    threshold: ArrayLike | None = 1.0
    kernel: str = "alpha"

    def __post_init__(self) -> None:
        if self.kernel not in KERNELS:
            raise ValueError(unknown_name(self.kernel, "kernel", KERNELS))
        checks = {"sigma": _widths, "varsigma": _widths, "tau": _delays, "c": finite, "bias": finite, "threshold": finite}
        for name, check in checks.items():
            value: Any = getattr(self, name)
            if value is not None or name != "threshold":
                array = check(name, value)
                object.__setattr__(self, name, array if array.ndim else float(array))

    def model(self) -> NeuronModel:
        """The neuron as Brian2 runs it."""
        return NeuronModel(**self._parts(), reference=_REFERENCE, discrete=self)

    def check(self, model: NeuronModel) -> None:
        """Raise ValueError unless this record makes `model`."""
        check_generated(model, self._parts())

    def _parts(self) -> dict[str, Any]:
        widths, delays = np.asarray(self.sigma, dtype=float), np.asarray(self.tau, dtype=float)
        update, states = KERNELS[self.kernel]
        values = {"decay": np.exp(-1 / widths), "recovery": np.exp(-1 / np.asarray(self.varsigma, dtype=float))}
        values |= {"c": np.asarray(self.c, dtype=float), "bias": np.asarray(self.bias, dtype=float)}
        if self.kernel == "alpha":
            values["gain"] = np.e / widths
        if delays.any():
            values["tau"] = delays
        if self.threshold is not None:
            values["theta"] = np.asarray(self.threshold, dtype=float)
        # one variable per step of the longest delay; each neuron enters its input as many places before the exit as its delay says
        register = [f"x{k}" for k in range(1, int(delays.max()) + 1)]
        parameters = "".join(f"{name} : 1 (constant)\n" for name in values)
        return {
            "equations": "".join(f"{name} : 1\n" for name in ("u", *states, "r", "received", "drive", *register)) + parameters,
            "threshold": "" if self.threshold is None else "u >= theta",
            "reset": "" if self.threshold is None else "r += 1",
            "constants": {name: value if value.ndim else float(value) for name, value in values.items()},
            "receives": "received",
            "update": f"r = recovery*r\n{update}\n{_delayed(register)}",
        }


def spike_response(
    *,
    sigma: ArrayLike,
    tau: ArrayLike = 0,
    c: ArrayLike = -1.0,
    varsigma: ArrayLike = 2.0,
    bias: ArrayLike = 0.0,
    threshold: ArrayLike | None = 1.0,
    kernel: str = "alpha",
) -> NeuronModel:
    """Spike-response neuron; potentials and weights are plain numbers, times are steps.

    Parameters
    ----------
    sigma : float or array (n_neurons,), steps
        Width of the postsynaptic kernel.
    tau : int or array (n_neurons,), steps
        Delay of the input current; a shift register of the largest delay is simulated, so keep it short.
    c : float or array (n_neurons,)
        What a neuron's own spike adds to its potential; negative for refractoriness.
    varsigma : float or array (n_neurons,), steps
        Time constant with which that decays.
    bias : float or array (n_neurons,)
        Potential without input.
    threshold : float, array (n_neurons,) or None
        None makes an output neuron: a potential that is never reset.
    kernel : {"alpha", "exponential"}
        ``s exp(1 - s)`` or ``exp(-s)``, where s is the time since a spike over `sigma`.

    Returns
    -------
    NeuronModel

    Raises
    ------
    ValueError
        If a value is not finite, a width is not above 0, a delay is not a whole number of steps, or the kernel is unknown.

    Examples
    --------
    >>> spike_response(sigma=4.0, kernel="exponential").receives
    'received'
    """
    return DiscreteSpikeResponse(
        sigma=sigma, tau=tau, c=c, varsigma=varsigma, bias=bias, threshold=threshold, kernel=kernel
    ).model()


def _widths(name: str, value: ArrayLike) -> Floats:
    widths = finite(name, value)
    if widths.size and widths.min() <= 0:
        raise ValueError(f"{name} goes down to {widths.min()} steps; it must be above 0")
    return widths


def _delays(name: str, tau: ArrayLike) -> Floats:
    delays = finite(name, tau)
    if delays.size and (delays.min() < 0 or (delays != np.rint(delays)).any()):
        raise ValueError(f"{name} = {tau}: delays are whole numbers of steps, 0 or more")
    return delays


def _delayed(register: list[str]) -> str:
    """Statements that hand on the drive: each neuron puts it in its register as many places from the exit as its delay says."""
    if not register:
        return "received = drive"
    places = ["received", *register]
    moved = [f"{places[k]} = {places[k + 1]} + int(tau == {k})*drive" for k in range(len(register))]
    return "\n".join([*moved, f"{places[-1]} = int(tau == {len(register)})*drive"])


def spike_response_arguments(model: NeuronModel, population: str) -> dict[str, Any]:
    """Arguments of `spike_response` that give this model.

    Parameters
    ----------
    model : NeuronModel
    population : str
        Name for messages.

    Returns
    -------
    dict
        Values by argument.

    Raises
    ------
    ValueError
        If the model is not a `spike_response` neuron.

    Examples
    --------
    >>> spike_response_arguments(spike_response(sigma=4.0), "a")["kernel"]
    'alpha'
    """
    if not isinstance(model.discrete, DiscreteSpikeResponse):
        raise ValueError(f"population '{population}' is not a spike_response neuron; it needs that model")
    return fields_of(model.discrete)
