"""Firing rates against theory: single noisy neurons, Poisson sources, a balanced network."""

import numpy as np
import pytest
from brian2 import Hz, mV
from scipy import sparse
from scipy.stats import chi2

from bioworkbench.neurons import noisy_lif, poisson_source
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.randomness import stream
from bioworkbench.records.stimulus import silence
from bioworkbench.simulation import simulate
from tests.neurons.driven import alone, driven
from tests.theory.mean_field import network_rate, siegert_rate

DT = 1e-4


def counts(recording, after):
    """Spikes of every neuron of every trial from a time on."""
    spikes = recording.spikes["cells"]
    n = recording.sizes["cells"]
    kept = spikes.time >= after - 1e-9
    return np.bincount((spikes.trial * n + spikes.neuron)[kept], minlength=recording.n_trials * n)


def score(values, mean):
    """Standard errors between the mean of independent values and the expected one."""
    return (values.mean() - mean) / (values.std(ddof=1) / np.sqrt(values.size))


@pytest.mark.slow
@pytest.mark.parametrize(("mean", "sigma"), [(15e-3, 4e-3), (21e-3, 2e-3)])
def test_a_noisy_neuron_fires_at_siegerts_rate(mean, sigma):
    recording = driven(noisy_lif(sigma=sigma * 1e3 * mV, start="normal(-60 mV, 3 mV)"), np.full(1500, mean), 1.2, DT)
    found = counts(recording, 0.2)
    assert abs(score(found, siegert_rate(mean, sigma, DT))) < 4.5
    assert abs(score(found, siegert_rate(mean, sigma))) > 4.5  # twin: without the correction for the step
    assert abs(score(found, siegert_rate(mean, 1.1 * sigma, DT))) > 4.5  # twin: another sigma


@pytest.fixture(scope="module")
def poisson_counts():
    """Spikes of 2000 sources of 50 hertz in one second."""
    return alone(poisson_source(rate=50 * Hz), 2000, 1.0, 1e-3).spikes["cells"]


def test_poisson_counts_have_the_stated_mean_and_bernoulli_variance(poisson_counts):
    """A Bernoulli draw per step: mean r T, variance r T (1 - r dt)."""
    found = np.bincount(poisson_counts.neuron, minlength=2000)
    assert abs(score(found, 50.0)) < 4.5
    dispersion = np.sum((found - found.mean()) ** 2) / (50 * 0.95)
    assert 1e-5 < chi2.cdf(dispersion, 1999) < 1 - 1e-5
    assert abs(score(found, 51.0)) > 4.5  # twin: another rate
    assert chi2.cdf(dispersion * 1.2, 1999) > 1 - 1e-5  # twin: more variable counts


def test_poisson_intervals_are_memoryless(poisson_counts):
    """Steps between spikes follow the geometric distribution: P(k) = p (1 - p)**(k - 1)."""
    order = np.lexsort((poisson_counts.time, poisson_counts.neuron))
    steps = np.diff(np.rint(poisson_counts.time[order] * 1e3))[np.diff(poisson_counts.neuron[order]) == 0]
    early = steps[steps <= 5]  # short intervals: hardly cut by the end of the second
    ratio = np.bincount(early.astype(int), minlength=6)[1:] / len(early)
    expected = 0.05 * 0.95 ** np.arange(5) * (1 - np.arange(1, 6) / 1000)
    statistic = len(early) * np.sum((ratio - expected / expected.sum()) ** 2 / (expected / expected.sum()))
    assert statistic < chi2.ppf(1 - 1e-5, 4)
    flat = np.full(5, 0.2)
    assert len(early) * np.sum((ratio - flat) ** 2 / flat) > chi2.ppf(1 - 1e-5, 4)  # twin: a uniform distribution


def in_degree(rng, n_source, n_target, n_inputs, weight):
    """Weights (volts) of a random graph in which every target has the same number of inputs."""
    sources = np.concatenate([rng.choice(n_source, n_inputs, replace=False) for _ in range(n_target)])
    targets = np.repeat(np.arange(n_target), n_inputs)
    return sparse.csr_array((np.full(len(sources), weight), (sources, targets)), shape=(n_source, n_target))


def balanced(rng, n_exc, n_inh, n_inputs, weight, g, mean, sigma):
    """Excitatory and inhibitory neurons with equal inputs, after Brunel; external input is Gaussian white noise."""
    model = noisy_lif(sigma=sigma * 1e3 * mV, rest=(mean * 1e3 - 70) * mV, start="uniform(-60 mV, -50 mV)")
    sizes = {"exc": (n_exc, n_inputs, weight), "inh": (n_inh, n_inputs // 4, -g * weight)}
    populations = [Population(name, size, model) for name, (size, _, _) in sizes.items()]
    projections = [
        Projection(source, target, in_degree(rng, size, sizes[target][0], inputs, w), 1.5e-3)
        for source, (size, inputs, w) in sizes.items()
        for target in sizes
    ]
    return Network(populations, projections)


@pytest.mark.slow
def test_a_balanced_network_fires_at_the_self_consistent_rate():
    weight, g, mean, sigma, n_trials = 0.1e-3, 5.0, 18e-3, 5e-3, 8
    network = balanced(stream(1, "links"), 2000, 500, 200, weight, g, mean, sigma)
    recording = simulate(network, silence(1.2, n_trials), 1, dt=DT, backend="cpp")
    spikes = recording.spikes["exc"]
    kept = spikes.time >= 0.2
    found = np.bincount(spikes.trial[kept], minlength=n_trials) / 2000
    theory = network_rate(mean, sigma, (200, weight), (50, -g * weight), DT)
    print(found, theory, score(found, theory), siegert_rate(mean, sigma, DT))
    assert abs(score(found, theory)) < 4.5
    assert abs(score(found, siegert_rate(mean, sigma, DT))) > 4.5  # twin: without recurrence
