"""What one node of a local community adds to a Cannistraci-Hebb score, compiled: the formulas that all fast kernels share."""

import numpy as np
from numba import njit

from bioworkbench.records.arrays import Integers
from bioworkbench.records.errors import unknown_name
from bioworkbench.topology.prediction.definition import CONVENTIONS, FORMS, LENGTHS, MODELS

__all__ = ["checked_rule", "node_term"]

_RA, _CH1, _CH2, _CH3, _CH31A, _CH31B, _ILCL = (
    MODELS.index(name) for name in ("RA", "CH1", "CH2", "CH3", "CH3.1a", "CH3.1b", "iLCL")
)


@njit(cache=True, error_model="numpy")
def node_term(model: int, d: float, di: float, de: float) -> float:
    """Term of a community node, as in `bioworkbench.topology.prediction.definition.TERMS`.

    Parameters
    ----------
    model : int
        Position in ``MODELS``.
    d, di, de : float
        Degree, internal degree and external degree of the node.

    Returns
    -------
    float
    """
    if model == _CH3:
        return 1.0 / (1.0 + de)
    if model == _CH2:
        return (1.0 + di) / (1.0 + de)
    if model == _CH1:
        return di / d
    if model == _RA:
        return 1.0 / d
    if model == _ILCL:
        return di / (1.0 + di)
    if model == _CH31A:
        return 1.0 / (1.0 / (1.0 + di) + de)
    return (1.0 + di) / (1.0 + de) ** (1.0 + de / (1.0 + de))


def checked_rule(model: str, length: int = 3, convention: str = "path", form: str = "path") -> Integers:
    """A rule as the compiled kernels understand it: positions of model, convention and form in their tuples, and the path length.

    Parameters
    ----------
    model : one of `MODELS`
    length : 2 or 3
    convention : one of `CONVENTIONS`
    form : one of `FORMS`

    Returns
    -------
    int array (4,)

    Raises
    ------
    ValueError
        If one of the names is unknown, or `length` is neither 2 nor 3.

    Examples
    --------
    >>> checked_rule("CH3", 3, "path", "node")
    array([3, 0, 1, 3])
    """
    given = ((model, "model", MODELS), (convention, "convention", CONVENTIONS), (form, "form", FORMS))
    for name, what, known in given:
        if name not in known:
            raise ValueError(unknown_name(str(name), what, known))
    if length not in LENGTHS:
        raise ValueError(f"length = {length!r}: only paths of length {LENGTHS[0]} and {LENGTHS[1]} are scored")
    return np.array([*(known.index(name) for name, _, known in given), length])
