"""Every function of a graph that draws takes the graph, then the random generator, then settings by name."""

import inspect
import pkgutil
from importlib import import_module

import networkx as nx
import numpy as np
import pytest

import bioworkbench.topology
from bioworkbench.topology.generators import bernoulli, fixed_total, layered, small_world_bipartite
from bioworkbench.topology.measures import measures, modularity, power_law_p_value
from bioworkbench.topology.measures.comparisons import against_nulls, motif_significance
from bioworkbench.topology.measures.null_models import lattice_graph
from bioworkbench.topology.prediction.comparison import compare
from bioworkbench.topology.rewiring.regrowth import absent_links
from bioworkbench.topology.rewiring.selection import sampled, strongest

GRAPH = nx.gnp_random_graph(20, 0.2, seed=1, directed=True)

INSIDE = {"drawn_batches", "values_of"}  # of the measures among themselves


def functions():
    for found in pkgutil.walk_packages(bioworkbench.topology.__path__, "bioworkbench.topology."):
        module = import_module(found.name)
        for name in getattr(module, "__all__", ()):
            function = getattr(module, name)
            if inspect.isfunction(function) and function.__module__ == found.name and name not in INSIDE:
                yield pytest.param(function, id=f"{found.name.removeprefix('bioworkbench.topology.')}.{name}")


@pytest.mark.parametrize("function", list(functions()))
def test_graph_generator_settings(function):
    parameters = list(inspect.signature(function).parameters.values())
    names = [parameter.name for parameter in parameters]
    if "graph" in names:
        assert names[0] == "graph"
    if "rng" in names:
        # before the generator stands what there is to work on, such as a graph or the sizes of one; behind it are settings
        assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in parameters[names.index("rng") + 1 :]) or names[0] in (
            "ends", "sources"
        )  # fmt: skip
        assert names[0] != "graph" or names[1] == "rng"


@pytest.mark.parametrize("rng", [1, np.random.RandomState(1)])
@pytest.mark.parametrize(
    "draw",
    [
        lambda rng: measures(GRAPH, rng),
        lambda rng: modularity(GRAPH, rng),
        lambda rng: against_nulls(GRAPH, rng, n_nulls=2),
        lambda rng: motif_significance(GRAPH, rng, n_nulls=2),
        lambda rng: lattice_graph(GRAPH, rng),
        lambda rng: compare(GRAPH, rng, predictors=["ch3_l3", "two_steps"]),
        lambda rng: power_law_p_value(np.arange(1, 30), rng),
        lambda rng: bernoulli(5, 5, rng, p=0.5),
        lambda rng: fixed_total(5, 5, rng, n_links=3),
        lambda rng: layered(5, 5, rng, sparsity=0.5),
        lambda rng: small_world_bipartite(5, 5, rng, sparsity=0.5),
        lambda rng: absent_links(np.eye(3), 2, rng),
        lambda rng: strongest(np.arange(3.0), 1, rng),
        lambda rng: sampled(np.arange(3.0), 1, rng),
    ],
)
def test_a_seed_is_no_generator(draw, rng):
    with pytest.raises(ValueError, match=r"rng = .*: must be a random generator, such as numpy\.random\.default_rng\(1\)"):
        draw(rng)
