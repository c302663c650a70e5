"""``[network]``: populations, projections and inputs from a file, to which a spec may add its own."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bioworkbench.experiment.spec.kinds import KINDS
from bioworkbench.experiment.spec.records import ExperimentSpec
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import ResultError, unknown_name
from bioworkbench.records.network import INPUT, Network, Population, Projection
from bioworkbench.records.stimulus import SpikeTrains, Stimulus
from bioworkbench.stimuli.timeline import cut

__all__ = ["Given", "check_names", "given_network"]

_MOST_TOLD = 10  # of things that are not carried


@dataclass(frozen=True)
class Given:
    """What a file adds to a spec.

    Parameters
    ----------
    populations : tuple of Population
        Of the file, then those of the spec.
    projections : tuple of Projection
    stimuli : tuple of SpikeTrains and Stimulus
    """

    populations: tuple[Population, ...] = ()
    projections: tuple[Projection, ...] = ()
    stimuli: tuple[SpikeTrains | Stimulus, ...] = ()


def given_network(spec: ExperimentSpec, populations: Sequence[Population]) -> Given:
    """The populations of a spec, with what its file adds to them.

    Parameters
    ----------
    spec : ExperimentSpec
    populations : sequence of Population
        Those that it describes itself; one with the name of a node population gives that its model.

    Returns
    -------
    Given

    Raises
    ------
    SpecError
        If the file cannot be read, or holds another number of neurons than a population of that name has.

    Warns
    -----
    UserWarning
        If the file says more than is carried; Python shows one text once.
    """
    if spec.network is None:
        return Given(tuple(populations))
    with spec.place("network").named():
        read = KINDS["networks"][spec.network.kind]
        models = {one.name: one.model for one in populations}
        try:
            found = read(spec.dt, models, **spec.network.arguments)
        except ResultError as error:
            if error.missing:
                raise
            raise ValueError(str(error)) from error
        network: Network = found.network
        if found.lost:
            more = len(found.lost) - _MOST_TOLD
            told = "; ".join(found.lost[:_MOST_TOLD]) + (f"; and {more} more" if more > 0 else "")
            warnings.warn(f"{spec.network.arguments['file']} says more than the network does. Not carried: {told}", stacklevel=2)
        for one in (one for one in populations if one.name in network.sizes):
            _check_shared(one, network.population(one.name))
        own = tuple(one for one in populations if one.name not in network.sizes)
        used, duration = {projection.source for projection in network.projections}, spec.duration or spec.dt
        stimuli = [_beginning(one, duration, spec.dt) for one in found.stimuli if one.name in used] if not spec.is_trained else []
        return Given((*network.populations, *own), network.projections, tuple(_repeated(one, spec.n_trials) for one in stimuli))


def _check_shared(own: Population, given: Population) -> None:
    if given.model is not own.model:
        raise ValueError(f"'{own.name}' is a population of the file, which brings its model; rename the one of the spec")
    if given.size != own.size:
        raise ValueError(f"'{own.name}' has {counted(given.size, 'neuron')} in the file; set size = {given.size}")


def _beginning(given: SpikeTrains | Stimulus, duration: float, dt: float) -> SpikeTrains | Stimulus:
    """What comes before the end of a run; currents are 0 where a file ends earlier."""
    if isinstance(given, SpikeTrains):
        return given.until(duration)
    if given.duration > duration:
        part: Any = cut(given, 0.0, duration, dt)
        return part
    n_more = max(0, round((duration - given.duration) / given.frame))
    return replace(given, values=np.concatenate([given.values, np.zeros((1, n_more, 1))], axis=1))


def _repeated(trains: SpikeTrains | Stimulus, n_trials: int) -> SpikeTrains | Stimulus:
    """The same in every trial."""
    if isinstance(trains, Stimulus):
        return replace(trains, values=np.repeat(trains.values, n_trials, axis=0))
    trial = np.repeat(np.arange(n_trials), len(trains))
    columns = np.tile(trains.channel, n_trials), np.tile(trains.time, n_trials)
    return SpikeTrains(trains.name, trial, *columns, trains.duration, n_trials, trains.n_channels)


def check_names(spec: ExperimentSpec, network: Network, sources: Sequence[str]) -> None:
    """Refuse ends of projections and probes that neither the spec nor its file has; without a file they are checked when it is read.

    Parameters
    ----------
    spec : ExperimentSpec
    network : Network
        With all projections.
    sources : sequence of str
        Names of stimuli.

    Raises
    ------
    SpecError
        Naming the projection or probe; or if a task does not reach the network.
    """
    if spec.network is None:
        return
    known = {"source": [*sources, *network.sizes], "target": [*network.sizes]}
    for projection in spec.projections:
        for end, names in known.items():
            with spec.place(f"projections.{projection.name}.{end}").named():
                if getattr(projection, end) not in names:
                    raise ValueError(unknown_name(getattr(projection, end), "population", names))
    used = {projection.source for projection in network.projections}
    for name in (name for name in spec.stimuli if name not in used):
        with spec.place(f"stimuli.{name}").named():
            raise ValueError(
                f"no projection has the source '{name}', and it has no target; sources of the file are {', '.join(sorted(used))}"
            )
    named = [*network.sizes, *(projection.name for projection in network.projections)]
    for probe in spec.record:
        with spec.place("record").named():
            if probe.population not in named:
                raise ValueError(f"'{probe.name}': {unknown_name(probe.population, 'population or projection', named)}")
    with spec.place().named():
        if spec.is_trained and INPUT not in {projection.source for projection in network.projections}:
            raise ValueError("has a task and no projection from 'input', nor has the file; the network would not see the task")
