"""The part of ``run.h5`` that holds the state at the end of a run; see `run_file` for the layout."""

# pyright: reportIndexIssue=false, reportAttributeAccessIssue=false, reportArgumentType=false
# h5py does not type what a file holds

from typing import Any

import h5py
import numpy as np

from bioworkbench.experiment.results.recording_file import write_array
from bioworkbench.records.protocol import InFlight, RunState

__all__ = ["state_in", "write_state"]

_COLUMNS = ("trial", "synapse", "steps")
_NUMBERS = {"step": int, "dt": float, "n_trials": int, "n_copies": int}


def write_state(file: h5py.File, state: RunState) -> None:
    """Write a state into a new file.

    Parameters
    ----------
    file : File
    state : RunState
        With random numbers whose states are arrays, as of the backend "cpp".
    """
    group = file.create_group("state")
    group.attrs["backend"] = state.backend
    for name in _NUMBERS:
        group.attrs[name] = getattr(state, name)
    for name, values in state.values.items():
        write_array(group, f"values/{name}", values)
    for name, spikes in state.in_flight.items():
        for column in _COLUMNS:
            write_array(group, f"in_flight/{name}/{column}", getattr(spikes, column))
    for number, words in enumerate(state.random):
        write_array(group, f"random/{number}", words)


def state_in(file: h5py.File) -> RunState | None:
    """The state in an open file; None where there is none.

    Parameters
    ----------
    file : File
        Open ``run.h5``.

    Returns
    -------
    RunState or None
    """
    if "state" not in file:
        return None
    group: Any = file["state"]
    flights = group["in_flight"].items() if "in_flight" in group else ()
    random = group.get("random", {})
    return RunState(
        values={name: values[()] for name, values in group["values"].items()},
        in_flight={name: InFlight(*(columns[column][()] for column in _COLUMNS)) for name, columns in flights},
        random=tuple(random[str(number)][()] for number in range(len(random))),
        backend=str(group.attrs["backend"]),
        **{name: kind(np.asarray(group.attrs[name])) for name, kind in _NUMBERS.items()},
    )
