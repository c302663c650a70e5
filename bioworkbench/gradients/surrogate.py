"""Spikes that gradients can pass: surrogate derivatives, and the derivative of a firing probability.

A spike is a step function of the margin, potential minus threshold, and has no useful derivative. Two stand in for it:

* `spike` takes the derivative of a bump around the threshold (Neftci, Mostafa and Zenke 2019, doi 10.1109/MSP.2019.2931595);
* `expected_spike` takes the derivative of the probability that the neuron fires, given the noise that is added to its margin
  (Ma, Yan and Tang 2023, arXiv:2305.16044); it is exact for the expected spike.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jax.scipy.stats import norm

__all__ = ["DENSITIES", "SURROGATES", "draw", "expected_spike", "firing_probability", "spike"]

_TAIL = 5.0  # deviations beyond which a Gaussian bump is 0: its tails would be subnormal numbers, which are slow to compute with


def _normal_density(z: jax.Array) -> jax.Array:
    return jnp.where(jnp.abs(z) < _TAIL, norm.pdf(z), 0.0)


SURROGATES: dict[str, Callable[[jax.Array, float], jax.Array]] = {
    "gaussian": lambda x, width: _normal_density(x / width) / width,
    "arctan": lambda x, width: 1 / (jnp.pi * width * (1 + (x / width) ** 2)),
    "fast_sigmoid": lambda x, width: 0.5 / (width * (1 + jnp.abs(x) / width) ** 2),
    "sigmoid": lambda x, width: jax.nn.sigmoid(x / width) * jax.nn.sigmoid(-x / width) / width,
    "triangle": lambda x, width: jnp.maximum(0, 1 - jnp.abs(x) / width) / width,
}
"""Derivative that stands in for the step's, by name: ``f(margin, width)``; each integrates to 1."""

_ROOT3 = 3**0.5

DENSITIES: dict[str, Callable[[jax.Array], jax.Array]] = {
    "gauss": _normal_density,
    "uniform": lambda z: jnp.where(jnp.abs(z) < _ROOT3, 0.5 / _ROOT3, 0.0),
}
"""Density of noise with mean 0 and deviation 1, by name."""

_DISTRIBUTIONS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "gauss": norm.cdf,
    "uniform": lambda z: jnp.clip(0.5 + 0.5 * z / _ROOT3, 0.0, 1.0),
}


def draw(kind: str, key: jax.Array, shape: tuple[int, ...], dtype: jnp.dtype = jnp.float32) -> jax.Array:
    """Noise with mean 0 and deviation 1.

    Parameters
    ----------
    kind : str
        Key of `DENSITIES`.
    key : JAX random key
    shape : tuple of int
    dtype : data type

    Returns
    -------
    array
        Of that shape.
    """
    if kind == "gauss":
        return jax.random.normal(key, shape, dtype)
    return jax.random.uniform(key, shape, dtype, -_ROOT3, _ROOT3)


@partial(jax.custom_jvp, nondiff_argnums=(1, 2, 3))
def spike(margin: jax.Array, shape: str, width: float, strict: bool = False) -> jax.Array:
    """Step function with the derivative of a bump.

    Parameters
    ----------
    margin : array
        Potential minus threshold.
    shape : str
        Key of `SURROGATES`.
    width : float
        Of the bump, in units of the potential.
    strict : bool
        Whether a margin of exactly 0 makes no spike.

    Returns
    -------
    array of 0 and 1, of the dtype of the margin
    """
    return (margin > 0 if strict else margin >= 0).astype(margin.dtype)


@spike.defjvp
def _spike_jvp(shape: str, width: float, strict: bool, primals: tuple, tangents: tuple) -> tuple[jax.Array, jax.Array]:
    (margin,), (change,) = primals, tangents
    return spike(margin, shape, width, strict), SURROGATES[shape](margin, width) * change


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def expected_spike(kind: str, margin: jax.Array, deviation: jax.Array, noise: jax.Array) -> jax.Array:
    """Step of margin plus noise, with the derivative of the probability that it is 1.

    Parameters
    ----------
    kind : str
        Distribution of the noise, a key of `DENSITIES`.
    margin : array
        Potential plus mean of the noise, minus threshold.
    deviation : array
        Of the noise, above 0; broadcasts with the margin.
    noise : array, as margin
        Drawn with mean 0 and deviation 1; see `draw`.

    Returns
    -------
    array of 0 and 1
    """
    return (margin + deviation * noise >= 0).astype(margin.dtype)


@expected_spike.defjvp
def _expected_spike_jvp(kind: str, primals: tuple, tangents: tuple) -> tuple[jax.Array, jax.Array]:
    margin, deviation, noise = primals
    z = margin / deviation
    # derivative of the probability of firing by the margin; by the deviation it is this times -z
    slope = DENSITIES[kind](z) / deviation
    return expected_spike(kind, margin, deviation, noise), slope * (tangents[0] - z * tangents[1])


def firing_probability(kind: str, margin: jax.Array, deviation: jax.Array) -> jax.Array:
    """Probability that margin plus noise reaches 0.

    Parameters
    ----------
    kind : str
        Distribution of the noise, a key of `DENSITIES`.
    margin : array
        Potential minus threshold.
    deviation : array
        Of the noise; fits the shape of `margin`.

    Returns
    -------
    array
        Of the shape of `margin`.

    Examples
    --------
    >>> bool(firing_probability("uniform", jnp.array(-0.25), jnp.array(12**-0.5)) < 0.26)
    True
    """
    return _DISTRIBUTIONS[kind](margin / deviation)
