"""Runs that go on from what another one has kept: the bits of one long run, and errors where that cannot be."""

import json
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

import bioworkbench as bw
from bioworkbench.__main__ import app_for
from bioworkbench.experiment.results.store import load_record
from bioworkbench.experiment.running import spec_that_goes_on
from bioworkbench.records.errors import ResultError, SpecError
from bioworkbench.simulation.backends.choice import BACKENDS

SPEC = """
seed = 3
dt = "0.1 ms"
duration = "{duration}"
keep_state = {keep}
record = [{{ variable = "cells.v" }}]

[populations.cells]
size = 30
kind = "noisy_lif"
rest = "-51 mV"
sigma = "2 mV"
background = {{ receives = "v", n = 1, rate = "500 Hz", weight = "0.5 mV" }}

[projections.back]
source = "cells"
target = "cells"
topology = {{ kind = "bernoulli", p = 0.3 }}
weights = {{ kind = "uniform", low = "0 mV", high = "0.5 mV" }}
delay = "uniform(1 ms, 4 ms)"
synapse = {{ kind = "pair_stdp", largest = "1 mV" }}
"""


def spec(tmp_path, name="cells", duration="60 ms", keep="true", **changes):
    path = tmp_path / f"{name}.toml"
    path.write_text(SPEC.format(duration=duration, keep=keep))
    return bw.load(path, changes)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    place = tmp_path_factory.mktemp("kept")
    return bw.run(spec(place), results=place / "results", report=False)


def test_parts_have_the_bits_of_one_long_run(kept, tmp_path):
    long = bw.run(spec(tmp_path, duration="100 ms"), results=tmp_path, report=False).recording
    second = bw.go_on(kept, "40 ms", results=tmp_path, report=False)
    third = bw.go_on(second.folder, 0.01, results=tmp_path, report=False)
    np.testing.assert_array_equal(second.recording.traces["cells.v"].values, long.traces["cells.v"].values[:, 600:])
    late = long.spikes["cells"].time >= 0.06 - 5e-5
    np.testing.assert_array_equal(second.recording.spikes["cells"].neuron, long.spikes["cells"].neuron[late])
    assert late.sum() > 10
    for name, values in long.final.values.items():
        np.testing.assert_array_equal(second.recording.final.values[name], values)
    assert third.recording.final.step == 1100
    assert third.recording.duration == pytest.approx(0.01)
    assert second.folder != third.folder


def invoke(*words):
    given = [str(word) for word in words]
    return CliRunner().invoke(app_for(given), given)


def test_the_command(kept, tmp_path):
    made = invoke("continue", kept.folder, "20 ms", "--results", tmp_path)
    assert made.exit_code == 0, made.output
    folder = made.stdout.splitlines()[-1]
    assert load_record(Path(folder)).data.recording.final.step == 800
    again = invoke("continue", kept.folder, "20 ms", "--results", tmp_path)
    assert "has been run before" in again.output


def test_a_state_that_was_changed_is_another_start(kept, tmp_path):
    """The fingerprint of the run that goes on holds the checksum of the file."""
    first = spec_that_goes_on(kept, "20 ms")
    assert first.start.name == "run.h5"
    with h5py.File(kept.folder / "run.h5", "r+") as file:
        before = file["state/values/cells.v"][0, 0]
        file["state/values/cells.v"][0, 0] = before + 1e-3
    try:
        with pytest.raises(ResultError, match=r"run\.h5 changed since written"):
            bw.run(first, results=tmp_path, report=False)
    finally:
        with h5py.File(kept.folder / "run.h5", "r+") as file:
            file["state/values/cells.v"][0, 0] = before


def test_nothing_is_kept_unless_it_is_asked_for(tmp_path):
    result = bw.run(spec(tmp_path, duration="5 ms", keep="false"), results=tmp_path, report=False)
    with h5py.File(result.folder / "run.h5") as file:
        assert "state" not in file
    with pytest.raises(ResultError, match="kept no state to go on from; run its spec again with --set keep_state=true"):
        bw.go_on(result, "5 ms")
    assert json.loads((result.folder / "provenance.json").read_text())["spec"]["keep_state"] is False


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"backend": "numpy"}, "keep_state: needs backend 'cpp'; backend is 'numpy'"),
        ({"start": "nowhere/run.h5"}, "start: file = 'nowhere/run.h5' is not a file"),
        ({"start": "state.h5"}, "start: state.h5: must be the run.h5 of a results folder"),
    ],
)
def test_what_cannot_be(changes, words, tmp_path):
    with pytest.raises(SpecError, match=words):
        bw.run(spec(tmp_path, **changes), results=tmp_path, report=False)


def test_a_machine_without_a_compiler(tmp_path, monkeypatch):
    """There, "auto" is a backend whose random numbers no file keeps."""
    monkeypatch.setitem(BACKENDS, "cpp", replace(BACKENDS["cpp"], missing=lambda: "a compiler"))
    with pytest.raises(SpecError, match="keep_state: needs backend 'cpp'; backend is 'numpy'"):
        spec(tmp_path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dt": "0.05 ms"}, "dt = 5e-05: the state was left with 0.0001"),
        ({"n_trials": 2}, "n_trials = 2: the state was left with 1"),
        ({"populations.cells.size": 31}, "the state holds .* values of .*, and the network has"),
    ],
)
def test_states_of_others(kept, changes, words, tmp_path):
    with pytest.raises(SpecError, match=f"start: .*{words}"):
        bw.run(spec(tmp_path, start=str(kept.folder / "run.h5"), **changes), results=tmp_path, report=False)
