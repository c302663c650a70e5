"""The task "recording": settings of a spec are fitted to spikes or to a trace, and scored on what the fit has not seen."""

import copy

import numpy as np
import pytest

import bioworkbench as bw
from bioworkbench.experiment.fit_targets import RecordedPart
from bioworkbench.experiment.results import fingerprint
from bioworkbench.experiment.results.store import load_record
from bioworkbench.experiment.spec import read
from bioworkbench.experiment.spec.plan import construct, estimate
from bioworkbench.readout.spike_distances import coincidence_factor, van_rossum
from bioworkbench.records.errors import SpecError
from bioworkbench.records.stimulus import SpikeTrains, Stimulus
from bioworkbench.report.page import render
from tests.run_records import sketched

RECORDED = {"kind": "recording", "like": "truth", "n_held_out": 1}


def document(task=None, **changes):
    cell = {"kind": "noisy_lif", "size": 2, "sigma": "0 mV", "rest": "-60 mV", "start": "-65 mV"}
    given = {
        "seed": 1,
        "dt": "0.5 ms",
        "duration": "150 ms",
        "n_trials": 3,
        "backend": "numpy",
        "populations": {"truth": cell | {"tau": "14 ms"}, "cell": cell | {"tau": "25 ms"}},
        "stimuli": {
            "current": {
                "kind": "noise",
                "target": ["truth", "cell"],
                "mean": "15 mV",
                "deviation": "10 mV",
                "tau": "5 ms",
                "frame": "2 ms",
            }
        },
        "task": RECORDED if task is None else task,
        "fit": {"distance": "van_rossum", "n_sets": 12, "generations": 3, "ranges": {"populations.cell.tau": ["5 ms", "40 ms"]}},
    }
    return copy.deepcopy(given | changes)


def spec(task=None, **changes):
    return read(document(task, **changes), "x", "x.toml")


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    return bw.run(spec(), results=tmp_path_factory.mktemp("results"), report=False)


def test_the_fit_finds_the_value_that_made_the_recording(result):
    assert result.metrics["fit"]["values"]["populations.cell.tau"] == pytest.approx(14e-3, rel=0.05)
    test, baselines = result.metrics["test"], result.metrics["baselines"]
    assert set(test) == {"coincidence_factor", "van_rossum", "victor_purpura"}
    assert test["coincidence_factor"] > 0.9 > baselines["start"]["coincidence_factor"]
    assert baselines["nothing"]["coincidence_factor"] == 0
    assert result.metrics["trials"] == {"train": 2, "test": 1}


def test_scores_are_those_of_the_held_out_trial_alone(result):
    ours, theirs = (result.recording.spikes[name] for name in ("cell", "truth"))
    found = {"coincidence_factor": [], "van_rossum": []}
    for neuron in range(2):
        one, other = (spikes.time[(spikes.trial == 2) & (spikes.neuron == neuron)] for spikes in (ours, theirs))
        found["coincidence_factor"].append(coincidence_factor(one, other, duration=0.15))
        found["van_rossum"].append(van_rossum(one, other))
    for name, values in found.items():
        assert result.metrics["test"][name] == pytest.approx(np.mean(values))


def test_results_hold_the_fit_and_the_recording(result):
    kept = load_record(result.folder).data.fit
    assert dict(kept.values) == dict(result.record.data.fit.values)
    assert len(kept.tried["distance"]) == 12 * 4
    assert kept.tried["distance"].min() == result.metrics["fit"]["distance"]
    np.testing.assert_array_equal(np.sort(kept.spikes.time), np.sort(result.recording.spikes["truth"].time))
    assert (kept.population, kept.variable, kept.first_held_out, kept.trace) == ("cell", "", 2, None)
    table = bw.table([result.folder], metric="coincidence_factor")
    assert table.columns[-2:] == ("nothing", "start")
    assert "fit.values.populations.cell.tau" in str(bw.table([result.folder], metric="fit.values.populations.cell.tau").columns)


