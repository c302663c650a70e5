"""The generators side by side against one generator written down plainly, word by word, from its publications."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bioworkbench.records.lanes import N_LANES, Lanes

GOLDEN, WORD, LONG = 0x9E3779B97F4A7C15, 2**32 - 1, 2**64 - 1


def splitmix64(number):
    number = (number + GOLDEN) & LONG
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & LONG
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & LONG
    return number ^ (number >> 31)


def rotated(word, k):
    return ((word << k) | (word >> (32 - k))) & WORD


def xoshiro128pp(state):
    """Words of one generator for ever; Blackman and Vigna 2021, `xoshiro128plusplus.c`."""
    s = list(state)
    while True:
        yield (rotated((s[0] + s[3]) & WORD, 7) + s[0]) & WORD
        t = (s[1] << 9) & WORD
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotated(s[3], 11)


def plain(key, number, n):
    """The first n words of a stream."""
    start = splitmix64(key ^ splitmix64(number))
    halves = [splitmix64((start + k * GOLDEN) & LONG) for k in range(2 * N_LANES)]
    lanes = [
        xoshiro128pp([halves[2 * k] & WORD, halves[2 * k] >> 32, halves[2 * k + 1] & WORD, halves[2 * k + 1] >> 32])
        for k in range(N_LANES)
    ]
    return [next(lanes[k % N_LANES]) for k in range(n)]


@given(
    key=st.integers(0, LONG),
    numbers=st.lists(st.integers(0, 2**40), min_size=1, max_size=4),
    sizes=st.lists(st.integers(0, 40), min_size=1, max_size=3),
)
def test_words_are_those_of_plain_generators(key, numbers, sizes):
    lanes, begin = Lanes(key, numbers), 0
    for n in sizes:
        found = lanes.words(n)
        assert found.tolist() == [plain(key, number, begin + n)[begin:] for number in numbers]
        begin += -(-n // N_LANES) * N_LANES  # what is left of sixteen is thrown away


def test_a_published_number_of_splitmix64():
    """The first output from seed 0, as in the reference implementation's tests."""
    assert splitmix64(0) == 0xE220A8397B1DCDAF


def test_a_bit_of_the_state_changes_words_from_the_third_on():
    """The twin must fail where a word of the state is another; the first two words do not see that one yet."""
    lanes = Lanes(1, [0])
    lanes.state[2] = lanes.state[2] ^ np.uint32(1)
    found, wanted = np.reshape(lanes.words(64), (4, N_LANES)), np.reshape(plain(1, 0, 64), (4, N_LANES))
    assert (found == wanted).all(axis=1).tolist() == [True, True, False, False]
