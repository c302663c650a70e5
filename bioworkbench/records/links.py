"""`Links`: which neurons are connected, how strongly and after which delay; every conversion between forms of links is here.

A link is a row of four columns: source, target, weight, delay. Rows are sorted by source, then target; two rows with the same ends are
parallel synapses, each with a weight and delay of its own. Matrices cannot hold these: in `Links.csr` they are duplicate entries, which
SciPy adds up wherever it computes with the matrix.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bioworkbench.records.arrays import Floats, Indices, as_indices, finite
from bioworkbench.records.counted import counted
from bioworkbench.records.sparse_matrices import canonical
from bioworkbench.records.times import seconds
from bioworkbench.records.units import Dimension, Quantity, plain_values

__all__ = ["Links"]


@dataclass(frozen=True, eq=False)
class Links:
    """Links from `shape[0]` sources to `shape[1]` targets.

    Parameters
    ----------
    sources, targets : int array (n_links,)
        In any order; kept as 32-bit integers, sorted by (source, target). Parallel links stay in the order in which they are given.
    shape : (n_sources, n_targets)
    weights : float or array (n_links,), SI unit, or Quantity
        One for all, or one per link. A weight of 0 is a link.
    delays : float or array (n_links,), seconds, or Quantity
    dimension : Dimension, optional
        Of weights that were given as quantities; a `Network` compares it with what the weights act on. None for plain numbers.

    Raises
    ------
    ValueError
        If an index lies outside the shape, columns differ in length, a value is not finite, or a delay is negative.

    Examples
    --------
    >>> links = Links([1, 0, 0], [0, 1, 1], (2, 2), weights=[3.0, 1.0, 2.0], delays=[0.0, 1e-3, 2e-3])
    >>> links.sources.tolist(), links.targets.tolist(), links.weights.tolist()
    ([0, 0, 1], [1, 1, 0], [1.0, 2.0, 3.0])
    >>> links.n_parallel, links.csr().toarray().tolist()
    (1, [[0.0, 3.0], [3.0, 0.0]])
    """

    sources: Indices
    targets: Indices
    shape: tuple[int, int]
    weights: Floats = 1.0  # pyright: ignore[reportAssignmentType]  one number stands for one per link
    delays: float | Floats = 0.0
    dimension: Dimension | None = None

    def __post_init__(self) -> None:
        shape = (int(self.shape[0]), int(self.shape[1]))
        ends = [as_indices(name, getattr(self, name), most) for name, most in zip(("sources", "targets"), shape, strict=True)]
        if ends[0].shape != ends[1].shape:
            raise ValueError(f"there are {ends[0].size} sources and {ends[1].size} targets; a link has one of each")
        values, dimension = plain_values("weights", self.weights)
        weights, delays = finite("weights", values), finite("delays", seconds("delays", self.delays))
        for name, column in (("weights", weights), ("delays", delays)):
            if column.ndim and column.shape != ends[0].shape:
                raise ValueError(
                    f"{name} have shape {column.shape} for {counted(ends[0].size, 'synapse')}; give one, or one per synapse"
                )
        if delays.size and delays.min() < 0:
            raise ValueError(f"delays go down to {delays.min()} s; they cannot be negative")
        weights = weights if weights.ndim else np.full(ends[0].size, float(weights))
        # sorting is stable and skipped where it can be: hundreds of millions of links come sorted from their generators
        order = _order(*ends)
        if order is not None:
            ends, weights = [end[order] for end in ends], weights[order]
            delays = delays[order] if delays.ndim else delays
        kept = (*ends, shape, weights, delays if delays.ndim else float(delays), self.dimension or dimension)
        for name, value in zip(("sources", "targets", "shape", "weights", "delays", "dimension"), kept, strict=True):
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return self.sources.size

    @classmethod
    def from_csr(cls, matrix: Any, *, weights: Any = None, delays: float | Floats | Quantity = 0.0) -> "Links":
        """Links where a matrix has entries.

        Parameters
        ----------
        matrix : csr_array, dense array, or Quantity (n_sources, n_targets)
            Stored entries of a sparse matrix are links, zeros too; of a dense one, those that are not 0. Entries that a sparse matrix
            stores twice are one link with their sum.
        weights : float or array (n_links,), or Quantity, optional
            In place of the entries, row after row.
        delays : float or array (n_links,), seconds, or Quantity
            Row after row.

        Returns
        -------
        Links

        Raises
        ------
        ValueError
            As `Links`, or if there are not two dimensions.

        Examples
        --------
        >>> Links.from_csr([[0.0, 2.0], [0.0, 3.0]], delays=1e-3).targets.tolist()
        [1, 1]
        """
        values, dimension = (matrix, None) if sparse.issparse(matrix) else plain_values("weights", matrix)
        if np.ndim(values) != 2:
            raise ValueError(f"links have shape {np.shape(values)}; a matrix (n_sources, n_targets) is needed")
        table = canonical(values, float)
        given = table.data if weights is None else weights
        n_sources, n_targets = np.shape(values)
        sources = np.repeat(np.arange(n_sources, dtype=np.int32), np.diff(table.indptr))
        return cls(sources, table.indices, (n_sources, n_targets), given, delays, dimension if weights is None else None)  # pyright: ignore[reportArgumentType]

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """First link of each source, and the number of links (n_sources + 1,): the ``indptr`` of CSR."""
        return np.concatenate([[0], np.cumsum(np.bincount(self.sources, minlength=self.shape[0]))])

    @cached_property
    def n_parallel(self) -> int:
        """Links that have the same ends as the one before."""
        return int(((np.diff(self.sources) == 0) & (np.diff(self.targets) == 0)).sum())

    def csr(self) -> sparse.csr_array:
        """Matrix of the weights, its data in the order of the links.

        Returns
        -------
        csr_array (n_sources, n_targets)
            It shares its arrays with the links unless some are parallel: SciPy joins duplicate entries in place.
        """
        return self._table(self.weights)

    def mask(self) -> sparse.csr_array:
        """Which pairs are linked, as a boolean matrix without duplicates."""
        mask = self._table(np.ones(len(self), dtype=bool))
        mask.sum_duplicates()
        return mask

    def delay_csr(self) -> sparse.csr_array:
        """Matrix of the delays, its data in the order of the links."""
        return self._table(np.broadcast_to(self.delays, self.sources.shape).astype(float))

    def _table(self, values: NDArray) -> sparse.csr_array:
        # many operations of SciPy join duplicates in place: arrays with parallel links are copied first
        columns = (values, self.targets, self.starts.astype(np.int32) if len(self) < 2**31 else self.starts)
        return sparse.csr_array(columns, shape=self.shape, copy=self.n_parallel > 0)

    def with_values(self, weights: Any = None, delays: Any = None) -> "Links":
        """The same links with other weights, other delays, or both.

        Parameters
        ----------
        weights : float or array (n_links,), SI unit, or Quantity, optional
        delays : float or array (n_links,), seconds, or Quantity, optional
            Both stay as they are where left out.

        Returns
        -------
        Links
        """
        new = self.weights if weights is None else weights
        dimension = self.dimension if weights is None else None
        return Links(self.sources, self.targets, self.shape, new, self.delays if delays is None else delays, dimension)


def _order(sources: Indices, targets: Indices) -> NDArray[np.int64] | None:
    """Order that sorts links by source, then target; None where they are sorted."""
    further, same = np.diff(sources), None
    if (further >= 0).all():
        same = further == 0
        if not (np.diff(targets)[same] < 0).any():
            return None
    return np.lexsort((targets, sources))
