"""Ranges of a sweep."""

import pytest

from bioworkbench.experiment.spec.ranges import Range, is_range, parse_range


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ({"from": "0 mV", "to": "5 mV", "steps": 3}, ("0 mV", "2.5 mV", "5 mV")),
        ({"from": "500 uV", "to": "2 mV", "steps": 4}, ("0.5 mV", "1 mV", "1.5 mV", "2 mV")),
        ({"from": 1, "to": 4, "steps": 4}, (1, 2, 3, 4)),
        ({"from": 1, "to": 3, "steps": 9}, (1, 2, 3)),
        ({"from": 1e-3, "to": 10.0, "steps": 5, "log": True}, (0.001, 0.01, 0.1, 1.0, 10.0)),
        ({"from": "1 nS/um**2", "to": "3 nS/um**2", "steps": 2}, ("1 nS/um**2", "3 nS/um**2")),
    ],
)
def test_values_between_two_ends(table, values):
    assert is_range(table)
    assert parse_range("x", table).values("x") == values


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"from": 1, "to": 2, "step": 3}, "x: 'step' is not a key of a range; did you mean 'steps'"),
        ({"from": 1}, "x = {'from': 1}: a range needs both from and to"),
        ({"from": "1 mV", "to": "2 ms"}, r"x\.from = 1 mV is a voltage; it must be a time"),
        ({"from": 2, "to": 2}, "the range from 2 to 2 is empty"),
        ({"from": 0, "to": 2.0, "log": True}, "from = 0 with log = true: must be above 0"),
        ({"from": 1, "to": 2, "log": 1}, "log = 1: must be true or false"),
        ({"from": 1, "to": 2, "steps": 1}, "steps = 1: must be an integer between 2 and"),
        ({"from": "one", "to": 2}, "'one' is not a quantity"),
    ],
)
def test_bad_ranges(table, message):
    with pytest.raises(ValueError, match=message):
        parse_range("x", table)


def test_a_sweep_needs_steps():
    with pytest.raises(ValueError, match="x is a range without steps; add steps = 5, say, or optimize"):
        Range(0.0, 1.0).values("x")
