"""`from_brian2`: objects of a Brian2 script as records, with the same spikes."""

# pyright: reportAttributeAccessIssue=false, reportArgumentType=false
# Brian2 does not type its objects

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2.core.functions import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS
from brian2.core.namespace import DEFAULT_UNITS
from brian2.core.network import Network as BrianNetwork
from brian2.core.variables import Subexpression
from brian2.equations.equations import PARAMETER, SUBEXPRESSION, Equations, SingleEquation
from brian2.groups.neurongroup import NeuronGroup
from brian2.groups.subgroup import Subgroup
from brian2.input.poissongroup import PoissonGroup
from brian2.input.poissoninput import PoissonInput
from brian2.input.spikegeneratorgroup import SpikeGeneratorGroup
from brian2.monitors.statemonitor import StateMonitor
from brian2.synapses.synapses import Synapses
from brian2.units.fundamentalunits import Quantity, get_dimensions
from brian2.utils.stringtools import get_identifiers, word_substitute

from bioworkbench.records.background import Background
from bioworkbench.records.language import known_names, unfit
from bioworkbench.records.links import Links
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.neuron import NeuronModel, refractory_text
from bioworkbench.records.probe import Probe
from bioworkbench.records.statements import lines
from bioworkbench.records.stimulus import SpikeTrains, Stimulus, silence
from bioworkbench.records.synapse import PULSE, WEIGHT, SynapseModel
from bioworkbench.records.times import seconds
from bioworkbench.records.units import unit_text
from bioworkbench.simulation.script_order import OTHERWISE, check_scheduled, check_usual, shared_step

__all__ = ["Script", "from_brian2"]

_KNOWN = {*DEFAULT_FUNCTIONS, *DEFAULT_UNITS, *DEFAULT_CONSTANTS, "t", "dt", "i", "j", "N", "True", "False", "and", "or", "not"}
_TIMESTEP, _NEAREST = 1e-3, 0.5  # of a step, by which Brian2 raises times of spikes and refractory periods, and delays
_ADDS = re.compile(r"(\w+)_post\s*\+=\s*(\w+)")


@dataclass(frozen=True)
class Script:
    """What a Brian2 script says, as records for `simulate`.

    Parameters
    ----------
    network : Network
    stimuli : tuple of Stimulus or SpikeTrains
        The spikes of generators, and silence of the duration.
    dt : float, seconds
    record : tuple of Probe
        What the script's StateMonitors record; a recording has spikes and rates anyway.
    """

    network: Network
    stimuli: tuple[Stimulus | SpikeTrains, ...]
    dt: float
    record: tuple[Probe, ...]


def from_brian2(
    objects: BrianNetwork | Iterable[Any], duration: float | Quantity, *, namespace: Mapping[str, Any] | None = None
) -> Script:
    """Records of a Brian2 network that has not run yet.

    Values that the script has drawn, such as start values and synapses, are kept: without noise, `simulate` gives the same neurons the
    same spikes in the same steps as the script. PoissonInput, PoissonGroup and noise draw other numbers of the same distribution.

    Parameters
    ----------
    objects : Network, or iterable of Brian2 objects
        Of a script that calls ``run`` without a Network, what ``collect()`` gives.
    duration : float, seconds, or Quantity
        Of a trial.
    namespace : mapping from name to Quantity or number, optional
        Names of the script that equations use and groups have not in namespaces of their own, such as ``globals()``.

    Returns
    -------
    Script

    Raises
    ------
    ValueError
        Naming the object, and what of it records cannot say: compartments, ``network_operation``, ``run_regularly``, custom events,
        linked variables, sums onto a part of a group, synapses onto synapses, functions and tables of the script, several steps, orders
        or schedules of their own, and what is not active.
    """
    found = list(objects.objects if isinstance(objects, BrianNetwork) else objects)
    given = dict(namespace or {})
    if isinstance(objects, BrianNetwork) and objects.t_ > 0:
        raise ValueError(f"the network has run for {objects.t_:g} s; convert it before its first run")
    check_scheduled(objects)
    for one in found:
        check_usual(one)
    groups = [one for one in found if isinstance(one, NeuronGroup | PoissonGroup)]
    if not groups:
        raise ValueError(
            f"there is no NeuronGroup or PoissonGroup among the {len(found)} objects; give those of a script, or its Network"
        )
    dt = shared_step(found)
    backgrounds = [one for one in found if isinstance(one, PoissonInput)]
    populations = tuple(
        _named(group, _population, group, backgrounds, given, dt) for group in sorted(groups, key=lambda one: one.name)
    )
    synapses = sorted((one for one in found if isinstance(one, Synapses)), key=lambda one: one.name)
    projections = tuple(_named(one, _projection, one, given, dt) for one in synapses if len(one))
    sources = {projection.source for projection in projections}
    length = seconds("duration", duration)
    trains = [one for one in found if isinstance(one, SpikeGeneratorGroup) and one.name in sources]
    stimuli = (silence(length), *(_named(one, _trains, one, length, dt) for one in trains))
    probes = [_named(one, _probe, one) for one in found if isinstance(one, StateMonitor)]
    return Script(Network(populations, projections), stimuli, dt, tuple(sorted(probes, key=lambda probe: probe.name)))


