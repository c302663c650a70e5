"""Maps of NIR as sparse matrices: convolution and pooling of feature maps, flattened row after row as NIR's arrays are.

A matrix ``(n_in, n_out)`` takes a row of values to a row of values, as weights of a network do.
"""

from typing import Any

import numpy as np
from scipy import sparse

from bioworkbench.records.arrays import Floats, Integers, finite
from bioworkbench.records.counted import counted

__all__ = ["MAPS", "MAX_ENTRIES", "bias_of_map", "matrix_of_map"]

MAPS = ("Linear", "Affine", "Scale", "Conv1d", "Conv2d", "SumPool2d", "AvgPool2d")
"""Types of nodes that are linear, but for a constant."""

MAX_ENTRIES = 100_000_000
"""Of a matrix."""

_CONVOLUTIONS = ("Conv1d", "Conv2d")
_Shape = tuple[int, ...]
_Places = tuple[Integers, Integers, Integers]  # along an axis: output, place in the window, input


def matrix_of_map(name: str, node: Any, shape: _Shape) -> tuple[sparse.csr_array, _Shape]:
    """Matrix (n_in, n_out) of a node.

    Parameters
    ----------
    name : str
        Of the node, for messages.
    node : nir.NIRNode
        Of a type in `MAPS`.
    shape : tuple of int
        Of what arrives, such as (channels, height, width).

    Returns
    -------
    matrix : csr_array (n_in, n_out)
    shape : tuple of int
        Of what leaves; its product is n_out.

    Raises
    ------
    ValueError
        If the shapes of input and window do not fit, or the matrix has more than `MAX_ENTRIES`.
    """
    kind = type(node).__name__
    if kind == "Scale":
        scale = np.ravel(finite(f"scale of node '{name}'", node.scale))
        scale = np.repeat(scale, int(np.prod(shape))) if scale.size == 1 else scale
        return sparse.csr_array(sparse.diags_array(scale)), shape if np.prod(shape) == scale.size else (scale.size,)
    if kind in ("Linear", "Affine"):
        matrix = sparse.csr_array(np.atleast_2d(finite(f"weights of node '{name}'", node.weight)).T)
        return matrix, (matrix.shape[1],)
    return _windows(name, node, kind, shape)


