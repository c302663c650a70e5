"""What was found out about a graph: what its page and the command line show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bioworkbench.topology.measures.catalog import MeasureTable
from bioworkbench.topology.measures.comparisons import NullTable
from bioworkbench.topology.prediction.predictor_table import PredictorTable
from bioworkbench.topology.simple_graph import SimpleGraph

__all__ = ["GraphFindings"]


@dataclass(frozen=True)
class GraphFindings:
    """What was found out about a graph.

    Parameters
    ----------
    graph : SimpleGraph
    measures : MeasureTable
        Measures (rows) with ``value`` and ``standard_error`` and, beside random graphs, the columns of a `NullTable`.
    predictions : mapping from predictor to sequence of (node, node, score)
        Absent links, best first.
    comparison : PredictorTable, optional
    n_nulls : int
        Random graphs that the measures stand beside.
    keep : str
        What these share with the graph, of `NULL_MODELS`.
    notes : sequence of str
        What a reader of the numbers must know.
    """

    graph: SimpleGraph
    measures: MeasureTable | NullTable
    predictions: Mapping[str, Sequence[tuple[Any, Any, float]]] = field(default_factory=dict)
    comparison: PredictorTable | None = None
    n_nulls: int = 0
    keep: str = "degrees"
    notes: Sequence[str] = ()
