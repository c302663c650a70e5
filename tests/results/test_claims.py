"""Claims on results folders."""

import os

import pytest

from bioworkbench.errors import ResultError
from bioworkbench.results import claimed, remove_leftovers


def test_one_at_a_time_and_nothing_is_left(tmp_path):
    folder = tmp_path / "x" / "0123456789ab"
    with claimed(folder) as mine:
        assert mine
        with claimed(folder, wait=False) as other:
            assert not other
    with claimed(folder, wait=False) as mine:
        assert mine
    assert not list((tmp_path / "x").iterdir())


def test_a_claim_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    claim = claimed(tmp_path / "file" / "0123456789ab")
    with pytest.raises(ResultError, match=r"results folder .*0123456789ab cannot be claimed \(.*\); name another"), claim:
        pass


def test_leftovers_of_the_dead_are_removed_and_those_of_the_living_stay(tmp_path):
    dead, living = (tmp_path / f".{mark}-half" for mark in ("0" * 12, "1" * 12))
    for folder in (dead, living, tmp_path / ".sweeps"):
        folder.mkdir()
    (tmp_path / f".{'2' * 12}.lock").write_text("")
    with claimed(tmp_path / ("1" * 12)):
        remove_leftovers(tmp_path)
        assert sorted(os.listdir(tmp_path)) == [f".{'1' * 12}-half", f".{'1' * 12}.lock", ".sweeps"]
    remove_leftovers(tmp_path / "missing")
