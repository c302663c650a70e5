"""The standard networks in NEST: ``python nest_peer.py KIND network.npz``; prints seconds and spikes as JSON. Imports nothing of ours."""

import json
import sys
import time

import nest
import numpy as np

MODELS = {
    "cuba": (
        "iaf_psc_exp",
        {"C_m": 20.0, "tau_m": 20.0, "E_L": -49.0, "V_th": -50.0, "V_reset": -60.0, "t_ref": 5.0}
        | {"tau_syn_ex": 5.0, "tau_syn_in": 10.0},
        0.1,
    ),
    "coba": (
        "iaf_cond_exp",
        {"C_m": 200.0, "g_L": 10.0, "E_L": -60.0, "E_ex": 0.0, "E_in": -80.0, "V_th": -50.0, "V_reset": -60.0, "t_ref": 5.0}
        | {"tau_syn_ex": 5.0, "tau_syn_in": 10.0},
        0.1,
    ),
    "brunel": (
        "iaf_psc_delta",
        {"C_m": 20.0, "tau_m": 20.0, "E_L": 0.0, "V_th": 20.0, "V_reset": 10.0, "t_ref": 2.0, "I_e": 24.0},
        1.5,
    ),
}


def main(kind, path):
    arrays = np.load(path)
    nest.set_verbosity("M_ERROR")
    nest.SetKernelStatus({"resolution": 0.1, "local_num_threads": 1, "rng_seed": 1})
    started = time.perf_counter()
    model, values, delay = MODELS[kind]
    cells = nest.Create(model, int(arrays["size"]), values)
    cells.V_m = arrays["v"] * 1e3
    for k in range(sum(name.startswith("i_") for name in arrays.files)):
        weights = arrays[f"w_{k}"]  # in mV, or a thousandth of the leak
        if kind == "coba":
            weights = weights * 1e-3 * 10.0 * (1 if k == 0 else -1)
            (cells.g_ex, cells.g_in) = (10 * np.abs(arrays["ge"]), 10 * np.abs(arrays["gi"]))
        synapses = {"synapse_model": "static_synapse", "weight": weights, "delay": np.full(len(weights), delay)}
        nest.Connect(arrays[f"i_{k}"] + 1, arrays[f"j_{k}"] + 1, "one_to_one", synapses)
    if kind == "brunel":  # white noise of deviation 1 mV, held for each step
        noise = nest.Create("noise_generator", params={"std": 20.0 * np.sqrt(1 / (20.0 * 0.1)), "dt": 0.1})
        nest.Connect(noise, cells)
    recorder = nest.Create("spike_recorder")
    nest.Connect(cells, recorder)
    connected, processor = time.perf_counter(), time.process_time()
    nest.Simulate(1000.0)
    run, wall = time.process_time() - processor, time.perf_counter() - started
    print(json.dumps({"connect": connected - started, "run": run, "wall": wall, "spikes": int(recorder.n_events)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