@pytest.fixture
def sketch(monkeypatch):
    for module in ("page", "fitted"):
        monkeypatch.setattr(f"bioworkbench.report.{module}.drawn", sketched)


@pytest.mark.usefixtures("sketch")
def test_the_report_shows_settings_spikes_and_search(result):
    text = render(load_record(result.folder))
    for words in (
        "fitted to a recording",
        "populations.cell.tau",
        "25 ms",
        "Spikes that the fit has not seen",
        "1 setting was fitted so that the spikes of cell came close to a recording, on 2 trials, by differential evolution",
        "A narrow valley",
    ):
        assert words in text


TABLE = "time,channel,trial\n10,0,0\n30,1,0\n12,0,1\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spikes.csv").write_text(TABLE)
    (tmp_path / "v.csv").write_text("a,b\n" + "".join(f"{-65 + k * 0.1},{-64.0 + k * 0.1}\n" for k in range(60)))
    return tmp_path


def alone(task, **changes):
    """The cells without those that made the recording."""
    given = document(task, **changes)
    del given["populations"]["truth"]
    given["stimuli"]["current"]["target"] = "cell"
    return given


def test_spikes_of_a_file(folder):
    task = {"kind": "recording", "spikes": {"kind": "spikes", "file": "spikes.csv", "trial": "trial"}, "n_held_out": 1}
    found = bw.run(read(alone(task, n_trials=2), "x"), results=folder, report=False)
    assert found.metrics["baselines"]["nothing"]["van_rossum"] == pytest.approx(0.5 * np.sqrt(0.5))  # one spike, of two trains
    assert len(found.record.data.fit.spikes) == 3


FIT = {"n_sets": 8, "generations": 2, "ranges": {"populations.cell.tau": {"from": "5 ms", "to": "40 ms", "log": True}}}
VALUES = {"kind": "values", "file": "v.csv", "frame": "2 ms"}


def off(found, wanted):
    return pytest.approx(np.mean(np.sqrt(np.mean((found - wanted) ** 2, axis=0))))


@pytest.mark.usefixtures("sketch")
def test_a_trace_of_a_file_is_compared_where_it_was_recorded(folder):
    task = {"kind": "recording", "trace": VALUES, "scale": "1 mV", "fit_until": "60 ms"}
    found = bw.run(read(alone(task, n_trials=1, fit=FIT), "x"), results=folder, report=False)
    recorded = 1e-3 * np.array([[-65.0, -64.0]]) + 1e-4 * np.arange(60)[:, None]
    trace = found.recording.traces["cell.v"].values[0, 30:60]
    test, baselines = found.metrics["test"], found.metrics["baselines"]
    assert set(test) == {"root_mean_square", "of_deviation"}
    assert test["root_mean_square"] == off(trace, recorded[30:])
    assert baselines["nothing"]["root_mean_square"] == off(recorded[:30].mean(), recorded[30:])
    assert load_record(found.folder).data.fit.trace.unit == "volt"
    assert "after the part that it has" in render(load_record(found.folder))


def test_a_population_as_the_recording_of_a_trace(tmp_path):
    found = bw.run(spec(RECORDED | {"variable": "v"}, fit=FIT), results=tmp_path, report=False)
    assert {"coincidence_factor", "root_mean_square"} < set(found.metrics["test"])
    assert found.metrics["fit"]["distance"] == pytest.approx(found.metrics["train"]["root_mean_square"], rel=1e-6)


def test_an_edited_recording_is_another_run(folder):
    task = {"kind": "recording", "spikes": {"kind": "spikes", "file": "spikes.csv", "trial": "trial"}, "n_held_out": 1}
    before = fingerprint(read(alone(task, n_trials=2), "x"))
    (folder / "spikes.csv").write_text(TABLE.replace("30", "31"))
    assert fingerprint(read(alone(task, n_trials=2), "x")) != before