def bias_of_map(name: str, node: Any, shape: _Shape) -> Floats:
    """Constant that a node adds to what leaves it; that of a convolution is one per channel.

    Parameters
    ----------
    name : str
        Of the node, for messages.
    node : nir.NIRNode
        Of a type in `MAPS`.
    shape : tuple of int
        Of what leaves it.

    Returns
    -------
    array (n_out,)

    Raises
    ------
    ValueError
        If there are neither one, nor one per channel of a convolution, nor n_out.
    """
    given = finite(f"bias of node '{name}'", getattr(node, "bias", 0.0)).ravel().astype(float)
    n_out = int(np.prod(shape))
    if type(node).__name__ in _CONVOLUTIONS and given.size == shape[0]:
        return np.repeat(given, n_out // given.size)
    if given.size not in (1, n_out):
        raise ValueError(
            f"bias of node '{name}' has {counted(given.size, 'value')} for {n_out} outputs; give one, or one per output"
        )
    return np.broadcast_to(given, (n_out,))


def _windows(name: str, node: Any, kind: str, shape: _Shape) -> tuple[sparse.csr_array, _Shape]:
    """Matrix of a map that moves a window over feature maps."""
    flat = kind == "Conv1d"
    n_channels, *sizes = _maps(name, node, kind, shape)
    inside = (1, *sizes) if flat else tuple(sizes)
    kernel, groups = _kernel(name, node, kind, n_channels)
    window = kernel.shape[2:]
    stride, dilation = _pair(node, "stride", 1, flat), _pair(node, "dilation", 1, flat)
    if min(*stride, *dilation) < 1:
        raise ValueError(f"node '{name}' has stride = {stride}, dilation = {dilation}; each is 1 or more")
    before, after = _padding(node, window, dilation, flat)
    # the usual count: how often the stretched window fits into the padded map, a stride apart
    sizes = [(inside[k] + before[k] + after[k] - dilation[k] * (window[k] - 1) - 1) // stride[k] + 1 for k in (0, 1)]
    if min(sizes) < 1:
        raise ValueError(f"node '{name}': a window of {window} does not fit into feature maps of {inside}")
    if kernel.size * sizes[0] * sizes[1] > MAX_ENTRIES:
        raise ValueError(
            f"node '{name}' has {kernel.size * sizes[0] * sizes[1]} weights as a matrix; at most {MAX_ENTRIES} are made"
        )
    axes = [_places(sizes[k], window[k], stride[k], dilation[k], before[k], inside[k]) for k in (0, 1)]
    left = (kernel.shape[0], sizes[1]) if flat else (kernel.shape[0], *sizes)
    return _spread(kernel, groups, axes, (n_channels, *inside), sizes), left


def _maps(name: str, node: Any, kind: str, shape: _Shape) -> _Shape:
    """Channels, height and width of the maps that arrive; what the node says of their sizes must agree."""
    n_axes = 1 if kind == "Conv1d" else 2
    given = getattr(node, "input_shape", None)
    said = () if given is None else tuple(int(n) for n in np.ravel(given))
    found = shape[-1 - n_axes :] if len(shape) > n_axes else ()
    if said and len(said) == n_axes and np.prod(shape) % np.prod(said) == 0:
        found = found if found[1:] == said else (int(np.prod(shape) // np.prod(said)), *said)
    if not found or np.prod(found) != np.prod(shape):
        raise ValueError(
            f"node '{name}' takes feature maps, and values of shape {shape} arrive; a {kind} needs (channels, "
            f"{'length' if n_axes == 1 else 'height, width'}), or an input_shape that fits"
        )
    return found


def _kernel(name: str, node: Any, kind: str, n_channels: int) -> tuple[Floats, int]:
    """Weights (n_out, n_in / groups, height, width) and the number of groups; pooling is a group per channel."""
    if kind in _CONVOLUTIONS:
        weight = finite(f"weights of node '{name}'", node.weight).astype(float)
        weight = weight[:, :, None] if weight.ndim == 3 else weight
        groups = int(node.groups)
        if groups < 1 or weight.ndim != 4 or weight.shape[1] * groups != n_channels or weight.shape[0] % groups:
            raise ValueError(
                f"node '{name}' has weights of shape {weight.shape} in {groups} groups for {counted(n_channels, 'channel')}; they must fit"
            )
        return weight, groups
    height, width = _pair(node, "kernel_size", 1, flat=False)
    value = 1.0 / (height * width) if kind == "AvgPool2d" else 1.0
    return np.full((n_channels, 1, height, width), value), n_channels


def _pair(node: Any, key: str, default: int, flat: bool) -> tuple[int, int]:
    """A setting of a window along height and width; one number stands for both."""
    given = [int(one) for one in np.ravel(getattr(node, key, default))]
    return (default, given[0]) if flat else (given[0], given[-1])


def _padding(node: Any, window: _Shape, dilation: _Shape, flat: bool) -> tuple[_Shape, _Shape]:
    """Rows and columns of zeros before and after; "same" keeps the size, the odd one after."""
    given = getattr(node, "padding", 0)
    given = given.decode() if isinstance(given, bytes) else given
    if isinstance(given, str):
        whole = [d * (w - 1) * (given == "same") for d, w in zip(dilation, window, strict=True)]
        return tuple(n // 2 for n in whole), tuple(n - n // 2 for n in whole)
    each = _pair(node, "padding", 0, flat)
    return each, each


def _places(n_out: int, width: int, stride: int, dilation: int, before: int, n_in: int) -> _Places:
    """Output, place in the window and input of every pair that is not padding."""
    output, place = (part.ravel() for part in np.meshgrid(np.arange(n_out), np.arange(width), indexing="ij"))
    source = output * stride - before + place * dilation
    inside = (source >= 0) & (source < n_in)
    return output[inside], place[inside], source[inside]


def _spread(kernel: Floats, groups: int, axes: list[_Places], shape: _Shape, sizes: list[int]) -> sparse.csr_array:
    """Matrix of a kernel: every pair of places along both axes, for every pair of channels of a group."""
    (y_out, y_in_window, y_in), (x_out, x_in_window, x_in) = axes
    rows = (y_in[:, None] * shape[2] + x_in).ravel()
    columns = (y_out[:, None] * sizes[1] + x_out).ravel()
    n_out, n_each = kernel.shape[:2]
    channel_out, within = (part.ravel() for part in np.meshgrid(np.arange(n_out), np.arange(n_each), indexing="ij"))
    channel_in = channel_out // (n_out // groups) * n_each + within
    values = kernel[:, :, y_in_window[:, None], x_in_window].reshape(n_out * n_each, -1)
    all_rows = channel_in[:, None] * (shape[1] * shape[2]) + rows
    all_columns = channel_out[:, None] * (sizes[0] * sizes[1]) + columns
    size = (shape[0] * shape[1] * shape[2], n_out * sizes[0] * sizes[1])
    return sparse.csr_array((values.ravel(), (all_rows.ravel(), all_columns.ravel())), shape=size)
