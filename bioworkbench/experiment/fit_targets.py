"""What a fit compares a simulation with: recorded spike trains, or traces."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from bioworkbench.experiment.spec.records import ExperimentSpec
from bioworkbench.readout.spike_distances import SPIKE_DISTANCES
from bioworkbench.records.arrays import Floats, extent
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import unknown_name
from bioworkbench.records.lazily import later
from bioworkbench.records.probe import Probe, owner_and_variable
from bioworkbench.records.recording import Recording, Trace
from bioworkbench.records.stimulus import SpikeTrains, Stimulus
from bioworkbench.records.units import unit_text
from bioworkbench.stimuli.timeline import cut

__all__ = ["TRACE_DISTANCES", "Distance", "RecordedPart", "Target", "target_of", "times_by_neuron"]

_construct = later("bioworkbench.experiment.spec.plan:construct")

Distance = Callable[[Floats, Floats, float], float]
Recorded = TypeVar("Recorded", SpikeTrains, Trace)


def _root_mean_square(found: Floats, wanted: Floats, _duration: float = 0.0) -> float:
    return float(np.sqrt(np.mean((found - wanted) ** 2)))


def _of_deviation(found: Floats, wanted: Floats, _duration: float = 0.0) -> float:
    deviation = float(np.std(wanted))
    if deviation == 0:
        raise ValueError("the wanted trace does not change, so it has no standard deviation; take root_mean_square")
    return _root_mean_square(found, wanted) / deviation


TRACE_DISTANCES: Mapping[str, Distance] = {"root_mean_square": _root_mean_square, "of_deviation": _of_deviation}
"""Differences of two traces with the same steps: in their unit, and in standard deviations of what is wanted."""


@dataclass(frozen=True)
class RecordedPart:
    """Some trials of a recording, from one time to another.

    Parameters
    ----------
    first, last : int
        Trials, the last one left out.
    begin, end : float, seconds
    """

    first: int
    last: int
    begin: float
    end: float

    def of_stimulus(self, stimulus: Stimulus | SpikeTrains, dt: float) -> Stimulus | SpikeTrains:
        """This part of a `stimulus`, in simulation steps of `dt` seconds; its trials are counted from 0 again."""
        shorter = stimulus if self.begin == 0 and stimulus.duration == self.end else cut(stimulus, self.begin, self.end, dt)
        if isinstance(shorter, Stimulus):
            return replace(shorter, values=shorter.values[self.first : self.last])
        return self._trials_of(shorter)

    def of_recording(self, given: "Recorded") -> "Recorded":
        """This part of recorded spikes or of a trace, which is `given`; trials and times are counted from 0 again."""
        if isinstance(given, SpikeTrains):
            inside = (given.time >= self.begin) & (given.time < self.end)
            columns = given.trial[inside], given.channel[inside], given.time[inside] - self.begin
            return self._trials_of(SpikeTrains(given.name, *columns, None, given.n_trials, given.n_channels))
        inside = (given.times >= self.begin - 1e-9) & (given.times < self.end - 1e-9)  # a step is a multiple of dt, rounded
        times = given.times[inside]
        return replace(given, values=given.values[self.first : self.last, inside], times=times - times[:1].sum())

    def _trials_of(self, given: SpikeTrains) -> SpikeTrains:
        kept = (given.trial >= self.first) & (given.trial < self.last)
        columns = given.trial[kept] - self.first, given.channel[kept], given.time[kept]
        return SpikeTrains(given.name, *columns, given.duration, self.last - self.first, given.n_channels)


@dataclass(frozen=True)
class Target:
    """A recording, and how far a simulation is from it.

    Parameters
    ----------
    record : tuple of Probe
        What a simulation has to record beside spikes.
    distance_of : callable (Recording) to float
        Mean over neurons and trials.
    """

    record: tuple[Probe, ...]
    distance_of: Callable[[Recording], float]


def target_of(
    wanted: SpikeTrains | Trace, compared: str, spec: ExperimentSpec, distance: str | Distance, n_trials: int = 0
) -> Target:
    """What a fit of a spec to a recording goes by.

    Parameters
    ----------
    wanted : SpikeTrains or Trace
    compared : str
        Population, or "population.variable" of a trace.
    spec : ExperimentSpec
    distance : str, or callable (found, wanted, duration) to float
        "" takes the first that there is.
    n_trials : int
        Of the recording; by default those of the spec.

    Returns
    -------
    Target

    Raises
    ------
    ValueError
        If the distance, population or variable is unknown, or the recording has other neurons, trials, times or units.
    """
    sizes = {one.name: one.size for one in spec.populations}
    name, variable = owner_and_variable(compared)
    name = name or next(iter(sizes))
    if name not in sizes or (not compared and len(sizes) > 1):
        raise ValueError(f"compared = '{compared}': name the population that is compared, of {', '.join(sizes)}")
    if isinstance(wanted, SpikeTrains):
        trains = times_by_neuron(wanted, sizes[name], n_trials or spec.n_trials)
        return Target((), _SpikesOf(name, trains, _measure(distance, SPIKE_DISTANCES, "distance of spike trains")))
    measure = _measure(distance, TRACE_DISTANCES, "distance of traces")
    probe = _probe(wanted, name, variable or "v", spec, n_trials or spec.n_trials)
    return Target((probe,), _TraceOf(probe.name, wanted.values, measure))


def _measure(distance: str | Distance, known: Mapping[str, Distance], what: str) -> Distance:
    if callable(distance):
        return distance
    if distance and distance not in known:
        raise ValueError(unknown_name(distance, what, known))
    return known[distance or next(iter(known))]


@dataclass(frozen=True)
class _SpikesOf:
    """Mean distance of the trains of a population from those wanted."""

    name: str
    wanted: list[Floats]
    measure: Distance

    def __call__(self, recording: Recording) -> float:
        spikes, n_trials, duration = recording.spikes[self.name], recording.n_trials, recording.duration
        found = _trains(spikes.trial, spikes.neuron, spikes.time, recording.sizes[self.name], n_trials)
        pairs = zip(found, self.wanted, strict=True)
        return float(np.mean([self.measure(ours, theirs[theirs < duration], duration) for ours, theirs in pairs]))


@dataclass(frozen=True)
class _TraceOf:
    """Mean distance of traces from those wanted, over the steps that both have."""

    name: str
    wanted: Floats
    measure: Distance

    def __call__(self, recording: Recording) -> float:
        found: Any = recording.traces[self.name].values
        n = min(found.shape[1], self.wanted.shape[1])
        columns = [(trial, neuron) for trial in range(found.shape[0]) for neuron in range(found.shape[2])]
        values = [self.measure(found[t, :n, k], self.wanted[t, :n, k], recording.duration) for t, k in columns]
        return float(np.mean(values))


def _probe(wanted: Trace, name: str, variable: str, spec: ExperimentSpec, n_trials: int) -> Probe:
    """The probe that records what a trace holds."""
    population = _construct(spec).network.population(name)
    if variable not in population.model.parsed:
        raise ValueError(
            f"compared = '{name}.{variable}': {unknown_name(variable, f'variable of {name}', population.model.parsed)}"
        )
    unit = unit_text(population.model.parsed[variable].dim)
    if wanted.unit != unit:
        raise ValueError(f"the recorded trace is in {wanted.unit}, and {name}.{variable} in {unit}; they must agree")
    if wanted.shape[0] != n_trials or int(np.max(wanted.neurons, initial=0)) >= population.size:
        raise ValueError(
            f"the recorded trace has {counted(wanted.shape[0], 'trial')} and neurons up to "
            f"{int(np.max(wanted.neurons, initial=0))}, the network {counted(n_trials, 'trial')} and "
            f"{counted(population.size, 'neuron')}; they must agree"
        )
    steps = np.diff(wanted.times)
    if len(steps) == 0 or wanted.times[0] != 0 or not np.allclose(steps, steps[0]):
        raise ValueError("the recorded trace must begin at 0 s and go in equal steps, two at least")
    return Probe(name, variable, tuple(int(neuron) for neuron in wanted.neurons), float(steps[0]))


def times_by_neuron(wanted: SpikeTrains, size: int, n_trials: int) -> list[Floats]:
    """Times of every neuron in every trial, trials first.

    Parameters
    ----------
    wanted : SpikeTrains
    size, n_trials : int
        Neurons and trials that there must be.

    Returns
    -------
    list of arrays (n_spikes,), seconds

    Raises
    ------
    ValueError
        If the trains have others.
    """
    found = extent(wanted.channel), extent(wanted.trial, wanted.n_trials)
    if found[0] > size or found[1] != n_trials:
        raise ValueError(
            f"the recording has {counted(found[0], 'neuron')} and {counted(found[1], 'trial')}, the network {size} "
            f"and {n_trials}; they must agree"
        )
    return _trains(wanted.trial, wanted.channel, wanted.time, size, n_trials)


def _trains(trial: np.ndarray, neuron: np.ndarray, time: Floats, size: int, n_trials: int) -> list[Floats]:
    owner = trial.astype(np.int64) * size + neuron
    order = np.lexsort((time, owner))
    return np.split(time[order], np.searchsorted(owner[order], np.arange(1, size * n_trials)))
