"""Claims about reconstruction: what random witnesses remember, with and without recurrence, and arithmetic digit by digit.

Run with ``python -m pytest -m slow -s tests/verification/test_reconstruction.py``; every test prints its table.
"""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy import sparse

from bioworkbench.discrete import simulate_discrete
from bioworkbench.encoding import as_current
from bioworkbench.methods import reconstruction
from bioworkbench.methods.reconstruction import program
from bioworkbench.neurons import discrete_lif
from bioworkbench.readout.features import FEATURES
from bioworkbench.readout.metrics import chance, raw_linear
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.tasks.images import digits, mnist
from bioworkbench.tasks.sequences import addition, first_last_xor
from tests.methods.grouped import grouped
from tests.verification.records import record, seeds, with_error

SEEDS = seeds(5, first=0)
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


def start(n_channels, shape, leak):
    """One sub-network; every layer of more than one neuron is recurrent."""
    populations, projections, below, width = [], [], "input", n_channels
    for k, size in enumerate(shape):
        populations.append(Population(f"p{k}", size, discrete_lif(leak=leak), layer=k))
        projections.append(Projection(below, f"p{k}", sparse.csr_array(np.ones((width, size)))))
        if size > 1:
            projections.append(Projection(f"p{k}", f"p{k}", sparse.csr_array(np.ones((size, size)))))
        below, width = f"p{k}", size
    return Network(tuple(populations), tuple(projections))


def simulate(network, stimulus, seed):
    return simulate_discrete(network, stimulus)


def accuracy(task, trained):
    recording = simulate(trained.network, task.encode(task.test.values), 0)
    predicted = trained.readout.predictions(FEATURES[trained.feature.kind](recording, **trained.feature.arguments))
    return float((predicted == task.test.targets).mean())


def shown_as_current(task):
    return replace(task, encode=partial(as_current, frame=0.001))


TASKS = {  # name: task by seed, shape and leak of a sub-network, settings
    "first-last XOR, T = 10": (
        partial(first_last_xor, length=10, n_train=400, n_test=500),
        (4, 1),
        0.0,
        {"n_trained": 40, "n_copies": 25, "recurrent_gain": 3.0, "penalties": (0.1,), "epochs": 100, "learning_rate": 0.003},
    ),
    "first-last XOR, T = 20": (
        partial(first_last_xor, length=20, n_train=400, n_test=500),
        (4, 1),
        0.0,
        {"n_trained": 40, "n_copies": 25, "recurrent_gain": 3.0, "penalties": (0.1,), "epochs": 100, "learning_rate": 0.003},
    ),
    "addition in base 3": (
        partial(addition, base=3, n_digits=5, n_train=1000, n_test=1000),
        (2, 1),
        0.0,
        {"n_trained": 40, "n_copies": 25, "recurrent_gain": 1.0, "penalties": (0.001,), "epochs": 40},
    ),
    "addition in base 5": (
        partial(addition, base=5, n_digits=5, n_train=1000, n_test=1000),
        (2, 1),
        0.0,
        {"n_trained": 40, "n_copies": 25, "recurrent_gain": 1.0, "penalties": (0.001,), "epochs": 40},
    ),
    "digits by rows": (
        partial(digits, frames="rows"),
        (1,),
        0.5,
        {"n_trained": 64, "n_copies": 3, "steps": range(8), "leak": (0.2, 0.8), "penalties": (0.01,), "epochs": 40},
    ),
}


_XOR_ARMS = {
    "program after them": "after gradients",
    "surrogate gradients": "gradients alone",
    "random witnesses alone": "1040 random witnesses",
    "with random witnesses": "both",
}
_ADDITION_ARMS = {
    "program after them": "after gradients",
    "surrogate gradients": "gradients alone",
    "random witnesses alone": "random witnesses",
    "raw linear": "raw linear",
}
ROWS = {  # where the page has the scores of a task, and what it calls its arms
    "first-last XOR, T = 10": ("reconstruction-xor-10", _XOR_ARMS),
    "first-last XOR, T = 20": ("reconstruction-xor-20", _XOR_ARMS),
    "addition in base 3": ("reconstruction-addition-3", _ADDITION_ARMS),
    "addition in base 5": ("reconstruction-addition-5", _ADDITION_ARMS),
    "digits by rows": (
        "reconstruction-digits-gradients",
        {
            "program after them": "program",
            "surrogate gradients": "gradients",
            "and logistic regression": "program and regression",
            "random witnesses alone": "random witnesses",
            "raw linear": "raw linear",
        },
    ),
}


