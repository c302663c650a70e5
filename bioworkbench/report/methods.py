"""What was simulated, in words: populations, projections as training left them, and the methods paragraph.

A spec says how a network begins. Where a method changed or made synapses, the spec's topology and weights are not those that were
simulated, and are not told here.
"""

# pyright: reportArgumentType=false
# Brian2 does not type its quantities

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from bioworkbench.experiment.results.record import RunRecord
from bioworkbench.experiment.spec.kinds import KINDS
from bioworkbench.experiment.spec.records import StimulusSpec
from bioworkbench.records.counted import counted
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.neuron import NeuronModel
from bioworkbench.records.synapse import PULSE
from bioworkbench.records.synapse_text import weight_dimension
from bioworkbench.records.units import Dimension, Quantity, format_quantity, unit_text
from bioworkbench.report.text import background_texts, drawn_texts, shown, words_of
from bioworkbench.report.values import amount, choice_text

__all__ = ["arrows", "dimension_of_weights", "is_identity", "methods_paragraph", "projection_rows", "synapse_rows"]


def arrows(network: Network) -> dict[str, str]:
    """What a report calls each projection.

    Parameters
    ----------
    network : Network

    Returns
    -------
    dict
        By the name of the projection: its ends and, where several have the same ends, that name too.
    """
    ends = {p.name: f"{p.source} → {p.target}" for p in network.projections}
    alike = Counter(ends.values())
    return {name: f"{between} ({name})" if alike[between] > 1 else between for name, between in ends.items()}


def projection_rows(record: RunRecord) -> list[dict[str, str]]:
    """Every projection as it was simulated.

    Parameters
    ----------
    record : RunRecord

    Returns
    -------
    list of dict
        source, target, receiver, synapses, synapse, topology, weights, delay: in words.
    """
    return [_projection_row(record, projection) for projection in record.data.network.projections]


def _projection_row(record: RunRecord, projection: Projection) -> dict[str, str]:
    network = record.data.network
    n_sources = projection.links.shape[0]
    fraction = projection.n_synapses / (n_sources * network.sizes[projection.target])
    described = None if _was_trained(record, projection) else _described(record, projection)
    stimulus = _acting(record, projection)
    origin = _origin(record) if stimulus is None else "one to one" if stimulus.each else "all to all"
    if is_identity(record, projection):
        values = "values of the stimulus"
    elif projection.drawn is not None:
        values = str(projection.drawn.weights)
    else:
        spread = _spread(projection.links.weights, dimension_of_weights(record, projection))
        values = f"{spread}, {origin}" if stimulus is None else spread
    told = None if described is None or projection.is_drawn else described.weights
    return {
        "source": projection.source,
        "target": projection.target,
        "receiver": _receiver(record, projection),
        "synapses": f"{projection.n_synapses:,} ({100 * fraction:.3g} %)",
        "synapse": _synapse_kind(record, projection),
        "topology": choice_text(described.topology, KINDS["topologies"]) if described and described.topology else origin,
        "weights": choice_text(told, KINDS["weights"]) if told else values,
        "delay": _delay(projection),
    }


def is_identity(record: RunRecord, projection: Projection) -> bool:
    """Whether the weights of a projection are ones, since it hands on the values of a stimulus that acts on a population directly.

    Parameters
    ----------
    record : RunRecord
    projection : Projection
        Of the record's network.

    Returns
    -------
    bool
    """
    stimulus = _acting(record, projection)
    return stimulus is not None and stimulus.weight is None


def _acting(record: RunRecord, projection: Projection) -> StimulusSpec | None:
    """The stimulus of the spec that names the target of a projection as its own."""
    stimulus = record.spec.stimuli.get(projection.source)
    named = stimulus is not None and projection.target in stimulus.targets and _described(record, projection) is None
    return stimulus if named else None


def _synapse_kind(record: RunRecord, projection: Projection) -> str:
    described = _described(record, projection)
    return described.synapse.kind if described else "pulse" if projection.synapse == PULSE else "custom"


def synapse_rows(record: RunRecord) -> list[dict[str, Any]]:
    """Models of synapses that do more than add their weight, and the projections that have them.

    Parameters
    ----------
    record : RunRecord

    Returns
    -------
    list of dict
        names, kind, text (equations and statements) and constants (pairs of name and text).
    """
    found: dict[tuple[Any, ...], list[str]] = {}
    labels = arrows(record.data.network)
    for projection in record.data.network.projections:
        if projection.synapse != PULSE:
            constants = tuple((name, amount(value)) for name, value in projection.synapse.constants.items())
            start = tuple((f"{name} at start", amount(value)) for name, value in projection.synapse.start.items())
            model = _synapse_kind(record, projection), _synapse_text(record, projection), constants + start
            found.setdefault(model, []).append(labels[projection.name])
    return [
        {"names": ", ".join(names), "kind": kind, "text": text, "constants": constants}
        for (kind, text, constants), names in found.items()
    ]


