"""Every entry of every dict that a spec can name runs small, written into a spec with all its settings.

Entries of a kind share runs: neurons are populations of one network, topologies, weights and synapses its projections; encodings,
features, readouts and metrics take turns with the tasks. An entry that nobody wrote a case for fails in `test_every_entry_has_a_case`.
"""

from dataclasses import fields, is_dataclass
from datetime import UTC, datetime

import h5py
import numpy as np
import pytest

import bioworkbench as bw
from bioworkbench.experiment.spec import read
from bioworkbench.experiment.spec.changes import as_written
from bioworkbench.experiment.spec.drawn import LINK_RULES
from bioworkbench.experiment.spec.kinds import KINDS
from bioworkbench.experiment.spec.plan import construct
from bioworkbench.experiment.spec.schema import settings
from bioworkbench.records.choice import Choice
from bioworkbench.records.units import unit_text
from bioworkbench.simulation import BACKENDS
from bioworkbench.tasks import data as known_data
from bioworkbench.topology.rewiring.regrowth import REGROWTH_RULES
from bioworkbench.topology.rewiring.removal import REMOVAL_SCORES
from bioworkbench.weights.from_pairs import DISTANCES
from tests.experiment.spec.entries import (
    CASES,
    DELAYS,
    ENCODINGS,
    FEATURES,
    METHODS,
    NEURONS,
    PER_FRAME,
    PLAIN,
    POTENTIAL,
    QUICK,
    READOUTS,
    RECORDED,
    RULES,
    STIMULI,
    SYNAPSES,
    TASKS,
    TOPOLOGIES,
    WEIGHTS,
)
from tests.experiment.spec.small_data import write_small_data

LEAVE_OUT = {"data", "reference", "checkpoint", "recurrent"}  # paths and texts without a default, and what the projection says


def written(value, setting=None):
    """A default as a spec has it, with the unit of its setting."""
    if isinstance(value, Choice):
        return {"kind": value.kind, **value.arguments}
    if is_dataclass(value):
        return defaults_of(type(value), {field.name: getattr(value, field.name) for field in fields(value)})
    if isinstance(value, float) and setting.unit is not None:
        return f"{value} {unit_text(setting.unit.dim)}"
    return as_written(value)


def defaults_of(function, given):
    """Settings that have a value, as a spec has them."""
    known = settings(function)
    return {name: written(value, known[name]) for name, value in given.items() if value is not None and name not in LEAVE_OUT}


def entry(kind, name, given):
    """The entry with every documented setting, those that are not given at their defaults."""
    function = KINDS[kind][name]
    defaults = {key: setting.default for key, setting in settings(function).items() if not setting.required}
    whole = defaults_of(function, defaults) | {"kind": name}
    for key, value in given.items():
        whole[key] = whole[key] | value if isinstance(whole.get(key), dict) and "kind" not in value else value
    return whole


def alone(populations, projections):
    """A network without a task that runs for a few steps."""
    common = {"seed": 1, "dt": "0.1 ms", "duration": "1 ms", "n_trials": 2, "backend": "numpy"}
    return common | {"populations": populations, "projections": projections}


def ran(document, folder):
    result = bw.run(read(document, "x", "x.toml"), results=folder, report=False)
    assert (result.folder / "run.h5").is_file()
    return result


