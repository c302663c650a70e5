"""What the chunks of a simulation left, as one recording."""

import time
from typing import cast

import numpy as np

from bioworkbench.records.network import Network, synapse_dimension
from bioworkbench.records.probe import Probe
from bioworkbench.records.recording import Recording, Trace
from bioworkbench.records.units import unit_text
from bioworkbench.simulation.backends.backend import Outcome
from bioworkbench.simulation.chunk import Chunk
from bioworkbench.simulation.collect import GatheredCounts, GatheredSpikes, GatheredTrace
from bioworkbench.simulation.inputs import Inputs
from bioworkbench.simulation.job import Left, size_of
from bioworkbench.simulation.trials import synapse_order

__all__ = ["Gathered"]

_TIMES = ("t", "dt", "lastspike")


class Gathered:
    """What chunks left, put together in order of trials.

    Parameters
    ----------
    network : Network
        As it was given, without populations in the place of stimuli.
    probes : tuple of Probe
    dt : float, seconds
    counts : bool
        Whether spikes are only counted.
    """

    def __init__(self, network: Network, probes: tuple[Probe, ...], dt: float, *, counts: bool) -> None:
        self.network, self.probes, self.sizes, self.n_trials = network, probes, network.sizes, 0
        gathers = GatheredCounts if counts else GatheredSpikes
        self.spikes = {p.name: gathers(p.size) for p in network.populations if p.model.threshold}
        self.traces = {probe.name: GatheredTrace(probe, probe.every or dt) for probe in probes}
        self.weights = {p.name: list[np.ndarray]() for p in network.projections if p.synapse.changes_weight and p.n_synapses}
        self.lefts: list[tuple[Chunk, Left]] = []
        self.timing: dict[str, float] = {"collect": 0.0}
        self.profile: dict[str, float] = {}

    def add(self, chunk: Chunk, outcome: Outcome) -> None:
        """Add what a chunk left.

        Parameters
        ----------
        chunk : Chunk
        outcome : Outcome
        """
        started = time.perf_counter()
        for name, (index, times) in outcome.spikes.items():
            self.spikes[name].add(chunk, index, times)
        for name, counts in outcome.counts.items():
            cast("GatheredCounts", self.spikes[name]).add_counts(chunk, counts[:])
        for name, rows in outcome.traces.items():
            self.traces[name].add(chunk, rows)
        if outcome.left is not None:
            self.lefts.append((chunk, outcome.left))
        for name, values in outcome.weights.items():
            self.weights[name].append(values[:].reshape(chunk.n_copies, -1)[: chunk.n_trials])
        self.n_trials += chunk.n_trials
        for totals, more in ((self.timing, outcome.timing), (self.profile, outcome.profile)):
            totals.update({name: totals.get(name, 0.0) + seconds for name, seconds in more.items()})
        self.timing["collect"] += time.perf_counter() - started

    def recording(self, inputs: Inputs, seed: int, backend: str) -> Recording:
        """All of it but the state at the end, whose parts are `lefts`.

        Parameters
        ----------
        inputs : Inputs
        seed : int
        backend : str

        Returns
        -------
        Recording
        """
        spikes = {name: found.spikes() for name, found in self.spikes.items() if isinstance(found, GatheredSpikes)}
        return Recording(
            spikes,
            {probe.name: self._trace(probe, inputs.dt) for probe in self.probes},
            self.sizes,
            self.n_trials,
            inputs.duration,
            inputs.dt,
            seed,
            backend,
            dict(sorted(self.timing.items())),
            dict(sorted(self.profile.items(), key=lambda item: -item[1])),
            {name: self._weights(name, inputs) for name in self.weights},
            counts={name: found.counts() for name, found in self.spikes.items() if isinstance(found, GatheredCounts)},
        )

    def _weights(self, name: str, inputs: Inputs) -> np.ndarray:
        """Final weights (n_trials, n_synapses) of a projection in the order of its links."""
        (projection,) = [p for p in inputs.network.projections if p.name == name]
        # Synapses were simulated in the order in which they are due; the recording has them in the order of the links.
        simulated = np.concatenate([np.zeros((0, projection.n_synapses)), *self.weights[name]])
        order = synapse_order(projection, inputs.dt, inputs.delay_limit)
        return simulated if order is None else simulated[:, np.argsort(order)]

    def _trace(self, probe: Probe, dt: float) -> Trace:
        neurons = range(size_of(self.network, probe.population)) if probe.neurons is None else probe.neurons
        values = self.traces[probe.name].trace() if self.n_trials else np.zeros((0, 0, len(neurons)))
        times = np.arange(values.shape[1], dtype=np.float64) * (dt if probe.every is None else probe.every)
        return Trace(values, times, np.asarray(neurons, dtype=np.int32), _unit(self.network, probe))


def _unit(network: Network, probe: Probe) -> str:
    """SI unit of what a probe records; Brian2 has times of its own beside the equations."""
    if probe.population not in network.sizes:
        (projection,) = [p for p in network.projections if p.name == probe.population]
        return unit_text(synapse_dimension(network, projection, probe.variable))
    model = network.population(probe.population).model
    return model.unit(probe.variable) if probe.variable in model.parsed else "second" if probe.variable in _TIMES else "1"
