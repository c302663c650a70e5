"""`Timeline`: how long and for what a stimulus is; and its parts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import gcd
from typing import Any, cast

import numpy as np

from bioworkbench.records.arrays import Floats, Indices, count, positive
from bioworkbench.records.expressions import check_drawn, drawn_values, is_expression, is_random
from bioworkbench.records.stimulus import INPUT, SpikeTrains, Stimulus
from bioworkbench.records.times import nearest_steps, seconds, whole_steps
from bioworkbench.records.units import Quantity, get_dimensions, parse_quantity, si_value

__all__ = ["Timeline", "cut", "in_time", "within"]

_SECOND = parse_quantity("1 second")


@dataclass(frozen=True)
class Timeline:
    """When and for what a stimulus is.

    Parameters
    ----------
    duration : float, seconds, or Quantity
        Of a trial.
    dt : float, seconds, or Quantity
        Simulation step.
    n_trials, n_channels : int
    name : str
        Of the stimulus, which projections have as their source.
    unit : Quantity, optional
        One unit of what values must be; without it they may have any.
    frame : float, seconds, optional
        Time for which a value of a current is held; one step by default.
    rng : Generator, optional
        For stimuli that are drawn.
    memory : float, bytes, optional
        That the values of a stimulus may take.

    Raises
    ------
    ValueError
        If a number is not above 0, or duration and frame are not whole numbers of steps and of frames.
    """

    duration: float
    dt: float
    n_trials: int = 1
    n_channels: int = 1
    name: str = INPUT
    unit: Quantity | None = None
    frame: float | None = None
    rng: np.random.Generator | None = None
    memory: float | None = None

    def __post_init__(self) -> None:
        for name in ("duration", "dt"):
            object.__setattr__(self, name, positive(name, seconds(name, getattr(self, name))))
        frame = positive("frame", seconds("frame", self.dt if self.frame is None else self.frame))
        object.__setattr__(self, "frame", frame)
        count("n_trials", self.n_trials)
        count("n_channels", self.n_channels)
        n_steps, n_frame = whole_steps("duration", self.duration, self.dt), whole_steps("frame", frame, self.dt)
        if n_steps % n_frame:
            raise ValueError(f"frame = {frame:g} s does not divide the duration of {self.duration:g} s; choose a divisor")

    @property
    def n_steps(self) -> int:
        """Simulation steps of a trial."""
        return whole_steps("duration", self.duration, self.dt)

    @property
    def times(self) -> Floats:
        """Where frames begin, seconds."""
        per_frame = whole_steps("frame", self.frame or self.dt, self.dt)
        self.check_fits(self.n_steps // per_frame)
        return np.arange(0, self.n_steps, per_frame, dtype=np.float64) * float(self.dt)

    def check_fits(self, n: float) -> None:
        """Raise ValueError if `n` values, or spikes, take more than the memory."""
        if self.memory is not None and 8 * n > self.memory:
            raise ValueError(
                f"{n:.3g} values or spikes take {8e-9 * n:.3g} GB; memory = {self.memory / 1e9:g} allows less. Raise memory, or give "
                "fewer trials or channels, or longer frames"
            )

    def value(self, name: str, given: Any) -> float:
        """A value in SI units, if it has the unit that is asked for.

        Parameters
        ----------
        name : str
            For messages.
        given : Quantity or float
            A plain 0 fits every unit.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            If it has another unit.
        """
        number = np.asarray(given, dtype=float)
        if self.unit is None or (get_dimensions(given).is_dimensionless and not number):
            return float(number)
        return si_value(cast("Quantity", Quantity(given)), self.unit, name)

    def in_frames(self, frame: float | None) -> "Timeline":
        """The timeline with frames of `frame` seconds; the same one for None."""
        return self if frame is None else replace(self, frame=frame)

    def random(self, what: str) -> np.random.Generator:
        """The generator of random numbers; ValueError naming `what` is drawn if there is none."""
        if self.rng is None:
            raise ValueError(f"{what} is drawn at random; give its Timeline rng = numpy.random.default_rng(seed)")
        return self.rng

    def current(self, values: Floats, frame: float | None = None) -> Stimulus:
        """A stimulus of kind "current".

        Parameters
        ----------
        values : float array (n_frames,) or (1 or n_trials, n_frames, 1 or n_channels)
            SI units.
        frame : float, seconds, optional
            In place of the timeline's own.

        Returns
        -------
        Stimulus

        Raises
        ------
        ValueError
            If it takes more than the memory.
        """
        shape = (self.n_trials, values.shape[-2] if values.ndim > 1 else len(values), self.n_channels)
        self.check_fits(float(np.prod(shape, dtype=float)))
        whole = np.broadcast_to(values if values.ndim > 1 else values[:, None], shape)
        return Stimulus(np.ascontiguousarray(whole), frame or self.frame or self.dt, "current", self.name)

    def trains(self, trial: Indices, channel: Indices, time: Floats) -> SpikeTrains:
        """Spikes as a stimulus.

        Parameters
        ----------
        trial, channel : int array (n_spikes,)
        time : float array (n_spikes,), seconds

        Returns
        -------
        SpikeTrains
        """
        return SpikeTrains(self.name, trial, channel, time, self.duration, self.n_trials, self.n_channels)


def within(timeline: Timeline, begin: float, end: float | None) -> tuple[np.ndarray, Floats, float]:
    """Frames that begin between two times.

    Parameters
    ----------
    timeline : Timeline
    begin : float, seconds
    end : float, seconds, or None
        None for the end of the trial.

    Returns
    -------
    inside : bool array (n_frames,)
    since : float array (n_frames,)
        Seconds since `begin`.
    length : float
        Seconds from `begin` to `end`.

    Raises
    ------
    ValueError
        If the times do not follow each other within the trial.
    """
    last = timeline.duration if end is None else end
    if not 0 <= begin < last <= timeline.duration * (1 + 1e-12):
        raise ValueError(
            f"begin = {begin:g} s, end = {last:g} s: must follow each other within the {timeline.duration:g} s of the trial"
        )
    half, times = timeline.dt / 2, timeline.times  # frames begin at whole steps, so that rounding decides nothing
    return (times > begin - half) & (times < last - half), times - begin, last - begin


def in_time(timeline: Timeline, name: str, given: str | float, unit: Quantity | None) -> Floats:
    """Values of a number or an expression at the beginning of each frame.

    Parameters
    ----------
    timeline : Timeline
    name : str
        Of the setting, for messages.
    given : float or str
        An expression of the time `t`, the channel `i`, and the number of channels `N`.
    unit : Quantity, optional
        One unit of what an expression must be; without it, it may have any.

    Returns
    -------
    float array (1 or n_trials, n_frames, 1 or n_channels)
        1 where trials or channels have the same values.

    Raises
    ------
    ValueError
        If the text is not such an expression, or has another unit.
    """
    times = timeline.times
    n_frames = len(times)
    if not isinstance(given, str) or not is_expression(given):
        return np.full((1, n_frames, 1), _number(name, given, unit))
    if unit is not None:
        check_drawn(name, given, ("i", "N"), {"t": _SECOND}, unit.dim)
    drawn = is_random(given)
    timeline.check_fits(float(n_frames) * timeline.n_channels * (timeline.n_trials if drawn else 1))
    rngs: Sequence[Any] = timeline.random(f"{name} = '{given}'").spawn(timeline.n_trials) if drawn else [None]
    # An i inside another name costs a little time and changes nothing.
    channels = range(timeline.n_channels) if drawn or "i" in given else [0]
    known = {"t": times, "N": float(timeline.n_channels)}
    return np.stack([drawn_values(given, n_frames, rngs, known | {"i": float(channel)}) for channel in channels], axis=2)


def _number(name: str, given: str | float, unit: Quantity | None) -> float:
    if not isinstance(given, str):
        return given
    try:
        quantity = parse_quantity(given)
    except ValueError as error:
        raise ValueError(
            f"{name}: {error}; a quantity, or an expression of t, i and N such as '(t > 0.1*second)*20*pA'"
        ) from error
    return float(np.asarray(quantity)) if unit is None else si_value(quantity, unit, name)


def cut(stimulus: Stimulus | SpikeTrains, begin: float, end: float, dt: float) -> Stimulus | SpikeTrains:
    """Part of a stimulus between two times, as the stimulus of a phase.

    Parameters
    ----------
    stimulus : Stimulus or SpikeTrains
    begin, end : float, seconds
    dt : float, seconds
        Simulation step.

    Returns
    -------
    Stimulus or SpikeTrains

    Raises
    ------
    ValueError
        If frames of the stimulus do not begin at these times.
    """
    if isinstance(stimulus, SpikeTrains):
        step, first = nearest_steps("time of a spike", stimulus.time, dt), whole_steps("begin", begin, dt, least=0)
        kept = (step >= first) & (step < first + whole_steps("length of the part", end - begin, dt))
        columns = stimulus.trial[kept], stimulus.channel[kept], (step[kept] - first).astype(np.float64) * dt
        return SpikeTrains(stimulus.name, *columns, end - begin, stimulus.n_trials, stimulus.n_channels)
    per_frame = whole_steps("frame", stimulus.frame, dt)
    first, last = (whole_steps("time", time, dt, least=0) for time in (begin, end))
    frame = gcd(gcd(per_frame, first), last)  # frames that are cut become several shorter ones
    values = np.repeat(stimulus.values, per_frame // frame, axis=1)[:, first // frame : last // frame]
    return Stimulus(values, frame * dt, stimulus.kind, stimulus.name)
