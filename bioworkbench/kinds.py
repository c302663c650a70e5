"""Everything that a spec can name, by the word for it."""

from collections.abc import Callable, Mapping
from typing import Any

from bioworkbench.encoding import ENCODINGS
from bioworkbench.evaluation import METRICS
from bioworkbench.features import FEATURES
from bioworkbench.methods import METHODS
from bioworkbench.neurons import NEURON_MODELS
from bioworkbench.readouts import READOUTS
from bioworkbench.tasks import TASKS
from bioworkbench.topology.generators import TOPOLOGIES
from bioworkbench.weights.laws import WEIGHT_LAWS

__all__ = ["KINDS", "NESTED"]

Table = Mapping[str, Callable[..., Any]]

KINDS: Mapping[str, Table] = {
    "encodings": ENCODINGS,
    "features": FEATURES,
    "methods": METHODS,
    "metrics": METRICS,
    "neurons": NEURON_MODELS,
    "readouts": READOUTS,
    "tasks": TASKS,
    "topologies": TOPOLOGIES,
    "weights": WEIGHT_LAWS,
}
"""Functions by kind and name, as ``bioworkbench list`` shows them."""

NESTED: Mapping[str, Table] = {
    "encoding": ENCODINGS,
    "feature": FEATURES,
    "readout": READOUTS,
    "topology": TOPOLOGIES,
    "weights": WEIGHT_LAWS,
}
"""Where a setting of that name, of type `Choice`, finds its functions."""
