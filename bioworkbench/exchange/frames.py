"""Recordings as pandas data frames and xarray data sets; units stand in the names of columns, and as attributes."""

from typing import Any

import numpy as np
import pandas as pd

from bioworkbench.exchange.extras import extra
from bioworkbench.experiment.results.table import Table
from bioworkbench.records.errors import unknown_name
from bioworkbench.records.probe import owner_and_variable
from bioworkbench.records.recording import Recording, Spikes, Trace

__all__ = ["recording_dataset", "recording_frame", "spikes_frame", "table_frame"]


def spikes_frame(spikes: Spikes) -> pd.DataFrame:
    """Data frame with a row per spike: "trial", "neuron", "time (s)".

    Parameters
    ----------
    spikes : Spikes

    Returns
    -------
    pandas DataFrame
    """
    return pd.DataFrame({"trial": spikes.trial, "neuron": spikes.neuron, "time (s)": spikes.time})


def recording_frame(recording: Recording, trace: str = "") -> pd.DataFrame:
    """Tidy data frame of all spikes, or of a trace.

    Parameters
    ----------
    recording : Recording
    trace : str
        ``"population.variable"``; empty for the spikes.

    Returns
    -------
    DataFrame
        Spikes: "population" (a category), "trial", "neuron", "time (s)". A trace: "trial", "time (s)", "neuron" and the variable
        with its unit, such as "v (volt)".

    Raises
    ------
    ValueError
        If the recording has no such trace.
    """
    if trace:
        return _trace_frame(trace, _trace(recording, trace))
    names = list(recording.spikes)
    counts = [len(spikes) for spikes in recording.spikes.values()]
    population = pd.Categorical.from_codes(np.repeat(np.arange(len(names)), counts), names)
    parts = [spikes_frame(spikes) for spikes in recording.spikes.values()]
    frame = pd.concat(parts, ignore_index=True) if parts else spikes_frame(Spikes(*np.zeros((3, 0), dtype=int)))
    frame.insert(0, "population", population)
    return frame


def table_frame(table: Table) -> pd.DataFrame:
    """Data frame of a table of scores.

    Parameters
    ----------
    table : Table

    Returns
    -------
    pandas DataFrame
    """
    return pd.DataFrame(list(table.rows), columns=list(table.columns))


def _trace(recording: Recording, name: str) -> Trace:
    if name not in recording.traces:
        known = recording.traces or ["none; 'record' names what to keep"]
        raise ValueError(unknown_name(name, "trace of this recording", known))
    return recording.traces[name]


def _trace_frame(name: str, trace: Trace) -> pd.DataFrame:
    n_trials, n_steps, n_recorded = trace.shape
    columns = {
        "trial": np.repeat(np.arange(n_trials), n_steps * n_recorded),
        "time (s)": np.tile(np.repeat(trace.times, n_recorded), n_trials),
        "neuron": np.tile(trace.neurons, n_trials * n_steps),
        _with_unit(owner_and_variable(name)[1], trace.unit): trace.values.ravel(),
    }
    return pd.DataFrame(columns)


def _with_unit(name: str, unit: str) -> str:
    return name if unit == "1" else f"{name} ({unit})"


def recording_dataset(recording: Recording) -> Any:
    """The traces as an xarray data set.

    Parameters
    ----------
    recording : Recording

    Returns
    -------
    xarray.Dataset
        A variable per trace, named ``"population.variable"``, with the dimensions "trial", "time" and "<population> neuron". Where
        traces have other times, or other neurons of a population, their dimension is named after the trace. Variables and times
        carry their unit as the attribute "units".

    Raises
    ------
    ValueError
        If there are no traces.
    ResultError
        If xarray is not installed.
    """
    xarray = extra("xarray")
    if not recording.traces:
        raise ValueError(f"this recording has {len(recording.traces)} traces, only spikes; 'record' names variables to keep")
    axes: dict[str, np.ndarray] = {"trial": np.arange(recording.n_trials)}
    variables = {}
    for name, trace in recording.traces.items():
        population, _ = owner_and_variable(name)
        time, neuron = _axis(axes, "time", trace.times, name), _axis(axes, f"{population} neuron", trace.neurons, name)
        variables[name] = (("trial", time, neuron), trace.values, {"units": trace.unit})
    data = xarray.Dataset(variables, axes, {"seed": recording.seed, "backend": recording.backend, "dt (s)": recording.dt})
    for name in axes:
        if name.startswith("time"):
            data[name].attrs["units"] = "second"
    return data


def _axis(axes: dict[str, np.ndarray], name: str, values: np.ndarray, trace: str) -> str:
    """Name of the dimension with these values: the plain one, or one of the trace's own where the plain one has others."""
    if not np.array_equal(axes.setdefault(name, values), values):
        name = f"{name} of {trace}"
        axes[name] = values
    return name
