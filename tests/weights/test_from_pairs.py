"""Neurons from pairs of samples: the pair rule, probabilities, metrics, and refusals."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from bioworkbench.weights.from_pairs import (
    CONTRASTS,
    SAMPLINGS,
    PairSampling,
    _chosen,
    _distances,
    _least_entropy,
    _whitening,
    candidate_pairs,
    effective_number,
    pair_probabilities,
    sampled_neurons,
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_candidates_are_two_different_samples_and_uniform(rng):
    first, second = candidate_pairs(5, 20_000, rng)
    assert (first != second).all()
    counts = np.bincount(first * 5 + second, minlength=25).reshape(5, 5)
    off = counts[~np.eye(5, dtype=bool)]
    assert (np.abs(off - 1000) / np.sqrt(1000 * 0.95) < 4.5).all()


def test_probabilities(rng):
    difference, distance = rng.random((50, 3)), rng.random(50) + 0.1
    p = pair_probabilities(difference, distance, 2.0)
    np.testing.assert_allclose(p.sum(axis=0), 1)
    np.testing.assert_allclose(p, pair_probabilities(7 * difference, distance, 2.0))
    np.testing.assert_allclose(pair_probabilities(np.zeros(50), distance), 1 / 50)
    np.testing.assert_allclose(pair_probabilities(difference, distance, 0.0), 1 / 50)
    numbers = [effective_number(pair_probabilities(difference[:, 0], distance, sharpness)) for sharpness in (0, 1, 4, 16)]
    assert numbers == sorted(numbers, reverse=True)
    assert numbers[0] == pytest.approx(50)
    assert numbers[-1] >= 1


def test_probabilities_do_not_mind_equal_states_and_targets_of_any_scale(rng):
    """Pairs of equal states are the likeliest where their targets differ; a small power of a small number is not rounded to 0."""
    difference, distance = rng.random((50, 2)) + 0.1, rng.random(50) + 0.1
    small = pair_probabilities(difference * [1.0, 1e-100], distance, 4.0)
    np.testing.assert_allclose(small, pair_probabilities(difference, distance, 4.0))
    distance[7] = 0.0
    p = pair_probabilities(difference, distance)
    assert (p >= 0).all()
    assert (p[7] > 0.99).all()


def data(rng, n=300, d=5):
    states = rng.normal(size=(n, d)) * np.array([3.0, 1.0, 1.0, 0.3, 0.1])[:d]
    return states, np.stack([np.sin(states[:, 1]), states[:, 2]], axis=1)


@pytest.mark.parametrize("metric", ["l1", "l2", "linf", "whitened", "least_entropy"])
@pytest.mark.parametrize("contrast", ["largest", "principal"])
def test_potentials_have_the_spread_and_sit_between_their_pairs(rng, metric, contrast):
    states, targets = data(rng)
    settings = PairSampling(metric=metric, contrast=contrast, n_candidates=500, spread=0.8, offset=0.2)
    weights, biases, number = sampled_neurons(states, targets, 12, rng, settings)
    np.testing.assert_allclose((states @ weights).std(axis=0), 0.8, rtol=1e-9)
    potentials = states @ weights + biases
    assert ((potentials.min(axis=0) < 1.2) & (potentials.max(axis=0) > 1.2)).all()
    assert 1 <= number <= 500


def test_without_a_spread_pairs_are_a_margin_away_from_the_threshold(rng):
    states, targets = data(rng, n=2)
    settings = PairSampling(metric="l2", spread=None, margin=0.25, offset=0.3, n_candidates=3)
    weights, biases, _ = sampled_neurons(states, targets, 4, rng, settings)
    np.testing.assert_allclose(
        np.sort(states @ weights + biases, axis=0), np.array([[1.05], [1.55]]) * np.ones((1, 4)), atol=1e-12
    )


def test_pairs_prefer_directions_in_which_the_targets_change(rng):
    states = rng.normal(size=(2000, 10))
    targets = states[:, :1]
    shares = {}
    for sampling in SAMPLINGS:
        weights, _, _ = sampled_neurons(states, targets, 200, rng, PairSampling(sampling, "l2", "largest", 4.0))
        share = weights[0] ** 2 / (weights**2).sum(axis=0)
        shares[sampling] = share.mean(), share.std() / np.sqrt(200)
    for sampling in ("uniform", "isotropic", "random"):
        mean, error = shares[sampling]
        assert abs(mean - 0.1) < 4.5 * error, sampling
    mean, error = shares["pairs"]
    assert (mean - 0.1) / error > 4.5


def test_the_mean_of_several_pairs_is_closer_to_the_direction_that_matters(rng):
    states = rng.normal(size=(1000, 20))
    shares = []
    for bundle in (1, 8):
        weights, _, _ = sampled_neurons(states, states[:, :1], 200, rng, PairSampling(n_candidates=2000, bundle=bundle))
        shares.append((weights[0] ** 2 / (weights**2).sum(axis=0)).mean())
        assert 60 < (weights[0] > 0).sum() < 140  # half of the neurons fire for the lower target
    assert shares[1] > 2 * shares[0]


def test_distances_are_those_of_scipy(rng):
    states, _ = data(rng, n=60)
    first, second = candidate_pairs(60, 40, rng)
    covariance = np.cov(states.T)
    regular = np.linalg.inv(covariance + np.trace(covariance) / 5 * np.eye(5))
    settings = {"l1": {"metric": "cityblock"}, "l2": {"metric": "euclidean"}, "linf": {"metric": "chebyshev"}}
    for name, arguments in (settings | {"whitened": {"metric": "mahalanobis", "VI": regular}}).items():
        found = _distances(states, states @ _whitening(states), first, second, name)
        np.testing.assert_allclose(found[name], cdist(states, states, **arguments)[first, second], err_msg=name)


@pytest.mark.parametrize("metric", ["l2", "whitened"])
def test_a_neuron_of_one_pair_looks_along_its_difference(rng, metric):
    """Or along Fisher's discriminant: the difference over the covariance plus its mean eigenvalue."""
    states, targets = data(rng, n=12)
    weights, _, _ = sampled_neurons(states, targets, 20, rng, PairSampling(metric=metric, n_candidates=50))
    covariance = np.cov(states.T)
    matrix = covariance + np.trace(covariance) / 5 * np.eye(5) if metric == "whitened" else np.eye(5)
    along = matrix @ weights
    differences = (states[:, None] - states).reshape(-1, 5).T[:, ~np.eye(12, dtype=bool).ravel()]
    cosines = (along / np.linalg.norm(along, axis=0)).T @ (differences / np.linalg.norm(differences, axis=0))
    np.testing.assert_allclose(cosines.max(axis=1), 1.0)


