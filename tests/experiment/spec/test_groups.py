"""Settings in groups: a record in a signature is a table in a spec."""

import re
from dataclasses import dataclass

import pytest

from bioworkbench.experiment.spec.places import Place
from bioworkbench.experiment.spec.schema import settings
from bioworkbench.experiment.spec.values import converted_arguments
from bioworkbench.records.annotations import Seconds
from bioworkbench.records.arrays import count
from bioworkbench.records.errors import SpecError


@dataclass(frozen=True)
class Growth:
    """How it grows.

    Parameters
    ----------
    n : int
        Times.
    length : float, seconds
        Of one time.
    """

    n: int
    length: Seconds = 0.5

    def __post_init__(self) -> None:
        count("n", self.n)


LONG = Growth(7, 2.0)


def made(task, *, growth: Growth = LONG, other: Growth): ...


def converted(given):
    return converted_arguments(made, given, "made", Place("x.toml", "method"), {})


def test_a_record_is_a_group_of_settings():
    assert settings(made)["growth"].record is Growth
    assert list(settings(Growth)) == ["n", "length"]


def test_what_a_table_leaves_out_is_as_in_the_default():
    found = converted({"growth": {"length": "3 s"}, "other": {"n": 2}})
    assert found == {"growth": Growth(7, 3.0), "other": Growth(2, 0.5)}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"other": {"n": 2}, "growth": {"m": 3}}, "method.growth.m: 'm' is not a setting of growth"),
        ({"other": {"n": 0}}, "method.other: n = 0: must be an integer, 1 or more"),
        ({"other": {}}, "method.other: other also needs n"),
        ({"other": {"n": 2}, "growth": 3}, "method.growth: 3 is not a table"),
        ({"other": {"n": 2}, "growth": {"length": "3 mV"}}, "method.growth.length: '3 mV' is a voltage"),
    ],
)
def test_errors_name_the_group(given, words):
    with pytest.raises(SpecError, match=re.escape(f"x.toml, {words}")):
        converted(given)