def test_a_part_is_counted_from_its_beginning():
    part = RecordedPart(1, 3, 0.1, 0.2)
    trains = SpikeTrains("r", [0, 1, 2, 2], [0, 0, 1, 1], [0.15, 0.1, 0.15, 0.2], None, 3, 2)
    found = part.of_recording(trains)
    assert found.trial.tolist() == [0, 1]
    np.testing.assert_allclose(found.time, [0.0, 0.05])
    assert found.n_trials == 2
    values = np.arange(12.0).reshape(3, 4, 1)
    cut = part.of_stimulus(Stimulus(values, 0.1, "current", "s"), 1e-3)
    np.testing.assert_array_equal(cut.values, values[1:3, 1:2])
    assert part.of_stimulus(trains, 1e-3).trial.tolist() == [0, 1]


def test_the_estimate_counts_every_set():
    given = spec()
    assert estimate(given, construct(given)).n_trials == 3 * 12 * 4


@pytest.mark.parametrize(
    ("task", "changes", "words"),
    [
        ({"kind": "recording", "n_held_out": 1}, {}, "x.toml, task: given are none of like, spikes and trace; give one of them"),
        (RECORDED | {"spikes": {"kind": "trains", "times": ["1 ms"], "channels": [0]}}, {}, "given are like, spikes of like"),
        ({"kind": "recording", "like": "truth"}, {}, "n_held_out = 0, fit_until = None: hold out the last trials"),
        (RECORDED | {"fit_until": "50 ms"}, {}, "hold out the last trials .* one of the two"),
        (RECORDED | {"scale": "1 mV"}, {}, "scale = 1. mV: is for a trace|scale = 1 mV: is for a trace"),
        ({"kind": "recording", "like": "trut", "n_held_out": 1}, {}, "like = 'trut' is not a population; did you mean 'truth'"),
        (RECORDED | {"population": "x"}, {}, "population = 'x': name the one that is compared, of cell"),
        (RECORDED | {"variable": "w"}, {}, "variable = 'w' is not a variable of cell"),
        (RECORDED | {"n_held_out": 3}, {}, "x.toml, task.n_held_out: 3: n_trials = 3; leave one trial at least to the fit"),
        ({"kind": "recording", "like": "truth", "fit_until": "150 ms"}, {}, "task.fit_until: 0.15 s: the run lasts 0.15 s"),
        (None, {"fit": None}, r"has a recording as its task and no \[fit\]"),
        (None, {"fit": []}, r"x.toml, fit: \[\] is not a table"),
        (None, {"fit": {}}, r"x.toml, fit.ranges: names no setting"),
        (None, {"fit": {"ranges": {"a.b": [1, 2, 3]}}}, r"fit.ranges: a.b = \[1, 2, 3\]: give the lowest and the highest"),
        (None, {"fit": {"ranges": {"a.b": ["1 ms", "2 mV"]}}}, r"fit.ranges: a.b.from"),
        (None, {"fit": {"n_sets": 4, "ranges": {"dt": [1, 2]}}}, "fit.n_sets: 4: must be an integer, 5 or more"),
        (None, {"fit": {"generations": 0, "ranges": {"dt": [1, 2]}}}, "fit.generations: 0: must be an integer, 1 or more"),
        (None, {"fit": {"distance": "rossum", "ranges": {"populations.cell.tau": ["5 ms", "6 ms"]}}}, "fit.distance: 'rossum' is not"),
        (None, {"fit": {"ranges": {"populations.cell.tua": ["5 ms", "6 ms"]}}}, "'tua' is not a setting of noisy_lif"),
        (None, {"fit": {"ranges": {"populations.cel.tau": ["5 ms", "6 ms"]}}}, "fit.ranges.populations.cel.tau: there is no table 'cel'"),
        (None, {"fit": {"ranges": {"populations.cell.tau": ["-5 ms", "6 ms"]}}}, "populations.cell: tau"),
        (None, {"fit": {"ranges": {"dt": ["0.1 ms", "0.2 ms"]}}}, "fit.ranges.dt: 'dt' is the same for all sets of parameters"),
        (None, {"fit": {"ranges": {"populations.cell.size": [1, 5]}}}, r"fit.ranges.populations.cell.size: \[1, 5\]: takes whole numbers"),
        (None, {"method": {"kind": "ransnn"}}, "has method, and a recording as its task"),
        (None, {"metrics": ["accuracy"]}, "has metrics, and a recording as its task"),
        (None, {"duration": None}, "has a recording as its task; it needs duration"),
        ({"kind": "recording", "like": "truth", "n_held_out": -1}, {}, "n_held_out = -1"),
        ({"kind": "recording", "like": "truth", "fit_until": "0 s"}, {}, "fit_until"),
    ],
)  # fmt: skip
def test_what_is_refused(task, changes, words):
    given = {name: value for name, value in document(task, **changes).items() if value is not None}
    with pytest.raises(SpecError, match=words):
        construct(read(given, "x", "x.toml"))


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ({"spikes": {"kind": "spikes", "file": "no.csv"}}, "x.toml, task: .*no.csv"),
        ({"spikes": VALUES}, "spikes: 'values' gives values; take a kind of spikes"),
        ({"trace": {"kind": "spikes", "file": "spikes.csv"}}, "trace: the file holds spikes; write spikes in its place"),
        ({"trace": {"kind": "chirp", "amplitude": "1 mV", "first": "1 Hz", "last": "2 Hz"}}, "'chirp' is made, and not read"),
        ({"spikes": {"kind": "spikes", "file": "high.csv"}}, "has 6 channels, and 'cell' 2 neurons"),
        ({"spikes": {"kind": "spikes", "file": "late.csv"}}, "1 of 1 spikes come after the run"),
        ({"trace": VALUES | {"file": "wide.csv"}}, "has 1 trial and 3 channels, the network 3 trials"),
        ({"trace": {"kind": "values", "file": "short.csv", "frame": "2 ms"}}, "the recording ends after 1 value"),
        ({"trace": {"kind": "values", "file": "v.csv", "frame": "0.7 ms"}}, "time between two values of the trace"),
        ({"trace": VALUES, "variable": "u"}, "variable = 'u' is not a variable of cell"),
        ({"trace": VALUES, "scale": "1 nA"}, "trace is in amp, and cell.v in volt"),
    ],
)  # fmt: skip
def test_recordings_that_do_not_fit(folder, task, words):
    (folder / "high.csv").write_text("time,channel\n1,5\n")
    (folder / "late.csv").write_text("time,channel\n1000,0\n")
    (folder / "wide.csv").write_text("a,b,c\n1,2,3\n4,5,6\n")
    (folder / "short.csv").write_text("a\n1\n")
    with pytest.raises(SpecError, match=words):
        construct(read(alone({"kind": "recording", "n_held_out": 1, **task}, fit=FIT), "x", "x.toml"))


def test_a_fit_without_a_recording_is_refused():
    given = document()
    del given["task"]
    with pytest.raises(SpecError, match="has fit, and no task of kind 'recording'"):
        read(given, "x", "x.toml")
    with pytest.raises(SpecError, match="has a recording as its task and no"):
        read({k: v for k, v in document().items() if k != "fit"}, "x", "x.toml")


def test_neurons_that_never_spike_have_a_trace_alone(tmp_path):
    given = document({"kind": "recording", "like": "truth", "n_held_out": 1})
    passive = {"kind": "custom", "size": 1, "equations": "dv/dt = -v/tau : volt", "constants": {"tau": "10 ms"}}
    given["populations"] = {"truth": passive, "cell": passive}
    del given["stimuli"]
    with pytest.raises(SpecError, match="'cell' has no threshold, and never spikes; name a variable"):
        construct(read(given, "x", "x.toml"))
