"""What comes out of a simulation: spikes, traces of the variables that probes name, and the recording that holds them.

Nothing here imports Brian2, so that a recording is read at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from bioworkbench.records.above import made_above
from bioworkbench.records.arrays import Floats, Integers, shaped
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import unknown_name

if TYPE_CHECKING:
    from bioworkbench.records.protocol import RunState

__all__ = ["ByName", "Recording", "Spikes", "Trace", "common_interval", "spikes_of"]

Value = TypeVar("Value")


class ByName(dict[str, Value]):
    """What was recorded, by name; a name that is not there tells those that are.

    Parameters
    ----------
    what : str
        What the names are of, for messages: "recorded population".
    items : mapping

    Raises
    ------
    KeyError
        If asked for another name, with the nearest.

    Examples
    --------
    >>> ByName("recorded population", {"exc": 3, "inh": 1})["ex"]
    Traceback (most recent call last):
    ...
    KeyError: "'ex' is not a recorded population; did you mean 'exc'? Known: exc, inh"
    """

    def __init__(self, what: str, items: Mapping[str, Value]) -> None:
        super().__init__(items)
        self.what = what

    def __missing__(self, name: str) -> Value:
        raise KeyError(unknown_name(str(name), self.what, self))

    def __reduce__(self) -> tuple[type["ByName[Value]"], tuple[str, dict[str, Value]]]:
        return type(self), (self.what, dict(self))


@dataclass(frozen=True)
class Spikes:
    """Spikes of one population, sorted by (trial, time, neuron).

    Parameters
    ----------
    trial, neuron : int array (n_spikes,)
    time : float array (n_spikes,), seconds
        Counted from the start of the trial.
    """

    trial: Integers
    neuron: Integers
    time: Floats

    def __post_init__(self) -> None:
        lengths = {len(self.trial), len(self.neuron), len(self.time)}
        if len(lengths) > 1:
            raise ValueError(f"trial, neuron and time of spikes have {sorted(lengths)} entries; they must be equally long")

    def __len__(self) -> int:
        return len(self.time)

    def __repr__(self) -> str:
        return f"<{counted(len(self), 'spike')}>"

    def to_frame(self) -> Any:
        """A pandas data frame with a row per spike: "trial", "neuron", "time (s)"."""
        return made_above("spikes_frame", self)


@dataclass(frozen=True, eq=False)
class Trace:
    """A variable of some neurons or synapses over time. NumPy takes it for its values: ``trace[0, :, 2]``, ``np.mean(trace)``.

    Parameters
    ----------
    values : float array (n_trials, n_steps, n_recorded), SI units
    times : float array (n_steps,), seconds
        Counted from the start of the trial.
    neurons : int array (n_recorded,)
        Indices inside the population, or of synapses in the order of the links.
    unit : str
        SI unit of the values, such as "volt" or "siemens/meter**2"; "1" for a plain number.

    Raises
    ------
    ValueError
        If there is not a time for every step and an index for every neuron.
    """

    values: Floats
    times: Floats
    neurons: NDArray[np.integer]
    unit: str = "1"

    def __post_init__(self) -> None:
        shaped("values of a trace", self.values, (None, len(self.times), len(self.neurons)))

    @property
    def shape(self) -> tuple[int, ...]:
        """(n_trials, n_steps, n_recorded)."""
        return self.values.shape

    @property
    def interval(self) -> float | None:
        """Seconds between values; None of a single one."""
        return float(self.times[1] - self.times[0]) if len(self.times) > 1 else None

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, part: Any) -> Any:
        return self.values[part]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy:
            return np.array(self.values, dtype=dtype)
        return np.asarray(self.values, dtype=dtype)

    def __repr__(self) -> str:
        n_trials, n_steps, n_recorded = self.shape
        return (
            f"<trace in {self.unit}: {counted(n_trials, 'trial')}, {counted(n_steps, 'step')}, {counted(n_recorded, 'neuron')}>"
        )


_NAMED = {
    "spikes": "recorded population",
    "traces": "recorded trace",
    "sizes": "population",
    "weights": "projection with final weights",
    "phases": "recorded phase",
}


@dataclass(frozen=True)
class Recording:
    """Everything a simulation recorded.

    Parameters
    ----------
    spikes : mapping from population to `Spikes`
    traces : mapping from "population.variable" or "projection.variable" to `Trace`
    sizes : mapping from population to its number of neurons
    n_trials : int
    duration, dt : float, seconds
    seed : int
    backend : str
    timing : mapping from phase (generate, compile, load, simulate, collect) to seconds
        "processor" is the processor time of "simulate".
    profile : mapping from Brian2 object to seconds
        Empty unless it was asked for.
    weights : mapping from projection to float array (n_trials, n_synapses), SI units
        Final weights in the order of the links, where synapses change them.
    final : RunState, optional
        What `simulate` goes on from (``start=``), where it was asked for (``keep_state=True``); results folders do not keep it.
    phases : mapping from name to (begin, end), seconds
        Recorded phases of a protocol.
    counts : mapping from population to int array (n_trials, n_neurons)
        Numbers of spikes, in the place of `spikes`, where only these were asked for (``counts=True``).
    """

    spikes: Mapping[str, Spikes]
    traces: Mapping[str, Trace]
    sizes: Mapping[str, int]
    n_trials: int
    duration: float
    dt: float
    seed: int
    backend: str
    timing: Mapping[str, float] = field(default_factory=dict)
    profile: Mapping[str, float] = field(default_factory=dict)
    weights: Mapping[str, Floats] = field(default_factory=dict)
    final: "RunState | None" = field(default=None, repr=False)
    phases: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    counts: Mapping[str, Integers] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        # a name that is mistyped tells those there are, whatever made the recording
        for part, what in _NAMED.items():
            object.__setattr__(self, part, ByName(what, getattr(self, part)))

    @property
    def n_steps(self) -> int:
        """Simulation steps per trial."""
        return round(self.duration / self.dt)

    def raster(self, population: str) -> np.ndarray:
        """Spikes of a population as booleans; meant for small recordings and tests.

        Parameters
        ----------
        population : str

        Returns
        -------
        bool array (n_trials, n_steps, n_neurons)
            Whether a neuron spiked in a step.
        """
        spikes = spikes_of(self, population)
        raster = np.zeros((self.n_trials, self.n_steps, self.sizes[population]), dtype=bool)
        raster[spikes.trial, np.rint(spikes.time / self.dt).astype(int), spikes.neuron] = True
        return raster

    def __repr__(self) -> str:
        totals = {name: len(found) for name, found in self.spikes.items()} | {
            name: found.sum() for name, found in self.counts.items()
        }
        spikes = ", ".join(f"{name} {n:,}" for name, n in totals.items())
        traces = f"; traces of {', '.join(self.traces)}" if self.traces else ""
        return f"<recording of {counted(self.n_trials, 'trial')} of {self.duration:g} s: spikes of {spikes or 'nothing'}{traces}>"

    def to_frame(self, trace: str = "") -> Any:
        """A tidy data frame: of the spikes of all populations, or of a trace.

        Parameters
        ----------
        trace : str
            ``"population.variable"``; by default the spikes: "population", "trial", "neuron", "time (s)".

        Returns
        -------
        pandas.DataFrame

        Raises
        ------
        ValueError
            If the recording has no such trace.
        """
        return made_above("recording_frame", self, trace)

    def to_xarray(self) -> Any:
        """The traces as a data set.

        Returns
        -------
        xarray.Dataset
            A variable per trace, with the dimensions trial, time (seconds) and neuron, and its unit as an attribute.

        Raises
        ------
        ValueError
            If nothing but spikes was recorded.
        ResultError
            If xarray is not installed.
        """
        return made_above("recording_dataset", self)

    def to_neo(self) -> Any:
        """Spikes and traces for Neo.

        Returns
        -------
        neo.Block
            A segment per trial.

        Raises
        ------
        ValueError
            If there are more spike trains than Neo can hold as an object each.
        ResultError
            If neo is not installed.
        """
        return made_above("neo_block", self)

    def plot(self, trial: int = 0) -> Any:
        """Draw spikes, population rates and traces.

        Parameters
        ----------
        trial : int
            Whose spikes and traces are shown; rates are means over all trials.

        Returns
        -------
        matplotlib.figure.Figure
        """
        return made_above("recording_figure", self, trial)

    def explore(self, path: str | Path = "explore.html") -> Path:
        """Write a page of spikes and traces to zoom, hover and choose in; one file that needs no network.

        Parameters
        ----------
        path : str or path
            Of the HTML file.

        Returns
        -------
        Path
            Of the same file.

        Raises
        ------
        ResultError
            If Bokeh is not installed, or the page cannot be written.
        """
        return made_above("write_explorer", self, Path(path))

    def _repr_html_(self) -> str:
        return made_above("recording_html", self)


def spikes_of(recording: Recording, population: str) -> Spikes:
    """Spikes of one population of a `recording`; ValueError, with the nearest name, if `population` was not recorded."""
    if population in recording.counts:
        raise ValueError(
            f"spikes of population '{population}' were only counted; simulate without counts = True to have each of them"
        )
    if population not in recording.spikes:
        raise ValueError(unknown_name(population, "recorded population", recording.spikes))
    return recording.spikes[population]


def common_interval(recording: Recording, trace: Trace) -> float | None:
    """Time between all values of a trace where trials follow each other without a gap.

    Parameters
    ----------
    recording : Recording
    trace : Trace
        Of the recording.

    Returns
    -------
    float or None, seconds
        None where trials are not a whole number of intervals long, so that the last one of each is shorter.
    """
    interval = trace.interval or recording.duration
    whole = np.isclose(len(trace.times) * interval, recording.duration, rtol=1e-9, atol=0.0)
    return interval if len(trace) == 1 or whole else None