def run(task, shape, leak, seed, **settings):
    trained = reconstruction.train(
        task,
        start(task.train.n_channels, shape, leak),
        simulate,
        np.random.default_rng(seed),
        **grouped(reconstruction.train, settings),
    )
    last = {name: float(entries[-1]) for name, entries in trained.history.items()}
    score = accuracy(task, trained)
    linear, best = (float((found(task) == task.test.targets).mean()) for found in (raw_linear, chance))
    print(
        f"{task.name:16s} {task.train.n_frames:3d} frames  shape {shape!s:8s} leak {leak}  test {score:.3f}  chance {best:.3f}  "
        f"linear {linear:.3f}  atoms {last['n_atoms']:.0f}  kept {last['n_networks']:.0f}  gap {last['gap']:.1e}",
        flush=True,
    )
    assert last["gap"] <= 1e-6
    return score


@pytest.mark.parametrize("length", [10, 20])
def test_recurrent_threshold_units_remember_the_first_bit_and_leaky_neurons_do_not(length):
    scores = {}
    for shape, leak in (((4, 1), 0.0), ((1,), 0.95)):
        for seed in range(2):
            task = first_last_xor(np.random.default_rng(seed), length=length, n_train=400, n_test=500)
            scores[shape, seed] = run(task, shape, leak, seed, n_gaussian=1000, recurrent_gain=3.0, penalties=(0.1,))
    assert min(scores[(4, 1), seed] for seed in range(2)) > 0.98
    assert max(scores[(1,), seed] for seed in range(2)) < 0.85


@pytest.mark.parametrize(("base", "least"), [(3, 0.95), (5, 0.88)])
def test_addition_digit_by_digit(base, least):
    task = addition(np.random.default_rng(0), base=base, n_digits=5, n_train=1000, n_test=1000)
    assert run(task, (2, 1), 0.0, 0, n_gaussian=3000, recurrent_gain=1.0, penalties=(0.001,)) > least


@pytest.mark.usefixtures("data_folder")
@pytest.mark.parametrize("frames", ["rows", "columns"])
def test_sequential_mnist(frames, solved_once):
    """One leaky neuron per sub-network, read at every row but the first three, which are empty.

    Copies and the penalty of the logistic regression were chosen on 5000 validation images of seed 0: without copies 0.9538, 0.9584,
    0.9626 and 0.9636 with 1e-4, 1e-3, 3e-3 and 1e-2; with two noisy copies of each and 1e-2 0.9648. As many random witnesses beside,
    3e-4: 0.9574. Surrogate gradients have 0.9634 there.
    """
    settings = {"leak": (0.2, 0.8), "steps": range(3, 28), "penalties": (0.0003,), "n_gaussian": 0}
    trained = settings | {"n_trained": 60, "n_copies": 2, "epochs": 3, "batch_size": 128}
    ways = {
        "surrogate gradients": trained | {"convex": False},
        "program after them": trained,
        "and logistic regression": trained | {"refit": 1e-2},
        "random witnesses alone": settings | {"n_gaussian": 60},
    }
    found = {way: [] for way in [*ways, "raw linear"]}
    for seed in SEEDS:
        task = shown_as_current(mnist(np.random.default_rng(seed), frames=frames))
        for way, given in ways.items():
            made = reconstruction.train(
                task, start(28, (1,), 0.5), simulate, np.random.default_rng(seed), **grouped(reconstruction.train, given)
            )
            found[way].append(accuracy(task, made))
            print(f"MNIST by {frames}, seed {seed}: {way:28s} {found[way][-1]:.4f} {made.history.get('gap')}", flush=True)
        found["raw linear"].append(float((raw_linear(task) == task.test.targets).mean()))
    named = {MNIST_ARMS.get(way, way): scores for way, scores in found.items()}
    for ending, arms in MNIST_ROWS.items():
        record(f"reconstruction-mnist-{frames}{ending}", SEEDS, {arm: named[arm] for arm in arms}, 100)
    for way, scores in found.items():
        print(f"MNIST by {frames}: {way:28s} {with_error(scores)}", flush=True)
    gain = np.subtract(found["and logistic regression"], found["surrogate gradients"])
    print(f"MNIST by {frames}: gain {with_error(gain)}")
    assert np.mean(found["program after them"]) >= 0.925
    assert np.mean(found["and logistic regression"]) > np.mean(found["program after them"])


