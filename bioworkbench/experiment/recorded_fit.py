"""A run whose task is a recording: settings of the spec are fitted to a part of it, and scored on the rest."""

# pyright: reportArgumentType=false, reportReturnType=false
# Brian2 does not type its quantities

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bioworkbench.exchange.signals import unit_of_file
from bioworkbench.experiment.fit_sets import check_parameters
from bioworkbench.experiment.fit_targets import TRACE_DISTANCES, Distance, RecordedPart, target_of, times_by_neuron
from bioworkbench.experiment.fitting import Bounds, FittedParameters, searched, simulator
from bioworkbench.experiment.results.record import Fitted, RunData
from bioworkbench.experiment.spec.changes import with_value
from bioworkbench.experiment.spec.kinds import KINDS
from bioworkbench.experiment.spec.plan import Plan, construct
from bioworkbench.experiment.spec.ranges import Range
from bioworkbench.experiment.spec.reader import read
from bioworkbench.experiment.spec.records import ExperimentSpec, FitSettings, StimulusSpec
from bioworkbench.experiment.spec.stimuli import made_stimulus, read_stimulus
from bioworkbench.readout.spike_distances import SPIKE_DISTANCES
from bioworkbench.records.arrays import Floats, extent
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import SpecError, unknown_name
from bioworkbench.records.network import Network, Population
from bioworkbench.records.probe import Probe
from bioworkbench.records.randomness import seed_of
from bioworkbench.records.recording import Recording, Spikes, Trace
from bioworkbench.records.stimulus import SpikeTrains, Stimulus
from bioworkbench.records.times import whole_steps
from bioworkbench.records.units import Quantity, parse_quantity, unit_text
from bioworkbench.tasks.recorded import RecordingTask

__all__ = ["check_fit", "fitted"]

_NAME = "recording"


@dataclass(frozen=True)
class _Comparison:
    """What is compared with what: a population with recorded spikes, a trace, or both."""

    population: Population
    variable: str
    spikes: SpikeTrains | None
    trace: Trace | None

    @property
    def fitted(self) -> SpikeTrains | Trace:
        """That the fit goes by."""
        found = self.spikes if self.trace is None else self.trace
        if found is None:
            raise ValueError(f"'{self.population.name}' has no threshold, so it has no spikes to compare; name a variable")
        return found

    def scores(self, recording: Recording, part: RecordedPart) -> dict[str, float]:
        """Mean over neurons and trials of every score, in a part of the recording."""
        name, found = self.population.name, {}
        if self.spikes is not None and name in recording.spikes:
            ours = part.of_recording(_trains(recording.spikes[name], self.population.size, recording.n_trials))
            found |= self._of_spikes(ours, part)
        if self.trace is not None:
            found |= self._of_traces(part.of_recording(recording.traces[f"{name}.{self.variable}"]).values, part)
        return found

    def of_nothing(self, seen: RecordedPart, part: RecordedPart) -> dict[str, float]:
        """Scores of neurons that never spike, and of a variable that stays at its mean in the part that the fit has seen."""
        found = {}
        if self.spikes is not None:
            none = np.zeros(0, dtype=np.int64)
            found |= self._of_spikes(SpikeTrains(_NAME, none, none, np.zeros(0)), part)
        if self.trace is not None:
            wanted, mean = part.of_recording(self.trace).values, _part_mean(self.trace, seen)
            found |= self._of_traces(np.full(wanted.shape, mean), part)
        return found

    def _of_spikes(self, ours: SpikeTrains, part: RecordedPart) -> dict[str, float]:
        size, n_trials, length = self.population.size, part.last - part.first, part.end - part.begin
        pairs = list(
            zip(
                times_by_neuron(replace(ours, n_trials=n_trials), size, n_trials),
                times_by_neuron(part.of_recording(self.spikes), size, n_trials),
                strict=True,
            )
        )
        means = {name: _mean(measure, pairs, length) for name, measure in SPIKE_DISTANCES.items()}
        return {"coincidence_factor": 1 - means.pop("coincidence"), **means}

    def _of_traces(self, found: Floats, part: RecordedPart) -> dict[str, float]:
        wanted = part.of_recording(self.trace).values
        n, columns = min(found.shape[1], wanted.shape[1]), np.ndindex(found.shape[0], found.shape[2])
        pairs = [(found[trial, :n, k], wanted[trial, :n, k]) for trial, k in columns]
        constant = any(np.ptp(one) == 0 for _, one in pairs)  # which has no deviation to compare with
        measures = {name: measure for name, measure in TRACE_DISTANCES.items() if not (constant and name == "of_deviation")}
        return {name: _mean(measure, pairs, part.end - part.begin) for name, measure in measures.items()}


