"""Checks of values: what each refuses, and in which words."""

import numpy as np
import pytest
from brian2 import Hz, ms, mV, second, volt

from bioworkbench.neurons.values import ascending, non_negative_amounts, positive_amounts, refractory_period, signed, start_value


def test_values_come_back_by_name():
    assert signed(volt, rest=-70 * mV) == {"rest": -70 * mV}
    assert positive_amounts(second, tau=20 * ms) == {"tau": 20 * ms}
    assert non_negative_amounts(1.0, part=0.0) == {"part": 0.0}


@pytest.mark.parametrize(
    ("check", "unit", "value", "message"),
    [
        (signed, volt, 3 * ms, "x = 3 ms is a time; it must be a voltage, in volt"),
        (signed, volt, np.array([1.0, 3.0]), "x = 2 values from 1 to 3 is a plain number; it must be a voltage"),
        (signed, 1.0, 3 * Hz, "x = 3 Hz is a frequency; it must be a plain number"),
        (signed, volt, np.nan * mV, "x has 1 value that is not finite"),
        (signed, volt, np.ones((2, 2)) * mV, r"x has shape \(2, 2\); give one value, or one per neuron"),
        (positive_amounts, second, 0 * ms, "x = 0 s: must be above 0"),
        (positive_amounts, second, np.array([1, -2]) * ms, "x = 2 values from -2 ms to 1 ms: must be above 0"),
        (non_negative_amounts, second, -1 * ms, "x = -1 ms: cannot be negative"),
    ],
)
def test_values_are_refused_by_dimension_shape_and_sign(check, unit, value, message):
    with pytest.raises(ValueError, match=message):
        check(unit, x=value)


@pytest.mark.parametrize("value", ["20 ms", None])
def test_text_is_not_a_value(value):
    with pytest.raises(TypeError, match=r"tau = .*: must be a quantity such as 20"):
        positive_amounts(second, tau=value)


def test_one_value_must_lie_below_another_in_every_neuron():
    ascending("reset", "threshold", {"reset": np.array([-60, -55]) * mV, "threshold": -50 * mV})
    with pytest.raises(ValueError, match="reset = 2 values from -60 mV to -45 mV must be below threshold = -50 mV"):
        ascending("reset", "threshold", {"reset": np.array([-60, -45]) * mV, "threshold": -50 * mV})


def test_no_refractory_period_is_none():
    assert refractory_period(0 * ms) is None
    assert refractory_period(2 * ms) == 2 * ms
    np.testing.assert_array_equal(refractory_period(np.array([1, 2]) * ms) / ms, [1, 2])
    with pytest.raises(ValueError, match="refractory = -2 ms: cannot be negative"):
        refractory_period(-2 * ms)


def test_a_start_is_a_value_a_law_or_the_default():
    assert start_value(None, -70 * mV) == -70 * mV
    assert start_value(-60 * mV, -70 * mV) == -60 * mV
    assert start_value("-60 mV", -70 * mV) == -60 * mV
    assert start_value("rest", -70 * mV) == "rest"
    assert start_value("uniform(-60 mV, -50 mV)", -70 * mV) == "uniform(-60 mV, -50 mV)"
    assert start_value("normal(0 mV, 1 mV)", np.array([-70, -60]) * mV) == "normal(0 mV, 1 mV)"


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (3 * ms, "start = 3 ms is a time; it must be a voltage"),
        ("3 ms", "start = 3 ms is a time; it must be a voltage"),
        ("re st", "'re st' is not a quantity"),
        ("uniform(1 ms, 2 ms)", r"start = uniform\(1 ms, 2 ms\) is a time; it must be a voltage"),
        ("uniform(1 mV)", "'uniform\\(1 mV\\)': uniform takes low, high"),
    ],
)
def test_a_start_of_another_dimension_is_refused(start, message):
    with pytest.raises(ValueError, match=message):
        start_value(start, -70 * mV)
