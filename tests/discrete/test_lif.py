"""Text and constants of the discrete-time models; their behavior is tested with the NumPy twin and with Brian2."""

import numpy as np
import pytest

from bioworkbench.discrete.lif import discrete_lif, soft_reset_if


def test_update_names_only_what_is_needed():
    model = discrete_lif(leak=0.9)
    assert model.update == "v = leak*v + drive + current + bias\ncurrent = 0"
    assert (model.threshold, model.reset, model.receives) == ("v >= theta", "v -= theta", "current")
    assert set(model.constants) <= set(model.parsed.names)


def test_floor_noise_and_strictness_change_the_text():
    model = discrete_lif(leak=0.9, strict=True, floor=-1.0, noise_mean=0.5, noise_deviation=0.1)
    assert model.threshold == "v > theta"
    assert "clip(v, lowest, inf)" in model.update
    assert model.update.splitlines()[0].endswith("+ noise_mean + noise_deviation*randn()")
    assert "randn" not in discrete_lif(leak=0.9, noise_mean=0.5).update


def test_values_may_differ_between_neurons():
    model = discrete_lif(leak=0.9, bias=[0.0, 1.0], start=[0.5, 0.25])
    model.check_size("a", 2)
    with pytest.raises(ValueError, match=r"bias of population 'a' has shape \(2,\)"):
        model.check_size("a", 3)


def test_soft_reset_starts_at_half_its_threshold():
    model = soft_reset_if(threshold=[1.0, 3.0])
    np.testing.assert_array_equal(model.start["v"], [0.5, 1.5])
    assert soft_reset_if(start=0.0).start["v"] == 0.0
    assert model.constants["leak"] == 1.0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"leak": 1.5}, r"leak = 1.5: must lie between 0 and 1"),
        ({"leak": -0.1}, r"leak = -0.1: must lie between 0 and 1"),
        ({"leak": 0.0, "reset": "delayed_subtract"}, "divides by it"),
        ({"leak": 0.5, "reset": "hard"}, "'hard' is not a reset"),
        ({"leak": 0.5, "noise_deviation": -1.0}, "noise_deviation = -1.0: cannot be negative"),
        ({"leak": 0.5, "threshold": np.nan}, "threshold has 1 value that is not finite"),
    ],
)
def test_refusals(arguments, words):
    with pytest.raises(ValueError, match=words):
        discrete_lif(**arguments)