def _part_mean(trace: Trace, part: RecordedPart) -> float:
    """Mean of a trace in a part."""
    return float(part.of_recording(trace).values.mean())


def _mean(measure: Distance, pairs: list[tuple[Floats, Floats]], length: float) -> float:
    return float(np.mean([measure(ours, theirs, length) for ours, theirs in pairs]))


def fitted(
    spec: ExperimentSpec, plan: Plan, simulate: Callable[..., Recording], *, jobs: int = 1, threads: int = 0
) -> tuple[RunData, dict[str, Any]]:
    """Fit settings of a spec to the recording of its task, and run the network with them.

    Parameters
    ----------
    spec : ExperimentSpec
        Whose task is a recording.
    plan : Plan
        Of it.
    simulate : callable (network, stimuli, seed, record) to Recording
    jobs, threads : int
        As of `bioworkbench.Execution`.

    Returns
    -------
    RunData
    dict
        Metrics: "test", "train", "baselines", "trials" and "fit".

    Raises
    ------
    SpecError
        If the recording cannot be read or does not fit the network.
    """
    task, seed = _task(spec), seed_of(spec.seed, "simulate")
    with spec.place("task").named():
        population = _compared(task, plan.network)
        read_one = None if task.like else _of_file(spec, task, plan.network, population)
        probes = _probes(spec, task, population.name, read_one)
    before = simulate(plan.network, (plan.stimulus, *plan.stimuli), seed, record=probes)
    given = read_one or _of_population(before, task, population)
    seen, unseen = _parts(spec, task)
    with spec.place("fit").named():
        found = _search(spec, task, given, seen, jobs=jobs, threads=threads)
    final = construct(_with(spec, found.values))
    after = simulate(final.network, (final.stimulus, *final.stimuli), seed, record=probes)
    metrics = {
        "test": given.scores(after, unseen),
        "train": given.scores(after, seen),
        "baselines": {"start": given.scores(before, unseen), "nothing": given.of_nothing(seen, unseen)},
        "trials": {"train": seen.last - seen.first, "test": unseen.last - unseen.first},
        "fit": {"distance": found.distance, "values": {name: _number(value) for name, value in found.values.items()}},
    }
    kept = Fitted(
        values=found.values,
        tried=found.tried,
        population=population.name,
        variable=given.variable,
        spikes=_spikes(given.spikes),
        trace=given.trace,
        first_held_out=unseen.first,
        unseen_from=unseen.begin,
    )
    return RunData(final.network, after, fit=kept), metrics


def check_fit(spec: ExperimentSpec, network: Network) -> None:
    """Read the recording of a spec, and try the ends of what is fitted; nothing is simulated.

    Parameters
    ----------
    spec : ExperimentSpec
        Whose task is a recording.
    network : Network

    Raises
    ------
    SpecError
        Naming the field that cannot be used.
    """
    task = _task(spec)
    with spec.place("task").named():
        population = _compared(task, network)
        given = None if task.like else _of_file(spec, task, network, population)
        _probes(spec, task, population.name, given)
    if spec.fit is None:
        return
    seen, _ = _parts(spec, task)
    with spec.place("fit.distance").named():
        _check_distance(spec.fit.distance, "trace" if _variable(task) else "spike train")
    if given is not None:
        with spec.place("task").named():
            _target(spec, given, seen)
    _check_names(spec, spec.fit)
    for end in ("low", "high"):
        values = {name: one.value(getattr(one, end)) for name, one in spec.fit.ranges.items()}
        for name, value in values.items():
            with spec.place(f"fit.ranges.{name}").named():
                with_value(spec.document, name, value)
                _check_between(spec, name, spec.fit.ranges[name])
        construct(_with(spec, values))


def _check_names(spec: ExperimentSpec, settings: FitSettings) -> None:
    for name in settings.ranges:
        with spec.place(f"fit.ranges.{name}").named():
            check_parameters([name])


