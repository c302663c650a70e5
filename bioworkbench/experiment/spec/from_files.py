"""Topologies, weights, delays and stimuli that a spec can name: the generated ones, and those that a file holds.

The latter are named here and imported when a spec asks for one: reading files needs pandas, networkx and h5py.
"""

from bioworkbench.records.functions import Functions
from bioworkbench.stimuli import STIMULI as MADE
from bioworkbench.topology.generators import TOPOLOGIES as GENERATED
from bioworkbench.weights.distributions import WEIGHT_DISTRIBUTIONS as DRAWN

__all__ = ["DELAYS", "STIMULI", "TOPOLOGIES", "WEIGHTS"]

DELAYS = Functions("delays", {"file": "bioworkbench.exchange.file_links:file_delays"})
"""Functions that give the links of a mask their delays, beside times and distributions."""

STIMULI = Functions(
    "stimuli",
    {
        **MADE.data,
        "aer": "bioworkbench.exchange.stimuli:aer",
        "heidelberg": "bioworkbench.exchange.stimuli:heidelberg",
        "neo": "bioworkbench.exchange.stimuli:neo_recording",
        "nwb": "bioworkbench.exchange.stimuli:nwb",
        "sonata": "bioworkbench.exchange.stimuli:sonata_spikes",
        "sonata_report": "bioworkbench.exchange.stimuli:sonata_report",
        "spikes": "bioworkbench.exchange.stimulus_tables:spike_table",
        "values": "bioworkbench.exchange.stimulus_tables:value_table",
    },
)
"""Functions that return a stimulus: of a `Timeline`, or of a name where they read it from a file."""

TOPOLOGIES = Functions("topologies", {**GENERATED.data, "file": "bioworkbench.exchange.file_links:file_topology"})
"""Functions that return a mask."""

WEIGHTS = Functions("weights", {**DRAWN, "file": "bioworkbench.exchange.file_links:file_weights"})
"""Functions that give the links of a mask their weights."""
