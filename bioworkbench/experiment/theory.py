"""What diffusion theory expects of a network of leaky integrate-and-fire neurons: rates and irregularity.

Every population is described by one rate. The input of a neuron is taken for Gaussian white noise whose mean and variance follow
from the rates of its sources; the rate that this input gives must be the rate that was put in. Brunel, J. Comput. Neurosci. 8,
2000, doi 10.1023/A:1008925309027.
"""

# pyright: reportArgumentType=false
# Brian2 does not type its quantities

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import erfcx

from bioworkbench.experiment.spec.records import ExperimentSpec
from bioworkbench.records.lazily import later
from bioworkbench.records.network import Network, Population
from bioworkbench.records.neuron import refractory_time
from bioworkbench.records.synapse import PULSE

__all__ = ["DiffusionNeuron", "expected_activity"]

_quad = later("scipy.integrate:quad")  # only where a network is one that the theory describes
STEP_CORRECTION = 0.5826  # -zeta(1/2) / sqrt(2 pi): how far a random walk overshoots, in units of its step
_STEPS, _TOLERANCE, _SHARE = 2000, 1e-6, 0.1
_DIFFERENT = 0.1


@dataclass(frozen=True)
class DiffusionNeuron:
    """Leaky integrate-and-fire neuron driven by Gaussian white noise, looked at every `dt`.

    Parameters
    ----------
    mean, deviation : float, volt
        Of the free membrane potential, in the stationary state.
    tau : float, seconds
    threshold, reset : float, volt
    refractory, dt : float, seconds
    """

    mean: float
    deviation: float
    tau: float
    threshold: float
    reset: float
    refractory: float
    dt: float

    @property
    def limits(self) -> tuple[float, float]:
        """Reset and threshold in units of the noise; looking only every dt raises the threshold
        (Broadie, Glasserman and Kou 1997, doi 10.1111/1467-9965.00035)."""
        raised = self.threshold + STEP_CORRECTION * self.deviation * np.sqrt(2 * self.dt / self.tau)
        scale = np.sqrt(2) * max(self.deviation, 1e-9)
        return (self.reset - self.mean) / scale, (raised - self.mean) / scale

    def rate(self) -> float:
        """Spikes per second (Siegert 1951); Brian2 holds the reset for one step less than the refractory period."""
        low, high = self.limits
        # So far below threshold that the integral overflows, and a spike would take longer than any run.
        if high > 20:
            return 0.0
        passage = self.tau * np.sqrt(np.pi) * _quad(lambda u: erfcx(-u), low, high, limit=200)[0]
        return 1 / (max(self.refractory - self.dt, 0.0) + passage)

    def cv_isi(self) -> float:
        """Coefficient of variation of the intervals between spikes (Brunel 2000, appendix); 1 where spikes are rare."""
        low, high = self.limits
        if high > 5:
            return 1.0
        # Below -6 the integrand has no weight left; both integrals are taken on one grid, the inner one summed on the way.
        y = np.linspace(min(low, -6.0) - 2.0, high, 20_001)
        inner = np.concatenate([[0.0], np.cumsum(np.diff(y) * _middle(erfcx(-y) ** 2 * np.exp(-(y**2))))])
        outer = np.where(y >= low, np.exp(y**2) * inner, 0.0)
        return float(np.sqrt(2 * np.pi * (self.rate() * self.tau) ** 2 * (np.diff(y) * _middle(outer)).sum()))


def _middle(values: np.ndarray) -> np.ndarray:
    return (values[1:] + values[:-1]) / 2