def _check_between(spec: ExperimentSpec, name: str, one: Range) -> None:
    """Refuse a field of whole numbers: a fit takes any value between the ends."""
    number = one.low + 0.3 * (one.high - one.low)
    if one.unit or number.is_integer() or _reads(spec, name, number) or not _reads(spec, name, round(number)):
        return
    raise ValueError(f"[{one.low:g}, {one.high:g}]: takes whole numbers only, and a fit tries any value between; leave it out")


def _reads(spec: ExperimentSpec, name: str, value: float) -> bool:
    try:
        return _with(spec, {name: value}) is not None
    except SpecError:
        return False


def _check_distance(name: str, what: str) -> None:
    known = TRACE_DISTANCES if what == "trace" else SPIKE_DISTANCES
    if name and name not in known:
        raise ValueError(unknown_name(name, f"distance of {what}s", known))


def _task(spec: ExperimentSpec) -> RecordingTask:
    with spec.place("task").named():
        if spec.task is None:
            raise ValueError("has no recording to fit to; add [task] with kind = 'recording'")
        return KINDS["tasks"][spec.task.kind](np.random.default_rng(0), **spec.task.arguments)


def _compared(task: RecordingTask, network: Network) -> Population:
    names = [name for name in network.sizes if name != task.like]
    if task.like and task.like not in network.sizes:
        raise ValueError(f"like = {unknown_name(task.like, 'population', network.sizes)}")
    if task.population not in names and (task.population or len(names) != 1):
        raise ValueError(f"population = '{task.population}': name the one that is compared, of {', '.join(names) or 'none'}")
    found = network.population(task.population or names[0])
    if task.like and network.sizes[task.like] != found.size:
        raise ValueError(
            f"like = '{task.like}': has {counted(network.sizes[task.like], 'neuron')}, and '{found.name}' "
            f"{found.size}; their numbers must agree"
        )
    for one in (found, *([network.population(task.like)] if task.like else [])):
        if task.variable and task.variable not in one.model.parsed:
            raise ValueError(f"variable = {unknown_name(task.variable, f'variable of {one.name}', one.model.parsed)}")
        if not one.model.threshold and not task.variable and task.trace is None:
            raise ValueError(f"'{one.name}' has no threshold, and never spikes; name a variable that is compared")
    return found


def _probes(spec: ExperimentSpec, task: RecordingTask, name: str, given: _Comparison | None) -> tuple[Probe, ...]:
    """What the spec records, and what is compared."""
    compared: list[Probe] = []
    if given is not None and given.trace is not None:
        step = float(given.trace.times[1])
        whole_steps("time between two values of the trace", step, spec.dt)
        compared = [Probe(name, given.variable, tuple(given.trace.neurons.tolist()), step)]
    elif task.like and task.variable:
        compared = [Probe(one, task.variable) for one in (name, task.like)]
    taken = {probe.name for probe in compared}
    return (*(probe for probe in spec.record if probe.name not in taken), *compared)


def _variable(task: RecordingTask) -> str:
    return task.variable or ("v" if task.trace is not None else "")


def _of_population(recording: Recording, task: RecordingTask, population: Population) -> _Comparison:
    """The spikes, and the variable, of the population that is the recording."""
    spikes = recording.spikes.get(task.like)
    trains = None if spikes is None else _trains(spikes, population.size, recording.n_trials)
    trace = recording.traces[f"{task.like}.{task.variable}"] if task.variable else None
    return _Comparison(population, task.variable, trains, trace)


