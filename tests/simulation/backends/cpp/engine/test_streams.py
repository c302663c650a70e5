"""Generators, Poisson numbers, normal numbers and distributions: the compiled headers draw the integers of their NumPy twins."""

import subprocess

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from bioworkbench.records.distributions import Distribution, parse_distribution
from bioworkbench.records.lanes import Lanes
from bioworkbench.records.normals import normals
from bioworkbench.records.quantiles import quantiles
from bioworkbench.simulation.poisson import PoissonStreams, poisson_table
from tests.sampled import every
from tests.simulation.backends.cpp.engine import compiled

pytestmark = pytest.mark.skipif(compiled.compiler() is None, reason="needs a C++ compiler")
TEXTS = (
    "normal(1.5, 0.75, low = 0.1)",
    "normal(-3, 1)",
    "normal(0, 1, low = -0.5, high = 2)",
    "uniform(-1, 2)",
    "uniform(-1, 2, high = 0)",
    "lognormal(2, 1)",
    "lognormal(-2, 1, low = -5)",
    "normal(2, 1, low = 5)",
)


def runs(target):
    """Whether this machine can run what is compiled for an instruction set."""
    words = {"avx2": "avx2", "avx512": "avx512bw"}.get(target)
    if words is None:
        return True
    with open("/proc/cpuinfo") as file:
        return words in file.read()


@pytest.fixture(params=every(3, [t for t in compiled.TARGETS if t != "native"]))
def target(request):
    if not runs(request.param):
        pytest.skip(f"this processor has no {request.param}")
    try:
        compiled.loaded(request.param)
    except subprocess.CalledProcessError:
        pytest.skip(f"the compiler does not know {request.param}")
    return request.param


@settings(max_examples=20, deadline=None)
@given(key=st.integers(0, 2**64 - 1), number=st.integers(0, 2**40), n=st.integers(1, 100))
def test_generators_give_the_words_of_their_twin(key, number, n):
    assert (compiled.words(key, number, n) == Lanes(key, [number]).words(n)[0]).all()


def test_every_instruction_set_gives_the_same_words(target):
    assert (compiled.words(5, 7, 1000, target) == compiled.words(5, 7, 1000)).all()


def test_words_are_uniform_and_streams_unrelated():
    words = Lanes(3, np.arange(200)).words(320) / 2.0**32
    assert stats.kstest(words.ravel(), "uniform").pvalue > 1e-4
    lanes = words[:, :16].ravel()
    assert abs(np.corrcoef(lanes[:-1], lanes[1:])[0, 1]) < 4 / np.sqrt(len(lanes))
    steps = np.corrcoef(words[:, :16].ravel(), words[:, 16:32].ravel())[0, 1]
    assert abs(steps) < 4 / np.sqrt(len(lanes))


@pytest.mark.parametrize("mean", [0.0, 0.013, 1.28, 2.3, 7.9, 8.1, 300.0])
@pytest.mark.parametrize("size", [1, 16, 100, 256, 700])
def test_poisson_numbers_are_those_of_the_twin(mean, size):
    streams = PoissonStreams(mean, 11, size)
    wanted = sum(streams().astype(float) for _ in range(7))
    assert (compiled.poisson_sums(poisson_table(mean), 11, size, 7) == wanted).all()


def test_every_instruction_set_draws_the_same_poisson_numbers(target):
    for mean in (0.4, 5.0, 40.0):
        table = poisson_table(mean)
        assert (compiled.poisson_sums(table, 2, 1000, 9, 0.25, target) == compiled.poisson_sums(table, 2, 1000, 9, 0.25)).all()


def table_probabilities(table):
    """Exact probabilities of what one draw gives."""
    chance = np.zeros(32)
    np.add.at(chance, np.arange(32), table.below / 2.0**32)
    np.add.at(chance, table.alias, (2.0**27 - table.below) / 2.0**32)
    return chance


@settings(max_examples=50, deadline=None)
@given(mean=st.floats(0, 8))
def test_poisson_tables_are_exact_to_32_bits(mean):
    chance = table_probabilities(poisson_table(mean))
    assert chance.sum() == 1.0
    assert np.abs(chance - stats.poisson.pmf(np.arange(32), mean)).max() <= 2 / 2.0**32


def poisson_fits(numbers, mean):
    """Whether mean and variance are those of a Poisson distribution, within four standard errors."""
    n = numbers.size
    error_of_variance = np.sqrt((mean + 2 * mean**2) / n)
    return abs(numbers.mean() - mean) < 4 * np.sqrt(mean / n) and abs(numbers.var() - mean) < 4 * error_of_variance


