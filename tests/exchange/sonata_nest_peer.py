"""A SONATA circuit in NEST, read by h5py, csv and json alone: ``python sonata_nest_peer.py task.json result.npz``. Imports nothing of ours.

The task names the folder of the circuit and of the parameters, and has start potentials for each run; the result holds spikes.
"""

import csv
import json
import sys
from pathlib import Path

import h5py
import nest
import numpy as np

DELAY_WITHOUT = 1.0  # ms, of edges to which files give none


def rows(path):
    with Path(path).open() as file:
        return list(csv.DictReader(file, delimiter=" "))


def edges(folder, name):
    """Sources, targets, weights and delays."""
    types = {
        int(row["edge_type_id"]): float(row.get("delay") or DELAY_WITHOUT) for row in rows(folder / f"{name}_edge_types.csv")
    }
    with h5py.File(folder / f"{name}_edges.h5") as file:
        (group,) = file["edges"].values()
        kinds = group["edge_type_id"][()]
        weights = group["0/syn_weight"][()][group["edge_group_index"][()]]
        return group["source_node_id"][()], group["target_node_id"][()], weights, np.array([types[int(kind)] for kind in kinds])


def simulated(task, potentials, seed):
    """Neurons and times (ms) of spikes, with start potentials in mV."""
    network, parameters = Path(task["circuit"]) / "network", Path(task["parameters"])
    nest.ResetKernel()
    nest.SetKernelStatus({"resolution": task["dt"], "rng_seed": seed})
    with h5py.File(network / "internal_nodes.h5") as file:
        kinds = file["nodes/internal/node_type_id"][()]
    cells = nest.Create("iaf_psc_alpha", len(kinds))
    for row in rows(network / "internal_node_types.csv"):
        members = np.flatnonzero(kinds == int(row["node_type_id"]))
        cells[members.tolist()].set(json.loads((parameters / row["dynamics_params"]).read_text()))
    cells.V_m = potentials
    with h5py.File(Path(task["circuit"]) / "inputs" / "external_spike_trains.h5") as file:
        channels, times = file["spikes/gids"][()], file["spikes/timestamps"][()]
    n_channels = 100
    inputs = nest.Create("spike_generator", n_channels, {"precise_times": False, "allow_offgrid_times": True})
    for k in range(n_channels):
        own = np.round(np.sort(times[channels == k]) / task["dt"]) * task["dt"]
        inputs[k].spike_times = own[(own > 0) & (own < task["duration"])]
    relayed = nest.Create("parrot_neuron", n_channels)
    nest.Connect(inputs, relayed, "one_to_one", {"delay": task["dt"]})
    for name, first in (("internal_internal", cells), ("external_internal", relayed)):
        sources, targets, weights, delays = edges(network, name)
        synapses = {"synapse_model": "static_synapse", "weight": weights, "delay": delays}
        nest.Connect(np.array(first.tolist())[sources], np.array(cells.tolist())[targets], "one_to_one", synapses)
    recorder = nest.Create("spike_recorder")
    nest.Connect(cells, recorder)
    nest.Simulate(task["duration"])
    events = recorder.get("events")
    return np.asarray(events["senders"]) - cells.tolist()[0], np.asarray(events["times"])


def main(path, result):
    task, found = json.loads(Path(path).read_text()), {}
    nest.set_verbosity("M_ERROR")
    for run, potentials in enumerate(task["potentials"]):
        found[f"neuron_{run}"], found[f"time_{run}"] = simulated(task, potentials, run + 1)
    np.savez(result, **found)


main(*sys.argv[1:])
