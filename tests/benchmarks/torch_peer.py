"""Networks in PyTorch, timed: noisy leaky neurons in snnTorch or Norse, two dense layers in SpikingJelly.

``python torch_peer.py snntorch|norse|spikingjelly data.npz``. Imports nothing of ours.
"""

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


def noisy(name, arrays):
    """Spike counts of noisy neurons (n_images, n_neurons), by a function that can be timed."""
    pixels, weights = torch.from_numpy(arrays["pixels"]), torch.from_numpy(arrays["weights"])

    def counts_of():
        step, state = {"snntorch": snntorch_step, "norse": norse_step}[name]()
        drive, counts = pixels @ weights, 0
        for _ in range(STEPS):
            spikes, state = step(drive, state)
            counts = counts + spikes
        return counts.numpy()

    return counts_of


def dense(arrays):
    """Spike counts of the last of two dense layers; the product with the images, which do not change, is taken once."""
    neuron = importlib.import_module("spikingjelly.activation_based.neuron")
    pixels, first, second = (torch.from_numpy(arrays[name]) for name in ("pixels", "first", "second"))

    def counts_of():
        layers = [neuron.LIFNode(tau=2.0, decay_input=False, v_reset=0.0) for _ in range(2)]
        drive, counts = pixels @ first, 0
        for _ in range(int(arrays["n_steps"])):
            counts = counts + layers[1](layers[0](drive) @ second)
        return counts.numpy()

    return counts_of


def main(name, path):
    arrays = np.load(path)
    counts_of = dense(arrays) if name == "spikingjelly" else noisy(name, arrays)
    best = np.inf
    for trial in range(6):
        started = time.perf_counter()
        counts = counts_of()
        best = min(best, time.perf_counter() - started) if trial else np.inf
    about = f"torch {torch.__version__}, {torch.get_num_threads()} threads, single precision"
    print(json.dumps({"seconds": best, "spikes": int(counts.sum()), "about": about}))


if __name__ == "__main__":
    with torch.no_grad():
        main(*sys.argv[1:])
