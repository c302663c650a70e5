"""``[stimuli.NAME]``: what goes into a network without a task, made for its trials, or read from a file and fitted to them."""

# pyright: reportArgumentType=false
# Brian2 does not type its quantities

import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np

from bioworkbench.experiment.spec.kinds import KINDS, NESTED
from bioworkbench.experiment.spec.places import Place, Problems
from bioworkbench.experiment.spec.records import ExperimentSpec, StimulusSpec
from bioworkbench.experiment.spec.schema import settings
from bioworkbench.experiment.spec.values import chosen, readable_arguments
from bioworkbench.records.arrays import extent
from bioworkbench.records.choice import Choice
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import ResultError, unknown_name
from bioworkbench.records.functions import name_of
from bioworkbench.records.links import Links
from bioworkbench.records.names import check_identifier
from bioworkbench.records.network import Population, Projection
from bioworkbench.records.pathways import receiving
from bioworkbench.records.protocol import Phase
from bioworkbench.records.randomness import stream
from bioworkbench.records.stimulus import INPUT, SpikeTrains, Stimulus, silence
from bioworkbench.records.times import whole_steps
from bioworkbench.records.units import Quantity, parse_quantity
from bioworkbench.stimuli.timeline import Timeline, cut

__all__ = [
    "channels_and_kinds",
    "direct_projections",
    "made_stimuli",
    "made_stimulus",
    "phases_with",
    "read_stimulus",
    "stimuli_of",
]

Given = SpikeTrains | Stimulus

_MOST = 1000
_ONE = parse_quantity("1")


def stimuli_of(given: Any, place: Place, from_input: bool = False) -> Mapping[str, StimulusSpec]:
    """Stimuli of a spec, by name.

    Parameters
    ----------
    given : mapping from name to table
    place : Place
    from_input : bool
        Whether one may be called 'input', from where networks of files are fed.

    Returns
    -------
    mapping from name to StimulusSpec

    Raises
    ------
    SpecError
        Naming the stimulus and field that cannot be used.
    """
    with place.named():
        if not isinstance(given, Mapping):
            raise ValueError(f"{given!r} is not a table of stimuli; write [stimuli.NAME]")
        if len(given) > _MOST:
            raise ValueError(f"{len(given)} of them; at most {_MOST} are accepted")
        for name in given:
            check_identifier("name of a stimulus", name)
            if name == INPUT and not from_input:
                raise ValueError(f"'{INPUT}' is what a task gives; call the stimulus otherwise")
    problems = Problems()
    made = {name: problems.tried(_stimulus, table, place / name) for name, table in given.items()}
    problems.tell()
    return made


def _stimulus(table: Any, place: Place) -> StimulusSpec:
    known = [key for key in settings(StimulusSpec) if key != "choice"]
    own = {key: table[key] for key in known if key in table} if isinstance(table, Mapping) else {}
    rest = {key: value for key, value in table.items() if key not in own} if own else table
    problems = Problems()
    values = readable_arguments(StimulusSpec, own, "a stimulus", place, {}, problems, fixed=("choice",))
    choice = problems.tried(chosen, rest, "stimulus", KINDS["stimuli"], place, NESTED)
    problems.tell()
    return StimulusSpec(choice=choice, **values)


def made_stimuli(spec: ExperimentSpec, populations: Sequence[Population]) -> tuple[Given, ...]:
    """Stimuli of a spec, made for its trials, or read from their files and fitted to its trials and duration.

    A file with a single trial goes into all trials. Signals that end early are 0 afterwards.

    Parameters
    ----------
    spec : ExperimentSpec
    populations : sequence of Population
        Some of which stimuli act on.

    Returns
    -------
    tuple of SpikeTrains or Stimulus

    Raises
    ------
    SpecError
        Naming the stimulus that cannot be made, whose file cannot be read, or which is longer than the run or has another number of
        trials.
    """
    problems = Problems()
    made = [problems.tried(_made, spec, name, given, populations) for name, given in spec.stimuli.items()]
    problems.tell()
    return tuple(made)


def _made(spec: ExperimentSpec, name: str, given: StimulusSpec, populations: Sequence[Population]) -> Given:
    with spec.place(f"stimuli.{name}").named():
        return made_stimulus(spec, name, given, populations)


