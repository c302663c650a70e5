"""Checks of arrays and numbers."""

import re

import numpy as np
import pytest

from bioworkbench.records.arrays import count, finite, fraction, non_negative, positive, shaped


def test_good_values_come_back():
    assert positive("x", 0.5) == 0.5
    assert non_negative("x", 0) == 0
    assert fraction("x", 1) == 1
    assert count("n", np.int64(3)) == 3
    assert type(count("n", np.int64(3))) is int
    assert finite("x", [1, 2]).dtype == float
    assert shaped("x", np.zeros((2, 3)), (None, 3)).shape == (2, 3)


@pytest.mark.parametrize("value", [0, -1, np.inf, np.nan])
def test_positive_numbers_are_above_zero_and_finite(value):
    with pytest.raises(ValueError, match=f"tau = {value}: must be a finite number above 0"):
        positive("tau", value)


@pytest.mark.parametrize("value", [-1e-9, np.inf, np.nan])
def test_non_negative_numbers_are_finite(value):
    with pytest.raises(ValueError, match=r"must be a finite number, 0 or more"):
        non_negative("sigma", value)


@pytest.mark.parametrize("value", [-0.1, 1.1, np.nan])
def test_fractions_lie_between_zero_and_one(value):
    with pytest.raises(ValueError, match=f"p = {value}: must lie between 0 and 1"):
        fraction("p", value)


@pytest.mark.parametrize("value", ["2 GB", None, [1.0, "a"], [None]])
@pytest.mark.parametrize("check", [positive, non_negative, fraction])
def test_what_is_no_number_is_named(check, value):
    with pytest.raises(ValueError, match=re.escape(f"memory = {value!r}: must ")):
        check("memory", value)


def test_the_first_wrong_number_of_an_array_is_named():
    with pytest.raises(ValueError, match=r"p = 1.5: must lie between 0 and 1"):
        fraction("p", np.array([[0.5, 1.5], [2.0, 0.1]]))


@pytest.mark.parametrize("value", [0, 1.5, "3", True, None])
def test_counts_are_integers(value):
    with pytest.raises(ValueError, match=r"n = .*: must be an integer, 1 or more"):
        count("n", value)


def test_a_count_may_start_at_zero():
    assert count("n", 0, least=0) == 0
    with pytest.raises(ValueError, match="n = -1: must be an integer, 0 or more"):
        count("n", -1, least=0)


def test_finite_names_the_first_bad_entry():
    with pytest.raises(ValueError, match=r"x has 2 values that are not finite, the first at \(0, 1\): nan"):
        finite("x", [[0, np.nan], [np.inf, 1]])


def test_ragged_data_and_text_are_not_arrays():
    with pytest.raises(ValueError, match="x is not a rectangular array of numbers"):
        finite("x", [[1, 2], [3]])
    with pytest.raises(ValueError, match="x is not a rectangular array of numbers"):
        finite("x", ["a"])


@pytest.mark.parametrize("shape", [(3, 2), (2,), (2, 3, 1)])
def test_shapes_must_fit(shape):
    with pytest.raises(ValueError, match=r"x has shape \(2, 3\); it must be"):
        shaped("x", np.zeros((2, 3)), shape)