def expected_activity(spec: ExperimentSpec, network: Network) -> dict[str, dict[str, float]]:
    """Self-consistent rates and CVs of a network without input; empty where the theory does not apply or finds no solution.

    It applies to `noisy_lif` neurons with white noise whose synapses add their weight to the potential at once, and to `poisson_source`
    neurons. Neurons of a population must be alike: where what drives them differs by more than a tenth of the distance between reset
    and threshold, or their time constant by as much, the rate of the mean neuron is not their mean rate.

    Parameters
    ----------
    spec : ExperimentSpec
        Names the kinds of the populations.
    network : Network

    Returns
    -------
    mapping from population to ``mean_rate`` (hertz) and ``cv_isi``
    """
    kinds = {population.name: population.model.kind for population in spec.populations}
    if network.inputs or spec.phases or not all(_describes(kinds[p.name], p) for p in network.populations):
        return {}
    if any(p.synapse != PULSE or p.receives not in ("", "v") for p in network.projections):
        return {}
    neurons = {p.name: _neuron(p, spec.dt) for p in network.populations if "tau" in p.model.constants}
    sources = {p.name: _value(p, "rate") for p in network.populations if "tau" not in p.model.constants}
    rates = _consistent(network, neurons, sources)
    return {
        name: {"mean_rate": rates[name], "cv_isi": neuron.cv_isi()} for name, neuron in _driven(network, neurons, rates).items()
    } | {name: {"mean_rate": rate, "cv_isi": 1.0} for name, rate in sources.items() if rates}


def _describes(kind: str, population: Population) -> bool:
    """Whether the theory is about such neurons, and one of them can stand for all."""
    model = population.model
    white = kind in ("noisy_lif", "poisson_source") and model.receives != "synaptic" and "noise_tau" not in model.constants
    return white and all(given.receives in ("", "v") for given in population.background) and _alike(population)


def _alike(population: Population) -> bool:
    """Whether one neuron can stand for all of them: constants differ by little beside the way from reset to threshold."""
    constants = {name: np.asarray(value, dtype=float) for name, value in population.model.constants.items()}
    if "tau" not in constants:  # sources, whose rates are given
        return True
    way = abs(_value(population, "threshold") - _value(population, "reset"))
    potentials = ("rest", "threshold", "reset", "sigma")
    return all(
        value.std() <= _DIFFERENT * (way if name in potentials else abs(value.mean()))
        for name, value in constants.items()
        if value.ndim
    )


def _value(population: Population, name: str) -> float:
    """Mean over the neurons of a constant, SI."""
    return float(np.mean(np.asarray(population.model.constants.get(name, 0.0))))


def _neuron(population: Population, dt: float) -> DiffusionNeuron:
    """A neuron of the population with its background and without input from others."""
    tau, rest, threshold, reset, sigma = (_value(population, name) for name in ("tau", "rest", "threshold", "reset", "sigma"))
    pause = refractory_time(population.model)
    refractory = 0.0 if pause is None else float(np.mean(pause))
    mean = rest + tau * sum(b.n * b.rate * b.weight for b in population.background)
    variance = sigma**2 + tau / 2 * sum(b.n * b.rate * b.weight**2 for b in population.background if not b.regular)
    return DiffusionNeuron(mean, variance**0.5, tau, threshold, reset, refractory, dt)


def _driven(network: Network, neurons: Mapping[str, DiffusionNeuron], rates: Mapping[str, float]) -> dict[str, DiffusionNeuron]:
    """The neurons with the mean and variance that spikes at these rates add; none without rates."""
    if not rates:
        return {}
    means, variances = (dict.fromkeys(neurons, 0.0) for _ in range(2))
    for projection in network.projections:
        size, rate = network.sizes[projection.target], rates[projection.source]
        means[projection.target] += rate * projection.weights.data.sum() / size
        variances[projection.target] += rate * (projection.weights.data**2).sum() / size
    return {
        name: replace(
            neuron,
            mean=neuron.mean + neuron.tau * means[name],
            deviation=np.sqrt(neuron.deviation**2 + neuron.tau / 2 * variances[name]),
        )
        for name, neuron in neurons.items()
    }


def _consistent(network: Network, neurons: Mapping[str, DiffusionNeuron], sources: Mapping[str, float]) -> dict[str, float]:
    """Rates that reproduce themselves, by small steps from silence; empty if there is no convergence."""
    rates = {**dict.fromkeys(neurons, 0.0), **sources}
    for _ in range(_STEPS):
        found = {name: neuron.rate() for name, neuron in _driven(network, neurons, rates).items()}
        if all(abs(found[name] - rates[name]) <= _TOLERANCE * (1 + found[name]) for name in neurons):
            return rates
        rates |= {name: rates[name] + _SHARE * (found[name] - rates[name]) for name in neurons}
    return {}
