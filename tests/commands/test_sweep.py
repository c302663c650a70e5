"""``bioworkbench sweep`` and ``bioworkbench table``."""

import pytest
import tomli_w
from typer.testing import CliRunner

from bioworkbench.__main__ import app_for
from tests.documents import alone
from tests.experiment.sweeps import stand_ins


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Call the command inside a folder with a spec, with stand-ins for simulations."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bioworkbench.experiment.sweeps.worker.compute", stand_ins.compute)
    swept = alone() | {"sweep": {"populations.exc.sigma": ["1 mV", "5 mV"]}}
    (tmp_path / "x.toml").write_text(tomli_w.dumps(swept))

    def invoke(*words):
        arguments = [str(word) for word in words]
        return CliRunner().invoke(app_for(arguments), arguments)

    return invoke


def test_a_sweep_and_its_table(call, tmp_path):
    done = call("sweep", "x.toml", "--seeds", "0:3", "--jobs", 1)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("6 points: 6 done; ")
    assert "6/6  " in done.stderr
    assert "points/min, 0.0 s left" in done.stderr
    assert done.stdout.splitlines()[-1].endswith(".html in a browser, or bioworkbench table results/x")
    assert "6 points: 6 found" in call("sweep", "x.toml", "--seeds", "0:3", "--jobs", 1).stdout
    done = call("table", "results/x", "--metric", "activity.exc.mean_rate", "--by", "populations.exc.sigma", "--csv", "t.csv")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["populations.exc.sigma", "(mV)", "exc.mean_rate", "(Hz)", "n"]
    assert "±" in lines[1]
    assert lines[1].startswith("1 ")
    assert lines[-1] == "t.csv"
    assert (tmp_path / "t.csv").read_text().count("\n") == 3


def test_a_table_is_printed_in_one_form(call):
    done = call("table", "results/x", "--latex", "--markdown")
    assert done.exit_code == 2
    assert "--latex and --markdown: both say what is printed; give one of them" in done.output


def test_failures_are_listed_at_the_end(call):
    done = call("sweep", "x.toml", "--set", "populations.exc.size=20,13", "--jobs", 1)
    assert done.exit_code == 1
    assert "4 points: 2 done, 2 failed" in done.stdout
    assert "failed populations.exc.sigma = 1 mV, populations.exc.size = 13 (" in done.stderr
    assert "size = 13: brings bad luck" in done.stderr


def test_damaged_results_are_named(call, tmp_path):
    call("sweep", "x.toml", "--jobs", 1)
    next((tmp_path / "results" / "x").glob("[0-9a-f]*/metrics.json")).write_text("{")
    done = call("table", "results/x", "--metric", "activity.exc.mean_rate")
    assert done.exit_code == 1
    assert "left out" in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--set", "populations.exc.sgima=1"), "did you mean 'sigma'"),
        (("--set", "populations.exc.sigma="), "has an empty value"),
        (("--seeds", "3:3"), "seeds '3:3' name none"),
        (("--seeds=-2:2",), "seeds '-2:2' go below 0"),
        (("--set", "seed=7,8", "--seeds", "0:2"), "both say which seeds are run; give one of them"),
        (("--set", "seed=7", "--set", "seed=8"), "--set seed: is given twice, with [7] and [8]; give it once"),
        (("--optimize", "accuracy"), "has no task, so nothing to score"),
    ],
)
def test_bad_input_exits_with_2(call, words, message):
    done = call("sweep", "x.toml", "--jobs", 1, *words)
    assert done.exit_code == 2
    assert message in done.output
    assert "Traceback" not in done.output


def test_ranges_without_steps_can_be_checked(call, tmp_path):
    swept = alone() | {"sweep": {"populations.exc.sigma": {"from": "1 mV", "to": "5 mV"}}}
    (tmp_path / "x.toml").write_text(tomli_w.dumps(swept))
    done = call("check", "x.toml")
    assert done.exit_code == 0, done.output
    assert ", populations.exc.sigma to optimize; fingerprint" in done.stdout


def test_interruptions_say_how_to_go_on(call, monkeypatch):
    def interrupted(*args, **settings):
        raise KeyboardInterrupt

    monkeypatch.setattr("bioworkbench.experiment.sweeps.worker.compute", interrupted)
    done = call("sweep", "x.toml", "--jobs", 1)
    assert done.exit_code == 130
    assert "finished runs are kept, and the same command does not repeat them" in done.output
