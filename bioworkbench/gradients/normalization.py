"""Batch norm: in training the drive of a filter has a mean and deviation of its own, which afterwards become weights and bias.

A normalized layer computes ``scale (a - mean) / deviation + bias`` of the drive ``a`` that its weights alone give; mean and deviation of
each filter are over all that is given: trials, steps and pixels. For one mean and deviation this is a layer with the weights
``weights scale / deviation`` and the bias ``bias - scale mean / deviation``, which Brian2 runs: the weights are those of its synapses, the
bias is the constant `bias` of its `discrete_lif` neurons.

Ioffe and Szegedy (2015), arXiv:1502.03167; over steps too: Zheng et al. (2021), arXiv:2011.05280.
"""

from collections.abc import Mapping

import jax
import jax.numpy as jnp

from bioworkbench.gradients.layers import Layer

__all__ = ["folded_layer", "layer_drive"]

_EPSILON = 1e-5  # added to variances: a filter may see the same everywhere


def layer_drive(layer: Layer, parameters: Mapping[str, jax.Array], inputs: jax.Array) -> jax.Array:
    """Drive of the neurons of a layer, normalized over all of it where the parameters have a scale.

    Parameters
    ----------
    layer : Dense, Convolution, Pooled or Attention
    parameters : mapping with "weights", "bias" and perhaps "scale"
    inputs : array (n_steps, n_trials, n_in)

    Returns
    -------
    array (n_steps, n_trials, n_out)
    """
    flat = inputs.reshape(-1, inputs.shape[-1])
    if "scale" in parameters:
        filtered = _filtered(layer, parameters, flat)
        factor, bias = _normalization(parameters, filtered)
        drive = filtered * factor + bias
    else:
        drive = layer.apply(parameters["weights"], parameters["bias"], flat)
    return drive.reshape(*inputs.shape[:2], -1)


def folded_layer(layer: Layer, parameters: Mapping[str, jax.Array], inputs: jax.Array) -> dict[str, jax.Array]:
    """Weights and bias with which a layer does without normalization what it does with it for some inputs.

    Parameters
    ----------
    layer : Dense, Convolution, Pooled or Attention
    parameters : mapping with "weights", "bias" and perhaps "scale"
        Without a scale they are what comes back.
    inputs : array (n_steps, n_trials, n_in)
        Their means and deviations become part of the parameters.

    Returns
    -------
    dict with "weights" and "bias"
    """
    if "scale" not in parameters:
        return dict(parameters)
    factor, bias = _normalization(parameters, _filtered(layer, parameters, inputs.reshape(-1, inputs.shape[-1])))
    return {"weights": parameters["weights"] * factor, "bias": bias}


def _filtered(layer: Layer, parameters: Mapping[str, jax.Array], inputs: jax.Array) -> jax.Array:
    """What the weights alone give, (n, n_filters), for all trials, steps and pixels."""
    n_filters = layer.weight_shape[-1]
    return layer.apply(parameters["weights"], jnp.zeros(n_filters, inputs.dtype), inputs).reshape(-1, n_filters)


def _normalization(parameters: Mapping[str, jax.Array], filtered: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Factor and bias (n_filters,) that normalize what is filtered."""
    factor = parameters["scale"] * jax.lax.rsqrt(filtered.var(axis=0) + _EPSILON)
    return factor, parameters["bias"] - factor * filtered.mean(axis=0)