def made(document):
    """The network of a spec. Links and weights are numbers once they are drawn, so that no run would tell more."""
    return construct(read(document, "x", "x.toml")).network


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder with small data of every form that a task reads."""
    folder = tmp_path_factory.mktemp("data")
    write_small_data(folder)
    return folder


@pytest.fixture
def folder(data, monkeypatch):
    """The folder of data, as the one that specs name files in; its files stand for known ones."""
    monkeypatch.setenv("BIOWORKBENCH_DATA", str(data))
    monkeypatch.setattr(known_data, "KNOWN_FILES", {})
    return data


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_entry_has_a_case(kind):
    """Write a case into the table of its kind in `entries`, with the settings that must be given."""
    assert set(CASES[kind]) == set(KINDS[kind])


def test_every_entry_beside_the_kinds_has_a_case():
    quick = [TASKS[name] for name in QUICK]
    taken = {column: {case[k] for case in quick} for k, column in ((1, "encodings"), (2, "features"), (3, "readouts"))}
    taken["metrics"] = {name for *_, metrics in quick for name in metrics}
    assert taken == {kind: set(KINDS[kind]) for kind in taken}
    assert set(RULES) == set(LINK_RULES)


def test_neurons(tmp_path):
    """All models in one network."""
    populations = {name: {"size": 3, **entry("neurons", name, given)} for name, given in NEURONS.items()}
    assert ran(alone(populations, {}), tmp_path).record.data.network.sizes == dict.fromkeys(NEURONS, 3)


def test_stimuli(tmp_path):
    """All of them onto one population."""
    onto = {name: {"target": "cells", "n": 2} for name in STIMULI}
    onto |= {name: onto[name] | {"weight": "1 mV"} for name in ("poisson", "regular", "trains")}
    stimuli = {name: onto[name] | entry("stimuli", name, given) for name, given in STIMULI.items()}
    network = ran(alone({"cells": CELLS}, {}) | {"stimuli": stimuli}, tmp_path).record.data.network
    assert set(network.channels.values()) == {2}


CELLS = {"size": 20, "kind": "noisy_lif", "sigma": "5 mV", "rest": "-52 mV"}


def test_topologies(folder):
    projections = {}
    for name, (target, given) in TOPOLOGIES.items():
        given = given | ({"file": str(folder / "ring.csv")} if name == "file" else {})
        topology = entry("topologies", name, given)
        projections[name] = {"source": "cells", "target": target, "topology": topology, "weights": POTENTIAL}
    network = made(alone({"cells": CELLS, "others": CELLS}, projections))
    assert all(len(projection.given) for projection in network.projections)


def test_delays(folder):
    ring = {"file": str(folder / "ring.csv")}
    delays = {name: entry("delays", name, given | ring) for name, given in DELAYS.items()}
    ends = {"source": "cells", "target": "cells", "topology": {"kind": "file", **ring}, "weights": POTENTIAL}
    network = made(alone({"cells": CELLS}, {name: {**ends, "delay": delay} for name, delay in delays.items()}))
    assert all(np.all(np.isclose(projection.delay, 1e-6)) for projection in network.projections)


def test_weights(folder):
    projections = {}
    for name, given in WEIGHTS.items():
        given = given | ({"file": str(folder / "ring.csv")} if name == "file" else {})
        topology = {"kind": "file", "file": str(folder / "ring.csv")} if name == "file" else "all_to_all"
        ends = {"source": "cells", "target": "steps" if name in PLAIN else "cells"}
        projections[name] = {**ends, "topology": topology, "weights": entry("weights", name, given)}
    populations = {"cells": CELLS, "steps": {"size": 4, "kind": "discrete_lif", "leak": 0.9}}
    network = made(alone(populations, projections))
    assert all(projection.weights.data.any() for projection in network.projections)


def test_recorded_stimuli(data, tmp_path):
    """All of them onto neurons that receive plain numbers, in one network."""
    neo, pynwb = pytest.importorskip("neo"), pytest.importorskip("pynwb")
    write_recordings(tmp_path, neo, pynwb)
    (tmp_path / "walk.csv").write_text("a,b\n1,0\n0,1\n")
    stimuli = {name: entry("stimuli", name, {**given, "file": str(tmp_path / file)}) for name, (file, given) in RECORDED.items()}
    for table in stimuli.values():
        table.pop("stop", None)
    weights = {"kind": "constant", "value": 1.0}
    ends = {"target": "cells", "topology": "all_to_all", "weights": weights}
    cells = {"size": 2, "kind": "custom", "equations": "v : 1\ndrive : 1", "receives": "v"}
    network = made(alone({"cells": cells}, {name: {"source": name, **ends} for name in RECORDED}) | {"stimuli": stimuli})
    few = {"neo": 1, "nwb": 1, "sonata": 3, "sonata_report": 2, "spikes": 2, "values": 2}
    assert network.channels == {"aer": 2312, "heidelberg": 700} | few


def write_recordings(folder, neo, pynwb):
    """A file of each kind that holds a spike, or a few."""
    (folder / "events.bin").write_bytes(bytes([1, 2, 0, 0, 9]))
    (folder / "spikes.csv").write_text("time,channel\n0.1,1\n")
    (folder / "sonata.csv").write_text("timestamps population node_ids\n0.1 a 2\n")
    with h5py.File(folder / "report.h5", "w") as file:
        file["report/a/data"] = np.eye(2)
        parts = {"node_ids": [4, 7], "index_pointers": [0, 1, 2], "element_ids": [0, 0], "time": [0.0, 0.2, 0.1]}
        for name, values in parts.items():
            file[f"report/a/mapping/{name}"] = values
    with h5py.File(folder / "shd.h5", "w") as file:
        for name in ("times", "units"):
            file.create_dataset(f"spikes/{name}", (1,), dtype=h5py.vlen_dtype(np.uint16))[0] = np.zeros(1)
    block = neo.Block(name="b")
    block.segments.append(neo.Segment())
    block.segments[0].spiketrains.append(neo.SpikeTrain([0.1], units="ms", t_stop=1.0))
    neo.NeoMatlabIO(filename=str(folder / "block.mat")).write_block(block)
    session = pynwb.NWBFile("a session", "s", datetime(2020, 1, 1, tzinfo=UTC))
    session.add_unit(spike_times=[1e-4])
    with pynwb.NWBHDF5IO(folder / "session.nwb", "w") as target:
        target.write(session)


def with_synapses():
    """All models onto one population, each onto a variable of its own."""
    variables = [f"{name}_in" for name in SYNAPSES]
    target = {
        "size": 4,
        "kind": "custom",
        "equations": "\n".join(
            [f"dv/dt = ({' + '.join(variables)} - v)/(10*ms) : volt", "dopamine : 1", *(f"{name} : volt" for name in variables)]
        ),
        "threshold": "v > -50*mV",
        "start": dict.fromkeys(variables, "0 mV") | {"dopamine": 0.1},
    }
    projections = {
        name: {
            "source": "cells",
            "target": "target",
            "topology": "all_to_all",
            "weights": weights,
            "receives": f"{name}_in",
            "synapse": entry("synapses", name, given),
        }
        for name, (weights, given) in SYNAPSES.items()
    }
    return alone({"cells": CELLS | {"size": 4}, "target": target}, projections)


def test_synapses():
    """Their models; SymPy takes seconds to solve the equations of all, so that a slow test runs them."""
    spec = read(with_synapses(), "x", "x.toml")
    for projection in spec.projections:
        given = {key: value for key, value in projection.synapse.arguments.items() if projection.synapse.kind != "custom"}
        assert KINDS["synapses"][projection.synapse.kind](**given).on_pre is not None


@pytest.mark.slow
def test_synapses_run(tmp_path):
    assert len(ran(with_synapses(), tmp_path).record.data.network.projections) == len(SYNAPSES)


def test_link_rules_and_distributions():
    weights = ("constant(1 mV)", "normal(1 mV, 0.1 mV, low = 0 mV)", "uniform(0 mV, 1 mV)", "lognormal(1 mV, 0.1 mV)")
    projections = {
        name: {
            "source": "cells",
            "target": "others",
            "links": {"kind": name, **given},
            "weight": weights[k % len(weights)],
            "delay": "1 ms",
        }
        for k, (name, given) in enumerate(RULES.items())
    }
    network = made(alone({"cells": CELLS, "others": CELLS}, projections))
    assert all(len(projection.given) for projection in network.projections)


def reservoir(task, encoding, feature, readout, metrics):
    return {
        "seed": 1,
        "dt": "1 ms",
        "backend": "numpy",
        "task": task,
        "input": encoding,
        "metrics": metrics,
        "populations": {"hidden": {"size": 6, "kind": "discrete_lif", "leak": 0.8, "bias": 0.1, "start": "rand()"}},
        "projections": {
            "a": {
                "source": "input",
                "target": "hidden",
                "topology": "all_to_all",
                "weights": {"kind": "uniform_fan_in", "gain": 2.0},
            }
        },
        "method": {"kind": "ransnn", "feature": feature, "readout": readout},
    }


def with_task(name):
    given, encoding, feature, readout, metrics = TASKS[name]
    per_frame = {"per_frame": True} if name in PER_FRAME else {}
    return reservoir(
        entry("tasks", name, given),
        entry("encodings", encoding, ENCODINGS[encoding]),
        entry("features", feature, FEATURES[feature] | per_frame),
        entry("readouts", readout, READOUTS[readout]),
        metrics,
    )


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in sorted(TASKS)])
def test_tasks(name, tmp_path):
    """Encodings, features, readouts and metrics take turns."""
    assert set(ran(with_task(name), tmp_path).metrics["test"]) == set(TASKS[name][-1])


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", sorted(set(TASKS) - QUICK))
def test_further_tasks_can_be_named(name):
    """Up to the first simulation."""
    made(with_task(name))


def document_of(method):
    """The least that each method asks of a network, with all its settings."""
    encoding = entry("encodings", "as_current", {"frame": "8 ms"})
    document = reservoir(entry("tasks", "digits", {"n_train": 80, "n_test": 20}), encoding, "spike_counts", "ridge", ["accuracy"])
    del document["populations"]["hidden"]["start"]
    document["method"] = entry("methods", method, METHODS[method])
    if method in ("ch_snn", "reconstruction", "s_swim"):
        del document["projections"]["a"]["weights"]
    if method == "ch_snn":
        del document["projections"]["a"]["topology"]
    if method == "reconstruction":
        document["dt"] = "8 ms"
        document["populations"]["hidden"] = {"size": 1, "kind": "discrete_lif", "leak": 0.5, "reset": "zero"}
    if method == "s_swim":
        document["populations"] = {"hidden": {"size": 6, "kind": "spike_response", "sigma": 4.0}}
    if method == "rewired_reservoir":
        weights = {"kind": "gaussian", "mean": 0.5, "deviation": 0.1}
        link = {"topology": {"kind": "bernoulli", "p": 0.4}, "weights": weights}
        document["populations"]["hidden"]["size"] = 20
        document["projections"]["own"] = {"source": "hidden", "target": "hidden", **link}
    if method == "unsupervised":
        learning = {"kind": "pair_stdp", "largest": 1.0}
        document["projections"]["own"] = {
            "source": "hidden", "target": "hidden", "topology": "all_to_all", "weights": 0.1, "synapse": learning, "delay": "1 ms",
        }  # fmt: skip
    return document


@pytest.mark.parametrize("name", sorted(METHODS))
def test_methods_can_be_named_with_all_their_settings(name):
    """Up to the first simulation."""
    construct(read(document_of(name), "x", "x.toml"))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(METHODS))
def test_methods(name, tmp_path):
    assert 0 <= ran(document_of(name), tmp_path).metrics["test"]["accuracy"] <= 1


REWIRING = [("regrowth", name) for name in (*REGROWTH_RULES, "correlation", "distance", "none")]
REWIRING += [("removal", name) for name in (*REMOVAL_SCORES, "spike_correlation")]


@pytest.mark.parametrize(("setting", "name"), REWIRING)
def test_rules_of_rewiring_can_be_named(setting, name):
    document = document_of("rewired_reservoir")
    document["method"]["rewiring"][setting] = name
    read(document, "x", "x.toml")


@pytest.mark.parametrize("name", [*DISTANCES, "least_entropy"])
def test_distances_can_be_named(name):
    document = document_of("s_swim")
    document["method"]["pairs"]["metric"] = name
    read(document, "x", "x.toml")


@pytest.mark.parametrize("name", ["auto", *BACKENDS])
def test_backends_can_be_named(name):
    assert read(alone({"cells": CELLS}, {}) | {"backend": name}, "x", "x.toml").backend == name
