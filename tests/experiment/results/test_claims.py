"""Claims on results folders."""

import os

import pytest
from filelock import FileLock

from bioworkbench.experiment.results import claimed, remove_leftovers
from bioworkbench.records.errors import ResultError


def test_one_at_a_time_and_nothing_is_left(tmp_path):
    folder = tmp_path / "x" / "0123456789ab"
    with claimed(folder) as mine:
        assert mine
        with claimed(folder, wait=False) as other:
            assert not other
    with claimed(folder, wait=False) as mine:
        assert mine
    assert list(tmp_path.iterdir()) == []  # nor are the empty folders


def test_only_folders_that_the_claim_made_and_nobody_filled_are_removed(tmp_path):
    with claimed(tmp_path / "results" / "x" / "0123456789ab"):
        (tmp_path / "results" / "notes").write_text("")
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["notes"]
    (tmp_path / "before").mkdir()
    with pytest.raises(KeyboardInterrupt, match=""), claimed(tmp_path / "before" / "0123456789ab"):
        raise KeyboardInterrupt
    assert list((tmp_path / "before").iterdir()) == []


def test_a_folder_that_is_removed_meanwhile_is_made_again(tmp_path, monkeypatch):
    """As another claim does that finds it empty, between the making and the locking."""
    folder, removed, acquire = tmp_path / "x" / "0123456789ab", [], FileLock.acquire

    def late(lock, *args, **kwargs):
        if len(removed) < 2:
            folder.parent.rmdir()
            removed.append(folder)
            raise FileNotFoundError(lock.lock_file)
        return acquire(lock, *args, **kwargs)

    monkeypatch.setattr(FileLock, "acquire", late)
    with claimed(folder) as mine:
        assert mine
    removed.clear()
    monkeypatch.setattr("bioworkbench.experiment.results.claims._ATTEMPTS", 1)
    with pytest.raises(ResultError, match="cannot be claimed"), claimed(folder):
        pass


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
