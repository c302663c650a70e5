"""A convolution as a sparse matrix drives every neuron as the convolution does."""

import jax.numpy as jnp
import numpy as np
import pytest

from bioworkbench.gradients.layers import Convolution, Dense, Pooled
from bioworkbench.gradients.matrices import layer_weights, neuron_biases, projection_weights


@pytest.mark.parametrize(("size", "stride"), [(3, 1), (3, 2), (5, 2), (4, 3), (2, 2), (1, 1)])
def test_convolution_equals_its_matrix(size, stride):
    rng = np.random.default_rng(size)
    layer = Convolution((7, 6, 2), 3, size, stride)
    kernel, bias = rng.normal(size=layer.weight_shape), rng.normal(size=3)
    images = rng.normal(size=(4, layer.n_in))
    drive = layer.apply(jnp.asarray(kernel), jnp.asarray(bias), jnp.asarray(images))
    matrix = projection_weights(layer, kernel)
    np.testing.assert_allclose(images @ matrix + neuron_biases(layer, bias), drive, atol=1e-5)
    assert matrix.shape == (layer.n_in, layer.n_out)
    np.testing.assert_array_equal(layer_weights(layer, matrix), kernel)


@pytest.mark.parametrize("inner", [Convolution((4, 3, 2), 3, 3), Convolution((4, 3, 2), 3, 2, 2), Dense(24, 5)], ids=str)
def test_averages_become_weights_of_every_pixel(inner):
    rng = np.random.default_rng(1)
    layer = Pooled((8, 6, 2), 2, inner)
    weights, bias = rng.normal(size=layer.weight_shape), rng.normal(size=layer.weight_shape[-1])
    images = rng.normal(size=(4, layer.n_in))
    matrix = projection_weights(layer, weights)
    drive = layer.apply(jnp.asarray(weights), jnp.asarray(bias), jnp.asarray(images))
    np.testing.assert_allclose(images @ matrix + neuron_biases(layer, bias), drive, atol=1e-5)
    np.testing.assert_array_equal(layer_weights(layer, matrix), weights)


def test_links_of_averages_stay_even_at_weight_zero():
    mask = np.array([[1, 0], [1, 1]])
    matrix = projection_weights(Pooled((2, 4, 1), 2, Dense(2, 2)), np.array([[0.0, 5.0], [1.0, 2.0]]), mask)
    assert matrix.nnz == 12
    assert matrix.toarray()[:, 0].tolist() == [0, 0, 0.25, 0.25] * 2


def test_a_filter_larger_than_the_image_is_not_found_again():
    layer = Convolution((2, 2, 1), 1, 5)
    with pytest.raises(ValueError, match="size = 5: no neuron sees a whole filter in an image of 2 x 2 pixels"):
        layer_weights(layer, projection_weights(layer, np.ones(layer.weight_shape)))


def test_mask_keeps_links_of_weight_zero():
    matrix = projection_weights(Dense(2, 2), np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([[1, 0], [0, 1]]))
    assert matrix.nnz == 2
    assert matrix.toarray().tolist() == [[0, 0], [0, 3]]


@pytest.mark.parametrize("size", [1, 3])
def test_masked_convolution_has_synapses_where_its_kernel_has_links(size):
    rng = np.random.default_rng(size)
    layer = Convolution((4, 5, 3), 6, size)
    mask = rng.random(layer.weight_shape) < 0.4
    kernel = rng.normal(size=layer.weight_shape) * mask
    kernel[tuple(np.argwhere(mask)[0])] = 0.0  # a link nevertheless
    matrix, whole = projection_weights(layer, kernel, mask), projection_weights(layer, np.where(mask, 1.0, 0.0))
    np.testing.assert_array_equal(matrix.toarray(), projection_weights(layer, kernel).toarray())
    assert matrix.nnz == np.count_nonzero(whole.toarray())
    np.testing.assert_array_equal(layer_weights(layer, matrix), kernel)
    pooled = Pooled((8, 10, 3), 2, layer)
    assert projection_weights(pooled, kernel, mask).nnz == 4 * matrix.nnz


def test_a_dense_layer_has_all_links_even_those_of_weight_zero():
    assert projection_weights(Dense(2, 3), np.zeros((2, 3))).nnz == 6


def test_convolution_refuses_sizes_below_one():
    with pytest.raises(ValueError, match="stride = 0: must be an integer, 1 or more"):
        Convolution((4, 4, 1), 2, 3, 0)
