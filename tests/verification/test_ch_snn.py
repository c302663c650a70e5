"""Claims of CH-SNN on MNIST, beside a fully connected network, static links, SET, RigL, CHT and CHTs; prints the tables.

Run with ``BIOWORKBENCH_DATA=... pytest -m slow -s tests/verification/test_ch_snn.py``; many hours on two cores.
"""

import numpy as np
import pytest

from bioworkbench.methods.ch_snn import BASELINES, train
from bioworkbench.neurons.discrete_time import discrete_lif
from tests.verification.mnist_chains import (
    accuracy_in_jax,
    differing_spikes,
    empty_network,
    in_brian2,
    mean_and_error,
    mnist_task,
    table,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(172_800)]

SEEDS = (1, 2, 3)
SIZES = (784, 1568, 1568)
MODEL = discrete_lif(leak=0.5, reset="zero", strict=True)
SETTINGS = {"epochs": 60, "n_steps": 8, "average": 0.99}
VARIANTS = {"ch_snn": {}, **BASELINES}


def trained_on(task, seed, **settings):
    """A network of `SIZES`, trained."""
    return train(task, empty_network(SIZES, MODEL), in_brian2, np.random.default_rng(seed), **(SETTINGS | settings))


def compared(data_folder, sparsity):
    """Test accuracy of every variant over seeds; prints the table."""
    found, rows = {}, []
    for name, settings in VARIANTS.items():
        runs = []
        for seed in SEEDS:
            task = mnist_task(data_folder, seed)
            trained = trained_on(task, seed, **({"sparsity": sparsity} | settings))
            runs.append((accuracy_in_jax(task, trained, 8), trained.history))
        found[name] = [accuracy for accuracy, _ in runs]
        last = [history for _, history in runs]
        rows.append(
            [
                name,
                mean_and_error(found[name]),
                *(float(np.mean([history[key][-1] for history in last])) for key in ("active_nodes", "node_sparsity")),
                float(np.mean([history["synaptic_operations"][0] for history in last])),
                float(np.mean([history["rewiring_seconds"].max() / history["seconds"].mean() for history in last])),
            ]
        )
    head = ["links", "test accuracy, %", "active nodes", "node sparsity", "synaptic operations", "rewiring / epoch"]
    table(f"MNIST, two hidden layers, {100 * sparsity:.2f} % sparse", rows, head)
    return found


def test_nearly_98_percent_of_the_links_are_not_needed(data_folder):
    found = compared(data_folder, 0.9775)
    assert np.mean(found["ch_snn"]) >= 0.9897
    assert np.mean(found["ch_snn"]) >= np.mean(found["fully_connected"]) + 0.0016


def test_ahead_of_other_rules_with_one_percent_of_the_links(data_folder):
    found = compared(data_folder, 0.99)
    for rival in ("set", "rigl", "static"):
        assert np.mean(found["ch_snn"]) > np.mean(found[rival]), rival


def test_spikes_in_brian2_are_those_of_jax(data_folder):
    task = mnist_task(data_folder, 1)
    trained = trained_on(task, 1, sparsity=0.9775, epochs=3)
    differing, n_spikes = differing_spikes(task, trained, 1000)
    assert n_spikes > 0
    assert differing == 0
