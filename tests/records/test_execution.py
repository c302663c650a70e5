"""How a simulation runs on the machine, as a record."""

import pytest

from bioworkbench.records.execution import Execution


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"jobs": 0}, "jobs = 0: must be an integer, 1 or more"),
        ({"jobs": 1.5}, r"jobs = 1\.5: must be an integer, 1 or more"),
        ({"threads": -1}, "threads = -1: must be an integer, 0 or more"),
        ({"memory": 0}, "memory = 0: must be a finite number above 0"),
        ({"precision": "half"}, "precision = 'half': must be 'double' or 'single'"),
    ],
)
def test_what_cannot_be_is_refused_when_it_is_made(given, words):
    with pytest.raises(ValueError, match=words):
        Execution(**given)


def test_what_is_not_given_leaves_it_to_the_backend():
    assert Execution() == Execution(jobs=1, threads=0, memory=None, precision="double", profile=False, progress=None)
