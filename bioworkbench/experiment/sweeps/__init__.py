"""Sweeps: every point of a spec's sweep as a results folder, on the processes of one machine or on a Dask cluster.

The names below are imported when they are first used.
"""

from typing import TYPE_CHECKING

from bioworkbench.records.lazily import facade, homes_within

if TYPE_CHECKING:
    from bioworkbench.experiment.results.swept import PointOutcome, Sweep
    from bioworkbench.experiment.sweeps.optimizing import SearchResult, TriedValues, optimize
    from bioworkbench.experiment.sweeps.sweeping import Advance, SweepWarning, sweep

__all__ = ["Advance", "PointOutcome", "SearchResult", "Sweep", "SweepWarning", "TriedValues", "optimize", "sweep"]

_HOMES = {
    "results.swept": ("PointOutcome", "Sweep"),
    "sweeps.optimizing": ("SearchResult", "TriedValues", "optimize"),
    "sweeps.sweeping": ("Advance", "SweepWarning", "sweep"),
}

__getattr__, __dir__ = facade(__name__, homes_within("bioworkbench.experiment", _HOMES))
