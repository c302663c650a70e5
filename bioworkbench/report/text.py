"""Words and tables of a report: verdict, scores, neurons, projections, methods paragraph, provenance."""

# pyright: reportArgumentType=false
# Brian2 does not type its quantities

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bioworkbench.evaluation import SMALLER_IS_BETTER
from bioworkbench.kinds import KINDS
from bioworkbench.network import INPUT, Network, Projection
from bioworkbench.neurons import NeuronModel
from bioworkbench.quantities import Quantity, format_quantity
from bioworkbench.results.store import RunRecord
from bioworkbench.schema import references
from bioworkbench.trained import Choice

__all__ = [
    "PERCENT",
    "Card",
    "Table",
    "activity_table",
    "cards",
    "cited",
    "methods_paragraph",
    "population_rows",
    "projection_rows",
    "provenance_rows",
    "rivals",
    "score_table",
    "shown",
]

_BRIAN2 = "Brian2: Stimberg, Brette and Goodman, eLife 8, 2019, doi 10.7554/eLife.47314"
_STATISTICS = {
    "mean_rate": "mean rate (Hz)",
    "cv_isi": "CV of ISI",
    "silent_fraction": "silent fraction",
    "synchrony": "synchrony",
    "fano_factor": "Fano factor",
}
PERCENT = ("accuracy", "balanced_accuracy", "silent_fraction")


@dataclass(frozen=True)
class Card:
    """One number of the verdict strip."""

    name: str
    value: str
    note: str = ""
    tone: str = ""
    main: bool = False


@dataclass(frozen=True)
class Table:
    """Header and rows of text; `ours` are the rows to set off."""

    header: list[str]
    rows: list[list[str]]
    ours: tuple[int, ...] = ()


def shown(name: str, value: float | None) -> str:
    """A number as text: percent for shares, three to four digits otherwise, a dash for none."""
    if value is None or not np.isfinite(value):
        return "–"
    if name in PERCENT:
        return f"{100 * value:.1f} %"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def cards(record: RunRecord) -> list[Card]:
    """The verdict strip: score against baselines, activity of the populations, time taken."""
    metrics = record.metrics
    strip = [_score_card(record, name) for name in metrics.get("test", {})]
    activity = {name: metrics["activity"][name] for name in _interesting(record.data.network)}
    for name, label in list(_STATISTICS.items())[:4]:
        values = {population: numbers[name] for population, numbers in activity.items()}
        first, *others = values
        note = ", ".join([first, *(f"{other} {shown(name, values[other])}" for other in others[:3])])
        strip.append(Card(label.split(" (")[0], shown(name, values[first]) + (" Hz" if name == "mean_rate" else ""), note))
    timing = metrics["timing"]
    phases = ", ".join(f"{phase} {timing[phase]:.1f}" for phase in ("build", "train", "simulate") if phase in timing)
    strip.append(Card("time", f"{timing['total']:.1f} s", f"{phases} s, on {record.data.recording.backend}"))
    return strip


def _interesting(network: Network) -> list[str]:
    """Populations, those that only play spikes last."""
    return sorted(network.sizes, key=lambda name: _is_source(network.population(name).model))


def _is_source(model: NeuronModel) -> bool:
    return not model.parsed.diff_eq_names and not model.update


def _score_card(record: RunRecord, name: str) -> Card:
    score = record.metrics["test"][name]
    others = rivals(record.metrics, name)
    if not others or score is None:
        return Card(f"test {_words(name)}", shown(name, score), main=True)
    larger_wins = name not in SMALLER_IS_BETTER
    best = (max if larger_wins else min)(others, key=lambda other: others[other])
    ahead = score > others[best] if larger_wins else score < others[best]
    note = f"best baseline: {best} {shown(name, others[best])}"
    return Card(f"test {_words(name)}", shown(name, score), note, "good" if ahead else "bad", main=True)


def rivals(metrics: Mapping[str, Any], name: str) -> dict[str, float]:
    """Scores of the baselines by name, for one metric."""
    baselines = metrics.get("baselines", {})
    return {_words(other): numbers[name] for other, numbers in baselines.items() if numbers.get(name) is not None}


