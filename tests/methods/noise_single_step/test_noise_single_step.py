"""Training at a single noisy step: what it learns runs for many steps, and in Brian2 with the same spikes."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy import sparse

from bioworkbench.discrete.layers import chain_skips
from bioworkbench.discrete.lif import discrete_lif
from bioworkbench.discrete.skips import Skip
from bioworkbench.encoding import as_rate
from bioworkbench.gradients import training
from bioworkbench.gradients.chains import feed_forward
from bioworkbench.gradients.training import DivergenceError
from bioworkbench.methods import noise_single_step
from bioworkbench.methods.noise_single_step import _rescaled, train
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.simulation import simulate
from tests.gradients.test_attention import IMAGES, spikformer
from tests.methods.chains import DT, accuracy_on_test, check_spikes, dense_chain, digits_task, in_numpy, residual_chain
from tests.methods.grouped import grouped

SPIKFORMER = replace(IMAGES, pooling=())
SHORT = {"epochs": 6, "average": 0.9, "learning_rate": 4e-3}


def _train(task, network=None, seed=3, **settings):
    network = dense_chain((64, 96, 64)) if network is None else network
    return train(task, network, in_numpy, np.random.default_rng(seed), **grouped(train, SHORT | settings))


@pytest.fixture(scope="module")
def residual():
    """A network trained at one step on digits, to run for eight."""
    return _train(digits_task(8, n_validation=150), epochs=12)


def _accuracy_at(trained, n_steps):
    """Of test trials, for another number of steps than the eight that the readout takes the mean of."""
    readout = replace(trained.readout, coefficients=trained.readout.coefficients * 8 / n_steps)
    return accuracy_on_test(digits_task(n_steps, n_validation=150), replace(trained, readout=readout))


def test_validation_trials_run_for_as_many_steps_as_the_network_will(residual):
    """The best epoch is the one that is best where the network is used, not where it was trained."""
    task = digits_task(8, n_validation=150)
    found = accuracy_on_test(replace(task, test=task.validation), residual)
    assert residual.history["score"].max() == pytest.approx(found, abs=1.5 / 150)


@pytest.mark.slow
def test_what_is_learned_at_one_step_holds_for_many(residual):
    assert residual.history["score"][-1] > 0.88  # chance is 0.1
    for n_steps in (1, 8):
        assert _accuracy_at(residual, n_steps) > 0.88
    assert abs(residual.history["simulated_accuracy"][0] - residual.history["score"][-1]) < 0.08


def test_history_tells_the_course_of_training(residual):
    lengths = {len(residual.history[name]) for name in ("loss", "seconds", "score", "deviation_0", "deviation_1")}
    assert lengths == {12}
    assert residual.history["loss"][-1] < residual.history["loss"][0]
    np.testing.assert_allclose(residual.history["deviation_0"], 12**-0.5, rtol=1e-6)
    assert 0 < residual.history["simulated_rate"].min() <= residual.history["simulated_rate"].max() < 1


def test_trained_network_starts_from_the_mean_of_the_noise_and_has_none(residual):
    for population in residual.network.populations:
        assert population.model.start["v"] == 0.5
        assert "noise_deviation" not in population.model.constants


def test_brian2_and_jax_spike_alike_layer_by_layer(residual):
    check_spikes(digits_task(8, n_validation=150), residual, 8)


@pytest.mark.thorough
def test_fresh_noise_runs_without_memory():
    task = digits_task(16, n_validation=150)
    trained = _train(task, **{"noise.inference": "fresh"})
    for population in trained.network.populations:
        assert population.model.constants["leak"] == 0.0
        assert population.model.constants["noise_deviation"] == pytest.approx(12**-0.5, rel=1e-6)
    assert accuracy_on_test(task, trained) > 0.8


@pytest.mark.thorough
def test_without_noise_memory_costs_accuracy():
    """The reason for the noise; the noisy network loses nothing (`test_what_is_learned_at_one_step_holds_for_many`)."""
    trained = _train(digits_task(8, n_validation=150), epochs=12, **{"noise.kind": "none"})
    assert _accuracy_at(trained, 1) - _accuracy_at(trained, 8) > 0.03


@pytest.mark.parametrize(
    "settings",
    [
        {"training": "multi_step"},
        {"training": "conversion"},
        pytest.param(
            {"training": "conversion", "normalization": "max", "half_start": False, "epochs": 8}, marks=pytest.mark.thorough
        ),
        pytest.param({"noise.kind": "uniform", "noise.backward": "expected"}, marks=pytest.mark.thorough),
        pytest.param({"surrogate": "arctan", "surrogate_width": 0.3}, marks=pytest.mark.thorough),
    ],
    ids=lambda settings: "_".join(map(str, settings.values())),
)
def test_other_trainings_learn_too(settings):
    task = digits_task(8, n_validation=150)
    assert accuracy_on_test(task, _train(task, **settings)) > 0.75


@pytest.mark.slow
def test_noise_follows_its_schedule():
    task = digits_task(4, n_train=300, n_validation=50)
    annealed = _train(task, **{"noise.schedule": "annealed", "noise.deviation": 0.3}).history["deviation_0"]
    assert annealed[0] == pytest.approx(0.3)
    assert (np.diff(annealed) < 0).all()
    learned = _train(task, **{"noise.schedule": "learned", "noise.backward": "expected"})
    assert learned.history["deviation_0"][-1] != learned.history["deviation_0"][0]
    refitted = _train(task, **{"noise.schedule": "refitted"}).history["deviation_1"]
    assert refitted[0] == pytest.approx(12**-0.5)
    assert refitted[-1] != refitted[0]


@pytest.mark.thorough
def test_images_can_be_shifted_and_links_stay_absent():
    rng = np.random.default_rng(1)
    links = sparse.random_array((64, 80), density=0.3, rng=rng, format="csr", data_sampler=lambda size: rng.normal(size=size))
    network = Network((Population("h", 80, discrete_lif(leak=1.0, floor=0.0)),), (Projection("input", "h", links),))
    trained = _train(digits_task(4, n_train=300), network, **{"images.shape": (8, 8, 1), "images.shift": 1})
    assert trained.network.projections[0].n_synapses == links.nnz
    assert "score" not in trained.history


@pytest.mark.slow
def test_convolutional_network_runs_in_brian2():
    model = discrete_lif(leak=1.0, floor=0.0)
    populations = (Population("c", 128, model, 0), Population("d", 40, model, 1))
    network = Network(
        populations,
        (
            Projection("input", "c", sparse.csr_array((64, 128))),
            Projection("c", "d", sparse.csr_array(np.random.default_rng(1).normal(0, 0.12, (128, 40)))),
        ),
    )
    task = digits_task(8, n_validation=100)
    run = partial(simulate, dt=DT, backend="numpy")
    settings = SHORT | {"convolutions": ((8, 3, 2),), "images.shape": (8, 8, 1), "epochs": 10}
    trained = train(task, network, run, np.random.default_rng(3), **grouped(train, settings))
    assert trained.network.projections[0].weights.shape == (64, 128)
    assert trained.history["simulated_accuracy"][0] > 0.8


NORMALIZED = {"convolutions": ((8, 3, 1), (8, 3, 1)), "images.shape": (8, 8, 1), "pooling": (1, 2, 2), "normalized": True}


def _convolved():
    model = discrete_lif(leak=1.0, floor=0.0)
    populations = (Population("c", 512, model, 0), Population("d", 128, model, 1))
    shapes = (("input", "c", (64, 512)), ("c", "d", (512, 128)))
    return Network(populations, tuple(Projection(a, b, sparse.csr_array(shape)) for a, b, shape in shapes))


@pytest.mark.parametrize(("inference", "steps"), [("residual", {8}), ("fresh", {1})])
def test_batch_norm_is_folded_for_the_steps_for_which_the_network_is_judged(inference, steps, monkeypatch):
    """Without memory, what the second convolution sees is the same in each step; with it, potentials add up."""
    seen = []
    real = noise_single_step._folding
    monkeypatch.setattr(noise_single_step, "_folding", lambda model, inputs, n: seen.append(n) or real(model, inputs, n))
    task = digits_task(8, n_train=100, n_validation=20)
    _train(task, _convolved(), **NORMALIZED, **{"epochs": 1, "batch_size": 50, "noise.inference": inference})
    assert set(seen[:1] + seen[2:]) == steps  # the second is of the potentials that are left over in a network with memory


@pytest.mark.parametrize(
    "training", ["single_step", *(pytest.param(name, marks=pytest.mark.slow) for name in ("multi_step", "conversion"))]
)
def test_batch_norm_and_averages_run_as_weights_and_biases(training):
    """What comes back has no batch norm any more; were it lost, the accuracy would be that of chance."""
    more = NORMALIZED | {"training": training, "epochs": 4, "batch_size": 64, "learning_rate": 1e-2}
    trained = _train(digits_task(8, n_validation=100), _convolved(), **more)
    assert np.unique(trained.network.populations[0].model.constants["bias"]).size == 8
    assert trained.readout.coefficients.shape == (128, 10)
    assert trained.history["simulated_accuracy"][0] > 0.6
    assert abs(trained.history["simulated_accuracy"][0] - trained.history["score"].max()) < 0.15


@pytest.mark.slow
def test_same_seed_same_network_and_interruptions_leave_no_trace(tmp_path, monkeypatch):
    task = digits_task(4, n_train=300)
    whole = _train(task, epochs=3)
    path = str(tmp_path / "run.npz")
    saved = training._save

    def stop_after_saving(*arguments):
        saved(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "_save", stop_after_saving)
    with pytest.raises(KeyboardInterrupt, match=""):
        _train(task, epochs=3, checkpoint=path)
    monkeypatch.undo()
    resumed = _train(task, epochs=3, checkpoint=path)
    for one, other in zip(whole.network.projections, resumed.network.projections, strict=True):
        np.testing.assert_array_equal(one.weights.data, other.weights.data)


def test_exploding_training_stops():
    task = digits_task(4, n_train=300)
    with pytest.raises(DivergenceError, match="at update"):
        _train(task, training="conversion", learning_rate=1e30)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"epochs": 0}, "epochs = 0: must be an integer, 1 or more"),
        ({"noise.deviation": -0.1}, "noise.deviation = -0.1"),
        ({"noise.kind": "none", "noise.deviation": 0.1}, "noise.kind = 'none' with noise.deviation = 0.1"),
        ({"noise.kind": "none", "noise.schedule": "refitted"}, "and noise.schedule = 'refitted': there is no noise to deviate"),
        ({"noise.kind": "none", "noise.backward": "expected"}, "need noise"),
        ({"noise.deviation": 0.0, "noise.schedule": "learned"}, "need noise"),
        (
            {"noise.kind": "uniform", "noise.inference": "fresh"},
            "inference = 'fresh' with training = 'single_step' and uniform noise",
        ),
        ({"training": "multi_step", "noise.inference": "fresh"}, "inference = 'fresh' with training = 'multi_step'"),
        ({"images.shift": 1}, "say how the channels form an image"),
        ({"training": "one_step"}, "'one_step' is not a training; did you mean 'single_step'"),
        ({"noise.mean": float("nan")}, "noise.mean has 1 value that is not finite"),
    ],
)
def test_contradictory_settings_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        _train(digits_task(4, n_train=300), **settings)


@pytest.mark.parametrize("training", ["single_step", "conversion"])
def test_residual_network_learns_and_spikes_alike_in_brian2(training):
    task, network = digits_task(8, n_train=600, n_validation=100), residual_chain((64, 50, 50, 50), 1.0, [(0, 2)])
    found = _train(task, network, training=training, **SHORT | {"batch_size": 32})
    assert found.history["score"].max() > 0.6  # chance is 0.1
    assert found.history["simulated_accuracy"][0] > found.history["score"].max() - 0.15
    (skip,) = chain_skips(found.network)
    assert (skip.source, skip.target, skip.weight == 1.0) == (0, 2, training == "single_step")
    check_spikes(task, found, 8)


def test_attention_is_not_converted():
    network = spikformer(discrete_lif(leak=1.0, floor=0.0))
    with pytest.raises(ValueError, match="training = 'conversion' with attention in layer 2: a product of activations does not"):
        _train(digits_task(4, n_train=300), network, training="conversion", images=SPIKFORMER)


def test_attention_is_trained_at_one_step():
    task = digits_task(4, n_train=600, n_validation=100)
    found = _train(
        task,
        spikformer(discrete_lif(leak=1.0, floor=0.0)),
        images=SPIKFORMER,
        **SHORT | {"batch_size": 32, "learning_rate": 2e-2, "epochs": 8},
    )
    assert found.history["score"].max() > 0.5  # chance is 0.1
    assert "attending_coincidences" in found.network.sizes
    assert found.history["simulated_rate"].min() > 0


def test_converted_skips_carry_activations():
    """A unit of 4 and a skip of .5 give 2; in spikes: 4 is one spike of the source, 8 one of a target whose threshold is 1."""
    model = feed_forward(residual_chain((4, 3, 3, 3), 0.5, [(0, 2)]), 2)
    layers = tuple({"weights": np.ones(layer.weight_shape), "bias": np.ones(layer.n_out)} for layer in model.layers)
    scaled, network = _rescaled(model, layers, np.array([4.0, 2.0, 8.0]))
    assert network.skips == (Skip(0, 2, 0.5 * 4 / 8),)
    assert [own["weights"][0, 0] for own in scaled] == [1 / 4, 4 / 2, 2 / 8, 8.0]


def test_silent_relu_units_cannot_be_scaled():
    model = feed_forward(dense_chain((4, 3, 2)), 2)
    with pytest.raises(ValueError, match=r"ReLU units of layer 1 are silent \(scales \[2. 0.\]\); train longer"):
        _rescaled(model, (), np.array([2.0, 0.0]))


def test_rates_are_refused():
    task = replace(digits_task(4, n_train=300), encode=partial(as_rate, frame=4 * DT, maximum=1000.0))
    with pytest.raises(ValueError, match="this method trains on currents"):
        _train(task)
