"""Noise of C++ programs: our generator in place of Brian2's, against the distributions it promises."""

import numpy as np
import pytest
from brian2 import ms
from scipy import stats

from bioworkbench.neurons import NeuronModel
from bioworkbench.records.network import Network, Population
from bioworkbench.records.stimulus import silence
from bioworkbench.simulation import seam, simulate

N, STEPS = 2000, 500


def draws(expression, seed=1):
    """A million values of a random expression, one per neuron and step."""
    model = NeuronModel("x : 1", "", "", receives="x", update=f"x = {expression}")
    network = Network((Population("cells", N, model),))
    trace = simulate(network, silence(STEPS * 1e-3), seed, dt=1 * ms, backend="cpp", record=["cells.x"]).traces["cells.x"]
    return trace[0, 1:]  # the first row is the start value


@pytest.fixture(scope="module")
def normal():
    return draws("randn()")


def test_normal_numbers_are_normal(normal):
    assert stats.kstest(normal.ravel(), "norm").pvalue > 1e-5
    n = normal.size
    for power, moment, variance in [(1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)]:
        assert abs((normal**power).mean() - moment) < 4.5 * np.sqrt(variance / n), power


def test_a_wrong_deviation_would_be_seen(normal):
    assert stats.kstest(1.02 * normal.ravel(), "norm").pvalue < 1e-5


@pytest.mark.parametrize("limit", [2.0, 3.0, 3.6541528853610088, 4.0])
def test_tails_have_their_share(normal, limit):
    """The last layer of the ziggurat ends at 3.654; beyond it another rule draws."""
    p, n = stats.norm.sf(limit), normal.size
    for tail in (normal > limit, normal < -limit):
        assert abs(tail.sum() - n * p) < 4.5 * np.sqrt(n * p) + 1


def test_normal_numbers_are_independent(normal):
    n = normal.size
    for lagged in (normal[1:] * normal[:-1], normal[:, 1:] * normal[:, :-1], normal[1:] ** 2 * normal[:-1] - normal[:-1]):
        assert abs(lagged.mean()) < 4.5 * lagged.std() / np.sqrt(n)


def test_uniform_numbers_are_uniform():
    uniform = draws("rand()").ravel()
    assert 0 <= uniform.min() <= uniform.max() < 1
    assert stats.kstest(uniform, "uniform").pvalue > 1e-5


def test_seeds_give_other_numbers(normal):
    np.testing.assert_array_equal(draws("randn()"), normal)
    other = draws("randn()", seed=2)
    assert abs(np.corrcoef(other.ravel(), normal.ravel())[0, 1]) < 4.5 / np.sqrt(normal.size)


@pytest.mark.parametrize("backend", ["numpy", "cpp", pytest.param("cuda", marks=pytest.mark.cuda)])
def test_all_64_bits_of_a_seed_reach_the_generator(backend, monkeypatch):
    """Seeds that differ in their lowest, 31st, 32nd or highest bit give other numbers, equal seeds the same."""
    network = Network((Population("cells", 20, NeuronModel("x : 1", "", "", receives="x", update="x = randn()")),))

    def noise(seed):
        monkeypatch.setattr(seam, "seed_of", lambda *_: seed)
        return simulate(network, silence(5e-3), 1, dt=1 * ms, backend=backend, record=["cells.x"]).traces["cells.x"][0, 1:]

    seed = 0x123456789ABCDEF0
    np.testing.assert_array_equal(noise(seed), noise(seed))
    for bit in (0, 31, 32, 63):
        assert not np.isin(noise(seed ^ (1 << bit)), noise(seed)).any(), bit


@pytest.mark.parametrize("backend", ["numpy", "cpp"])
def test_seeds_whose_streams_began_alike_in_31_bits_do_not_share_noise(backend):
    network = Network((Population("cells", 20, NeuronModel("x : 1", "", "", receives="x", update="x = randn()")),))
    one, other = (simulate(network, silence(5e-3), s, dt=1 * ms, backend=backend, record=["cells.x"]) for s in (25154, 41513))
    assert not np.isin(one.traces["cells.x"][0, 1:], other.traces["cells.x"][0, 1:]).any()
