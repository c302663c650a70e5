"""Masks: which sources are linked to which targets, as boolean CSR arrays ``(n_source, n_target)`` with sorted 32-bit indices."""

from typing import Any, TypeAlias

import numpy as np
from scipy import sparse

from bioworkbench.records.arrays import Integers, count, fraction
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import TopologyError
from bioworkbench.records.sparse_matrices import canonical

__all__ = ["Mask", "checked_mask", "link_arrays", "link_mask", "mask_shape", "n_links_at", "possible_targets"]

Mask: TypeAlias = sparse.csr_array


def link_mask(sources: Any, targets: Any, shape: tuple[int, int]) -> Mask:
    """Mask with the given links.

    Parameters
    ----------
    sources, targets : int array (n_links,)
        A link given twice counts once.
    shape : (n_source, n_target)

    Returns
    -------
    csr_array of bool
        Of that shape.

    Examples
    --------
    >>> link_mask([0, 1], [2, 0], (2, 3)).toarray().astype(int)
    array([[0, 0, 1],
           [1, 0, 0]])
    """
    sources, targets = np.asarray(sources, dtype=np.int32), np.asarray(targets, dtype=np.int32)
    return sparse.csr_array((np.ones(sources.size, dtype=bool), (sources, targets)), shape=shape)


def link_arrays(mask: Mask) -> tuple[Integers, Integers]:
    """Sources and targets of the links of a mask, in its row-major order.

    Parameters
    ----------
    mask : csr_array (n_source, n_target)

    Returns
    -------
    sources, targets : int array (n_links,)
    """
    return np.repeat(np.arange(mask.indptr.size - 1), np.diff(mask.indptr)), mask.indices.astype(np.int64)


def mask_shape(mask: Mask) -> tuple[int, int]:
    """Numbers of sources and targets of `mask`."""
    shape: Any = mask.shape
    return shape


def checked_mask(name: str, links: Any, *, recurrent: bool = False) -> Mask:
    """Mask from a dense or sparse matrix; what is not zero is a link.

    Parameters
    ----------
    name : str
        Of the mask, for messages.
    links : array or sparse array (n_source, n_target)
        What is not zero is a link.
    recurrent : bool
        Whether sources and targets are the same nodes.

    Returns
    -------
    csr_array of bool (n_source, n_target)
        Without stored zeros, indices ascending.

    Raises
    ------
    TopologyError
        If the matrix is not two-dimensional or has NaN, or if a recurrent one is not square or has self-links.
    """
    if np.ndim(links) != 2:
        raise TopologyError(f"{name} has {counted(np.ndim(links), 'dimension')}; a mask has two: sources and targets")
    mask = canonical(links)
    if mask.dtype.kind == "f" and np.isnan(mask.data).any():
        raise TopologyError(f"{name} has {int(np.isnan(mask.data).sum())} NaN entries; it is not known whether these are links")
    mask = sparse.csr_array(mask != 0)
    if recurrent:
        _check_recurrent(name, mask)
    return mask


def _check_recurrent(name: str, mask: Mask) -> None:
    n_source, n_target = mask_shape(mask)
    if n_source != n_target:
        raise TopologyError(f"{name} has shape ({n_source}, {n_target}); links of a population with itself need a square mask")
    loops = np.flatnonzero(mask.diagonal())
    if loops.size:
        raise TopologyError(f"{name} has {counted(loops.size, 'self-link')}, the first at node {loops[0]}; remove them")


def possible_targets(n_source: int, n_target: int, recurrent: bool) -> int:
    """Number of targets that one source can have: all of them, or all others in a recurrent projection.

    Parameters
    ----------
    n_source, n_target : int
    recurrent : bool
        Whether sources and targets are the same nodes.

    Returns
    -------
    int

    Raises
    ------
    TopologyError
        If sources and targets should be the same nodes and their numbers differ.
    """
    count("n_source", n_source)
    count("n_target", n_target)
    if recurrent and n_source != n_target:
        raise TopologyError(f"recurrent links from {n_source} to {n_target} nodes: source and target must be the same population")
    return n_target - 1 if recurrent else n_target


def n_links_at(sparsity: float, n_source: int, n_target: int, *, recurrent: bool = False) -> int:
    """Number of links of a layer of a sparsity, rounded to the nearest integer.

    Parameters
    ----------
    sparsity : float
        Fraction of the possible links that are absent.
    n_source, n_target : int
    recurrent : bool
        Whether sources and targets are the same nodes; then a self-link is not possible.

    Returns
    -------
    int
    """
    return round((1 - fraction("sparsity", sparsity)) * n_source * possible_targets(n_source, n_target, recurrent))
