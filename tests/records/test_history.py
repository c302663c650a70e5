"""Names of what is followed during training, and names of variables."""

import pytest

from bioworkbench.records.drawing import EVERYTHING, Drawing
from bioworkbench.records.history import ACCURACY_BY_STEPS, RATE, VALIDATION_ERROR, course_of, kind_and_member, of_member
from bioworkbench.records.optimization import ConvolvedImages
from bioworkbench.records.probe import Probe, owner_and_variable, probe_of, variable_name


@pytest.mark.parametrize("members", [("b", "a_b", "exc"), ("exc", "a_b", "b")])
@pytest.mark.parametrize("member", ["exc", "a_b", "b", 0, 12])
def test_a_member_is_found_again(member, members):
    name = of_member(RATE, member)
    assert kind_and_member(name, members) == (RATE, str(member))


def test_what_is_counted_along_an_entry():
    assert (course_of(ACCURACY_BY_STEPS).title, course_of(ACCURACY_BY_STEPS).over) == ("accuracy", "simulation steps")
    assert course_of(VALIDATION_ERROR).lowest_wins
    assert (course_of("n_links").title, course_of("n_links").over) == ("n links", "training step")


def test_names_of_variables_come_apart_again():
    assert owner_and_variable(variable_name("exc", "v")) == ("exc", "v")
    assert owner_and_variable("exc") == ("exc", "")


def test_a_probe_by_name_or_as_it_is():
    given = Probe("exc", "v", every=1e-3)
    assert probe_of(given, 2e-3) is given
    assert probe_of("exc.v", 2e-3) == Probe("exc", "v", every=2e-3)
    with pytest.raises(ValueError, match=r"record 'exc': write 'population\.variable'"):
        probe_of("exc")


def test_settings_say_what_is_drawn():
    images = ConvolvedImages(convolutions=(), pooling=())
    assert isinstance(images, Drawing)
    assert not isinstance(Probe("exc", "v"), Drawing)
    assert images.drawn(0, frozenset()) == frozenset()
    assert images.drawn(0, EVERYTHING) == EVERYTHING
