"""``report.html``: one file that shows what a run did, readable in any browser without a network."""

# pyright: reportArgumentType=false
# neither Matplotlib nor scipy.sparse say precisely what they take and give

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w
from matplotlib.axes import Axes

from bioworkbench.experiment.results.files import write_bytes, write_text
from bioworkbench.experiment.results.record import RunRecord
from bioworkbench.plots import activity, panels, training
from bioworkbench.plots.comparison import suit_scale
from bioworkbench.plots.network import network_diagram
from bioworkbench.plots.pictures import thumbnail
from bioworkbench.plots.style import unparsed
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import softly
from bioworkbench.records.history import NODE_SPARSITY, SCORE, course_of
from bioworkbench.records.network import Projection
from bioworkbench.records.probe import owner_and_variable
from bioworkbench.records.units import Dimension
from bioworkbench.report import text
from bioworkbench.report.drawn import Panel, drawn
from bioworkbench.report.fitted import fit_panels, fit_table
from bioworkbench.report.methods import (
    arrows,
    dimension_of_weights,
    is_identity,
    methods_paragraph,
    projection_rows,
    synapse_rows,
)
from bioworkbench.report.pages import rendered

__all__ = ["SweepCurve", "render", "write_report"]

MAX_BYTES = 5_000_000
THUMBNAIL = "thumbnail.png"


@dataclass(frozen=True)
class SweepCurve:
    """A score over a swept value.

    Parameters
    ----------
    field : str
        The swept field, with its unit: "populations.hidden.sigma (mV)".
    score : str
    x, mean, error : array (n_points,)
        Error: standard error of the mean over seeds.
    n_seeds : int
    names : tuple of str (n_points,)
        Of values that are no numbers; empty for numbers.
    """

    field: str
    score: str
    x: np.ndarray
    mean: np.ndarray
    error: np.ndarray
    n_seeds: int
    names: tuple[str, ...] = ()


def write_report(record: RunRecord, folder: Path, curves: tuple[SweepCurve, ...] = ()) -> Path:
    """Write ``report.html`` into a results folder, and the thumbnail that pages over many runs show.

    Parameters
    ----------
    record : RunRecord
    folder : Path
        The results folder.
    curves : tuple of Curve
        What a sweep of the spec has left so far.

    Returns
    -------
    Path
        Of the report.

    Raises
    ------
    ResultError
        If it cannot be written.
    """
    path = folder / "report.html"
    write_text(path, render(record, curves))
    softly("thumbnail", lambda: write_bytes(folder / THUMBNAIL, thumbnail(record.data.recording)), None, [])
    return path


def render(record: RunRecord, curves: tuple[SweepCurve, ...] = ()) -> str:
    """The report as HTML text.

    Parameters
    ----------
    record : RunRecord
    curves : tuple of SweepCurve
        What a sweep of the spec has left so far.

    Returns
    -------
    str
    """
    failures: list[str] = []
    groups = [group for group in _groups(record, curves, failures) if group["table"] or group["panels"]]
    return rendered(
        "report.html.jinja",
        title=record.spec.name.replace("_", " "),
        subtitle=_subtitle(record),
        cards=text.cards(record),
        groups=groups,
        populations=text.population_rows(record),
        projections=projection_rows(record),
        synapses=synapse_rows(record),
        warnings=(*record.warnings, *failures),
        methods=methods_paragraph(record),
        references=text.cited(record),
        provenance=text.provenance_rows(record),
        spec_text=tomli_w.dumps(record.spec.document),
    )


def _subtitle(record: RunRecord) -> str:
    recording, spec = record.data.recording, record.spec
    alone = "no task" if spec.fit is None else "fitted to a recording"
    task = f"task {spec.task.kind}, method {spec.method.kind}" if spec.task and spec.method else alone
    scale, unit = panels.time_scale(recording.duration)
    return (
        f"{counted(sum(recording.sizes.values()), 'neuron')}, {task}; {counted(recording.n_trials, 'recorded trial')} of "
        f"{recording.duration * scale:g} {unit} in steps of {recording.dt * 1e3:g} ms; seed {spec.seed}"
    )


def _groups(record: RunRecord, curves: tuple[SweepCurve, ...], failures: list[str]) -> Iterator[dict[str, Any]]:
    """Titles, tables and panels; a panel that cannot be drawn becomes a failure, and the others of its kind are left out."""
    groups: dict[str, tuple[Callable[[], text.ReportTable | None], tuple[Iterator[Panel], ...]]] = {
        "Score": (lambda: text.score_table(record.metrics), (_score_panels(record), map(_curve_panel, curves))),
        "Fit": (lambda: fit_table(record), (fit_panels(record),)),
        "Training": (lambda: None, (_history_panels(record), _change_panels(record))),
        "Activity": (lambda: text.activity_table(record.metrics), (_activity_panels(record),)),
        "Network": (lambda: None, (_network_panels(record),)),
    }
    for title, (table, sources) in groups.items():
        made: list[Panel] = []
        for panels_of_group in sources:
            softly(f"further panels of '{title}'", partial(made.extend, panels_of_group), None, failures)
        yield {"title": title, "table": softly(f"table of '{title}'", table, None, failures), "panels": made}


