"""Claims about reconstruction: what random witnesses remember, with and without recurrence, and arithmetic digit by digit.

Run with ``python -m pytest -m slow -s tests/verification/test_reconstruction.py``; every test prints its table.
"""

import numpy as np
import pytest
from scipy import sparse

from bioworkbench.discrete import simulate_discrete
from bioworkbench.evaluation import chance, raw_linear
from bioworkbench.features import FEATURES
from bioworkbench.methods import reconstruction
from bioworkbench.network import Network, Population, Projection
from bioworkbench.neurons import discrete_lif
from bioworkbench.tasks.sequences import addition, first_last_xor

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


def run(task, shape, leak, seed, **settings):
    trained = reconstruction.train(
        task, start(task.train.n_channels, shape, leak), simulate, np.random.default_rng(seed), **settings
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
