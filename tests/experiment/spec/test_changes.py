"""Changed values and sweeps."""

import tomllib

import numpy as np
import pandas
import pytest
import tomli_w
from brian2 import Hz, ms, mV, nS, pA
from hypothesis import given
from hypothesis import strategies as st

from bioworkbench.experiment.spec.changes import (
    as_written,
    parse_change,
    parse_changes,
    parse_seeds,
    parse_values,
    points,
    swept_values,
    with_value,
    written_change,
)
from bioworkbench.experiment.spec.ranges import Range
from bioworkbench.records.units import parse_quantity


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("seed=3", ("seed", 3)),
        ("populations.exc.tau=10 ms", ("populations.exc.tau", "10 ms")),
        ("populations.exc.tau='10 ms'", ("populations.exc.tau", "10 ms")),
        ("task.classes=[1, 2]", ("task.classes", [1, 2])),
        ("method = {kind = 'a', n = 1}", ("method", {"kind": "a", "n": 1})),
    ],
)
def test_values_are_toml_or_text(text, wanted):
    assert parse_change(text) == wanted


@pytest.mark.parametrize("text", ["seed", "=3"])
def test_a_change_needs_a_field_and_a_value(text):
    with pytest.raises(ValueError, match=f"'{text}' sets nothing"):
        parse_change(text)


def test_changes_leave_the_original_alone():
    document = {"populations": {"exc": {"size": 3}}}
    assert with_value(document, "populations.exc.size", 4) == {"populations": {"exc": {"size": 4}}}
    assert document == {"populations": {"exc": {"size": 3}}}


def test_a_change_needs_its_table():
    with pytest.raises(ValueError, match="no table 'inh' in which to set 'size'; known: exc"):
        with_value({"populations": {"exc": {}}}, "populations.inh.size", 4)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (3, "3 is not a table"),
        ({"seed": 3}, "seed = 3: must be a list"),
        ({"seed": []}, r"seed = \[\]: must be a list of at least one"),
        ({"a": {"from": 1, "to": 1}}, "a: the range from 1 to 1 is empty"),
    ],
)
def test_bad_sweeps(table, message):
    with pytest.raises(ValueError, match=message):
        swept_values(table)


def test_points_are_all_combinations():
    assert points({"a": (1, 2), "b": (3, 4)}) == [{"a": 1, "b": 3}, {"a": 1, "b": 4}, {"a": 2, "b": 3}, {"a": 2, "b": 4}]
    assert points({}) == []


def test_there_is_a_largest_sweep():
    with pytest.raises(ValueError, match="has 40000 points; at most 10000"):
        points({"a": tuple(range(200)), "b": tuple(range(200))})


def test_ranges_beside_lists():
    values = swept_values({"a.b": {"from": 1, "to": 3, "steps": 3}, "c": {"d": [4]}})
    assert values == {"a.b": Range(1, 3, whole=True, steps=3), "c.d": (4,)}
    assert points(values)[-1] == {"a.b": 3, "c.d": 4}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a.b=1", ("a.b", [1])),
        ("a.b=1,2.5", ("a.b", [1, 2.5])),
        ("a.b=10 ms,normal(20 ms, 2 ms)", ("a.b", ["10 ms", "normal(20 ms, 2 ms)"])),
        ("a.b='x, y',z", ("a.b", ["x, y", "z"])),
        ("a.b=[1, 2],[3]", ("a.b", [[1, 2], [3]])),
        ('a.b={from = "1 mV", to = "5 mV"}', ("a.b", {"from": "1 mV", "to": "5 mV"})),
        ("a.b={kind = 'x'}", ("a.b", [{"kind": "x"}])),
    ],
)
def test_several_values(text, wanted):
    assert parse_values([text]) == dict([wanted])


@pytest.mark.parametrize("parse", [parse_changes, parse_values])
def test_a_field_is_set_once(parse):
    """The last value was taken, and the others were dropped without a word."""
    assert list(parse(["a.b=1", "a.c=1"])) == ["a.b", "a.c"]
    with pytest.raises(ValueError, match=r"--set a\.b: is given twice, with .*1.* and .*2.*; give it once"):
        parse(["a.b=1", "a.c=1", "a.b=2"])


SIMPLE = st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(exclude_categories=("C",)))
VALUES = st.recursive(SIMPLE, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("abc"), inner), max_leaves=6)


@given(VALUES)
def test_a_written_change_is_read_back(value):
    found = parse_change(written_change("a.b", value))
    assert (found, repr(found[1])) == (("a.b", value), repr(value))


@pytest.mark.parametrize("text", ["a.b=", "a.b=1,,2"])
def test_values_cannot_be_empty(text):
    with pytest.raises(ValueError, match=f"'{text}' has an empty value"):
        parse_values([text])


@pytest.mark.parametrize("text", ["5:5", "3:1", "a", "1:", "0:999999"])
def test_seeds_that_name_none(text):
    with pytest.raises(ValueError, match=f"seeds '{text}' name none"):
        parse_seeds(text)


@pytest.mark.parametrize("text", ["-1:3", "-2:2", "-5", "1,-2"])
def test_seeds_below_zero(text):
    with pytest.raises(ValueError, match=f"seeds '{text}' go below 0; seeds are integers from 0 on"):
        parse_seeds(text)


@pytest.mark.parametrize(
    ("given", "written"),
    [
        (np.float64(0.5), 0.5),
        (np.int64(2**60 + 1), 2**60 + 1),
        (np.bool_(True), True),
        (range(2), [0, 1]),
        ((1, "x"), [1, "x"]),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (5 * mV, "5 mV"),
        (np.array([0.5, 20]) * ms, ["0.5 ms", "20 ms"]),
        ([1 * mV, "2 mV"], ["1 mV", "2 mV"]),
        (pandas.Series([1, 2]), [1, 2]),
        ({"from": 1 * mV, "steps": np.int32(3)}, {"from": "1 mV", "steps": 3}),
        ("text", "text"),
    ],
)
def test_values_of_python_are_written_as_in_a_spec(given, written):
    found = as_written(given)
    assert found == written
    assert tomllib.loads(tomli_w.dumps({"value": found}))["value"] == written
    assert with_value({"a": {}}, "a.b", given) == {"a": {"b": written}}


@given(st.floats(1e-12, 1e12), st.sampled_from([mV, nS, ms, pA, Hz, mV / ms, nS * mV]))
def test_quantities_are_written_exactly(number, unit):
    assert float(np.asarray(parse_quantity(as_written(number * unit)))) == float(np.asarray(number * unit))


def test_large_seeds_can_be_named():
    assert parse_seeds(f"{2**60 + 1},{10**300}") == [2**60 + 1, 10**300]
    assert parse_seeds(f"{2**60}:{2**60 + 2}") == [2**60, 2**60 + 1]


def test_a_group_of_settings_is_made_where_the_spec_leaves_it_out():
    changed = with_value({"method": {"kind": "ch_snn"}}, "method.rewiring.regrowth", "random")
    assert changed == {"method": {"kind": "ch_snn", "rewiring": {"regrowth": "random"}}}
