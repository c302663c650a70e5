"""bioworkbench: spiking networks in Brian2, from a spec to a report.

The names below are imported when they are first used, so that ``import bioworkbench`` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bioworkbench.experiment import Result, run
    from bioworkbench.network import Network, Population, Projection
    from bioworkbench.results.table import table
    from bioworkbench.signals import Probe, Recording, Spikes, Stimulus, silence
    from bioworkbench.simulation import simulate
    from bioworkbench.spec import load
    from bioworkbench.sweeps import optimize, sweep
    from bioworkbench.trained import Choice, LinearReadout, TrainedNetwork

__all__ = [
    "Choice",
    "LinearReadout",
    "Network",
    "Population",
    "Probe",
    "Projection",
    "Recording",
    "Result",
    "Spikes",
    "Stimulus",
    "TrainedNetwork",
    "load",
    "optimize",
    "run",
    "silence",
    "simulate",
    "sweep",
    "table",
]

_HOMES = {
    "experiment": ("Result", "run"),
    "network": ("Network", "Population", "Projection"),
    "signals": ("Probe", "Recording", "Spikes", "Stimulus", "silence"),
    "results.table": ("table",),
    "simulation": ("simulate",),
    "spec": ("load",),
    "sweeps": ("optimize", "sweep"),
    "trained": ("Choice", "LinearReadout", "TrainedNetwork"),
}


def __getattr__(name: str) -> Any:
    """The public name from the module that it lives in."""
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"bioworkbench.{module}"), name)
    raise AttributeError(f"module 'bioworkbench' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
