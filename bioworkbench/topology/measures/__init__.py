"""Numbers that describe a graph: measures, null models, and comparisons of the two.

Every function takes a networkx graph, a matrix or a `SimpleGraph`. Unless it says otherwise it looks at the *plain* graph:
directions, weights, parallel links and self-links are dropped. What a graph does not define, such as the assortativity of a regular
graph, is NaN. The names below are imported when they are first used.
"""

from typing import TYPE_CHECKING

from bioworkbench.records.lazily import facade, homes_within

if TYPE_CHECKING:
    from bioworkbench.topology.measures.catalog import MEASURES, Measure, measures
    from bioworkbench.topology.measures.community_detection import communities, modularity, modularity_of
    from bioworkbench.topology.measures.connected_parts import components, cores
    from bioworkbench.topology.measures.degree_measures import (
        assortativity,
        degrees,
        reciprocity,
        strengths,
        weighted_reciprocity,
    )
    from bioworkbench.topology.measures.layers import layer_measures
    from bioworkbench.topology.measures.motifs import motifs_of_four, triad_census
    from bioworkbench.topology.measures.paths import characteristic_path_length, distance_counts, distances, local_efficiency
    from bioworkbench.topology.measures.power_law import fit_power_law, power_law_p_value
    from bioworkbench.topology.measures.triangles import (
        clustering,
        local_community_correlation,
        transitivity,
        weighted_clustering,
    )

__all__ = [
    "MEASURES",
    "Measure",
    "assortativity",
    "characteristic_path_length",
    "clustering",
    "communities",
    "components",
    "cores",
    "degrees",
    "distance_counts",
    "distances",
    "fit_power_law",
    "layer_measures",
    "local_community_correlation",
    "local_efficiency",
    "measures",
    "modularity",
    "modularity_of",
    "motifs_of_four",
    "power_law_p_value",
    "reciprocity",
    "strengths",
    "transitivity",
    "triad_census",
    "weighted_clustering",
    "weighted_reciprocity",
]

_HOMES = {
    "catalog": ("MEASURES", "Measure", "measures"),
    "community_detection": ("communities", "modularity", "modularity_of"),
    "connected_parts": ("components", "cores"),
    "degree_measures": ("assortativity", "degrees", "reciprocity", "strengths", "weighted_reciprocity"),
    "layers": ("layer_measures",),
    "motifs": ("motifs_of_four", "triad_census"),
    "paths": ("characteristic_path_length", "distance_counts", "distances", "local_efficiency"),
    "power_law": ("fit_power_law", "power_law_p_value"),
    "triangles": ("clustering", "local_community_correlation", "transitivity", "weighted_clustering"),
}

__getattr__, __dir__ = facade(__name__, homes_within(__name__, _HOMES))
