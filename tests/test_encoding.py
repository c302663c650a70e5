"""Values become currents, rates and spike times as the docstrings say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioworkbench.encoding import ENCODINGS, as_current, as_latency, as_rate

VALUES = np.array([[[0.0, 0.25], [0.5, 1.0]]])


def test_current_is_an_affine_map():
    stimulus = as_current(VALUES, frame=0.01, gain=2.0, offset=-1.0)
    assert stimulus.kind == "current"
    assert stimulus.frame == 0.01
    np.testing.assert_allclose(stimulus.values, [[[-1.0, -0.5], [0.0, 1.0]]])


def test_patches_put_frames_side_by_side():
    values = np.arange(24.0).reshape(1, 6, 4)
    stimulus = as_current(values, frame=0.003, patch=3)
    assert stimulus.values.shape == (1, 2, 12)
    np.testing.assert_array_equal(stimulus.values[0, 1], values[0, 3:].ravel())
    with pytest.raises(ValueError, match="patch = 4 does not divide the 6 frames of a trial; choose a divisor"):
        as_current(values, frame=0.003, patch=4)


def test_rate_maps_the_range_and_saturates():
    stimulus = as_rate([[[-5.0, -1.0, 0.0, 1.0, 3.0]]], frame=0.01, maximum=100.0, minimum=20.0, lowest=-1.0, highest=1.0)
    assert stimulus.kind == "rate"
    np.testing.assert_allclose(stimulus.values, [[[20.0, 20.0, 60.0, 100.0, 100.0]]])


def test_a_full_rate_spikes_in_every_step():
    assert as_rate([[[1.0]]], frame=0.025, maximum=1000.0).values.item() * 0.001 == 1.0


def test_latency_frames_follow_each_other():
    stimulus = as_latency(VALUES, frame=0.010, n_levels=5)
    assert stimulus.values.shape == (1, 10, 2)
    assert stimulus.frame == pytest.approx(0.002)
    assert stimulus.duration == pytest.approx(0.020)
    assert np.argwhere(stimulus.values[0]).tolist() == [[3, 1], [5, 1], [7, 0]]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-2, 2), min_size=1, max_size=8), st.integers(2, 30))
def test_latency_gives_one_spike_per_positive_value_and_earlier_for_larger(values, n_levels):
    spikes = as_latency([[values]], frame=0.1, n_levels=n_levels).values[0]
    assert spikes.sum(axis=0).tolist() == [float(value > 0) for value in values]
    fired = sorted((value, -int(spikes[:, k].argmax())) for k, value in enumerate(values) if value > 0)
    assert [time for _, time in fired] == sorted(time for _, time in fired)
    for value, time in fired:
        assert abs(-time - (1 - min(value, 1.0)) * (n_levels - 1)) <= 0.5 + 1e-9  # the nearest part


def test_a_rate_may_be_the_same_for_all_values():
    assert (as_rate(VALUES, frame=0.01, maximum=50.0, minimum=50.0).values == 50.0).all()


@pytest.mark.parametrize("encode", ENCODINGS.values())
def test_encodings_are_deterministic_and_leave_their_input_alone(encode):
    values = VALUES.copy()
    settings = {"maximum": 100.0} if encode is as_rate else {}
    first, second = (encode(values, frame=0.01, **settings) for _ in range(2))
    np.testing.assert_array_equal(first.values, second.values)
    np.testing.assert_array_equal(values, VALUES)


@pytest.mark.parametrize(
    ("encode", "arguments", "message"),
    [
        (as_current, {"values": VALUES, "frame": 0.0}, "frame = 0.0"),
        (as_current, {"values": VALUES, "frame": 0.1, "gain": np.nan}, "gain has 1 value that is not finite"),
        (as_current, {"values": VALUES, "frame": 0.1, "offset": np.inf}, "offset has 1 value that is"),
        (as_current, {"values": VALUES[0], "frame": 0.1}, r"values to encode has shape \(2, 2\)"),
        (as_current, {"values": [[[np.nan]]], "frame": 0.1}, "values to encode has 1 value that is not finite"),
        (as_rate, {"values": VALUES, "frame": 0.1, "maximum": 0.0}, "maximum = 0.0"),
        (as_rate, {"values": VALUES, "frame": 0.1, "maximum": 1.0, "minimum": -1.0}, "minimum = -1.0"),
        (as_rate, {"values": VALUES, "frame": 0.1, "maximum": 1.0, "minimum": 2.0}, "maximum = 1.0 Hz is below minimum = 2.0"),
        (as_rate, {"values": VALUES, "frame": 0.1, "maximum": 1.0, "lowest": 1.0}, "lowest must be below highest"),
        (as_latency, {"values": VALUES, "frame": 0.1, "n_levels": 1}, "n_levels = 1"),
        (as_latency, {"values": VALUES, "frame": -0.1}, "frame = -0.1"),
        (as_latency, {"values": VALUES, "frame": 0.1, "highest": np.nan}, "highest has 1 value that is not finite"),
    ],
)
def test_encodings_refuse(encode, arguments, message):
    with pytest.raises(ValueError, match=message):
        encode(**arguments)
