"""`run`: from a spec to a results folder."""

from bioworkbench.experiment.running import Result, run

__all__ = ["Result", "run"]
