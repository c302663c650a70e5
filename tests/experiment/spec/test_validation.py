"""All errors of a spec at once, those of its method and of its sweep included, before anything is simulated."""

import codecs
from contextlib import nullcontext
from itertools import product
from pathlib import Path

import pytest
import tomli_w

import bioworkbench as bw
from bioworkbench.experiment.spec import read, validation
from bioworkbench.experiment.spec.changes import with_value
from bioworkbench.experiment.spec.places import PointProblems
from bioworkbench.experiment.spec.reader import document_of
from bioworkbench.experiment.spec.validation import check_points, examined, examined_file
from bioworkbench.experiment.warnings import about_backend, about_time_step
from bioworkbench.records.errors import SpecError
from tests.documents import alone, with_task
from tests.frozen_method import frozen  # noqa: F401  fixture


def problems(document):
    with pytest.raises(SpecError, match=r"x\.toml") as caught:
        examined(document, "x", "x.toml")
    return caught.value.problems


def test_all_errors_of_a_file_are_told():
    document = alone() | {"seed": -1, "bakend": "numpy"}
    document["populations"]["exc"]["tau"] = "20 mV"
    document["populations"]["inh"] |= {"tau": "-20 ms"}
    document["populations"]["new"] = {"size": 2, "kind": "custom", "equations": "v : volt", "constants": {"tua": "1 ms"}}
    document["projections"]["exc_inh"]["source"] = "inhh"
    document["populations"]["fine"] = {"size": 3, "kind": "noisy_lif"}
    document["projections"]["exc_exc"] |= {
        "source": "fine",
        "target": "fine",
        "topology": "all_to_all",
        "weights": {"kind": "constant", "value": "1 nS"},
    }
    document["record"] = [{"variable": "fine.w"}, {"variable": "exd.v"}]
    found = problems(document)
    for words in (
        "seed: -1", "'bakend' is not a field", "exc.tau: '20 mV' is a voltage", "inh: tau = -20 ms", "constant 'tua'",
        "'inhh' is not a population", "value = 1 nS is a conductance", "'w' is not a variable", "'exd' is not a population",
    ):  # fmt: skip
        assert sum(words in problem for problem in found) == 1, words
    assert len(found) == 9


def test_all_mistakes_of_a_model_are_told_once_where_it_is_written():
    document = alone()
    document["populations"] = {"first": {"model": "cell", "size": 2}, "second": {"model": "cell", "size": 3}}
    document["projections"], document["record"] = {}, []
    document["models"] = {
        "cell": {
            "kind": "custom",
            "equations": "dv/dt = (I - v)/tau + offset : 1\ndw/dt = -w/tauw : volt\nI : 1",
            "threshold": "v > one",
            "reset": "v = 0; y = 2",
            "constants": {"tau": "10 ms"},
            "start": {"w": "3 mA", "I": 0.0},
        }
    }
    found = problems(document)
    for words in ("'offset' is not", "'tauw' is not", "threshold 'v > one': 'one'", "reset 'y = 2'", "start of 'w' is a current"):
        assert sum(problem.startswith("x.toml, models.cell: ") and words in problem for problem in found) == 1, words
    assert len(found) == 5


@pytest.mark.parametrize("make", [alone, with_task])
@pytest.mark.usefixtures("frozen")
def test_what_is_missing_is_told_alone(make):
    """No error follows from another one."""
    for name in ("dt", "seed"):
        with pytest.raises(SpecError, match=f"also needs {name}") as caught:
            examined({key: value for key, value in make().items() if key != name}, "test")
        assert list(caught.value.problems) == [f"test: a spec also needs {name}"]


def test_many_errors_are_told_in_part():
    document = alone()
    document["populations"] = {f"p{k}": {"size": 1, "kind": "nothing"} for k in range(200)}
    with pytest.raises(SpecError, match=r"\n\.\.\. and \d+ more") as caught:
        examined(document, "x", "x.toml")
    assert len(caught.value.problems) > 200


