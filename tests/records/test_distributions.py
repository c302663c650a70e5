"""Distributions: text to record and back, cuts, and draws."""

import numpy as np
import pytest
from brian2 import ms, mV
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from bioworkbench.records.distributions import Distribution, constant, draw_start, parse_distribution, start_dimension

KINDS = {
    "normal(1.5 ms, 0.75 ms)": stats.norm(1.5e-3, 0.75e-3),
    "uniform(1 ms, 2 ms)": stats.uniform(1e-3, 1e-3),
    "lognormal(2 ms, 1 ms)": stats.lognorm(np.sqrt(np.log(1.25)), scale=2e-3 / np.sqrt(1.25)),
}


@pytest.mark.parametrize(
    "text", [*KINDS, "normal(1.5 ms, 0.75 ms, low = 100 us)", "uniform(1 ms, 2 ms, high = 1.5 ms)", "constant(3 mV)"]
)
def test_text_is_read_back(text):
    assert str(parse_distribution(text)) == text
    assert parse_distribution(str(parse_distribution(text))) == parse_distribution(text)


def test_a_quantity_is_a_constant():
    assert parse_distribution("2 ms") == constant(2 * ms)
    assert str(parse_distribution("2 ms")) == "constant(2 ms)"


@pytest.mark.parametrize("text", KINDS)
def test_quantiles_are_those_of_scipy(text):
    below = np.array([1e-9, 0.01, 0.3, 0.5, 0.9, 1 - 1e-9])
    assert parse_distribution(text).quantiles(below, 1 - below) == pytest.approx(KINDS[text].ppf(below), rel=1e-6)


@pytest.mark.parametrize("text", KINDS)
def test_the_spread_is_the_standard_deviation(text):
    assert parse_distribution(text).spread == pytest.approx(KINDS[text].std())


@pytest.mark.parametrize("text", ["2 ms", "constant(2 ms)", "uniform(2 ms, 2 ms)", "normal(2 ms, 0 ms)", "lognormal(2 ms, 0 ms)"])
def test_a_distribution_without_spread_is_one_value(text):
    distribution = parse_distribution(text)
    assert distribution.is_constant
    assert (distribution.draw(np.random.default_rng(1), (2, 3)) == np.full((2, 3), 2e-3)).all()
    assert not any(parse_distribution(other).is_constant for other in KINDS)


@pytest.mark.parametrize("text", KINDS)
def test_a_cut_distribution_is_the_part_between_the_cuts(text):
    """Drawing again what lies outside, which is what a cut stands for, gives the same distribution."""
    low, high = 1.2e-3, 1.9e-3
    cut = parse_distribution(f"{text[:-1]}, low = 1.2 ms, high = 1.9 ms)")
    values = cut.draw(np.random.default_rng(1), 5000)
    assert low <= values.min() < values.max() <= high
    inside = KINDS[text].rvs(40000, random_state=2)
    assert stats.ks_2samp(values, inside[(inside >= low) & (inside <= high)]).pvalue > 1e-3
    assert stats.ks_2samp(values, np.clip(inside, low, high)).pvalue < 1e-6


@settings(max_examples=100, deadline=None)
@given(
    kind=st.sampled_from(["normal", "uniform", "lognormal"]),
    first=st.floats(-3, 3).filter(lambda x: abs(x) > 1e-3),
    second=st.floats(1e-3, 3),
    low=st.floats(-4, 0),
    high=st.floats(0.1, 4),
)
def test_draws_lie_between_the_cuts(kind, first, second, low, high):
    assume(low < first < high)
    distribution = Distribution(kind, first, first + second if kind == "uniform" else second, low, high)
    values = distribution.draw(np.random.default_rng(1), 100)
    ends = distribution.quantiles(np.array([0.0, 1.0]), np.array([1.0, 0.0]))
    assert (np.append(ends, values) >= low).all()
    assert (np.append(ends, values) <= high).all()


def test_a_negative_mean_mirrors_a_lognormal_distribution():
    below = np.linspace(0.01, 0.99, 9)
    mirrored = parse_distribution("lognormal(-2, 1)").quantiles(below, 1 - below)
    assert mirrored == pytest.approx(-parse_distribution("lognormal(2, 1)").quantiles(1 - below, below))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("gauss(1, 2)", "'gauss' is not a distribution"),
        ("norml(1, 2)", "did you mean 'normal'"),
        ("normal(1, 2", "is not a distribution; write"),
        ("normal(1)", r"'normal\(1\)': normal takes mean, deviation"),
        ("normal(1, 2, 3)", "normal takes mean, deviation, then low"),
        ("normal(1 ms, 2 mV)", "mixes a time and a voltage"),
        ("normal(1 ms, 2 ms, low = 1 mV)", "mixes a time and a voltage"),
        ("normal(1, -0.5)", r"deviation = -0\.5: cannot be negative"),
        ("uniform(2 ms, 1 ms)", "low = 2 ms is above high = 1 ms"),
        ("lognormal(0, 1)", "mean of the lognormal distribution = 0"),
        ("normal(1 mV, 0 mV, low = 2 mV)", r"nothing of normal\(1 mV, ...\) lies between low = 2 mV and high = inf; move them"),
        ("uniform(1, 2, low = 3)", "nothing of uniform"),
        ("normal(1, 2, low = 3, high = 2)", "nothing of normal"),
        ("one ms", "is not a quantity"),
    ],
)
def test_what_is_not_a_distribution_is_refused(text, words):
    with pytest.raises(ValueError, match=words):
        parse_distribution(text)


def test_infinite_parameters_are_refused():
    with pytest.raises(ValueError, match="mean of the normal distribution = inf: must be finite"):
        Distribution("normal", np.inf, 1.0)


def test_starts_are_numbers_arrays_or_draws():
    rng = np.random.default_rng(1)
    assert (draw_start(-70 * mV, (2, 3), rng) == -0.07).all()
    assert (draw_start(np.array([1, 2, 3]) * mV, (2, 3), rng)[1] == np.array([1, 2, 3]) * 1e-3).all()
    uniform = draw_start("uniform(-70 mV, -50 mV)", (4, 2500), rng)
    assert -0.07 <= uniform.min() < uniform.max() <= -0.05
    assert abs(uniform.mean() + 0.06) * np.sqrt(10_000) / (0.02 / np.sqrt(12)) < 4.5


def test_normal_start_values_have_the_stated_moments():
    values = draw_start("normal(3 mV, 2 mV)", (1, 10_000), np.random.default_rng(2)) * 1e3
    assert abs(values.mean() - 3) * 100 / 2 < 4.5
    assert abs(values.var() / 4 - 1) * np.sqrt(10_000 / 2) < 4.5
    assert abs(values.var() / 4.5 - 1) * np.sqrt(10_000 / 2) > 4.5  # twin that must fail


@pytest.mark.parametrize("text", ["uniform(-70 mV, -50 mV)", "normal(3 mV, 2 mV, low = 0 mV)", "lognormal(3 mV, 1 mV)", "2 mV"])
def test_start_values_follow_any_distribution(text):
    values = draw_start(text, (3, 400), np.random.default_rng(3))
    distribution = parse_distribution(text)
    assert start_dimension(text) is start_dimension(3 * mV) is distribution.dimension
    assert values.shape == (3, 400)
    assert distribution.low <= values.min() <= values.max() <= distribution.high
    assert abs(values.mean() - distribution.draw(np.random.default_rng(4), 1200).mean()) <= 5e-4 * bool(distribution.spread)
