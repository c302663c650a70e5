"""A file that a spec names is part of what its results are found by, whichever setting names it."""

from pathlib import Path

import pytest

from bioworkbench.experiment.results.spec_fingerprints import checksum, data_files, fingerprint
from bioworkbench.experiment.spec import read
from bioworkbench.experiment.spec.kinds import KINDS
from bioworkbench.experiment.spec.schema import settings
from bioworkbench.records.choice import Choice
from tests.documents import alone

NAMES = ("file", "path", "folder", "archive", "table")


def flat(function, before=""):
    """All settings of a function by dotted name, those in groups too."""
    for setting in settings(function).values():
        yield before + setting.name, setting
        if setting.record is not None:
            yield from flat(setting.record, f"{before}{setting.name}.")


ALL = [
    (kind, name, dotted, setting)
    for kind, table in KINDS.items()
    for name, function in table.items()
    for dotted, setting in flat(function)
]
FILES = [(kind, name, dotted) for kind, name, dotted, setting in ALL if Path in setting.types and dotted != "data"]  # a folder


def test_there_are_files_of_every_kind():
    assert {kind for kind, *_ in FILES} == {"delays", "networks", "stimuli", "tasks", "topologies", "weights"}
    assert len(FILES) >= 15


def test_settings_that_name_files_are_paths():
    """Text is not looked into: a setting that names a file and is text would find the results of the file before."""
    named = [
        (*place, dotted) for *place, dotted, setting in ALL if dotted.rpartition(".")[2] in NAMES and Path not in setting.types
    ]
    assert named == []


@pytest.mark.parametrize(("kind", "name", "dotted"), FILES, ids=lambda value: str(value))
def test_an_edited_file_is_another_run(kind, name, dotted, tmp_path):
    path, found = tmp_path / "some.csv", []
    given = {"file": path.name, "data": str(tmp_path)} if kind == "tasks" else {dotted: path}
    for content in ("one", "two", "one"):
        path.write_text(content)
        spec = with_choice(Choice(name, given))
        found.append(fingerprint(spec))
        assert data_files(spec) == {str(path): checksum(path)}
    assert found[0] != found[1]
    assert found[0] == found[2]


def with_choice(choice):
    """A spec that has the choice, wherever that stands: all choices are told in one way."""
    spec = read(alone(), "x", "x.toml")
    object.__setattr__(spec, "task", choice)
    return spec


def test_a_configuration_stands_for_its_folder(tmp_path):
    (tmp_path / "network").mkdir()
    (tmp_path / "config.json").write_text("{}")
    edges = tmp_path / "network" / "edges.h5"
    edges.write_bytes(b"1")
    before = checksum(tmp_path / "config.json")
    assert before == checksum(tmp_path)
    edges.write_bytes(b"2")
    assert checksum(tmp_path / "config.json") != before
    edges.rename(tmp_path / "edges.h5")
    assert checksum(tmp_path) != before
    assert checksum(tmp_path / "none.json") is None
