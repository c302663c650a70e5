"""``report.html``: one file that shows what a run did, readable in any browser without a network."""

# pyright: reportArgumentType=false
# neither Matplotlib nor scipy.sparse say precisely what they take and give

import base64
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import tomli_w
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from bioworkbench.network import INPUT, Network, Projection
from bioworkbench.plots import panels, training
from bioworkbench.plots.network import network_diagram
from bioworkbench.quantities import Dimension
from bioworkbench.report import text
from bioworkbench.results.files import write_text
from bioworkbench.results.store import RunRecord

__all__ = ["Curve", "Panel", "render", "write_report"]

MAX_BYTES = 5_000_000


@dataclass(frozen=True)
class Panel:
    """A figure as a data URI, and the sentence under it."""

    image: str
    caption: str
    wide: bool = False


@dataclass(frozen=True)
class Curve:
    """A score over a swept value.

    Parameters
    ----------
    field : str
        The swept field, with its unit: "populations.hidden.sigma (mV)".
    score : str
    x, mean, error : array (n_points,)
        Error: standard error of the mean over seeds.
    n_seeds : int
    """

    field: str
    score: str
    x: np.ndarray
    mean: np.ndarray
    error: np.ndarray
    n_seeds: int


def write_report(record: RunRecord, folder: Path, curves: tuple[Curve, ...] = ()) -> Path:
    """Write ``report.html`` into a results folder.

    Raises
    ------
    ResultError
        If it cannot be written.
    """
    path = folder / "report.html"
    write_text(path, render(record, curves))
    return path


