"""Claims about S-SWIM: sampling laws against each other and against linear baselines.

Run with ``python -m pytest -m slow -s tests/verification/test_s_swim.py``; every test prints its table. RSE is that of the absolute,
standardised values, whichever task a row was trained on. Everything was chosen on the validation part.
"""

import time
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy import sparse

from bioworkbench.encoding import as_current
from bioworkbench.evaluation import last_value, mean_and_error, raw_linear, rse
from bioworkbench.features import FEATURES
from bioworkbench.methods import s_swim
from bioworkbench.network import Network, Population, Projection
from bioworkbench.neurons.spike_response import spike_response
from bioworkbench.spike_response import simulate_spike_response
from bioworkbench.tasks.series import etth1, exchange_rate

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("data_folder"), pytest.mark.timeout(3600)]

SERIES = {"etth1": etth1, "exchange_rate": exchange_rate}
FRAME, PER_FRAME, PATCH = 0.008, 8, 24
SAMPLERS = {  # label: settings
    "pairs": {},
    "uniform pairs": {"sampling": "uniform"},
    "uniform pairs, raw differences": {"sampling": "uniform", "metric": "l2"},
    "pairs as in SWIM": {"metric": "l2", "contrast": "largest", "sharpness": 1.0, "spread": None, "offset": 0.0},
    "isotropic, same scale": {"sampling": "isotropic"},
    "random": {"sampling": "random"},
}


def forecast(name, *, horizon=24, stride=2, relative=True, patch=PATCH, history=96):
    """Task whose windows are shown a day (24 rows) at a time."""
    task = SERIES[name](np.random.default_rng(0), history=history, horizon=horizon, stride=stride, relative=relative)
    return replace(task, encode=partial(as_current, frame=FRAME, patch=patch))


def start(task, size, patch=PATCH):
    populations = (Population("hidden", size, spike_response(sigma=2.0)),)
    return Network(
        populations, (Projection("input", "hidden", sparse.csr_array(np.ones((task.train.n_channels * patch, size)))),)
    )


def simulate(network, stimulus, seed):
    return simulate_spike_response(network, stimulus, seed, dt=FRAME / PER_FRAME)


def outputs(task, trained, part):
    recording = simulate(trained.network, task.encode(task.parts[part].values), 0)
    return trained.readout.outputs(FEATURES[trained.feature.kind](recording, ["hidden"], **trained.feature.arguments))


def absolute_error(name, task, predicted, part, **settings):
    """RSE of predictions relative to the last row, in absolute values."""
    given = forecast(name, relative=False, **settings).parts[part]
    last = np.tile(given.values[:, -1], task.n_outputs // task.train.n_channels)
    return rse(predicted + last, given.targets)


def sampled(name, task, size, seed, settings, **task_settings):
    """Validation error, test error and seconds of one sampled network."""
    began = time.perf_counter()
    trained = s_swim.train(task, start(task, size), simulate, np.random.default_rng(seed), steps_per_frame=PER_FRAME, **settings)
    seconds = time.perf_counter() - began
    errors = [absolute_error(name, task, outputs(task, trained, part), part, **task_settings) for part in ("validation", "test")]
    return *errors, seconds


def compare(name, samplers, *, size=256, n_seeds=5, **task_settings):
    """Errors by sampler and seed, and a printed table with paired differences from the first sampler."""
    task, raw = forecast(name, **task_settings), forecast(name, relative=False, **task_settings)
    print(f"\n{name}, {size} neurons, {n_seeds} seeds, {task.train.n_trials} training windows, {task_settings}")
    print(f"{'last value':34s} test {rse(last_value(raw), raw.test.targets):.4f}")
    print(f"{'linear ridge, raw window':34s} test {rse(raw_linear(raw), raw.test.targets):.4f}")
    print(
        f"{'linear ridge, relative window':34s} test {absolute_error(name, task, raw_linear(task), 'test', **task_settings):.4f}"
    )
    found, first = {}, None
    for label, settings in samplers.items():
        runs = np.array([sampled(name, task, size, seed, settings, **task_settings) for seed in range(n_seeds)])
        found[label], first = runs, label if first is None else first
        line = " ".join(
            f"{part} {m:.4f} +- {e:.4f}" for part, (m, e) in zip(("val", "test"), map(mean_and_error, runs.T[:2]), strict=True)
        )
        if label != first:
            mean, error = mean_and_error(found[first][:, 1] - runs[:, 1])
            line += f"   {first} minus this: {mean:+.4f} +- {error:.4f} ({mean / error:+.1f} s.e.)"
        print(f"{label:34s} {line}   {runs[:, 2].mean():.1f} s", flush=True)
    return found


def test_samplers_on_etth1():
    """Sharply weighted, decorrelated pairs beat uniform pairs of raw differences and the linear fit of raw windows."""
    found = compare("etth1", SAMPLERS)
    assert found["pairs"][:, 1].mean() < found["uniform pairs, raw differences"][:, 1].mean()
    raw = forecast("etth1", relative=False)
    assert found["pairs"][:, 1].mean() < rse(raw_linear(raw), raw.test.targets)


def test_samplers_on_exchange_rate():
    """Close to a random walk: all samplers end within 0.005 of each other."""
    found = compare("exchange_rate", SAMPLERS, size=128)
    means = [runs[:, 1].mean() for runs in found.values()]
    assert max(means) - min(means) < 0.005