GIVEN = {"topology": "given"}  # else CH-SNN draws what the spec says of its projection
METHOD = [
    ("method.readout.penalty", -1, "method.readout: penalty = -1.*"),
    ("method.readout", {"kind": "ridge", "n_folds": 400}, "method.readout: n_folds = 400"),
    ("method.readout", {"kind": "logistic", "penalty": 0}, "method.readout: penalty = 0"),
    ("method.feature", {"kind": "binned_counts", "bin": "-5 ms"}, "method.feature: bin = -0.005"),
    ("method.feature", {"kind": "binned_counts", "bin": "3 ms"}, "method.feature: bin = 0.003 s: must divide"),
    ("method.feature", {"kind": "last_step_pattern", "n_steps": 400}, "method.feature: n_steps = 400: a trial has 10 steps"),
    (
        "method",
        {"kind": "ransnn", "populations": ["hiden"]},
        "method.*'hiden' is not a spiking population; did you mean 'hidden'",
    ),
    (
        "method",
        {"kind": "rewired_reservoir", "reading": {"metric": "r2"}},
        r"method\.reading\.metric: metric 'r2': .* that fit: accuracy",
    ),
    (
        "metrics",
        ["accuracy", "mae"],
        "metrics: metric 'mae': the targets of task 'digits' are classes; metrics that fit: accuracy",
    ),
    ("method", {"kind": "ransnn", "optimization": {"epochs": -40}}, "method.*epochs = -40"),
    ("method", {"kind": "ch_snn", "sparsity": 1.3, "start": GIVEN}, "method: sparsity = 1.3"),
    (
        "method",
        {"kind": "ch_snn", "sparsity": 0.5, "start": GIVEN, "optimization": {"batch_size": 100}},
        "method: batch_size = 100 exceeds",
    ),
    (
        "method",
        {"kind": "ch_snn", "sparsity": 0.5, "start": GIVEN, "n_steps": 8},
        "method.n_steps: 'n_steps' is not a setting of ch_snn",
    ),
    (
        "method",
        {"kind": "noise_single_step", "images": {"shift": 1}, "optimization": {"batch_size": 20}},
        r"method\.images: shift = 1: say how the channels form an image, such as shape = \(28, 28, 1\)",
    ),
    ("method", {"kind": "reconstruction", "program": {"penalties": []}}, r"method\.program: penalties = \(\): give at least one"),
    ("method", {"kind": "reconstruction", "program": {"penalties": [0.1, -1]}}, r"method\.program: penalties = -1\.0: must be"),
    ("method", {"kind": "rewired_reservoir"}, "method: .*the network has no synapses"),
    (
        "method",
        {"kind": "rewired_reservoir", "rewiring": {"bin": "10 ms"}},
        r"method\.rewiring: bin = 0\.01 s: at least two bins must fit into a trial of",
    ),
    (
        "method",
        {"kind": "rewired_reservoir", "rewiring": {"bin": "3 ms"}},
        r"method\.rewiring: bin = 0\.003 s: must divide the duration",
    ),
    (
        "method",
        {"kind": "rewired_reservoir", "reading": {"feature": {"kind": "binned_counts", "bin": "3 ms"}}},
        r"method\.reading\.feature: bin = 0\.003 s: must divide",
    ),
    ("metrics", ["r2"], "metrics: "),
    ("populations.hidden.layer", 10**9, "populations.hidden.layer: layer = 1000000000: must lie between 0 and 999"),
    ("input.frame", "1e300 s", "input.* there may be"),
]


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("reconstruction_xor", {"frame": "8 ms"}, r"method: a trial of 10 frames has 80 steps; set dt to the frame, 0\.008 s"),
        ("ch_snn_digits", {"frame": "8 ms", "gain": 2.0}, r"method: topology = 'spike_correlation' with inputs from 0 to 2"),
    ],
)
def test_inputs_that_methods_cannot_use(name, given, message):
    """Runs refused them once they had simulated."""
    document = document_of(Path(bw.__file__).parents[1] / "network_specs" / f"{name}.toml")
    document = {key: value for key, value in document.items() if key != "sweep"} | {"input": {"kind": "as_current", **given}}
    with pytest.raises(SpecError, match=message):
        examined(document, "x", "x.toml")


