"""Distributions of weights: moments within sampling error, signs, masks kept, spectral radius."""

import numpy as np
import pytest
from scipy import sparse

from bioworkbench.weights.distributions import (
    WEIGHT_DISTRIBUTIONS,
    constant,
    gaussian,
    lognormal,
    rescaled,
    scaled_to_spectral_radius,
    smooth_fields,
    uniform,
    uniform_fan_in,
)
from bioworkbench.weights.spectrum import spectral_radius

SETTINGS = {
    "constant": {"value": 2.0},
    "gaussian": {"mean": 0.5, "deviation": 1.0},
    "lognormal": {"mean": 0.5, "deviation": 0.3},
    "scaled_to_spectral_radius": {"radius": 0.9},
    "smooth_fields": {"width": 10, "blur": 1.0},
    "uniform": {"low": -1.0, "high": 1.0},
    "uniform_fan_in": {},
}


def generator(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def random_mask(n: int = 60, m: int = 60, p: float = 0.2) -> sparse.csr_array:
    return sparse.csr_array(generator(7).random((n, m)) < p)


def full_mask(n: int = 300, m: int = 400) -> sparse.csr_array:
    return sparse.csr_array(np.ones((n, m), bool))


def z_scores(values: np.ndarray, mean: float, deviation: float) -> tuple[float, float]:
    """How many standard errors mean and variance of the values are off; the error of the variance from the fourth moment."""
    centered = (values - mean) ** 2
    off_mean = (values.mean() - mean) / (deviation / np.sqrt(values.size))
    return off_mean, (centered.mean() - deviation**2) / (centered.std() / np.sqrt(values.size))


@pytest.mark.parametrize("name", WEIGHT_DISTRIBUTIONS)
def test_every_distribution_keeps_the_mask_and_follows_the_generator(name):
    mask = random_mask()
    first, again, other = (WEIGHT_DISTRIBUTIONS[name](mask, generator(seed), **SETTINGS[name]) for seed in (1, 1, 2))
    assert isinstance(first, sparse.csr_array)
    assert first.dtype == float
    np.testing.assert_array_equal(first.indices, mask.indices)
    np.testing.assert_array_equal(first.indptr, mask.indptr)
    np.testing.assert_array_equal(first.data, again.data)
    assert name == "constant" or not np.array_equal(first.data, other.data)
    assert mask.dtype == bool


@pytest.mark.parametrize("name", sorted(WEIGHT_DISTRIBUTIONS.keys() - {"smooth_fields"}))
@pytest.mark.parametrize(("inhibitory", "n_negative"), [(0.0, 0), (0.25, 15), (1.0, 60)])
def test_signs_follow_dales_law(name, inhibitory, n_negative):
    weights = WEIGHT_DISTRIBUTIONS[name](random_mask(), generator(), inhibitory=inhibitory, **SETTINGS[name]).toarray()
    negative, positive = (weights < 0).any(axis=1), (weights > 0).any(axis=1)
    assert not (negative & positive).any()
    assert negative.sum() == n_negative


def test_stored_zeros_of_the_mask_are_no_synapses_but_zero_weights_are():
    mask = sparse.csr_array((np.array([True, False]), ([0, 1], [1, 0])), shape=(2, 2))
    weights = constant(mask, generator(), value=0.0)
    assert weights.nnz == 1
    assert weights.indices.tolist() == [1]


@pytest.mark.parametrize(
    ("distribution", "settings", "mean", "deviation"),
    [
        (gaussian, {"mean": -2.0, "deviation": 0.5}, -2.0, 0.5),
        (uniform, {"low": -1.0, "high": 3.0}, 1.0, 4 / np.sqrt(12)),
        (lognormal, {"mean": 0.2, "deviation": 0.1}, 0.2, 0.1),
        (lognormal, {"mean": -0.2, "deviation": 0.1}, -0.2, 0.1),
        (gaussian, {"mean": 0.0, "deviation": 2.0, "low": 0.0}, 2 * np.sqrt(2 / np.pi), 2 * np.sqrt(1 - 2 / np.pi)),
        (uniform_fan_in, {"gain": 2.0}, 0.0, 2 / np.sqrt(3 * 300)),
    ],
)
def test_moments(distribution, settings, mean, deviation):
    values = distribution(full_mask(), generator(), **settings).data
    assert np.abs(z_scores(values, mean, deviation)).max() < 4.5
    assert np.abs(z_scores(values, mean, 1.05 * deviation)).max() > 4.5


def test_lognormal_weights_have_a_normal_logarithm_and_one_sign():
    values = lognormal(full_mask(), generator(), mean=-0.2, deviation=0.1).data
    assert (values < 0).all()
    logarithm = np.log(-values)
    standard = (logarithm - logarithm.mean()) / logarithm.std()
    assert abs((standard**3).mean()) < 4.5 * np.sqrt(6 / values.size)


def test_cuts_are_kept_on_both_sides():
    for distribution in (gaussian, lognormal):
        values = distribution(full_mask(), generator(), mean=0.5, deviation=0.4, low=0.2, high=0.9).data
        assert 0.2 <= values.min() < 0.21
        assert 0.89 < values.max() <= 0.9


def test_one_cut_is_enough():
    for distribution in (gaussian, lognormal):
        assert distribution(full_mask(), generator(), mean=0.5, deviation=0.4, low=0.2).data.min() >= 0.2
        assert distribution(full_mask(), generator(), mean=0.5, deviation=0.4, high=0.9).data.max() <= 0.9


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", WEIGHT_DISTRIBUTIONS)
def test_neurons_without_synapses_change_nothing_else(name):
    mask = random_mask()
    mask.resize(mask.shape[0] + 2, mask.shape[1] + 2)
    settings = SETTINGS.get(name, {}) | ({"width": mask.shape[0] // 2} if name == "smooth_fields" else {})
    weights = WEIGHT_DISTRIBUTIONS[name](mask, generator(), **settings)
    assert weights.shape == mask.shape
    assert weights.nnz == mask.nnz
    assert np.isfinite(weights.data).all()


def test_without_deviation_distributions_are_constant():
    mask = random_mask()
    for distribution in (gaussian, lognormal):
        np.testing.assert_allclose(distribution(mask, generator(), mean=0.3, deviation=0.0).data, 0.3)


def test_fan_in_is_counted_target_by_target():
    mask = sparse.csr_array(np.triu(np.ones((50, 50), bool)))
    weights = np.abs(uniform_fan_in(mask, generator()).toarray())
    bound = 1 / np.sqrt(np.arange(1, 51))
    assert (weights <= bound).all()
    assert (weights.max(axis=0)[10:] > 0.6 * bound[10:]).all()


@pytest.mark.parametrize("n", [50, 500])
def test_spectral_radius_is_set_exactly(n):
    mask = random_mask(n, n, p=20 / n)
    weights = scaled_to_spectral_radius(mask, generator(), radius=0.9)
    assert np.abs(np.linalg.eigvals(weights.toarray())).max() == pytest.approx(0.9, rel=1e-6)


def test_circular_law():
    """Eigenvalues of independent weights of deviation 1 / sqrt(n) fill the unit disk up to fluctuations of its edge.

    Rider & Sinclair, Extremal laws for the real Ginibre ensemble (arXiv:1209.6085): the radius is about
    1 + sqrt(g / 4n) + G / sqrt(4n g) with Gumbel G and g = log(n / 2 pi) - 2 log log n; G lies in (-2.5, 12) in all but 1e-4 of cases.
    """
    n = 400
    g = np.log(n / (2 * np.pi)) - 2 * np.log(np.log(n))
    center, scale = 1 + np.sqrt(g / (4 * n)), 1 / np.sqrt(4 * n * g)
    radius = spectral_radius(gaussian(full_mask(n, n), generator(), mean=0.0, deviation=1 / np.sqrt(n)))
    assert -2.5 < (radius - center) / scale < 12
    doubled = spectral_radius(gaussian(full_mask(n, n), generator(), mean=0.0, deviation=2 / np.sqrt(n)))
    assert (doubled - center) / scale > 12


def test_spectral_radius_of_known_weights():
    ring = sparse.csr_array(np.roll(np.eye(5), 1, axis=1) * 2.0)
    assert spectral_radius(ring) == pytest.approx(2.0)
    np.testing.assert_allclose(rescaled(ring, 0.5).toarray(), ring.toarray() / 4)


def test_smooth_fields_have_mean_0_one_length_and_correlated_neighbors():
    n = 2000
    fields = smooth_fields(full_mask(400, n), generator(), width=20, blur=1.5, gain=0.3).toarray()
    np.testing.assert_allclose(fields.sum(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose((fields**2).sum(axis=0), 0.09)
    images = fields.T.reshape(n, 20, 20)
    middle, right = images[:, 10, 9], images[:, 10, 10]
    assert np.corrcoef(middle, right)[0, 1] > 0.8  # exp(-1 / (4 blur**2)) = 0.89 before centering, with an error below 0.01
    assert abs(np.corrcoef(middle[:-1], middle[1:])[0, 1]) * np.sqrt(n) < 4.5  # every target has a field of its own
    white = smooth_fields(full_mask(400, n), generator(), width=20, blur=0.0).toarray().T.reshape(n, 20, 20)
    assert abs(np.corrcoef(white[:, 10, 9], white[:, 10, 10])[0, 1]) * np.sqrt(n) < 4.5


MASK = random_mask()


@pytest.mark.parametrize(
    ("distribution", "settings", "message"),
    [
        (constant, {"value": np.nan}, "value has 1 value that is not finite"),
        (constant, {"value": 1.0, "inhibitory": 1.5}, "inhibitory = 1.5"),
        (gaussian, {"mean": np.inf, "deviation": 1.0}, "mean has 1 value that is"),
        (gaussian, {"mean": 0.0, "deviation": -1.0}, "deviation = -1.0"),
        (uniform, {"low": 1.0, "high": 0.0}, "low = 1.0 is above high = 0.0"),
        (uniform, {"low": -np.inf, "high": 0.0}, "low has 1 value that is"),
        (lognormal, {"mean": 0.0, "deviation": 1.0}, "size of mean = 0.0"),
        (lognormal, {"mean": 1.0, "deviation": -1.0}, "deviation = -1.0"),
        (gaussian, {"mean": 1.0, "deviation": 1.0, "low": 2.0, "high": 1.0}, "nothing of normal"),
        (uniform_fan_in, {"gain": 0.0}, "gain = 0.0"),
        (scaled_to_spectral_radius, {"radius": -1.0}, "radius = -1.0"),
        (smooth_fields, {"width": 7, "blur": 1.0}, "width = 7: 60 sources do not fill rows of 7 pixels"),
        (smooth_fields, {"width": 6, "blur": -1.0}, "blur = -1.0"),
        (smooth_fields, {"width": 6, "blur": 1.0, "gain": 0.0}, "gain = 0.0"),
        (scaled_to_spectral_radius, {"radius": 1.0, "deviation": 0.0}, "have spectral radius 0; without a cycle"),
    ],
)
def test_distributions_refuse(distribution, settings, message):
    with pytest.raises(ValueError, match=message):
        distribution(MASK, generator(), **settings)


def test_a_field_needs_two_synapses():
    with pytest.raises(ValueError, match="target 0 has 1 synapse; a field of mean 0 needs 2 or more"):
        smooth_fields(sparse.csr_array(np.eye(4, dtype=bool)), generator(), width=2, blur=1.0)


def test_masks_without_cycle_or_square_have_no_spectral_radius():
    chain = sparse.csr_array(np.triu(np.ones((5, 5), bool), 1))
    with pytest.raises(ValueError, match="10 synapses have spectral radius 0; without a cycle"):
        scaled_to_spectral_radius(chain, generator(), radius=1.0)
    with pytest.raises(ValueError, match=r"weights have shape \(3, 4\)"):
        scaled_to_spectral_radius(full_mask(3, 4), generator(), radius=1.0)


def test_a_mask_with_one_axis_is_refused():
    with pytest.raises(ValueError, match=r"mask has shape \(3,\); it must be"):
        constant(sparse.csr_array(np.ones(3, bool)), generator(), value=1.0)
