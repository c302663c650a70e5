"""Neurons in discrete time: one update per simulation step, the models that the training methods use.

One step of `discrete_lif`, in this order; ``dt`` plays no part in it::

    v       <- leak * max(v, floor) + drive + current + bias + noise
    current <- 0
    spike      if v >= theta, or v > theta where the test is strict
    v       <- v - theta, or v - theta / leak, or 0, for neurons that spiked

Incoming spikes add their weights to ``current``. Populations count their layers 0, 1, 2, ..., so that step k of every layer
of a feed-forward network falls in simulation step k.

What the neuron is, the record `DiscreteLIF` says. It makes the text that Brian2 runs, and computes the same step in NumPy; `lif_step` is
that step for arrays of any shape, which fast code calls. The step of `bioworkbench.gradients`, which has derivatives, is tested against
these.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from bioworkbench.discrete.generated import check_generated, fields_of
from bioworkbench.records.annotations import Drawn
from bioworkbench.records.arrays import Booleans, Floats, finite
from bioworkbench.records.errors import unknown_name
from bioworkbench.records.neuron import NeuronModel

__all__ = ["RESETS", "DiscreteLIF", "Reset", "arguments_of", "discrete_lif", "lif_of", "lif_step", "soft_reset_if"]


_Start = Annotated[ArrayLike | str, Drawn()]
Reset = Literal["subtract", "delayed_subtract", "zero"]

RESETS = {"subtract": "v -= theta", "delayed_subtract": "v -= theta / leak", "zero": "v = 0"}
"""Reset statements by name."""

_REFERENCE = "Eshraghian et al., Proceedings of the IEEE 111, 2023, doi 10.1109/JPROC.2023.3308088"


@dataclass(frozen=True, kw_only=True, eq=False)
class DiscreteLIF:
    """What makes a neuron a `discrete_lif`: the arguments of that function, as it describes them, checked and as floats or arrays.

    Raises
    ------
    ValueError
        As `discrete_lif`.
    """

    leak: ArrayLike
    threshold: ArrayLike = 1.0
    bias: ArrayLike = 0.0
    reset: Reset = "subtract"
    strict: bool = False
    floor: ArrayLike | None = None
    start: ArrayLike | str = 0.0
    noise_mean: ArrayLike = 0.0
    noise_deviation: ArrayLike = 0.0

    def __post_init__(self) -> None:
        if self.reset not in RESETS:
            raise ValueError(unknown_name(self.reset, "reset", RESETS))
        for name in ("leak", "threshold", "bias", "floor", "start", "noise_mean", "noise_deviation"):
            value: Any = getattr(self, name)
            if value is not None and not isinstance(value, str):
                array = finite(name, value)
                object.__setattr__(self, name, array if array.ndim else float(array))
        object.__setattr__(self, "strict", bool(self.strict))
        if np.min(self.leak) < 0 or np.max(self.leak) > 1:
            raise ValueError(f"leak = {self.leak}: must lie between 0 and 1")
        if self.reset == "delayed_subtract" and np.min(self.leak) == 0:
            raise ValueError(
                f"leak = {self.leak}: reset 'delayed_subtract' divides by it; use 'subtract' for neurons without memory"
            )
        if np.min(self.noise_deviation) < 0:
            raise ValueError(f"noise_deviation = {self.noise_deviation}: cannot be negative")

    def model(self) -> NeuronModel:
        """The neuron as Brian2 runs it."""
        return NeuronModel(**self._parts(), reference=_REFERENCE, discrete=self)

    def check(self, model: NeuronModel) -> None:
        """Raise ValueError unless this record makes `model`."""
        check_generated(model, self._parts())

    def _parts(self) -> dict[str, Any]:
        values: dict[str, Any] = {"leak": self.leak, "theta": self.threshold, "bias": self.bias}
        memory = "v"
        if self.floor is not None:
            values["lowest"], memory = self.floor, "clip(v, lowest, inf)"
        noise = ""
        if np.any(self.noise_mean) or np.any(self.noise_deviation):
            values |= {"noise_mean": self.noise_mean, "noise_deviation": self.noise_deviation}
            noise = " + noise_mean" + " + noise_deviation*randn()" * bool(np.any(self.noise_deviation))
        if not np.any(self.noise_deviation):
            values.pop("noise_deviation", None)
        parameters = "".join(f"{name} : 1 (constant)\n" for name in values)
        return {
            "equations": f"v : 1\ncurrent : 1\ndrive : 1\n{parameters}",
            "threshold": "v > theta" if self.strict else "v >= theta",
            "reset": RESETS[self.reset],
            "constants": values,
            "start": {"v": self.start},
            "receives": "current",
            "update": f"v = leak*{memory} + drive + current + bias{noise}\ncurrent = 0",
        }

    def step(self, left: Floats, total: Floats) -> tuple[Floats, Booleans, Floats]:
        """One step of neurons (..., n_neurons) from the potentials `left` by the last one, where `total` is added; see `lif_step`."""
        return lif_step(left, total, self.leak, self.threshold, self.reset, strict=self.strict, floor=self.floor)


def lif_step(
    left: Floats,
    total: Floats,
    leak: Any,
    threshold: Any,
    reset: str,
    *,
    strict: bool = False,
    floor: Any = None,
) -> tuple[Floats, Booleans, Floats]:
    """One step of neurons, arrays of any shape that fit each other.

    Parameters
    ----------
    left : array
        Potential that the last step left.
    total : array
        Everything added in this step: input, bias, noise.
    leak, threshold, reset, strict, floor
        As of `discrete_lif`.

    Returns
    -------
    before, fired, after : array, bool array, array
        Potential before the reset, which neurons spike, and potential after the reset.

    Examples
    --------
    >>> [column.tolist() for column in lif_step(np.array([1.0, 0.5]), np.array([0.75, 0.25]), 0.5, 1.0, "subtract")]
    [[1.25, 0.5], [True, False], [0.25, 0.5]]
    """
    before = leak * (left if floor is None else np.maximum(left, floor)) + total
    fired = before > threshold if strict else before >= threshold
    if reset == "zero":
        return before, fired, np.where(fired, 0.0, before)
    taken = threshold / leak if reset == "delayed_subtract" else threshold
    return before, fired, np.where(fired, before - taken, before)


def discrete_lif(
    *,
    leak: ArrayLike,
    threshold: ArrayLike = 1.0,
    bias: ArrayLike = 0.0,
    reset: Reset = "subtract",
    strict: bool = False,
    floor: ArrayLike | None = None,
    start: _Start = 0.0,
    noise_mean: ArrayLike = 0.0,
    noise_deviation: ArrayLike = 0.0,
) -> NeuronModel:
    """Leaky integrate-and-fire neuron in discrete time; potentials are plain numbers.

    Parameters
    ----------
    leak : float or array (n_neurons,)
        Fraction of the potential that survives a step, 0 to 1; 1 is a perfect integrator, 0 a neuron without memory.
    threshold : float or array (n_neurons,)
        Potential at which a neuron spikes.
    bias : float or array (n_neurons,)
        Added in every step.
    reset : {"subtract", "delayed_subtract", "zero"}
        ``"subtract"`` takes the threshold off at once, before the next decay. ``"delayed_subtract"`` takes it off after the next
        decay, as snnTorch does, which equals taking off threshold / leak now.
    strict : bool
        Whether a neuron must exceed its threshold, or may also just reach it.
    floor : float or array (n_neurons,), optional
        Where the potential stops falling: what is below it after the reset is raised to it.
    start : float, array (n_neurons,) or distribution
        Potential before the first step; a distribution is text such as ``"uniform(0, 1)"``.
    noise_mean, noise_deviation : float or array (n_neurons,)
        Gaussian number added in every step, drawn anew for each neuron; none is drawn where both are 0.

    Returns
    -------
    NeuronModel
        Weights and ``drive`` are plain numbers.

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
    return DiscreteLIF(
        leak=leak,
        threshold=threshold,
        bias=bias,
        reset=reset,
        strict=strict,
        floor=floor,
        start=start,
        noise_mean=noise_mean,
        noise_deviation=noise_deviation,
    ).model()


