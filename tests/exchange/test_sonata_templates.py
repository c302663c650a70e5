"""Point neurons of NEST and NEURON beside their equations, stepped exactly by matrix exponentials."""

import json
import os
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy.linalg import expm

from bioworkbench.exchange.overview import templates_table
from bioworkbench.exchange.sonata_config import read_config
from bioworkbench.exchange.sonata_inputs import nodes_of_set
from bioworkbench.exchange.sonata_nodes import SonataNodes
from bioworkbench.exchange.sonata_reader import read_sonata_circuit, read_sonata_network
from bioworkbench.exchange.sonata_templates import TEMPLATES, template_model
from bioworkbench.records.errors import ResultError
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.randomness import stream
from bioworkbench.records.stimulus import SpikeTrains
from bioworkbench.simulation import simulate
from tests.exchange.sonata_circuits import write_circuit

DT = 1e-4
PUBLIC = Path(os.environ.get("BIOWORKBENCH_DATA", "/nowhere")).parent / "public"
NEST = {"C_m": 250.0, "tau_m": 10.0, "E_L": -70.0, "V_th": -55.0, "V_reset": -65.0, "t_ref": 2.0, "I_e": 100.0}


def exact(kind, p, arrivals, n_steps):
    """Potentials (n_steps,) and steps of spikes: state (u, I, dI of each port) times a matrix exponential, as NEST steps it.

    `arrivals` are weights by step, which act after the step's update; numbers in mV, ms, pF, pA.
    """
    h = DT * 1e3
    a = np.zeros((6, 6))  # u, i_ex, x_ex, i_in, x_in, constant
    a[0, 0], a[0, 5] = -1 / p["tau_m"], p["I_e"] / p["C_m"]
    for port, name in ((1, "tau_syn_ex"), (3, "tau_syn_in")):
        a[0, port] = 1 / p["C_m"]
        a[port, port] = a[port + 1, port + 1] = -1 / p.get(name, 1.0)
        a[port, port + 1] = 1.0
    step = expm(a * h)
    state, held, potentials, spikes = np.array([0, 0, 0, 0, 0, 1.0]), 0, [], []
    for k in range(n_steps):
        potential = state[0]
        state = step @ state
        was_held = held > 0
        if was_held:
            held, state[0] = held - 1, potential
        if state[0] >= p["V_th"] - p["E_L"]:
            spikes.append(k)
            state[0], held = p["V_reset"] - p["E_L"], round(p["t_ref"] / h)
        for weight in arrivals.get(k, ()):
            port = 1 if weight >= 0 else 3
            if kind == "nest:iaf_psc_delta":
                state[0] += weight * (held == 0 and not was_held)
            elif kind == "nest:iaf_psc_exp":
                state[port] += weight
            else:
                state[port + 1] += weight * np.e / p["tau_syn_ex" if weight >= 0 else "tau_syn_in"]
        potentials.append(state[0] + p["E_L"])
    return np.array(potentials), spikes


@pytest.mark.parametrize("taus", [(2.0, 5.0), (10.0, 9.99)])
@pytest.mark.parametrize("kind", ["nest:iaf_psc_alpha", "nest:iaf_psc_exp", "nest:iaf_psc_delta"])
def test_potentials_and_spikes_are_those_of_the_exact_solution(kind, taus):
    """Also where time constants of membrane and synapse are alike, or nearly so."""
    ports = {} if kind.endswith("delta") else {"tau_syn_ex": taus[0], "tau_syn_in": taus[1]}
    parameters = {name: np.array([value]) for name, value in (NEST | ports).items()}
    model, lost = template_model(kind, parameters, "here")
    rng, n_steps = stream(1, kind), 800
    step = np.sort(rng.integers(0, n_steps - 20, 160))
    weight = rng.choice([3.0, 4.0, -2.0], step.size) * {"nest:iaf_psc_delta": 1.0, "nest:iaf_psc_exp": 120.0}.get(kind, 60.0)
    arrivals = {}
    for k, one in zip(step.tolist(), weight.tolist(), strict=True):
        arrivals.setdefault(k, []).append(one)
    wanted, spikes = exact(kind, NEST | ports, arrivals, n_steps)
    given = TEMPLATES[kind]
    unit = {"pA": 1e-12, "mV": 1e-3}[given.weight_unit]
    projections = [
        Projection("source", "cell", np.maximum(s * weight, 0)[:, None] * s * unit, receives=receives, name=f"p{k}")
        for k, (s, receives) in enumerate(zip((1, -1), (given.receives * 2)[:2], strict=True))
    ]
    network = Network((Population("cell", 1, model),), tuple(projections))
    trains = SpikeTrains("source", np.zeros(step.size, dtype=int), np.arange(step.size), step * DT, n_steps * DT)
    found = simulate(network, trains, 1, dt=DT, backend="numpy", record=["cell.v"])
    assert lost == ()
    assert len(spikes) > 5
    assert np.rint(found.spikes["cell"].time / DT).astype(int).tolist() == spikes
    # a trace is recorded at the start of a step, which is after all of the step before; deltas in the refractory period never show
    free = np.ones(n_steps - 1, dtype=bool)
    for k in spikes:
        free[k : k + 21] = not kind.endswith("delta")
    np.testing.assert_allclose(found.traces["cell.v"].values[0, 1:, 0][free] * 1e3, wanted[:-1][free], atol=1e-9)


