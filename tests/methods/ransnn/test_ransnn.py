from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from scipy import sparse

from bioworkbench.discrete import simulate_discrete
from bioworkbench.discrete.lif import discrete_lif
from bioworkbench.encoding import as_current, as_rate
from bioworkbench.methods.ransnn import train
from bioworkbench.readout.features import spike_counts
from bioworkbench.readout.fits import READOUTS
from bioworkbench.readout.trials import blocked_features, blocked_predictions
from bioworkbench.records.choice import Choice
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.optimization import Optimization
from bioworkbench.records.randomness import streams
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.simulation import simulate
from bioworkbench.tasks import Task, Trials
from bioworkbench.topology.generators import all_to_all
from bioworkbench.weights.distributions import uniform_fan_in
from tests.methods.chains import DT, accuracy_on_test, digits_task, in_numpy

T = 25
AUTHORS = {"leak": 0.95, "reset": "delayed_subtract", "strict": True}


def frozen_chain(sizes, seed=1, **neuron):
    """Weights and biases as the authors draw them: uniform within 1 / sqrt(fan-in)."""
    populations, projections, source = [], [], "input"
    for layer, (n_source, n_target) in enumerate(pairwise(sizes)):
        name = f"h{layer}"
        for_weights, for_biases = streams(seed, f"weights {layer}", f"biases {layer}")
        mask = all_to_all(n_source, n_target, for_weights)
        bias = for_biases.uniform(-1, 1, n_target) / np.sqrt(n_source)
        populations.append(Population(name, n_target, discrete_lif(**{**AUTHORS, "bias": bias, **neuron}), layer))
        projections.append(Projection(source, name, uniform_fan_in(mask, for_weights)))
        source = name
    return Network(tuple(populations), tuple(projections))


def arrays(network):
    """All numbers of a network by name."""
    weights = {p.name: p.weights.data for p in network.projections}
    constants = {f"{p.name}.{name}": np.asarray(value) for p in network.populations for name, value in p.model.constants.items()}
    return weights | constants


def same_bits(one, other):
    return one.shape == other.shape and one.tobytes() == other.tobytes()


@pytest.fixture(scope="module")
def task():
    return digits_task(T, n_train=200, n_test=100)


@pytest.fixture(scope="module")
def network():
    return frozen_chain((64, 60))


# the neuron of the method -------------------------------------------------------------------------------------------------


def counts_of_one(current, n_steps, **neuron):
    model = discrete_lif(**{**AUTHORS, **neuron})
    alone = Network((Population("a", 1, model),), (Projection("input", "a", sparse.csr_array([[1.0]])),))
    values = np.full((1, 1, 1), current)
    recording = simulate_discrete(alone, Stimulus(values, n_steps * DT), dt=DT)
    return recording.raster("a")[0, :, 0]


@pytest.mark.parametrize(("current", "count"), [(1.0, 24), (0.125, 3), (0.5, 12), (0.25, 6), (0.0625, 1)])
def test_a_perfect_integrator_counts_its_input_and_must_exceed_the_threshold(current, count):
    assert count == np.ceil(current * T) - 1
    assert counts_of_one(current, T, leak=1.0).sum() == count


def test_a_leaky_neuron_fires_only_above_its_rheobase():
    assert counts_of_one(0.5, 1000, leak=0.5).sum() == 0  # the potential reaches exactly the threshold
    assert counts_of_one(0.5 + 1e-9, 1000, leak=0.5).sum() > 0


def test_the_reset_is_subtracted_after_the_next_decay():
    model = discrete_lif(**{**AUTHORS, "leak": 0.5})
    alone = Network((Population("a", 1, model),), (Projection("input", "a", sparse.csr_array([[1.0]])),))
    stimulus = Stimulus(np.array([1.5, 0.25, 0.75, 0.5]).reshape(1, 4, 1), DT)
    assert simulate_discrete(alone, stimulus).raster("a")[0, :, 0].tolist() == [True, False, False, False]


