"""``bioworkbench demo``: every part writes a spec that is fine, failures are named, and the page of all comes last."""

from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from bioworkbench.__main__ import app_for
from bioworkbench.commands import demo
from bioworkbench.experiment.results import fingerprint, save_record
from bioworkbench.experiment.spec.plan import construct
from bioworkbench.experiment.spec.reader import load
from bioworkbench.records.errors import SimulationError
from tests.run_records import record_alone


@pytest.fixture
def call(tmp_path, monkeypatch):
    """The command with stand-ins for what simulates; `ran` has the specs."""
    monkeypatch.chdir(tmp_path)
    ran = []

    def run(spec, results, progress=None):
        ran.append(spec)
        record = record_alone()
        folder = results / spec.name / fingerprint(record.spec)
        save_record(record, folder)
        return SimpleNamespace(folder=folder)

    def sweep(spec, jobs, results):
        return SimpleNamespace(page=lambda: run(spec, results).folder / "page.html")

    monkeypatch.setattr(demo, "run", run)
    monkeypatch.setattr(demo, "sweep", sweep)
    invoke = lambda *words: CliRunner().invoke(app_for(["demo", *words]), ["demo", *words])  # noqa: E731
    return SimpleNamespace(invoke=invoke, ran=ran)


@pytest.mark.thorough
def test_every_part_runs_and_leaves_a_spec(call, tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(demo.webbrowser, "open", opened.append)
    done = call.invoke("--open")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1] == "demo/results/index.html"
    assert [spec.name for spec in call.ran] == ["balanced_network", "rates_by_noise", "digits", "rewired_reservoir", "connectome"]
    for spec in call.ran:
        assert load(f"demo/{spec.name}.toml") == spec
        construct(spec)  # what a file gives is read then
    assert "CH3-L3" in (tmp_path / "demo" / "connectome.html").read_text().upper().replace("_", "-")
    assert opened == [(tmp_path / "demo" / "results" / "index.html").as_uri()]


def test_a_part_that_fails_is_named_and_the_others_run(call, monkeypatch):
    def fail(folder, progress):
        raise SimulationError("no compiler here")

    parts = dict(list(demo._PARTS.items())[:1]) | {"broken": fail}
    monkeypatch.setattr(demo, "_PARTS", parts)
    done = call.invoke("elsewhere")
    assert done.exit_code == 1
    assert "1/2 simulation, an E/I network in balance: " in done.stdout
    assert "2/2 failed broken: no compiler here" in done.stderr
    assert done.stdout.splitlines()[-1] == "elsewhere/results/index.html"