def test_a_neuron_without_links_keeps_no_weight_and_a_bias(rng):
    states, targets = data(rng)
    for spread in (None, 1.5):
        settings = PairSampling(spread=spread, offset=0.3, n_candidates=200)
        weights, biases, _ = sampled_neurons(states, targets, 4, rng, settings, np.arange(20).reshape(5, 4) % 4 > 0)
        assert not weights[:, 0].any()
        assert biases[0] == 1.3
        assert weights[:, 1:].all()


@pytest.mark.parametrize("contrast", CONTRASTS)
def test_pairs_of_a_bundle_point_the_same_way_and_half_of_the_neurons_each_way(rng, contrast):
    states = 0.1 * rng.normal(size=(200, 3))
    settings = PairSampling(contrast=contrast, sharpness=1.0, n_candidates=500, bundle=6)
    low, high, _, _ = _chosen(states, states[:, :1], 400, rng, settings)
    rises = (high - low)[:, :, 0] > 0
    if contrast == "principal":  # the largest difference has no sign
        assert (rises == rises[:, :1]).all()
    assert abs(rises[:, 0].mean() - 0.5) < 4.5 * 0.5 / np.sqrt(400)


def test_targets_that_are_multiples_of_one_another_have_one_component(rng):
    states, targets = data(rng)
    one, many = (
        sampled_neurons(states, values, 9, np.random.default_rng(4), PairSampling(n_candidates=200))
        for values in (targets[:, :1], targets[:, :1] * [1.0, 2.0, -3.0])
    )
    np.testing.assert_allclose(np.abs(one[0]), np.abs(many[0]))
    assert one[2] == pytest.approx(many[2])


