"""Sampling of feed-forward spike-response networks, population by population, from their own inputs."""

from dataclasses import dataclass, replace

import numpy as np

from bioworkbench.discrete.spike_response import spike_response, spike_response_arguments
from bioworkbench.discrete.spike_response_layers import feed_forward_order, kernel_area, psp_kernel
from bioworkbench.readout.trials import Simulate
from bioworkbench.records.arrays import Floats, Integers, count, finite, positive
from bioworkbench.records.counted import counted
from bioworkbench.records.network import INPUT, Network, Population, Projection
from bioworkbench.records.randomness import derived_seed
from bioworkbench.records.recording import Recording
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.weights.from_pairs import PairSampling, sampled_neurons

__all__ = ["Times", "require_spikes", "sampled_network"]


@dataclass(frozen=True)
class Times:
    """Distributions of the temporal parameters, in steps, and the cost of a spike.

    Parameters
    ----------
    sigma : (float, float)
        Range of the kernel widths; log-uniform.
    varsigma : (float, float)
        Range of the refractory time constants; uniform.
    tau_max : int
        Delays are uniform between 0 and this.
    n_groups : int
        Groups of neurons per population that share these times.
    any_moment : bool
        Take the states of a group at a random step instead of the last.
    cost : float
        What a spike adds to the potential of its own neuron.

    Raises
    ------
    ValueError
        If a range is empty or not above 0, a count is out of range, or the cost not finite.
    """

    sigma: tuple[float, float] = (1.0, 3.0)
    varsigma: tuple[float, float] = (1.0, 4.0)
    tau_max: int = 0
    n_groups: int = 16
    any_moment: bool = False
    cost: float = -2.0

    def __post_init__(self) -> None:
        for name in ("sigma", "varsigma"):
            low, high = getattr(self, name)
            if positive(name, low) > positive(name, high):
                raise ValueError(f"{name} = {getattr(self, name)}: give the lower end first, in steps")
        count("tau_max", self.tau_max, least=0)
        count("n_groups", self.n_groups)
        finite("cost", self.cost)


@dataclass(frozen=True)
class _Drawn:
    """Times of the neurons of a population, (n_neurons,) steps, and which neurons share them."""

    sigma: Floats
    varsigma: Floats
    tau: Integers
    groups: list[Integers]


def sampled_network(
    network: Network,
    stimulus: Stimulus,
    wanted: Floats,
    simulate: Simulate,
    rng: np.random.Generator,
    *,
    steps_per_frame: int,
    settings: PairSampling,
    times: Times,
) -> tuple[Network, Floats]:
    """Replace weights, biases and times of every population, the first from the stimulus, each next from the spikes below.

    Parameters
    ----------
    network : Network
        Feed-forward `spike_response` populations with one projection to each.
    stimulus : Stimulus
        Of kind "current": the trials that neurons are sampled from.
    wanted : array (n_trials, n_outputs)
        Targets by which pairs of trials are compared.
    simulate : callable
        Runs the populations sampled so far, for the spikes that feed the next.
    rng : Generator
    steps_per_frame : int
    settings : PairSampling
    times : Times

    Returns
    -------
    network : Network
    n_effective : array (n_populations,)
        Effective number of candidate pairs; see `bioworkbench.weights.from_pairs.sampled_neurons`.

    Raises
    ------
    ValueError
        If the network has a loop, another model, a threshold other than 1 or several projections to a population, the stimulus is of
        another kind, inputs do not vary or come too late, or a population that feeds another never spikes.
    """
    if stimulus.kind != "current":
        raise ValueError(f"stimulus kind = '{stimulus.kind}': neurons are sampled from input of kind 'current'")
    n_steps, numbers = steps_per_frame * stimulus.values.shape[1], []
    if n_steps < times.tau_max + 2:
        raise ValueError(
            f"times.tau_max = {times.tau_max} with trials of {counted(n_steps, 'step')}: input acts a step later at the soonest, so that "
            f"{times.tau_max + 2} steps are needed; let frames last longer, or lower tau_max"
        )
    for population in network.populations:
        threshold = spike_response_arguments(population.model, population.name)["threshold"]
        if not np.array_equal(threshold, 1.0):
            raise ValueError(
                f"population '{population.name}' has threshold = {threshold}; neurons are sampled for 1, so leave it out"
            )
    made: dict[str, Population] = {}
    links: tuple[Projection, ...] = ()
    for name in feed_forward_order(network):
        population, projection = network.population(name), _only_projection(network, name)
        signal = stimulus.values
        if projection.source != INPUT:
            # Only what has been sampled so far is simulated: its spikes are the input of the next population.
            recording = simulate(Network(tuple(made.values()), links), stimulus, derived_seed(rng))
            signal = require_spikes(recording, projection.source).raster(projection.source).astype(float)
        drawn = _drawn_times(population.size, times, rng)
        weights, biases, number = _neurons((signal, n_steps), wanted, population, projection, drawn, settings, times, rng)
        made[name] = _with_parameters(population, biases, drawn, times.cost, projection.source == INPUT)
        links += (_with_weights(projection, weights, drawn.tau * stimulus.frame / steps_per_frame),)
        numbers.append(number)
    return Network(tuple(made[p.name] for p in network.populations), links), np.array(numbers)


