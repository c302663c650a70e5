"""GLIF neurons beside the equations of their source, and beside NEST where it is at hand."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import expm

from bioworkbench.exchange.sonata_glif import glif_content
from bioworkbench.exchange.sonata_reader import read_sonata_circuit
from bioworkbench.exchange.sonata_templates import template_model
from bioworkbench.records.errors import ResultError
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.randomness import stream
from bioworkbench.records.stimulus import SpikeTrains, Stimulus
from bioworkbench.simulation import simulate
from tests.exchange.sonata_circuits import write_circuit

NEST = os.environ.get("NEST_PYTHON", sys.executable if find_spec("nest") else "")
CELL = {
    "C_m": 60.0, "g": 5.0, "E_L": -75.0, "V_m": -75.0, "V_th": -50.0, "V_reset": -70.0, "t_ref": 3.0,
    "th_spike_add": 4.0, "th_spike_decay": 0.02, "voltage_reset_fraction": 0.2, "voltage_reset_add": 8.0,
    "th_voltage_index": 0.005, "th_voltage_decay": 0.06,
    "asc_init": [-3.0, 2.0], "asc_decay": [0.01, 0.1], "asc_amps": [-12.0, -60.0], "asc_r": [1.0, 0.8], "tau_syn": [2.0, 11.99],
}  # fmt: skip
SWITCHES = ("spike_dependent_threshold", "after_spike_currents", "adapting_threshold")
LEVELS = {"lif": (0, 0, 0), "lif_r": (1, 0, 0), "lif_asc": (0, 1, 0), "lif_r_asc": (1, 1, 0), "lif_r_asc_a": (1, 1, 1)}


def parameters(level, **changes):
    return CELL | {name: bool(value) for name, value in zip(SWITCHES, LEVELS[level], strict=True)} | changes


def model_of(*cells):
    """One model of all cells."""
    contents = [glif_content("nest:glif_psc", cell, "here") for cell in cells]
    names = dict.fromkeys(name for content in contents for name in content)
    model, lost = template_model(
        "nest:glif_psc", {name: np.array([content.get(name, np.nan) for content in contents]) for name in names}, "here"
    )
    assert lost == ()
    return model


def recorded(cells, dt, n_steps, currents, arrivals=((),), **settings):
    """Recording of cells with currents (n_steps,) in pA and arrivals (step, port, weight in pA) of each."""
    model = model_of(*cells)
    rows = [(k, *one) for k, own in enumerate(arrivals) for one in own]
    projections = [Projection("current", "cells", np.eye(len(cells)) * 1.0, receives="drive", name="c")]
    ports = sorted({port for _, _, port, _ in rows})
    for port in ports:
        weights = np.zeros((len(rows), len(cells)))
        for channel, (cell, _, own, weight) in enumerate(rows):
            weights[channel, cell] = weight * 1e-12 * (own == port)
        projections.append(Projection("spikes", "cells", weights, receives=f"x_{port}", name=f"p{port}"))
    stimuli = [Stimulus(currents.T[None] * 1e-12, dt, "current", "current")]
    if rows:
        times = np.array([row[1] for row in rows]) * dt
        stimuli.append(SpikeTrains("spikes", np.zeros(len(rows), int), np.arange(len(rows)), times, n_steps * dt))
    network = Network((Population("cells", len(cells), model),), tuple(projections))
    return simulate(network, tuple(stimuli), 1, dt=dt, backend="numpy", record=["cells.v"], **settings)


def of_equations(cell, current, duration, dt):
    """Times of spikes and potentials of the published equations, stepped by matrix exponentials.

    The state is U, the currents, the threshold's parts and 1; everything acts at all times, and rules are those of the source.
    """
    r, asc, follows = (cell[name] for name in SWITCHES)
    a = np.zeros((6, 6))  # U, I_1, I_2, raised, followed, 1
    a[0, 0], a[0, 5] = -cell["g"] / cell["C_m"], current / cell["C_m"]
    if asc:
        a[0, 1] = a[0, 2] = 1 / cell["C_m"]
    for k in range(2):
        a[k + 1, k + 1] = -cell["asc_decay"][k]
    a[3, 3] = -cell["th_spike_decay"]
    a[4, 0], a[4, 4] = follows * cell["th_voltage_index"], -cell["th_voltage_decay"]
    step, state, left = expm(a * dt), np.array([0.0, *cell["asc_init"], 0.0, 0.0, 1.0]), 0
    spikes, potentials = [], []
    for k in range(round(duration / dt)):
        if left:
            left -= 1
        else:
            state = step @ state
            if state[0] > cell["V_th"] - cell["E_L"] + r * state[3] + state[4]:
                spikes.append(k * dt)
                left = round(cell["t_ref"] / dt)
                lost = np.exp(-np.array(cell["asc_decay"]) * cell["t_ref"])
                state[1:3] = cell["asc_amps"] + state[1:3] * cell["asc_r"] * lost
                state[3] = state[3] * np.exp(-cell["th_spike_decay"] * cell["t_ref"]) + cell["th_spike_add"]
                plain = cell["V_reset"] - cell["E_L"]
                state[0] = cell["voltage_reset_fraction"] * state[0] + cell["voltage_reset_add"] if r else plain
        potentials.append(state[0] + cell["E_L"])
    return np.array(spikes), np.array(potentials)


def test_the_published_equations():
    """Five levels in one population, in steps of 5 us: spikes within two steps and a half, and potentials as far as they move in these."""
    dt, current = 0.005, 260.0
    cells = [parameters(level) for level in LEVELS]
    n_steps = round(120 / dt)
    found = recorded(cells, dt * 1e-3, n_steps, np.full((len(cells), n_steps), current))
    numbers = []
    for k, cell in enumerate(cells):
        spikes, potentials = of_equations(cell, current, 120.0, dt)
        own = found.spikes["cells"].time[found.spikes["cells"].neuron == k] * 1e3
        assert len(own) == len(spikes) > 2
        np.testing.assert_allclose(own, spikes, atol=2.5 * dt)
        ours = found.traces["cells.v"].values[0, 1:, k] * 1e3
        # a spike that comes a step later differs by its whole height there; elsewhere by what the current does in these steps
        assert np.quantile(np.abs(ours - potentials[:-1]), 0.99) < 2.5 * dt * current / cell["C_m"]
        numbers.append(spikes.size)
    # every mechanism does something: levels fire differently
    assert len(set(numbers)) > 2


def random_cells():
    """Cells of every level, and of one that follows its potential as fast as the membrane, with spikes and currents."""
    rng, n_steps, cells = stream(1, "glif"), 1500, []
    for changes in [{"parameters": parameters(level)} for level in LEVELS] + [
        {"parameters": parameters("lif_r_asc_a", th_voltage_decay=5.0 / 60.0 + 1e-5, V_m=-60.0)},
        {"parameters": parameters("lif_asc", asc_decay=[0.02], asc_amps=[30.0], asc_init=[5.0], asc_r=[0.5], tau_syn=[3.0])},
    ]:
        n_ports = len(changes["parameters"]["tau_syn"])
        steps = np.sort(rng.integers(5, n_steps - 20, 150))
        arrivals = [[int(k), int(rng.integers(n_ports)) + 1, float(rng.choice([60.0, 90.0, -40.0]))] for k in steps]
        cells.append(changes | {"arrivals": arrivals, "currents": [[10, 900, 120.0], [1000, 1300, 220.0]]})
    return n_steps, cells


@pytest.mark.slow
@pytest.mark.skipif(not NEST, reason="NEST is not installed, and NEST_PYTHON names no interpreter that has it")
def test_nest(tmp_path):
    """Every spike in NEST's step, and every potential NEST's."""
    n_steps, cells = random_cells()
    (tmp_path / "task.json").write_text(json.dumps({"dt": 0.1, "n_steps": n_steps, "cells": cells}))
    script = Path(__file__).with_name("glif_nest_peer.py")
    subprocess.run([NEST, script, tmp_path / "task.json", tmp_path / "found.npz"], check=True, capture_output=True)
    theirs = np.load(tmp_path / "found.npz")
    currents = np.zeros((len(cells), n_steps))
    for k, cell in enumerate(cells):
        for first, last, current in cell["currents"]:
            currents[k, first:last] += current
    arrivals = [[tuple(one) for one in cell["arrivals"]] for cell in cells]
    ours = recorded([cell["parameters"] for cell in cells], 1e-4, n_steps, currents, arrivals)
    for k in range(len(cells)):
        own = ours.spikes["cells"].neuron == k
        assert np.rint(ours.spikes["cells"].time[own] * 1e4).astype(int).tolist() == theirs[f"spikes_{k}"].tolist()
        assert own.sum() > 3
        np.testing.assert_allclose(ours.traces["cells.v"].values[0, 1:, k] * 1e3, theirs[f"v_{k}"][: n_steps - 1], atol=1e-8)


def glif_circuit(
    folder, *, receptors='{"receptor_type": 2}', edge_types=None, cells=("glif_psc", "glif_lif_asc_psc"), content=None
):
    """Circuit whose nodes have two types of GLIF neurons."""
    types = "node_type_id model_type model_template dynamics_params\n"
    types += f"7 point_neuron nest:{cells[0]} one.json\n8 point_neuron nest:{cells[1]} two.json\n"
    edges = "edge_type_id delay syn_weight dynamics_params\n100 2.0 40.0 near.json\n101 1.0 -25.0 far.json\n"
    config = {"components": {"point_neuron_models_dir": "$NET", "synaptic_models_dir": "$NET"}}
    path = write_circuit(folder, node_types=types, edge_types=edge_types or edges, config=config, source=(7, 8, 7))
    (folder / "net" / "one.json").write_text(json.dumps(parameters("lif_r") if content is None else content))
    (folder / "net" / "two.json").write_text(json.dumps(ALLEN))
    (folder / "net" / "near.json").write_text('{"receptor_type": 1}')
    (folder / "net" / "far.json").write_text(receptors)
    return path


ALLEN = {  # as the Allen Cell Types Database writes a cell: SI units, potentials from a reference
    "type": "GLIF", "El": 0.001, "El_reference": -0.075, "C": 6e-11, "R_input": 2e8, "th_inf": 0.025, "dt": 5e-5, "spike_cut_length": 60,
    "coeffs": {"th_inf": 1.1, "C": 1.0, "G": 1.2, "a": 1.0, "b": 1.0, "asc_amp_array": [1.0, 0.5]},
    "asc_tau_array": [0.1, 0.01], "asc_amp_array": [-1e-11, -1e-10], "init_AScurrents": [0.0, 1e-12],
    "threshold_dynamics_method": {"params": {"a_spike": 0.004, "b_spike": 20.0, "a_voltage": 5.0, "b_voltage": 60.0}},
    "voltage_reset_method": {"params": {"a": 0.2, "b": 0.008}},
}  # fmt: skip


def test_circuits_of_several_levels(tmp_path):
    """Parameters of NEST and of the database side by side, and edges to the ports that their files name."""
    found = read_sonata_circuit(glif_circuit(tmp_path / "x"))
    a = found.network.population("a").model
    values = {name: np.asarray(a.constants[name]) for name in a.constants}
    np.testing.assert_allclose(values["C_m"], [60e-12] * 3)
    np.testing.assert_allclose(values["g"], [5e-9, 6e-9, 5e-9])
    np.testing.assert_allclose(values["E_L"], [-75e-3, -74e-3, -75e-3])
    np.testing.assert_allclose(values["V_th"], [-50e-3, -47.5e-3, -50e-3])
    np.testing.assert_allclose(values["t_ref"], [3e-3] * 3)
    np.testing.assert_allclose(values["asc_amps_2"], [0.0, -5e-11, 0.0])
    np.testing.assert_allclose(values["asc_decay_1"][1], 10.0)
    np.testing.assert_allclose(values["voltage_reset_fraction"], [0.2, 0.0, 0.2])
    np.testing.assert_allclose(values["voltage_reset_add"], [8e-3, -1e-3, 8e-3])
    np.testing.assert_allclose(np.asarray(a.start["v"]), [-75e-3, -74e-3, -75e-3])
    np.testing.assert_allclose(values["tau_syn_2"], [11.99e-3, 8.5e-3, 11.99e-3])
    assert [(p.name, p.receives, p.weights.data.tolist()) for p in found.network.projections] == [
        ("a_to_b_1", "x_1", pytest.approx([40e-12])),
        ("a_to_b_2", "x_2", pytest.approx([-25e-12])),
    ]
    assert found.lost == ()


@pytest.mark.parametrize("level", list(LEVELS))
def test_cells_of_the_database(level):
    """The five levels take what they need, in NEST's units."""
    content = glif_content(f"nest:glif_{level}_psc", ALLEN, "here")
    assert tuple(content[name] for name in SWITCHES) == LEVELS[level]
    assert content["V_reset"] == pytest.approx(-75.0)
    assert ("asc_amps_1" in content, "th_spike_add" in content, "th_voltage_index" in content) == (
        bool(LEVELS[level][1]),
        bool(LEVELS[level][0]),
        bool(LEVELS[level][2]),
    )
    if level == "lif_r_asc_a":
        assert content["th_voltage_index"] == pytest.approx(0.005)
        assert content["th_spike_decay"] == pytest.approx(0.02)


