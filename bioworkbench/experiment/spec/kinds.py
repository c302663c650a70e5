"""Everything that a spec can name, by the word for it. A table is imported when something in it is looked up."""

from collections.abc import Callable, Mapping
from typing import Any

from bioworkbench.records.lazily import Lazily

__all__ = ["HOMES", "KINDS", "NESTED", "Catalog"]

Catalog = Mapping[str, Callable[..., Any]]
"""Functions of one kind, by the names that specs have for them."""

HOMES = {
    "delays": "bioworkbench.experiment.spec.from_files:DELAYS",
    "encodings": "bioworkbench.encoding:ENCODINGS",
    "features": "bioworkbench.readout.features:FEATURES",
    "methods": "bioworkbench.methods:METHODS",
    "metrics": "bioworkbench.readout.metrics:METRICS",
    "networks": "bioworkbench.exchange.given_networks:NETWORKS",
    "neurons": "bioworkbench.neurons:NEURON_MODELS",
    "readouts": "bioworkbench.readout.fits:READOUTS",
    "stimuli": "bioworkbench.experiment.spec.from_files:STIMULI",
    "synapses": "bioworkbench.synapses:SYNAPSE_MODELS",
    "tasks": "bioworkbench.tasks:TASKS",
    "topologies": "bioworkbench.experiment.spec.from_files:TOPOLOGIES",
    "weights": "bioworkbench.experiment.spec.from_files:WEIGHTS",
}
"""Where the table of each kind is."""

KINDS: Mapping[str, Catalog] = Lazily(HOMES)
"""Functions by kind and name, as ``bioworkbench list`` shows them."""

NESTED: Mapping[str, Catalog] = Lazily(
    {
        "delay": HOMES["delays"],
        "encoding": HOMES["encodings"],
        "feature": HOMES["features"],
        "readout": HOMES["readouts"],
        "spikes": HOMES["stimuli"],
        "synapse": HOMES["synapses"],
        "topology": HOMES["topologies"],
        "trace": HOMES["stimuli"],
        "weights": HOMES["weights"],
    }
)
"""Where a setting of that name, of type `Choice`, finds its functions."""
