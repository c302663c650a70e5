"""The seam between networks as records and Brian2 as the machine that runs them; only this package builds Brian2 objects."""

from bioworkbench.simulation.devices import BACKENDS, available_backends, check_precision, choose_backend
from bioworkbench.simulation.simulate import simulate

__all__ = ["BACKENDS", "available_backends", "check_precision", "choose_backend", "simulate"]
