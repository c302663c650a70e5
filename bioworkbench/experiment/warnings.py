"""What is legal but suspicious in a run."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

import numpy as np

from bioworkbench.experiment.spec.records import ExperimentSpec
from bioworkbench.neurons.time_constants import LARGEST_FRACTION, smallest_time_constant
from bioworkbench.readout.direction import SMALLER_IS_BETTER
from bioworkbench.records.network import Network, Projection
from bioworkbench.records.neuron import NeuronModel, refractory_time, rough_refractory
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.records.times import SECOND, rough_delays
from bioworkbench.records.units import Quantity, format_quantity, parse_quantity
from bioworkbench.simulation.backends.choice import backend_of
from bioworkbench.simulation.rates import about_rates

__all__ = ["about_backend", "about_conductances", "about_network", "about_time_step", "about_times", "suspicions"]

_SIEMENS = parse_quantity("1 siemens").dim


def suspicions(spec: ExperimentSpec, network: Network, metrics: Mapping[str, Any], duration: float) -> tuple[str, ...]:
    """Warnings about activity, scores and the spec, in words a user can act on.

    Parameters
    ----------
    spec : ExperimentSpec
    network : Network
    metrics : mapping
        As ``metrics.json`` holds them.
    duration : float, seconds
        Of a trial.

    Returns
    -------
    tuple of str
    """
    return (
        *_about_activity(network, metrics["activity"]),
        *about_network(network, None, spec.dt, duration),
        *_about_scores(metrics),
        *_about_sweep(spec),
    )


def about_network(network: Network, stimulus: Stimulus | None, dt: float, duration: float) -> Iterator[str]:
    """Warnings that need no simulation: of time steps, delays, conductances and rates.

    Parameters
    ----------
    network : Network
    stimulus : Stimulus, optional
        What drives the sources of the network; without, only their own rates are looked at.
    dt, duration : float, seconds
        Of the simulation and of a trial.

    Yields
    ------
    str
    """
    yield from about_time_step(network, dt)
    yield from about_times(network, dt, duration)
    yield from about_conductances(network)
    yield from about_rates(network, stimulus, dt)


def about_time_step(network: Network, dt: float) -> Iterator[str]:
    """Warnings about a time step that is long for the time constants of a population.

    Parameters
    ----------
    network : Network
    dt : float, seconds

    Yields
    ------
    str
        A sentence for each population whose smallest time constant is less than five steps.
    """
    for population in network.populations:
        found = smallest_time_constant(population.model)
        if found is not None and dt > LARGEST_FRACTION * found[0] * (1 + 1e-9):
            yield (
                f"dt = {_written(dt)} is {dt / found[0]:.2g} times the smallest time constant of population '{population.name}', "
                f"{_written(found[0])} ({found[1]}); take {_written(LARGEST_FRACTION * found[0])} or less, or see how much it matters: "
                "bioworkbench check --converge SPEC."
            )


def about_backend(name: str) -> Iterator[str]:
    """Warning about a backend that this machine cannot run; another machine may.

    Parameters
    ----------
    name : str
        "auto", or a backend.

    Yields
    ------
    str
    """
    lacking = backend_of(name).missing()
    if lacking:
        yield f"Backend '{name}' does not run on this machine: it needs {lacking}."


def _written(time: float) -> str:
    return format_quantity(cast("Quantity", Quantity(float(f"{time:.3g}"), dim=SECOND)))


def _about_activity(network: Network, activity: Mapping[str, Any]) -> Iterator[str]:
    for population in network.populations:
        if population.name not in activity:  # without a threshold there are no spikes
            continue
        numbers, pause = activity[population.name], refractory_time(population.model)
        if numbers["mean_rate"] == 0:
            yield f"Population '{population.name}' never spiked; raise its drive or its input weights."
        elif numbers["silent_fraction"] > 0.5:
            yield f"{100 * numbers['silent_fraction']:.0f} % of population '{population.name}' never spiked."
        limit = np.inf if pause is None or not np.all(pause) else float(np.mean(1 / pause))
        if numbers["mean_rate"] > 0.5 * limit:
            yield (
                f"Population '{population.name}' spikes at {numbers['mean_rate']:.0f} Hz, more than half of the {limit:.0f} Hz that its "
                "refractory period allows; its input may be too strong."
            )


def about_times(network: Network, dt: float, duration: float) -> Iterator[str]:
    """Warnings about delays and refractory periods that are not simulated as they are written.

    `bioworkbench.records.times.rough_times` says which these are.

    Parameters
    ----------
    network : Network
    dt : float, seconds
    duration : float, seconds
        Of a trial.

    Yields
    ------
    str
    """
    for projection in (p for p in network.projections if not p.is_drawn):
        if any(pathway.end == "pre" for pathway in projection.synapse.pathways):
            yield from (f"{sentence}." for sentence in rough_delays(projection.name, projection.delay, dt, duration))
        elif np.any(projection.delay):
            yield (
                f"Projection '{projection.name}' has delays up to {np.max(projection.delay) * 1e3:.4g} ms, and its synapses do nothing "
                "when a spike of the source arrives: they have no effect; leave them out."
            )
    for population in network.populations:
        yield from (f"{sentence}." for sentence in rough_refractory(population.model, population.name, dt))


def about_conductances(network: Network) -> Iterator[str]:
    """Warnings about negative weights and background that act on a conductance: they would drive the membrane away from its reversal.

    Parameters
    ----------
    network : Network

    Yields
    ------
    str
    """
    remedy = "a conductance is not negative. Inhibition is one of its own, with a lower reversal potential."
    for projection in network.projections:
        model, receiver = network.population(projection.target).model, network.receiver(projection)
        if projection.source not in network.sizes and "drive" in model.parsed and not projection.receives:
            continue  # currents act on the drive
        dimension = network.weight_dimension(projection)
        if dimension is _SIEMENS or _is_conductance(model, receiver):
            lowest = _lowest_weight(projection)
            if lowest < 0:
                shown: Any = Quantity(float(f"{lowest:.3g}"), dim=dimension)
                yield (
                    f"Weights of projection '{projection.name}' go down to {format_quantity(shown)}; '{receiver}' of "
                    f"'{projection.target}' is a conductance, and {remedy}"
                )
    for population in network.populations:
        for given in population.background:
            if float(given.weight) < 0 and _is_conductance(population.model, given.receives):
                yield (
                    f"Background of population '{population.name}' has a negative weight; '{given.receives}' is a conductance, and "
                    f"{remedy}"
                )


def _is_conductance(model: NeuronModel, variable: str) -> bool:
    """Whether a variable has the unit of a conductance, or multiplies the distance of the potential from another one."""
    if variable not in model.parsed:
        return False
    if model.parsed[variable].dim is _SIEMENS:
        return True
    distance = r"\([^()]*\bv\b[^()]*\)"
    texts = [equation.expr.code for equation in model.parsed.values() if equation.expr is not None]
    factor = re.compile(rf"\b{variable}\s*\*\s*{distance}|{distance}\s*\*\s*{variable}\b")
    return "v" in model.parsed and any(factor.search(text) for text in texts)


def _lowest_weight(projection: Projection) -> float:
    """Lowest weight; of links that are to be drawn, about the lowest of as many."""
    if projection.drawn is None:
        return float(np.min(projection.links.weights, initial=0))
    below = np.array(1 / (2 * max(1, projection.n_synapses)))
    return float(projection.drawn.weights.quantiles(below, 1 - below))


def _about_scores(metrics: Mapping[str, Any]) -> Iterator[str]:
    for name, score in metrics.get("test", {}).items():
        sign = -1 if name in SMALLER_IS_BETTER else 1
        for rival, numbers in metrics["baselines"].items():
            if sign * score <= sign * numbers[name]:
                yield f"Test {name} is no better than that of the baseline '{rival}' ({score:.4g} against {numbers[name]:.4g})."


def _about_sweep(spec: ExperimentSpec) -> Iterator[str]:
    if spec.scored_on != "test":
        yield f"Scored on part '{spec.scored_on}' in place of the test trials, which were not used."
    if spec.sweep:
        yield f"The spec sweeps {', '.join(spec.sweep)}; this run is the one point that the spec itself describes."
