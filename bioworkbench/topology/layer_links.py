"""Cannistraci-Hebb scores of a layer, given as a mask (n_source, n_target): all of them, or the best absent links alone."""

from typing import Any

import numpy as np

from bioworkbench.arrays import Floats, Integers

__all__ = ["layer_scores", "top_links"]


def layer_scores(mask: Any, *, model: str = "CH3", form: str = "path") -> Floats:
    """Scores (n_source, n_target) of the absent links of a layer by paths of length 3; 0 where there is a link.

    Parameters
    ----------
    mask : array or csr_array (n_source, n_target)
        What is not zero is a link.
    model : "RA", "CH1", "CH2", "CH3", "CH3.1a", "CH3.1b" or "iLCL"
    form : "path" or "node"
        Sum over paths, or over the nodes that lie on a path.
    """
    raise NotImplementedError


def top_links(
    mask: Any,
    k: int,
    rng: np.random.Generator,
    *,
    model: str = "CH3",
    form: str = "path",
    sample: bool = False,
    forbid_diagonal: bool = False,
    allow_fewer: bool = False,
) -> tuple[Integers, Integers]:
    """Exactly `k` absent links with the largest scores, or drawn in proportion to the score, best or first drawn first.

    Parameters
    ----------
    mask : array or csr_array (n_source, n_target)
        What is not zero is a link.
    k : int
    rng : Generator
        Decides between equal scores (scores that agree to 12 decimals), and draws the sample.
    sample : bool
        Draw without replacement, each time in proportion to the score, instead of taking the largest.
    forbid_diagonal : bool
        For a square mask whose two sides are one population: no self-links.
    allow_fewer : bool
        Candidates with score 0 are never returned. If fewer than `k` are positive, return those alone instead of raising
        TopologyError; how to fill the rest is then up to the caller.

    Returns
    -------
    rows, cols : int array (k,)
    """
    raise NotImplementedError
