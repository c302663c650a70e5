"""Triads against networkx, subgraphs of four nodes against a count one by one."""

from itertools import combinations

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from bioworkbench.topology.measures.motifs import TRIADS, motifs_of_four, triad_census


@given(st.integers(0, 10**6), st.integers(0, 12), st.floats(0, 1))
def test_directed_triads_equal_those_of_networkx(seed, n, p):
    graph = nx.gnp_random_graph(n, p, seed=seed, directed=True)
    found = triad_census(graph)
    assert tuple(found) == TRIADS
    assert found == nx.triadic_census(graph)


@given(st.integers(0, 10**6), st.floats(0, 1))
def test_undirected_triads_are_counted_by_links(seed, p):
    graph = nx.gnp_random_graph(9, p, seed=seed)
    links = [graph.subgraph(nodes).number_of_edges() for nodes in combinations(graph, 3)]
    assert triad_census(graph) == {str(k): links.count(k) for k in range(4)}


FOUR = {
    "star": nx.star_graph(3), "path": nx.path_graph(4), "paw": nx.Graph([(0, 1), (1, 2), (2, 0), (0, 3)]), "cycle": nx.cycle_graph(4),
    "diamond": nx.Graph([(0, 1), (1, 2), (2, 0), (0, 3), (1, 3)]), "clique": nx.complete_graph(4),
}  # fmt: skip


@given(st.integers(0, 10**6), st.integers(0, 9), st.floats(0, 1), st.booleans())
def test_subgraphs_of_four_nodes_are_those_of_all_fours(seed, n, p, directed):
    graph = nx.gnp_random_graph(n, p, seed=seed, directed=directed)
    plain, expected = nx.Graph(graph), dict.fromkeys(FOUR, 0)
    shapes = {tuple(sorted(dict(shape.degree).values())): name for name, shape in FOUR.items()}
    for nodes in combinations(plain, 4):
        found = plain.subgraph(nodes)
        name = shapes.get(tuple(sorted(dict(found.degree).values())))
        expected[name or "star"] += name is not None
    assert motifs_of_four(graph) == expected
