"""Noisy leaky neurons on digits in snnTorch or Norse: ``python torch_peer.py snntorch|norse digits.npz``. Imports nothing of ours."""

import importlib
import json
import sys
import time

import numpy as np
import torch

STEPS, DECAY, LIMIT = 25, 0.05, 20.0  # dt / tau, threshold in mV
NOISE = float(np.sqrt(2 * DECAY))  # mV per step, for a deviation of 1 mV


def snntorch_step():
    cell = importlib.import_module("snntorch").Leaky(beta=1 - DECAY, threshold=LIMIT, reset_mechanism="zero")
    state = cell.init_leaky()
    return lambda drive, state: cell(DECAY * drive + NOISE * torch.randn_like(drive), state), state


def norse_step():
    norse = importlib.import_module("norse.torch")
    parameters = norse.LIFBoxParameters(tau_mem_inv=torch.tensor(50.0), v_th=torch.tensor(LIMIT))
    cell = norse.LIFBoxCell(parameters, dt=0.001)
    return lambda drive, state: cell(drive + NOISE / DECAY * torch.randn_like(drive), state), None


def main(name, path):
    arrays = np.load(path)
    pixels, weights = torch.from_numpy(arrays["pixels"]), torch.from_numpy(arrays["weights"])
    best = np.inf
    for trial in range(6):
        step, state = {"snntorch": snntorch_step, "norse": norse_step}[name]()
        started = time.perf_counter()
        drive, counts = pixels @ weights, 0
        for _ in range(STEPS):
            spikes, state = step(drive, state)
            counts = counts + spikes
        counts = counts.numpy()
        best = min(best, time.perf_counter() - started) if trial else np.inf
    about = f"torch {torch.__version__}, {torch.get_num_threads()} threads, single precision"
    print(json.dumps({"seconds": best, "spikes": int(counts.sum()), "about": about}))


if __name__ == "__main__":
    with torch.no_grad():
        main(*sys.argv[1:])
