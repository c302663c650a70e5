"""Poisson sources; their statistics are in tests/theory."""

import numpy as np
import pytest
from brian2 import Hz, ms

from bioworkbench.neurons import poisson_source
from tests.neurons.driven import alone, driven, rates


def test_a_rate_of_zero_never_fires_and_one_of_a_spike_per_step_always_does():
    model = poisson_source(rate=np.array([0.0, 1000.0]) * Hz)
    assert list(rates(alone(model, 2, 0.1, 1e-3))) == [0, 1000]


def test_the_drive_adds_to_the_rate():
    assert list(rates(driven(poisson_source(rate=200 * Hz), [-200.0, 800.0], 0.1, 1e-3))) == [0, 1000]


def test_negative_rates_and_times_are_refused():
    with pytest.raises(ValueError, match="rate = -3 Hz: cannot be negative"):
        poisson_source(rate=-3 * Hz)
    with pytest.raises(ValueError, match="rate = 3 ms is a time; it must be a frequency"):
        poisson_source(rate=3 * ms)
