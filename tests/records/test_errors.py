"""The project's own errors and the words they share."""

import pytest

from bioworkbench.records.errors import ResultError, SimulationError, SpecError, TopologyError, unknown_name


def test_an_unknown_name_comes_with_the_nearest_and_all_known_ones():
    assert unknown_name("latered", "topology", ["layered", "bernoulli"]) == (
        "'latered' is not a topology; did you mean 'layered'? Known: bernoulli, layered"
    )


def test_a_name_far_from_all_gets_no_hint():
    assert unknown_name("xyz", "encoding", ["as_rate"]) == "'xyz' is not an encoding; known: as_rate"


PARENTS = {SpecError: ValueError, TopologyError: ValueError, SimulationError: RuntimeError, ResultError: RuntimeError}


@pytest.mark.parametrize(("error", "parent"), PARENTS.items())
def test_errors_are_what_callers_expect(error, parent):
    with pytest.raises(parent, match="p = 2"):
        raise error("p = 2: must lie between 0 and 1")


def test_a_simulation_error_says_what_is_missing():
    assert SimulationError("backend 'cuda' needs a GPU", missing="a GPU").missing == "a GPU"
    assert SimulationError("the program failed").missing == ""
