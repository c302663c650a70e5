import numpy as np
import pytest
from scipy import sparse

from bioworkbench.discrete import simulate_discrete
from bioworkbench.discrete.lif import discrete_lif
from bioworkbench.encoding import as_current
from bioworkbench.readout.features import binned_counts, spike_counts
from bioworkbench.readout.trials import beside_input, blocked_features, blocked_predictions, blocks, features_of, read_alone
from bioworkbench.records.choice import Choice
from bioworkbench.records.linear_readout import LinearReadout
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.trained import TrainedNetwork
from bioworkbench.simulation import simulate

DT = 1e-3
COUNTS = Choice("spike_counts")


def encode(values):
    return as_current(values, frame=10 * DT)


@pytest.fixture
def network():
    weights = np.random.default_rng(0).uniform(0, 0.3, (3, 5))
    return Network(
        (Population("a", 5, discrete_lif(leak=0.9, noise_deviation=0.2)),), (Projection("input", "a", sparse.csr_array(weights)),)
    )


@pytest.fixture
def values():
    return np.random.default_rng(1).uniform(0, 1, (11, 1, 3))


def noisy(network, stimulus, seed):
    return simulate_discrete(network, stimulus, dt=DT, rng=np.random.default_rng(seed))


def test_blocks_hold_every_trial_once_in_order_and_are_nearly_equal():
    for n_trials in (1, 7, 8, 9, 100):
        found = list(blocks(np.arange(n_trials), 8))
        assert np.concatenate(found).tolist() == list(range(n_trials))
        assert max(map(len, found)) <= 8
        assert max(map(len, found)) - min(map(len, found)) <= 1


def test_blocks_refuse_no_trials_and_no_room():
    with pytest.raises(ValueError, match=r"number of trials = 0: must be an integer, 1 or more"):
        blocks(np.zeros((0, 1)), 4)
    with pytest.raises(ValueError, match=r"block = 0: must be an integer, 1 or more"):
        blocks(np.zeros((3, 1)), 0)


def test_features_of_a_recording_are_those_of_the_function_of_that_name(network, values):
    recording = noisy(network, encode(values), 3)
    assert np.array_equal(features_of(recording, COUNTS), spike_counts(recording, ["a"]))
    binned = Choice("binned_counts", {"bin": 2 * DT, "populations": ("a",)})
    assert np.array_equal(features_of(recording, binned), binned_counts(recording, ["a"], bin=2 * DT))


def test_an_unknown_feature_is_refused(network, values):
    recording = noisy(network, encode(values), 3)
    with pytest.raises(ValueError, match=r"'spike_count' is not a feature; did you mean 'spike_counts'\? Known: "):
        features_of(recording, Choice("spike_count"))


def test_without_noise_the_size_of_the_blocks_changes_nothing(network, values):
    quiet = Network((Population("a", 5, discrete_lif(leak=0.9)),), network.projections)
    whole = features_of(simulate_discrete(quiet, encode(values), dt=DT), COUNTS)
    for block in (1, 4, 100):
        found = blocked_features(quiet, encode, values, noisy, 5, feature=COUNTS, block=block)
        assert found.dtype == np.float32
        assert np.array_equal(found, whole)
    assert whole.any()


def test_every_block_has_noise_of_its_own_that_follows_from_the_seed(network):
    same = np.full((400, 1, 3), 0.5)
    first, again, other = (blocked_features(network, encode, same, noisy, s, feature=COUNTS, block=200) for s in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first[:200], first[200:])


def test_features_per_frame_keep_their_frames(network, values):
    feature = Choice("binned_counts", {"bin": 5 * DT, "per_frame": True})
    found = blocked_features(network, encode, values, noisy, 5, feature=feature, block=4)
    assert found.shape == (11, 2, 5)


def test_predictions_are_the_readout_of_the_features(network, values):
    readout = LinearReadout(np.random.default_rng(2).normal(size=(5, 3)), np.zeros(3), "argmax")
    trained = TrainedNetwork(network, COUNTS, readout)
    found = blocked_predictions(trained, encode, values, noisy, 5, block=4)
    wanted = readout.predictions(blocked_features(network, encode, values, noisy, 5, feature=COUNTS, block=4))
    assert np.array_equal(found, wanted)


def test_a_readout_beside_the_spikes_sees_the_encoded_input(network, values):
    """Coefficients that are 0 for spikes and 1 for a channel give back that channel."""
    coefficients = np.concatenate([np.zeros((5, 3)), np.eye(3)])
    trained = TrainedNetwork(network, COUNTS, LinearReadout(coefficients, np.zeros(3), "value"), skip=True)
    found = blocked_predictions(trained, encode, values, noisy, 5, block=4)
    np.testing.assert_allclose(found, values[:, 0], rtol=1e-6)


def test_readings_stand_beside_the_frame_they_are_of():
    features, stimulus = np.arange(8.0).reshape(2, 2, 2), encode(np.arange(12.0).reshape(2, 2, 3) + 10)
    found = beside_input(features, stimulus)
    assert found[1, 0].tolist() == [4.0, 5.0, 16.0, 17.0, 18.0]
    assert found.shape == (2, 2, 5)
    with pytest.raises(ValueError, match="features are read 1 times per trial and the input has 2 frames; a readout that"):
        beside_input(features[:, :1], stimulus)


def test_what_a_feature_does_not_read_is_not_recorded(network, values):
    asked = []

    def able(network, stimulus, seed, *, counts=False, record=("a.v",)):
        asked.append((counts, record))
        return simulate(network, stimulus, seed, dt=DT, backend="numpy", counts=counts, record=record)

    def unable(network, stimulus, seed):
        return able(network, stimulus, seed)

    found = [blocked_features(network, encode, values, run, 5, feature=COUNTS, block=6) for run in (able, unable)]
    assert asked == [(True, ())] * 2 + [(False, ("a.v",))] * 2
    assert np.array_equal(*found)
    assert found[0].any()
    latency = Choice("first_spike_latency")
    assert read_alone(able, latency) is able
    assert read_alone(able, Choice("no_feature")) is able
    assert read_alone(unable, COUNTS) is unable
