"""Words and tables of a report: verdict, scores, neurons, references, provenance."""

# pyright: reportArgumentType=false
# Brian2 does not type its quantities

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bioworkbench.experiment.results.record import RunRecord
from bioworkbench.experiment.spec.kinds import KINDS
from bioworkbench.experiment.spec.schema import references
from bioworkbench.experiment.spec.values import PerNeuron
from bioworkbench.neurons import NeuronModel
from bioworkbench.readout.direction import SMALLER_IS_BETTER
from bioworkbench.records.counted import counted
from bioworkbench.records.network import Network, Population
from bioworkbench.records.units import Quantity, format_quantity, parse_quantity
from bioworkbench.report.times import phases_taken
from bioworkbench.report.values import amount

__all__ = [
    "PERCENT",
    "Card",
    "ReportTable",
    "activity_table",
    "background_texts",
    "cards",
    "cited",
    "drawn_texts",
    "model_text",
    "population_rows",
    "provenance_rows",
    "rivals",
    "score_table",
    "shown",
    "words_of",
]

_BRIAN2 = "Brian2: Stimberg, Brette and Goodman, eLife 8, 2019, doi 10.7554/eLife.47314"
_STATISTICS = {
    "mean_rate": "mean rate (Hz)",
    "cv_isi": "CV of ISI",
    "silent_fraction": "silent fraction",
    "synchrony": "synchrony",
    "fano_factor": "Fano factor",
}
_MOST_NAMED = 5
_ROUND_OFF = 1e-9  # of statistics of spikes, such as the variation of the intervals of a clock
_PER_SECOND = parse_quantity("1 Hz").dim
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
class ReportTable:
    """Header and rows of text; `ours` are the rows to set off."""

    header: list[str]
    rows: list[list[str]]
    ours: tuple[int, ...] = ()


def shown(name: str, value: float | None) -> str:
    """A number as text: percent for fractions, three digits otherwise, a dash for none.

    Parameters
    ----------
    name : str
        Of the metric or statistic, which says whether the number is a fraction.
    value : float or None

    Returns
    -------
    str
    """
    if value is None or not np.isfinite(value):
        return "–"
    if name in PERCENT:
        return f"{100 * value:.1f} %"
    if name in _STATISTICS and abs(value) < _ROUND_OFF:
        return "0"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def cards(record: RunRecord) -> list[Card]:
    """The verdict strip: score against baselines, activity of the populations, time taken.

    Parameters
    ----------
    record : RunRecord

    Returns
    -------
    list of Card
    """
    metrics = record.metrics
    strip = [_score_card(record, name) for name in metrics.get("test", {})]
    activity = {name: metrics["activity"][name] for name in _interesting(record.data.network) if name in metrics["activity"]}
    for name, label in list(_STATISTICS.items())[: 4 if activity else 0]:
        values = {population: numbers[name] for population, numbers in activity.items()}
        first = next(iter(values))
        value = shown(name, values.pop(first)) + (" Hz" if name == "mean_rate" else "")
        strip.append(Card(label.split(" (")[0], value, first + _of_others(name, values)))
    timing = metrics["timing"]
    strip.append(Card("time", f"{timing['total']:.1f} s", f"{phases_taken(timing)} s, on {record.data.recording.backend}"))
    return strip


def _of_others(name: str, values: Mapping[str, float | None]) -> str:
    """Each value with its population, or of many populations from where to where they go."""
    numbers = [value for value in values.values() if value is not None and np.isfinite(value)]
    if len(values) > _MOST_NAMED and numbers:
        return f"; {len(values)} others {shown(name, min(numbers))} to {shown(name, max(numbers))}"
    return "".join(f"; {population} {shown(name, value)}" for population, value in values.items())


def _interesting(network: Network) -> list[str]:
    """Populations, those that only play spikes last."""
    models = {population.name: population.model for population in network.populations}
    return sorted(models, key=lambda name: not (models[name].parsed.diff_eq_names or models[name].update))


def _score_card(record: RunRecord, name: str) -> Card:
    score = record.metrics["test"][name]
    others = rivals(record.metrics, name)
    if not others or score is None:
        return Card(f"test {words_of(name)}", shown(name, score), main=True)
    larger_wins = name not in SMALLER_IS_BETTER
    best = (max if larger_wins else min)(others, key=lambda other: others[other])
    ahead = score > others[best] if larger_wins else score < others[best]
    note = f"best baseline: {best} {shown(name, others[best])}"
    return Card(f"test {words_of(name)}", shown(name, score), note, "good" if ahead else "bad", main=True)


def rivals(metrics: Mapping[str, Any], name: str) -> dict[str, float]:
    """Scores of the baselines by name, for one metric.

    Parameters
    ----------
    metrics : mapping
        As in ``metrics.json``.
    name : str
        Of the metric.

    Returns
    -------
    dict
        Scores by the baseline's name with spaces; those that are not defined are left out.
    """
    baselines = metrics.get("baselines", {})
    return {words_of(other): numbers[name] for other, numbers in baselines.items() if numbers.get(name) is not None}


