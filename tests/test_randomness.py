"""Named random streams."""

import numpy as np
import pytest

from bioworkbench.randomness import stream, streams


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