def _words(name: str) -> str:
    return name.replace("_", " ")


def score_table(metrics: Mapping[str, Any]) -> Table | None:
    """Scores of the network on test and training trials, and of the baselines; None without a task."""
    if not metrics.get("test"):
        return None
    names = list(metrics["test"])
    rows = [["this network", *(shown(n, metrics["test"][n]) for n in names), *(shown(n, metrics["train"].get(n)) for n in names)]]
    for baseline, numbers in metrics["baselines"].items():
        rows.append([_words(baseline), *(shown(name, numbers.get(name)) for name in names), *["–"] * len(names)])
    return Table(["", *(f"{_words(n)}, test" for n in names), *(f"{_words(n)}, training" for n in names)], rows, ours=(0,))


def activity_table(metrics: Mapping[str, Any]) -> Table:
    """Statistics of every population, beside what diffusion theory expects where it applies."""
    theory = metrics.get("theory", {})
    expected = ("mean_rate", "cv_isi") if theory else ()
    rows = [
        [
            population,
            *(shown(name, numbers[name]) for name in _STATISTICS),
            *(shown(name, theory[population][name]) for name in expected),
        ]
        for population, numbers in metrics["activity"].items()
    ]
    return Table(["population", *_STATISTICS.values(), *(f"{_STATISTICS[name]}, theory" for name in expected)], rows)


def population_rows(record: RunRecord) -> list[dict[str, Any]]:
    """Name, size, kind, equations and constants of every population; equations that an earlier one has are not repeated."""
    kinds = {population.name: population.model.kind for population in record.spec.populations}
    rows, known = [], {}
    for population in record.data.network.populations:
        model = population.model
        code = [model.equations.strip(), model.update.strip() and f"each step:\n{model.update.strip()}"]
        code += [f"threshold: {model.threshold or 'none'}", f"reset: {model.reset.strip() or 'none'}"]
        written = "\n".join(line for line in code if line)
        first = known.setdefault(written, population.name)
        constants = [(name, _amount(value)) for name, value in model.constants.items()]
        constants += [] if model.refractory is None else [("refractory", _amount(model.refractory))]
        constants += [(f"{name} at start", _amount(value)) for name, value in model.start.items()]
        rows.append(
            {
                "name": population.name,
                "size": f"{population.size:,}",
                "kind": kinds.get(population.name, "made by the method"),
                "equations": written if first == population.name else f"the same as those of '{first}'",
                "constants": constants,
            }
        )
    return rows


def _amount(value: Any) -> str:
    if isinstance(value, str):
        return value
    array = np.asarray(value, dtype=float)
    if array.ndim:
        low, high = (Quantity(float(f"{end:.4g}"), dim=getattr(value, "dim", None)) for end in (array.min(), array.max()))
        return f"{array.size:,} values from {format_quantity(low)} to {format_quantity(high)}"
    return format_quantity(value) if isinstance(value, Quantity) else f"{float(array):.6g}"


def projection_rows(record: RunRecord) -> list[dict[str, str]]:
    """Ends, number of synapses, topology, weights and delay of every projection."""
    described = {(p.source, p.target): p for p in record.spec.projections}
    return [_projection_row(projection, described.get((projection.source, projection.target)), record.data.network)
            for projection in record.data.network.projections]  # fmt: skip


def _projection_row(projection: Projection, described: Any, network: Network) -> dict[str, str]:
    delay = np.asarray(projection.delay) * 1e3
    n_sources = network.n_channels if projection.source == INPUT else network.sizes[projection.source]
    share = projection.n_synapses / (n_sources * network.sizes[projection.target])
    spread = f"{delay.min():.3g} to {delay.max():.3g} ms" if delay.ndim and delay.size else f"{float(delay.sum()):.3g} ms"
    return {
        "source": projection.source,
        "target": projection.target,
        "synapses": f"{projection.n_synapses:,} ({100 * share:.3g} %)",
        "topology": choice_text(described.topology) if described else "made by the method",
        "weights": choice_text(described.weights) if described else "made by the method",
        "delay": spread,
    }


