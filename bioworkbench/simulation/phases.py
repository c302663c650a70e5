"""Protocols: phases that follow each other, each going on from the state that the one before left."""

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
from brian2.equations.equations import PARAMETER
from brian2.units.fundamentalunits import get_dimensions
from brian2.utils.stringtools import get_identifiers

from bioworkbench.records.errors import unknown_name
from bioworkbench.records.language import check_whole_numbers
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.pathways import RECEIVER
from bioworkbench.records.probe import Probe, owner_and_variable, variable_name
from bioworkbench.records.protocol import Phase, RunState
from bioworkbench.records.recording import Recording, Spikes, Trace
from bioworkbench.records.stimulus import SpikeTrains, Stimulus, silence
from bioworkbench.records.synapse import WEIGHT, SynapseModel
from bioworkbench.records.times import whole_steps
from bioworkbench.records.units import dimension_name, plain_values

__all__ = ["check_phases", "check_record_steps", "run_phases", "without_learning"]

_WEIGHT_EQUATION = re.compile(rf"d{WEIGHT}/dt\s*=[^\n]*:([^(\n]*)(\([^\n]*)?")


def run_phases(
    run: Callable[..., Recording], network: Network, phases: Sequence[Any], seed: int, *, dt: float, start: RunState | None
) -> Recording:
    """Run phases one after the other and join what is recorded.

    Parameters
    ----------
    run : callable
        `simulate` with its settings.
    network : Network
    phases : sequence of Phase
    seed : int
    dt : float, seconds
    start : RunState, optional

    Returns
    -------
    Recording

    Raises
    ------
    ValueError
        If something in the list is not a phase, two have the same name, none is recorded, or a phase changes what is not there.
    """
    names = _names(phases)
    n_trials = next(
        (_n_trials(one) for phase in phases for one in phase.stimuli if _n_trials(one)), start.n_trials if start else 1
    )
    parts, state = [], start
    for name, phase in zip(names, phases, strict=True):
        try:
            changed, state = _changed(network, phase, state)
            stimuli = _stimuli(network, phase, phases, n_trials)
            with warnings.catch_warnings():  # what is on its way as a phase ends arrives in the next
                warnings.filterwarnings("ignore", message=".*their spikes never arrive")
                recording = run(changed, stimuli, seed, dt=dt, start=state, keep_state=True)
        except ValueError as error:
            raise ValueError(f"phase '{name}': {error}") from error
        left = cast("RunState", recording.final)  # it was asked for
        state = replace(left, values={**_weights_in(state, network), **left.values})
        parts.append((name, recording))
    kept = [part for part, phase in zip(parts, phases, strict=True) if phase.recorded]
    return _joined(kept, network, state)


def check_phases(network: Network, phases: Sequence[Phase], dt: float, record: Sequence[Probe] = ()) -> None:
    """Refuse phases that cannot be run, before anything is built.

    Parameters
    ----------
    network : Network
    phases : sequence of Phase
    dt : float, seconds
    record : sequence of Probe
        What is recorded, in steps that each phase must begin with.

    Raises
    ------
    ValueError
        As `run_phases`, or if a duration is not a whole number of steps.
    """
    step = 0
    for name, phase in zip(_names(phases), phases, strict=True):
        try:
            n_steps = whole_steps("duration", phase.duration, dt)
            check_record_steps(record, step, dt)
            step += n_steps
            _changed(network, phase, None)
        except ValueError as error:
            raise ValueError(f"phase '{name}': {error}") from error


def check_record_steps(record: Sequence[Probe], step: int, dt: float) -> None:
    """Refuse record steps that do not fall on the first step of a run which goes on from another.

    Parameters
    ----------
    record : sequence of Probe
    step : int
        Steps before the run.
    dt : float, seconds

    Raises
    ------
    ValueError
        Naming the probe.
    """
    for probe in record:
        if step % whole_steps("record step", probe.every or dt, dt):
            raise ValueError(
                f"record '{probe.name}': every {probe.every:g} s does not divide the {step * dt:g} s before this run; take a record step "
                "that does"
            )


