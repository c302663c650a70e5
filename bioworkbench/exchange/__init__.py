"""Runs in the formats of the field: SONATA, NWB, Neo, NIR, GraphML, tables.

A format is a function ``(record, path)`` that writes a run to a path that does not exist yet, and one line in `FORMATS` that says
what of a run it carries; the rest is listed when you export. The names below are imported when they are first used.
"""

from typing import TYPE_CHECKING

from bioworkbench.records.lazily import facade, homes_within

if TYPE_CHECKING:
    from bioworkbench.exchange.formats import FORMATS, Exported, Format, export
    from bioworkbench.exchange.neo import neo_block
    from bioworkbench.exchange.nir import nir_graph
    from bioworkbench.exchange.nir_reader import read_nir
    from bioworkbench.exchange.sonata_reader import SonataCircuit, read_sonata_circuit, read_sonata_network
    from bioworkbench.exchange.sonata_spikes import read_sonata_spikes, read_sonata_trains

__all__ = [
    "FORMATS",
    "Exported",
    "Format",
    "SonataCircuit",
    "export",
    "neo_block",
    "nir_graph",
    "read_nir",
    "read_sonata_circuit",
    "read_sonata_network",
    "read_sonata_spikes",
    "read_sonata_trains",
]

_HOMES = {
    "formats": ("FORMATS", "Exported", "Format", "export"),
    "neo": ("neo_block",),
    "nir": ("nir_graph",),
    "nir_reader": ("read_nir",),
    "sonata_reader": ("SonataCircuit", "read_sonata_circuit", "read_sonata_network"),
    "sonata_spikes": ("read_sonata_spikes", "read_sonata_trains"),
}

__getattr__, __dir__ = facade(__name__, homes_within(__name__, _HOMES))