def _score_panels(record: RunRecord) -> Iterator[Panel]:
    answers = record.data.answers
    if answers is None or record.data.trained is None:
        return
    if record.data.trained.readout.rule == "argmax":
        caption = "Rows are the true classes; a perfect readout has 100 % on the diagonal."
        names = record.provenance.get("classes", ())
        draw = partial(panels.confusion_matrix, targets=answers.targets, predictions=answers.predictions, names=names)
        yield drawn(draw, caption, height=4.2)
    else:
        shown = "values of the first test trial" if answers.targets.ndim == 3 else "test trials"
        caption = f"The readout's first output beside what was wanted; the last 500 {shown}."
        ordered = record.provenance.get("forecast", True)
        draw = partial(panels.forecast, targets=answers.targets, predictions=answers.predictions, ordered=ordered)
        yield drawn(draw, caption, wide=True)
    name = next(iter(record.metrics["test"]))
    bars = {"this network": record.metrics["test"][name]} | text.rivals(record.metrics, name)
    scale, label = (100, f"test {name} (%)") if name in text.PERCENT else (1, f"test {name.replace('_', ' ')}")
    scaled = {bar: scale * value for bar, value in bars.items()}
    yield drawn(lambda axes: panels.score_bars(axes, scaled, label), "The same test trials, without a network.", height=4.2)


_FLAT = "Flat at the end: more steps would change little."


def _history_panels(record: RunRecord) -> Iterator[Panel]:
    """What the method followed, quantities of one kind together, and accuracy as neurons fall out."""
    if record.data.trained is None:
        return
    history = record.data.trained.history
    for name, lines in training.history_groups(history, tuple(record.data.network.sizes)).items():
        course = course_of(name)
        caption = f"{course.title.capitalize()} by {course.over}" + (f", of {', '.join(lines)}" if len(lines) > 1 else "")
        draw = partial(training.training_history, name=course.title, lines=lines, steps=course.over)
        yield drawn(draw, f"{caption}. " + ("The lowest is taken." if course.lowest_wins else _FLAT))
    pair = [history.get(name, np.zeros(0)) for name in (NODE_SPARSITY, SCORE)]
    if len(pair[0]) == len(pair[1]) > 1 and np.ptp(pair[0]) > 0:
        draw = partial(training.trajectory, x=pair[0], y=pair[1], xlabel="fraction of neurons cut off", ylabel="validation score")
        yield drawn(draw, "Each dot is a step of training: how many hidden neurons links have left, and how well it does.")


def _change_panels(record: RunRecord) -> Iterator[Panel]:
    """Synapses and weights before and after training, of projections that had any and changed."""
    start, network = record.data.start, record.data.network
    if start is None:
        return
    labels = arrows(network)
    pairs = [(a, b) for a, b in zip(start.projections, network.projections, strict=True) if a.n_synapses and a is not b]
    moved = [(a, b) for a, b in pairs if a.n_synapses != b.n_synapses or (a.weights.indices != b.weights.indices).any()]
    if any(b.source in network.sizes for _, b in moved):
        caption = "Synapses that training left alone, removed, and grew."
        yield drawn(partial(training.adjacency_change, before=start, after=network), caption, height=4.6)
    if moved:
        matrices = [{labels[p.name]: p.weights for p in side} for side in zip(*moved, strict=True)]
        draw = partial(training.degrees_before_and_after, before=matrices[0], after=matrices[1])
        yield drawn(draw, "How many synapses neurons have: thick lines onto them, thin lines from them.", height=4.6)
    for dimension, projections in _by_dimension(record):
        here = [(a, b) for a, b in pairs if any(b is p for p in projections)]
        sides = [{labels[p.name]: p.weights.data for p in side} for side in zip(*here, strict=True)]
        if sides:
            draw = partial(training.weights_before_and_after, before=sides[0], after=sides[1], dimension=dimension)
            yield drawn(draw, "Weights of the synapses that training changed.")


def _curve_panel(curve: SweepCurve) -> Panel:
    def draw(axes: Axes) -> None:
        found = {"this network": (curve.x, curve.mean, curve.error)}
        panels.error_curve(axes, found, curve.field, curve.score, curve.n_seeds)
        if curve.names:  # which have no order that a line could follow
            axes.set_xticks(range(len(curve.names)), list(map(unparsed, curve.names)))
            for line in axes.lines:
                line.set_linestyle("none")
        else:
            suit_scale(axes, "x", curve.x.tolist())

    how = f"by {curve.field}" if curve.names else f"as {curve.field} grows"
    return drawn(draw, f"{curve.score} {how}; bars are standard errors, where there are several seeds.", height=4.2)


