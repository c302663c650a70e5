"""Spike-response neurons in discrete time: kernels in place of differential equations.

Time is counted in simulation steps, and ``dt`` plays no part. With Psi_j the spikes (or the input current) of source j::

    u_i[n] = sum_{m<n} k((n - m - tau_i) / sigma_i) sum_j W[j, i] Psi_j[m]
             + c_i sum_{m<n} exp(-(n - m) / varsigma_i) Psi_i[m] + b_i
    spike where u_i[n] >= threshold

k(s) = s e^(1 - s) (alpha) or e^(-s) (exponential) for s > 0, else 0. Both sums are strictly causal, so a spike acts on others and
on its own neuron from the next step on. The kernels are run as recursions, which are exact. Delays of synapses between
populations belong to the projection (tau steps are ``tau * dt``); ``tau`` here delays the input current.
`bioworkbench.spike_response` is the same law in NumPy.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from bioworkbench.arrays import Floats, finite
from bioworkbench.errors import unknown_name
from bioworkbench.neurons.model import NeuronModel

__all__ = ["KERNELS", "spike_response", "spike_response_arguments"]

KERNELS = {
    "alpha": ("a = decay*(a + received)\ng = decay*g + a\nu = gain*g + c*r + bias", ("a", "g")),
    "exponential": ("g = decay*(g + received)\nu = g + c*r + bias", ("g",)),
}
"""Update statements and state variables of the postsynaptic kernels, by name."""

_REFERENCE = "Gollwitzer & Dietrich 2025, arXiv:2510.01012; Gerstner 1995, doi 10.1103/PhysRevE.51.738"


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
        What an own spike adds to the potential; negative for refractoriness.
    varsigma : float or array (n_neurons,), steps
        Time constant with which that decays.
    bias : float or array (n_neurons,)
    threshold : float, array (n_neurons,) or None
        None makes an output neuron: a potential that is never reset.
    kernel : {"alpha", "exponential"}

    Raises
    ------
    ValueError
        If a value is not finite, a width is not above 0, a delay is no whole number of steps, or the kernel is unknown.

    Examples
    --------
    >>> spike_response(sigma=4.0, kernel="exponential").receives
    'received'
    """
    if kernel not in KERNELS:
        raise ValueError(unknown_name(kernel, "kernel", KERNELS))
    widths, delays = _widths("sigma", sigma), _delays(tau)
    update, states = KERNELS[kernel]
    values = {
        "decay": np.exp(-1 / widths),
        "recovery": np.exp(-1 / _widths("varsigma", varsigma)),
        "c": finite("c", c),
        "bias": finite("bias", bias),
    }
    if kernel == "alpha":
        values["gain"] = np.e / widths
    if delays.any():
        values["tau"] = delays
    if threshold is not None:
        values["theta"] = finite("threshold", threshold)
    register = [f"x{k}" for k in range(1, int(delays.max()) + 1)]
    parameters = "".join(f"{name} : 1 (constant)\n" for name in values)
    return NeuronModel(
        equations="".join(f"{name} : 1\n" for name in ("u", *states, "r", "received", "drive", *register)) + parameters,
        threshold="" if threshold is None else "u >= theta",
        reset="" if threshold is None else "r += 1",
        constants={name: value if value.ndim else float(value) for name, value in values.items()},
        receives="received",
        update=f"r = recovery*r\n{update}\n{_delayed(register)}",
        reference=_REFERENCE,
    )


def _widths(name: str, value: ArrayLike) -> Floats:
    widths = finite(name, value)
    if widths.size and widths.min() <= 0:
        raise ValueError(f"{name} goes down to {widths.min()} steps; it must be above 0")
    return widths


def _delays(tau: ArrayLike) -> Floats:
    delays = finite("tau", tau)
    if delays.size and (delays.min() < 0 or (delays != np.rint(delays)).any()):
        raise ValueError(f"tau = {tau}: delays are whole numbers of steps, 0 or more")
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

    Raises
    ------
    ValueError
        If the model is no `spike_response`.

    Examples
    --------
    >>> spike_response_arguments(spike_response(sigma=4.0), "a")["kernel"]
    'alpha'
    """
    constants = model.constants
    kernel = next((name for name, (text, _) in KERNELS.items() if model.update.startswith(f"r = recovery*r\n{text}\n")), None)
    if kernel is None:
        raise ValueError(f"population '{population}' is not a spike_response neuron; it needs that model")
    return {
        "sigma": -1 / np.log(constants["decay"]),
        "tau": constants.get("tau", 0),
        "c": constants["c"],
        "varsigma": -1 / np.log(constants["recovery"]),
        "bias": constants["bias"],
        "threshold": constants.get("theta"),
        "kernel": kernel,
    }
