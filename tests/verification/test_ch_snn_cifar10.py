"""Claims of CH-SNN on CIFAR-10, six convolutions and two linear layers, beside SET and all links; prints the table.

Run with ``BIOWORKBENCH_DATA=... pytest -m slow -s tests/verification/test_ch_snn_cifar10.py``. By default it is short: few filters,
4000 training images and 6 epochs. ``BIOWORKBENCH_IMAGES=20000 BIOWORKBENCH_EPOCHS=60`` trains with all images, for many hours of a core.
"""

import os
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from bioworkbench.discrete.lif import discrete_lif
from bioworkbench.methods.ch_snn import BASELINES, SparseStart, train
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.optimization import ConvolvedImages
from tests.methods.grouped import grouped
from tests.verification.mnist_chains import accuracy_in_jax, cifar10_task, differing_spikes, in_brian2, mean_and_error, table
from tests.verification.records import arms, record, seeds

pytestmark = [pytest.mark.slow, pytest.mark.timeout(172_800)]

SEEDS = seeds(3)
N_IMAGES = int(os.environ.get("BIOWORKBENCH_IMAGES", "0")) or 4000  # a tenth of them validates
N_TEST = 5000
N_STEPS = 4
FILTERS = (8, 16, 16, 32, 32, 64)
IMAGES = ConvolvedImages(
    (32, 32, 3),
    shift=2,
    convolutions=[(filters, 3, 1) for filters in FILTERS],
    pooling=(1, 2, 1, 2, 1, 2),
    normalized=True,
)
SIZES = (*(side**2 * filters for side, filters in zip((32, 16, 16, 8, 8, 4), FILTERS, strict=True)), 256)
MODEL = discrete_lif(leak=0.5, reset="zero", strict=True)
SETTINGS = {
    "sparsity": 0.7462,
    "epochs": int(os.environ.get("BIOWORKBENCH_EPOCHS", "0")) or 6,
    "batch_size": 32,
    "learning_rate": 5e-3,
    "images": IMAGES,
}
VARIANTS = {"CH-SNN": {}, "SET": BASELINES["set"], "all links": BASELINES["fully_connected"]}
# each the better of .002 and .005 on 400 validation images of seed 9, which is not used again, with 3600 images and 6 epochs
RATES = {"CH-SNN": 5e-3, "SET": 2e-3, "all links": 2e-3}
# a method, and the sparsity of all six convolutions
KERNELS = {
    "CH3-L3 half": ("CH-SNN", 0.5),
    "SET half": ("SET", 0.5),
    "CH3-L3 quarter": ("CH-SNN", 0.75),
    "SET quarter": ("SET", 0.75),
    "CH3-L3 whole": ("CH-SNN", 0.0),
    "all links": ("all links", 0.0),
}


def network():
    """Populations without links: convolutions and links are drawn by the method."""
    names, sizes = ["input", *(f"h{k}" for k in range(len(SIZES)))], [3072, *SIZES]
    populations = tuple(Population(f"h{k}", size, MODEL, k) for k, size in enumerate(SIZES))
    links = [Projection(names[k], names[k + 1], sparse.csr_array((sizes[k], sizes[k + 1]))) for k in range(len(SIZES))]
    return Network(populations, tuple(links))


def test_a_quarter_of_the_links_of_linear_layers_suffices(data_folder):
    """Within .3 points of all links, and ahead of SET; no spike of Brian2 differs from JAX."""
    found, differing, rows = {name: [] for name in VARIANTS}, [], []
    for seed in SEEDS:
        task = cifar10_task(data_folder, seed, N_IMAGES, N_STEPS, N_TEST)
        for name, more in VARIANTS.items():
            settings = SETTINGS | more | {"learning_rate": RATES[name]}
            trained = train(task, network(), in_brian2, np.random.default_rng(seed), **grouped(train, settings))
            found[name].append(accuracy_in_jax(task, trained, N_STEPS, IMAGES, N_STEPS))
            differing.append(differing_spikes(task, trained, 20, IMAGES, N_STEPS))
            rows.append([name, seed, trained.history["score"].max(), found[name][-1], float(np.sum(trained.history["seconds"]))])
            print(*rows[-1], differing[-1], flush=True)
        # after every seed, so that a run that ends early leaves the rows that it has
        record("ch-snn-cifar10", SEEDS[: SEEDS.index(seed) + 1], found, 100)
    table("CIFAR-10", rows, ["links", "seed", "validation", "test", "seconds"])
    print({name: mean_and_error(scores) for name, scores in found.items()})
    assert all(n == 0 and n_spikes > 0 for n, n_spikes in differing)
    assert np.mean(found["CH-SNN"]) >= np.mean(found["all links"]) - 0.003
    assert np.mean(found["CH-SNN"]) > np.mean(found["SET"])


def test_kernels_need_few_links_as_well(data_folder):
    """Linear layers as above, and half or a quarter of the links of all convolutions: CH3-L3 regrowth beside SET with as many."""
    found, rows = {name: [] for name in arms(KERNELS)}, []
    for seed in SEEDS:
        task = cifar10_task(data_folder, seed, N_IMAGES, N_STEPS, N_TEST)
        for name in found:
            method, sparsity = KERNELS[name]
            given = grouped(train, SETTINGS | VARIANTS[method])
            start = replace(given.get("start", SparseStart()), convolution_sparsity=sparsity)
            trained = train(task, network(), in_brian2, np.random.default_rng(seed), **given | {"start": start})
            found[name].append(accuracy_in_jax(task, trained, N_STEPS, IMAGES, N_STEPS))
            n_differing, n_spikes = differing_spikes(task, trained, 20, IMAGES, N_STEPS)
            n_synapses = sum(projection.n_synapses for projection in trained.network.projections)
            rows.append([name, seed, trained.history["score"].max(), found[name][-1], n_synapses])
            print(*rows[-1], float(np.sum(trained.history["seconds"])), n_differing, n_spikes, flush=True)
            assert n_differing == 0 < n_spikes
        record("ch-snn-cifar10-kernels", SEEDS[: SEEDS.index(seed) + 1], found, 100)
    table("CIFAR-10, sparse kernels", rows, ["kernels", "seed", "validation", "test", "synapses"])
    print({name: mean_and_error(scores) for name, scores in found.items()})
    for part in ("half", "quarter"):
        if {f"CH3-L3 {part}", f"SET {part}"} <= set(found):
            assert np.mean(found[f"CH3-L3 {part}"]) > np.mean(found[f"SET {part}"])
