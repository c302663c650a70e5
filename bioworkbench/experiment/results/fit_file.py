"""The part of ``run.h5`` that holds a fit to a recording; see `run_file` for the layout."""

# pyright: reportIndexIssue=false, reportAttributeAccessIssue=false, reportArgumentType=false, reportCallIssue=false
# h5py does not type what a file holds

import json
from typing import Any

import h5py
import numpy as np

from bioworkbench.experiment.results.record import Fitted
from bioworkbench.experiment.results.recording_file import write_array
from bioworkbench.records.recording import Spikes, Trace

__all__ = ["fit_in", "write_fit"]

_SCALARS = ("population", "variable", "first_held_out", "unseen_from")


def write_fit(file: h5py.File, fit: Fitted) -> None:
    """Write a fit into a new file.

    Parameters
    ----------
    file : File
    fit : Fitted
    """
    group = file.create_group("fit")
    group.attrs["values"] = json.dumps(dict(fit.values))
    for name in _SCALARS:
        group.attrs[name] = getattr(fit, name)
    tried = group.create_group("tried", track_order=True)
    for name, column in fit.tried.items():
        write_array(tried, name, column)
    for part, columns in (("spikes", ("trial", "neuron", "time")), ("trace", ("values", "times", "neurons"))):
        for name in columns if getattr(fit, part) is not None else ():
            write_array(group, f"{part}/{name}", getattr(getattr(fit, part), name))
    if fit.trace is not None:
        group["trace"].attrs["unit"] = fit.trace.unit


def fit_in(file: h5py.File) -> Fitted | None:
    """The fit in an open file; None where there is none.

    Parameters
    ----------
    file : File
        Open ``run.h5``.

    Returns
    -------
    Fitted or None
    """
    if "fit" not in file:
        return None
    group: Any = file["fit"]
    about: dict[str, Any] = {name: group.attrs[name] for name in _SCALARS}
    tried = {name: column[()] for name, column in group["tried"].items()}
    trains, trace = (
        {name: column[()] for name, column in group[part].items()} if part in group else None for part in ("spikes", "trace")
    )
    return Fitted(
        values=json.loads(group.attrs["values"]),
        tried=tried,
        population=str(about["population"]),
        variable=str(about["variable"]),
        spikes=None if trains is None else Spikes(**trains),
        trace=None if trace is None else Trace(**trace, unit=str(group["trace"].attrs["unit"])),
        first_held_out=int(np.asarray(about["first_held_out"])),
        unseen_from=float(np.asarray(about["unseen_from"])),
    )