def _named(brian: Any, convert: Any, *arguments: Any) -> Any:
    """What a conversion gives; errors name the object of the script."""
    try:
        return convert(*arguments)
    except (ValueError, NotImplementedError) as error:
        raise ValueError(f"{type(brian).__name__} '{brian.name}': {error}") from error


def _constants(texts: Iterable[str], own: Iterable[str], group: Any, namespace: Mapping[str, Any]) -> dict[str, Any]:
    """Values of the script that texts name, beside the variables in `own`."""
    found = {}
    for name in sorted({word for text in texts for word in get_identifiers(text)} - set(own) - _KNOWN):
        if name == "xi" or name.startswith("xi_"):  # noise
            continue
        if name in group.variables:  # before any name of the script, in Brian2 too
            raise ValueError(f"'{name}' is a number that Brian2 keeps, which records do not have; {OTHERWISE}")
        known = {**namespace, **group.namespace}
        if name not in known:
            raise ValueError(f"'{name}' is not in the namespace of the group; give namespace = globals(), or a table with it")
        value = known[name]
        if isinstance(value, bool | np.bool_):
            raise ValueError(
                f"'{name}' is {value}; records have numbers and quantities. Write a parameter '{name} : boolean' and set it"
            )
        if callable(value) or np.ndim(value):
            raise ValueError(
                f"'{name}' is a {type(value).__name__}; records have numbers and quantities. Write tables as a Stimulus, and functions "
                "into the equations"
            )
        found[name] = value if isinstance(value, Quantity) else float(value)
    return found


def _set_by(texts: Iterable[str]) -> set[str]:
    """Names that statements set: variables, and what only these statements know."""
    return {line.partition("=")[0].rstrip("+-*/% ").strip() for text in texts for line in lines(text)}


def _text(equations: Iterable[SingleEquation]) -> str:
    """Equations as text that is read as the same."""
    written = []
    for equation in equations:
        left = f"d{equation.varname}/dt" if equation.type not in (PARAMETER, SUBEXPRESSION) else equation.varname
        right = f" = {equation.expr.code}" if equation.expr is not None else ""
        unit = {"boolean": "boolean", "integer": "integer"}.get(equation.var_type, unit_text(equation.dim))
        flags = f" ({', '.join(equation.flags)})" if equation.flags else ""
        written.append(f"{left}{right} : {unit}{flags}")
    return "\n".join(written)


def _method(choice: Any, equations: Equations, known: Mapping[str, Any]) -> str:
    """The method that Brian2 would take, of several that a script allows."""
    if not equations.diff_eq_names:
        return "euler"
    if isinstance(choice, str):
        return choice
    variables = {**known_names(equations), **known}
    return next((name for name in choice if not unfit(name, equations, variables)), "euler")