def test_frozen_weights_have_the_variance_of_the_authors_draw():
    weights = frozen_chain((784, 500)).projections[0].weights.data
    scaled = weights * np.sqrt(784)
    assert np.abs(scaled).max() <= 1
    error = np.sqrt((1 / 5 - 1 / 9) / scaled.size)  # of a uniform number's square: mean 1/3, variance 1/5 - 1/9
    assert abs((scaled**2).mean() - 1 / 3) < 4.5 * error


# Brian2 against NumPy --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("backend", "sizes"), [("cpp", (64, 50, 40)), ("numpy", (64, 50)), ("numpy", (64, 50, 40))])
def test_brian2_fires_the_spikes_of_the_twin(backend, sizes):
    network = frozen_chain(sizes)
    rng = np.random.default_rng(4)
    drawn = (rng.random((3, T, 64)) < rng.random((3, 1, 64))).astype(float)
    stimulus = Stimulus(drawn, DT, "spikes")
    ours, twin = simulate(network, stimulus, 1, dt=DT, backend=backend), simulate_discrete(network, stimulus)
    for name in network.sizes:
        assert twin.raster(name).any()
        assert np.array_equal(ours.raster(name), twin.raster(name))


def test_training_through_brian2_and_through_the_twin_gives_the_same_readout(task, network):
    small = replace(task, train=task.train.take(np.arange(60)))
    settings = {"readout": Choice("ridge", {"penalty": 0.01})}
    by_brian2 = train(small, network, partial(simulate, dt=DT, backend="cpp"), np.random.default_rng(1), **settings)
    by_numpy = train(small, network, in_numpy, np.random.default_rng(1), **settings)
    assert np.array_equal(by_brian2.readout.coefficients, by_numpy.readout.coefficients)


# what is trained, and what is not --------------------------------------------------------------------------------------------


def test_the_network_stays_as_it_was_bit_for_bit(task, network):
    before = {name: value.copy() for name, value in arrays(network).items()}
    trained = train(task, network, in_numpy, np.random.default_rng(1))
    assert trained.network is network
    assert all(same_bits(value, before[name]) for name, value in arrays(trained.network).items())


def test_the_readout_is_fitted_to_the_counts_of_the_training_trials(task, network):
    trained = train(task, network, in_numpy, np.random.default_rng(1), readout=Choice("ridge", {"penalty": 0.01}))
    counts = spike_counts(in_numpy(network, task.encode(task.train.values), 0), ["h0"])
    wanted = READOUTS["ridge"](counts, task.train.targets, penalty=0.01)
    assert np.allclose(trained.readout.coefficients, wanted.coefficients, atol=1e-12)
    assert trained.feature == Choice("spike_counts", {"populations": ("h0",)})
    assert trained.history["varying_features"] == [np.mean(np.ptp(counts, axis=0) > 0)]


def test_a_permutation_of_the_neurons_changes_no_prediction(task, network):
    order = np.random.default_rng(5).permutation(60)
    projection, population = network.projections[0], network.populations[0]
    model = discrete_lif(**AUTHORS, bias=population.model.constants["bias"][order])
    shuffled = Network(
        (replace(population, model=model),),
        (Projection("input", "h0", sparse.csr_array(projection.weights.toarray()[:, order])),),
    )
    one, other = (train(task, n, in_numpy, np.random.default_rng(1)) for n in (network, shuffled))
    assert np.allclose(one.readout.coefficients[order], other.readout.coefficients, rtol=1e-7, atol=1e-9)


def test_the_spikes_of_the_highest_layer_are_read_unless_populations_are_named(task):
    two = frozen_chain((64, 40, 30))
    assert train(task, two, in_numpy, np.random.default_rng(1)).feature.arguments["populations"] == ("h1",)
    both = train(task, two, in_numpy, np.random.default_rng(1), populations=["h0", "h1"])
    assert both.readout.coefficients.shape == (70, 10)


