"""Topologies by name.

Every topology is a function ``f(n_source, n_target, rng, *, recurrent=False, <own settings>)`` that returns a boolean
``csr_array (n_source, n_target)``. ``recurrent=True`` says that source and target are the same nodes: there are no self-links.
The names below are imported when they are first used.
"""

from typing import TYPE_CHECKING

from bioworkbench.records.functions import Functions
from bioworkbench.records.lazily import facade

if TYPE_CHECKING:
    from bioworkbench.topology.generators.bipartite import (
        layered,
        local_receptive_field,
        receptive_field_bipartite,
        small_world_bipartite,
    )
    from bioworkbench.topology.generators.graph_models import barabasi_albert, configuration_model, nonuniform_pso, watts_strogatz
    from bioworkbench.topology.generators.plain import (
        all_to_all,
        bernoulli,
        fixed_in_degree,
        fixed_out_degree,
        fixed_total,
        one_to_one,
        stochastic_block,
    )

__all__ = [
    "TOPOLOGIES",
    "all_to_all",
    "barabasi_albert",
    "bernoulli",
    "configuration_model",
    "fixed_in_degree",
    "fixed_out_degree",
    "fixed_total",
    "layered",
    "local_receptive_field",
    "nonuniform_pso",
    "one_to_one",
    "receptive_field_bipartite",
    "small_world_bipartite",
    "stochastic_block",
    "watts_strogatz",
]

TOPOLOGIES = Functions(
    "topologies",
    {
        "all_to_all": "bioworkbench.topology.generators.plain:all_to_all",
        "barabasi_albert": "bioworkbench.topology.generators.graph_models:barabasi_albert",
        "bernoulli": "bioworkbench.topology.generators.plain:bernoulli",
        "configuration_model": "bioworkbench.topology.generators.graph_models:configuration_model",
        "fixed_in_degree": "bioworkbench.topology.generators.plain:fixed_in_degree",
        "fixed_out_degree": "bioworkbench.topology.generators.plain:fixed_out_degree",
        "fixed_total": "bioworkbench.topology.generators.plain:fixed_total",
        "layered": "bioworkbench.topology.generators.bipartite:layered",
        "local_receptive_field": "bioworkbench.topology.generators.bipartite:local_receptive_field",
        "nonuniform_pso": "bioworkbench.topology.generators.graph_models:nonuniform_pso",
        "one_to_one": "bioworkbench.topology.generators.plain:one_to_one",
        "receptive_field_bipartite": "bioworkbench.topology.generators.bipartite:receptive_field_bipartite",
        "small_world_bipartite": "bioworkbench.topology.generators.bipartite:small_world_bipartite",
        "spatial": "bioworkbench.topology.generators.spatial:spatial",
        "stochastic_block": "bioworkbench.topology.generators.plain:stochastic_block",
        "watts_strogatz": "bioworkbench.topology.generators.graph_models:watts_strogatz",
    },
)
"""Topology functions that spec files can name."""

_FUNCTIONS = {name: target for name, target in TOPOLOGIES.data.items() if name != "spatial"}  # which is also a module

__getattr__, __dir__ = facade(__name__, _FUNCTIONS)
