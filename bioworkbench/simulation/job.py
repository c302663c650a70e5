"""One Brian2 run as plain data: the structure that decides the generated program, and the values that do not."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bioworkbench.network import INPUT, Network, Population, Projection
from bioworkbench.signals import Probe

__all__ = ["Job", "n_steps_between", "spike_projections"]


@dataclass(frozen=True)
class Job:
    """Copies of a network, side by side in one run.

    Parameters
    ----------
    network : Network
    values : mapping from name to array
        Everything that may differ between two runs of one program, under the names that `trials.values` gives.
    n_copies, n_trials, n_steps : int
        Copies in this run, how many of them hold a trial (the first ones), and simulation steps.
    dt : float, seconds
    frame_steps : int
        Simulation steps per stimulus frame.
    probes : tuple of Probe
    profile : bool
        Whether to measure how long each Brian2 object takes.
    """

    network: Network
    values: Mapping[str, np.ndarray]
    n_copies: int
    n_trials: int
    n_steps: int
    dt: float
    frame_steps: int
    probes: tuple[Probe, ...]
    profile: bool = False

    @property
    def n_layers(self) -> int:
        """Highest layer plus one."""
        return 1 + max(population.layer for population in self.network.populations)

    def structure(self) -> dict[str, Any]:
        """All that a built program depends on, as JSON data."""
        return {
            "populations": [_population(population) for population in self.network.populations],
            "projections": [_projection(projection) for projection in spike_projections(self.network)],
            "inputs": [[p.target, p.receives] for p in self.network.projections if p.source == INPUT],
            "values": {name: [array.dtype.str, list(array.shape)] for name, array in sorted(self.values.items())},
            "run": [self.n_copies, self.n_steps, repr(self.dt), self.frame_steps],
            "probes": [[p.population, p.variable, p.neurons, p.every] for p in self.probes],
            "profile": self.profile,
        }

    def key(self, *more: str) -> str:
        """Hash of the structure and of what else a program depends on (versions, compiler, processor)."""
        text = json.dumps([self.structure(), more], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def spike_projections(network: Network) -> list[Projection]:
    """Projections that become Brian2 synapses: not from the stimulus, and with at least one synapse."""
    return [projection for projection in network.projections if projection.source != INPUT and projection.n_synapses]


def n_steps_between(name: str, duration: float, dt: float) -> int:
    """Whole number of steps in a duration; ValueError if it is none."""
    steps = round(duration / dt)
    if steps < 1 or abs(steps * dt - duration) > 1e-6 * dt:
        raise ValueError(f"{name} = {duration:g} s is not a whole number of steps of dt = {dt:g} s")
    return steps


def _population(population: Population) -> list[Any]:
    model = population.model
    texts = [model.equations, model.threshold, model.reset, model.receives, model.method, model.update]
    return [population.name, population.size, population.layer, *texts, model.refractory is not None]


def _projection(projection: Projection) -> list[Any]:
    return [projection.source, projection.target, projection.n_synapses, np.ndim(projection.delay), projection.receives]
