"""Tables of quantiles in fixed point, against the quantiles themselves."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bioworkbench.records.distributions import Distribution, parse_distribution
from bioworkbench.records.quantiles import quantiles

values = st.floats(-100.0, 100.0).map(lambda value: round(value, 6))
spreads = st.floats(0.01, 50.0).map(lambda value: round(value, 6))
words = st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=100).map(lambda given: np.array(given, np.uint32))


@st.composite
def distributions(draw):
    kind = draw(st.sampled_from(["uniform", "normal", "lognormal"]))
    first, spread = draw(values), draw(spreads)
    if kind == "uniform":
        return Distribution("uniform", first, first + spread)
    if kind == "lognormal":
        return Distribution("lognormal", 0.1 + abs(first), spread)
    ends = {"low": first - draw(st.floats(0.0, 3.0)) * spread, "high": first + draw(st.floats(0.1, 3.0)) * spread}
    return Distribution("normal", first, spread, **{name: end for name, end in ends.items() if draw(st.booleans())})


def unit_of(distribution):
    """As small as 32 bits allow."""
    edge = np.array([0.5**33, 1 - 0.5**33])
    return float(np.abs(distribution.quantiles(edge, 1 - edge)).max()) / 2**30


@given(distributions(), words)
def test_values_are_quantiles_of_the_words(distribution, given):
    table = quantiles(distribution, unit_of(distribution))
    p = (given.astype(float) + 0.5) / 2.0**32
    exact = distribution.quantiles(p, (~given).astype(float) / 2.0**32 + 0.5**33)
    # a straight line between the ends of a segment, 1/64 of an octave: off by the curvature, most in the longest ones of the middle
    around = [distribution.quantiles(np.clip(p * (1 + k / 64), 0, 1), np.clip(1 - p * (1 + k / 64), 0, 1)) for k in (-1, 1)]
    off = np.abs(table(given) * table.unit - exact)
    assert (off <= 4 * table.unit + 0.05 * np.abs(around[1] - around[0]) + 1e-9 * np.abs(exact)).all()


@given(distributions(), words)
def test_values_ascend_with_words_and_stay_between_the_ends(distribution, given):
    table = quantiles(distribution, unit_of(distribution))
    found = table(np.sort(given)).astype(np.int64)
    assert (np.diff(found) >= 0).all()
    low, high = sorted(table.ends)
    assert low <= found[0] <= found[-1] <= high


@given(values, words)
def test_a_constant_is_one_value(value, given):
    assume(value)
    table = quantiles(Distribution("constant", value), abs(value) / 1000)
    assert set(table(given).tolist()) == {round(np.copysign(1000, value))}


def test_what_does_not_fit_into_32_bits_is_refused():
    with pytest.raises(ValueError, match=r"goes up to 3, which is more than 2\*\*31 units of 1e-09; cut it"):
        quantiles(parse_distribution("uniform(1, 3)"), 1e-9)
    with pytest.raises(ValueError, match=r"goes up to 3, which is more than 2\*\*31 units of 1e-09; cut it"):
        quantiles(parse_distribution("uniform(-3, -1)"), 1e-9)
