"""What an unrolled network reads of a stimulus, step by step."""

import jax
import numpy as np
import pytest

from bioworkbench.gradients.inputs import step_inputs
from bioworkbench.gradients.objectives import no_shift, random_shift
from bioworkbench.records.optimization import Images
from bioworkbench.records.stimulus import Stimulus

FRAMES = np.arange(12.0).reshape(1, 3, 4) / 12


def test_currents_are_held_for_their_frames():
    held = step_inputs(Stimulus(FRAMES, 2e-3), 6)
    assert held.values.shape == (1, 6, 4)
    np.testing.assert_array_equal(held.values[0, 2:4], np.float32(FRAMES[0, [1, 1]]))
    one = step_inputs(Stimulus(FRAMES[:, :1], 6e-3), 6)
    assert one.values.shape == (1, 1, 4)
    assert one.changed(no_shift) is no_shift


def test_spikes_arrive_in_the_first_step_of_their_frame():
    steps = step_inputs(Stimulus(np.ones((1, 3, 4)), 2e-3, "spikes"), 6).values
    assert steps[0, :, 0].tolist() == [1, 0, 1, 0, 1, 0]


def test_rates_become_spikes_with_their_probability():
    inputs = step_inputs(Stimulus(np.full((50, 1, 40), 250.0), 8e-3, "rate"), 8)
    assert inputs.values.max() == pytest.approx(0.25)
    drawn = inputs.changed(random_shift(Images((5, 8, 1))))(inputs.values, jax.random.key(1))
    fixed = inputs.drawn(np.random.default_rng(1))
    for spikes in (np.asarray(drawn), fixed):
        assert spikes.shape == (50, 8, 40)
        assert set(np.unique(spikes)) == {0, 1}
        assert abs(spikes.mean() - 0.25) < 4.5 * np.sqrt(0.25 * 0.75 / spikes.size)
    assert inputs.drawn(np.random.default_rng(1), 3).shape[0] == 3


def test_refusals():
    with pytest.raises(ValueError, match="n_steps = 7 is not a multiple of the 3 frames"):
        step_inputs(Stimulus(FRAMES, 2e-3), 7)
    with pytest.raises(ValueError, match="rates go up to 2 spikes per step with n_steps = 4"):
        step_inputs(Stimulus(np.full((1, 1, 1), 1000.0), 8e-3, "rate"), 4)
