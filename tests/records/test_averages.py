"""Means and standard errors against sums by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioworkbench.records.averages import mean_and_error


def test_by_hand():
    assert mean_and_error([1.0, 2.0, 3.0, 6.0]) == (3.0, pytest.approx(np.sqrt(14 / 3) / 2))
    assert mean_and_error([1.0, 3.0]) == (2.0, pytest.approx(1.0))


def test_the_error_of_one_value_is_not_known():
    assert mean_and_error([2.5]) == (2.5, None)


@pytest.mark.parametrize(
    ("values", "message"),
    [([], "values has 0 entries; a mean needs at least one"), ([1.0, np.inf], "values has 1 value that is not finite")],
)
def test_refuses(values, message):
    with pytest.raises(ValueError, match=message):
        mean_and_error(values)


def test_the_order_of_the_values_does_not_matter():
    values = np.random.default_rng(1).normal(size=1000)
    assert mean_and_error(values) == mean_and_error(values[::-1])


@given(value=st.floats(-1e6, 1e6), n=st.integers(2, 12))
def test_equal_values_have_no_error(value, n):
    """Rounding of a sum would give them one of 1e-17, of which a table shows all digits."""
    assert mean_and_error([value] * n) == (value, 0.0)
