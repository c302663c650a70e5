"""Members of random subsets by group, beside NumPy's own numbers where it has them."""

import numpy as np
import pytest

from bioworkbench.records import subsets
from bioworkbench.records.subsets import subset_counts


def test_large_sets_are_counted_like_small_ones(monkeypatch):
    """The same means and covariances by the way for large sets, at a size that NumPy draws too."""
    sizes, n, n_draws = np.array([5, 0, 20, 75]), 30, 4000
    rng = np.random.default_rng(1)
    known = np.array([subset_counts(sizes, n, rng) for _ in range(n_draws)])
    monkeypatch.setattr(subsets, "_DEVIATIONS", 0.5)  # so that a draw is often too small, and drawn again
    found = np.array([subsets._of_many(sizes, n, 100, rng) for _ in range(n_draws)])
    assert (found.sum(axis=1) == n).all()
    assert (found <= sizes).all()
    expected = n * sizes / 100
    deviation = np.sqrt(n * sizes / 100 * (1 - sizes / 100) * 70 / 99)
    for drawn in (known, found):
        assert (np.abs(drawn.mean(axis=0) - expected) <= 4.5 * deviation / np.sqrt(n_draws)).all()
        np.testing.assert_allclose(drawn.std(axis=0), deviation, rtol=0.08)


def test_more_pairs_than_numpy_counts():
    counts = subset_counts(np.full(40_000, 40_000), 1_000_000, np.random.default_rng(1))
    assert counts.sum() == 1_000_000
    assert counts.std() == pytest.approx(5, rel=0.05)


def test_more_links_than_can_be_drawn():
    with pytest.raises(ValueError, match="1000000000 of 1600000000 links: at most 1,000,000,000 can be drawn of so many"):
        subset_counts(np.full(40_000, 40_000), 10**9, np.random.default_rng(1))
