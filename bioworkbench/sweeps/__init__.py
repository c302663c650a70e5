"""Sweeps: every point of a spec's sweep as a results folder, on the processes of one machine or on a Dask cluster."""

from bioworkbench.sweeps.optimizing import Optimization, TriedValues, optimize
from bioworkbench.sweeps.sweeping import Advance, Outcome, sweep

__all__ = ["Advance", "Optimization", "Outcome", "TriedValues", "optimize", "sweep"]