def render(record: RunRecord, curves: tuple[Curve, ...] = ()) -> str:
    """The report as HTML text.

    Parameters
    ----------
    record : RunRecord
    curves : tuple of Curve
        What a sweep of the spec has left so far.
    """
    environment = Environment(
        loader=PackageLoader("bioworkbench"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    with matplotlib.rc_context(panels.STYLE):
        groups = [group for group in _groups(record, curves) if group["table"] or group["panels"]]
    return environment.get_template("report.html.jinja").render(
        title=record.spec.name.replace("_", " "),
        subtitle=_subtitle(record),
        cards=text.cards(record),
        groups=groups,
        populations=text.population_rows(record),
        projections=text.projection_rows(record),
        warnings=record.warnings,
        methods=text.methods_paragraph(record),
        references=text.cited(record),
        provenance=text.provenance_rows(record),
        spec_text=tomli_w.dumps(record.spec.document),
    )


def _subtitle(record: RunRecord) -> str:
    recording, spec = record.data.recording, record.spec
    task = f"task {spec.task.kind}, method {spec.method.kind}" if spec.task and spec.method else "no task"
    return (
        f"{sum(recording.sizes.values()):,} neurons, {task}; {recording.n_trials:,} recorded trials of "
        f"{recording.duration * 1e3:g} ms in steps of {recording.dt * 1e3:g} ms; seed {spec.seed}"
    )


def _groups(record: RunRecord, curves: tuple[Curve, ...]) -> Iterator[dict[str, Any]]:
    scores = text.score_table(record.metrics)
    yield {"title": "Score", "table": scores, "panels": [*_score_panels(record), *map(_curve_panel, curves)]}
    yield {"title": "Training", "table": None, "panels": [*_history_panels(record), *_change_panels(record)]}
    yield {"title": "Activity", "table": text.activity_table(record.metrics), "panels": list(_activity_panels(record))}
    yield {"title": "Network", "table": None, "panels": list(_network_panels(record))}


def _panel(draw: Callable[[Axes], Any], caption: str, *, wide: bool = False, height: float = 3.2) -> Panel:
    """Draw on a new figure and pack it as SVG, dense point clouds as pixels inside."""
    figure = Figure(figsize=(11.0 if wide else 5.5, height), layout="constrained", dpi=110)
    FigureCanvasSVG(figure)
    draw(figure.subplots())
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return Panel(f"data:image/svg+xml;base64,{base64.b64encode(buffer.getvalue()).decode()}", caption, wide)


def _score_panels(record: RunRecord) -> Iterator[Panel]:
    answers = record.data.answers
    if answers is None or record.data.trained is None:
        return
    if record.data.trained.readout.rule == "argmax":
        caption = "Rows are the true classes; a perfect readout has 100 % on the diagonal."
        yield _panel(lambda axes: panels.confusion_matrix(axes, answers.targets, answers.predictions), caption, height=4.2)
    else:
        caption = "The readout's output beside what was wanted; the last 500 values of the first test trial."
        yield _panel(lambda axes: panels.forecast(axes, answers.targets, answers.predictions), caption, wide=True)
    name = next(iter(record.metrics["test"]))
    bars = {"this network": record.metrics["test"][name]} | text.rivals(record.metrics, name)
    scale, label = (100, f"test {name} (%)") if name in text.PERCENT else (1, f"test {name}")
    scaled = {bar: scale * value for bar, value in bars.items()}
    yield _panel(lambda axes: panels.score_bars(axes, scaled, label), "The same test trials, without a network.", height=4.2)


def _history_panels(record: RunRecord) -> Iterator[Panel]:
    """What the method followed, quantities of one kind together, and accuracy as neurons fall out."""
    if record.data.trained is None:
        return
    history = record.data.trained.history
    for name, lines in training.history_groups(history, tuple(record.data.network.sizes)).items():
        over = "simulation steps" if name.endswith("_by_steps") else "training step"
        title = name.removesuffix("_by_steps")
        caption = f"{title.replace('_', ' ')} by {over}" + (f", of {', '.join(lines)}." if len(lines) > 1 else ".")
        yield _panel(lambda axes, n=title, v=lines, o=over: training.training_history(axes, n, v, o), caption.capitalize())
    pair = [history.get(name, np.zeros(0)) for name in ("node_sparsity", "score")]
    if len(pair[0]) == len(pair[1]) > 1 and np.ptp(pair[0]) > 0:
        draw = partial(training.trajectory, x=pair[0], y=pair[1], xlabel="share of neurons cut off", ylabel="validation score")
        yield _panel(draw, "Each dot is a step of training: how many hidden neurons links have left, and how well it does.")


def _change_panels(record: RunRecord) -> Iterator[Panel]:
    """Synapses and weights before and after training, of projections that had any and changed."""
    start, network = record.data.start, record.data.network
    if start is None:
        return
    pairs = [(a, b) for a, b in zip(start.projections, network.projections, strict=True) if a.n_synapses and a is not b]
    moved = [(a, b) for a, b in pairs if a.n_synapses != b.n_synapses or (a.weights.indices != b.weights.indices).any()]
    if any(b.source != INPUT for _, b in moved):
        caption = "Synapses that training left alone, removed, and grew."
        yield _panel(partial(training.adjacency_change, before=start, after=network), caption, height=4.6)
    if moved:
        matrices = [{_arrow(p): p.weights for p in side} for side in zip(*moved, strict=True)]
        draw = partial(training.degrees_before_and_after, before=matrices[0], after=matrices[1])
        yield _panel(draw, "How many synapses neurons have: thick lines onto them, thin lines from them.", height=4.6)
    for dimension, projections in _by_dimension(record):
        here = [(a, b) for a, b in pairs if any(b is p for p in projections)]
        sides = [{_arrow(p): p.weights.data for p in side} for side in zip(*here, strict=True)]
        if sides:
            draw = partial(training.weights_before_and_after, before=sides[0], after=sides[1], dimension=dimension)
            yield _panel(draw, "Weights of the synapses that training changed.")


def _curve_panel(curve: Curve) -> Panel:
    def draw(axes: Axes) -> None:
        panels.error_curve(axes, {"this network": (curve.x, curve.mean, curve.error)}, curve.field, curve.score, curve.n_seeds)

    return _panel(draw, f"{curve.score} as {curve.field} grows; bars are standard errors over seeds.", height=4.2)


def _activity_panels(record: RunRecord) -> Iterator[Panel]:
    recording = record.data.recording
    yield _panel(
        lambda axes: panels.raster(axes, recording), "Each dot is a spike; colors are populations.", wide=True, height=3.8
    )
    yield _panel(
        lambda axes: panels.population_rates(axes, recording), "Mean over the neurons of a population and over all trials."
    )
    for name, trace in recording.traces.items():
        dimension = _dimension(record.data.network, *name.split("."))
        caption = f"{name} as Brian2 integrated it, read at the start of each step."
        yield _panel(lambda axes, n=name, t=trace, d=dimension: panels.traces(axes, n, t, recording.duration, d), caption)


def _dimension(network: Network, population: str, variable: str) -> Dimension:
    return network.population(population).model.parsed[variable].dim


def _network_panels(record: RunRecord) -> Iterator[Panel]:
    network = record.data.network
    yield _panel(lambda axes: _draw_network(axes, record), "Who projects to whom.", wide=True, height=2.6)
    if not network.projections:
        return
    matrices = {_arrow(projection): projection.weights for projection in network.projections}
    caption = "Filled: synapses onto a neuron; outlines: synapses from a neuron."
    yield _panel(lambda axes: panels.degree_histogram(axes, matrices), caption)
    for dimension, projections in _by_dimension(record):
        weights = {_arrow(projection): projection.weights.data for projection in projections}
        caption = "Weights of all synapses" + (", as training left them." if record.data.trained is not None else ".")
        yield _panel(lambda axes, w=weights, d=dimension: panels.weight_histogram(axes, w, d), caption)


def _draw_network(axes: Axes, record: RunRecord) -> None:
    network, trained = record.data.network, record.data.trained
    if trained is None:
        network_diagram(axes, network)
    else:
        read = trained.feature.arguments.get("populations", list(network.sizes))
        network_diagram(axes, network, [read] if isinstance(read, str) else read, len(trained.readout.intercepts))


def _by_dimension(record: RunRecord) -> list[tuple[Dimension, list[Projection]]]:
    """Projections in groups whose weights share a unit."""
    network = record.data.network
    groups: dict[Dimension, list[Projection]] = {}
    for projection in network.projections:
        by_current = projection.source == INPUT and record.provenance["stimulus"] == "current"
        variable = "drive" if by_current else network.receiver(projection)
        groups.setdefault(_dimension(network, projection.target, variable), []).append(projection)
    return list(groups.items())


def _arrow(projection: Projection) -> str:
    return f"{projection.source} → {projection.target}"
