"""From trained layers to weights of projections: a convolution becomes a sparse matrix."""

import numpy as np
from scipy import sparse

from bioworkbench.gradients.layers import Convolution, Dense
from bioworkbench.records.arrays import Floats

__all__ = ["neuron_biases", "projection_weights"]


def projection_weights(layer: Dense | Convolution, weights: np.ndarray, mask: np.ndarray | None = None) -> sparse.csr_array:
    """Weights from every input to every neuron of a layer.

    Parameters
    ----------
    layer : Dense or Convolution
    weights : array ``layer.weight_shape``
    mask : array, as weights, optional
        For `Dense` only: where it is 0 there is no synapse; a link of weight 0 is one.

    Returns
    -------
    csr_array (n_in, n_out)
        Inputs and neurons of images in the order row, column, channel.
    """
    values = np.asarray(weights, dtype=float)
    if isinstance(layer, Convolution):
        return _convolution_matrix(layer, values)
    rows, columns = np.nonzero(np.ones(values.shape) if mask is None else mask)
    return sparse.csr_array((values[rows, columns], (rows, columns)), shape=values.shape)


def neuron_biases(layer: Dense | Convolution, bias: np.ndarray) -> Floats:
    """Bias of every neuron of a layer; the neurons of a filter have one in common.

    Parameters
    ----------
    layer : Dense or Convolution
    bias : array (n_out,) or (filters,)

    Returns
    -------
    array (n_out,)
    """
    return np.resize(np.asarray(bias, dtype=float), layer.n_out)


def _convolution_matrix(layer: Convolution, kernel: Floats) -> sparse.csr_array:
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
    return sparse.csr_array((data.ravel(), (sources.ravel(), targets.ravel())), shape=(layer.n_in, layer.n_out))


def _taps(n_in: int, n_out: int, layer: Convolution) -> tuple[np.ndarray, np.ndarray]:
    """Input position of every tap of every output along one axis, (n_out, size), and whether it lies inside the image."""
    padding = max((n_out - 1) * layer.stride + layer.size - n_in, 0)
    position = np.arange(n_out)[:, None] * layer.stride + np.arange(layer.size) - padding // 2
    return position, (position >= 0) & (position < n_in)