def _names(phases: Sequence[Any]) -> list[str]:
    others = [one for one in phases if not isinstance(one, Phase)]
    if others:
        raise ValueError(f"{type(others[0]).__name__} among phases: put it into the stimuli of a Phase")
    names = [phase.name or str(number) for number, phase in enumerate(phases)]
    twice = next((name for name in names if names.count(name) > 1), "")
    if twice:
        raise ValueError(f"two phases are named '{twice}'; each needs a name of its own")
    if not any(phase.recorded for phase in phases):
        raise ValueError(f"none of the phases {', '.join(names)} is recorded; leave recorded = true in one of them")
    return names


def _n_trials(stimulus: Stimulus | SpikeTrains) -> int:
    return stimulus.n_trials or 0


def _weights_in(state: RunState | None, network: Network) -> dict[str, np.ndarray]:
    """Weights that a phase without learning did not touch."""
    names = [variable_name(p.name, WEIGHT) for p in network.projections]
    return {name: state.values[name] for name in names if state is not None and name in state.values}


def _stimuli(network: Network, phase: Phase, phases: Sequence[Phase], n_trials: int) -> list[Stimulus | SpikeTrains]:
    """The stimuli of a phase, with silence in the place of those that only others give."""
    given: dict[str, Stimulus | SpikeTrains] = {stimulus.name: stimulus for stimulus in phase.stimuli}
    for stimulus in given.values():
        if stimulus.duration is not None and abs(stimulus.duration - phase.duration) > 1e-9 * phase.duration:
            raise ValueError(
                f"the stimulus '{stimulus.name}' lasts {stimulus.duration:g} s, and the phase {phase.duration:g} s; make them equal"
            )
    none = np.zeros(0, dtype=np.int32)
    for stimulus in (stimulus for other in phases for stimulus in other.stimuli):
        if stimulus.name in given or stimulus.name not in network.channels:
            continue
        if isinstance(stimulus, SpikeTrains):
            given[stimulus.name] = SpikeTrains(stimulus.name, none, none, np.zeros(0), phase.duration, n_trials)
        else:
            quiet = np.zeros((n_trials, 1, stimulus.values.shape[2]))
            given[stimulus.name] = replace(stimulus, values=quiet, frame=phase.duration)
    timed = [stimulus for stimulus in given.values() if stimulus.duration is not None]
    return [*given.values(), *(() if timed else (silence(phase.duration, n_trials),))]


def _changed(network: Network, phase: Phase, state: RunState | None) -> tuple[Network, RunState | None]:
    """The network as it is during a phase, and the state with which it begins."""
    parts: dict[str, Any] = {part.name: part for part in (*network.populations, *network.projections)}
    values = {} if state is None else dict(state.values)
    for key, value in phase.constants.items():
        owner, name = owner_and_variable(key)
        if owner not in parts:
            raise ValueError(f"constants: {unknown_name(owner, 'population or projection', parts)}")
        plain_values(f"constants: {key}", value)
        parts[owner] = _with_value(parts[owner], name, value, values if state is not None else None)
    if not phase.learning:
        frozen = {p.name: _with_synapse(parts[p.name], without_learning(parts[p.name].synapse)) for p in network.projections}
        parts |= frozen
    made = Network(tuple(parts[p.name] for p in network.populations), tuple(parts[p.name] for p in network.projections))
    return made, None if state is None else replace(state, values=values)


def _with_synapse(projection: Projection, synapse: SynapseModel) -> Projection:
    """The projection with another model of its synapses."""
    ends = (projection.source, projection.target, projection.links)
    return Projection(*ends, receives=projection.receives, name=projection.name, synapse=synapse)


def _with_value(part: Any, name: str, value: Any, values: dict[str, np.ndarray] | None) -> Any:
    """A population or projection with another constant; or with another start value, which a state has in `values`."""
    is_population = isinstance(part, Population)
    model: Any = part.model if is_population else part.synapse
    parameters = {own: equation for own, equation in model.parsed.items() if equation.type == PARAMETER and own != WEIGHT}
    if name in model.constants:
        wanted = get_dimensions(model.constants[name])
        if get_dimensions(value) is not wanted:
            raise ValueError(f"{part.name}.{name} is a {dimension_name(get_dimensions(value))}; it is a {dimension_name(wanted)}")
        changed = replace(model, constants={**model.constants, name: value})
    elif name not in parameters:
        raise ValueError(
            f"constants: {unknown_name(name, f'constant or parameter of {part.name}', [*model.constants, *parameters])}"
        )
    else:
        if values is not None and get_dimensions(value) is not parameters[name].dim:
            raise ValueError(
                f"{part.name}.{name} is a {dimension_name(get_dimensions(value))}; the equations define it as '{parameters[name]}'"
            )
        check_whole_numbers(f"{part.name}.{name}", value, parameters[name])
        if values is not None:
            place = variable_name(part.name, name)
            before = values[place]
            values[place] = np.broadcast_to(np.asarray(value).astype(before.dtype), before.shape).copy()
            return part
        changed = replace(model, start={**model.start, name: value})
    return replace(part, model=changed) if is_population else _with_synapse(part, changed)