def made_stimulus(spec: ExperimentSpec, name: str, given: StimulusSpec, populations: Sequence[Population]) -> Given:
    """One stimulus, made for the trials of a spec, or read from its file and fitted to them; see `made_stimuli`.

    Parameters
    ----------
    spec : ExperimentSpec
    name : str
        Of the stimulus.
    given : StimulusSpec
    populations : sequence of Population
        Some of which it acts on.

    Returns
    -------
    SpikeTrains or Stimulus

    Raises
    ------
    ValueError
        If it cannot be made or read, or does not fit the run.
    """
    targets = [_population(target, populations) for target in given.targets]
    sizes = sorted({population.size for population in targets})
    if given.each and len(sizes) != 1:
        raise ValueError(f"each = true: needs targets of one size, whose neurons have a channel each; they have {sizes}")
    if given.each and given.n is not None:
        raise ValueError(f"n = {given.n} and each = true: every neuron has a channel of its own; leave n out")
    make = KINDS["stimuli"][given.kind]
    if _is_made(make):
        return make(_timeline(spec, name, given, targets), **given.choice.arguments)
    if given.n is not None:
        raise ValueError(f"n = {given.n}: the file says how many channels there are; leave n out")
    found = read_stimulus(name, given.choice)
    duration = spec.duration or spec.dt
    fitted = _fitted_trains if isinstance(found, SpikeTrains) else _fitted_frames
    return fitted(found, duration, spec.n_trials)


def _is_made(make: Callable[..., Any]) -> bool:
    """Whether a function makes a stimulus for a timeline; others read it from a file."""
    first = next(iter(inspect.signature(make).parameters.values()), None)
    return first is not None and first.annotation is Timeline


def _population(name: str, populations: Sequence[Population]) -> Population:
    for population in populations:
        if population.name == name:
            return population
    raise ValueError(unknown_name(name, "population that it could act on", [population.name for population in populations]))


def _timeline(spec: ExperimentSpec, name: str, given: StimulusSpec, targets: Sequence[Population]) -> Timeline:
    return Timeline(
        duration=spec.duration or spec.dt,
        dt=spec.dt,
        n_trials=spec.n_trials,
        n_channels=targets[0].size if given.each else 1 if given.n is None else given.n,
        name=name,
        unit=_unit(given, targets),
        rng=stream(spec.seed, f"stimulus {name}" + ("" if spec.start is None else f" after {spec.start.parent.name}")),
        memory=spec.memory * 1e9,
    )


def _unit(given: StimulusSpec, targets: Sequence[Population]) -> Quantity | None:
    """One unit of the values of a current: that of the variable it acts on, or a plain number where weights have it."""
    variable, units = given.receives or "drive", {}
    for population in targets:
        if variable not in population.model.parsed:
            return None  # which is an error where the stimulus is a current
        units[population.model.parsed[variable].dim] = f"'{variable}' of '{population.name}'"
    if len(units) > 1 and given.weight is None:
        raise ValueError(
            f"target = {[*given.targets]}: {' and '.join(units.values())} have different units; write a stimulus for each"
        )
    return cast("Quantity", Quantity(1.0, dim=next(iter(units))) if units else _ONE)


def read_stimulus(name: str, choice: Choice) -> Given:
    """What a file holds.

    Parameters
    ----------
    name : str
        Of the stimulus.
    choice : Choice
        A kind of stimulus that is read, and its settings.

    Returns
    -------
    SpikeTrains or Stimulus

    Raises
    ------
    ValueError
        If the kind is made for a run and not read, gives something else, or the file cannot be read.
    ResultError
        If a package is missing that reads it.
    """
    make = KINDS["stimuli"][choice.kind]
    if _is_made(make):
        raise ValueError(f"kind = '{name_of(choice.kind)}' is made, and not read; take a kind that reads a file")
    # a file that cannot be read is a value of the spec that cannot be used, a package that is missing is not
    try:
        found = make(name, **choice.arguments)
    except ResultError as error:
        if error.missing:
            raise
        raise ValueError(str(error)) from error
    if not isinstance(found, SpikeTrains | Stimulus):
        raise ValueError(f"kind = '{name_of(choice.kind)}' gave {found!r}; it must return SpikeTrains or a Stimulus")
    return found


def _fitted_trains(given: SpikeTrains, duration: float, n_trials: int) -> SpikeTrains:
    late = given.time[given.time >= duration]
    if late.size:
        raise ValueError(
            f"{late.size} of {len(given)} spikes come after the run, which lasts {duration:g} s; the first at {late.min():g} s. Set "
            f"stop = '{duration:g} s', or a longer duration"
        )
    n_channels, found = extent(given.channel, given.n_channels), extent(given.trial, given.n_trials)
    _check_trials(found, n_trials)
    repeats = n_trials // found
    trial = np.repeat(np.arange(repeats), len(given)) if repeats > 1 else given.trial
    channel, time = np.tile(given.channel, repeats), np.tile(given.time, repeats)
    return SpikeTrains(given.name, trial, channel, time, duration, n_trials, n_channels)


