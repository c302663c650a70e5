"""Specs: what is read, and every way in which it can be wrong."""

import tomllib
from pathlib import Path

import numpy as np
import pytest
import tomli_w
from brian2 import ms, mV

from bioworkbench import load
from bioworkbench.experiment.spec import read, sweep_points
from bioworkbench.experiment.spec.changes import with_value
from bioworkbench.experiment.spec.values import PerNeuron
from bioworkbench.records.errors import SpecError
from bioworkbench.records.probe import Probe
from tests.documents import alone, with_task
from tests.frozen_method import frozen  # noqa: F401  fixture

ROOT = Path(__file__).parents[3]


def reading(document):
    return read(document, "x", "x.toml")


def write(tmp_path, document, name="x.toml"):
    path = tmp_path / name
    path.write_text(tomli_w.dumps(document))
    return path


def test_a_network_without_a_task():
    spec = reading(alone())
    assert (spec.name, spec.seed, spec.dt, spec.duration, spec.n_trials) == ("x", 1, pytest.approx(5e-4), pytest.approx(0.05), 1)
    exc, inh = spec.populations
    assert (exc.name, exc.size, exc.model.kind) == ("exc", 20, "noisy_lif")
    assert exc.model.arguments["tau"] == PerNeuron("normal(20 ms, 1 ms)")
    assert inh.model.arguments["tau"] == 20 * ms
    first, second = spec.projections
    assert first.topology.arguments == {"p": 0.5}
    assert first.weights.arguments["mean"] == 2 * mV
    assert first.delay == "uniform(1 ms, 2 ms)"
    assert second.delay == 0.0
    assert spec.record == (Probe("exc", "v", (0, 1), 1e-3),)


@pytest.mark.usefixtures("frozen")
def test_a_task_with_its_input_and_method():
    spec = reading(with_task())
    assert spec.task.arguments["n_train"] == 60
    assert spec.input.arguments["frame"] == pytest.approx(0.01)
    assert spec.input.arguments["maximum"] == pytest.approx(1000.0)
    assert spec.method.arguments["readout"].arguments["penalty"] == 0.01
    assert spec.method.arguments["feature"].kind == "spike_counts"
    assert spec.metrics == ("accuracy",)


def test_files_are_named_and_values_can_be_set(tmp_path):
    spec = load(write(tmp_path, alone(), "my_net.toml"), {"seed": 7, "populations.inh.tau": "10 ms"})
    assert (spec.name, spec.seed) == ("my_net", 7)
    assert spec.populations[1].model.arguments["tau"] == 10 * ms
    assert spec.document["populations"]["inh"]["tau"] == "10 ms"


def test_a_sweep_makes_specs_of_its_points():
    document = alone() | {"sweep": {"populations.exc.sigma": ["0 mV", "1 mV"], "seed": [1, 2, 3]}}
    points = sweep_points(reading(document))
    assert len(points) == 6
    values, point = points[-1]
    assert values == {"populations.exc.sigma": "1 mV", "seed": 3}
    assert point.seed == 3
    assert point.populations[0].model.arguments["sigma"] == 1 * mV
    assert point.sweep == {}