def test_intfire1_as_neuron_has_it():
    """Leaky sums of weights; after a spike nothing counts for the refractory period."""
    model, _ = template_model("nrn:IntFire1", {"tau": np.array([10.0]), "refrac": np.array([1.0])}, "here")
    steps = np.array([0, 5, 8, 12, 30, 31])
    network = Network((Population("cell", 1, model),), (Projection("source", "cell", np.full((6, 1), 0.6)),))
    trains = SpikeTrains("source", np.zeros(6, dtype=int), np.arange(6), steps * DT, 5e-3)
    found = simulate(network, trains, 1, dt=DT, backend="numpy", record=["cell.v"])
    # .6, and with its rest .6 more: above 1 in the step after; arrivals at .8 and 1.2 ms fall into the refractory period
    assert np.rint(found.spikes["cell"].time / DT).tolist() == [6, 32]
    voltage = found.traces["cell.v"].values[0, :, 0]
    assert voltage[5] == pytest.approx(0.6 * np.exp(-0.04))
    assert voltage[31] == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("template", "parameters", "words"),
    [
        ("nest:iaf_psc_alfa", {}, r"here: 'nest:iaf_psc_alfa' is not a model template; did you mean 'nest:iaf_psc_alpha'"),
        ("nest:iaf_psc_exp", {"tau_m": np.array([0.0])}, r"here: tau_m goes down to 0\.0; it must be above 0"),
        ("nest:iaf_psc_exp", {"V_reset": np.array([-50.0])}, r"here: V_reset = -50\.0 is not below V_th = -55\.0"),
    ],
)
def test_parameters_that_are_wrong(template, parameters, words):
    with pytest.raises(ValueError, match=words):
        template_model(template, parameters, "here")


TYPES = (
    "node_type_id model_type model_template dynamics_params\n7 point_neuron nest:iaf_psc_alpha one.json\n8 virtual NULL NULL\n"
)


def circuit(folder, types=TYPES, content=None, **changes):
    config = {"components": {"point_neuron_models_dir": "$BASE/net"}}
    path = write_circuit(folder, node_types=types, config=config, **changes)
    (folder / "net" / "one.json").write_text(json.dumps({"tau_m": 8.0, "V_min": -90.0} if content is None else content))
    return path


def test_circuits_bring_their_models(tmp_path):
    """HDF5 wins over files of types, and weights act by their sign, in the unit of the simulator."""
    path = circuit(tmp_path / "x")
    with h5py.File(tmp_path / "x" / "net" / "b_nodes.h5", "a") as file:
        file["nodes/b/node_group_id"], file["nodes/b/node_group_index"] = np.array([0, 0]), np.array([0, 1])
        file["nodes/b/0/dynamics_params/tau_m"] = np.array([12.0, np.nan])
    found = read_sonata_circuit(path)
    a, b = found.network.populations
    assert float(a.model.constants["tau_m"]) == pytest.approx(8e-3)
    np.testing.assert_allclose(np.asarray(b.model.constants["tau_m"]), [12e-3, 8e-3])
    np.testing.assert_allclose(np.asarray(b.model.constants["C_m"]), [250e-12] * 2)
    assert [text for text in found.lost if "V_min" in text] == [f"parameter 'V_min' of node population '{name}'" for name in "ab"]
    first, second = found.network.projections
    assert [(p.name, p.receives, p.weights.data.tolist()) for p in (first, second)] == [
        ("a_to_b", "x_ex", pytest.approx([0.5e-12])),
        ("a_to_b_in", "x_in", pytest.approx([-0.25e-12])),
    ]
    assert (first.delay, second.delay) == (pytest.approx(2e-3), pytest.approx(1e-3))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"content": {"tau_m": "x"}}, r"one\.json holds .*; parameters of a point neuron are a table of numbers"),
        ({"types": TYPES.replace("one.json", "two.json")}, r"names 'net/two\.json'|two\.json', which is not a file"),
        ({"types": TYPES.replace("iaf_psc_alpha", "ht_neuron")}, r"'a' brings no model; give one .*its types say nest:ht_neuron"),
    ],
)
def test_circuits_that_bring_none(tmp_path, changes, words):
    with pytest.raises(ResultError, match=words):
        read_sonata_network(circuit(tmp_path / "x", **changes))


