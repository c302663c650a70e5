"""Normal numbers from words, against the exact quantiles that they approximate."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri

from bioworkbench.records.normals import normal_coefficients, normals

UPPER = np.uint32(2**31)
words = st.lists(st.integers(0, 2**30 - 1), min_size=1, max_size=200).map(lambda given: np.array(given, np.uint32))


def exact(words):
    """Quantiles of the middles of the intervals that the lower 30 bits stand for: half of the distribution."""
    return ndtri((words.astype(float) + 0.5) / 2.0**31)


@given(words)
def test_numbers_are_quantiles_to_single_precision(given):
    np.testing.assert_allclose(normals(given), exact(given), atol=6e-6, rtol=1e-6)


@given(words)
def test_the_first_bit_is_the_sign_alone(given):
    np.testing.assert_array_equal(normals(given | UPPER), -normals(given))


@given(words)
def test_the_second_bit_says_nothing(given):
    np.testing.assert_array_equal(normals(given | np.uint32(2**30)), normals(given))


@given(st.integers(0, 30), st.integers(0, 200))
def test_numbers_do_not_fall_from_word_to_word_across_octaves(octave, offset):
    """Polynomials of neighboring octaves meet; a step back would be a gap or a heap in the distribution."""
    border = min(2**octave + offset, 2**30 - 2)
    around = np.arange(max(0, border - 300), min(border + 300, 2**30), dtype=np.uint32)
    assert np.diff(normals(around)).min(initial=0.0) >= -1e-5  # twice how far a number is off


def test_the_last_octave_is_the_median():
    assert normal_coefficients()[:, -1].tolist() == [0.0] * 6


def test_another_table_is_found_out(monkeypatch):
    wrong = normal_coefficients() * np.float32(1.001)
    monkeypatch.setattr("bioworkbench.records.normals.normal_coefficients", lambda: wrong)
    assert np.abs(normals(np.arange(1000, dtype=np.uint32)) - exact(np.arange(1000))).max() > 1e-3