CHANGES = [
    ("sed", 1, r"x\.toml: 'sed' is not a field of a spec; did you mean 'seed'"),
    ("name", "y", r"x\.toml: 'name' is not a field of a spec"),
    ("seed", "one", r"x\.toml, seed: 'one' is not an integer"),
    ("seed", -1, r"seed: -1: cannot be negative"),
    ("dt", 0.001, r"dt: '0\.001' is a plain number; a spec needs a time"),
    ("dt", "1 mV", r"dt: '1 mV' is a voltage; a spec needs a time"),
    ("dt", "0 ms", r"dt: 0\.0: must be above 0"),
    ("backend", "cuad", r"backend: 'cuad' is not a backend; did you mean 'cuda'"),
    ("precision", "half", r"precision: precision = 'half': must be 'double' or 'single'"),
    ("memory", -1, r"memory: -1\.0: must be above 0"),
    ("threads", -1, r"threads: threads = -1: must be an integer, 0 or more"),
    ("n_trials", 0, r"n_trials: 0: must be above 0"),
    ("populations", 3, r"populations: 3 is not a table of populations"),
    ("populations", {}, r"populations: none is given"),
    ("populations", {f"p{k}": {} for k in range(1001)}, "populations: 1001 of them; at most 1000"),
    ("populations.exc", 3, r"populations\.exc: 3 is not a table"),
    ("populations.exc.kind", "noisy_lfi", r"populations\.exc\.kind: 'noisy_lfi' is not a neuron model; did you mean 'noisy_lif'"),
    ("populations.exc.taau", "20 ms", r"populations\.exc\.taau: 'taau' is not a setting of noisy_lif; did you mean 'tau'"),
    ("populations.exc.tau", "20 mV", r"populations\.exc\.tau: '20 mV' is a voltage; noisy_lif needs a time such as '20 ms'"),
    ("populations.exc.size", 0, r"x\.toml, populations\.exc\.size: size = 0: must be an integer, 1 or more"),
    ("populations.exc.size", 2.5, r"populations\.exc\.size: 2\.5 is not an integer"),
    ("projections.exc_inh.source", "ex", r"projections\.exc_inh\.source: 'ex' is not a population; did you mean 'exc'"),
    ("projections.exc_inh.target", "input", r"projections\.exc_inh\.target: 'input' is not a population"),
    ("projections.exc_inh.name", "y", r"projections\.exc_inh\.name: 'y': the name of a projection is that of its table"),
    (
        "projections.exc_inh.topology",
        "watts-strogatz",
        r"topology\.kind: 'watts-strogatz' is not a topology; did you mean 'watts_strogatz'",
    ),
    ("projections.exc_inh.topology", {"kind": "bernoulli"}, r"projections\.exc_inh\.topology: bernoulli also needs p"),
    ("projections.exc_inh.delay", "2 mV", r"projections\.exc_inh\.delay: '2 mV' is a voltage"),
    ("record", 3, r"record: 3 is not a list of tables"),
    ("record", [{"variable": "exc.v"}] * 1001, "record: 1001 of them; at most 1000"),
    ("record", {"variable": "v"}, "variable = 'v': must be written population.variable or projection.variable"),
    ("record", {"variable": "ex.v"}, r"record: 'ex\.v': 'ex' is not a population or projection; did you mean 'exc'"),
    ("record", {"variable": "exc.v", "neurons": [30]}, r"record: 'exc\.v': neurons has 30; must lie between 0 and 19"),
    ("record", {"variable": "exc.v", "neurons": []}, r"record: 'exc\.v': neurons = \[\]: name one at least"),
    ("record", {"variable": "exc_inh.weight", "neurons": []}, r"record: 'exc_inh\.weight': neurons = \[\]: name one"),
    ("record", [{"variable": "exc.v", "neurons": [k]} for k in (1, 5)], r"record: 'exc\.v': is recorded twice; record it once"),
    ("record", {"variable": "exc.v", "neurons": 10**9}, "neurons = 1000000000: must be between 1 and 100000"),
    ("metrics", ["accuracy"], r"x\.toml: has metrics and no task"),
    ("metrics", "accuracy", r"metrics: 'accuracy' is not a list"),
    ("metrics", ["acuracy"], r"metrics: 'acuracy' is not a metric; did you mean 'accuracy'"),
    ("method", {"kind": "nothing"}, r"method\.kind: 'nothing' is not a method"),
    ("sweep", 3, r"sweep: 3 is not a table"),
    (
        "sweep",
        {"populations.exc.sigma": ["1 mV", "1 ms"]},
        r"sweep\.populations\.exc\.sigma|populations\.exc\.sigma: '1 ms' is a time",
    ),
    ("sweep", {"populations.ex.sigma": ["1 mV"]}, r"sweep\.populations\.ex\.sigma: there is no table 'ex'"),
    ("seed", [[[[[[[[[[[[1]]]]]]]]]]]], "nested more than 10 deep"),
]


