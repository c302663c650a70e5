"""Quantities as text: what is read, what is refused, and that writing and reading are inverse."""

import numpy as np
import pytest
from brian2 import Quantity, amp, cm, meter, mS, ms, mV, nA, nS, second, siemens, um, volt
from brian2.equations.equations import Equations
from hypothesis import given
from hypothesis import strategies as st

from bioworkbench.records.units import (
    dimension_name,
    format_quantity,
    parse_quantity,
    si_value,
    unit_text,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("20 ms", 20 * ms),
        ("-70mV", -70 * mV),
        ("1e-3", 1e-3),
        (".5 nA", 0.5 * nA),
        ("+3. mV/ms", 3 * mV / ms),
        ("0.1 nS/um**2", 0.1 * nS / um**2),
        ("2 nS/um^2", 2 * nS / um**2),
        ("1 nS * mV", 1 * nS * mV),
        ("5 msecond", 5 * ms),
        ("20 \u00b5s", 0.02 * ms),  # the micro sign
        ("20 \u03bcs", 0.02 * ms),  # the Greek letter
        (3, 3.0),
        (2.5, 2.5),
    ],
)
def test_text_is_read(text, value):
    parsed = parse_quantity(text)
    assert parsed.dim is Quantity(value).dim
    assert float(parsed) == pytest.approx(float(value), rel=1e-14)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is not a quantity"),
        ("ms", "'ms' is not a quantity"),
        ("20 parsecs", "'20 parsecs' has the unknown unit 'parsecs'"),
        ("20 ms mV", "'20 ms mV' is not a quantity: 'mV' is not a unit"),
        ("20 ms; import os", "is not a quantity: '; import os' is not a unit"),
        ("__import__('os')", "is not a quantity; write a number with a unit"),
        ("20 ms**100", "is not a quantity: '00' is not a unit"),
        ("1e400 ms", "'1e400 ms' is not finite"),
        ("nan", "'nan' is not a quantity"),
        ("1" * 200, "is not a quantity"),
        (True, "True is not a quantity"),
        (None, "None is not a quantity"),
        ([1], r"\[1\] is not a quantity"),
        (float("inf"), "'inf' is not finite"),
    ],
)
def test_anything_else_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        parse_quantity(text)


@given(st.text(max_size=30))
def test_no_text_does_more_than_raise_a_value_error(text):
    try:
        parse_quantity(text)
    except ValueError as error:
        assert str(error)  # noqa: PT017  either outcome is right


UNITS = [volt, second, amp, siemens, volt / second, 1 / second, siemens / meter**2, amp / meter**2, meter**2, 1 / meter**2]


@given(st.floats(-1e6, 1e6).map(lambda x: float(f"{x:.11g}")), st.sampled_from(UNITS))
def test_writing_and_reading_are_inverse(number, unit):
    quantity = Quantity(number * unit)
    back = parse_quantity(format_quantity(quantity))
    assert float(back) == pytest.approx(number, rel=1e-10)
    assert number == 0 or back.dim is quantity.dim


def test_quantities_are_written_in_a_unit_that_suits():
    assert format_quantity(0.02 * second) == "20 ms"
    assert format_quantity(0.25) == "0.25"
    assert format_quantity(50e-12 * meter**2) == "50 um**2"
    assert format_quantity(np.array([10, 30]) * ms) == "2 values from 10 ms to 30 ms"
    assert format_quantity(np.array([1.0, 3.0])) == "2 values from 1 to 3"


@pytest.mark.parametrize("unit", [*UNITS, 1 * mS / cm**2, 1 * nA / ms])
def test_unit_text_is_code_that_equations_read(unit):
    text = unit_text(Quantity(unit).dim)
    assert Equations(f"x : {text} (shared, constant)")["x"].dim is Quantity(unit).dim


def test_unit_of_a_number_is_one():
    assert unit_text(Quantity(3.0).dim) == "1"


def test_dimensions_have_everyday_names():
    assert dimension_name(3 * mV) == "voltage"
    assert dimension_name(3.0) == "plain number"
    assert dimension_name(3 * nS / ms) == "quantity in " + unit_text((nS / ms).dim)
    assert dimension_name((1 * ms).dim) == "time"


def test_si_value_needs_the_right_dimension():
    assert si_value(20 * ms, second) == 0.02
    with pytest.raises(ValueError, match="tau = 20 mV is a voltage; it must be a time such as '5 ms'"):
        si_value(20 * mV, 5 * ms, "tau")
