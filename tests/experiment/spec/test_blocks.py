"""Models that populations share, projections between lists of populations, links by rule, background and downscaling in a spec."""

from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import tomli_w

import bioworkbench as bw
from bioworkbench.experiment.results.record import RunData
from bioworkbench.experiment.results.run_file import read_run, write_run
from bioworkbench.experiment.spec.blocks import with_named_tables, written_out
from bioworkbench.experiment.spec.changes import with_value
from bioworkbench.experiment.spec.plan import construct
from bioworkbench.experiment.spec.reader import read
from bioworkbench.experiment.spec.validation import examined
from bioworkbench.records.errors import SpecError
from bioworkbench.records.recording import Recording

SPEC = {
    "seed": 1,
    "dt": "0.1 ms",
    "duration": "10 ms",
    "models": {"lif": {"kind": "noisy_lif", "sigma": "0 mV", "tau": "10 ms"}},
    "populations": {
        "exc": {"model": "lif", "size": 40, "background": {"receives": "v", "n": 100, "rate": "8 Hz", "weight": "0.1 mV"}},
        "inh": {"model": "lif", "size": 10, "tau": "5 ms"},
    },
    "projections": [
        {
            "source": "exc",
            "target": ["exc", "inh"],
            "links": {"kind": "fixed_total", "n": [[90], [30]], "repeated": True},
            "weight": "normal(0.1 mV, 0.01 mV, low = 0 mV)",
            "delay": "normal(1.5 ms, 0.75 ms, low = 0.1 ms)",
        },
        {
            "source": ["exc", "inh"],
            "target": ["exc", "inh"],
            "receives": "v",
            "links": {"kind": "bernoulli", "p": [[0.0, 0.5], [0.0, 0.2]]},
            "weight": "-0.4 mV",
        },
    ],
}


def changed(path, value):
    document = deepcopy(SPEC)
    table = document
    *parents, last = path
    for key in parents:
        table = table[key]
    table[last] = value
    return document


def test_blocks_are_written_out():
    network = construct(read(SPEC, "test")).network
    assert [p.name for p in network.projections] == ["exc_exc", "exc_inh", "inh_exc_v", "inh_inh_v"]
    assert [p.n_synapses for p in network.projections[:2]] == [90, 30]
    assert float(network.population("exc").model.constants["tau"]) == 10e-3
    assert float(network.population("inh").model.constants["tau"]) == 5e-3
    (background,) = network.population("exc").background
    assert (background.n, background.rate, background.weight) == (100, 8.0, pytest.approx(1e-4))
    assert str(network.projections[0].drawn.delays) == "normal(1.5 ms, 0.75 ms, low = 100 us)"


def test_a_block_of_one_pair_may_have_a_name():
    block = {"name": "loop", "source": "exc", "target": "exc", "links": {"kind": "bernoulli", "p": 0.1}}
    assert list(written_out({"projections": [block]})["projections"]) == ["loop"]


