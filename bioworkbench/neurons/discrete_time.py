"""Neurons in discrete time: one update per simulation step, the models that the training methods use.

One step of `discrete_lif`, in this order; ``dt`` plays no part in it::

    v       <- leak * max(v, floor) + drive + current + bias + noise
    current <- 0
    spike      if v >= theta, or v > theta where the test is strict
    v       <- v - theta, or v - theta / leak, or 0, for neurons that spiked

Incoming spikes add their weights to ``current``. Populations count their layers 0, 1, 2, ..., so that step k of every layer
of a feed-forward network falls in simulation step k; `bioworkbench.discrete` is the same law in NumPy.
"""

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from bioworkbench.arrays import Floats, finite
from bioworkbench.errors import unknown_name
from bioworkbench.neurons.model import NeuronModel

__all__ = ["RESETS", "Reset", "arguments_of", "discrete_lif", "soft_reset_if"]

Reset = Literal["subtract", "delayed_subtract", "zero"]

RESETS = {"subtract": "v -= theta", "delayed_subtract": "v -= theta / leak", "zero": "v = 0"}
"""Reset statements by name."""

_REFERENCE = "Eshraghian et al., Proceedings of the IEEE 111, 2023, doi 10.1109/JPROC.2023.3308088"


def discrete_lif(
    *,
    leak: ArrayLike,
    threshold: ArrayLike = 1.0,
    bias: ArrayLike = 0.0,
    reset: Reset = "subtract",
    strict: bool = False,
    floor: ArrayLike | None = None,
    start: ArrayLike | str = 0.0,
    noise_mean: ArrayLike = 0.0,
    noise_deviation: ArrayLike = 0.0,
) -> NeuronModel:
    """Leaky integrate-and-fire neuron in discrete time; potentials are plain numbers.

    Parameters
    ----------
    leak : float or array (n_neurons,)
        Share of the potential that survives a step, 0 to 1; 1 is a perfect integrator, 0 a neuron without memory.
    threshold : float or array (n_neurons,)
    bias : float or array (n_neurons,)
        Added in every step.
    reset : {"subtract", "delayed_subtract", "zero"}
        ``"subtract"`` takes the threshold off at once, before the next decay. ``"delayed_subtract"`` takes it off after the next
        decay, as snnTorch does, which equals taking off threshold / leak now.
    strict : bool
        Whether a neuron must exceed its threshold, or may also just reach it.
    floor : float or array (n_neurons,), optional
        Where the potential stops falling: what is below it after the reset is raised to it.
    start : float, array (n_neurons,) or law
        Potential before the first step; a law is text such as ``"uniform(0, 1)"``.
    noise_mean, noise_deviation : float or array (n_neurons,)
        Gaussian number added in every step, drawn anew for each neuron; none is drawn where both are 0.

    Raises
    ------
    ValueError
        If a value is not finite, a leak lies outside [0, 1], a deviation is negative, the reset is unknown, or
        ``"delayed_subtract"`` is asked for with leak 0.

    Examples
    --------
    >>> discrete_lif(leak=0.9, reset="zero").reset
    'v = 0'
    """
    if reset not in RESETS:
        raise ValueError(unknown_name(reset, "reset", RESETS))
    values = {"leak": _leak(leak, reset), "theta": finite("threshold", threshold), "bias": finite("bias", bias)}
    memory = "v"
    if floor is not None:
        values["lowest"], memory = finite("floor", floor), "clip(v, lowest, inf)"
    begin: Any = start if isinstance(start, str) else _scalar(finite("start", start))
    noise, noise_values = _noise(noise_mean, noise_deviation)
    values |= noise_values
    parameters = "".join(f"{name} : 1 (constant)\n" for name in values)
    return NeuronModel(
        equations=f"v : 1\ncurrent : 1\ndrive : 1\n{parameters}",
        threshold="v > theta" if strict else "v >= theta",
        reset=RESETS[reset],
        constants={name: _scalar(value) for name, value in values.items()},
        start={"v": begin},
        receives="current",
        update=f"v = leak*{memory} + drive + current + bias{noise}\ncurrent = 0",
        reference=_REFERENCE,
    )


def _leak(leak: ArrayLike, reset: str) -> Floats:
    values = finite("leak", leak)
    if values.min() < 0 or values.max() > 1:
        raise ValueError(f"leak = {leak}: must lie between 0 and 1")
    if reset == "delayed_subtract" and values.min() == 0:
        raise ValueError(f"leak = {leak}: reset 'delayed_subtract' divides by it; use 'subtract' for neurons without memory")
    return values


def _noise(mean: ArrayLike, deviation: ArrayLike) -> tuple[str, dict[str, Floats]]:
    """Text that adds the noise to an update, and the constants it needs."""
    means, deviations = finite("noise_mean", mean), finite("noise_deviation", deviation)
    if deviations.min() < 0:
        raise ValueError(f"noise_deviation = {deviation}: cannot be negative")
    if not (means.any() or deviations.any()):
        return "", {}
    values = {"noise_mean": means, "noise_deviation": deviations}
    return " + noise_mean" + " + noise_deviation*randn()" * bool(deviations.any()), values


def _scalar(value: Floats) -> float | np.ndarray:
    return value if value.ndim else float(value)


def soft_reset_if(*, threshold: ArrayLike = 1.0, bias: ArrayLike = 0.0, start: ArrayLike | str | None = None) -> NeuronModel:
    """Perfect integrator that subtracts its threshold and stops falling at 0; the neuron that rate-based conversion uses.

    Parameters
    ----------
    threshold, bias : float or array (n_neurons,)
        See `discrete_lif`.
    start : float, array (n_neurons,) or law, optional
        None starts at half the threshold, the mean of the potential that is left over after a spike
        (Bu et al. 2022, arXiv:2202.01440).

    Raises
    ------
    ValueError
        As `discrete_lif`.

    Examples
    --------
    >>> soft_reset_if(threshold=2.0).start["v"]
    1.0
    """
    begin = finite("threshold", threshold) / 2 if start is None else start
    return discrete_lif(leak=1.0, threshold=threshold, bias=bias, floor=0.0, start=begin)


def arguments_of(model: NeuronModel, population: str) -> dict[str, Any]:
    """Arguments of `discrete_lif` that give this model.

    Parameters
    ----------
    model : NeuronModel
    population : str
        Name for messages.

    Raises
    ------
    ValueError
        If the model is no `discrete_lif`.

    Examples
    --------
    >>> arguments_of(discrete_lif(leak=0.9, reset="zero"), "a")["reset"]
    'zero'
    """
    names = {text: name for name, text in RESETS.items()}
    if not model.update.startswith("v = leak*") or model.reset not in names:
        raise ValueError(f"population '{population}' is not a discrete_lif; it needs that model (or soft_reset_if)")
    constants = model.constants
    return {
        "leak": constants["leak"],
        "threshold": constants["theta"],
        "bias": constants["bias"],
        "reset": names[model.reset],
        "strict": ">=" not in model.threshold,
        "floor": constants.get("lowest"),
        "start": model.start["v"],
        "noise_mean": constants.get("noise_mean", 0.0),
        "noise_deviation": constants.get("noise_deviation", 0.0),
    }
