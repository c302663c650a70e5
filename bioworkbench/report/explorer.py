"""Spikes and traces to zoom, hover and choose in: one page by Bokeh, which is inside it, so that nothing is fetched."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from bioworkbench.experiment.results.files import write_text
from bioworkbench.plots.panels import COLORS, in_readable_unit
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import ResultError
from bioworkbench.records.probe import owner_and_variable
from bioworkbench.records.recording import Recording, Trace

__all__ = ["MAX_BYTES", "write_explorer"]

MAX_BYTES = 5_000_000
_MOST_SPIKES, _MOST_VALUES = 90_000, 90_000  # in the page; with Bokeh itself they stay below MAX_BYTES
_MOST_TRIALS, _MOST_NEURONS = 20, 300

_CHOOSE = """
const trial = Number(trial_choice.value), wanted = new Set(populations.active);
const shown = {}; for (const name of Object.keys(all.data)) shown[name] = [];
const of_trial = all.data.trial, of_population = all.data.population;
for (let k = 0; k < of_trial.length; k++) {
  if (of_trial[k] !== trial || !wanted.has(of_population[k])) continue;
  for (const name of Object.keys(shown)) shown[name].push(all.data[name][k]);
}
spikes.data = shown;
for (const renderer of lines) renderer.visible = renderer.tags[0] === trial && (renderer.tags[1] < 0 || wanted.has(renderer.tags[1]));
"""


def write_explorer(recording: Recording, path: Path) -> Path:
    """Write the page.

    Of large recordings evenly spaced neurons, the first trials and values at equal steps are in it; it says so.

    Parameters
    ----------
    recording : Recording
    path : Path
        Of the file to write.

    Returns
    -------
    Path

    Raises
    ------
    ResultError
        If Bokeh is not installed, or the page cannot be written.
    """
    bokeh = _bokeh()
    columns, rows, n_shown = _spikes(recording)
    everything = bokeh.models.ColumnDataSource(columns)
    first = np.asarray(columns["trial"]) == 0
    spikes = bokeh.models.ColumnDataSource({name: np.asarray(values)[first] for name, values in columns.items()})
    raster = _raster(bokeh, recording, spikes, rows)
    figures, lines = [raster], []
    for name, trace in recording.traces.items():
        figure, made = _trace_figure(bokeh, recording, name, trace, raster.x_range)
        figures.append(figure)
        lines += made
    names = list(recording.spikes)
    populations = bokeh.models.CheckboxButtonGroup(labels=names, active=list(range(len(names))))
    trials = [str(trial) for trial in range(min(recording.n_trials, _MOST_TRIALS))]
    trial = bokeh.models.Select(title="trial", value="0", options=trials, width=90)
    given = {"all": everything, "spikes": spikes, "lines": lines, "populations": populations, "trial_choice": trial}
    choose = bokeh.models.CustomJS(args=given, code=_CHOOSE)
    populations.js_on_change("active", choose)
    trial.js_on_change("value", choose)
    note = bokeh.models.Div(text=_note(recording, n_shown, len(trials)))
    page = bokeh.layouts.column(bokeh.layouts.row(trial, populations), note, *figures, sizing_mode="stretch_width")
    write_text(path, bokeh.embed.file_html(page, bokeh.resources.INLINE, title="Recording"))
    return path


def _bokeh() -> Any:
    try:
        for part in ("embed", "layouts", "models", "plotting", "resources"):
            import_module(f"bokeh.{part}")
        return import_module("bokeh")
    except ModuleNotFoundError as error:
        message = f'bokeh is needed to explore and is not installed ({error}); pip install "bioworkbench[explore]"'
        raise ResultError(message, missing="bokeh") from error


def _spikes(recording: Recording) -> tuple[dict[str, Any], dict[str, tuple[int, np.ndarray]], int]:
    """Columns of the spikes in the page; first row and neurons of each population; and how many spikes there are."""
    parts, rows, bottom = [], {}, 0
    for k, (name, spikes) in enumerate(recording.spikes.items()):
        neurons = np.unique(np.linspace(0, recording.sizes[name] - 1, _MOST_NEURONS).astype(int))
        row = np.full(recording.sizes[name], -1)
        row[neurons] = bottom + np.arange(len(neurons))
        keep = np.flatnonzero((spikes.trial < _MOST_TRIALS) & (row[spikes.neuron] >= 0))
        parts.append(
            (spikes.trial[keep], spikes.time[keep] * 1e3, row[spikes.neuron[keep]], spikes.neuron[keep], np.full(len(keep), k))
        )
        rows[name] = (bottom, neurons)
        bottom += len(neurons) + 6
    trial, time, row, neuron, population = (
        (np.concatenate(column) for column in zip(*parts, strict=True)) if parts else np.zeros((5, 0))
    )
    thinned = slice(None, None, 1 + len(trial) // _MOST_SPIKES)
    columns = {
        "trial": np.asarray(trial[thinned], dtype=np.int32),
        "time": np.asarray(time[thinned], dtype=np.float32),
        "row": np.asarray(row[thinned], dtype=np.int32),
        "neuron": np.asarray(neuron[thinned], dtype=np.int32),
        "population": np.asarray(population[thinned], dtype=np.int32),
    }
    return columns, rows, len(columns["trial"])


def _raster(bokeh: Any, recording: Recording, spikes: Any, rows: Mapping[str, tuple[int, np.ndarray]]) -> Any:
    """Spikes as dots, a row per neuron; hovering names neuron and time."""
    height = max((bottom + len(neurons) for bottom, neurons in rows.values()), default=1)
    figure = bokeh.plotting.figure(
        title="Spikes",
        x_axis_label="time (ms)",
        x_range=bokeh.models.Range1d(0, recording.duration * 1e3, bounds="auto"),
        y_range=bokeh.models.Range1d(-3, height + 3, bounds="auto"),
        height=420,
        sizing_mode="stretch_width",
        tools="xpan,xwheel_zoom,box_zoom,reset,save",
        active_scroll="xwheel_zoom",
        output_backend="canvas",
    )
    palette = [COLORS[k % len(COLORS)] for k in range(max(1, len(rows)))]
    mapper = bokeh.models.LinearColorMapper(palette=palette, low=0, high=len(palette) - (len(palette) > 1))
    dots = figure.scatter(
        "time", "row", source=spikes, size=2.5, color={"field": "population", "transform": mapper}, line_color=None
    )
    tips = [("neuron", "@neuron"), ("time", "@time{0.00} ms"), ("trial", "@trial")]
    figure.add_tools(bokeh.models.HoverTool(tooltips=tips, renderers=[dots], point_policy="snap_to_data"))
    middles = {bottom + len(neurons) / 2: name for name, (bottom, neurons) in rows.items()}
    figure.yaxis.ticker = list(middles)
    figure.yaxis.major_label_overrides = middles
    figure.ygrid.visible = False
    return figure


def _trace_figure(bokeh: Any, recording: Recording, name: str, trace: Trace, x_range: Any) -> tuple[Any, list[Any]]:
    """Traces of up to five neurons in the trials of the page, those of the first trial shown."""
    population, variable = owner_and_variable(name)
    n_trials = min(len(trace), _MOST_TRIALS)
    n_neurons = min(len(trace.neurons), 5)
    step = 1 + n_trials * n_neurons * len(trace.times) * max(1, len(recording.traces)) // _MOST_VALUES
    values, unit = in_readable_unit(trace[:n_trials, ::step, :n_neurons], trace.unit)
    figure = bokeh.plotting.figure(
        title=name,
        x_axis_label="time (ms)",
        y_axis_label=f"{variable}{unit}",
        x_range=x_range,
        height=230,
        sizing_mode="stretch_width",
        tools="xpan,xwheel_zoom,box_zoom,reset,save",
        active_scroll="xwheel_zoom",
        output_backend="canvas",
    )
    number = list(recording.spikes).index(population) if population in recording.spikes else -1
    times, lines = np.asarray(trace.times[::step] * 1e3, dtype=np.float32), []
    for trial in range(n_trials):
        for k in range(n_neurons):
            source = bokeh.models.ColumnDataSource({"time": times, "value": np.asarray(values[trial, :, k], dtype=np.float32)})
            line = figure.line(
                "time", "value", source=source, color=COLORS[k % len(COLORS)], line_width=1.2, name=str(trace.neurons[k])
            )
            line.tags, line.visible = [trial, number], trial == 0
            lines.append(line)
    tips = [
        ("neuron" if population in recording.sizes else "synapse", "$name"),
        ("time", "@time{0.00} ms"),
        (variable, f"@value{unit}"),
    ]
    figure.add_tools(bokeh.models.HoverTool(tooltips=tips, mode="mouse"))
    return figure, lines


def _note(recording: Recording, n_shown: int, n_trials: int) -> str:
    """What is in the page, in words; numbers alone, no names of users."""
    n_spikes = sum(len(spikes) for spikes in recording.spikes.values())
    return (
        f"{n_shown:,} of {counted(n_spikes, 'spike')} and {n_trials} of {counted(recording.n_trials, 'trial')} are in this page. "
        "Scroll to zoom in time, drag to move, hover for neuron and time; the buttons choose populations."
    )