def test_the_document_stays_as_it_is_written():
    assert read(SPEC, "test").document == SPEC


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("populations", "exc", "model"), "lf", "populations.exc.model: 'lf' is not a model; did you mean 'lif'"),
        (("models", "other"), {"kind": "noisy_lif"}, "models.other is used by no population"),
        (("models",), [], r"models = \[\]: write a table"),
        (("projections", 0, "links", "n"), [[90, 30]], "the matrix n has rows of"),
        (("projections", 0), {"source": "exc"}, "block 1: needs source and target"),
        (("projections", 1), SPEC["projections"][0], "block 2: 'exc_exc' is there twice"),
        (("projections", 0, "name"), "recurrent", "block 1: name = 'recurrent': names one projection"),
        (("projections", 1, "name"), 3, "block 2: name = 3: names one projection"),
        (("projections", 0, "weight"), "norml(1 mV, 1 mV)", "did you mean 'normal'"),
        (("projections", 0, "weight"), True, "weight = True: links need a weight"),
        (("projections", 0, "weight"), 1.0, "weight = constant.* is a .*; it must be a voltage"),
        (("projections", 0, "synapse"), {"kind": "nmda"}, "synapse = 'nmda': links drawn where they are used"),
        (("projections", 0, "weight"), "1 ms", "weight = constant.* is a time; it must be a voltage"),
        (("projections", 0, "delay"), "1 mV", "delay = 1 V is a voltage"),
        (("projections", 0, "delay"), 1.0, "delay: 1.0 is not a time"),
        (("projections", 0, "topology"), "bernoulli", "has links and topology"),
        (("projections", 0, "links"), {"kind": "fixed_total", "n": 3, "p": 0.5}, "n = 3 and p = 0.5: give one of them"),
        (("projections", 0, "links"), {"kind": "fixed_total", "p": 1.0, "repeated": True}, "p = 1.0: must lie between 0 and 1"),
        (("projections", 0, "links"), {"kind": "fixed_totl"}, "did you mean 'fixed_total'"),
        (("populations", "exc", "background"), 3, "3 is not a table such as"),
        (("populations", "exc", "background", "rate"), "8 mV", "is a voltage"),
        (("populations", "exc", "background", "receives"), "w", "'w' is not a variable"),
        (("downscaling",), {"factor": 0.5}, "must be a table of factor"),
        (("downscaling",), {"factor": 0.5, "rates": {"exc": "1 mV"}}, "exc = 1 mV is a voltage"),
        (("downscaling",), {"factor": 0.5, "rates": {"exc": "1 Hz"}}, "the rate of 'inh' is missing"),
    ],
)
def test_errors_name_what_is_wrong(path, value, words):
    with pytest.raises(ValueError, match=words):
        construct(read(changed(path, value), "test"))


def test_a_run_keeps_rules_and_background(tmp_path):
    network = construct(read(SPEC, "test")).network
    recording = Recording({}, {}, network.sizes, 1, 0.01, 1e-4, 1, "cpp")
    write_run(tmp_path / "run.h5", RunData(network, recording))
    back = read_run(tmp_path / "run.h5").network
    assert [p.drawn for p in back.projections] == [p.drawn for p in network.projections]
    assert [[(b.receives, b.n, b.rate, b.weight) for b in p.background] for p in back.populations] == [
        [(b.receives, b.n, b.rate, b.weight) for b in p.background] for p in network.populations
    ]


def leaves(table, path=()):
    for key, value in table.items():
        yield from leaves(value, (*path, key)) if isinstance(value, dict) else [((*path, key), value)]


def problems(document):
    with pytest.raises(SpecError, match="test, ") as caught:
        examined(document, "test")
    return caught.value.problems


@pytest.mark.parametrize("path", [path for path, _ in leaves(SPEC["models"])], ids=".".join)
@pytest.mark.parametrize("value", ["1 A", "nothing"])
def test_a_mistake_in_a_shared_model_is_told_once_and_there(path, value):
    """Whatever the setting and its mistake, for one that no population has of its own; else the population is named."""
    own = "tau" in path
    document = changed(("models", *path), value)
    if own:
        document["populations"]["inh"] = {"model": "lif", "size": 10, "tau": value}
    told = problems(document)
    assert [line.partition(": ")[0] for line in told] == [
        f"test, {'.'.join(('models', *path))}",
        *(["test, populations.inh.tau"] if own else []),
    ]


def test_a_model_without_a_table_of_models_is_refused():
    (*_, told) = problems({key: value for key, value in SPEC.items() if key != "models"})
    assert told.startswith("test, populations.")