def words_of(name: str) -> str:
    """A `name` as words: "raw_linear" is "raw linear"."""
    return name.replace("_", " ")


def score_table(metrics: Mapping[str, Any]) -> ReportTable | None:
    """Scores of the network on test and training trials, and of the baselines; None without a task.

    Parameters
    ----------
    metrics : mapping
        As in ``metrics.json``.

    Returns
    -------
    ReportTable or None
    """
    if not metrics.get("test"):
        return None
    names = list(metrics["test"])
    rows = [["this network", *(shown(n, metrics["test"][n]) for n in names), *(shown(n, metrics["train"].get(n)) for n in names)]]
    for baseline, numbers in metrics["baselines"].items():
        rows.append([words_of(baseline), *(shown(name, numbers.get(name)) for name in names), *["–"] * len(names)])
    return ReportTable(
        ["", *(f"{words_of(n)}, test" for n in names), *(f"{words_of(n)}, training" for n in names)], rows, ours=(0,)
    )


def activity_table(metrics: Mapping[str, Any]) -> ReportTable | None:
    """Statistics of every population that spikes, beside what diffusion theory expects where it applies; None without any.

    Parameters
    ----------
    metrics : mapping
        As in ``metrics.json``.

    Returns
    -------
    ReportTable or None
    """
    if not metrics["activity"]:
        return None
    theory = metrics.get("theory", {})
    expected = ("mean_rate", "cv_isi") if theory else ()
    rows = [
        [
            population,
            *(shown(name, numbers[name]) for name in _STATISTICS),
            *(shown(name, theory.get(population, {}).get(name)) for name in expected),
        ]
        for population, numbers in metrics["activity"].items()
    ]
    return ReportTable(["population", *_STATISTICS.values(), *(f"{_STATISTICS[name]}, theory" for name in expected)], rows)


def population_rows(record: RunRecord) -> list[dict[str, Any]]:
    """Name, size, kind, equations and constants of every population; equations that an earlier one has are not repeated.

    Parameters
    ----------
    record : RunRecord

    Returns
    -------
    list of dict
        What the template shows of each population.
    """
    kinds = {population.name: population.model.kind for population in record.spec.populations}
    rows, known = [], {}
    for population in record.data.network.populations:
        model, written = population.model, model_text(population.model)
        first = known.setdefault(written, population.name)
        drawn = drawn_texts(record, population.name)
        constants = [
            (name, " of ".join(filter(None, (amount(value), drawn.get(name))))) for name, value in model.constants.items()
        ]
        constants += [] if model.refractory is None else [("refractory", amount(model.refractory))]
        constants += [(f"{name} at start", amount(value)) for name, value in model.start.items()]
        constants += [("background", told) for told in background_texts(population)]
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


def drawn_texts(record: RunRecord, population: str) -> dict[str, str]:
    """Distributions and expressions that a spec gives in place of settings; none where a method may have changed the values.

    Parameters
    ----------
    record : RunRecord
    population : str

    Returns
    -------
    dict
        Text by the name of the setting.
    """
    found = next((p.model.arguments for p in record.spec.populations if p.name == population), {})
    given = {**found, **(found.get("constants") or {})} if record.spec.method is None else {}
    return {name: value.text for name, value in given.items() if isinstance(value, PerNeuron)}


def background_texts(population: Population) -> list[str]:
    """What every neuron of a population gets from sources that the network does not hold, in words.

    Parameters
    ----------
    population : Population

    Returns
    -------
    list of str
        One for each of its `background`.
    """
    variables: Any = population.model.parsed
    return [
        f"{'the mean of ' * given.regular}{counted(given.n, 'Poisson source')} of {format_quantity(Quantity(given.rate, dim=_PER_SECOND))} "
        f"onto {given.receives} with weight {format_quantity(Quantity(given.weight, dim=variables[given.receives].dim))}"
        for given in population.background
    ]


def model_text(model: NeuronModel) -> str:
    """Equations, threshold and reset of a model as text.

    Parameters
    ----------
    model : NeuronModel

    Returns
    -------
    str
    """
    code = [model.equations.strip(), model.update.strip() and f"each step:\n{model.update.strip()}"]
    code += [f"threshold: {model.threshold or 'none'}", f"reset: {model.reset.strip() or 'none'}"]
    return "\n".join(line for line in code if line)


def cited(record: RunRecord) -> list[str]:
    """References of everything that took part: Brian2, neuron models, topologies, weights, task, method, feature, readout.

    Parameters
    ----------
    record : RunRecord

    Returns
    -------
    list of str
        Each once, in that order; the spec's own reference comes first.
    """
    spec = record.spec
    functions = [KINDS["neurons"][population.model.kind] for population in spec.populations]
    functions += [KINDS["topologies"][p.topology.kind] for p in spec.projections if p.topology is not None]
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
    """Seed, fingerprint, versions, machine, commit and times.

    Parameters
    ----------
    record : RunRecord

    Returns
    -------
    list of (str, str)
        Label and value.
    """
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