def without_learning(model: SynapseModel) -> SynapseModel:
    """The model with weights that do not change; the rest of its state does.

    Parameters
    ----------
    model : SynapseModel

    Returns
    -------
    SynapseModel
    """
    if not model.changes_weight:
        return model
    equations = _WEIGHT_EQUATION.sub(rf"{WEIGHT} :\1", model.equations)
    texts = {end: _unchanging(getattr(model, end)) for end in ("on_pre", "on_post")}
    bare = [equations, *(text for given in texts.values() for text in ([given] if isinstance(given, str) else given.values()))]
    bare += [value for value in model.start.values() if isinstance(value, str)]
    used = {name for text in bare for name in get_identifiers(text.replace(RECEIVER, "v"))}
    constants = {name: value for name, value in model.constants.items() if name in used}
    paths = {p.name for p in model.pathways if any(_kept(line) for line in p.statements(RECEIVER))}
    delays = {name: delay for name, delay in model.delays.items() if name in paths}
    bound = model.bound if model.bound in constants else ""  # weights that nothing changes have no range
    return replace(model, equations=equations, **texts, constants=constants, delays=delays, bound=bound)


def _unchanging(given: str | Mapping[str, str]) -> Any:
    if not isinstance(given, str):
        return {name: _unchanging(text) for name, text in given.items()}
    return "\n".join(line for line in re.split(r"[;\n]", given) if _kept(line))


def _kept(line: str) -> bool:
    return line.partition("=")[0].rstrip("+-*/% ").strip() != WEIGHT


def _joined(parts: list[tuple[str, Recording]], network: Network, state: RunState | None) -> Recording:
    """One recording of several, whose times go on."""
    first, dt, begin, phases = parts[0][1], parts[0][1].dt, 0, dict[str, tuple[float, float]]()
    spikes: dict[str, list[Spikes]] = {name: [] for name in first.spikes}
    traces: dict[str, list[Trace]] = {name: [] for name in first.traces}
    every = {
        name: next((part.traces[name].times[1] for _, part in parts if len(part.traces[name].times) > 1), dt) for name in traces
    }
    for name, part in parts:
        for population, found in part.spikes.items():
            spikes[population].append(replace(found, time=(np.rint(found.time / dt) + begin) * dt))
        for probe, trace in part.traces.items():
            traces[probe].append(trace)
        phases[name] = (begin * dt, (begin + part.n_steps) * dt)
        begin += part.n_steps
    values, named = {} if state is None else state.values, {p.name: variable_name(p.name, WEIGHT) for p in network.projections}
    weights = {projection: values[name] for projection, name in named.items() if name in values}
    timing = {key: sum(part.timing.get(key, 0.0) for _, part in parts) for key in first.timing}
    return replace(
        first,
        spikes={name: _joined_spikes(found) for name, found in spikes.items()},
        traces={name: _joined_traces(found, float(every[name])) for name, found in traces.items()},
        duration=begin * dt,
        timing=timing,
        weights=weights,
        final=state,
        phases=phases,
    )


def _joined_spikes(parts: list[Spikes]) -> Spikes:
    trial, neuron, time = (np.concatenate([getattr(part, name) for part in parts]) for name in ("trial", "neuron", "time"))
    order = np.argsort(trial, kind="stable")
    return Spikes(trial[order], neuron[order], time[order])


def _joined_traces(parts: list[Trace], every: float) -> Trace:
    values = np.concatenate([part.values for part in parts], axis=1)
    return replace(parts[0], values=values, times=np.arange(values.shape[1], dtype=np.float64) * every)