def _of_file(spec: ExperimentSpec, task: RecordingTask, network: Network, population: Population) -> _Comparison:
    if task.spikes is not None:
        given = StimulusSpec(choice=task.spikes, target=population.name, each=True)
        trains = made_stimulus(spec, _NAME, given, network.populations)
        if not isinstance(trains, SpikeTrains):
            raise ValueError(f"spikes: '{task.spikes.kind}' gives values; take a kind of spikes, or write trace in its place")
        n_channels = extent(trains.channel, trains.n_channels)
        if n_channels > population.size:
            raise ValueError(
                f"spikes: the recording has {counted(n_channels, 'channel')}, and '{population.name}' "
                f"{counted(population.size, 'neuron')}; channel k is neuron k"
            )
        return _Comparison(population, "", replace(trains, n_channels=population.size), None)
    values = read_stimulus(_NAME, task.trace)
    if not isinstance(values, Stimulus):
        raise ValueError("trace: the file holds spikes; write spikes in its place")
    n_trials, n_frames, n_channels = values.values.shape
    if n_channels > population.size or n_trials not in (1, spec.n_trials):
        raise ValueError(
            f"trace: the recording has {counted(n_trials, 'trial')} and {counted(n_channels, 'channel')}, the network "
            f"{counted(spec.n_trials, 'trial')} and {counted(population.size, 'neuron')} '{population.name}'; channel k is neuron k"
        )
    variable = _variable(task)
    if variable not in population.model.parsed:
        raise ValueError(f"variable = {unknown_name(variable, f'variable of {population.name}', population.model.parsed)}")
    scale = _scale(task, values.unit, population, variable)
    if n_frames < 2 or n_frames * values.frame <= (task.fit_until or 0.0):
        raise ValueError(
            f"trace: the recording ends after {counted(n_frames, 'value')}, at {n_frames * values.frame:g} s; two at "
            f"least must lie in the part that "
            "is fitted, and in the part that is held out"
        )
    table = np.repeat(values.values * float(np.asarray(scale)), spec.n_trials // n_trials, axis=0)
    trace = Trace(table, np.arange(n_frames) * values.frame, np.arange(n_channels), unit_text(scale.dim))
    return _Comparison(population, variable, None, trace)


def _scale(task: RecordingTask, unit: str, population: Population, variable: str) -> Quantity:
    """What the values of a trace are multiplied by: the setting, else the unit of the file, else that of the variable."""
    if task.scale is not None:
        return Quantity(task.scale)
    if not unit:
        return Quantity(1.0, dim=population.model.parsed[variable].dim)
    try:
        return unit_of_file(unit, "trace: the file")
    except ValueError as error:
        raise ValueError(f"{error}; give scale, such as '1 mV'") from error


def _parts(spec: ExperimentSpec, task: RecordingTask) -> tuple[RecordedPart, RecordedPart]:
    """What the fit sees, and what it does not."""
    duration = spec.duration or spec.dt
    if task.fit_until is None:
        last = spec.n_trials - task.n_held_out
        return RecordedPart(0, last, 0.0, duration), RecordedPart(last, spec.n_trials, 0.0, duration)
    return RecordedPart(0, spec.n_trials, 0.0, task.fit_until), RecordedPart(0, spec.n_trials, task.fit_until, duration)


def _target(spec: ExperimentSpec, given: _Comparison, seen: RecordedPart) -> Any:
    compared = f"{given.population.name}.{given.variable}" if given.variable else given.population.name
    settings = _settings(spec)
    return target_of(seen.of_recording(given.fitted), compared, _with(spec, {}), settings.distance, seen.last)


def _search(
    spec: ExperimentSpec, task: RecordingTask, given: _Comparison, seen: RecordedPart, *, jobs: int, threads: int
) -> FittedParameters:
    target, settings = _target(spec, given, seen), _settings(spec)
    made = simulator(spec, list(settings.ranges), summary=target.distance_of, record=target.record, jobs=jobs, threads=threads)
    bounds = {name: _bounds(one) for name, one in settings.ranges.items()}
    return searched(replace(made, part=seen, without=task.like), bounds, n_sets=settings.n_sets, generations=settings.generations)


def _settings(spec: ExperimentSpec) -> FitSettings:
    if spec.fit is None:
        raise ValueError("is not given; add [fit.ranges]")
    return spec.fit


def _bounds(given: Range) -> Bounds:
    unit: Any = Quantity(parse_quantity(f"1 {given.unit}".strip()))
    scale = float(np.asarray(unit))
    return Bounds(given.low * scale, given.high * scale, Quantity(1.0, dim=unit.dim), given.log)


def _with(spec: ExperimentSpec, values: Mapping[str, Any]) -> ExperimentSpec:
    """The network of a spec with other settings, and without its task."""
    document: dict[str, Any] = {key: value for key, value in spec.document.items() if key not in ("task", "fit", "sweep")}
    for name, value in values.items():
        document = with_value(document, name, value)
    return read(document, spec.name, spec.file)


def _number(text: Any) -> float:
    return float(np.asarray(parse_quantity(text)))


def _trains(spikes: Spikes, size: int, n_trials: int) -> SpikeTrains:
    return SpikeTrains(_NAME, spikes.trial, spikes.neuron, spikes.time, None, n_trials, size)


def _spikes(trains: SpikeTrains | None) -> Spikes | None:
    return None if trains is None else Spikes(trains.trial, trains.channel, trains.time)