def _values(variable: Any, order: Any = ...) -> Any:
    """Values as a quantity; one where all are the same."""
    values = np.array(variable.get_value(), dtype=float)  # a copy: Brian2 goes on to change its own
    values = values if variable.scalar else values[order]
    same = values.size and (values == values.flat[0]).all()
    number = float(values.flat[0]) if same else values
    return number if variable.dim.is_dimensionless else Quantity(number, dim=variable.dim)


def _in_steps(times: Any, dt: float, raised: float) -> Any:
    """Times in whole steps as Brian2 cuts them, `raised` by a part of a step before: records round by a rule of their own."""
    return np.floor(np.asarray(times, dtype=float) / dt + raised) * dt


def _population(group: Any, inputs: Sequence[PoissonInput], namespace: Mapping[str, Any], dt: float) -> Population:
    model = _poisson(group, namespace) if isinstance(group, PoissonGroup) else _neurons(group, namespace, dt)
    return Population(group.name, len(group), model, 0, tuple(_backgrounds(group, inputs)))


def _neurons(group: NeuronGroup, namespace: Mapping[str, Any], dt: float) -> NeuronModel:
    if set(group.events) - {"spike"}:
        raise ValueError(f"has the events {', '.join(sorted(group.events))}; records have spikes only")
    equations = group.user_equations
    linked = [name for name, equation in equations.items() if "linked" in equation.flags]
    if linked:
        raise ValueError(f"'{linked[0]}' is linked to another group; use synapses with a (summed) variable")
    threshold, reset = group.events.get("spike") or "", group.event_codes.get("spike") or ""
    texts = [threshold, reset, refractory_text(group._refractory)]
    texts += [equation.expr.code for equation in equations.values() if equation.expr is not None]
    constants = _constants(texts, [*equations.names, "lastspike", "not_refractory", *_set_by([reset])], group, namespace)
    states = [name for name, equation in equations.items() if equation.type != SUBEXPRESSION]
    return NeuronModel(
        _text(equations.values()),
        threshold,
        reset,
        constants,
        {name: _values(group.variables[name]) for name in states},
        receives="",
        refractory=_pause(group._refractory, dt),
        method=_method(group.method_choice, equations, _described(constants)),
    )


def _pause(refractory: Any, dt: float) -> Any:
    """The refractory period as records have it; a text is left to Brian2."""
    if refractory is False or isinstance(refractory, str):
        return refractory or None
    return _in_steps(refractory, dt, _TIMESTEP)


def _described(constants: Mapping[str, Any]) -> dict[str, Any]:
    """Constants as Brian2 describes them."""
    text = "\n".join(f"{name} : {unit_text(get_dimensions(value))} (constant, shared)" for name, value in constants.items())
    return {name: known_names(Equations(text))[name] for name in constants}


def _poisson(group: PoissonGroup, namespace: Mapping[str, Any]) -> NeuronModel:
    rates = group.variables["rates"]
    threshold = group.events["spike"]
    if isinstance(rates, Subexpression):
        constants = _constants([rates.expr], [], group, namespace)
        return NeuronModel(f"rates = {rates.expr} : hertz", threshold, "", constants, receives="")
    return NeuronModel("rates : hertz", threshold, "", start={"rates": _values(rates)}, receives="")


def _backgrounds(group: Any, inputs: Sequence[PoissonInput]) -> Iterator[Background]:
    for one in sorted(inputs, key=lambda one: one.name):
        whole, part = _whole(one._group)
        if whole.name != group.name:
            continue
        if len(part) != len(group) or isinstance(one.weight, str):
            what = f"weight = '{one.weight}'" if isinstance(one.weight, str) else f"{len(part)} of {len(group)} neurons"
            raise ValueError(f"PoissonInput '{one.name}' has {what}; backgrounds have a quantity, and reach whole populations")
        yield Background(one.target_var, one.N, one.rate, one.weight)


