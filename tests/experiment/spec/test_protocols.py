"""``[[phases]]`` in specs: what they say is what runs, errors name the phase, results keep when each was."""

import pytest

import bioworkbench as bw
from bioworkbench.experiment.results import load_record
from bioworkbench.experiment.spec import read
from bioworkbench.experiment.spec.plan import construct
from bioworkbench.records.errors import SpecError
from tests.documents import alone


def document(*phases):
    made = alone()
    del made["duration"]
    return made | {"phases": list(phases), "n_trials": 2}


def test_phases_run_and_are_kept(tmp_path):
    given = document(
        {"duration": "20 ms", "recorded": False},
        {"duration": "30 ms", "name": "high", "constants": {"exc.rest": "-40 mV"}, "learning": False},
        {"duration": "20 ms", "constants": {"inh": {"drive": "20 mV"}}},
    )
    spec = read(given, "x", "x.toml")
    assert spec.duration == pytest.approx(0.07)
    assert float(spec.phases[2].constants["inh.drive"]) == 20e-3
    result = bw.run(spec, results=tmp_path, report=False)
    back = load_record(result.folder).data.recording
    assert back.phases == {"high": (0.0, pytest.approx(0.03)), "2": (pytest.approx(0.03), pytest.approx(0.05))}
    assert (back.duration, back.n_trials) == (pytest.approx(0.05), 2)
    assert len(back.spikes["exc"]) > 10
    assert len(back.spikes["inh"]) > 10


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"phases": 3}, r"phases: 3 is not a list of tables"),
        ({"phases": [{}]}, r"phases\.0: a phase also needs duration"),
        ({"phases": [{"duration": "1 ms"}, {"duration": "0 ms"}]}, r"phases\.1: duration of a phase = 0"),
        ({"phases": [{"duration": "1 ms", "learnin": True}]}, r"phases\.0\.learnin: 'learnin' is not .*did you mean 'learning'"),
        ({"phases": [{"duration": "0.7 ms"}, {"duration": "0.3 ms"}]}, r"phases: phase '0': duration = 0\.0007 s is not a whole"),
        ({"phases": [{"duration": "1 ms", "constants": {"exc.tua": "2 ms"}}]}, r"phases: phase '0': constants: 'tua'"),
        ({"phases": [{"duration": "1 ms", "constants": {"exc.tau": "2 mV"}}]}, r"phases: phase '0': "),
        ({"phases": [{"duration": "1 ms", "constants": {"exc.tau": "uniform(1 ms, 2 ms)"}}]}, r"constants\.exc\.tau = 'uniform"),
        (
            {"phases": [{"duration": "1 ms", "constants": {"exc.tau": "-2 ms"}}]},
            r"phases\.0\.constants\.exc: tau = -2 ms: must be above",
        ),
        (
            {"phases": [{"duration": "1 ms"}, {"duration": "1 ms", "constants": {"exc.threshold": "-100 mV"}}]},
            r"phases\.1\.constants\.exc: reset = .* must be below threshold = -100 mV",
        ),
        (
            {"phases": [{"duration": "1 ms"}] * 2, "record": [{"variable": "exc.v", "every": "1.5 ms"}]},
            r"phases: phase '1': record 'exc\.v': every 0\.0015 s does not divide the 0\.001 s before this run",
        ),
        (
            {"record": [{"variable": "exc.v"}, {"variable": "exc.v", "every": "0.5 ms"}]},
            r"record: 'exc\.v': is recorded twice",
        ),
        ({"phases": [{"duration": "1 ms", "recorded": False}]}, "phases: none of the phases 0 is recorded"),
        ({"phases": [{"duration": "1 ms"}] * 1001}, "phases: 1001 of them; at most 1000"),
        ({"duration": "3 ms"}, "duration: 3 ms: phases have durations of their own; leave it out"),
        ({"backend": "cuda"}, "phases: backend = 'cuda' does not keep the state between phases; use 'numpy' or 'cython'"),
    ],
)
def test_errors_name_the_phase(changes, words):
    with pytest.raises(SpecError, match=words):
        construct(read(document({"duration": "20 ms"}) | changes, "x", "x.toml"))


def test_constants_of_a_phase_are_looked_at_together():
    both = {"duration": "1 ms", "constants": {"exc.threshold": "-70 mV", "exc.reset": "-80 mV"}}
    assert construct(read(document(both), "x", "x.toml")).n_steps > 0


def test_time_constants_of_noise_stay_above_zero_in_a_phase():
    given = document({"duration": "1 ms", "constants": {"exc.noise_tau": "0 ms"}})
    given["populations"]["exc"] |= {"noise_tau": "5 ms", "sigma": "1 mV"}
    with pytest.raises(SpecError, match=r"phases\.0\.constants\.exc: noise_tau = 0 s?.*: must be above 0 in a phase"):
        construct(read(given, "x", "x.toml"))
    given["phases"] = [{"duration": "1 ms", "constants": {"exc.sigma": "0 mV", "exc.noise_tau": "8 ms"}}]
    construct(read(given, "x", "x.toml"))


def test_constants_of_synapses_obey_their_rules_in_a_phase():
    given = document({"duration": "1 ms", "constants": {"exc_inh.recovery": "-100 ms"}})
    given["projections"]["exc_inh"]["synapse"] = {"kind": "tsodyks_markram"}
    with pytest.raises(SpecError, match=r"phases\.0\.constants\.exc_inh: recovery = -0.1: must be a finite number above 0"):
        construct(read(given, "x", "x.toml"))


def test_a_spec_without_a_task_needs_a_duration_or_phases():
    given = document({"duration": "20 ms"})
    del given["phases"]
    with pytest.raises(SpecError, match="has no task; it needs duration, such as '1 s', or phases"):
        read(given, "x", "x.toml")
