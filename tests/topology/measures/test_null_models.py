"""Null models keep every degree and are drawn evenly."""

from collections import Counter

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioworkbench.topology.generators import bernoulli, fixed_total
from bioworkbench.topology.measures import clustering
from bioworkbench.topology.measures.degree_measures import strengths
from bioworkbench.topology.measures.null_models import (
    NULL_MODELS,
    degree_preserving_graph,
    degree_preserving_mask,
    lattice_graph,
    null_graph,
)
from bioworkbench.topology.simple_graph import simple_graph


@given(st.integers(0, 10**6), st.floats(0, 1), st.booleans())
def test_masks_keep_their_degrees(seed, p, recurrent):
    rng = np.random.default_rng(seed)
    mask = bernoulli(7, 7, rng, p=p, recurrent=recurrent)
    null = degree_preserving_mask(mask, rng, recurrent=recurrent)
    assert (null.sum(axis=0) == mask.sum(axis=0)).all()
    assert (null.sum(axis=1) == mask.sum(axis=1)).all()
    assert not (recurrent and null.diagonal().any())


@given(st.integers(0, 10**6), st.floats(0, 1), st.booleans(), st.sampled_from([degree_preserving_graph, lattice_graph]))
def test_graphs_keep_their_degrees_and_stay_simple(seed, p, directed, null_model):
    graph = nx.gnp_random_graph(9, p, seed=seed, directed=directed)
    null = null_model(graph, np.random.default_rng(seed))
    assert type(null) is type(graph)
    assert dict(null.degree) == dict(graph.degree)
    assert nx.number_of_selfloops(null) == 0
    if directed:
        assert dict(null.in_degree) == dict(graph.in_degree)


@pytest.mark.thorough
def test_all_masks_with_the_same_degrees_are_equally_likely():
    """The six 4 x 2 masks with two links per column and one per row."""
    start, n_draws = np.array([[1, 0], [1, 0], [0, 1], [0, 1]]), 3000
    rng, seen = np.random.default_rng(1), Counter()
    for _ in range(n_draws):
        seen[degree_preserving_mask(start, rng).toarray().tobytes()] += 1
    assert len(seen) == 6
    error = np.sqrt(n_draws / 6 * 5 / 6)
    assert all(abs(hits - n_draws / 6) < 4.5 * error for hits in seen.values())


def test_too_few_swaps_are_noticed_by_the_same_count():
    start, rng = np.array([[1, 0], [1, 0], [0, 1], [0, 1]]), np.random.default_rng(1)
    seen = Counter(degree_preserving_mask(start, rng, swaps_per_link=0).toarray().tobytes() for _ in range(100))
    assert len(seen) == 1


def test_clustering_of_null_graphs_of_karate():
    """Published: 0.358 with a standard deviation of 0.053 per random graph, 0.635 with 0.044 per lattice."""
    graph, rng, n = nx.karate_club_graph(), np.random.default_rng(1), 40
    for null_model, mean, deviation in ((degree_preserving_graph, 0.358, 0.053), (lattice_graph, 0.635, 0.044)):
        values = [clustering(null_model(graph, rng)) for _ in range(n)]
        assert abs(np.mean(values) - mean) < 4.5 * deviation / np.sqrt(n)


def test_a_lattice_of_a_random_graph_has_short_links():
    graph = nx.gnm_random_graph(60, 240, seed=1)
    assert clustering(lattice_graph(graph, np.random.default_rng(1))) > 3 * clustering(graph)


def test_graphs_without_a_swap_come_back_unchanged():
    star = nx.star_graph(5)
    assert nx.utils.graphs_equal(degree_preserving_graph(star, np.random.default_rng(1)), star)
    assert lattice_graph(nx.empty_graph(3), np.random.default_rng(1)).number_of_edges() == 0


def test_names_and_node_attributes_stay():
    graph = nx.relabel_nodes(nx.path_graph(5), dict(enumerate("abcde")))
    graph.nodes["a"]["role"] = "sensory"
    null = degree_preserving_graph(graph, np.random.default_rng(1))
    assert list(null) == list("abcde")
    assert null.nodes["a"] == {"role": "sensory"}


def test_same_seed_same_null():
    mask = fixed_total(50, 60, np.random.default_rng(1), n_links=300)
    one, other = (degree_preserving_mask(mask, np.random.default_rng(2)) for _ in range(2))
    assert (one != other).nnz == 0
    assert (one != mask).nnz > 0


