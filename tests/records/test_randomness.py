"""Named random streams."""

import hashlib

import numpy as np
import pytest

from bioworkbench.records.randomness import derived_seed, seed_of, stream, streams


def draws(seed, name):
    return stream(seed, name).integers(2**62, size=4)


def test_a_stream_is_its_seed_and_name():
    assert (draws(1, "weights") == draws(1, "weights")).all()
    assert (draws(1, "weights") != draws(2, "weights")).all()
    assert (draws(1, "weights") != draws(1, "topology")).all()


def test_numbers_do_not_change_between_versions():
    """Results on disk rest on these."""
    assert stream(1, "weights").integers(1000, size=4).tolist() == [90, 456, 412, 505]


def test_another_name_shifts_no_stream():
    alone = streams(3, "a")[0].random(3)
    among = streams(3, "z", "a", "b")[1].random(3)
    assert (alone == among).all()


def test_streams_look_independent():
    first, second = (stream(5, name).standard_normal(20_000) for name in ("a", "b"))
    assert abs(np.corrcoef(first, second)[0, 1]) * np.sqrt(20_000) < 4.5


def test_dependent_streams_would_be_seen():
    """Twin that must fail."""
    first = stream(5, "a").standard_normal(20_000)
    second = 0.05 * first + stream(5, "b").standard_normal(20_000)
    assert abs(np.corrcoef(first, second)[0, 1]) * np.sqrt(20_000) > 4.5


def test_a_name_given_twice_is_refused():
    with pytest.raises(ValueError, match=r"stream names \('a', 'a'\) repeat"):
        streams(1, "a", "a")


@pytest.mark.parametrize("seed", [-1, 1.5, None])
def test_seeds_are_integers(seed):
    with pytest.raises(ValueError, match=r"seed = .*: must be an integer, 0 or more"):
        stream(seed, "a")


def test_derived_seeds_have_64_bits():
    """Every bit is 1 in half of them, within 4.5 standard errors; none of them is larger."""
    seeds = np.array([seed_of(seed, "noise of chunk 0") for seed in range(2000)], dtype=np.uint64)
    ones = ((seeds[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)).mean(axis=0)
    assert np.abs(ones - 0.5).max() < 4.5 * 0.5 / np.sqrt(len(seeds))
    assert seed_of(1, "a") == derived_seed(stream(1, "a"))
    assert 0 <= derived_seed(np.random.default_rng(2)) < 2**64


def duplicates(found, bits=64):
    """How many of the seeds another one has too."""
    return len(found) - len(np.unique(found >> np.uint64(64 - bits)))


def noise_names(n_populations, n_chunks):
    return [f"noise of population {p}, chunk {chunk}" for p in range(n_populations) for chunk in range(n_chunks)]


class Hash:
    """The hash of NumPy's `SeedSequence` (O'Neill's seed_seq_fe) for arrays of words; its constant changes with every use."""

    def __init__(self, constant, factor):
        self.constant, self.factor = constant, factor

    def __call__(self, words):
        words = words ^ np.uint32(self.constant)
        self.constant = self.constant * self.factor % 2**32
        words = words * np.uint32(self.constant)
        return words ^ (words >> np.uint32(16))


def mixed(x, y):
    found = np.uint32(0xCA01F9DD) * x - np.uint32(0x4973F715) * y
    return found ^ (found >> np.uint32(16))


def product(x, y):
    """Product of two 128-bit numbers modulo 2**128, each as (high, low) words of 64 bits."""
    mask, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    (a, b), (c, d) = ((word >> half, word & mask) for word in (x[1], y[1]))
    middle = (b * d >> half) + (a * d & mask) + (b * c & mask)
    high = a * c + (a * d >> half) + (b * c >> half) + (middle >> half)
    return high + x[0] * y[1] + x[1] * y[0], x[1] * y[1]


def total(x, y):
    low = x[1] + y[1]
    return x[0] + y[0] + (low < x[1]).astype(np.uint64), low


def seeds_at_once(seeds, names):
    """`seed_of` for all pairs of seeds below 2**32 and names, in the order of the names within a seed."""
    keys = np.array([np.frombuffer(hashlib.sha256(name.encode()).digest()[:16], "<u4") for name in names])
    words = [
        np.repeat(np.asarray(seeds, np.uint32), len(names)),
        *(np.zeros(len(seeds) * len(names), np.uint32) for _ in range(3)),
    ]
    words += [np.tile(column, len(seeds)) for column in keys.T]
    hashed = Hash(0x43B0D7E5, 0x931E8875)
    pool = [hashed(word) for word in words[:4]]
    for source in range(8):
        for target in range(4):
            if source != target:
                pool[target] = mixed(pool[target], hashed(pool[source] if source < 4 else words[source]))
    hashed = Hash(0x8B51F9DD, 0x58F38DED)
    state = [hashed(pool[k % 4]).astype(np.uint64) for k in range(8)]
    start_high, start_low, high, low = (state[k] | state[k + 1] << np.uint64(32) for k in range(0, 8, 2))
    one, factor = np.uint64(1), (np.uint64(0x2360ED051FC65DA4), np.uint64(0x4385DF649FCCF645))
    step = high << one | low >> np.uint64(63), low << one | one  # PCG64: state * factor + step
    now = total(product(total(step, (start_high, start_low)), factor), step)
    now = total(product(now, factor), step)
    turn, word = now[0] >> np.uint64(58), now[0] ^ now[1]
    return word >> turn | word << (-turn.astype(np.int64) & 63).astype(np.uint64)


def test_seeds_at_once_are_those_one_by_one():
    seeds, names = [0, 1, 2, 77, 2**32 - 1], [*noise_names(3, 4), "start exc.v of trial 3"]
    expected = [seed_of(seed, name) for seed in seeds for name in names]
    assert seeds_at_once(seeds, names).tolist() == expected


def test_no_two_of_a_million_noise_streams_share_a_seed():
    found = seeds_at_once(range(100), noise_names(100, 100))
    assert len(found) == 10**6
    assert duplicates(found) == 0


def test_seeds_of_fewer_bits_would_repeat():
    """Twin that must fail: a hundred thousand seeds of 28 bits repeat about 19 times."""
    assert 2 < duplicates(seeds_at_once(range(100), noise_names(10, 100)), bits=28) < 40
