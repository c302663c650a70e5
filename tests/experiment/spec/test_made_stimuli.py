"""Stimuli that a spec makes: what they say is what the network gets, and errors name the stimulus."""

import numpy as np
import pytest

import bioworkbench as bw
from bioworkbench.experiment.results import load_record
from bioworkbench.experiment.spec import read
from bioworkbench.experiment.spec.changes import with_value
from bioworkbench.experiment.spec.plan import construct
from bioworkbench.experiment.spec.stimuli import phases_with
from bioworkbench.experiment.spec.validation import examined
from bioworkbench.records.errors import SpecError
from bioworkbench.stimuli import Timeline, formula, regular, steps
from tests.documents import alone, with_task

PULSE = {"kind": "steps", "times": ["10 ms", "30 ms"], "values": ["30 mV", 0], "target": ["exc", "inh"]}
DRIVEN = {"kind": "regular", "rate": "200 Hz", "n": 3}
NOISE = {"kind": "noise", "deviation": "1 mV", "tau": "1 ms", "target": "exc"}
EACH = {"kind": "formula", "value": "(t < 20*ms)*i*mV", "each": True, "target": "inh"}
TRAINS = {
    "source": "driven",
    "target": "exc",
    "topology": "all_to_all",
    "weights": {"kind": "constant", "value": "3 mV"},
    "delay": "1 ms",
    "synapse": "tsodyks_markram",
}


def document(**stimuli):
    made = alone() | {
        "n_trials": 2,
        "stimuli": stimuli,
        "record": [{"variable": "exc.v"}, {"variable": "inh.v"}, {"variable": "inh.drive"}],
    }
    made["projections"]["exc_inh"]["delay"] = "1 ms"
    for population in made["populations"].values():
        population["sigma"] = "0 mV"
    return made


def driven(given):
    return given | {"projections": {**given["projections"], "driven_exc": TRAINS}}


def ran(given, **settings):
    return bw.run(read(given, "x", "x.toml"), report=False, **settings).record.data.recording


@pytest.fixture(scope="module")
def whole():
    return driven(document(pulse=PULSE, driven=DRIVEN, each=EACH))


@pytest.fixture(scope="module")
def recording(whole, tmp_path_factory):
    return ran(whole, results=tmp_path_factory.mktemp("whole"))


def test_a_spec_runs_as_the_records_that_it_stands_for(whole, recording):
    plan = construct(read(whole, "x", "x.toml"))
    times = {"duration": 0.05, "dt": 0.5e-3, "n_trials": 2}
    stimuli = [
        steps(Timeline(**times, name="pulse"), times=[0.01, 0.03], values=[0.03, 0.0]),
        regular(Timeline(**times, n_channels=3, name="driven"), rate=200.0),
        formula(Timeline(**times, n_channels=5, name="each"), value="(t < 20*ms)*i*mV"),
    ]
    assert [p.name for p in plan.network.inputs] == ["driven_exc", "pulse_exc", "pulse_inh", "each_inh"]
    given = bw.simulate(plan.network, stimuli, recording.seed, dt=times["dt"], backend="numpy", record=[*recording.traces])
    for name, trace in recording.traces.items():
        np.testing.assert_array_equal(trace.values, given.traces[name].values)
    drive, own = recording.traces["inh.drive"].values[0], 1e-3 * np.arange(5)
    np.testing.assert_allclose(drive[[10, 30, 50, 70]], [own, 0.03 + own, 0.03 + 0 * own, 0 * own], atol=1e-12)


def test_phases_get_their_parts_of_a_stimulus(whole, recording, tmp_path):
    given = {key: value for key, value in whole.items() if key != "duration"}
    given["phases"] = [{"duration": "13.5 ms"}, {"duration": "36.5 ms"}]
    np.testing.assert_array_equal(ran(given, results=tmp_path).traces["exc.v"].values, recording.traces["exc.v"].values)
    spec = read(given, "x", "x.toml")
    assert [len(phase.stimuli) for phase in phases_with(spec, construct(spec).stimuli)] == [4, 4]


def test_random_stimuli_follow_the_seed_and_their_name():
    poisson = {"kind": "poisson", "rate": "100 Hz", "target": "exc", "weight": "1 mV"}
    one, other = (construct(read(document(a=poisson, b=poisson) | {"seed": seed}, "x", "x.toml")).stimuli for seed in (1, 2))
    alone_ = construct(read(document(b=poisson), "x", "x.toml")).stimuli
    assert len({tuple(made.time) for made in (*one, *other)}) == 4
    np.testing.assert_array_equal(one[1].time, alone_[0].time)


@pytest.mark.thorough
def test_blocks_are_tables_with_names(tmp_path):
    blocks = document() | {"stimuli": [{"name": "pulse", **PULSE}, EACH]}
    spec, same = read(blocks, "x", "x.toml"), read(document(pulse=PULSE, formula=EACH), "x", "x.toml")
    assert spec.stimuli == same.stimuli
    changed = with_value(blocks, "stimuli.pulse.values", ["40 mV", 0])
    assert float(np.max(construct(read(changed, "x", "x.toml")).stimuli[0].values)) == pytest.approx(0.04)
    result = bw.run(spec, results=tmp_path)  # with its report
    assert (
        "Stimuli were &#39;pulse&#39;, steps(times = (10 ms, 30 ms), values = (30 mV, 0))"
        in (result.folder / "report.html").read_text()
    )
    assert {p.source for p in load_record(result.folder).data.network.inputs} == {"pulse", "formula"}


