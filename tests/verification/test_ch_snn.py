"""Claims of CH-SNN on MNIST, beside a fully connected network, static links, SET, RigL, CHT and CHTs; prints the tables.

Run with ``BIOWORKBENCH_DATA=... pytest -m slow -s tests/verification/test_ch_snn.py``; the published network takes 12 minutes of a core
for a seed, those of two hidden layers many hours. The latter have not been run to the end. A shorter protocol has, on an NVIDIA H100 with
dense masked matrices in JAX: 40 epochs, batches of 256, learning rate 6e-3 (chosen for every rule on the validation images between 2e-3
and 6e-3, ten epochs each, seed 1), output layer as sparse as the others, parameters of the best validated epoch. Test accuracy, %, mean
and standard error of 3 seeds:

===============  =============  =============  ===========================
links            97.75 %        99 %           connected neurons (99 %)
===============  =============  =============  ===========================
CH-SNN           98.15 ± 0.02   97.93 ± 0.12   36 %
CHTs             98.08 ± 0.05   97.83 ± 0.09   39 %
RigL             97.46 ± 0.05   97.12 ± 0.06   63 %
SET              97.48 ± 0.02   96.56 ± 0.04   64 %
static           96.91 ± 0.12   95.33 ± 0.10   64 %
all links        98.18 ± 0.05
===============  =============  =============  ===========================

So at 99 % CH-SNN is ahead of SET, RigL and static links by 0.8 to 2.6 points, and level with CHTs. The published 98.97 % at 97.75 %,
and 0.16 points above all links, are NOT reached: it is level with all links (-0.03 ± 0.06). CH-SNN, CHTs and all links overfit
(training loss 1e-3 to 5e-5); weight decay and longer training were not tried. CHT could not be run then: its full output layer had no
place for links to regrow.

Training images moved by up to a pixel (``image=(28, 28, 1), shift=1``), four steps in training, output layer with all its links, else
as above, seed 1, in JAX on one core: CH-SNN at 97.75 % 98.83 % (98.81 % at eight steps) after 40 epochs of 20 s, 98.80 (98.88) after 20;
all links 98.84 (98.84) after 20 epochs of 68 s. So moved images give 0.7 points to both, the published 98.97 % is missed by 0.1 to 0.2,
and CH-SNN is again level with all links, in less than a third of the time.

What was seen on the 8 x 8 digits (64-256-256-10, 90 % sparse, output layer too, 4 steps, 40 epochs of 11 updates, learning rate
1e-2; test accuracy after the last epoch, %, mean and standard error of 3 seeds): fully connected 98.43 +- 0.09, SET 98.15 +- 0.19,
CH-SNN 97.87 +- 0.37, static links 97.22 +- 0.16. CH-SNN is within two standard errors of each of them: nothing there favors
regrowth by CH3-L3 over random regrowth. RigL, CHT and CHTs were not run with these settings.

Why an earlier run had CH-SNN far behind (150 validation images, 2 seeds): at learning rate 2e-3 it is at 93.33 +- 2.67 with a loss of
0.199 (fully connected 98.00 +- 1.33, 0.004); at 1e-2 at 97.33 +- 0.67 with a loss of 0.006. A surrogate of width 1 instead of 0.4 changes
nothing at the lower rate (93.33 +- 2.67). So it was trained too little. CHT, whose output layer is dense by its definition, had
more links than the others; give all ``sparse_output=False`` to compare them.

At 97.75 % a sparse output layer of 784 neurons has 18 links for each class, and links from spike correlations leave inputs out: 53 %
of all hidden neurons are on no path from input to output before training begins.
"""

import os
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from bioworkbench.discrete.lif import discrete_lif
from bioworkbench.encoding import as_rate
from bioworkbench.methods.ch_snn import BASELINES, train
from bioworkbench.readout.trials import blocked_predictions
from tests.methods.grouped import grouped
from tests.verification.mnist_chains import (
    DT,
    N_STEPS,
    accuracy_in_jax,
    differing_spikes,
    empty_network,
    in_brian2,
    mean_and_error,
    mnist_task,
    table,
)
from tests.verification.records import arms, record, seeds

pytestmark = [pytest.mark.slow, pytest.mark.timeout(172_800)]

SEEDS = seeds(3)
SIZES = (784, 1568, 1568)
MODEL = discrete_lif(leak=0.5, reset="zero", strict=True)
SETTINGS = {"epochs": 60, "average": 0.99, "learning_rate": 1e-2, "sparse_output": False}
PUBLISHED = {"epochs": 40, "images.shape": (28, 28, 1), "images.shift": 1}
DEEP = PUBLISHED | {"epochs": int(os.environ.get("BIOWORKBENCH_EPOCHS", "20"))}  # of two hidden layers, four times the weights
VARIANTS = {"ch_snn": {}, **BASELINES}
# By validation with as many epochs, seed 9, which is not used again: .000625 to .005 for all links, .005 to .02 for sparse ones, each of
# which is best at .01 or within .1 points of its best there (two hidden layers: .005 and .01, 5 epochs).
RATES = dict.fromkeys(VARIANTS, 1e-2) | {"fully_connected": 1.25e-3}
DEEP_RATES = RATES | {"fully_connected": 5e-3}
NAMES = {
    "ch_snn": "CH-SNN",
    "fully_connected": "all links",
    "static": "static",
    "set": "SET",
    "rigl": "RigL",
    "cht": "CHT",
    "chts": "CHTs",
}


