"""The page of a sweep: scores over the swept fields as curves and heat maps, the settings as a table, and what failed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from matplotlib.axes import Axes

from bioworkbench.experiment.results.columns import cell_text, numeric, order, texts, unit_of_metric
from bioworkbench.experiment.results.files import write_text
from bioworkbench.experiment.results.reading import SEED, Summary, each_summary
from bioworkbench.experiment.results.swept import Sweep
from bioworkbench.plots import panels
from bioworkbench.plots.comparison import suit_scale
from bioworkbench.plots.style import unparsed
from bioworkbench.records.averages import mean_and_error
from bioworkbench.records.counted import counted
from bioworkbench.report.drawn import Panel, drawn
from bioworkbench.report.pages import rendered

__all__ = ["write_sweep_page"]

_MOST_METRICS, _MOST_LINES, _MOST_PANELS, _MOST_ROWS = 6, 8, 24, 500


@dataclass(frozen=True)
class _Setting:
    """Values of the swept fields but the seed, numbers where they can be, as texts too, and the runs that have them."""

    values: tuple[Any, ...]
    texts: tuple[str, ...]
    runs: tuple[Summary, ...]

    def score(self, metric: str) -> tuple[float, float]:
        """Mean and standard error over the seeds; NaN where there is none."""
        found = [run.numbers[metric] for run in self.runs if run.numbers.get(metric) is not None]
        mean, error = mean_and_error(found) if found else (np.nan, None)
        return mean, np.nan if error is None else error


def write_sweep_page(sweep: Sweep) -> Path:
    """Write the page of a sweep beside its file.

    Parameters
    ----------
    sweep : Sweep

    Returns
    -------
    Path

    Raises
    ------
    ResultError
        If it cannot be written.
    """
    runs, damaged = _read(sweep)
    names, settings = _settings(sweep, runs)
    metrics = _metrics([run for _, run in runs])
    counts = {status: sum(outcome.status == status for outcome in sweep) for status in ("done", "found", "failed")}
    left = max(0, len(settings) - _MOST_ROWS)
    page = rendered(
        "sweep.html.jinja",
        title=f"Sweep of {sweep.experiment.replace('_', ' ')}",
        subtitle=f"{counted(len(sweep), 'point')} over {', '.join(sweep.fields)}: "
        + ", ".join(f"{n:,} {status}" for status, n in counts.items() if n),
        panels=list(_panels(names, settings, metrics)),
        header=[*names, *(f"{unit_of_metric(metric)} ± error".removeprefix("activity.") for metric in metrics), "n", "runs"],
        rows=[_row(setting, metrics) for setting in settings[:_MOST_ROWS]],
        left=left,
        failures=(failures := [(outcome.point.name, outcome.error) for outcome in sweep.failures] + damaged)[:_MOST_ROWS],
        more_failures=max(0, len(failures) - _MOST_ROWS),
    )
    path = sweep.file.with_suffix(".html")
    write_text(path, page)
    return path


def _read(sweep: Sweep) -> tuple[list[tuple[dict[str, Any], Summary]], list[tuple[str, str]]]:
    """Values and summary of every point that was run, and why others cannot be read."""
    tried = [outcome for outcome in sweep if outcome.status != "failed"]
    found = dict(each_summary(outcome.point.folder for outcome in tried))
    runs, damaged = [], []
    for outcome in tried:
        run = found[outcome.point.folder]
        if isinstance(run, Summary):
            runs.append((dict(outcome.point.values), run))
        else:
            damaged.append((outcome.point.name, str(run)))
    return runs, damaged


def _settings(sweep: Sweep, runs: Sequence[tuple[dict[str, Any], Summary]]) -> tuple[list[str], list[_Setting]]:
    """Names of the fields that vary, but for the seed, with units, and the settings in order of their values.

    The field with the most values comes first: it is the one that curves run over.
    """
    n_values = {name: len({repr(outcome.point.values.get(name)) for outcome in sweep}) for name in sweep.fields if name != SEED}
    fields = sorted((name for name, n in n_values.items() if n > 1), key=lambda name: -n_values[name])
    columns = [numeric(name, [values.get(name) for values, _ in runs]) for name in fields]
    rows = list(zip(*(values for _, values in columns), strict=True)) if columns else [()] * len(runs)
    ranked = order([values for _, values in columns]) if columns else range(len(runs))
    groups = groupby(ranked, key=lambda k: repr(rows[k]))
    written = list(zip(*(texts(values) for _, values in columns), strict=True)) if columns else rows
    settings = []
    for _, group in groups:
        first, *others = group
        settings.append(_Setting(rows[first], written[first], tuple(runs[k][1] for k in (first, *others))))
    return [name for name, _ in columns], settings


def _metrics(runs: Sequence[Summary]) -> list[str]:
    names = dict.fromkeys(name for run in runs for name in run.scores)
    usual = dict.fromkeys(f"activity.{p}.{s}" for run in runs for p in run.activity for s in ("mean_rate", "cv_isi"))
    return list(names or usual)[:_MOST_METRICS]


def _row(setting: _Setting, metrics: Sequence[str]) -> dict[str, Any]:
    scores = []
    for metric in metrics:
        mean, error = setting.score(metric)
        scores.append("–" if np.isnan(mean) else f"{mean:.4g}" + ("" if np.isnan(error) else f" ± {error:.2g}"))
    cells = [*setting.texts, *scores, str(len(setting.runs))]
    links = [(str(run.fields.get(SEED)), f"{quote(run.folder.name)}/{_entrance(run.folder)}") for run in setting.runs]
    return {"cells": cells, "links": links}


def _entrance(folder: Path) -> str:
    return "report.html" if (folder / "report.html").is_file() else ""


def _panels(names: Sequence[str], settings: Sequence[_Setting], metrics: Sequence[str]) -> Iterator[Panel]:
    """Curves for one field; curves and a heat map for two; for more, those of the first two with each setting of the rest."""
    if names and len(settings) > 1:
        yield from islice(_of_all_rests(names, settings, metrics), _MOST_PANELS)


def _of_all_rests(names: Sequence[str], settings: Sequence[_Setting], metrics: Sequence[str]) -> Iterator[Panel]:
    rests: dict[str, list[_Setting]] = {}
    for setting in settings:
        rests.setdefault(repr(setting.values[2:]), []).append(setting)
    for metric in metrics:
        for inside in rests.values():
            rest = ", ".join(f"{name} = {value}" for name, value in zip(names[2:], inside[0].texts[2:], strict=True))
            yield from _of_metric(names, inside, metric, rest)


def _of_metric(names: Sequence[str], settings: Sequence[_Setting], metric: str, rest: str) -> Iterator[Panel]:
    label, where = unit_of_metric(metric).removeprefix("activity."), f" at {rest}" if rest else ""
    caption = f"{label} over {names[0]}{where}: mean over the seeds, shaded its standard error; n is in the table below."
    yield drawn(lambda axes: _curves(axes, names, settings, metric, label), caption, height=3.8)
    if len(names) > 1:
        caption = f"{label} over {names[0]} and {names[1]}{where}: mean over the seeds; blank where nothing was run."
        yield drawn(lambda axes: _heat_map(axes, names, settings, metric, label), caption, height=3.8)


def _curves(axes: Axes, names: Sequence[str], settings: Sequence[_Setting], metric: str, label: str) -> None:
    """Means with error bands over the first field, a line per value of the second, evenly chosen where there are many."""
    lines: dict[str, list[_Setting]] = {}
    for setting in settings:
        lines.setdefault(setting.texts[1] if len(names) > 1 else "", []).append(setting)
    keys = list(lines)
    chosen = dict.fromkeys(keys[k] for k in np.linspace(0, len(keys) - 1, min(len(keys), _MOST_LINES)).astype(int))
    places, ticks = _axis([setting.values[0] for setting in settings])
    for k, key in enumerate(chosen):
        x = np.array([places[repr(setting.values[0])] for setting in lines[key]])
        mean, error = np.array([setting.score(metric) for setting in lines[key]]).T
        axes.plot(x, mean, color=panels.color(k), marker="o", markersize=3.5, linewidth=1.3, label=unparsed(key) or "_")
        axes.fill_between(
            x, mean - np.nan_to_num(error), mean + np.nan_to_num(error), color=panels.color(k), alpha=0.18, linewidth=0
        )
    axes.set(xlabel=names[0], ylabel=label)
    _ticks(axes, "x", list(places.values()), ticks)
    if len(names) > 1:
        axes.legend(title=names[1], fontsize=7, title_fontsize=7, bbox_to_anchor=(1.01, 1.0), loc="upper left")


def _axis(values: Sequence[Any]) -> tuple[dict[str, float], list[str] | None]:
    """Place of each value on an axis: itself for numbers, its rank and a tick label for anything else."""
    known = {repr(value): value for value in values}
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in known.values()):
        return {key: float(value) for key, value in known.items()}, None
    return {key: float(k) for k, key in enumerate(known)}, [unparsed(cell_text(value)) for value in known.values()]


def _ticks(axes: Axes, which: str, places: Sequence[float], labels: list[str] | None) -> None:
    if labels is not None:
        getattr(axes, f"set_{which}ticks")(range(len(labels)), labels)
    else:
        suit_scale(axes, which, places)


def _heat_map(axes: Axes, names: Sequence[str], settings: Sequence[_Setting], metric: str, label: str) -> None:
    """Means as colors, a cell per setting; cells are equally large, whatever the distances of the values."""
    columns = {repr(s.values[0]): s.texts[0] for s in settings}
    rows = {repr(settings[k].values[1]): settings[k].texts[1] for k in order([[s.values[1] for s in settings]])}
    cells = np.full((len(rows), len(columns)), np.nan)
    places = list(rows), list(columns)
    for setting in settings:
        cells[places[0].index(repr(setting.values[1])), places[1].index(repr(setting.values[0]))] = setting.score(metric)[0]
    image = axes.imshow(cells, origin="lower", aspect="auto", cmap="viridis")
    axes.figure.colorbar(image, ax=axes, label=label)
    for which, labels in (("x", list(columns.values())), ("y", list(rows.values()))):
        shown = np.unique(np.linspace(0, len(labels) - 1, min(len(labels), 12)).astype(int))
        getattr(axes, f"set_{which}ticks")(shown, [unparsed(labels[k]) for k in shown])
    axes.set(xlabel=names[0], ylabel=names[1])
