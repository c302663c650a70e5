"""Runs in the formats of the field: SONATA, NWB, Neo, NIR, GraphML, tables.

A format is a function ``(record, path)`` that writes a run to a path that does not exist yet, and one line in `FORMATS` that says
what of a run it carries; the rest is named to whoever exports.
"""

from bioworkbench.export.formats import FORMATS, Exported, Format, export
from bioworkbench.export.neo import neo_block
from bioworkbench.export.nir import nir_graph
from bioworkbench.export.nir_reader import read_nir
from bioworkbench.export.sonata_reader import read_sonata_network, read_sonata_spikes

__all__ = [
    "FORMATS",
    "Exported",
    "Format",
    "export",
    "neo_block",
    "nir_graph",
    "read_nir",
    "read_sonata_network",
    "read_sonata_spikes",
]
