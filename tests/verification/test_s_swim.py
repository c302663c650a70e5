"""Claims about S-SWIM: sampling distributions against each other and against linear baselines.

Run with ``python -m pytest -m slow -s tests/verification/test_s_swim.py``; every test prints its table. RSE is that of the absolute,
standardized values, whichever task a row was trained on. Everything was chosen on the validation part.
"""

import itertools
import time
from dataclasses import replace
from functools import cache, partial
from itertools import pairwise

import numpy as np
import pytest
from scipy import sparse

from bioworkbench.discrete.spike_response import spike_response
from bioworkbench.discrete.spike_response_layers import simulate_spike_response
from bioworkbench.encoding import as_current
from bioworkbench.methods import s_swim
from bioworkbench.readout.fitting import linear_problem
from bioworkbench.readout.metrics import last_value, raw_linear, rse
from bioworkbench.readout.trials import beside_input, features_of
from bioworkbench.records.averages import mean_and_error
from bioworkbench.records.choice import Choice
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.tasks.time_series import etth1, exchange_rate, series
from tests.methods.grouped import grouped
from tests.verification.records import record, seeds, with_error

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("data_folder"), pytest.mark.timeout(3600)]


def national_illness(rng, **settings):
    """Weekly counts of an influenza-like illness, seven columns."""
    return series(rng, file="national_illness.csv.gz", **settings)


SERIES = {"etth1": etth1, "exchange_rate": exchange_rate, "national_illness": national_illness}
FRAME, PER_FRAME, PATCH = 0.008, 8, 24
SAMPLERS = {  # label: settings
    "pairs": {},
    "uniform pairs": {"sampling": "uniform"},
    "uniform pairs, raw differences": {"sampling": "uniform", "metric": "l2"},
    "pairs as in SWIM": {
        "metric": "l2",
        "contrast": "largest",
        "sharpness": 1.0,
        "spread": None,
        "offset": 0.0,
        "bundle": 1,
    },
    "isotropic, same scale": {"sampling": "isotropic"},
    "random": {"sampling": "random"},
}
WITH_PATH = {
    name: SAMPLERS[name] | {"skip": True} for name in ("pairs", "uniform pairs", "random")
}  # a linear path beside the spikes
LABELS = {"random": "random weights"}
SEEDS = seeds(5, first=0)
RANDOM_START = {"sampling": "random", "learning_rate": 4e-3}
SAMPLED_START = {"learning_rate": 1e-3}
HYPOTHESES = {  # label: what is changed, one at a time
    "1 raw differences": {"metric": "l2"},
    "1 metric of least entropy": {"metric": "least_entropy"},
    "2 kernels of 1 to 8 steps": {"sigma": (1.0, 8.0)},
    "2 delays of up to 8 steps": {"tau_max": 8},
    "3 2000 candidates": {"n_candidates": 2000},
    "3 80 000 candidates": {"n_candidates": 80_000},
    "4 read at the end only": {"feature": Choice("filtered_spikes", {"tau": 2 * FRAME})},
    "4 read as counts": {"feature": Choice("spike_counts", {})},
    "5 offset 0": {"offset": 0.0},
    "5 spread 3": {"spread": 3.0},
    "5 spike cost -1": {"times.cost": -1.0},
    "6 one pair per neuron": {"bundle": 1},
    "6 sixteen pairs per neuron": {"bundle": 16},
}


@cache
def forecast(name, *, horizon=24, stride=2, relative=True, patch=PATCH, history=96):
    """Task whose windows are shown a day (24 rows) at a time."""
    task = SERIES[name](np.random.default_rng(0), history=history, horizon=horizon, stride=stride, relative=relative)
    return replace(task, encode=partial(as_current, frame=FRAME, patch=patch))


