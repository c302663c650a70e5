"""Networks of snnTorch and Norse as NIR files, and NIR files in both: ``python nir_peer.py write|run FOLDER``. Imports nothing of ours."""

import sys
from pathlib import Path

import nir
import norse.torch as norse
import numpy as np
import snntorch
import torch
from norse.torch.utils.export_nir import to_nir
from snntorch import utils
from snntorch.export_nir import export_to_nir
from snntorch.import_nir import import_from_nir

N_STEPS = 100


def spikes_of(module, values):
    """Spikes (n_steps, n) of a module that may or may not return its state."""
    rows, state = [], None
    for value in values:
        answer = module(value) if state is None else module(value, state)
        spikes, state = answer if isinstance(answer, tuple) else (answer, None)
        rows.append(spikes.numpy().ravel())
    return np.array(rows, dtype=bool)


def by_snntorch(mechanism):
    def cell(n, beta, threshold):
        settings = {"init_hidden": True, "reset_mechanism": mechanism}
        return snntorch.Leaky(beta=torch.full((n,), beta), threshold=torch.full((n,), threshold), **settings)

    module = torch.nn.Sequential(torch.nn.Linear(4, 30), cell(30, 0.9, 1.0), torch.nn.Linear(30, 5), cell(5, 0.8, 0.2))
    return module, lambda sample: export_to_nir(module, sample)


def by_norse():
    def cell(n, rate, threshold):
        several = {"tau_mem_inv": torch.full((n,), rate), "v_th": torch.full((n,), threshold), "v_leak": torch.zeros(n)}
        return norse.LIFBoxCell(norse.LIFBoxParameters(**several), dt=1e-3)

    module = norse.SequentialState(torch.nn.Linear(4, 30), cell(30, 100.0, 0.2), torch.nn.Linear(30, 5), cell(5, 50.0, 0.01))
    return module, lambda sample: to_nir(module, sample, dt=1.0)  # its dt multiplies time constants that are in seconds already


def write(folder):
    peers = {"snntorch": lambda: by_snntorch("zero"), "snntorch_subtract": lambda: by_snntorch("subtract"), "norse": by_norse}
    for name, make in peers.items():
        module, graph_of = make()
        values = 2 * torch.randn(N_STEPS, 4)
        nir.write(folder / f"{name}.nir", graph_of(values[0]))
        if name != "norse":
            utils.reset(module)
        np.savez(folder / f"{name}.npz", values=values.numpy(), spikes=spikes_of(module, values))


def run(folder):
    values = torch.from_numpy(np.load(folder / "ours.npz")["values"]).to(torch.get_default_dtype())
    graph = nir.read(folder / "ours.nir")
    found = {"snntorch": spikes_of(import_from_nir(graph), values)}
    values = values.float()
    found["norse"] = spikes_of(norse.from_nir(nir.read(folder / "ours.nir"), ignore_warnings=True, dt=1e-4), values)
    np.savez(folder / "theirs.npz", **found)


if __name__ == "__main__":
    torch.manual_seed(1)
    with torch.no_grad():
        {"write": write, "run": run}[sys.argv[1]](Path(sys.argv[2]))