def test_blocks_only_bound_memory(task, network):
    whole, cut = (train(task, network, in_numpy, np.random.default_rng(1), block=size) for size in (1000, 30))
    assert np.allclose(whole.readout.coefficients, cut.readout.coefficients, atol=1e-12)


def test_the_same_seed_gives_the_same_network_and_test_spikes_are_new(task, network):
    rates = replace(task, encode=partial(as_rate, frame=T * DT, maximum=1 / DT))
    run = partial(simulate, dt=DT, backend="cpp")
    one, again = (train(rates, network, run, np.random.default_rng(1)) for _ in range(2))
    assert same_bits(one.readout.coefficients, again.readout.coefficients)
    seen, unseen = (blocked_features(network, rates.encode, task.test.values, run, s, feature=one.feature) for s in (1, 2))
    assert not np.array_equal(seen, unseen)


def test_random_features_beat_chance_by_far(task):
    trained = train(task, frozen_chain((64, 200)), in_numpy, np.random.default_rng(1))
    assert accuracy_on_test(task, trained) > 0.8  # chance: 0.1 with a standard error of 0.03


# targets per frame -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def memory_task():
    """Recall of the input of the frame before; the first ten frames do not count."""
    u = np.random.default_rng(7).uniform(-1, 1, (3, 200, 1))
    targets = np.roll(u, 1, axis=1)
    targets[:, :10] = 1e6  # what looks at the washout fails
    parts = [Trials(u[:2], targets[:2]), Trials(u[2:], targets[2:])]
    return Task("recall", "regression", *parts, None, 1, partial(as_current, frame=5 * DT), "", washout=10)


@pytest.fixture(scope="module")
def recurrent():
    rng = np.random.default_rng(8)
    model = discrete_lif(leak=0.9, bias=rng.uniform(0, 0.3, 100))
    return Network(
        (Population("a", 100, model),),
        (
            Projection("input", "a", sparse.csr_array(rng.normal(0, 0.3, (1, 100)))),
            Projection("a", "a", sparse.csr_array(rng.normal(0, 0.02, (100, 100)))),
        ),
    )


def test_targets_per_frame_are_read_at_every_frame_after_the_washout(memory_task, recurrent):
    feature = Choice("filtered_spikes", {"tau": 0.01, "every": None, "per_frame": False})
    trained = train(
        memory_task, recurrent, in_numpy, np.random.default_rng(1), feature=feature, readout=Choice("ridge", {"penalty": 1e-4})
    )
    found = blocked_predictions(trained, memory_task.encode, memory_task.test.values, in_numpy, 3)
    wanted = memory_task.test.targets
    assert found.shape == wanted.shape
    assert np.corrcoef(found[0, 10:, 0], wanted[0, 10:, 0])[0, 1] > 4.5 / np.sqrt(190)  # of chance
    assert trained.feature.arguments["every"] == pytest.approx(5 * DT)


def test_a_feature_of_the_whole_trial_cannot_answer_per_frame(memory_task, recurrent):
    with pytest.raises(
        ValueError, match=r"feature 'spike_counts' is one per trial, and task 'recall' has targets per frame; choose"
    ):
        train(memory_task, recurrent, in_numpy, np.random.default_rng(1))


# further parts by gradient -----------------------------------------------------------------------------------------------------

SHORT = {"optimization": Optimization(epochs=3, batch_size=50, learning_rate=5e-3)}


@pytest.mark.thorough
def test_training_biases_leaves_every_synapse_bit_for_bit(task, network):
    trained = train(task, network, in_numpy, np.random.default_rng(1), train_more="biases", **SHORT)
    before, after = arrays(network), arrays(trained.network)
    assert {name for name in before if not same_bits(before[name], after[name])} == {"h0.bias"}
    assert np.abs(before["h0.bias"] - after["h0.bias"]).max() > 1e-3
    assert trained.history["loss"][-1] < trained.history["loss"][0]


