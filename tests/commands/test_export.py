"""``bioworkbench export``: what it prints, and its exit codes."""

import sys

import pytest
from typer.testing import CliRunner

from bioworkbench.__main__ import app_for
from bioworkbench.experiment.results import fingerprint, save_record
from tests.run_records import record_alone


@pytest.fixture
def folder(tmp_path):
    record = record_alone()
    made = tmp_path / "x" / fingerprint(record.spec)
    save_record(record, made)
    return made


def call(*words):
    arguments = [str(word) for word in words]
    return CliRunner().invoke(app_for(arguments), arguments)


def test_it_names_what_is_lost_and_prints_the_path_last(folder, tmp_path):
    done = call("export", folder, "--to", "graphml", "--output", tmp_path / "net.graphml")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1] == str(tmp_path / "net.graphml")
    assert "not carried noise of exc, inh" in done.output
    assert "not carried equations of exc, inh" in done.output
    assert (tmp_path / "net.graphml").is_file()


def test_exit_codes(folder, tmp_path, monkeypatch):
    assert call("export", folder, "--to", "hdf").exit_code == 2
    assert call("export", tmp_path, "--to", "csv").exit_code == 2
    monkeypatch.setitem(sys.modules, "pynwb", None)
    done = call("export", folder, "--to", "nwb")
    assert done.exit_code == 3
    assert 'pip install "bioworkbench[exchange]"' in done.output
    assert not list(folder.glob("export/*"))
