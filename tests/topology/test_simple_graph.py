"""Graphs as arrays: every conversion, and what is dropped on the way."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from bioworkbench.records.errors import TopologyError
from bioworkbench.topology.simple_graph import graph_of_links, networkx_graph, simple_graph

LINKS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.sampled_from([-1.5, 0.0, 0.25, 2.0])), max_size=25)


@given(LINKS, st.booleans(), st.booleans())
def test_there_and_back_through_networkx(links, directed, weighted):
    graph = nx.DiGraph() if directed else nx.Graph()
    names = [0, "1", (2, 3), "zero", 4.5, frozenset(), 6]
    graph.add_nodes_from(names)
    for u, v, weight in links:
        graph.add_edge(names[u], names[v], **({"weight": weight} if weighted else {}))
    own = simple_graph(graph)
    loops = nx.number_of_selfloops(graph)
    assert own.n_self_links == loops
    assert own.n_links == graph.number_of_edges() - loops
    graph.remove_edges_from(list(nx.selfloop_edges(graph)))
    assert nx.utils.graphs_equal(networkx_graph(own), graph)


@given(LINKS, st.booleans())
def test_parallel_links_are_joined_and_their_weights_added(links, directed):
    multi = nx.MultiDiGraph() if directed else nx.MultiGraph()
    multi.add_nodes_from(range(7))
    multi.add_weighted_edges_from(links)
    own = simple_graph(multi)
    simple = nx.DiGraph() if directed else nx.Graph()
    for u, v, weight in links:
        simple.add_edge(u, v, weight=weight + (simple[u][v]["weight"] if simple.has_edge(u, v) else 0))
    assert own.n_parallel_links == len(links) - simple.number_of_edges()
    simple.remove_edges_from(list(nx.selfloop_edges(simple)))
    assert own.n_links == simple.number_of_edges()
    found = networkx_graph(own)
    assert all(found[u][v]["weight"] == pytest.approx(data["weight"]) for u, v, data in simple.edges(data=True))


@given(LINKS)
def test_matrices(links):
    matrix = np.zeros((7, 7))
    for u, v, weight in links:
        matrix[u, v] = weight
    own = simple_graph(matrix)
    np.fill_diagonal(matrix, 0)
    assert (own.matrix().toarray() == matrix).all()
    assert (own.reverse.matrix().toarray() == matrix.T).all()
    assert (own.plain.matrix().toarray() == np.abs(matrix) + np.abs(matrix).T).all()
    assert (simple_graph(sparse.csr_array(matrix)).neighbors == own.neighbors).all()
    assert simple_graph(matrix != 0).weights is None
    both = simple_graph(matrix + matrix.T, directed=False)
    assert (both.matrix().toarray() == matrix + matrix.T).all()


def test_an_undirected_link_may_be_given_once_or_twice():
    once, twice = (
        graph_of_links([0, 2], [1, 1], [3.0, 4.0], 3, directed=False),
        graph_of_links([0, 1, 2], [1, 0, 1], [3.0, 3.0, 4.0], 3, directed=False),
    )
    assert (once.neighbors == twice.neighbors).all()
    assert (once.weights == twice.weights).all()
    assert once.n_links == 2
    with pytest.raises(
        ValueError, match="the link 0 - 1 has the weight 3, and another one in the other direction; an undirected link"
    ):
        graph_of_links([0, 1], [1, 0], [3.0, 5.0], 3, directed=False)


@pytest.mark.parametrize("weight", [float("nan"), float("inf"), "heavy", None, 1j, [1.0]])
def test_weights_that_are_no_numbers(weight):
    for kind in (nx.Graph, nx.MultiDiGraph):
        graph = kind([("a", "b", {"weight": 1.0}), ("b", ("c", 1), {"weight": weight})])
        if weight is None and kind is nx.Graph:
            assert simple_graph(graph).weights.tolist() == [1.0] * 4  # networkx's own default
            continue
        with pytest.raises(ValueError, match=r"link \('b', \('c', 1\)\) has the weight .* a weight is a finite number"):
            simple_graph(graph)


def test_data_frames_name_their_nodes():
    """Links went to numbers in place of names, and to other nodes where columns had another order than rows."""
    frame = pd.DataFrame([[0, 1.5, 0], [0, 0, 2], [0, 0, 0]], index=["a", "b", "c"], columns=["a", "b", "c"])
    assert nx.utils.graphs_equal(networkx_graph(simple_graph(frame)), nx.from_pandas_adjacency(frame, nx.DiGraph))
    assert simple_graph(pd.DataFrame(np.eye(2))).nodes == range(2)
    for other in (frame[["b", "a", "c"]], frame.set_axis(["x", "b", "c"], axis=1)):
        with pytest.raises(TopologyError, match=r"rows of the data frame are called \['a', 'b', 'c'\], its columns \['[bx]',"):
            simple_graph(other)


def test_entries_of_matrices():
    """A masked entry was a link, an imaginary part was dropped, and numbers as objects ended in an error of SciPy."""
    matrix = np.array([[0, 1.0], [2.0, 0]])
    assert simple_graph(np.ma.masked_equal(matrix, 2)).links()[:2] == (0, 1)
    assert simple_graph(matrix.astype(object)).weights.tolist() == [1, 2]
    for kind in (np.asarray, sparse.csr_array):
        with pytest.raises(TopologyError, match="type complex128 has complex weights"):
            simple_graph(kind(matrix * 1j))
    with pytest.raises(TopologyError, match="type <U1 is not one of numbers: could not convert string"):
        simple_graph(np.array([["0", "x"], ["y", "0"]]))


def test_undirected_matrices_are_symmetric_or_one_triangle():
    whole = np.array([[0, 1.0, 2], [1, 0, 0], [2, 0, 0]])
    for matrix in (whole, np.triu(whole), np.tril(whole), sparse.csr_array(np.triu(whole))):
        assert (simple_graph(matrix, directed=False).matrix().toarray() == whole).all()
    whole[0, 1] = 0
    with pytest.raises(TopologyError, match="a link from 1 to 0 and none back, and is not one triangle"):
        simple_graph(whole, directed=False)


def test_what_is_no_graph():
    with pytest.raises(ValueError, match=r"sources = \[0.5\]: positions of nodes are whole numbers"):
        graph_of_links([0.5], [1], nodes=3)
    with pytest.raises(ValueError, match=r"a ndarray of shape \(2, 3\) is not a graph; give a networkx graph or a square matrix"):
        simple_graph(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="targets reach from 0 to 5; the 3 nodes are 0 to 2"):
        graph_of_links([0, 0], [0, 5], nodes=3)


def test_graphs_without_nodes_or_links():
    for graph in (nx.Graph(), nx.DiGraph(), np.zeros((0, 0)), nx.empty_graph(1), nx.DiGraph([(1, 1)])):
        own = simple_graph(graph)
        assert own.n_links == own.plain.n_links == 0
        assert own.reverse.degrees.sum() == 0


def test_what_is_asked_for_twice_is_computed_once():
    own, calls = simple_graph(nx.path_graph(3)), []
    assert [own.once("x", lambda: calls.append(1) or 5) for _ in range(2)] == [5, 5]
    assert calls == [1]