def _synapse_text(record: RunRecord, projection: Projection) -> str:
    """Equations and statements of a synapse, with the variable that receives in its place."""
    synapse, receiver = projection.synapse, _receiver(record, projection)
    unit = unit_text(dimension_of_weights(record, projection))
    equations = synapse.equations.replace("{unit}", unit).replace("{receiver}", receiver).strip()
    lines = [line.strip() for line in equations.splitlines()]
    for pathway in synapse.pathways:
        lines += [f"{pathway.words}: {line}" for line in pathway.statements(receiver)]
    return "\n".join(lines)


def _described(record: RunRecord, projection: Projection) -> Any:
    """What the spec says about a projection; None if it says nothing."""
    return next((p for p in record.spec.projections if _ends(p) == _ends(projection)), None)


def _ends(projection: Any) -> tuple[str, str, str]:
    """Name and ends of a projection, of a spec or of a network."""
    return projection.name, projection.source, projection.target


def _was_trained(record: RunRecord, projection: Projection) -> bool:
    """Whether a method changed or made the synapses of a projection."""
    if record.spec.method is None:
        return False
    network, start = record.data.network, record.data.start
    if start is not None:  # what training left alone is the same record there
        return not any(before is projection for before in start.projections)
    same_sizes = network.sizes == {population.name: population.size for population in record.spec.populations}
    return not same_sizes or set(map(_ends, record.spec.projections)) != set(map(_ends, network.projections))


def _origin(record: RunRecord) -> str:
    where = "script" if record.spec.network is None else "file"
    return f"as {record.spec.method.kind} left them" if record.spec.method else f"given by the {where}"


def _receiver(record: RunRecord, projection: Projection) -> str:
    """Variable of the target that is acted on."""
    by_current = projection.source not in record.data.network.sizes and record.provenance.get("stimulus") == "current"
    return projection.receives or "drive" if by_current else record.data.network.receiver(projection)


def dimension_of_weights(record: RunRecord, projection: Projection) -> Dimension:
    """Dimension of the weights of a projection: that of the variable that they act on.

    Parameters
    ----------
    record : RunRecord
    projection : Projection
        Of the record's network.

    Returns
    -------
    Dimension
    """
    network: Network = record.data.network
    return weight_dimension(projection.synapse, network.population(projection.target).model, _receiver(record, projection))


def _spread(values: np.ndarray, dimension: Dimension) -> str:
    """Values in words: one, or their ends, mean and standard deviation."""
    if not values.size:
        return "none"
    low, high, mean, deviation = (
        _quantity(value, dimension) for value in (values.min(), values.max(), values.mean(), values.std())
    )
    return low if values.min() == values.max() else f"from {low} to {high} (mean {mean}, standard deviation {deviation})"


def _quantity(value: float, dimension: Dimension) -> str:
    return format_quantity(Quantity(float(f"{value:.3g}"), dim=dimension))


def _delay(projection: Projection) -> str:
    if projection.drawn is not None:
        return str(projection.drawn.delays)
    delay = np.asarray(projection.delay) * 1e3
    if not delay.ndim or not delay.size or delay.min() == delay.max():
        return f"{float(delay.max()) if delay.size else 0.0:.3g} ms"
    return f"{delay.min():.3g} to {delay.max():.3g} ms"


def methods_paragraph(record: RunRecord) -> str:
    """Sentences for the methods section of a paper: network, simulation, task, training, seed.

    Parameters
    ----------
    record : RunRecord

    Returns
    -------
    str
        What was simulated: synapses, weights and delays as training left them.
    """
    return " ".join(
        [*_network_sentences(record), _simulation_sentence(record), *_training_sentences(record), *_fit_sentences(record)]
    )


def _network_sentences(record: RunRecord) -> Iterator[str]:
    yield f"The network consisted of {'; '.join(_populations(record))}."
    projections = record.data.network.projections
    links = [_link_sentence(_projection_row(record, each)) for each in projections if not is_identity(record, each)]
    if links:
        yield f"Projections were {_listed(links, '; ')}."
    stimuli = [
        f"'{name}', {choice_text(stimulus.choice, KINDS['stimuli'])}{_acts_on(record, name)}"
        for name, stimulus in record.spec.stimuli.items()
    ]
    if stimuli:
        yield f"Stimuli were {_listed(stimuli, '; ')}."


def _acts_on(record: RunRecord, stimulus: str) -> str:
    """On what a stimulus acts directly, in words."""
    reached = [p for p in record.data.network.projections if p.source == stimulus and is_identity(record, p)]
    return f" onto {_listed([f'{_receiver(record, p)} of {p.target}' for p in reached])}" if reached else ""


