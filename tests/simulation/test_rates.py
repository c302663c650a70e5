"""Rates above one spike per step: counts where neurons take several, otherwise an error with the number, and a warning before."""

import numpy as np
import pytest
from brian2 import Hz, ms
from scipy import sparse, stats

from bioworkbench.discrete.lif import discrete_lif
from bioworkbench.encoding import as_rate
from bioworkbench.neurons import NeuronModel, poisson_source
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.stimulus import Stimulus, silence
from bioworkbench.simulation import simulate
from bioworkbench.simulation.rates import about_rates, check_rates, poisson_counts, takes_counts

DT = 1e-4
COUNTER = NeuronModel("dv/dt = 0/second : 1", "", "", receives="v")  # in continuous time: holds what it received


def counted(rate, dt=DT, n=400, duration=0.1, kind="rate"):
    """Spikes that each of n channels has sent in 0.1 s, through synapses of weight 1 onto a counter of its own."""
    network = Network((Population("cells", n, COUNTER),), (Projection("input", "cells", sparse.csr_array(np.eye(n))),))
    stimulus = rate if isinstance(rate, Stimulus) else Stimulus(np.full((1, 1, n), rate), duration, kind)
    trace = simulate(network, stimulus, 3, dt=dt, backend="numpy", record=["cells.v"]).traces["cells.v"]
    return np.asarray(getattr(trace, "values", trace))[0, -1]


@pytest.mark.parametrize("rate", [50.0, 2000.0, 16_000.0, 50_000.0])
def test_counts_are_poisson_at_any_rate(rate):
    """Mean and variance of the counts before the last step, within 4.5 standard errors; 16 kHz gave 10 kHz."""
    counts, expected = counted(rate), rate * (0.1 - DT)
    n = len(counts)
    assert abs(counts.mean() - expected) < 4.5 * np.sqrt(expected / n)
    assert abs(counts.var(ddof=1) - expected) < 4.5 * np.sqrt((expected + 2 * expected**2) / n)


def test_one_draw_per_step_would_be_seen():
    """Twin that must fail: Bernoulli draws at 2 kHz have a fifth less variance."""
    rng = np.random.default_rng(1)
    counts = (rng.random((400, 999)) < 2000 * DT).sum(axis=1)
    expected, n = 2000 * (0.1 - DT), 400
    assert abs(counts.var(ddof=1) - expected) > 1.5 * np.sqrt((expected + 2 * expected**2) / n)


def test_an_encoding_of_rates_is_right_too():
    counts = counted(as_rate(np.ones((1, 1, 400)), frame=0.1, maximum=5000.0), dt=1e-3)
    assert abs(counts.mean() - 5000 * 0.099) < 4.5 * np.sqrt(5000 * 0.099 / 400)


@pytest.mark.parametrize("rate", [30.0, 3000.0])
def test_both_ways_to_draw_counts_have_one_distribution(rate):
    """Counts of single steps against Poisson probabilities, frames of 5 steps of 1 ms; independent between steps."""
    counts = poisson_counts(Stimulus(np.full((50, 40, 20), rate), 5e-3, "rate"), 5, np.random.default_rng(2))
    assert counts.shape == (50, 200, 20)
    mean = rate * 1e-3
    most = int(stats.poisson.isf(1e-3, mean))
    observed = np.bincount(np.minimum(counts.ravel().astype(int), most + 1), minlength=most + 2)
    expected = np.append(stats.poisson.pmf(np.arange(most + 1), mean), stats.poisson.sf(most, mean))
    assert stats.chisquare(observed, expected * counts.size).pvalue > 1e-5
    lagged = np.corrcoef(counts[:, 1:].ravel(), counts[:, :-1].ravel())[0, 1]
    assert abs(lagged) < 4.5 / np.sqrt(counts.size)


def discrete(rate):
    network = Network(
        (Population("cells", 2, discrete_lif(leak=0.5)),), (Projection("input", "cells", sparse.csr_array(np.eye(2))),)
    )
    return network, Stimulus(np.full((1, 1, 2), rate), 5e-3, "rate")


def test_neurons_in_discrete_time_take_one_spike_in_a_step():
    network, stimulus = discrete(5000.0)
    assert not takes_counts(network)
    words = r"the stimulus has rates of up to 5000 Hz; .* at most once in a step, at 1000 Hz with dt = 0\.001 s\. Lower"
    with pytest.raises(ValueError, match=words):
        simulate(network, stimulus, 1, dt=1 * ms, backend="numpy")
    check_rates(*discrete(1000.0), 1e-3)


def source(rate, drive=None):
    network = Network((Population("noise", 2, poisson_source(rate=rate)),))
    if drive is None:
        return network, silence(0.01)
    return Network(network.populations, (Projection("input", "noise", sparse.csr_array([[1.0, 0.5]])),)), Stimulus(drive, 5e-3)


@pytest.mark.parametrize(
    ("rate", "drive", "highest"),
    [
        (20_000 * Hz, None, "20000"),
        (np.array([0.0, 10_001.0]) * Hz, None, "10001"),
        (9000 * Hz, np.array([[[0.0], [1500.0]]]), "10500"),
    ],
)
def test_a_source_fires_once_in_a_step_at_most(rate, drive, highest):
    network, stimulus = source(rate, drive)
    with pytest.raises(
        ValueError, match=rf"population 'noise' has rates of up to {highest} Hz; .* at 10000 Hz with dt = 0\.0001"
    ):
        simulate(network, stimulus, 1, dt=DT, backend="numpy")


@pytest.mark.parametrize(("rate", "n_warnings"), [(999.0, 0), (1001.0, 1), (10_000.0, 1)])
def test_a_source_that_is_no_longer_poisson_is_told(rate, n_warnings):
    network, stimulus = source(rate * Hz)
    check_rates(network, stimulus, DT)
    assert len(list(about_rates(network, None, DT))) == n_warnings
    if n_warnings:
        with pytest.warns(RuntimeWarning, match=r"'noise' has rates of up to .* is not Poisson any more \(the variance"):
            simulate(network, stimulus, 1, dt=DT, backend="numpy")