@pytest.mark.parametrize("contrast", CONTRASTS)
def test_equal_targets_leave_every_pair_as_likely(rng, contrast):
    states, _ = data(rng)
    settings = PairSampling(metric="l2", contrast=contrast, n_candidates=200)
    assert sampled_neurons(states, np.ones((300, 2)), 9, rng, settings)[2] == pytest.approx(200)


def test_the_metric_of_least_entropy_leaves_a_pair_per_neuron():
    """Effective numbers are 3, 2 and 1 where 3, 2 and 1 pairs are close and the others far; outputs count by their largest difference."""
    near, far = 1.0, 1e12
    distances = {"all": np.array([near, near, near]), "two": np.array([near, near, far]), "one": np.array([near, far, far])}
    difference = np.array([[1.0, 0.0], [0.0, -1.0], [1.0, 0.5]])
    assert [_least_entropy(distances, difference, n, 1.0) for n in (1, 2, 3, 4)] == ["one", "two", "all", "all"]
    difference[2] = 0.0  # a pair of equal targets is none: two are left of all, which is enough for two neurons
    first_far = {"all": np.array([near, near, near]), "last": np.array([far, near, near])}
    assert [_least_entropy(first_far, difference, n, 1.0) for n in (1, 2)] == ["last", "all"]


def test_links_that_are_not_there_have_no_weight(rng):
    states, targets = data(rng)
    links = rng.random((5, 30)) < 0.5
    for sampling in SAMPLINGS:
        weights, _, _ = sampled_neurons(states, targets, 30, rng, PairSampling(sampling, n_candidates=200), links)
        assert not weights[~links].any(), sampling
        assert weights[links].all(), sampling


def test_the_same_generator_gives_the_same_neurons():
    states, targets = data(np.random.default_rng(3))
    runs = [sampled_neurons(states, targets, 9, np.random.default_rng(4), PairSampling()) for _ in range(2)]
    np.testing.assert_array_equal(runs[0][0], runs[1][0])
    np.testing.assert_array_equal(runs[0][1], runs[1][1])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"sampling": "pair"}, "'pair' is not a sampling; did you mean 'pairs'"),
        ({"metric": "l3"}, "'l3' is not a metric"),
        ({"contrast": "mean"}, "'mean' is not a contrast"),
        ({"bundle": 0}, "bundle = 0: must be"),
        ({"sharpness": -1.0}, "sharpness = -1.0: must be a finite number, 0 or more"),
        ({"n_candidates": 0}, "n_candidates = 0: must be an integer, 1 or more"),
        ({"n_samples": 1}, "n_samples = 1: must be an integer, 2 or more"),
        ({"spread": 0.0}, "spread = 0.0: must be a finite number above 0"),
        ({"offset": float("nan")}, "offset has 1 value that is not finite"),
        ({"margin": 0.0}, "margin = 0.0: must be a finite number above 0"),
    ],
)
def test_settings_are_checked(arguments, words):
    with pytest.raises(ValueError, match=words):
        PairSampling(**arguments)


def test_samples_that_tell_nothing_are_refused(rng):
    with pytest.raises(ValueError, match="n_samples = 1: must be an integer, 2 or more"):
        candidate_pairs(1, 5, rng)
    with pytest.raises(ValueError, match="all 3 candidate pairs have equal states; is the input constant"):
        pair_probabilities(np.ones(3), np.zeros(3))
    with pytest.raises(ValueError, match="the 4 states do not vary; is the input constant, or the layer below silent"):
        sampled_neurons(np.tile([1.0, 2.0], (4, 1)), np.ones((4, 1)), 3, rng, PairSampling())
    with pytest.raises(ValueError, match=r"targets has shape \(3, 1\); it must be \(4, any\)"):
        sampled_neurons(rng.random((4, 2)), np.ones((3, 1)), 3, rng, PairSampling())
