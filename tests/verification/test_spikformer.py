"""A block of Spikformer on MNIST with few links in its linear layers, by CH-SNN's rules beside SET and all links; prints the table.

Run with ``BIOWORKBENCH_DATA=... pytest -m slow -s tests/verification/test_spikformer.py``. It is short: 2000 training images, 24 epochs.
"""

from itertools import pairwise

import numpy as np
import pytest
from scipy import sparse

from bioworkbench.discrete.lif import discrete_lif
from bioworkbench.gradients.chains import chain_weights, feed_forward
from bioworkbench.gradients.layers import Attention
from bioworkbench.gradients.matrices import layer_weights
from bioworkbench.gradients.objectives import spike_rasters
from bioworkbench.methods.ch_snn import BASELINES, train
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.optimization import ConvolvedImages
from bioworkbench.tasks import Trials
from tests.methods.grouped import grouped
from tests.verification.mnist_chains import in_brian2, judged, mean_and_error, mnist_task, spikes_apart, table
from tests.verification.records import record, seeds

pytestmark = [pytest.mark.slow, pytest.mark.timeout(36_000)]

SEEDS = seeds(5)
N_IMAGES, N_TEST, N_STEPS = 2000, 5000, 4
TOKENS, WIDTH = 16, 32
CHANNELS = {"embedded": WIDTH, "asked": 3 * WIDTH, "attending": WIDTH, "mixed": WIDTH, "hidden": 2 * WIDTH, "out": WIDTH}
MODEL = discrete_lif(leak=0.5, reset="zero")
IMAGES = ConvolvedImages(
    (28, 28, 1),
    convolutions=(
        (WIDTH, 7, 7),
        *((channels, 1, 1) for name, channels in CHANNELS.items() if name not in ("embedded", "attending")),
    ),
    attention=((2, 4, 0.25),),
    normalized=True,
)
SPARSITY = 0.75
SETTINGS = {"sparsity": SPARSITY, "epochs": 24, "batch_size": 32, "images": IMAGES}
FEW = {"start.convolution_sparsity": (0.0, *(SPARSITY,) * 4)}  # patches keep all of their weights
# each arm at the best of the rates .004, .01 and .025 on 200 validation images of seed 9, which is not used again
ARMS = {
    "CH-SNN": FEW | {"learning_rate": 1e-2},
    "SET": BASELINES["set"] | FEW | {"learning_rate": 2.5e-2},
    "all links": BASELINES["fully_connected"] | {"learning_rate": 1e-2},
}


def network():
    """One block: attention and a perceptron of two layers, with a skip of one threshold around each."""
    sizes = {"input": 784} | {name: TOKENS * channels for name, channels in CHANNELS.items()}
    populations = tuple(Population(name, sizes[name], MODEL, k) for k, name in enumerate(CHANNELS))
    links = [Projection(*ends, sparse.csr_array((sizes[ends[0]], sizes[ends[1]]))) for ends in pairwise(sizes)]
    one_to_one = sparse.eye_array(TOKENS * WIDTH, format="csr")
    return Network(populations, (*links, *(Projection(*ends, one_to_one) for ends in (("embedded", "mixed"), ("mixed", "out")))))


def in_jax(trained):
    """Layers as JAX runs them; of attention, whose products are neurons in Brian2, the biases alone."""
    model, weights = feed_forward(network(), 10, images=IMAGES), chain_weights(trained.network)
    weights[2:4] = [None]  # to the neurons that wait for coincidences, and from these
    layers = []
    for layer, own, name in zip(model.layers, weights, CHANNELS, strict=False):
        bias = trained.network.population(name).model.constants["bias"][: layer.weight_shape[-1]]
        kernel = np.zeros(layer.weight_shape) if isinstance(layer, Attention) else layer_weights(layer, own)
        layers.append({"weights": kernel, "bias": bias})
    return model, (*layers, {"weights": trained.readout.coefficients * N_STEPS, "bias": trained.readout.intercepts})


def rasters_in_jax(trained, values):
    """Spikes of the populations that a spec names, by name."""
    return dict(zip(CHANNELS, spike_rasters(*in_jax(trained), values[:, 0], N_STEPS), strict=True))


def test_a_spikformer_trains_with_a_quarter_of_its_links(data_folder):
    """By Cannistraci-Hebb rules as by SET it learns far above chance, and no spike of Brian2 differs from JAX."""
    found, rows = {name: [] for name in ARMS}, []
    for seed in SEEDS:
        task = mnist_task(data_folder, seed, N_IMAGES, n_steps=N_STEPS)
        first, few = Trials(task.test.values[:N_TEST], task.test.targets[:N_TEST]), task.test.values[:20]
        for name, more in ARMS.items():
            trained = train(task, network(), in_brian2, np.random.default_rng(seed), **grouped(train, SETTINGS | more))
            found[name].append(judged(*in_jax(trained), first, N_STEPS))
            n_differing, n_spikes = spikes_apart(trained, few, N_STEPS, rasters_in_jax(trained, few))
            rows.append([name, seed, trained.history["score"].max(), found[name][-1], float(np.sum(trained.history["seconds"]))])
            print(*rows[-1], n_differing, n_spikes, flush=True)
            assert n_differing == 0 < n_spikes
        record("spikformer-mnist", SEEDS[: SEEDS.index(seed) + 1], found, 100)
    table("MNIST, one block", rows, ["links", "seed", "validation", "test", "seconds"])
    print({name: mean_and_error(scores) for name, scores in found.items()})
    assert min(map(min, found.values())) > 0.6  # chance is 0.1