def soft_reset_if(
    *, threshold: ArrayLike = 1.0, bias: ArrayLike = 0.0, start: Annotated[ArrayLike | str, Drawn()] | None = None
) -> NeuronModel:
    """Perfect integrator that subtracts its threshold and stops falling at 0; the neuron that rate-based conversion uses.

    Parameters
    ----------
    threshold, bias : float or array (n_neurons,)
        See `discrete_lif`.
    start : float, array (n_neurons,) or distribution, optional
        None starts at half the threshold, the mean of the potential that is left over after a spike
        (Bu et al. 2022, arXiv:2202.01440).

    Returns
    -------
    NeuronModel

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


def lif_of(model: NeuronModel, population: str) -> DiscreteLIF:
    """Record of a `model`; ValueError, with the name of its `population`, if it is not a `discrete_lif`."""
    if not isinstance(model.discrete, DiscreteLIF):
        raise ValueError(f"population '{population}' is not a discrete_lif; it needs that model (or soft_reset_if)")
    return model.discrete


def arguments_of(model: NeuronModel, population: str) -> dict[str, Any]:
    """Arguments of `discrete_lif` that give this model.

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
        If the model is not a `discrete_lif`.

    Examples
    --------
    >>> arguments_of(discrete_lif(leak=0.9, reset="zero"), "a")["reset"]
    'zero'
    """
    return fields_of(lif_of(model, population))
