"""Random spikes at a rate: where a step may hold several, where one at most, and from which rate that matters.

A neuron in continuous time takes several input spikes in a step, so a stimulus of rates is drawn as Poisson counts, right at any rate.
A neuron in discrete time takes one, and a `poisson_source` fires once in a step at most: one Bernoulli draw with the chance rate * dt,
which cannot be above 1. Its counts have a variance that is too small by the fraction rate * dt, and its intervals a CV of
sqrt(1 - rate * dt); from `ROUGH` on, that is no longer Poisson.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from bioworkbench.records.stimulus import INPUT, Stimulus

if TYPE_CHECKING:
    from bioworkbench.records.network import Network, Population

__all__ = ["ROUGH", "about_rates", "check_rates", "poisson_counts", "takes_counts"]

ROUGH = 0.1
"""Spikes per step from which a Bernoulli draw is told to be no longer Poisson."""
_MOST = 1 + 1e-9


def takes_counts(network: "Network", stimulus: str = INPUT) -> bool:
    """Whether every population that a stimulus reaches has differential equations, and so takes several spikes in a step.

    Parameters
    ----------
    network : Network
    stimulus : str
        Its name.

    Returns
    -------
    bool
    """
    reached = [network.population(projection.target) for projection in network.projections if projection.source == stimulus]
    return all(population.model.parsed.diff_eq_names for population in reached)


def check_rates(network: "Network", stimulus: Stimulus, dt: float) -> None:
    """Refuse rates that a step cannot hold.

    Parameters
    ----------
    network : Network
    stimulus : Stimulus
    dt : float, seconds

    Raises
    ------
    ValueError
        If a source fires more than once in a step, or a stimulus does onto neurons that take one spike in a step.
    """
    remedy = f"at most once in a step, at {1 / dt:.6g} Hz with dt = {dt:g} s. Lower the rate, or take a smaller dt"
    highest = stimulus.values.max(initial=0.0) if stimulus.kind == "rate" else 0.0
    if highest * dt > _MOST and not takes_counts(network, stimulus.name):
        raise ValueError(
            f"the stimulus has rates of up to {highest:.6g} Hz; a channel onto neurons in discrete time spikes {remedy}"
        )
    for population, rate in _sources(network, stimulus):
        if rate * dt > _MOST:
            raise ValueError(f"population '{population.name}' has rates of up to {rate:.6g} Hz; its neurons spike {remedy}")


def about_rates(network: "Network", stimulus: Stimulus | None, dt: float) -> Iterator[str]:
    """Warnings of sources whose spikes are no longer Poisson.

    Parameters
    ----------
    network : Network
    stimulus : Stimulus, optional
        Without, the rates of the network's own sources.
    dt : float, seconds

    Yields
    ------
    str
    """
    for population, rate in _sources(network, stimulus):
        if rate * dt > ROUGH:
            yield (
                f"Population '{population.name}' has rates of up to {rate:.6g} Hz, {rate * dt:.2g} spikes per step: from {ROUGH:g} on, "
                "one draw per step is not Poisson any more (the variance of counts is too small by "
                f"{min(1.0, rate * dt):.0%}); take a smaller dt."
            )


def _sources(network: "Network", stimulus: Stimulus | None) -> "Iterator[tuple[Population, float]]":
    """Populations that draw their spikes, with the highest rate of a neuron, hertz."""
    for population in network.populations:
        if population.model.rates:
            constants = population.model.constants
            own = sum(np.asarray(constants[name], dtype=float) for name in population.model.rates if name in constants)
            yield population, float(np.max(own + _highest_drive(network, stimulus, population)))


def _highest_drive(network: "Network", stimulus: Stimulus | None, population: "Population") -> np.ndarray:
    """Highest drive (n_neurons,) of a population's neurons in any frame, trial by trial; 0 without currents."""
    if stimulus is None or stimulus.kind != "current" or "drive" not in population.model.rates:
        return np.zeros(population.size)
    inputs = [p for p in network.projections if p.source == stimulus.name and p.target == population.name]
    if not inputs:
        return np.zeros(population.size)
    trials = (sum(values @ projection.weights for projection in inputs) for values in stimulus.values)
    return np.max([np.max(drive, axis=0) for drive in trials], axis=0)


def poisson_counts(stimulus: Stimulus, frame_steps: int, rng: np.random.Generator) -> np.ndarray:
    """Numbers of spikes of a stimulus of rates, independent from step to step.

    Where there are fewer spikes than steps, the number in a frame is drawn and its spikes are spread evenly over the steps, which has
    the same distribution and takes less time.

    Parameters
    ----------
    stimulus : Stimulus
    frame_steps : int
        Steps of a frame.
    rng : Generator

    Returns
    -------
    array (n_trials, n_steps, n_channels)
    """
    n_trials, n_frames, n_channels = stimulus.values.shape
    if stimulus.values.max(initial=0.0) * stimulus.frame > frame_steps:
        mean = np.repeat(stimulus.values, frame_steps, axis=1) * (stimulus.frame / frame_steps)
        return rng.poisson(mean).astype(float)
    counts = rng.poisson(stimulus.values * stimulus.frame)
    frame, channel = np.divmod(np.repeat(np.arange(counts.size), counts.ravel()), max(1, n_channels))
    spikes = np.zeros((n_trials, n_frames * frame_steps, n_channels))
    step = frame * frame_steps + rng.integers(frame_steps, size=len(frame))
    np.add.at(spikes.reshape(-1), step * n_channels + channel, 1.0)
    return spikes
