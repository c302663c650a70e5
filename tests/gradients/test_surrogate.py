"""Firing probabilities, their exact derivatives, and the bumps that stand in for the step's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from bioworkbench.gradients.surrogate import DENSITIES, SURROGATES, draw, expected_spike, firing_probability, spike

DEVIATION = 12**-0.5


def _slope(kind, margin, deviation):
    value = jax.grad(lambda x: expected_spike(kind, x, jnp.float32(deviation), jnp.float32(0.0)))
    return float(value(jnp.float32(margin)))


def test_probability_by_hand():
    """Mean theta / 2, deviation theta / sqrt(12), theta = 1: drives of 0, 0.5 and 1."""
    probability = firing_probability("gauss", jnp.array([-0.5, 0.0, 0.5]), jnp.array(DEVIATION))
    np.testing.assert_allclose(probability, [0.0416, 0.5, 0.9584], atol=5e-5)
    assert _slope("gauss", 0.0, DEVIATION) == pytest.approx(1.382, abs=5e-4)


def test_uniform_noise_makes_the_probability_linear():
    drive = jnp.array([-0.3, 0.0, 0.25, 1.0, 1.4])
    np.testing.assert_allclose(firing_probability("uniform", drive - 0.5, jnp.array(DEVIATION)), [0, 0, 0.25, 1, 1], atol=1e-6)
    assert _slope("uniform", 0.2, DEVIATION) == pytest.approx(1.0, abs=1e-5)
    assert _slope("uniform", 0.6, DEVIATION) == 0.0


@pytest.mark.parametrize("kind", DENSITIES)
@pytest.mark.parametrize("margin", [-0.31, 0.0, 0.17])
def test_expected_derivatives_are_those_of_the_probability(kind, margin):
    def chance(x, s):
        return float(firing_probability(kind, jnp.float32(x), jnp.float32(s)))

    step = 1e-2
    by_margin, by_deviation = jax.grad(lambda x, s: expected_spike(kind, x, s, jnp.float32(0.0)), argnums=(0, 1))(
        jnp.float32(margin), jnp.float32(0.3)
    )
    assert float(by_margin) == pytest.approx((chance(margin + step, 0.3) - chance(margin - step, 0.3)) / (2 * step), abs=2e-3)
    assert float(by_deviation) == pytest.approx((chance(margin, 0.3 + step) - chance(margin, 0.3 - step)) / (2 * step), abs=3e-3)


@pytest.mark.parametrize("kind", DENSITIES)
def test_sampled_spikes_have_the_probability(kind):
    margin, n = np.linspace(-0.4, 0.4, 5), 40_000
    noise = draw(kind, jax.random.key(3), (n, 5))
    spikes = np.asarray(expected_spike(kind, jnp.broadcast_to(jnp.asarray(margin), (n, 5)), jnp.float32(0.3), noise))
    chance = np.asarray(firing_probability(kind, jnp.asarray(margin), jnp.float32(0.3)))
    error = np.sqrt(chance * (1 - chance) / n)
    assert np.all(np.abs(spikes.mean(axis=0) - chance) < 4.5 * error)
    assert abs(spikes.mean(axis=0) - chance[::-1]).max() > 4.5 * error.max()  # the mirrored distribution is told apart
    assert abs(float(noise.std()) - 1) < 4.5 * np.sqrt(stats.norm().stats("k") + 2) / np.sqrt(4 * noise.size)


def test_without_noise_the_step_remains():
    margin = jnp.array([-1e-3, 0.0, 1e-3])
    np.testing.assert_array_equal(expected_spike("gauss", margin, jnp.float32(1e-9), jnp.ones(3)), [0, 1, 1])


@pytest.mark.parametrize("shape", SURROGATES)
def test_surrogates_are_bumps_of_area_one(shape):
    x = np.linspace(-4000, 4000, 400_001)
    bump = SURROGATES[shape](jnp.asarray(x), 0.4)
    assert np.sum(bump, dtype=float) * (x[1] - x[0]) == pytest.approx(1, abs=1e-3)
    assert float(bump.max()) == pytest.approx(float(SURROGATES[shape](jnp.float32(0.0), 0.4)))
    slope = jax.grad(lambda m: spike(m, shape, 0.4, False))(jnp.float32(0.1))
    assert float(slope) == pytest.approx(float(SURROGATES[shape](jnp.float32(0.1), 0.4)))


def test_spike_at_the_threshold():
    assert (float(spike(jnp.float32(0.0), "gaussian", 1.0)), float(spike(jnp.float32(0.0), "gaussian", 1.0, True))) == (1.0, 0.0)
