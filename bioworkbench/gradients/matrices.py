"""From trained layers to weights of projections, and back: a convolution becomes a sparse matrix."""

import numpy as np
from scipy import sparse

from bioworkbench.gradients.layers import Attention, Convolution, Dense, Layer, Pooled
from bioworkbench.records.arrays import Floats

__all__ = ["layer_weights", "neuron_biases", "pooled_weights", "projection_weights"]


def projection_weights(layer: Layer, weights: np.ndarray, mask: np.ndarray | None = None) -> sparse.csr_array:
    """Weights from every input to every neuron of a layer.

    Parameters
    ----------
    layer : Dense, Convolution, Pooled or Attention
    weights : array ``layer.weight_shape``
    mask : array, as weights, optional
        Where it is 0 there is no synapse; a link of weight 0 is one.

    Returns
    -------
    csr_array (n_in, n_out)
        Inputs and neurons of images in the order row, column, channel. Attention has none: what it adds are products of spikes.
    """
    values = np.asarray(weights, dtype=float)
    if isinstance(layer, Pooled):
        return pooled_weights(layer, projection_weights(layer.layer, values, mask))
    if isinstance(layer, Attention):
        return sparse.csr_array((layer.n_in, layer.n_out))
    if isinstance(layer, Convolution):
        return _convolution_matrix(layer, values, mask)
    rows, columns = np.nonzero(np.ones(values.shape) if mask is None else mask)
    return sparse.csr_array((values[rows, columns], (rows, columns)), shape=values.shape)


def pooled_weights(layer: Pooled, weights: sparse.csr_array) -> sparse.csr_array:
    """Weights from every pixel, given those from averages over squares of pixels.

    Parameters
    ----------
    layer : Pooled
    weights : csr_array (n_averages, n_out)

    Returns
    -------
    csr_array (n_in, n_out)
        Each pixel has the links of its square, those of weight 0 too.
    """
    rows, columns, channels = layer.image
    averages = np.arange(weights.shape[0]).reshape(layer.image_pooled)
    square = averages.repeat(layer.side, axis=0).repeat(layer.side, axis=1).reshape(rows * columns * channels)
    return weights[square] / layer.side**2


def layer_weights(layer: Layer, matrix: sparse.csr_array) -> Floats:
    """Weights of a layer whose projection is known: the inverse of `projection_weights`.

    Parameters
    ----------
    layer : Dense, Convolution, Pooled or Attention
    matrix : csr_array (n_in, n_out)
        As `projection_weights` gives it; of a convolution, the links of the neurons amid the image are looked at.

    Returns
    -------
    array ``layer.weight_shape``

    Raises
    ------
    ValueError
        If a filter is larger than the image, so that no neuron has all of its weights.
    """
    if isinstance(layer, Pooled):
        rows, columns, channels = layer.image
        first = np.arange(layer.n_in).reshape(rows, columns, channels)[:: layer.side, :: layer.side].ravel()
        return layer_weights(layer.layer, matrix[first] * layer.side**2)
    if isinstance(layer, Attention):
        return np.zeros(layer.weight_shape)
    if isinstance(layer, Dense):
        return matrix.toarray()
    (rows, columns, channels), (rows_out, columns_out, filters) = layer.image, layer.image_out
    row, row_inside = _taps(rows, rows_out, layer)
    column, column_inside = _taps(columns, columns_out, layer)
    whole = [np.flatnonzero(inside.all(axis=1)) for inside in (row_inside, column_inside)]
    if not (whole[0].size and whole[1].size):
        raise ValueError(f"size = {layer.size}: no neuron sees a whole filter in an image of {rows} x {columns} pixels")
    row_out, column_out = (int(found[found.size // 2]) for found in whole)
    pixels = row[row_out][:, None] * columns + column[column_out]
    sources = pixels[:, :, None] * channels + np.arange(channels)
    targets = (row_out * columns_out + column_out) * filters + np.arange(filters)
    return matrix[sources.ravel()][:, targets].toarray().reshape(layer.weight_shape)


def neuron_biases(layer: Layer, bias: np.ndarray) -> Floats:
    """Bias of every neuron of a layer; the neurons of a filter have one in common.

    Parameters
    ----------
    layer : Dense, Convolution, Pooled or Attention
    bias : array (n_out,) or (filters,)

    Returns
    -------
    array (n_out,)
    """
    return np.resize(np.asarray(bias, dtype=float), layer.n_out)


def _convolution_matrix(layer: Convolution, kernel: Floats, mask: np.ndarray | None) -> sparse.csr_array:
    # row and column are independent: taps that lie inside the image along both axes are links, one for each pair of channel and filter
    (rows, columns, channels), (rows_out, columns_out, filters) = layer.image, layer.image_out
    row, row_inside = _taps(rows, rows_out, layer)
    column, column_inside = _taps(columns, columns_out, layer)
    row_out, tap_row, column_out, tap_column = np.nonzero(row_inside[:, :, None, None] & column_inside)
    pixel = row[row_out, tap_row] * columns + column[column_out, tap_column]
    pixel_out = row_out * columns_out + column_out
    sources = pixel[:, None, None] * channels + np.arange(channels)[:, None]
    targets = pixel_out[:, None, None] * filters + np.arange(filters)
    sources, targets = np.broadcast_arrays(sources, targets)
    data = kernel[tap_row, tap_column]
    if mask is not None:
        kept = np.asarray(mask)[tap_row, tap_column] != 0
        data, sources, targets = data[kept], sources[kept], targets[kept]
    return sparse.csr_array((data.ravel(), (sources.ravel(), targets.ravel())), shape=(layer.n_in, layer.n_out))


def _taps(n_in: int, n_out: int, layer: Convolution) -> tuple[np.ndarray, np.ndarray]:
    """Input position of every tap of every output along one axis, (n_out, size), and whether it lies inside the image."""
    padding = max((n_out - 1) * layer.stride + layer.size - n_in, 0)
    position = np.arange(n_out)[:, None] * layer.stride + np.arange(layer.size) - padding // 2
    return position, (position >= 0) & (position < n_in)
