"""``[stimuli.NAME]`` in specs: recorded spikes and signals are what runs, and errors name the stimulus."""

import numpy as np
import pytest

import bioworkbench as bw
from bioworkbench.experiment.results import fingerprint, load_record
from bioworkbench.experiment.results.points import swept_points
from bioworkbench.experiment.spec import read
from bioworkbench.experiment.spec.plan import construct
from bioworkbench.experiment.spec.validation import examined
from bioworkbench.records.errors import SpecError


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spikes.csv").write_text("time,channel\n1.0,0\n3.0,2\n4.0,2\n")
    (tmp_path / "drive.csv").write_text("a\n10\n0\n30\n")
    return tmp_path


def document(**changes):
    cells = {
        "kind": "custom",
        "size": 3,
        "equations": "dv/dt = drive/ms : 1\ndrive : 1",
        "threshold": "v > 1000",
        "receives": "v",
    }
    each = {"target": "cells", "weights": {"kind": "constant", "value": 1.0}}
    return {
        "seed": 1,
        "dt": "0.5 ms",
        "duration": "10 ms",
        "backend": "numpy",
        "n_trials": 2,
        "populations": {"cells": cells},
        "projections": {
            "retina_cells": {"source": "retina", "topology": "one_to_one", **each},
            "light_cells": {"source": "light", "topology": "all_to_all", **each},
        },
        "stimuli": {
            "retina": {"kind": "spikes", "file": "spikes.csv"},
            "light": {"kind": "values", "file": "drive.csv", "frame": "2 ms"},
        },
        "record": [{"variable": "cells.v"}],
        **changes,
    }


ONTO = {"kind": "values", "file": "drive.csv", "frame": "2 ms", "target": "cells", "weight": 2.0}


def test_they_act_on_targets_as_projections_do(files):
    network = construct(read(document(stimuli={"light": ONTO}, projections={}), "x", "x.toml")).network
    assert network.inputs[0].weights.toarray().tolist() == [[2.0] * 3]


def test_they_run_and_are_silent_afterwards(files):
    """Potentials are integrals: of currents, and of spikes of the own channel, which act after the step in which they come."""
    with pytest.warns(UserWarning, match=r"stimulus 'light' ends at 0\.006 s of 0\.01 s; it is 0 from there on"):
        result = bw.run(read(document(), "x", "x.toml"), results="results", report=False)
    voltage = result.recording.traces["cells.v"].values
    times = np.arange(20) * 0.5
    drive = np.interp(times, [0, 2, 4, 6, 10], [0, 20, 20, 80, 80])
    counted = np.stack([sum(times > time for time in own) * np.ones(20) for own in ([1.0], [], [3.0, 4.0])], axis=1)
    assert voltage.shape == (2, 20, 3)
    for trial in voltage:
        np.testing.assert_allclose(trial, drive[:, None] + counted)
    assert load_record(result.folder).spec.stimuli["retina"].kind == "spikes"


def test_results_of_another_content_are_not_found(files):
    spec = read(document(), "x", "x.toml")
    first = bw.run(spec, results="results", report=False)
    swept = read(document(sweep={"seed": [1, 2]}), "x", "x.toml")
    points = [point.folder for point in swept_points(swept, "results")]
    assert points[0] == first.folder
    (files / "drive.csv").write_text("a\n10\n0\n31\n")
    assert fingerprint(spec) != first.folder.name
    assert [point.folder for point in swept_points(swept, "results")] != points
    assert load_record(first.folder).provenance["inputs"].keys() == {"spikes.csv", "drive.csv"}
    (files / "drive.csv").unlink()
    assert load_record(first.folder).metrics == first.metrics


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"stimuli": 3}, r"stimuli: 3 is not a table of stimuli; write \[stimuli\.NAME\]"),
        ({"stimuli": {f"s{k}": {} for k in range(1001)}}, r"stimuli: 1001 of them; at most 1000"),
        ({"stimuli": {"input": {"kind": "spikes", "file": "spikes.csv"}}}, r"stimuli: 'input' is what a task gives"),
        ({"stimuli": {"a b": {}}}, r"stimuli: name of a stimulus 'a b'"),
        ({"stimuli": {"retina": {"kind": "spike"}}}, r"stimuli\.retina\.kind: 'spike' is not a stimulus; did you mean 'spikes'"),
        ({"stimuli": {"retina": {"kind": "spikes"}}}, r"stimuli\.retina: spikes also needs file"),
        ({"stimuli": {"cells": {"kind": "spikes", "file": "spikes.csv"}}}, r"stimuli\.cells: 'cells' is a population too"),
        ({"stimuli": {}}, r"projections\.retina_cells\.source: 'retina' is not a population"),
        (
            {"stimuli": {"light": ONTO | {"each": True}}, "projections": {}},
            "each = true: the stimulus has 1 channel for the 3 neurons of",
        ),
        ({"duration": "2 ms"}, r"stimuli\.retina: 2 of 3 spikes come after the run, which lasts 0\.002 s; the first at 0\.003 s"),
        ({"duration": "4.5 ms"}, r"stimuli\.light: duration = 0\.0045 s.* is not a whole number"),
    ],
)
def test_what_does_not_fit(files, changes, words):
    given = {key: value for key, value in document(**changes).items() if value is not None}
    with pytest.raises(SpecError, match=words):
        examined(given, "x")


def test_files_that_do_not_fit(files):
    def refused(name, words, **changes):
        stimuli = document()["stimuli"]
        with pytest.raises(SpecError, match=words):
            construct(read(document(stimuli={**stimuli, name: {**stimuli[name], **changes}}), "x", "x.toml"))

    (files / "long.csv").write_text("a\n" + "1\n" * 6)
    (files / "trials.csv").write_text("time,channel,k\n" + "".join(f"1,2,{k}\n" for k in range(3)))
    (files / "few.csv").write_text("time,channel\n1,1\n")
    refused("light", r"stimuli\.light: 6 frames of 0\.002 s are longer than the run", file="long.csv")
    refused("light", r"stimuli\.light: file = 'gone\.csv' is not a file", file="gone.csv")
    refused("retina", "the file has 3 trials, and n_trials = 2; set n_trials = 3", file="trials.csv", trial="k")
    refused("retina", r"projections\.retina_cells", file="few.csv")


def test_unused_stimuli_and_functions_of_others(files, monkeypatch):
    with pytest.raises(SpecError, match=r"stimuli\.more: no projection has the source 'more', and it has no target"):
        read(document(stimuli={**document()["stimuli"], "more": {"kind": "spikes", "file": "spikes.csv"}}), "x", "x.toml")
    (files / "mystimuli.py").write_text(
        "import numpy as np\nfrom bioworkbench import SpikeTrains\n\n"
        "def one(name, *, channel: int = 2):\n    return SpikeTrains(name, [0], [channel], [0.001])\n\n"
        "def none(name):\n    return 3\n"
    )
    monkeypatch.syspath_prepend(str(files))
    monkeypatch.setenv("BIOWORKBENCH_PACKAGES", "mystimuli")
    stimuli = document()["stimuli"]
    plan = construct(read(document(stimuli={**stimuli, "retina": "mystimuli:one"}), "x", "x.toml"))
    assert (plan.stimuli[0].n_channels, plan.stimuli[0].n_trials, len(plan.stimuli[0])) == (3, 2, 2)
    with pytest.raises(SpecError, match=r"kind = 'mystimuli:none' gave 3; it must return SpikeTrains or a Stimulus"):
        construct(read(document(stimuli={**stimuli, "retina": "mystimuli:none"}), "x", "x.toml"))
