"""Networks in discrete time with NumPy: the readable twin that Brian2 is tested against.

A neuron's step is that of `bioworkbench.discrete.lif`. In one step, layer 0 is updated and tested, its spikes are
delivered, then layer 1 is updated, and so on; spikes to the same or a lower layer arrive in the next step.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from bioworkbench.discrete.lif import DiscreteLIF, Reset, lif_of
from bioworkbench.records.arrays import Booleans, Floats, finite, shaped
from bioworkbench.records.counted import counted
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.recording import Recording, Spikes
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.records.synapse import PULSE
from bioworkbench.records.times import whole_steps

__all__ = ["check_inputs", "lif_layer", "simulate_discrete"]


def lif_layer(
    drive: Floats,
    *,
    leak: ArrayLike,
    threshold: ArrayLike = 1.0,
    reset: Reset = "subtract",
    strict: bool = False,
    floor: ArrayLike | None = None,
    start: ArrayLike = 0.0,
    recurrent: ArrayLike | None = None,
    noise: ArrayLike | None = None,
) -> tuple[Booleans, Floats]:
    """Spikes and potentials of one layer of leaky integrate-and-fire neurons.

    Parameters
    ----------
    drive : array (n_trials, n_steps, n_neurons)
        Everything that reaches a neuron in a step, biases included.
    leak, threshold, reset, strict, floor, start
        See `bioworkbench.neurons.discrete_lif`; numbers or arrays (n_neurons,).
        ``start`` may also be an array (n_trials, n_neurons).
    recurrent : array (n_neurons, n_neurons), optional
        Weights between the neurons of the layer; their spikes arrive in the next step.
    noise : array (n_trials, n_steps, n_neurons), optional
        Added to the drive.

    Returns
    -------
    spikes : bool array (n_trials, n_steps, n_neurons)
    potentials : array (n_trials, n_steps, n_neurons)
        Before the reset.

    Raises
    ------
    ValueError
        If the drive is not a finite array of three axes, or the reset is unknown.

    Examples
    --------
    >>> spikes, potentials = lif_layer(np.array([1.5, 0.25, 0.75, 0.5]).reshape(1, 4, 1), leak=0.5)
    >>> spikes.ravel().astype(int), potentials.ravel()
    (array([1, 0, 1, 0]), array([1.5, 0.5, 1. , 0.5]))
    """
    drive = shaped("drive", finite("drive", drive), (None, None, None))
    neuron = DiscreteLIF(leak=leak, threshold=threshold, reset=reset, strict=strict, floor=floor)
    n_trials, n_steps, n_neurons = drive.shape
    weights = None if recurrent is None else np.asarray(recurrent, dtype=float)
    spikes, potentials = np.zeros(drive.shape, dtype=bool), np.zeros(drive.shape)
    left = np.broadcast_to(np.asarray(start, dtype=float), (n_trials, n_neurons))
    for step in range(n_steps):
        total = drive[:, step]
        if weights is not None and step:
            total = total + spikes[:, step - 1] @ weights
        if noise is not None:
            total = total + np.asarray(noise)[:, step]
        potentials[:, step], spikes[:, step], left = neuron.step(left, total)
    return spikes, potentials


class _State:
    """Potentials of one population, and what is on its way to it."""

    def __init__(self, population: Population, n_trials: int, n_ahead: int) -> None:
        self.neuron = lif_of(population.model, population.name)
        if isinstance(self.neuron.start, str):
            raise ValueError(
                f"population '{population.name}' starts from '{self.neuron.start}', drawn in each trial; draw it and give numbers"
            )
        self.potential = np.broadcast_to(np.asarray(self.neuron.start, dtype=float), (n_trials, population.size))
        self.arriving = np.zeros((n_ahead, n_trials, population.size))

    def advance(self, step: int, drive: Floats, rng: np.random.Generator | None) -> Booleans:
        """Update, test, reset; returns which neurons spiked."""
        slot = self.arriving[step % len(self.arriving)]
        total = drive + slot + np.asarray(self.neuron.bias) + np.asarray(self.neuron.noise_mean)
        slot[:] = 0  # the ring comes round to this slot again
        if rng is not None and np.any(self.neuron.noise_deviation):
            total = total + np.asarray(self.neuron.noise_deviation) * rng.standard_normal(self.potential.shape)
        _, fired, self.potential = self.neuron.step(self.potential, total)
        return fired

    def receive(self, step: int, amounts: Floats) -> None:
        """Note what will be added in a coming step."""
        self.arriving[step % len(self.arriving)] += amounts


def simulate_discrete(
    network: Network, stimulus: Stimulus, *, dt: float | None = None, rng: np.random.Generator | None = None
) -> Recording:
    """Run a network of `discrete_lif` populations in NumPy.

    Parameters
    ----------
    network : Network
    stimulus : Stimulus
    dt : float, seconds, optional
        Duration of a step; None takes the stimulus frame.
    rng : Generator, optional
        For spikes of a stimulus of kind "rate" and noise inside the neurons; needed when there is either.

    Returns
    -------
    Recording
        Spikes of all populations; no traces.

    Raises
    ------
    ValueError
        If a population has no NumPy twin or has background input, a projection acts on another variable than "current" or does more
        than add its weight, a projection of the stimulus has a delay, the stimulus does not fit the input weights, the frame or a
        delay is not a whole number of steps, a rate exceeds one spike per step, or there is noise or a rate and no `rng`.
    """
    dt = stimulus.frame if dt is None else dt
    _check(network, stimulus, dt, rng)
    per_frame = whole_steps("stimulus frame", stimulus.frame, dt)
    n_steps = per_frame * stimulus.values.shape[1]
    links = [
        link
        for projection in network.projections
        if projection.source in network.sizes
        for link in _links(network, projection, dt)
    ]
    inputs = [(p.target, p.weights) for p in network.projections if p.source not in network.sizes]
    ahead = 1 + max((link.steps for link in links), default=0)
    states = {p.name: _State(p, stimulus.n_trials, ahead) for p in network.populations}
    rasters = {name: np.zeros((stimulus.n_trials, n_steps, size), dtype=bool) for name, size in network.sizes.items()}
    for step in range(n_steps):
        drives = _drives(network.sizes, inputs, stimulus, step, per_frame, rng)
        for layer in sorted({p.layer for p in network.populations}):
            names = [p.name for p in network.populations if p.layer == layer]
            # all of a layer are updated before any of it sends: spikes within a layer wait for the next step
            for name in names:
                rasters[name][:, step] = states[name].advance(step, drives[name], rng)
            for link in (link for link in links if link.source in names):
                states[link.target].receive(step + link.steps, rasters[link.source][:, step].astype(float) @ link.weights)
    return _recording(rasters, dt)


@dataclass(frozen=True)
class _Link:
    """Synapses of a projection that share a delay."""

    source: str
    target: str
    weights: NDArray
    steps: int


def _check(network: Network, stimulus: Stimulus, dt: float, rng: np.random.Generator | None) -> None:
    if network.n_channels not in (0, stimulus.values.shape[2]):
        raise ValueError(
            f"stimulus has {counted(stimulus.values.shape[2], 'channel')}; input projections expect {network.n_channels}"
        )
    check_inputs(network)
    random = [p.name for p in network.populations if np.any(p.model.constants.get("noise_deviation", 0.0))]
    random += ["the stimulus"] * (stimulus.kind == "rate")
    if random and rng is None:
        raise ValueError(f"{', '.join(random)} draws random numbers; give rng, the generator they are drawn from")
    if stimulus.kind == "rate" and stimulus.values.max(initial=0.0) * dt > 1 + 1e-9:
        raise ValueError(f"rates go up to {stimulus.values.max()} Hz; with dt = {dt} s there is at most one spike per step")


def check_inputs(network: Network) -> None:
    """Raise ValueError if neurons get more than the weights of spikes and the frames of a stimulus, which is all that is computed here.

    Parameters
    ----------
    network : Network
    """
    for p in network.projections:
        wanted = network.population(p.target).model.receives
        if p.receives not in ("", wanted, "drive" if p.source not in network.sizes else wanted):
            raise ValueError(f"projections {p.name} do not act on '{wanted}'; only those that do are computed without Brian2")
    more = [p.name for p in network.projections if p.synapse != PULSE]
    if more:
        raise ValueError(
            f"synapses of {', '.join(more)} do more than add their weight; only those that do no more are computed without Brian2"
        )
    late = [p.name for p in network.inputs if np.any(p.delay)]
    if late:
        raise ValueError(f"projections {', '.join(late)} delay the stimulus, which consists of frames; shift its frames instead")
    fed = [p.name for p in network.populations if p.background]
    if fed:
        raise ValueError(f"populations {', '.join(fed)} have background input, which is drawn in Brian2 alone; leave it out")


def _links(network: Network, projection: Projection, dt: float) -> list[_Link]:
    """Projection split by delay, in steps until the target's update that takes the spike in."""
    layers = {p.name: p.layer for p in network.populations}
    # the target's update of this step is over unless its layer is above: then a spike without delay waits for the next step
    extra = int(layers[projection.target] <= layers[projection.source])
    delays = np.broadcast_to(projection.delay, projection.weights.data.shape)
    links = []
    for delay in np.unique(delays):
        weights = projection.weights.copy()
        weights.data = np.where(delays == delay, weights.data, 0.0)
        steps = whole_steps(f"delay of projection {projection.name}", float(delay), dt, least=0) + extra
        links.append(_Link(projection.source, projection.target, weights, steps))
    return links


