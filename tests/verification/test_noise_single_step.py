"""Claims of noise-based single-step training, on MNIST, each beside what it is compared with; prints the tables.

Run with ``BIOWORKBENCH_DATA=... pytest -m slow -s tests/verification/test_noise_single_step.py``; about an hour on two cores.
"""

import time

import numpy as np
import pytest

from bioworkbench.methods.noise_single_step import train
from tests.verification.mnist_chains import (
    CONVOLUTIONS,
    N_STEPS,
    accuracy_in_brian2,
    accuracy_in_jax,
    dense_network,
    differing_spikes,
    empty_network,
    in_brian2,
    mean_and_error,
    mnist_task,
    table,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]

SEEDS = (1, 2, 3)
SIZES = (784, 500, 500)
SETTINGS = {"epochs": 30, "image": (28, 28, 1), "shift": 1}
STEPS = (1, 2, 4, 8, 16, 32, 64)
VARIANTS = {
    "single step, Gaussian noise": {},
    "single step, mean without noise": {"noise": "none", "noise_mean": 0.5},
    "single step, no noise": {"noise": "none"},
    "multi-step surrogate, T = 8": {"training": "multi_step", "n_steps": 8},
    "conversion, max norm": {"training": "conversion", "normalization": "max", "half_start": False},
    "conversion, 99.9 % norm": {"training": "conversion", "half_start": False},
    "conversion, 99.9 % norm, half start": {"training": "conversion"},
}


def trained_on(task, seed, **settings):
    """A dense network of `SIZES`, trained."""
    return train(task, dense_network(SIZES, seed), in_brian2, np.random.default_rng(seed), **(SETTINGS | settings))


def seconds_to(history, level):
    """Training time until the validation score first reaches a level."""
    reached = np.flatnonzero(history["score"] >= level)
    return float(history["seconds"][: reached[0] + 1].sum()) if reached.size else float("inf")


def first_reaching(by_steps, level):
    """Fewest steps with at least that accuracy."""
    return next((n for n, value in by_steps.items() if value >= level), None)


def test_dense_network_and_its_rivals(data_folder):
    found = {name: [] for name in VARIANTS}
    history = {name: [] for name in VARIANTS}
    for seed in SEEDS:
        task = mnist_task(data_folder, seed)
        for name, settings in VARIANTS.items():
            trained = trained_on(task, seed, **settings)
            found[name].append({n: accuracy_in_jax(task, trained, n) for n in STEPS})
            history[name].append(trained.history)
    rows = [[name, *(mean_and_error([run[n] for run in runs]) for n in STEPS)] for name, runs in found.items()]
    table("Test accuracy, %, by number of steps", rows, ["training", *(f"T = {n}" for n in STEPS)])
    _report_times(history)
    _report_steps(found)
    noisy = found["single step, Gaussian noise"]
    assert np.mean([run[1] for run in noisy]) >= 0.985
    assert abs(np.mean([run[N_STEPS] - run[1] for run in noisy])) <= 0.001
    bare = found["single step, no noise"]
    assert np.mean([run[16] for run in bare]) < np.mean([run[16] for run in noisy])


def _report_times(history):
    pairs = zip(history["single step, Gaussian noise"], history["multi-step surrogate, T = 8"], strict=True)
    rows, shares = [], []
    for single, multi in pairs:
        level = min(single["score"].max(), multi["score"].max())
        times = seconds_to(single, level), seconds_to(multi, level)
        shares.append(1 - times[0] / times[1])
        rows.append([f"{100 * level:.2f}", *times, 100 * shares[-1]])
    table("Seconds until both reach the same validation accuracy", rows, ["accuracy, %", "single step", "T = 8", "less, %"])
    assert np.mean(shares) >= 0.65


def _report_steps(found):
    level = np.mean([run[1] for run in found["single step, Gaussian noise"]])
    rows = []
    for name in (name for name in found if name.startswith("conversion")):
        mean = {n: float(np.mean([run[n] for run in found[name]])) for n in STEPS}
        rows.append([name, first_reaching(mean, level), first_reaching(mean, level - 0.001)])
    table("Steps that conversion needs for what one step gives", rows, ["", "the same", "0.1 points less"])
    assert all(row[2] is None or row[2] >= 4 for row in rows)


def test_dense_network_in_brian2(data_folder):
    rows = []
    for seed in SEEDS:
        task = mnist_task(data_folder, seed)
        trained = trained_on(task, seed)
        one, many = (accuracy_in_brian2(task, trained, n) for n in (1, N_STEPS))
        differing, n_spikes = differing_spikes(task, trained, 1000)
        rows.append([seed, 100 * one, 100 * many, differing, n_spikes])
        assert differing == 0
    table("Dense network in Brian2", rows, ["seed", "T = 1, %", "T = 8, %", "differing spikes of 1000 images", "spikes"])
    assert np.mean([row[2] for row in rows]) >= 98.5
    assert abs(np.mean([row[2] - row[1] for row in rows])) <= 0.1


def test_convolutional_network_in_brian2(data_folder):
    rows = []
    for seed in SEEDS:
        task = mnist_task(data_folder, seed)
        network, began = empty_network((784, 6272, 3136)), time.perf_counter()
        trained = train(task, network, in_brian2, np.random.default_rng(seed), **(SETTINGS | CONVOLUTIONS))
        seconds = time.perf_counter() - began
        one, many = (accuracy_in_brian2(task, trained, n, block=250) for n in (1, N_STEPS))
        rows.append([seed, 100 * one, 100 * many, seconds])
    table("Convolutional network in Brian2", rows, ["seed", "T = 1, %", "T = 8, %", "seconds of training"])
    assert np.mean([row[2] for row in rows]) >= 99.2
    assert abs(np.mean([row[2] - row[1] for row in rows])) <= 0.1