def test_defaults_are_those_of_nest():
    model, lost = template_model("nest:glif_psc", {"V_m": np.array([-60.0]), "beta": np.array([1.0])}, "here")
    assert lost == ("beta",)
    assert float(model.constants["C_m"]) == pytest.approx(58.72e-12)
    assert set(model.constants) == {"C_m", "g", "E_L", "V_th", "V_reset", "t_ref", "tau_m", "tau_syn_1"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"tau_syn": 2.0}, r"here: tau_syn = 2\.0; it must be a list of numbers"),
        ({"g": "high"}, r"here: g = 'high'; it must be a number"),
        ({"asc_decay": [0.1], "asc_amps": [1.0, 2.0]}, r"have asc_decay 1, asc_amps 2 entries"),
        ({"tau_syn": [2.0, 0.0]}, r"here: tau_syn_2 goes down to 0\.0; it must be above 0"),
        ({"voltage_reset_fraction": 1.5}, r"voltage_reset_fraction goes from 1\.5 to 1\.5; it must be 0 to 1"),
        ({"V_reset": -40.0}, r"V_reset = -40\.0 is not below V_th = -51\.68"),
        ({"C_m": float("inf")}, r"here: C_m.*inf"),
    ],
)
def test_parameters_that_are_wrong(content, words):
    with pytest.raises(ValueError, match=words):
        model_of(content)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"receptors": '{"receptor_type": 5}'}, r"edge 1 of type 101 has receptor_type = 5; the neurons have the ports 1 to 2"),
        ({"receptors": "{}"}, r"edge 1 of type 101 has receptor_type = nan; the neurons have the ports 1 to 2"),
        ({"receptors": '{"receptor_type": "near"}'}, r"far\.json has receptor_type = 'near'; it is the number of a port"),
        ({"content": {"g": "high"}}, r"one\.json: g = 'high'; it must be a number"),
        (
            {"cells": ("glif_psc", "iaf_psc_exp")},
            r"'a' brings no model; give one .*its types say nest:glif_psc, nest:iaf_psc_exp",
        ),
        (
            {"cells": ("glif_lif_psc", "glif_lif_psc"), "content": ALLEN | {"coeffs": 3}},
            r"one\.json: not the parameters of a GLIF cell",
        ),
    ],
)
def test_circuits_that_are_wrong(tmp_path, changes, words):
    with pytest.raises(ResultError, match=words):
        read_sonata_circuit(glif_circuit(tmp_path / "x", **changes))


def test_ports_in_tables_and_hdf5(tmp_path):
    """A column of the types says the port as well."""
    edges = "edge_type_id delay syn_weight receptor_type\n100 2.0 40.0 2\n101 1.0 -25.0 2\n"
    found = read_sonata_circuit(glif_circuit(tmp_path / "x", edge_types=edges))
    assert [(p.name, p.receives, p.n_synapses) for p in found.network.projections] == [("a_to_b", "x_2", 2)]