@pytest.mark.parametrize(("field", "value", "message"), CHANGES)
def test_errors_name_file_and_field(field, value, message):
    with pytest.raises(SpecError, match=message):
        reading(with_value(alone(), field, value))


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("seed", r"x\.toml: a spec also needs seed"),
        ("duration", r"x\.toml: has no task; it needs duration"),
        ("populations", "none is given"),
        ("populations.exc.kind", r"populations\.exc: kind is missing: it must be the name of a neuron model; known:"),
        ("projections.exc_inh.weights", r"projections\.exc_inh: a projection also needs weights"),
    ],
)
def test_missing_fields(field, message):
    document = alone()
    *tables, last = field.split(".")
    table = document
    for name in tables:
        table = table[name]
    del table[last]
    with pytest.raises(SpecError, match=message):
        reading(document)


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("duration", "1 s", "has a task and duration; the trials of the task decide that"),
        ("n_trials", 3, "has a task and n_trials"),
        ("projections", {}, "has a task and no projection from 'input'"),
        ("method.readout", "rigde", r"method\.readout\.kind: 'rigde' is not a readout; did you mean 'ridge'"),
        ("method.feature", {"kind": "binned_counts"}, r"method\.feature: binned_counts also needs bin"),
        ("input.frame", 10, r"input\.frame: '10' is a plain number; as_rate needs a time"),
    ],
)
def test_errors_around_a_task(field, value, message):
    with pytest.raises(SpecError, match=message):
        reading(with_value(with_task(), field, value))


def test_a_task_needs_a_method():
    with pytest.raises(SpecError, match="has a task and no method"):
        reading({key: value for key, value in with_task().items() if key != "method"})


def test_input_needs_a_task():
    document = with_value(alone(), "projections.exc_inh.source", "input")
    with pytest.raises(SpecError, match="has a projection from 'input' and no task"):
        reading(document)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"x\.toml: is empty; a spec needs seed"),
        (b"duration = 5 ms", r"x\.toml: is not TOML.*quantities and names stand in quotes, such as \"20 ms\""),
        (b"seed = ", r"x\.toml: is not TOML"),
        (b"seed = 1\nseed = 2", r"x\.toml: is not TOML"),
        (b"\xff\xfe", r"x\.toml: is not UTF-8 text"),
        (b"a = " + b"[" * 5000, r"x\.toml: is not TOML"),
        (b"#" * 1_000_001, r"x\.toml: has 1000001 bytes; a spec has at most 1000000"),
        (b"seed = 1\n" * 1_200_000, r"x\.toml: has 10800000 bytes; a spec has at most 1000000"),
        (
            b"seed = 1\ndt = '1 ms'\n" + b"".join(b"[populations.p%d]\nsize = 1\n" % k for k in range(10_000)),
            "populations: 10000 of them; at most 1000",
        ),
    ],
)
def test_files_that_are_no_specs(tmp_path, content, message):
    path = tmp_path / "x.toml"
    path.write_bytes(content)
    with pytest.raises(SpecError, match=message):
        load(path)


def test_places_that_are_no_files(tmp_path):
    with pytest.raises(SpecError, match=r"missing\.toml: cannot be read \(No such file"):
        load(tmp_path / "missing.toml")
    with pytest.raises(SpecError, match="is not a file; give the path of a TOML file"):
        load(tmp_path)


def test_names_make_folders():
    with pytest.raises(SpecError, match=r"name '\.\./x': must be letters"):
        read(alone(), "../x")


