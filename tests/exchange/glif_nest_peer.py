"""GLIF neurons in NEST: ``python glif_nest_peer.py task.json result.npz``. Imports nothing of ours.

The task has cells with parameters, spikes that each receives (step, port, weight in pA) and currents (steps, pA); the result their
potentials, thresholds and spikes.
"""

import json
import sys
from pathlib import Path

import nest
import numpy as np


def simulated(task, cell):
    """Steps of spikes, potentials (mV) and thresholds (mV) at the end of every step."""
    dt = task["dt"]
    nest.ResetKernel()
    nest.SetKernelStatus({"resolution": dt})
    # NEST takes asc_init of a model only, not of a node: the state is given by itself
    started = {"ASCurrents": cell["parameters"]["asc_init"]} if cell["parameters"]["after_spike_currents"] else {}
    neuron = nest.Create("glif_psc", params=cell["parameters"] | started)
    for step, port, weight in cell["arrivals"]:
        # a spike at the end of step k - 1, with a delay of one step, acts after the update of step k
        source = nest.Create("spike_generator", params={"spike_times": [step * dt]})
        nest.Connect(source, neuron, syn_spec={"weight": weight, "delay": dt, "receptor_type": port})
    for first, last, current in cell["currents"]:
        # a current that begins at the end of step k - 2, with a delay of one step, acts in step k
        source = nest.Create("dc_generator", params={"amplitude": current, "start": (first - 1) * dt, "stop": (last - 1) * dt})
        nest.Connect(source, neuron, syn_spec={"delay": dt})
    meter = nest.Create("multimeter", params={"interval": dt, "record_from": ["V_m", "threshold"]})
    recorder = nest.Create("spike_recorder")
    nest.Connect(meter, neuron, syn_spec={"delay": dt})
    nest.Connect(neuron, recorder, syn_spec={"delay": dt})
    nest.Simulate((task["n_steps"] + 2) * dt)
    seen = meter.get("events")
    return np.rint(recorder.get("events")["times"] / dt).astype(int) - 1, seen["V_m"], seen["threshold"]


def main(path, result):
    task, found = json.loads(Path(path).read_text()), {}
    nest.set_verbosity("M_ERROR")
    for k, cell in enumerate(task["cells"]):
        found[f"spikes_{k}"], found[f"v_{k}"], found[f"threshold_{k}"] = simulated(task, cell)
    np.savez(result, **found)


main(*sys.argv[1:])
