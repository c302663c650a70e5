"""What no method can learn from ends in an error that names it: classes without training trials, layers without spikes."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy import sparse

from bioworkbench.discrete import simulate_discrete
from bioworkbench.discrete.lif import discrete_lif, soft_reset_if
from bioworkbench.encoding import as_current
from bioworkbench.methods import METHODS
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.tasks import Trials
from bioworkbench.tasks.images import digits
from tests.methods.chains import residual_chain
from tests.methods.grouped import grouped

SIZES = {"h0": 12, "h1": 10}
QUICK = {"epochs": 1, "batch_size": 50}
WAYS = {
    "one noisy step": ("noise_single_step", QUICK),
    "several steps": ("noise_single_step", QUICK | {"training": "multi_step"}),
    "conversion": ("noise_single_step", QUICK | {"training": "conversion"}),
    "CH-SNN": ("ch_snn", QUICK | {"sparsity": 0.5}),
    "RanSNN": ("ransnn", {}),
    "S-SWIM": ("s_swim", {}),
    "reservoir": ("rewired_reservoir", {}),
}
WITNESSES = {
    "program": {"n_gaussian": 20, "penalties": (0.05,)},
    "gradients": {"n_gaussian": 0, "n_trained": 3, "convex": False, "epochs": 1},
    "cross-entropy": {"n_gaussian": 20, "loss": "cross_entropy", "penalties": (0.5,), "tolerance": 0.1},
}


def simulate(network, stimulus, seed):
    return simulate_discrete(network, stimulus)


def task_of(missing=None, frames="whole", n_steps=4):
    """200 small images; of one class there may be no training trial."""
    task = digits(np.random.default_rng(0), n_train=200, n_test=50, frames=frames)
    task = replace(task, encode=partial(as_current, frame=n_steps * 0.001))
    return task if missing is None else replace(task, train=task.train.take(np.flatnonzero(task.train.targets != missing)))


def chain(models):
    rng = np.random.default_rng(1)
    populations = tuple(
        Population(name, size, models.get(name, soft_reset_if()), k) for k, (name, size) in enumerate(SIZES.items())
    )
    shapes = {("input", "h0"): (64, 12), ("h0", "h1"): (12, 10)}
    links = (Projection(*ends, sparse.csr_array(rng.normal(0, (2 / n) ** 0.5, (n, m)))) for ends, (n, m) in shapes.items())
    return Network(populations, tuple(links))


def branch():
    model = discrete_lif(leak=0.5)
    return Network((Population("last", 1, model),), (Projection("input", "last", sparse.csr_array(np.ones((8, 1)))),))


def never(network, stimulus, seed):
    raise AssertionError("nothing must be simulated")


def refused(way, task, match):
    """A method says what is wrong with a task before anything is simulated."""
    name, settings = WAYS[way]
    train = METHODS[name]
    with pytest.raises(ValueError, match=match):
        train(task, chain({}), never, np.random.default_rng(0), **grouped(train, settings))


@pytest.mark.parametrize("missing", [3, 9])
@pytest.mark.parametrize("way", WAYS)
def test_a_class_without_training_trials_is_named(way, missing):
    """The last class too, of which a readout of the training trials alone would know nothing."""
    refused(way, task_of(missing), rf"task 'digits', test: classes \[{missing}\] of 10 have no training trial")


def shown(task, value):
    """The task with the same images in all training trials."""
    return replace(task, train=Trials(np.full_like(task.train.values, value), task.train.targets))


@pytest.mark.parametrize("value", [0.0, 0.5])
@pytest.mark.parametrize("way", WAYS)
def test_images_that_are_all_the_same_are_refused_before_anything_runs(way, value):
    refused(way, shown(task_of(), value), rf"all training trials of task 'digits' have the same values, {value:g} first")


@pytest.mark.parametrize("way", WAYS)
def test_one_training_trial_is_refused_before_anything_runs(way):
    task = task_of()
    one = replace(task, train=task.train.take(slice(1)))
    refused(way, one, "task 'digits' has 1 training trial; at least two with different")


def test_a_class_that_no_part_has_is_left_alone():
    """As of recordings of a few of ten digits."""
    task = task_of(9)
    task = replace(task, test=task.test.take(np.flatnonzero(task.test.targets != 9)))
    trained = METHODS["ransnn"](task, chain({}), simulate, np.random.default_rng(0))
    assert trained.readout.coefficients.shape == (10, 9)


@pytest.mark.parametrize("way", WITNESSES)
def test_reconstruction_names_a_class_without_training_trials(way):
    train, task = METHODS["reconstruction"], task_of(9, "rows", 1)
    with pytest.raises(ValueError, match=r"task 'digits', test: classes \[9\] of 10 have no training trial"):
        train(task, branch(), simulate, np.random.default_rng(0), **grouped(train, WITNESSES[way]))


@pytest.mark.parametrize("silent", ["h0", "h1"])
@pytest.mark.parametrize("way", ["one noisy step", "several steps"])
def test_a_layer_without_spikes_is_named(way, silent):
    name, settings = WAYS[way]
    train = METHODS[name]
    network = chain({silent: discrete_lif(leak=1.0, threshold=1e6)})
    with pytest.raises(ValueError, match=rf"populations? .*{silent}.* (is|are) silent in"):
        train(task_of(), network, simulate, np.random.default_rng(0), **grouped(train, settings))


@pytest.mark.parametrize("way", ["one noisy step", "several steps"])
def test_a_layer_without_spikes_that_a_skip_bypasses_is_a_warning(way):
    """The network answers by the skip alone, and a long training is not lost."""
    name, settings = WAYS[way]
    models = {1: {"leak": 1.0, "threshold": 1e6}}
    network = residual_chain((64, 12, 12, 12), 1.0, [(0, 2)], start=0.0)
    populations = [replace(p, model=discrete_lif(**models.get(p.layer, {"leak": 1.0}))) for p in network.populations]
    network, train = replace(network, populations=tuple(populations)), METHODS[name]
    with pytest.warns(RuntimeWarning, match="populations h1 are silent in 200 trials; only skips bypass them"):
        trained = train(task_of(), network, simulate, np.random.default_rng(0), **grouped(train, settings))
    assert trained.history["simulated_rate"][1] == 0 < trained.history["simulated_rate"][2]


def test_silence_before_a_skip_or_behind_it_is_an_error():
    train = METHODS["noise_single_step"]
    for silent in (0, 2):
        network = residual_chain((64, 12, 12, 12), 1.0, [(0, 2)], start=0.0)
        models = [discrete_lif(leak=1.0, threshold=1e6 if k == silent else 1.0) for k in range(3)]
        populations = [replace(p, model=model) for p, model in zip(network.populations, models, strict=True)]
        with pytest.raises(ValueError, match=rf"populations .*h{silent}.* are silent in 200 trials; raise weights or input"):
            train(
                task_of(),
                replace(network, populations=tuple(populations)),
                simulate,
                np.random.default_rng(0),
                **grouped(train, QUICK),
            )


@pytest.mark.parametrize("silent", ["h0", "h1"])
def test_frozen_layers_without_spikes_are_named(silent):
    network = chain({silent: discrete_lif(leak=1.0, threshold=1e6)})
    with pytest.raises(ValueError, match=r"none of the 10 features varies over 200 trials; are the neurons silent\?"):
        METHODS["ransnn"](task_of(), network, simulate, np.random.default_rng(0))


@pytest.mark.parametrize("way", ["one noisy step", "several steps", "conversion", "CH-SNN"])
@pytest.mark.parametrize("shape", [(28, 28, 1), (8, 4, 1)])
def test_images_of_another_size_are_refused(way, shape):
    """Also where trials could be cut into images of that size, which would only mix them up."""
    name, settings = WAYS[way]
    train, moved = METHODS[name], {"images.shape": shape, "images.shift": 1}
    with pytest.raises(ValueError, match=r"shape = .*: an image has \d+ values, and the input 64 channels"):
        train(task_of(), chain({}), simulate, np.random.default_rng(0), **grouped(train, settings | moved))


LATE = {
    "patience": ({"patience": 3}, "patience = 3: nothing is scored without validation trials"),
    "checkpoint": ({"checkpoint": "nowhere/run.npz"}, "checkpoint = 'nowhere/run.npz': folder .* is missing"),
    "batch": ({"batch_size": 500}, "batch_size = 500 exceeds the 200 training trials"),
    "images": ({"images.shape": (7, 8, 1), "images.shift": 1}, "shape = .*: an image has 56 values"),
}


@pytest.mark.parametrize("what", LATE)
@pytest.mark.parametrize("way", ["one noisy step", "CH-SNN"])
def test_trainings_that_cannot_start_are_refused_before_a_step(way, what):
    """So that `bioworkbench check` knows, which simulates nothing."""
    (name, settings), (changes, words) = WAYS[way], LATE[what]
    train = METHODS[name]
    with pytest.raises(ValueError, match=words):
        train(task_of(), chain({}), never, np.random.default_rng(0), **grouped(train, settings | changes))


@pytest.mark.parametrize("sparsity", [1.0, 0.9999])
def test_layers_without_links_are_refused_before_a_step(sparsity):
    train = METHODS["ch_snn"]
    with pytest.raises(ValueError, match=rf"sparsity = {sparsity} leaves a layer from 64 to 12 neurons without a link"):
        train(task_of(), chain({}), never, np.random.default_rng(0), **grouped(train, QUICK | {"sparsity": sparsity}))
