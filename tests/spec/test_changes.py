"""Changed values and sweeps."""

import pytest

from bioworkbench.spec.changes import parse_change, points, swept_values, with_value


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
        ({"a": list(range(200)), "b": list(range(200))}, "has 40000 points"),
    ],
)
def test_bad_sweeps(table, message):
    with pytest.raises(ValueError, match=message):
        swept_values(table)


def test_points_are_all_combinations():
    assert points({"a": (1, 2), "b": (3, 4)}) == [{"a": 1, "b": 3}, {"a": 1, "b": 4}, {"a": 2, "b": 3}, {"a": 2, "b": 4}]
    assert points({}) == []