def _whole(group: Any) -> tuple[Any, range]:
    """The group that a subgroup is a part of, and the neurons of the part."""
    return (group.source, range(group.start, group.stop)) if isinstance(group, Subgroup) else (group, range(len(group)))


def _trains(group: SpikeGeneratorGroup, duration: float, dt: float) -> SpikeTrains:
    if np.isfinite(period := float(group.variables["period"].get_value()[0])) and period > 0:
        raise ValueError(f"period = {period:g} s: spike trains do not repeat; write all spikes")
    times = _in_steps(group._spike_time, dt, _TIMESTEP)
    inside = np.rint(times / dt) < round(duration / dt)
    channel = np.asarray(group._neuron_index, dtype=int)[inside]
    return SpikeTrains(group.name, np.zeros_like(channel), channel, times[inside], duration, 1, len(group))


def _probe(monitor: StateMonitor) -> Probe:
    if len(monitor.record_variables) > 1:
        raise ValueError(f"records {', '.join(sorted(monitor.record_variables))}; make a monitor for each variable")
    (variable,), recorded = monitor.record_variables, np.atleast_1d(monitor.record)
    if isinstance(monitor.source, Synapses):
        places = np.argsort(_order(monitor.source))
        variable = WEIGHT if variable == _ends_and_weight(monitor.source)[2] else variable
        return Probe(monitor.source.name, variable, tuple(places[recorded].tolist()), float(monitor.clock.dt_))
    group, part = _whole(monitor.source)
    return Probe(group.name, variable, tuple(int(k) + part.start for k in recorded), float(monitor.clock.dt_))


def _order(synapses: Synapses) -> np.ndarray:
    """Order in which links are kept: by source, then target."""
    before, after = (synapses.variables[f"_synaptic_{end}"].get_value() for end in ("pre", "post"))
    return np.lexsort((after, before))


def _ends_and_weight(synapses: Synapses) -> tuple[dict[str, SingleEquation], dict[str, tuple[str, str]], str]:
    """Equations and statements of synapses, in which variables of neurons have the ending of theirs; and the name of the weight."""
    target = _whole(synapses.target)[0]
    equations = _prefixed(synapses, target)
    texts = {path.objname: (path.prepost, _with_ends(path.code, equations, target)) for path in synapses._pathways}
    return equations, texts, _weight_of(equations, [text for end, text in texts.values() if end == "pre"])


def _projection(synapses: Synapses, namespace: Mapping[str, Any], dt: float) -> Projection:
    others = [end.name for end in (synapses.source, synapses.target) if isinstance(end, Synapses)]
    if others:
        raise ValueError(f"has the synapses '{others[0]}' at one end; records have synapses between neurons")
    source, target = _whole(synapses.source)[0], _whole(synapses.target)[0]
    order = _order(synapses)
    sources, targets = (synapses.variables[f"_synaptic_{end}"].get_value()[order] for end in ("pre", "post"))
    equations, texts, weight = _ends_and_weight(synapses)
    own = {weight: WEIGHT} if weight else {}
    delays = {path.objname: _in_steps(path.variables["delay"].get_value(), dt, _NEAREST) for path in synapses._pathways}
    model = _model(synapses, equations, texts, namespace, order, own, delays)
    values = _values(synapses.variables[weight], order) if weight else 1.0
    delay = delays.get("pre", np.zeros(1))
    links = Links(
        sources, targets, (len(source), len(target)), values, delay[order] if delay.size > 1 else float(delay.max(initial=0.0))
    )
    made, links, receives = _as_pulse(model, links)
    return Projection(source.name, target.name, links, None, receives, synapses.name, made)