def test_a_model_that_refuses_its_values_together_is_named():
    cell = {"kind": "custom", "equations": "dv/dt = -v/tau : volt", "threshold": "v > 1*mV", "reset": "v = 0*mV"}
    document = changed(("models", "lif"), cell) | {"projections": []}
    document["populations"] = {"exc": {"model": "lif", "size": 2}, "inh": {"model": "lif", "size": 3}}
    (told,) = problems(document)
    assert told.startswith("test, models.lif: equation of v '-v/tau': 'tau' is not a variable")
    del document["models"]
    document["populations"] = {"exc": {**cell, "size": 2}}
    assert problems(document)[0].startswith("test, populations.exc: equation of v")


@pytest.mark.parametrize("key", ["target", "weight", "delay", "links"])
def test_a_mistake_in_a_block_is_told_once_and_there(key):
    told = problems(changed(("projections", 0, key), {"target": ["exc", "inhh"], "links": {"kind": "one"}}.get(key, "x(")))
    assert [line.partition(": ")[0] for line in told] == [f"test, projections, block 1, {key}{'.kind' * (key == 'links')}"]


def test_a_block_of_one_pair_is_known_by_its_name():
    block = {"source": "exc", "target": "inh", "topology": "all_to_all", "weights": "1 mV", "delay": "1 A"}
    (told,) = problems(changed(("projections",), [block]))
    assert told.startswith("test, projections.exc_inh.delay: ")


def test_the_microcircuit_is_that_of_its_publication():
    """Numbers of neurons and synapses of Potjans and Diesmann's table, whole and a tenth."""
    file = Path(bw.__file__).parents[1] / "network_specs" / "microcircuit.toml"
    whole = construct(bw.load(file, {"downscaling.factor": 1.0})).network
    assert sum(whole.sizes.values()) == 77169
    assert len(whole.projections) == 55
    assert sum(p.drawn.rule.number for p in whole.projections) == pytest.approx(298.88e6, rel=1e-3)
    part = construct(bw.load(file)).network
    assert sum(p.drawn.rule.number for p in part.projections) == pytest.approx(2.9888e6, rel=1e-3)
    assert np.isclose(part.projections[0].drawn.weights.first, 87.8e-12 / np.sqrt(0.1))


@pytest.mark.parametrize(("variable", "index"), [("exc.v", 20), ("exc_inh.weight", 25)])
def test_what_is_recorded_is_there_in_the_downscaled_network(variable, index):
    """The run refused such a spec, which passed the check."""
    document = {key: value for key, value in SPEC.items() if key != "record"}
    document["downscaling"] = {"factor": 0.5, "rates": {"exc": "1 Hz", "inh": "1 Hz"}}
    assert construct(read(document, "test")).network.sizes["exc"] == 20
    with pytest.raises(SpecError, match=rf"record: '{variable}': neurons has {index}; must lie between 0 and "):
        construct(read({**document, "record": {"variable": variable, "neurons": [index]}}, "test"))


def test_a_projection_of_a_block_is_set_by_its_name(tmp_path):
    (tmp_path / "test.toml").write_text(tomli_w.dumps(SPEC))
    spec = bw.load(tmp_path / "test.toml", {"projections.exc_inh.delay": "2 ms", "populations.exc.tau": "20 ms"})
    network = construct(spec).network
    delays = {p.name: p.links.delays for p in network.projections}
    assert (delays["exc_inh"].kind, delays["exc_inh"].first) == ("constant", 2e-3)
    assert delays["exc_exc"].kind == "normal"
    assert [float(p.model.constants["tau"]) for p in network.populations] == [20e-3, 5e-3]


def test_setting_a_projection_of_a_block_changes_nothing_else():
    """Runs of both specs then differ in one field, in tables and comparisons."""
    document = with_value(SPEC, "projections.exc_inh.delay", "2 ms")
    assert document["models"] == SPEC["models"]
    assert document["projections"] == with_named_tables(SPEC)["projections"] | {
        "exc_inh": with_named_tables(SPEC)["projections"]["exc_inh"] | {"delay": "2 ms"}
    }
    assert with_named_tables(document) is document