def start(task, size, patch=PATCH, n_layers=1):
    """Layers of `size` neurons in all, each with all links from the one before; weights are those that a method draws."""
    populations = tuple(Population(f"hidden_{k}", size // n_layers, spike_response(sigma=2.0), k) for k in range(n_layers))
    sizes = {"input": task.train.n_channels * patch} | {population.name: population.size for population in populations}
    every = (Projection(*ends, sparse.csr_array(np.ones((sizes[ends[0]], sizes[ends[1]])))) for ends in pairwise(sizes))
    return Network(populations, tuple(every))


def simulate(network, stimulus, seed):
    return simulate_spike_response(network, stimulus, seed, dt=FRAME / PER_FRAME)


def outputs(task, trained, part):
    recording = simulate(trained.network, task.encode(task.parts[part].values), 0)
    found = features_of(recording, trained.feature)
    return trained.readout.outputs(beside_input(found, task.encode(task.parts[part].values)) if trained.skip else found)


def absolute_error(name, task, predicted, part, **settings):
    """RSE of predictions relative to the last row, in absolute values."""
    given = forecast(name, relative=False, **settings).parts[part]
    last = np.tile(given.values[:, -1], task.n_outputs // task.train.n_channels)
    return rse(predicted + last, given.targets)


def sampled(name, task, size, seed, settings, **task_settings):
    """Validation error, test error and seconds of one sampled network; its settings may name the number of layers."""
    began, settings = time.perf_counter(), dict(settings)
    trained = s_swim.train(
        task,
        start(task, size, task_settings.get("patch", PATCH), settings.pop("n_layers", 1)),
        simulate,
        np.random.default_rng(seed),
        **grouped(s_swim.train, settings),
    )
    seconds = time.perf_counter() - began
    errors = [absolute_error(name, task, outputs(task, trained, part), part, **task_settings) for part in ("validation", "test")]
    return *errors, seconds


def validated_ridge(name, task, **task_settings):
    """Validation and test error of ridge regression of relative windows whose penalty is chosen as that of S-SWIM is."""
    seen = {part: task.parts[part].values.reshape(task.parts[part].n_trials, -1) for part in ("train", "validation", "test")}
    problem = linear_problem(seen["train"], task.train.targets)
    readout, _ = s_swim._ridge(problem, seen["validation"], task.validation.targets, s_swim.PENALTIES)
    return [absolute_error(name, task, readout.outputs(seen[part]), part, **task_settings) for part in ("validation", "test")]


def compare(name, samplers, *, size=256, of_seeds=SEEDS, row=None, **task_settings):
    """Errors by sampler and seed, and a printed table with paired differences from the first sampler."""
    task, raw = forecast(name, **task_settings), forecast(name, relative=False, **task_settings)
    print(f"\n{name}, {size} neurons, {len(of_seeds)} seeds, {task.train.n_trials} training windows, {task_settings}")
    print(f"{'last value':34s} test {rse(last_value(raw), raw.test.targets):.4f}")
    print(f"{'linear ridge, raw window':34s} test {rse(raw_linear(raw), raw.test.targets):.4f}")
    print(
        f"{'linear ridge, relative window':34s} test {absolute_error(name, task, raw_linear(task), 'test', **task_settings):.4f}"
    )
    print("{:34s} val  {:.4f} test {:.4f}".format("the same, validated penalty", *validated_ridge(name, task, **task_settings)))
    found, first = {}, None
    for label, settings in samplers.items():
        runs = np.array([sampled(name, task, size, seed, settings, **task_settings) for seed in of_seeds])
        found[label], first = runs, label if first is None else first
        line = " ".join(
            f"{part} {m:.4f} +- {e:.4f}" for part, (m, e) in zip(("val", "test"), map(mean_and_error, runs.T[:2]), strict=True)
        )
        if label != first:
            mean, error = mean_and_error(found[first][:, 1] - runs[:, 1])
            line += f"   {first} minus this: {mean:+.4f} +- {error:.4f} ({mean / error:+.1f} s.e.)"
        print(f"{label:34s} {line}   {runs[:, 2].mean():.1f} s", flush=True)
    if row is not None:
        beside = baselines(name, task, raw, len(of_seeds), **task_settings)
        record(row, of_seeds, {LABELS.get(label, label): runs[:, 1] for label, runs in found.items()} | beside)
    return found


def baselines(name, task, raw, n, **task_settings):
    """Test errors that no seed changes: the last value, and ridge regression, of relative windows the better of two penalties."""
    relative = [
        validated_ridge(name, task, **task_settings)[1],
        absolute_error(name, task, raw_linear(task), "test", **task_settings),
    ]
    found = {"last value": last_value(raw), "ridge of raw windows": raw_linear(raw)}
    errors = {label: rse(predicted, raw.test.targets) for label, predicted in found.items()} | {"ridge": min(relative)}
    return {label: [error] * n for label, error in errors.items()}


@pytest.mark.parametrize("size", [48, 128, 256])
def test_samplers_on_etth1(size):
    """Sharply weighted, decorrelated pairs beat uniform pairs of raw differences and the linear fit of raw windows.

    With 256 neurons they are 6.3 standard errors ahead of uniform pairs and 5.5 ahead of random weights.
    """
    found = compare("etth1", SAMPLERS, size=size, stride=3, row="s-swim-etth1" if size == 256 else None)
    assert found["pairs"][:, 1].mean() < found["uniform pairs, raw differences"][:, 1].mean()
    raw = forecast("etth1", relative=False, stride=3)
    assert size < 128 or found["pairs"][:, 1].mean() < rse(raw_linear(raw), raw.test.targets)


def ahead_of_ridge(name, found, **settings):
    """Mean test error of pairs below that of the best ridge regression, and its standard error."""
    fixed = baselines(name, forecast(name, **settings), forecast(name, relative=False, **settings), 1, **settings)
    ridge = min(fixed["ridge"] + fixed["ridge of raw windows"])
    mean, error = mean_and_error(found["pairs"][:, 1])
    print(f"{name}: pairs {ridge - mean:+.4f} +- {error:.4f} ahead of ridge {ridge:.4f}")
    return ridge - mean, error


def test_a_linear_path_puts_etth1_ahead_of_ridge():
    """All training windows; with them pairs and uniform pairs are level, random weights behind."""
    found = compare("etth1", WITH_PATH, stride=1, row="s-swim-path-etth1")
    ahead, error = ahead_of_ridge("etth1", found, stride=1)
    assert found["pairs"][:, 1].mean() <= 0.640
    assert ahead > 3 * error
    assert found["pairs"][:, 1].mean() < found["random"][:, 1].mean()


def test_with_few_windows_a_linear_path_is_level_with_ridge():
    """A third of the windows and half of the neurons; pairs stay ahead of random weights."""
    settings = {"stride": 3, "size": 128}
    found = compare("etth1", WITH_PATH, row="s-swim-path-etth1-few", **settings)
    ahead, error = ahead_of_ridge("etth1", found, stride=3)
    assert abs(ahead) < 2 * error
    assert found["pairs"][:, 1].mean() < found["random"][:, 1].mean()


def test_a_linear_path_puts_national_illness_ahead_of_ridge():
    """Half a year of weeks in, 24 weeks asked; the number of neurons, of 24, 64, 128, 256 and 512, is that of least validation error."""
    settings = {"stride": 1, "history": 36, "horizon": 24, "patch": 12}
    found = compare("national_illness", WITH_PATH, row="s-swim-path-illness", **settings)
    ahead, error = ahead_of_ridge("national_illness", found, **settings)
    assert ahead > 2 * error


def test_samplers_on_exchange_rate():
    """Close to a random walk: all samplers end within 0.005 of each other."""
    found = compare("exchange_rate", SAMPLERS, size=128, stride=3, row="s-swim-exchange-rates")
    means = [runs[:, 1].mean() for runs in found.values()]
    assert max(means) - min(means) < 0.005


SETS = {"etth1": {"stride": 3}, "national_illness": {"stride": 1, "history": 36, "horizon": 24, "patch": 12}}
KERNELS = {"sigma": [(1.0, 3.0), (1.0, 8.0)]}
SEARCHED = {  # sampler: what is searched, four settings for each
    "pairs": KERNELS | {"spread": [1.5, 3.0]},
    "uniform pairs": KERNELS | {"spread": [1.5, 3.0]},
    "random": KERNELS | {"times.cost": [-2.0, -1.0]},
}


def best_validated(name, sampler, given, **task_settings):
    """Settings of a sampler with the least validation error for a seed that is not used again."""
    task, grid = forecast(name, **task_settings), SEARCHED[sampler]
    tried = [given | dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    errors = [sampled(name, task, 256, 9, settings, **task_settings)[0] for settings in tried]
    print(f"{name}, {sampler}: {[f'{error:.4f}' for error in errors]}, chosen {tried[int(np.argmin(errors))]}", flush=True)
    return tried[int(np.argmin(errors))]


@pytest.mark.parametrize("name", SETS)
def test_samplers_with_settings_of_their_own(name):
    """The search that pairs get, for every sampler: spikes alone on ETTh1, a linear path beside them on national illness."""
    path = {"skip": True} if name == "national_illness" else {}
    chosen = {sampler: best_validated(name, sampler, SAMPLERS[sampler] | path, **SETS[name]) for sampler in SEARCHED}
    found = compare(name, chosen, row=f"s-swim-own-{name}", **SETS[name])
    assert found["pairs"][:, 1].mean() < found["random"][:, 1].mean()


@pytest.mark.parametrize("name", SETS)
def test_two_layers(name):
    """As many neurons in two layers: the second is sampled from the spikes of the first, and the readout sees both."""
    deep = {"skip": True, "n_layers": 2}
    ways = {"pairs": deep, "random": SAMPLERS["random"] | deep, "one layer": {"skip": True}}
    found = compare(name, ways, row=f"s-swim-two-layers-{name}", **SETS[name])
    assert found["pairs"][:, 1].mean() < found["random"][:, 1].mean()


@pytest.mark.parametrize("name", ["etth1", "exchange_rate"])
def test_details_of_the_sampling_one_by_one(name):
    """None of them makes up more than a few thousandths."""
    found = compare(
        name, {"pairs": {}, "uniform pairs": SAMPLERS["uniform pairs"]} | HYPOTHESES, size=96, of_seeds=range(3), stride=4
    )
    assert np.ptp([runs[:, 0].mean() for runs in found.values()]) < 0.05


def trained(task, seed, **settings):
    """Trained network and the seconds of the processor that it took."""
    began = time.process_time()
    found = s_swim.train(
        task,
        start(task, 128),
        simulate,
        np.random.default_rng(seed),
        **grouped(s_swim.train, settings),
    )
    return found, time.process_time() - began


def test_against_surrogate_gradients_and_as_their_start():
    """Not behind Adam from random weights by more than chance, in less time; and from sampled weights Adam needs half the steps."""
    task, epochs = forecast("etth1", stride=4), 24
    adam = {"epochs": epochs, "batch_size": 64}
    found = []
    for seed in SEEDS:
        runs = {
            "S-SWIM": trained(task, seed),
            "Adam from random weights": trained(task, seed, solve_first=False, **RANDOM_START, **adam),
            "Adam from S-SWIM": trained(task, seed, **SAMPLED_START, **adam),
        }
        curves = [-run.history["score"] for run, _ in list(runs.values())[1:]]
        reached = np.flatnonzero(curves[1] <= curves[0].min())
        steps = (int(curves[0].argmin()) + 1, int(reached[0]) + 1 if reached.size else epochs + 1)
        errors = [absolute_error("etth1", task, outputs(task, run, "test"), "test", stride=4) for run, _ in runs.values()]
        found.append([*errors, *(seconds for _, seconds in runs.values()), *steps])
        print(
            f"seed {seed}: test RSE {np.round(errors, 4)}, seconds {np.round(found[-1][3:6], 1)}, best of the random start after "
            f"{steps[0]} epochs, reached from S-SWIM after {steps[1]}\n  validation error by epoch {np.round(curves, 4).tolist()}",
            flush=True,
        )
    rows = np.array(found).T
    for label, column in zip([*runs, *(f"seconds {name}" for name in runs), "epochs random", "epochs S-SWIM"], rows, strict=True):
        print(f"{label:34s} {with_error(column)}")
    record("s-swim-adam-error", SEEDS, {"S-SWIM": rows[0], "Adam": rows[1]})
    record("s-swim-start", SEEDS, {"from S-SWIM": rows[7], "half of random start": rows[6] / 2})
    behind, error = mean_and_error(rows[0] - rows[1])
    assert behind <= 2 * error
    assert rows[3].mean() < rows[4].mean() / 3
    assert rows[7].mean() <= rows[6].mean() / 2


def first_epoch(errors, wanted):
    """Number of epochs after which the error is as small as wanted; one more than there are where it never is."""
    reached = np.flatnonzero(errors <= wanted)
    return int(reached[0]) + 1 if reached.size else len(errors) + 1


def test_time_of_tuned_adam_to_the_same_validation_error():
    """Of four rates, then two schedules, those that reach the validation error of S-SWIM soonest, on a seed that is not used again."""
    task, epochs = forecast("etth1", stride=4), 12
    given = {"sampling": "random", "solve_first": False, "epochs": epochs, "batch_size": 64}
    sampled_run, seconds = trained(task, 100)
    aim = float(sampled_run.history["validation_error"].min())
    print(f"S-SWIM {aim:.4f} in {seconds:.1f} s", flush=True)

    def tried(rate, schedule):
        run, seconds = trained(task, 100, learning_rate=rate, schedule=schedule, **given)
        errors, needed = -run.history["score"], first_epoch(-run.history["score"], aim)
        print(f"rate {rate}, {schedule}: {aim:.4f} after {needed} epochs, least {errors.min():.4f}, {seconds:.1f} s", flush=True)
        return needed, float(errors.min())

    rate = min((2.5e-4, 5e-4, 1e-3, 4e-3), key=lambda rate: tried(rate, "cosine"))
    schedule = min(("cosine", "constant"), key=lambda schedule: tried(rate, schedule))
    rows = []
    for seed in SEEDS:
        sampled_run, seconds = trained(task, seed)
        _, before = trained(task, seed, sampling="random")  # what is not training: random weights, two readouts
        run, total = trained(task, seed, learning_rate=rate, schedule=schedule, **given)
        needed = first_epoch(-run.history["score"], float(sampled_run.history["validation_error"].min()))
        errors = [absolute_error("etth1", task, outputs(task, found, "test"), "test", stride=4) for found in (sampled_run, run)]
        rows.append([*errors, seconds, needed, needed * (total - before) / epochs])
        print(f"seed {seed}: test RSE, seconds of S-SWIM, epochs and seconds of Adam: {np.round(rows[-1], 4)}", flush=True)
    for label, column in zip(["RSE S-SWIM", "RSE Adam", "s S-SWIM", "epochs", "s Adam"], np.transpose(rows), strict=True):
        print(f"{label:12s} {with_error(column)}")
    record("s-swim-tuned-adam", SEEDS, {"S-SWIM": np.array(rows)[:, 2], "tenth of Adam's": np.array(rows)[:, 4] / 10})
    print(f"rate {rate}, {schedule}: {np.mean([row[4] / row[2] for row in rows]):.1f} times the seconds of S-SWIM")
    assert max(row[3] for row in rows) <= epochs