def _prefixed(synapses: Synapses, target: Any) -> dict[str, SingleEquation]:
    """All equations of synapses by name, with the ending of the neurons whose variables they name."""
    every = {**(synapses.event_driven or {}), **synapses.equations}
    texts = [path.code for path in synapses._pathways] + [one.expr.code for one in every.values() if one.expr is not None]
    texts += [updater.expression.code for updater in synapses.summed_updaters.values()]
    named = {word for text in texts for word in get_identifiers(text)}
    # Which of several parallel synapses it is, is a number of each synapse like any other, where something names it.
    unsaid = {"lastupdate", *({synapses.multisynaptic_index} - named)}
    found = {name: equation for name, equation in every.items() if name not in unsaid}
    sums = [
        f"{name} = {one.expression.code} : {unit_text(one.target_var.dim)} (summed)"
        for name, one in synapses.summed_updaters.items()
    ]
    text = "\n".join([_text(found.values()), *sums])
    return dict(Equations(_with_ends(text, found, target)))


def _with_ends(text: str, own: Mapping[str, Any], target: Any) -> str:
    """Variables of the target that a script names without an ending get the one that they have here."""
    bare = {name for name in getattr(target, "equations", None) or {} if name not in own} - {"lastspike"}
    return word_substitute(text, {name: f"{name}_post" for name in bare})


def _weight_of(equations: Mapping[str, SingleEquation], on_pre: Sequence[str]) -> str:
    """The variable that stands for the weight: what spikes add, if that is a variable of each synapse, or the one called w."""
    able = {name for name, equation in equations.items() if equation.type != SUBEXPRESSION and "shared" not in equation.flags}
    added = [match[2] for text in on_pre for line in lines(text) if (match := _ADDS.fullmatch(line.strip()))]
    return next((name for name in (WEIGHT, *added, "w") if name in able), "")


def _model(
    synapses: Synapses,
    equations: Mapping[str, SingleEquation],
    texts: Mapping[str, tuple[str, str]],
    namespace: Mapping[str, Any],
    order: np.ndarray,
    own: Mapping[str, str],
    delays: Mapping[str, np.ndarray],
) -> SynapseModel:
    others = [path.objname for path in synapses._pathways if path.event != "spike"]
    if others:
        raise ValueError(f"pathway '{others[0]}' waits for an event; records have spikes only")
    codes = [text for _, text in texts.values()] + [e.expr.code for e in equations.values() if e.expr is not None]
    variables = {word for code in codes for word in get_identifiers(code) if word.endswith(("_pre", "_post"))}
    constants = _constants(codes, {*equations, *variables, *_set_by(text for _, text in texts.values())}, synapses, namespace)
    states = [name for name, equation in equations.items() if equation.type != SUBEXPRESSION and not name.endswith("_post")]
    own_delays = {
        name: each[order] if each.size > 1 else float(each[0])
        for name, each in delays.items()
        if name != "pre" and (each.any() or texts[name][0] == "pre")  # those of the source would take the delay of "pre"
    }
    on = {end: {name: word_substitute(text, own) for name, (at, text) in texts.items() if at == end} for end in ("pre", "post")}
    clocked = Equations([equation for equation in equations.values() if "clock-driven" in equation.flags])
    return SynapseModel(
        word_substitute(_text(equations.values()), {**own, **{f"d{name}/dt": f"d{new}/dt" for name, new in own.items()}}),
        on["pre"] or "",
        on["post"] or "",
        constants,
        {name: _values(synapses.variables[name], order) for name in states if name not in own},
        method=_method(getattr(synapses.state_updater, "method_choice", "exact"), clocked, _described(constants)),
        delays=own_delays,
    )


def _as_pulse(model: SynapseModel, links: Links) -> tuple[SynapseModel, Links, str]:
    """The plain pulse where the model says nothing else: then trials can share synapses, and engines keep only weights."""
    statements = [line for pathway in model.pathways for line in lines(pathway.text)]
    match = _ADDS.fullmatch(statements[0].strip()) if len(statements) == 1 else None
    if match is None or [pathway.name for pathway in model.pathways] != ["pre"]:
        return model, links, ""
    receiver, added = match.groups()
    if added == WEIGHT and set(model.parsed.names) == {WEIGHT}:
        return PULSE, links, receiver
    if added in model.constants and not model.parsed.names:
        return PULSE, links.with_values(weights=model.constants[added]), receiver
    return model, links, ""