def test_training_the_last_layer_leaves_the_layers_below_and_adds_no_synapse(task):
    two = frozen_chain((64, 40, 30))
    thinned = two.projections[1].weights.copy()
    thinned.data[::3] = 0
    thinned.eliminate_zeros()
    two = replace(two, projections=(two.projections[0], replace(two.projections[1], links=thinned)))
    trained = train(task, two, in_numpy, np.random.default_rng(1), train_more="last_layer", **SHORT)
    before, after = arrays(two), arrays(trained.network)
    assert {name for name in before if not same_bits(before[name], after[name])} == {"h0_h1", "h1.bias"}
    assert np.array_equal(trained.network.projections[1].weights.indices, thinned.indices)


def test_training_the_last_layer_leaves_a_skip_to_it_as_it_is(task):
    three = frozen_chain((64, 30, 30, 30))
    three = replace(three, projections=(*three.projections, Projection("h0", "h2", sparse.eye_array(30, format="csr"))))
    trained = train(task, three, in_numpy, np.random.default_rng(1), train_more="last_layer", **SHORT)
    before, after = arrays(three), arrays(trained.network)
    assert {name for name in before if not same_bits(before[name], after[name])} == {"h1_h2", "h2.bias"}


@pytest.mark.thorough
def test_gradients_see_the_expected_current_of_rates(task, network):
    rates = replace(task, encode=partial(as_rate, frame=T * DT, maximum=1 / DT))

    def expected(network, stimulus, seed):
        return in_numpy(network, Stimulus(stimulus.values * DT, stimulus.frame, "current"), seed)

    by_rate = train(rates, network, expected, np.random.default_rng(1), train_more="biases", **SHORT)
    by_current = train(task, network, in_numpy, np.random.default_rng(1), train_more="biases", **SHORT)
    assert np.allclose(by_rate.history["loss"], by_current.history["loss"], rtol=1e-5)


@pytest.mark.thorough
def test_gradients_follow_currents_that_change_from_frame_to_frame(task):
    rows = digits_task(3, n_train=100, n_test=20, frames="rows")
    rows = replace(rows, encode=partial(as_current, frame=3 * DT, gain=3.0))
    trained = train(rows, frozen_chain((8, 30)), in_numpy, np.random.default_rng(1), train_more="biases", **SHORT)
    assert len(trained.history["loss"]) == SHORT["optimization"].epochs


# what is refused -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"feature": Choice("spike_count")}, r"'spike_count' is not a feature; did you mean 'spike_counts'\?"),
        ({"readout": Choice("rigde")}, r"'rigde' is not a readout; did you mean 'ridge'\?"),
        ({"train_more": "bias"}, r"'bias' is not a part to train; did you mean 'biases'\?"),
        ({"populations": ["h9"]}, r"'h9' is not a spiking population;.* [Kk]nown: h0"),
        ({"populations": []}, r"populations = \(\): name at least one of h0"),
        ({"block": 0}, r"block = 0: must be an integer, 1 or more"),
    ],
)
def test_wrong_settings_are_named(task, network, settings, message):
    with pytest.raises(ValueError, match=message):
        train(task, network, in_numpy, np.random.default_rng(1), **settings)


def test_a_silent_network_is_refused(task):
    with pytest.raises(ValueError, match=r"none of the 10 features varies over 200 trials; are the neurons silent\?"):
        train(task, frozen_chain((64, 10), threshold=1e6), in_numpy, np.random.default_rng(1))


def test_only_classifiers_of_trials_can_be_trained_further(memory_task, recurrent):
    with pytest.raises(ValueError, match=r"task 'recall' wants values; this method learns one class per trial"):
        train(
            memory_task,
            recurrent,
            in_numpy,
            np.random.default_rng(1),
            train_more="biases",
            feature=Choice("filtered_spikes", {"tau": 0.01}),
        )