def _activity_panels(record: RunRecord) -> Iterator[Panel]:
    recording = record.data.recording
    if recording.spikes:
        caption = (
            "Each dot is a spike, colors are populations. Look for stripes (synchrony), silent rows, and a start that differs."
        )
        yield drawn(lambda axes: panels.raster(axes, recording), caption, wide=True, height=3.8)
        caption = "Mean over the neurons of a population and over all trials. A flat line after the start is a stationary state."
        yield drawn(lambda axes: panels.population_rates(axes, recording), caption)
    for draw, caption in _DISTRIBUTIONS:
        there_was: list[bool] = []
        panel = drawn(lambda axes, d=draw, there_was=there_was: there_was.append(d(axes, recording)), caption)
        if all(there_was):
            yield panel
    for name in recording.traces:
        caption = _OF_NEURONS if owner_and_variable(name)[0] in recording.sizes else _OF_SYNAPSES
        yield drawn(lambda axes, n=name: activity.traced(axes, recording, n), caption)


_OF_NEURONS = (
    "Read at the start of each step. A reset that is cut off, or a line that leaps between points: the record step is long."
)
_OF_SYNAPSES = (
    "Mean over synapses; dark, the middle half of them, light, the middle nine tenths. Flat at the end: learning has settled. A "
    "band that widens: synapses become different."
)


_DISTRIBUTIONS = (
    (activity.rates_of_neurons, "A long tail: few neurons do most of the spiking. A bar at 0: neurons that never spike."),
    (
        activity.interval_histogram,
        "A gap at short intervals is the refractory period, an even decay random firing, a peak a rhythm.",
    ),
    (
        activity.variations,
        "0 is a clock, 1 (dashed) a Poisson process, above 1 bursts. Trains with fewer than 5 intervals are left out.",
    ),
    (
        activity.spectra,
        "1 (dashed): independent Poisson neurons. A peak is a rhythm; below 1, neurons avoid each other.",
    ),
    (
        activity.correlations,
        "Centered at 0: neurons are nearly independent. Shifted to the right: they share input, or fire together.",
    ),
)


def _network_panels(record: RunRecord) -> Iterator[Panel]:
    network = record.data.network
    yield drawn(lambda axes: _draw_network(axes, record), "Which populations project to which.", wide=True, height=2.6)
    # what a rule draws is never held one by one
    shown = [each for each in network.projections if not (each.is_drawn or is_identity(record, each))]
    if not shown:
        return
    labels = arrows(network)
    matrices = {labels[projection.name]: projection.weights for projection in shown}
    caption = "Filled: synapses onto a neuron; outlines: synapses from a neuron."
    yield drawn(lambda axes: panels.degree_histogram(axes, matrices), caption)
    for dimension, projections in _by_dimension(record):
        weights = {labels[projection.name]: projection.weights.data for projection in projections}
        caption = "Weights of all synapses" + (", as training left them." if record.data.trained is not None else ".")
        yield drawn(lambda axes, w=weights, d=dimension: panels.weight_histogram(axes, w, d), caption)
        yield from _learned_panels(record, dimension, projections)


def _learned_panels(record: RunRecord, dimension: Dimension, projections: list[Projection]) -> Iterator[Panel]:
    """Weights before and after a trial, of projections whose synapses change them."""
    learned = record.data.recording.weights
    plastic = [projection for projection in projections if projection.name in learned]
    labels = arrows(record.data.network)
    before = {labels[projection.name]: projection.weights.data for projection in plastic}
    after = {labels[projection.name]: learned[projection.name][-1] for projection in plastic}
    if plastic:
        draw = partial(training.weights_before_and_after, before=before, after=after, dimension=dimension)
        yield drawn(
            draw,
            "Weights of the synapses that learn, before and after the last trial. A heap at an end: they are held at a bound.",
        )


def _draw_network(axes: Axes, record: RunRecord) -> None:
    network, trained = record.data.network, record.data.trained
    if trained is None:
        network_diagram(axes, network)
    else:
        read = trained.feature.arguments.get("populations", list(network.sizes))
        seen = [*([read] if isinstance(read, str) else read), *(network.channels if trained.skip else ())]
        network_diagram(axes, network, seen, len(trained.readout.intercepts))


def _by_dimension(record: RunRecord) -> list[tuple[Dimension, list[Projection]]]:
    """Projections in groups whose weights share a unit."""
    network = record.data.network
    groups: dict[Dimension, list[Projection]] = {}
    for projection in (p for p in network.projections if not (p.is_drawn or is_identity(record, p))):
        groups.setdefault(dimension_of_weights(record, projection), []).append(projection)
    return list(groups.items())