def test_circuits_without_a_folder_of_models(tmp_path):
    path = write_circuit(tmp_path / "x", node_types=TYPES)
    with pytest.raises(ResultError, match=r"dynamics_params = one\.json; the configuration names no point_neuron_models_dir"):
        read_sonata_network(path)


SETS = {
    "cortex": {"population": "b"},
    "excited": {"ei": "e", "node_id": [0, 2]},
    "both": ["cortex", "excited"],
    "round": ["round"],
    "wrong": 3,
}


@pytest.fixture
def sets(tmp_path):
    (tmp_path / "sets.json").write_text(json.dumps(SETS))
    (tmp_path / "c.json").write_text(json.dumps({"networks": {}, "node_sets_file": "sets.json"}))
    (config,) = read_config(tmp_path / "c.json")
    nodes = {
        "a": SonataNodes("a", 3, True, {"ei": np.array(["e", "e", "i"])}),
        "b": SonataNodes("b", 2, True, {"ei": np.array(["i", "i"])}),
    }
    return lambda given: nodes_of_set(config, "source", given, nodes)


@pytest.mark.parametrize(
    ("given", "population", "chosen"),
    [
        ("a", "a", [1, 1, 1]),
        ("cortex", "b", [1, 1]),
        ("excited", "a", [1, 0, 0]),
        ({"population": "a", "node_id": 1}, "a", [0, 1, 0]),
        (["excited", "excited"], "a", [1, 0, 0]),
    ],
)
def test_node_sets(sets, given, population, chosen):
    found = sets(given)
    assert (found[0], found[1].astype(int).tolist()) == (population, chosen)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("cortx", "'cortx' is not a node set or population; did you mean 'cortex'"),
        (["cortx"], "'cortx' is not a node set; did you mean 'cortex'"),
        ("both", "the node set 'both' holds nodes of a, b; it must be one"),
        ({"ei": "x"}, "the node set .* holds nodes of no population"),
        ("round", "node sets .* name each other in a circle"),
        ("wrong", "the node set 3 is not a table of attributes"),
    ],
)
def test_node_sets_that_are_none(sets, given, words):
    with pytest.raises(ResultError, match=words):
        sets(given)


def test_spikes_of_a_part_of_the_virtual_nodes(tmp_path):
    inputs = {
        name: {"input_type": "spikes", "module": "csv", "input_file": "s.csv", "node_set": {"population": "a", "node_id": ids}}
        for name, ids in (("one", [0]), ("two", [2]))
    }
    path = write_circuit(tmp_path / "x", source=(8, 8, 8), config={"inputs": inputs, "run": {"tstop": 10.0}})
    (tmp_path / "x" / "s.csv").write_text("timestamps population node_ids\n1.0 a 0\n2.0 a 1\n3.0 a 2\n")
    model, _ = template_model("nrn:IntFire1", {}, "here")
    found = read_sonata_circuit(path, {"b": replace(model)})
    (trains,) = found.stimuli
    assert sorted(trains.channel.tolist()) == [0, 2]
    assert "2 spikes of input 'one' of nodes that its node set does not hold" in found.lost


@pytest.mark.skipif(not PUBLIC.is_dir(), reason="needs ../public beside BIOWORKBENCH_DATA: circuits of other programs")
def test_a_published_circuit_runs_without_models_of_ours():
    circuit = read_sonata_circuit(PUBLIC / "bmtk" / "point_stdp" / "config.simulation_virtual.json")
    (trains,) = circuit.stimuli
    recording = simulate(circuit.network, trains.until(0.1), 1, dt=DT, backend="numpy")
    assert all(len(spikes) for spikes in recording.spikes.values())
    assert circuit.lost == (
        "model_template 'stdp_synapse_recorder' of edge population 'sources_to_targets': its synapses add a fixed weight",
    )


def test_the_table_of_templates_has_them_all():
    rows = templates_table().splitlines()
    assert [row.split("`")[1] for row in rows[2:]] == list(TEMPLATES)
    assert "| `nest:iaf_psc_exp` | `i_ex` or, below 0, `i_in` | pA |" in rows
