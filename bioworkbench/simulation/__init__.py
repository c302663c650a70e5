"""The seam between networks as records and Brian2 as the machine that runs them; only this package builds Brian2 objects.

The names below are imported when they are first used.
"""

from typing import TYPE_CHECKING

from bioworkbench.records.lazily import facade, homes_within

if TYPE_CHECKING:
    from bioworkbench.simulation.backends.choice import (
        BACKENDS,
        available_backends,
        backend_of,
        check_execution,
        choose_backend,
    )
    from bioworkbench.simulation.seam import simulate

__all__ = ["BACKENDS", "available_backends", "backend_of", "check_execution", "choose_backend", "simulate"]

_HOMES = {
    "backends.choice": ("BACKENDS", "available_backends", "backend_of", "check_execution", "choose_backend"),
    "seam": ("simulate",),
}

__getattr__, __dir__ = facade(__name__, homes_within(__name__, _HOMES))