def _populations(record: RunRecord) -> Iterator[str]:
    """Size, kind, name, settings and background of each population; settings that several have are told of the first."""
    told: dict[tuple[str, ...], str] = {}
    models = {described.name: described.model for described in record.spec.populations}
    for population in record.data.network.populations:
        model, kind, parts = models.get(population.name), "neuron", list[str]()
        if model is not None:
            named = "equations" not in model.arguments  # a kind, whose equations are known
            kind = f"{model.kind} neuron" if named else kind
            parts = [] if named else _equations(population.model)
            parts += _settings(population, drawn_texts(record, population.name))
        first = told.setdefault((kind, *parts), population.name) if parts else population.name
        parts = parts if first == population.name else [f"the settings of '{first}'"]
        parts += [f"background of {text}" for text in background_texts(population)]
        origin = f" {_origin(record)}" if model is None else ""
        yield f"{counted(population.size, kind)} ('{population.name}'){origin}{_with(parts)}"


def _with(parts: list[str]) -> str:
    return f" with {', '.join(parts)}" if parts else ""


def _equations(model: NeuronModel) -> list[str]:
    """Equations, threshold and reset on one line each."""
    lines = [line.strip() for line in f"{model.equations}\n{model.update}".splitlines() if line.strip()]
    parts = [f"the equations {'; '.join(lines)}"]
    parts += [f"threshold {model.threshold}"] * bool(model.threshold)
    return parts + [f"reset {'; '.join(filter(None, map(str.strip, model.reset.splitlines())))}"] * bool(model.reset.strip())


def _settings(population: Population, drawn: Mapping[str, str]) -> list[str]:
    """Refractory period, constants and start values."""
    model = population.model
    parts = [] if model.refractory is None else [f"refractory period {amount(model.refractory)}"]
    parts += [f"{name} = {drawn.get(name) or amount(value)}" for name, value in model.constants.items()]
    return parts + [f"{name} = {amount(value)} at the start" for name, value in model.start.items()]


def _link_sentence(row: dict[str, str]) -> str:
    delay = "" if row["delay"] == "0 ms" else f", delay {row['delay']}"
    onto = f" onto {row['receiver']}" if row["receiver"] else ""
    kind = "" if row["synapse"] == "pulse" else f" of kind {row['synapse']}"
    number = row["synapses"].split(" ")[0]
    synapses = f"{number} synapse" if number == "1" else f"{number} synapses"
    return f"{row['source']} to {row['target']}{onto} ({synapses}{kind}, {_links(row)}{delay})"


def _links(row: dict[str, str]) -> str:
    """Topology and weights; the origin of those that a method left is told once."""
    return (
        f"weights {row['weights']}"
        if row["weights"].endswith(row["topology"])
        else f"{row['topology']}, weights {row['weights']}"
    )


def _listed(items: list[str], comma: str = ", ") -> str:
    return items[0] if len(items) == 1 else f"{comma.join(items[:-1])} and {items[-1]}"


def _simulation_sentence(record: RunRecord) -> str:
    recording, used = record.data.recording, record.provenance["versions"]
    version = used["bioworkbench"] or "(source tree)"
    return (
        f"It was simulated with Brian2 {used['brian2']} (Stimberg et al. 2019; backend {recording.backend}) through "
        f"bioworkbench {version}, in steps of {recording.dt * 1e3:g} ms for {recording.duration * 1e3:g} ms per trial, "
        f"with all random numbers derived from seed {record.spec.seed}."
    )


def _training_sentences(record: RunRecord) -> Iterable[str]:
    spec, metrics = record.spec, record.metrics
    if spec.task is None or spec.method is None:
        return
    trials = metrics["trials"]
    encoding = f", encoded by {choice_text(spec.input, KINDS['encodings'])}" if spec.input else ""
    source = f" ({record.provenance['task']})" if record.provenance.get("task") else ""
    task = f"{choice_text(spec.task, KINDS['tasks'])}{source}"
    yield f"The task was {task} with {trials['train']:,} training and {trials['test']:,} test trials{encoding}."
    yield f"The network was trained by {choice_text(spec.method, KINDS['methods'])}."
    scores = [f"{words_of(name)} {shown(name, value)}" for name, value in metrics["test"].items()]
    yield f"On the test trials it reached {_listed(scores)}."


def _fit_sentences(record: RunRecord) -> Iterable[str]:
    """What was fitted to what."""
    fit, settings = record.data.fit, record.spec.fit
    if fit is None or settings is None:
        return
    trials = record.metrics["trials"]
    what = f"{fit.variable} of {fit.population}" if fit.variable else f"the spikes of {fit.population}"
    part = (
        counted(trials["train"], "trial")
        if fit.first_held_out
        else f"the first {fit.unseen_from * 1e3:g} ms of {counted(trials['train'], 'trial')}"
    )
    yield (
        f"{counted(len(fit.values), 'setting')} {'were' if len(fit.values) > 1 else 'was'} fitted so that {what} came close to a "
        f"recording, on {part}, by differential evolution (Storn and Price 1997, doi "
        f"10.1023/A:1008202821328): {len(fit.tried['distance']):,} sets, {settings.n_sets} in a generation."
    )