def _fitted_frames(given: Stimulus, duration: float, n_trials: int) -> Stimulus:
    n_frames = whole_steps("duration", duration, given.frame)
    if given.values.shape[1] > n_frames:
        raise ValueError(
            f"{counted(given.values.shape[1], 'frame')} of {given.frame:g} s are longer than the run, which lasts "
            f"{duration:g} s; set stop, or a "
            "longer duration"
        )
    _check_trials(given.n_trials, n_trials)
    if given.values.shape[1] < n_frames:
        warnings.warn(
            f"stimulus '{given.name}' ends at {given.duration:g} s of {duration:g} s; it is 0 from there on", stacklevel=2
        )
    silent = np.zeros((given.n_trials, n_frames - given.values.shape[1], given.values.shape[2]))
    values = np.concatenate([given.values, silent], axis=1)
    return replace(given, values=np.repeat(values, n_trials // given.n_trials, axis=0))


def _check_trials(found: int, wanted: int) -> None:
    if found not in (1, wanted):
        raise ValueError(f"the file has {counted(found, 'trial')}, and n_trials = {wanted}; set n_trials = {found}")


def direct_projections(spec: ExperimentSpec, stimuli: Sequence[Given], populations: Sequence[Population]) -> list[Projection]:
    """Projections from stimuli to the targets that they name themselves.

    Parameters
    ----------
    spec : ExperimentSpec
    stimuli : sequence of SpikeTrains or Stimulus
        As `made_stimuli` gives them.
    populations : sequence of Population

    Returns
    -------
    list of Projection

    Raises
    ------
    SpecError
        Naming the stimulus that does not fit its targets.
    """
    problems, channels = Problems(), channels_and_kinds(tuple(stimuli))[0]
    found = [
        problems.tried(_direct, spec, stimulus, _population(target, populations), channels[stimulus.name])
        for stimulus in stimuli
        for target in spec.stimuli[stimulus.name].targets
    ]
    problems.tell()
    return found


def _direct(spec: ExperimentSpec, stimulus: Given, population: Population, n_channels: int) -> Projection:
    """The projection from a stimulus to one of its targets."""
    given, model = spec.stimuli[stimulus.name], population.model
    kind = stimulus.kind if isinstance(stimulus, Stimulus) else "spikes"
    with spec.place(f"stimuli.{stimulus.name}").named():
        variable = receiving(population.name, model, given.receives, kind)
        weight = _weight(
            given, Quantity(1.0, dim=model.parsed[variable].dim), kind == "current" and _is_made(KINDS["stimuli"][given.kind])
        )
        if given.each and n_channels != population.size:
            raise ValueError(
                f"each = true: the stimulus has {counted(n_channels, 'channel')} for the "
                f"{counted(population.size, 'neuron')} of '{population.name}'"
            )
        targets = np.arange(population.size, dtype=np.int32)
        sources = targets if given.each else np.repeat(np.arange(n_channels, dtype=np.int32), population.size)
        links = Links(sources, np.resize(targets, sources.shape), (n_channels, population.size), weight)
        name = "_".join(part for part in (stimulus.name, population.name, given.receives) if part)
        return Projection(stimulus.name, population.name, links, receives=variable, name=name)


def _weight(given: StimulusSpec, unit: Any, has_unit: bool) -> Any:
    """What a spike adds, or a plain value is multiplied by; one unit for values that have it themselves."""
    if has_unit and given.weight is not None:
        raise ValueError(f"weight = {given.weight}: a current has its unit in its values; leave it out")
    if not has_unit and given.weight is None:
        raise ValueError(
            "has a target and no weight; give what a spike adds, or a value is multiplied by, such as weight = '0.5 mV'"
        )
    return unit if has_unit else given.weight


def phases_with(spec: ExperimentSpec, stimuli: Sequence[Given]) -> list[Phase]:
    """The phases of a spec, each with its part of the stimuli.

    Parameters
    ----------
    spec : ExperimentSpec
    stimuli : sequence of SpikeTrains or Stimulus
        As long as all phases together.

    Returns
    -------
    list of Phase
    """
    found, begin = [], 0.0
    for phase in spec.phases:
        parts = [cut(stimulus, begin, begin + phase.duration, spec.dt) for stimulus in stimuli]
        found.append(replace(phase, stimuli=(silence(phase.duration, spec.n_trials), *parts)))
        begin += phase.duration
    return found


def channels_and_kinds(stimuli: tuple[SpikeTrains | Stimulus, ...]) -> tuple[dict[str, int], dict[str, str]]:
    """Numbers of channels, and what the values of each are.

    Parameters
    ----------
    stimuli : tuple of SpikeTrains or Stimulus

    Returns
    -------
    sizes : dict from name to int
    kinds : dict from name to {"current", "rate", "spikes"}
    """
    sizes, kinds = {}, {}
    for stimulus in stimuli:
        trains = isinstance(stimulus, SpikeTrains)
        sizes[stimulus.name] = stimulus.n_channels or 0 if trains else stimulus.values.shape[2]
        kinds[stimulus.name] = "spikes" if trains else stimulus.kind
    return sizes, kinds
