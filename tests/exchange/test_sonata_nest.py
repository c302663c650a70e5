"""A published SONATA circuit spikes here as in NEST, spike for spike. A script that imports nothing of ours reads it there.

Skipped unless NEST is installed, or NEST_PYTHON names an interpreter that has it and h5py, and BIOWORKBENCH_DATA names the folder beside
which ``public`` has the circuits. Parameters of the neurons are not published with the circuit; the ones here are made up.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import bioworkbench as bw
from bioworkbench.exchange import read_sonata_circuit
from bioworkbench.records.network import Network
from bioworkbench.records.randomness import stream
from bioworkbench.records.units import Quantity, parse_quantity

NEST = os.environ.get("NEST_PYTHON", sys.executable if find_spec("nest") else "")
PUBLIC = Path(os.environ.get("BIOWORKBENCH_DATA", "nowhere")).parent / "public" / "sonata" / "300_pointneurons"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not NEST, reason="NEST is not installed, and NEST_PYTHON names no interpreter that has it"),
    pytest.mark.skipif(not PUBLIC.is_dir(), reason=f"{PUBLIC} is not there"),
]
CELLS = {  # file: tau_m, C_m, t_ref, E_L, V_th, V_reset, I_e
    "472363762": (44.9, 239.0, 3.0, -78.0, -52.0, -60.0, 125.0),
    "473863510": (22.2, 180.0, 3.0, -76.0, -54.0, -62.0, 160.0),
    "473863035": (30.0, 150.0, 3.0, -75.0, -52.0, -60.0, 105.0),
    "472912177": (11.5, 90.0, 2.0, -73.0, -53.0, -62.0, 110.0),
    "473862421": (8.5, 70.0, 2.0, -72.0, -55.0, -62.0, 90.0),
}
NAMES = ("tau_m", "C_m", "t_ref", "E_L", "V_th", "V_reset", "I_e")
DT, DURATION, SEEDS = 0.1, 1000.0, 10


@pytest.fixture(scope="module")
def circuit(tmp_path_factory):
    """The circuit with parameters beside it, as the configuration says."""
    folder = tmp_path_factory.mktemp("sonata")
    shutil.copytree(PUBLIC, folder / "circuit", copy_function=shutil.copyfile)
    (folder / "circuit" / "models" / "cell_models").mkdir(parents=True)
    for file, values in CELLS.items():
        content = dict(zip(NAMES, values, strict=True)) | {"tau_syn_ex": 2.0, "tau_syn_in": 4.0}
        (folder / "circuit" / "models" / "cell_models" / f"{file}_point.json").write_text(json.dumps(content))
    return folder / "circuit"


def here(circuit, potentials):
    """Recording with start potentials (n_runs, 300) in mV, a trial for each."""
    read = read_sonata_circuit(circuit / "config.json", manifest={"$COMPONENT_DIR": "models"})
    (population,) = read.network.populations
    # no file gives the external edges a delay, and NEST has none of 0
    projections = tuple(replace(p, delay=1e-3) if p.source == "external" else p for p in read.network.projections)
    (trains,) = (train.until(Quantity(DURATION * 1e-3, dim=parse_quantity("1 s").dim)) for train in read.stimuli)
    recordings = []
    for run, start in enumerate(potentials):
        model = replace(population.model, start={"v": Quantity(start * 1e-3, dim=parse_quantity("1 V").dim)})
        network = Network((replace(population, model=model),), projections)
        recordings.append(bw.simulate(network, [trains], run + 1, dt=DT * 1e-3))
    return recordings, np.array([str(one) for one in read.nodes["internal"]["model_name"]])


def there(circuit, potentials, folder):
    """Neurons and times (ms) of the runs in NEST."""
    task = {"circuit": str(circuit), "parameters": str(circuit / "models" / "cell_models"), "dt": DT, "duration": DURATION}
    (folder / "task.json").write_text(json.dumps(task | {"potentials": potentials.tolist()}))
    script = Path(__file__).with_name("sonata_nest_peer.py")
    command = [NEST, str(script), str(folder / "task.json"), str(folder / "result.npz")]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    found = np.load(folder / "result.npz")
    return [(found[f"neuron_{run}"], found[f"time_{run}"]) for run in range(len(potentials))]


def starts(which, n):
    return stream(1, which).uniform(-72.0, -60.0, (n, 300))


def test_rates_of_every_type_are_those_of_nest(circuit, tmp_path):
    """Start potentials of their own in both, so that runs are independent."""
    ours, types = here(circuit, starts("here", SEEDS))
    theirs = there(circuit, starts("there", SEEDS), tmp_path)
    assert len(set(types)) == 5
    for name in sorted(set(types)):
        members = np.flatnonzero(types == name)
        seconds = members.size * DURATION * 1e-3
        sides = [
            np.array([np.isin(one.spikes["internal"].neuron, members).sum() / seconds for one in ours]),
            np.array([np.isin(neuron, members).sum() / seconds for neuron, _ in theirs]),
        ]
        means, errors = [rates.mean() for rates in sides], [rates.std(ddof=1) / np.sqrt(SEEDS) for rates in sides]
        apart, error = abs(means[0] - means[1]), float(np.hypot(*errors))
        print(
            f"\n{name}: {means[0]:.3f} ± {errors[0]:.3f} Hz, in NEST {means[1]:.3f} ± {errors[1]:.3f} Hz: {apart / error:.2f} errors"
        )
        assert means[1] > 0.1  # or there would be nothing to compare
        assert apart < 3 * error


def test_the_same_start_gives_the_same_spikes(circuit, tmp_path):
    """NEST gives a spike the time at the end of its step."""
    potentials = starts("both", 1)
    (ours,), _ = here(circuit, potentials)
    ((neuron, time),) = there(circuit, potentials, tmp_path)
    spikes = ours.spikes["internal"]
    mine = set(zip(spikes.neuron.tolist(), np.rint(spikes.time * 1e3 / DT).astype(int).tolist(), strict=True))
    nests = set(zip(neuron.tolist(), (np.rint(time / DT).astype(int) - 1).tolist(), strict=True))
    print(f"\n{len(mine)} spikes here, {len(nests)} in NEST, {len(mine & nests)} in the same step")
    assert len(mine) > 1000
    assert mine == nests
