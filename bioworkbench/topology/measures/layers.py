"""Measures of a layer of a neural network: a bipartite graph of sources and targets."""

from collections.abc import Mapping
from typing import Any

from scipy import sparse

from bioworkbench.topology.masks import checked_mask, mask_shape

__all__ = ["layer_measures"]


def layer_measures(mask: Any) -> Mapping[str, float]:
    """Measures of a layer, a bipartite graph of sources and targets.

    ``four_cycle_clustering`` is the fraction of paths of three links that close to a cycle of four (Robins and Alexander); the usual
    clustering of a bipartite graph is 0 whatever its structure.

    Parameters
    ----------
    mask : array or csr_array (n_source, n_target)

    Returns
    -------
    dict from name to float
        Also ``n_links``, ``sparsity``, and ``active_sources`` and ``active_targets``, the fractions of nodes with links.

    References
    ----------
    G. Robins, M. Alexander (2004), https://doi.org/10.1023/B:CMOT.0000032580.12184.c0
    """
    mask = checked_mask("mask", mask)
    links = mask.astype(float)
    n_source, n_target = mask_shape(mask)
    outputs, inputs = links.sum(axis=1), links.sum(axis=0)
    common = sparse.csr_array(sparse.triu(links @ links.T, k=1))
    squares = float((common.data * (common.data - 1) / 2).sum())
    paths = float((outputs - 1) @ links @ (inputs - 1)) if mask.nnz else 0.0
    return {
        "n_links": mask.nnz,
        "sparsity": 1 - mask.nnz / (n_source * n_target),
        "active_sources": float((outputs > 0).mean()),
        "active_targets": float((inputs > 0).mean()),
        "four_cycle_clustering": 4 * squares / paths if paths else 0.0,
    }
