"""The project's own errors and the words they share."""

import pytest

from bioworkbench.records.errors import (
    ModelError,
    ResultError,
    SimulationError,
    SpecError,
    TopologyError,
    check_all,
    unknown_name,
)


def test_an_unknown_name_comes_with_the_nearest_and_all_known_ones():
    assert unknown_name("latered", "topology", ["layered", "bernoulli"]) == (
        "'latered' is not a topology; did you mean 'layered'? Known: bernoulli, layered"
    )


def test_a_name_far_from_all_gets_no_hint():
    assert unknown_name("xyz", "encoding", ["as_rate"]) == "'xyz' is not an encoding; known: as_rate"


def test_known_names_are_said_once():
    assert unknown_name("xyz", "population", ["b", "a", "b"]) == "'xyz' is not a population; known: a, b"


PARENTS = {SpecError: ValueError, TopologyError: ValueError, SimulationError: RuntimeError, ResultError: RuntimeError}


@pytest.mark.parametrize(("error", "parent"), PARENTS.items())
def test_errors_are_what_callers_expect(error, parent):
    with pytest.raises(parent, match="p = 2"):
        raise error("p = 2: must lie between 0 and 1")


def test_a_simulation_error_says_what_is_missing():
    assert SimulationError("backend 'cuda' needs a GPU", missing="a GPU").missing == "a GPU"
    assert SimulationError("the program failed").missing == ""


def failing(words):
    raise ValueError(words)


def test_one_mistake_is_the_error_that_it_was():
    with pytest.raises(ValueError, match=r"^a = 1$") as caught:
        check_all([lambda: None, lambda: failing("a = 1")])
    assert not isinstance(caught.value, ModelError)


def test_several_mistakes_are_told_in_order_and_the_same_one_once():
    def inner():
        check_all([lambda: failing("b = 2"), lambda: failing("c = 3")])

    with pytest.raises(ModelError, match=r"^a = 1\nb = 2\nc = 3$") as caught:
        check_all([lambda: failing("a = 1"), inner, lambda: failing("b = 2")])
    assert caught.value.of("x").told == ("x: a = 1", "x: b = 2", "x: c = 3")


def test_other_errors_are_not_kept():
    with pytest.raises(KeyError, match="name"):
        check_all([lambda: failing("a = 1"), lambda: {}["name"]])