def trained_on(task, seed, sizes=SIZES, **settings):
    """A network of `SIZES`, or others, trained."""
    return train(task, empty_network(sizes, MODEL), in_brian2, np.random.default_rng(seed), **grouped(train, SETTINGS | settings))


def compared(row, data_folder, sparsity, rates, **more):
    """Test accuracy of every variant, at its own rate, over seeds; kept as a row after each seed; prints the table."""
    chosen = arms(VARIANTS)
    found, histories = {name: [] for name in chosen}, {name: [] for name in chosen}
    for number, seed in enumerate(SEEDS, 1):
        task = mnist_task(data_folder, seed)
        for name in chosen:
            settings = {"sparsity": sparsity, "learning_rate": rates[name]} | VARIANTS[name] | more
            trained = trained_on(task, seed, **settings)
            found[name].append(accuracy_in_jax(task, trained, 8))
            histories[name].append(trained.history)
            score = trained.history["score"].max()
            print(f"{row}, {name}, seed {seed}: validation {score:.4f}, test {found[name][-1]:.4f}", flush=True)
        record(row, SEEDS[:number], {NAMES[name]: scores for name, scores in found.items()}, 100)
    rows = [[name, mean_and_error(scores), *_measures(histories[name])] for name, scores in found.items()]
    head = ["links", "test accuracy, %", "active nodes", "node sparsity", "synaptic operations", "rewiring / epoch"]
    table(f"MNIST, {100 * sparsity:.2f} % sparse", rows, head)
    return found


def _measures(histories):
    """What the table shows beside the accuracy: active nodes, node sparsity, synaptic operations, time of rewiring over an epoch's."""
    return (
        *(float(np.mean([history[key][-1] for history in histories])) for key in ("active_nodes", "node_sparsity")),
        float(np.mean([history["synaptic_operations"][0] for history in histories])),
        float(np.mean([history["rewiring_seconds"].max() / history["seconds"].mean() for history in histories])),
    )


def assert_as_published(found):
    """98.97 %, and .16 points above all links, where these arms were run."""
    if {"ch_snn", "fully_connected"} <= found.keys():
        assert np.mean(found["ch_snn"]) >= 0.9897
        assert np.mean(found["ch_snn"]) >= np.mean(found["fully_connected"]) + 0.0016


def test_published_network(data_folder):
    """784-800-10 with 1 % of the first layer's links and all of the last's, 14 272 in all: 97.75 % are absent.

    Epochs and moves of the images were chosen on the validation images of seed 1.
    """
    found = compared("ch-snn-784-800", data_folder, 0.99, RATES, sizes=(784, 800), **PUBLISHED)
    assert_as_published(found)


def test_published_network_sees_spikes(data_folder):
    """The same network, whose input is Poisson spikes, drawn anew for every batch; judged in Brian2.

    An epoch takes ten times as long as one of constant currents: 10 epochs, unless BIOWORKBENCH_EPOCHS says how many.
    """
    short = {"epochs": int(os.environ.get("BIOWORKBENCH_EPOCHS", "10"))}
    encode = partial(as_rate, frame=N_STEPS * DT, maximum=1 / DT)
    found = {NAMES[name]: [] for name in ("ch_snn", "set", "static")}
    for number, seed in enumerate(SEEDS, 1):
        task = replace(mnist_task(data_folder, seed), encode=encode)
        for name in ("ch_snn", "set", "static"):
            trained = trained_on(task, seed, sizes=(784, 800), **({"sparsity": 0.99} | VARIANTS[name] | PUBLISHED | short))
            answers = blocked_predictions(trained, encode, task.test.values, in_brian2, seed, block=500)
            found[NAMES[name]].append(float((answers == task.test.targets).mean()))
            print(f"spikes as input, {name}, seed {seed}: test {found[NAMES[name]][-1]:.4f}", flush=True)
        record("ch-snn-784-800-spikes", SEEDS[:number], found, 100)
    assert np.mean(found["CH-SNN"]) > np.mean(found["static"])


def test_nearly_98_percent_of_the_links_are_not_needed(data_folder):
    found = compared("ch-snn-two-layers-moved", data_folder, 0.9775, DEEP_RATES, **DEEP)
    assert_as_published(found)


def test_ahead_of_other_rules_with_one_percent_of_the_links(data_folder):
    found = compared("ch-snn-99", data_folder, 0.99, DEEP_RATES, **DEEP)
    for rival in {"set", "rigl", "static"} & found.keys():
        assert np.mean(found["ch_snn"]) > np.mean(found[rival]), rival


def test_spikes_in_brian2_are_those_of_jax(data_folder):
    task = mnist_task(data_folder, 1)
    trained = trained_on(task, 1, sparsity=0.9775, epochs=3)
    differing, n_spikes = differing_spikes(task, trained, 1000)
    assert n_spikes > 0
    assert differing == 0