def test_bad_graphs():
    rng = np.random.default_rng(1)
    for graph in (nx.MultiGraph([(0, 1), (0, 1)]), nx.Graph([(0, 0), (0, 1)])):
        with pytest.raises(ValueError, match="is a multigraph or has self-links; a null model needs a simple graph"):
            degree_preserving_graph(graph, rng)
    with pytest.raises(ValueError, match="mask has 2 self-links, the first at node 0"):
        degree_preserving_mask(np.eye(2), rng, recurrent=True)
    with pytest.raises(ValueError, match=r"mask has shape \(2, 3\); links of a population with itself need a square mask"):
        degree_preserving_mask(np.ones((2, 3)), rng, recurrent=True)
    with pytest.raises(ValueError, match="swaps_per_link = -1"):
        degree_preserving_graph(nx.path_graph(3), rng, swaps_per_link=-1)


def weighted_graph(seed, directed, n=30):
    graph, rng = nx.gnp_random_graph(n, 0.25, seed=seed, directed=directed), np.random.default_rng(seed)
    for u, v in graph.edges:
        graph[u][v]["weight"] = float(rng.lognormal())
    return graph


@given(st.integers(0, 10**6), st.booleans(), st.sampled_from(sorted(NULL_MODELS)))
def test_every_null_keeps_degrees_and_weights_and_what_it_says(seed, directed, keep):
    if keep == "reciprocity" and not directed:
        return
    own, rng = simple_graph(weighted_graph(seed, directed)), np.random.default_rng(seed)
    modules, positions = rng.integers(0, 3, 30), rng.random((30, 2))
    null = null_graph(own, rng, keep=keep, modules=modules if directed else modules.tolist(), positions=positions)
    assert (null.degrees == own.degrees).all()
    assert (null.reverse.degrees == own.reverse.degrees).all()
    assert sorted(null.links()[2]) == pytest.approx(sorted(own.links()[2]))
    if keep == "reciprocity":
        assert (null.plain.degrees == own.plain.degrees).all()
    if keep == "modules":
        for one, other in ((own, null),):
            tables = [np.zeros((3, 3)) for _ in range(2)]
            for table, graph in zip(tables, (one, other), strict=True):
                sources, targets, _ = graph.links()
                np.add.at(table, (modules[sources], modules[targets]), 1)
            tables = [table if directed else table + table.T for table in tables]
            assert (tables[0] == tables[1]).all()
    if keep == "lengths":
        lengths = [np.sort(np.linalg.norm(positions[g.links()[0]] - positions[g.links()[1]], axis=1)) for g in (own, null)]
        edges = np.unique(np.quantile(lengths[0], np.arange(1, 20) / 20)) if own.n_links else []
        assert (
            np.bincount(np.searchsorted(edges, lengths[0])).tolist() == np.bincount(np.searchsorted(edges, lengths[1])).tolist()
        )


@pytest.mark.parametrize("inhibitory", [0.0, 0.3])
def test_nulls_that_keep_strengths_do_and_others_do_not(inhibitory):
    graph, rng = weighted_graph(1, True, n=60), np.random.default_rng(1)
    for source, _, link in graph.edges(data=True):
        link["weight"] *= -1 if source < inhibitory * 60 else 1
    own = simple_graph(graph)
    fits = {}
    for keep in ("strengths", "degrees"):
        null = null_graph(own, rng, keep=keep)
        assert (null.neighbors != own.neighbors).any()
        fits[keep] = min(np.corrcoef(strengths(null, side), strengths(own, side))[0, 1] for side in ("in", "out"))
        np.testing.assert_array_equal(np.sort(null.links()[2]), np.sort(own.links()[2]))
    assert fits["strengths"] > 0.95  # the heaviest links may have no place that fits both of their ends
    assert fits["degrees"] < 0.9


def test_what_null_models_need():
    graph, rng = nx.path_graph(4), np.random.default_rng(1)
    for keep, message in (
        ("strengths", "keep = 'strengths': graph with 4 nodes and 3 links has no weights"),
        ("reciprocity", "has no directions; keep degrees"),
        ("lengths", "has no positions of its nodes; give positions"),
        ("modules", "has no modules; give modules"),
        ("degree", "'degree' is not a null model; did you mean 'degrees'"),
    ):
        with pytest.raises(ValueError, match=message):
            null_graph(graph, rng, keep=keep)
    with pytest.raises(ValueError, match=r"modules has shape \(2,\); it must be \(4\)"):
        null_graph(graph, rng, keep="modules", modules=[1, 2])
