"""Networks in PyTorch, timed: noisy leaky neurons in snnTorch or Norse, two dense layers in SpikingJelly.

``python torch_peer.py snntorch|norse|spikingjelly data.npz``. Imports nothing of ours.
"""

import importlib
import json
import sys
import time

import numpy as np
import torch


def snntorch_step(decay, limit, noise):
    cell = importlib.import_module("snntorch").Leaky(beta=1 - decay, threshold=limit, reset_mechanism="zero")
    state = cell.init_leaky()
    return lambda drive, state: cell(decay * drive + noise * torch.randn_like(drive), state), state


def norse_step(decay, limit, noise):
    norse = importlib.import_module("norse.torch")
    parameters = norse.LIFBoxParameters(tau_mem_inv=torch.tensor(decay / 1e-3), v_th=torch.tensor(limit))
    cell = norse.LIFBoxCell(parameters, dt=0.001)
    return lambda drive, state: cell(drive + noise / decay * torch.randn_like(drive), state), None


def noisy(name, arrays):
    """Spike counts of noisy neurons (n_images, n_neurons), by a function that can be timed."""
    pixels, weights = torch.from_numpy(arrays["pixels"]), torch.from_numpy(arrays["weights"])
    settings = [float(arrays[word]) for word in ("decay", "limit", "noise")]

    def counts_of():
        step, state = {"snntorch": snntorch_step, "norse": norse_step}[name](*settings)
        drive, counts = pixels @ weights, 0
        for _ in range(int(arrays["n_steps"])):
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