@pytest.mark.usefixtures("frozen")
def test_a_readout_is_tried_on_as_many_rows_as_it_needs(tmp_path):
    """A batch of as many trials as there are was refused, since a part of them was looked at."""
    (tmp_path / "many.csv").write_text("a,kind\n" + "".join(f"{k},{'xy'[k % 2]}\n" for k in range(600)))
    document = with_task() | {"task": {"kind": "table", "file": "many.csv", "target": "kind", "data": str(tmp_path)}}
    document |= {"input": {"kind": "as_current", "frame": "10 ms"}}
    for batch_size, fits in ((480, True), (481, False)):
        document["method"] = {"kind": "ransnn", "readout": {"kind": "adam", "batch_size": batch_size, "n_updates": 1}}
        with nullcontext() if fits else pytest.raises(SpecError, match="batch_size = 481 exceeds the 480 training rows"):
            examined(document, "x", "x.toml")


@pytest.mark.usefixtures("frozen")
def test_classes_without_training_trials_are_faults_of_the_task(tmp_path):
    rows = "".join(f"{k},{-k},{'xyz'[0 if k == 3 else 1 + k % 2]}\n" for k in range(40))
    (tmp_path / "rare.csv").write_text(f"a,b,kind\n{rows}")
    own = {"kind": "table", "file": "rare.csv", "target": "kind", "data": str(tmp_path), "test_fraction": 0.9}
    with pytest.raises(SpecError, match=r"x\.toml, task: task 'rare\.csv', test: classes \['x'"):
        examined(with_value(with_task(), "task", own) | {"seed": 1}, "x", "x.toml")


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize(("field", "value", "message"), METHOD)
def test_methods_are_tried_up_to_their_first_simulation(field, value, message):
    with pytest.raises(SpecError, match=message):
        examined(with_value(with_task(), field, value), "x", "x.toml")


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize(
    ("make", "sweep", "message"),
    [
        (
            alone,
            {"populations.exc.tau": ["20 ms", "-1 ms"], "seed": [1, 2]},
            r"populations.exc: tau = -1 ms: must be above 0.* \(where populations\.exc\.tau = -1 ms\)$",
        ),
        (alone, {"populations.exc.tau": {"from": "-1 ms", "to": "5 ms", "steps": 3}}, "populations.exc: tau = -1 ms"),
        (alone, {"projections.exc_inh.topology.p": [0.1, 1.5]}, "projections.exc_inh.topology: p = 1.5"),
        (with_task, {"method.readout.penalty": [0.1, -1]}, "method.readout: penalty = -1"),
        (with_task, {"task.n_train": [60, 10**6]}, "task: n_train = 1000000"),
    ],
)
def test_points_of_a_sweep_are_made(make, sweep, message):
    with pytest.raises(SpecError, match=message):
        examined(make() | {"sweep": sweep}, "x", "x.toml")


def test_every_bad_point_is_told_once():
    """Errors of single values, of values that cannot be read, and of values that do not fit each other, in one message."""
    sweep = {"populations.exc.size": [20, 40], "projections.exc_exc.topology.n_inputs": [3, 30], "seed": [1, 2, 3]}
    sweep |= {"populations.inh.sigma": ["1 mV", "-1 mV"]}
    with pytest.raises(SpecError, match=r"x\.toml") as caught:
        examined(alone() | {"sweep": sweep}, "x", "x.toml")
    assert len(caught.value.problems) == 2
    links = next(problem for problem in caught.value.problems if "n_inputs = 30" in problem)
    assert links.startswith("x.toml, projections.exc_exc.topology: ")
    assert links.endswith("(where populations.exc.size = 20, projections.exc_exc.topology.n_inputs = 30)")
    assert any(problem.endswith("(where populations.inh.sigma = -1 mV)") for problem in caught.value.problems)


def test_values_that_fit_only_each_other_are_fine():
    """The second value of each field breaks the spec alone."""
    sweep = {"populations.exc.size": [40], "projections.exc_exc.topology.n_inputs": [30]}
    spec, _ = examined(alone() | {"sweep": sweep}, "x", "x.toml")
    assert list(spec.sweep) == list(sweep)


