"""Distances of spike trains: values by hand, plain recursions, and the rules that a distance keeps."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioworkbench.readout.spike_distances import SPIKE_DISTANCES, coincidence_factor, van_rossum, victor_purpura

trains = st.lists(st.integers(0, 60), max_size=8).map(lambda steps: np.array(steps) * 1e-3)


def by_recursion(found, wanted, cost):
    """As its authors write it."""
    a, b = sorted(found), sorted(wanted)

    @cache
    def price(i, j):
        if not i or not j:
            return float(i + j)
        shifted = price(i - 1, j - 1) + cost * abs(a[i - 1] - b[j - 1])
        return min(price(i - 1, j) + 1, price(i, j - 1) + 1, shifted)

    return price(len(a), len(b))


@settings(max_examples=60, deadline=None)
@given(trains, trains, trains, st.sampled_from([0.0, 30.0, 500.0]))
def test_victor_and_purpura(a, b, c, cost):
    found = victor_purpura(a, b, cost=cost)
    assert found == pytest.approx(by_recursion(a, b, cost))
    assert found <= victor_purpura(a, c, cost=cost) + victor_purpura(c, b, cost=cost) + 1e-9
    assert victor_purpura(a, b, cost=0.0) == abs(len(a) - len(b))


@settings(max_examples=30, deadline=None)
@given(trains, trains)
def test_van_rossum_is_an_integral(a, b):
    tau, dt = 10e-3, 1e-5
    t = np.arange(0, 0.2, dt) + dt / 2
    f, g = (sum((t >= s) * np.exp(-(t - s) / tau) for s in train) if len(train) else 0 * t for train in (a, b))
    assert van_rossum(a, b, tau=tau) == pytest.approx(np.sqrt(((f - g) ** 2).sum() * dt / tau), abs=2e-3)
    assert van_rossum(a, b) == pytest.approx(van_rossum(b, a))


def test_coincidences_by_hand():
    """Two of four spikes coincide, each with one other alone; by chance it would be 3 * 4 * 2 * 2 ms."""
    found, wanted = [0.1, 0.2, 0.5], [0.101, 0.1015, 0.198, 0.7]
    chance = 2 * 3 * 2e-3
    assert coincidence_factor(found, wanted, duration=1.0) == pytest.approx((2 - chance * 4) / 3.5 / (1 - chance))
    back = 2 * 4 * 2e-3  # the other way round a spike of `wanted` has two to choose from, and still takes one
    assert coincidence_factor(wanted, found, duration=1.0) == pytest.approx((2 - back * 3) / 3.5 / (1 - back))
    assert coincidence_factor(wanted, wanted, duration=1.0) == pytest.approx(1.0)
    assert coincidence_factor([], [], duration=1.0) == 1.0
    assert coincidence_factor([], [0.1], duration=1.0) == 0.0


def test_chance_is_zero():
    rng = np.random.default_rng(1)
    factors = [coincidence_factor(*np.sort(rng.uniform(0, 10, (2, 200))), duration=10.0) for _ in range(60)]
    assert abs(np.mean(factors)) < 3 * np.std(factors) / np.sqrt(60)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: coincidence_factor(np.arange(300) / 300, [0.1], duration=1.0),
            "300 spikes in 1 s leave no time farther than precision",
        ),
        (lambda: coincidence_factor([np.nan], [0.1], duration=1.0), "times of found"),
        (lambda: van_rossum([0.1], [0.1], tau=0.0), "tau = 0"),
        (lambda: victor_purpura([0.1], [0.1], cost=-1.0), "cost"),
    ],
)
def test_what_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("name", SPIKE_DISTANCES)
def test_trains_are_at_no_distance_from_themselves(name):
    train = np.array([0.1, 0.4, 0.41])
    assert SPIKE_DISTANCES[name](train, train, 1.0) == pytest.approx(0.0, abs=1e-7)
    assert SPIKE_DISTANCES[name](train, train[:2], 1.0) > 0.1


def test_the_distance_by_coincidence_is_one_where_chance_has_every_spike_coincide():
    """100 spikes in 0.25 s, each of which covers 4 ms, cover 1.6 of the time; 50 spikes cover 0.8."""
    dense, wanted = np.arange(100) / 400, np.array([0.1, 0.2])
    assert SPIKE_DISTANCES["coincidence"](dense, wanted, 0.25) == 1.0
    expected = 1 - coincidence_factor(dense[::2], wanted, duration=0.25)
    assert SPIKE_DISTANCES["coincidence"](dense[::2], wanted, 0.25) == expected