def choice_text(choice: Choice) -> str:
    """A choice on one line: ``bernoulli(p = 0.1)``; settings at None left out."""
    given = {name: value for name, value in choice.arguments.items() if value is not None}
    inside = ", ".join(f"{name} = {_argument(value)}" for name, value in given.items())
    return f"{choice.kind}({inside})" if inside else choice.kind


def _argument(value: Any) -> str:
    if isinstance(value, Choice):
        return choice_text(value)
    return value if isinstance(value, str) else str(value) if isinstance(value, bool | tuple | list) else _amount_or_text(value)


def _amount_or_text(value: Any) -> str:
    try:
        return _amount(value)
    except (TypeError, ValueError):
        return str(getattr(value, "text", value))


def methods_paragraph(record: RunRecord) -> str:
    """Sentences for the methods section of a paper: network, simulation, task, training, seed."""
    return " ".join([*_network_sentences(record), _simulation_sentence(record), *_training_sentences(record)])


def _network_sentences(record: RunRecord) -> list[str]:
    populations = [f"{p.size:,} {p.model.kind} neurons ('{p.name}')" for p in record.spec.populations]
    sentences = [f"The network consisted of {_listed(populations)}."]
    links = [_link_sentence(row) for row in projection_rows(record)]
    return [*sentences, f"Projections were {_listed(links)}."] if links else sentences


def _link_sentence(row: Mapping[str, str]) -> str:
    delay = "" if row["delay"] == "0 ms" else f", delay {row['delay']}"
    n_synapses = row["synapses"].split(" ")[0]
    return f"{row['source']} to {row['target']} ({n_synapses} synapses, {row['topology']}, weights {row['weights']}{delay})"


def _listed(items: list[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


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
    encoding = f", encoded by {choice_text(spec.input)}" if spec.input else ""
    yield f"The task was {choice_text(spec.task)} with {trials['train']:,} training and {trials['test']:,} test trials{encoding}."
    yield f"The network was trained by {choice_text(spec.method)}."
    scores = [f"{_words(name)} {shown(name, value)}" for name, value in metrics["test"].items()]
    yield f"On the test trials it reached {_listed(scores)}."


def cited(record: RunRecord) -> list[str]:
    """References of everything that took part: Brian2, neuron models, topologies, weights, task, method, feature, readout."""
    spec = record.spec
    functions = [KINDS["neurons"][population.model.kind] for population in spec.populations]
    functions += [KINDS["topologies"][projection.topology.kind] for projection in spec.projections]
    choices = {"tasks": spec.task, "encodings": spec.input, "methods": spec.method}
    functions += [KINDS[kind][choice.kind] for kind, choice in choices.items() if choice is not None]
    models = [population.model.reference for population in record.data.network.populations if population.model.reference]
    documented = [line for function in functions for line in references(function)]
    own = [spec.reference] if spec.reference else []
    return _without_repeats([*own, _BRIAN2, *models, *documented])


def _without_repeats(entries: list[str]) -> list[str]:
    """References without those whose DOIs (or text, where there is none) another one has as well."""
    marks = {entry: set(re.findall(r"10\.\d{4,}/\S*\w", entry)) or {entry} for entry in entries}
    kept: list[str] = []
    for entry in marks:
        if not any(marks[entry] <= marks[other] for other in kept):
            kept = [other for other in kept if not marks[other] <= marks[entry]] + [entry]
    return kept


def provenance_rows(record: RunRecord) -> list[tuple[str, str]]:
    """Seed, fingerprint, versions, machine, commit and times."""
    about, timing = record.provenance, record.metrics["timing"]
    git = about.get("git")
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items() if version)
    commit = "none" if git is None else git["commit"][:12] + (" with uncommitted changes" if git["changed"] else "")
    return [
        ("experiment", f"{record.spec.name}, fingerprint {about['fingerprint']}"),
        ("seed", str(record.spec.seed)),
        ("backend", f"{record.spec.backend} in the spec, {record.data.recording.backend} used"),
        ("finished", about["finished"]),
        ("command", about["command"]),
        ("git commit", commit),
        ("machine", f"{about['machine']['system']}, {about['machine']['n_cores']} cores"),
        ("versions", versions),
        ("wall time", ", ".join(f"{phase} {seconds:.2f} s" for phase, seconds in timing.items())),
    ]