def test_set_needs_its_table(tmp_path):
    with pytest.raises(SpecError, match=r"populations\.ecx\.tau: there is no table 'ecx' in which to set 'tau'; known: exc, inh"):
        load(write(tmp_path, alone()), {"populations.ecx.tau": "10 ms"})


def test_numbers_that_are_too_large():
    with pytest.raises(SpecError, match=r"x\.toml, memory: .*too large"):
        reading(with_value(alone(), "memory", 10**400))
    with pytest.raises(SpecError, match="is not finite"):
        reading(with_value(alone(), "memory", float(np.inf)))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"weights": {"kind": "constant", "value": 1.0}},
            r"projections\.a\.weights: constant: method 's_swim' draws the weights itself",
        ),
        ({"topology": None}, r"projections\.a: a projection also needs topology"),
        ({}, None),
    ],
)
def test_what_a_method_draws_is_left_out(changes, words):
    projection = {"source": "input", "target": "cells", "topology": "all_to_all"} | changes
    document = {
        "seed": 1,
        "dt": "1 ms",
        "task": {"kind": "digits"},
        "input": {"kind": "as_current", "frame": "8 ms"},
        "populations": {"cells": {"size": 4, "kind": "spike_response", "sigma": 2}},
        "projections": {"a": {key: value for key, value in projection.items() if value is not None}},
        "method": "s_swim",
    }
    if words is None:
        assert read(document, "x").projections[0].weights is None
    else:
        with pytest.raises(SpecError, match=words):
            read(document, "x")


def test_a_method_that_cannot_be_read_leaves_projections_alone():
    """What it would draw is not known; only its own error is told."""
    document = tomllib.loads((ROOT / "network_specs" / "spikformer_digits.toml").read_text())
    document["method"]["images"]["attention"] = [[2, 4]]
    with pytest.raises(SpecError, match=r"^x, method\.images\.attention: \[2, 4\] has 2 items; it must have 3$"):
        read(document, "x")


ONE_TO_ONE = {"topology": "one_to_one", "weights": {"kind": "constant", "value": 1.5}}


@pytest.mark.parametrize(("given", "words"), [(ONE_TO_ONE, None), ({}, r"projections\.skip: a projection also needs topology")])
def test_links_that_skip_a_population_are_not_drawn_by_the_method(given, words):
    document = tomllib.loads((ROOT / "network_specs" / "ch_snn_digits.toml").read_text())
    del document["sweep"]
    document["populations"]["third"] = document["populations"]["second"] | {"layer": 2}
    document["projections"]["second_third"] = {"source": "second", "target": "third"}
    document["projections"]["skip"] = {"source": "first", "target": "third", **given}
    if words is None:
        assert [projection.topology is None for projection in read(document, "x").projections] == [True, True, True, False]
    else:
        with pytest.raises(SpecError, match=words):
            read(document, "x")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, None),
        (
            {"input_first": {"topology": "all_to_all"}},
            r"input_first\.topology: all_to_all: method 'noise_single_step' draws the topology",
        ),
        ({"second_third": {}}, r"projections\.second_third: a projection also needs topology"),
        ({"second_third": {}, "pooling": [1, 1, 7]}, None),
    ],
)
def test_convolutions_are_drawn_by_the_method(changes, words):
    document = tomllib.loads((ROOT / "network_specs" / "noise_single_step_mnist_conv.toml").read_text())
    document["populations"]["third"] = {"size": 4, "layer": 2, "kind": "soft_reset_if"}
    last = {"topology": "all_to_all", "weights": {"kind": "constant", "value": 1.0}}
    document["projections"]["second_third"] = {"source": "second", "target": "third"} | changes.get("second_third", last)
    document["projections"]["input_first"] |= changes.get("input_first", {})
    document["method"]["images"]["pooling"] = changes.get("pooling", [])
    if words is None:
        drawn = [projection.topology is None for projection in read(document, "x").projections]
        assert drawn == [True, True, "pooling" in changes]
    else:
        with pytest.raises(SpecError, match=words):
            read(document, "x")