MNIST_ARMS = {
    "surrogate gradients": "gradients",
    "program after them": "program",
    "and logistic regression": "program and regression",
    "random witnesses alone": "random witnesses",
}


MNIST_ROWS = {"": ("program", "gradients", "random witnesses", "raw linear"), "-refit": ("program and regression", "gradients")}


def remember(monkeypatch, module, name, key):
    """Let a function of a module compute once what has the same key."""
    known, original = {}, getattr(module, name)

    def remembered(*given, **settings):
        place = key(*given, **settings)
        if place not in known:
            known[place] = original(*given, **settings)
        return known[place]

    monkeypatch.setattr(module, name, remembered)


def training_of(networks, _, __, seed, *, readout=None, **___):
    """What tells one gradient training from another: first weights, order of the trials, and whether it starts from a solution."""
    return seed, readout is None, networks.layers[0].weights.tobytes()


@pytest.fixture
def trained_once(monkeypatch):
    """Trains networks of the same start once: surrogate gradients alone and the program after them share what was trained."""
    remember(monkeypatch, reconstruction, "_train_parallel", training_of)


@pytest.fixture
def solved_once(monkeypatch, trained_once):
    """The same for the program, which the output weights fitted once more share."""
    remember(monkeypatch, program, "sparse_coefficients", lambda patterns, _, penalty, **__: (patterns.sum(0).tobytes(), penalty))


@pytest.mark.parametrize("name", TASKS)
def test_the_program_after_surrogate_gradients_is_better_than_surrogate_gradients_alone(name, solved_once):
    """The same trained sub-networks: with their own readout, with noisy copies as a dictionary, and what else the row shows."""
    maker, shape, leak, settings = TASKS[name]
    row, arms = ROWS[name]
    n_random = settings["n_trained"] * (1 + settings["n_copies"])
    every = {
        "surrogate gradients": settings | {"n_gaussian": 0, "convex": False},
        "program after them": settings | {"n_gaussian": 0},
        "and logistic regression": settings | {"n_gaussian": 0, "refit": 1e-2},
        "with random witnesses": settings | {"n_gaussian": n_random},
        "random witnesses alone": settings | {"n_trained": 0, "n_gaussian": n_random},
    }
    ways = {way: given for way, given in every.items() if way in arms}
    found = {way: [] for way in [*ways, "raw linear", "chance"]}
    for seed in SEEDS:
        task = shown_as_current(maker(np.random.default_rng(seed)))
        for way, given in ways.items():
            trained = reconstruction.train(
                task,
                start(task.train.n_channels, shape, leak),
                simulate,
                np.random.default_rng(seed),
                **grouped(reconstruction.train, given),
            )
            found[way].append(accuracy(task, trained))
            if "gap" in trained.history:
                kept, gap = trained.history["n_networks"][-1], trained.history["gap"][-1]
                print(f"{name}, seed {seed}, {way}: {found[way][-1]:.4f}, kept {kept} of {n_random}, gap {gap:.1e}", flush=True)
                assert gap <= 1e-6
        for label, baseline in (("raw linear", raw_linear), ("chance", chance)):
            found[label].append(float((baseline(task) == task.test.targets).mean()))
    record(row, SEEDS, {arm: found[way] for way, arm in arms.items()}, 100)
    for way, scores in found.items():
        print(f"{name}: {way:28s} {with_error(scores)}", flush=True)
    gain = np.subtract(found["program after them"], found["surrogate gradients"])
    print(f"{name}: gain {with_error(gain)}")
    assert gain.mean() > 0