@pytest.mark.parametrize("mean", [0.13, 2.3, 30.0])
def test_poisson_numbers_have_mean_and_variance_of_their_distribution(mean):
    streams = PoissonStreams(mean, 4, 2000)
    numbers = np.concatenate([streams() for _ in range(100)]).astype(float)
    assert poisson_fits(numbers, mean)
    assert not poisson_fits(
        np.random.default_rng(1).binomial(4 * int(np.ceil(mean)), mean / (4 * np.ceil(mean)), numbers.size), mean
    )


def test_a_negative_mean_is_refused():
    with pytest.raises(ValueError, match="mean of a Poisson distribution = -1"):
        poisson_table(-1.0)


@pytest.mark.parametrize("n", [1, 16, 100, 256])
def test_drawn_numbers_are_those_of_the_twin(n, target):
    lanes = [Lanes(9, [4]) for _ in range(3)]
    single, real, uniform = compiled.drawn_numbers(9, 4, n, 50, target)
    for call in range(50):
        wanted = normals(lanes[0].words(n)[0])
        assert (single[call] == wanted).all()
        assert (real[call] == wanted.astype(float)).all()
        high, low = [], []
        for _ in range(-(-n // 16)):
            high.append(lanes[1]()[0] >> np.uint32(5))
            low.append(lanes[1]()[0] >> np.uint32(6))
        exact = (np.concatenate(high)[:n] * 2.0**26 + np.concatenate(low)[:n]) / 2.0**53
        assert (uniform[call] == exact).all()


@settings(max_examples=30, deadline=None)
@given(words=st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=200))
def test_normal_numbers_are_quantiles(words):
    words = np.array(words, np.uint32)
    exact = special.ndtri(((words & np.uint32(0x3FFFFFFF)) + 0.5) / 2.0**31)
    assert np.abs(normals(words) - np.where(words >> np.uint32(31), -exact, exact)).max() < 1e-5


@pytest.mark.thorough
def test_normal_numbers_have_the_moments_of_their_distribution():
    # every 64th of the probabilities, so that this is no sample
    numbers = normals((np.arange(2**24) * 64 + 32).astype(np.uint32)).astype(float)
    assert abs((numbers**2).mean() - 1) < 1e-6
    assert abs((numbers**4).mean() - 3) < 1e-5
    assert abs((numbers**6).mean() - 15) < 1e-3


def test_drawn_numbers_fit_their_distributions():
    single, _, uniform = compiled.drawn_numbers(3, 1, 256, 4000)
    assert stats.kstest(single.ravel(), "norm").pvalue > 1e-4
    assert stats.kstest(uniform.ravel(), "uniform").pvalue > 1e-4
    assert abs(np.corrcoef(single[:-1].ravel(), single[1:].ravel())[0, 1]) < 4 / np.sqrt(single.size)
    assert abs(np.corrcoef(single[:, :-1].ravel(), single[:, 1:].ravel())[0, 1]) < 4 / np.sqrt(single.size)


@pytest.mark.parametrize("text", TEXTS)
def test_compiled_quantiles_are_those_of_the_twin(text):
    table = quantiles(parse_distribution(text), 1e-6)
    edges = np.array([0, 1, 63, 64, 65, 127, 128, 2**31 - 1, 2**31, 2**32 - 65, 2**32 - 64, 2**32 - 1], np.uint32)
    words = np.concatenate([edges, np.random.default_rng(1).integers(2**32, size=5000, dtype=np.uint32)])
    assert (compiled.quantile_numbers(table, words) == table(words)).all()


@pytest.mark.parametrize("text", TEXTS)
def test_quantiles_are_those_of_the_distribution(text):
    distribution = parse_distribution(text)
    table = quantiles(distribution, 1e-7)
    words = np.concatenate([np.arange(2000), 2 ** np.arange(32), np.random.default_rng(1).integers(2**32, size=20000)])
    below = (words + 0.5) / 2.0**32
    exact = distribution.quantiles(below, 1 - below)
    tolerance = 4e-5 * np.maximum(distribution.spread, np.abs(exact)) + 1e-7
    assert (np.abs(table(words.astype(np.uint32)) * 1e-7 - exact) <= tolerance).all()


@pytest.mark.parametrize("text", TEXTS)
def test_quantiles_ascend_and_stay_between_the_cuts(text):
    distribution = parse_distribution(text)
    words = np.sort(np.random.default_rng(2).integers(2**32, size=50000, dtype=np.uint32))
    values = quantiles(distribution, 1e-6)(words)
    assert (np.diff(values) >= 0).all()
    assert (values >= distribution.low / 1e-6 - 1).all()
    assert (values <= distribution.high / 1e-6 + 1).all()


def test_values_beyond_32_bits_are_refused():
    with pytest.raises(ValueError, match=r"more than 2\*\*31 units"):
        quantiles(Distribution("normal", 1.0, 1.0), 1e-12)