def _drives(
    sizes: Mapping[str, int],
    inputs: Sequence[tuple[str, sparse.csr_array]],
    stimulus: Stimulus,
    step: int,
    per_frame: int,
    rng: np.random.Generator | None,
) -> dict[str, Floats]:
    """What the stimulus adds to each population (n_trials, n_neurons) in a step; inputs are targets and (n_channels, n_neurons)."""
    frame, within = divmod(step, per_frame)
    values = stimulus.values[:, frame]
    if stimulus.kind == "rate" and rng is not None:
        values = (rng.random(values.shape) < values * stimulus.frame / per_frame).astype(float)
    drives = {name: np.zeros((stimulus.n_trials, size)) for name, size in sizes.items()}
    if stimulus.kind != "spikes" or within == 0:
        for target, weights in inputs:
            drives[target] += values @ weights
    return drives


def _recording(rasters: dict[str, Booleans], dt: float) -> Recording:
    spikes = {}
    for name, raster in rasters.items():
        trial, step, neuron = np.nonzero(raster)
        spikes[name] = Spikes(trial, neuron, step.astype(float) * dt)
    n_trials, n_steps, _ = next(iter(rasters.values())).shape
    sizes = {name: raster.shape[2] for name, raster in rasters.items()}
    return Recording(spikes, {}, sizes, n_trials, n_steps * dt, dt, 0, "discrete")
