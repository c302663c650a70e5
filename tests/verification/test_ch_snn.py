"""Claims of CH-SNN on MNIST, beside a fully connected network, static links, SET, RigL, CHT and CHTs; prints the tables.

Run with ``BIOWORKBENCH_DATA=... pytest -m slow -s tests/verification/test_ch_snn.py``; the published network takes 12 minutes of a core
for a seed, those of two hidden layers half an hour with ``BIOWORKBENCH_EPOCHS=10``. What they gave stands in
``analyses/site/reproduced.md``.

CHT leaves the output layer as it is, so its links have no place to regrow in a sparse one: give all ``sparse_output=False`` to compare
them. In a sparse output layer of 784 neurons a class has 18 links at 97.75 %, and links from spike correlations leave inputs out: half of
the hidden neurons are then on no path from input to output before training begins.
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
