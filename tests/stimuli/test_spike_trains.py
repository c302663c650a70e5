"""Spike trains from outside."""

import numpy as np
import pytest

from bioworkbench.stimuli.spike_trains import _intervals


@pytest.mark.parametrize("n", [1, 7, 100_000])
@pytest.mark.parametrize("equal", [True, False])
def test_intervals_are_those_that_a_binary_search_finds(n, equal):
    rng = np.random.default_rng(n)
    bounds = np.concatenate([[0.0], np.cumsum(np.full(n, 15.0) if equal else rng.random(n))]) * 2e-4
    at = bounds[rng.integers(len(bounds), size=300)]
    values = np.concatenate([rng.random(1000) * bounds[-1], at, np.nextafter(at, 1), np.maximum(np.nextafter(at, -1), 0)])
    np.testing.assert_array_equal(_intervals(bounds, values), np.searchsorted(bounds, values, side="right") - 1)