def require_spikes(recording: Recording, *names: str) -> Recording:
    """Refuse a recording in which a population (by default any) never spikes.

    Parameters
    ----------
    recording : Recording
    *names : str
        Populations.

    Returns
    -------
    Recording

    Raises
    ------
    ValueError
        Naming the first silent one.
    """
    for name in names or tuple(recording.spikes):
        if not len(recording.spikes[name]):
            raise ValueError(
                f"population '{name}' never spikes in {counted(recording.n_trials, 'trial')}; raise pairs.offset or pairs.spread, "
                "or bring times.cost nearer to 0"
            )
    return recording


def _only_projection(network: Network, name: str) -> Projection:
    found = [p for p in network.projections if p.target == name]
    if len(found) != 1:
        raise ValueError(f"population '{name}' is the target of {counted(len(found), 'projection')}; S-SWIM samples exactly one")
    return found[0]


def _drawn_times(size: int, times: Times, rng: np.random.Generator) -> _Drawn:
    groups = np.array_split(np.arange(size), min(size, times.n_groups))
    owner = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    (low, high), recovery = np.log(times.sigma), times.varsigma
    sigma = np.exp(rng.uniform(low, high, len(groups)))
    varsigma = rng.uniform(recovery[0], recovery[1], len(groups))
    tau = rng.integers(0, times.tau_max, len(groups), endpoint=True)
    return _Drawn(sigma[owner], varsigma[owner], tau[owner], groups)


def _neurons(
    fed: tuple[Floats, int],
    wanted: Floats,
    population: Population,
    projection: Projection,
    drawn: _Drawn,
    settings: PairSampling,
    times: Times,
    rng: np.random.Generator,
) -> tuple[Floats, Floats, float]:
    """Weights (n_channels, n_neurons), biases (n_neurons,) and mean effective number of pairs of a population.

    It is fed with a signal (n_trials, n_frames, n_channels), each frame held for an equal part of a number of steps.
    """
    signal, last = fed[0], fed[1] - 1
    kernel = spike_response_arguments(population.model, population.name)["kernel"]
    links, numbers = _links(projection), []
    weights, biases = np.zeros(links.shape), np.zeros(population.size)
    for group in drawn.groups:
        width, delay = float(drawn.sigma[group[0]]), int(drawn.tau[group[0]])
        moment = int(rng.integers(min(delay + 1, last), last, endpoint=True)) if times.any_moment else last
        area = float(kernel_area(width, kernel))
        shape = psp_kernel(moment - np.arange(last + 1) - delay, width, kernel) / area
        # A frame is held for several steps, so that the kernel's values of its steps add up before the product.
        states = np.tensordot(signal, shape.reshape(signal.shape[1], -1).sum(axis=1), (1, 0))
        found, biases[group], number = sampled_neurons(states, wanted, len(group), rng, settings, links[:, group])
        # States were filtered with a kernel of area 1; the neuron's own has the area of its width.
        weights[:, group] = found / area
        numbers.append(number)
    return weights, biases, float(np.mean(numbers))


def _links(projection: Projection) -> np.ndarray:
    """Which synapses there are, those of weight 0 included: bool (n_source, n_target)."""
    return projection.links.mask().toarray()


def _with_parameters(population: Population, biases: Floats, drawn: _Drawn, cost: float, outside: bool) -> Population:
    """The population with its constants; delays of input are its own, delays of spikes those of the projection."""
    model = spike_response(
        sigma=drawn.sigma,
        tau=drawn.tau if outside else 0,
        c=cost,
        varsigma=drawn.varsigma,
        bias=biases,
        kernel=spike_response_arguments(population.model, population.name)["kernel"],
    )
    return replace(population, model=model)


def _with_weights(projection: Projection, weights: Floats, delays: Floats) -> Projection:
    """The projection with new values on its synapses, and for spikes the delay of the target neuron in seconds."""
    links = projection.links
    late = 0.0 if projection.source == INPUT else delays[links.targets]
    return replace(projection, links=links.with_values(weights[links.sources, links.targets], late))