def test_of_many_points_those_with_every_value_are_made(monkeypatch):
    made = []
    monkeypatch.setattr(validation, "constructible", lambda spec, *_: made.append(spec.document["populations"]["exc"]["size"]))
    fields = {"populations.exc.size": range(1, 31), "dt": ["0.5 ms", "0.25 ms"], "seed": range(50)}
    points = [dict(zip(fields, values, strict=True)) for values in product(*fields.values())]
    spec = read(alone() | {"record": []}, "x", "x.toml")
    check_points(spec, points)
    assert made == [size for size in range(1, 31) for _ in range(2)]
    made.clear()
    monkeypatch.setattr(validation, "MOST_MADE", 50)
    check_points(spec, points)
    assert made == [1, 1, *range(2, 31)]


def test_an_error_of_one_seed_ends_no_sweep(monkeypatch):
    """Its run tells it; what other seeds have too, or only one seed is there to tell, ends the sweep."""
    failing = {0}

    def constructible(spec, problems, tasks):
        with problems.kept():
            if spec.seed in failing:
                raise SpecError("a class has no training trial")

    monkeypatch.setattr(validation, "constructible", constructible)
    spec = read(alone(), "x", "x.toml")
    check_points(spec, [{"seed": seed} for seed in range(5)])
    for seeds in ([0], range(5)):
        with pytest.raises(SpecError, match=r"^a class has no training trial$"):
            check_points(spec, [{"seed": seed} for seed in seeds])
        failing |= set(range(5))


def test_many_bad_points_are_told_with_how_many_there_are():
    problems = PointProblems()
    for point in ({"a": 1, "b": 2}, {"a": 3, "b": 4}, {"a": 5, "b": 6}):
        with problems.at(point).kept():
            raise SpecError("wrong")
    with pytest.raises(SpecError, match=r"^wrong \(where a = 1, b = 2, and at 2 more points\)$"):
        problems.tell()


def test_swept_constants_must_be_used():
    document = alone()
    equations = {"equations": "dv/dt = -v/tau : volt", "constants": {"tau": "10 ms"}}
    document["populations"]["exc"] = {"size": 20, "kind": "custom", **equations}
    document |= {"projections": {}}
    with pytest.raises(SpecError, match=r"populations\.exc: constant 'tua' is used by nothing"):
        examined(document | {"sweep": {"populations.exc.constants.tua": ["5 ms", "10 ms"]}}, "x", "x.toml")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("duration", "1e300 s", "duration: .* there may be"),
        ("duration", "0.7 ms", "duration = 0.0007 s is not a whole number of steps"),
        ("n_trials", 10**18, "n_trials: 1000000000000000000: at most 1000000 trials"),
        ("populations.exc.refractory", "1e300 s", "populations.exc: refractory"),
        ("projections.exc_inh.delay", "1e300 s", "projections.exc_inh.delay: .* there may be"),
        ("populations.exc_spikes", {"size": 1, "kind": "noisy_lif"}, "'exc_spikes': a part of population 'exc' has this name"),
        ("populations.é", {"size": 1, "kind": "noisy_lif"}, "population name 'é': must be an ASCII letter"),
    ],
)
def test_what_cannot_be_simulated_is_refused(field, value, message):
    with pytest.raises(SpecError, match=message):
        examined(with_value(alone(), field, value), "x", "x.toml")


@pytest.mark.parametrize("dt", ["20*ms + i*ms/N", "a while", -1, True, []])
def test_a_wrong_step_beside_a_duration_that_is_not_there(dt):
    document = {name: value for name, value in alone().items() if name != "duration"} | {"dt": dt}
    with pytest.raises(SpecError, match=r"x\.toml, dt"):
        examined(document, "x", "x.toml")


@pytest.mark.parametrize("target", ["input", "hiden", ""])
def test_projections_end_at_populations(target):
    with pytest.raises(SpecError, match=r"projections\.input_hidden\.target: "):
        examined(with_value(with_task(), "projections.input_hidden.target", target), "x", "x.toml")