@pytest.mark.parametrize(
    ("stimuli", "words"),
    [
        ({"pulse": PULSE | {"kind": "step"}}, r"stimuli\.pulse\.kind: 'step' is not .*did you mean 'steps'"),
        ({"pulse": PULSE | {"valeus": []}}, r"stimuli\.pulse\.valeus: 'valeus' is not .*did you mean 'values'"),
        ({"pulse": PULSE | {"values": ["30 pA", 0]}}, r"stimuli\.pulse: values = 30 pA is a current; it must be a voltage"),
        ({"pulse": PULSE | {"values": [0.03, 0]}}, r"stimuli\.pulse: values = 0\.03 is a .*; it must be a voltage"),
        ({"pulse": PULSE | {"target": "ecx"}}, r"stimuli\.pulse\.target: 'ecx' is not .*did you mean 'exc'"),
        ({"pulse": PULSE | {"receives": "w"}}, r"stimuli\.pulse: .*'w' is not"),
        ({"pulse": PULSE | {"receives": "v"}}, r"stimuli\.pulse: projection 'pulse_exc_v' receives in 'v', which the equations of 'exc'"),
        ({"pulse": PULSE | {"n": 0}}, r"stimuli\.pulse\.n: n = 0: must be an integer, 1 or more"),
        ({"pulse": PULSE | {"each": True}}, r"stimuli\.pulse: each = true: needs targets of one size.*\[5, 20\]"),
        ({"pulse": PULSE | {"weight": "1 mV"}}, r"stimuli\.pulse: weight = .*: a current has its unit in its values; leave it out"),
        ({"noise": NOISE | {"frame": "0.3 ms"}}, r"stimuli\.noise: frame = 0\.0003 s is not a whole number of steps"),
        ({"new": PULSE}, r"stimuli: name of a stimulus 'new': this is a word of C\+\+"),
        ({"exc": PULSE}, r"stimuli\.exc: 'exc' is a population too; rename one of them"),
        ({"input": PULSE}, r"stimuli: 'input' is what a task gives; call the stimulus otherwise"),
        ({"driven": DRIVEN}, r"stimuli\.driven: no projection has the source 'driven', and it has no target; give it one"),
        ({"driven": DRIVEN | {"target": "exc"}}, r"stimuli\.driven: has a target and no weight; give what a spike adds"),
        ({"noise": NOISE | {"value": 3}}, "'value' is not"),
        ({"noise": NOISE | {"each": True, "n": 3}}, r"n = 3 and each = true: every neuron has a channel of its own; leave n out"),
        ({"file": {"kind": "spikes", "file": "x.csv", "n": 3, "target": "exc"}}, "n = 3: the file says how many channels there are"),
        ({"pulse": DRIVEN | {"n": 10**8, "target": "exc", "weight": "1 mV"}}, r"2e\+09 values or spikes take 16 GB; memory = 1 allows"),
        ({"pulse": PULSE | {"n": 10**7}}, r"1e\+08 values or spikes take 0\.8 GB; memory = 0\.1 allows less"),
        (3, "stimuli: 3 is not a table of stimuli"),
        ([{"target": "exc"}], "stimuli, block 1: .* has no name; write"),
        ([PULSE, PULSE], "stimuli, block 2: 'steps' is there twice; give one of them another name"),
    ],
)  # fmt: skip
def test_errors_name_the_stimulus(stimuli, words):
    with pytest.raises(SpecError, match=words):
        construct(read(document() | {"memory": 0.1 if "0\\.1" in words else 1.0, "stimuli": stimuli}, "x", "x.toml"))


def test_what_projections_and_tasks_exclude():
    given = driven(document(driven=DRIVEN | {"target": "exc", "weight": "1 mV"}))
    with pytest.raises(
        SpecError, match="has a target, and is the source of projections, which say how strongly it acts; leave one"
    ):
        construct(read(given, "x", "x.toml"))
    with pytest.raises(SpecError, match="weight is for a stimulus with a target; projections say it themselves, leave it out"):
        construct(read(driven(document(driven=DRIVEN | {"weight": "1 mV"})), "x", "x.toml"))
    with pytest.raises(SpecError, match="pulse: a spec with task has no stimuli of its own; leave one of them out"):
        read(with_task() | {"stimuli": {"pulse": PULSE}}, "x", "x.toml")
    with pytest.raises(SpecError, match="pulse: a downscaled network has no stimuli, whose rates are not known; leave one"):
        read(document(pulse=PULSE) | {"downscaling": {"factor": 0.5, "rates": {"exc": "1 Hz", "inh": "1 Hz"}}}, "x", "x.toml")
    given = document(pulse=PULSE)
    given["populations"]["inh"] = {"size": 5, "kind": "adex"}
    del given["projections"]["exc_inh"]
    with pytest.raises(
        SpecError, match=r"stimuli\.pulse: target = \['exc', 'inh'\]: .* have different units; write a stimulus for each"
    ):
        construct(read(given, "x", "x.toml"))


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("populations.exc.kind", "noisy_lip", r"populations\.exc\.kind: 'noisy_lip' is not"),
        ("populations.exc.rest", "-52 ms", r"populations\.exc\.rest: '-52 ms' is a time"),
        ("populations.exc.threshold", "-70 mV", r"populations\.exc"),
        ("duration", 1, "duration: '1' is a plain number"),
        ("stimuli.noise.target", "ecx", r"stimuli\.noise\.target: 'ecx' is not a population; did you mean 'exc'"),
    ],
)
def test_what_stimuli_need_has_one_error(field, value, words):
    """Stimuli onto a population whose own table is wrong are right; a name that is not there is told once."""
    one_line = rf"\A[^\n]*{words}[^\n]*\Z"
    with pytest.raises(SpecError, match=one_line):
        examined(with_value(document(pulse=PULSE, noise=NOISE), field, value), "x", "x.toml")