COUNTS = (0, -1, -(2**63), 2**63, -(10**30), 10**400, 1.5, True, float("nan"), float("inf"), "3", [], {})
DURATIONS = ("0 s", "-1 s", "1e-400 s", "1e400 s", "-1e300 s", "inf s", "nan s", *COUNTS)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("n_trials", COUNTS),
        ("threads", COUNTS[1:]),
        ("populations.exc.size", COUNTS),
        ("populations.exc.layer", COUNTS[1:]),
        ("projections.exc_exc.topology.n_inputs", COUNTS[1:]),
        ("dt", DURATIONS),
        ("duration", DURATIONS),
        ("memory", ("1 s", 0, -1, float("nan"), float("inf"), "inf GB", [], {})),
    ],
)
def test_numbers_that_cannot_be_are_refused(field, values):
    """Each is an error of the spec, whatever else is computed from it."""
    for value in values:
        with pytest.raises(SpecError, match=field.split(".")[0]):
            examined(with_value(alone(), field, value), "x", "x.toml")


@pytest.mark.parametrize("sign", ["\N{MICRO SIGN}", "\N{GREEK SMALL LETTER MU}"])
def test_files_of_editors_on_windows(tmp_path, sign):
    """A byte order mark, and micro signs of either kind."""
    document = with_value(alone(), "populations.inh.tau", f"20000 {sign}s")
    path = tmp_path / "x.toml"
    path.write_bytes(codecs.BOM_UTF8 + tomli_w.dumps(document).encode())
    spec, plan = examined_file(path)
    assert float(plan.network.population("inh").model.constants["tau"]) == pytest.approx(0.02)
    assert spec.name == "x"


def test_places_that_are_no_files(tmp_path):
    with pytest.raises(SpecError, match=r"no\.toml: cannot be read"):
        examined_file(tmp_path / "no.toml")


def own(method):
    return {"size": 2, "kind": "custom", "equations": "dv/dt = -v/tau : volt", "constants": {"tau": "5 ms"}, "method": method}


def test_steps_at_which_euler_is_unstable_are_refused():
    document = with_value(alone(), "populations.inh", own("euler")) | {"dt": "25 ms", "record": []}
    with pytest.raises(
        SpecError, match=r"populations\.inh: method 'euler' is unstable with dt = 0\.025 s.* constant of 0\.005 s"
    ):
        examined(document, "x", "x.toml")
    examined(with_value(document, "populations.inh", own("exact")), "x", "x.toml")


def test_neurons_that_never_spike_send_nothing():
    document = with_value(alone(), "populations.exc", own("euler") | {"size": 20}) | {"record": []}
    with pytest.raises(SpecError, match=r"exc_inh\.source: 'exc': its neurons have no threshold and never spike"):
        examined(document, "x", "x.toml")
    continuous = {"kind": "custom", "equations": "{receiver}_post = weight*v_pre/volt : {unit} (summed)", "on_pre": ""}
    document["projections"] = {"exc_inh": document["projections"]["exc_inh"] | {"synapse": continuous, "receives": "g"}}
    cell = {**own("euler"), "equations": "dv/dt = (g - v)/tau : volt\ng : volt", "receives": "g"}
    examined(with_value(document, "populations.inh", cell), "x", "x.toml")


def test_long_steps_are_warned_of():
    spec, plan = examined(alone() | {"dt": "2.5 ms", "record": []}, "x", "x.toml")
    assert list(about_time_step(plan.network, spec.dt)) == []
    spec, plan = examined(with_value(alone(), "populations.inh.synaptic_tau", "2 ms"), "x", "x.toml")
    (warning,) = about_time_step(plan.network, spec.dt)
    assert warning.startswith(
        "dt = 0.5 ms is 0.25 times the smallest time constant of population 'inh', 2 ms (of its linear equations)"
    )


def test_backends_that_another_machine_may_have_are_warned_of(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    (warning,) = about_backend("cuda")
    assert warning.startswith("Backend 'cuda' does not run on this machine: it needs ")
    assert list(about_backend("numpy")) == []
    assert list(about_backend("auto")) == []
