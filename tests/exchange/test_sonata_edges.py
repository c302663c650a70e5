"""SONATA edge files."""

import h5py
import numpy as np
import pytest

from bioworkbench.exchange.connectomes import read_graph
from bioworkbench.exchange.sonata_edges import read_sonata, sonata_links


@pytest.fixture
def sonata(tmp_path):
    """Writes a file with one population, of which parts can be replaced (None leaves one out)."""

    def written(name="v1_v1", populations=("v1", "v1"), **changes):
        parts = {
            "source_node_id": np.array([0, 0, 2, 1], dtype=np.uint64),
            "target_node_id": np.array([1, 1, 0, 2], dtype=np.uint64),
            "edge_group_id": np.array([0, 0, 0, 1]),
            "edge_group_index": np.array([0, 1, 2, 0]),
            "0/syn_weight": np.array([0.5, 1.0, 2.0]),
            "0/delay": np.array([1.0, 3.0, 2.0]),
            "1/delay": np.array([7.0]),
        } | changes
        path = tmp_path / "edges.h5"
        with h5py.File(path, "a") as file:
            group = file.create_group(f"edges/{name}")
            for key, values in parts.items():
                if values is not None:
                    group[key] = values
            for key, population in zip(("source_node_id", "target_node_id"), populations, strict=True):
                if key in group:
                    group[key].attrs["node_population"] = population
        return path

    return written


def test_one_population(sonata):
    graph = read_graph(sonata())
    assert set(graph.edges) == {(0, 1), (2, 0), (1, 2)}
    assert graph.edges[0, 1] == {"n_synapses": 2, "weight": 1.5, "delay": pytest.approx(2e-3)}
    assert graph.edges[1, 2] == {"n_synapses": 1, "delay": pytest.approx(7e-3)}  # group 1 has no weights


def test_between_populations(sonata):
    graph = read_sonata(sonata("lgn_v1", ("lgn", "v1")))
    assert set(graph.edges) == {("lgn:0", "v1:1"), ("lgn:2", "v1:0"), ("lgn:1", "v1:2")}
    links = sonata_links(sonata("v1_v1"), "lgn_v1")
    assert (links.source_population, links.target_population, links.sources.size) == ("lgn", "v1", 4)


def test_without_attributes(sonata):
    path = sonata(edge_group_id=None)
    assert read_sonata(path).edges[0, 1] == {"n_synapses": 2}


def test_several_populations_must_be_told_apart(sonata):
    sonata("a")
    path = sonata("b")
    with pytest.raises(ValueError, match="has 2 edge populations: a, b; say which one is meant"):
        read_sonata(path)
    with pytest.raises(ValueError, match="has no edge population 'c'; known are a, b"):
        read_sonata(path, "c")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target_node_id": None}, "edge population /edges/v1_v1 has no dataset 'target_node_id'"),
        ({"target_node_id": np.zeros(3, dtype=int)}, "source_node_id and target_node_id have shapes"),
        ({"source_node_id": np.array([0.0, 1, 2, 3])}, "source_node_id has the type float64; ids and counts are integers"),
        ({"source_node_id": np.array([0, -1, 2, 3])}, "source_node_id goes down to -1"),
        ({"edge_group_index": None}, "has no dataset 'edge_group_index'"),
        ({"edge_group_id": np.zeros(3, dtype=int)}, "edge_group_id has 3 and edge_group_index 4 entries for 4 links"),
        ({"0/syn_weight": np.ones(2)}, r"/edges/v1_v1/0/syn_weight has type float64, shape \(2,\)"),
        ({"0/syn_weight": np.array([b"a", b"b", b"c"])}, "a number for each of its links is needed"),
    ],
)
def test_bad_populations(sonata, changes, message):
    with pytest.raises(ValueError, match=message):
        read_sonata(sonata(**changes))


def test_bad_files(tmp_path, sonata):
    path = tmp_path / "graph.h5"
    with pytest.raises(ValueError, match=r"graph\.h5 is not a file"):
        read_graph(path)
    path.write_text("source,target\n1,2\n")
    with pytest.raises(ValueError, match="is not a SONATA edge file"):
        read_graph(path)
    with h5py.File(path, "w") as file:
        file["nodes"] = 1
    with pytest.raises(ValueError, match="has no group 'edges' with a population; it holds nodes"):
        read_graph(path)
    with pytest.raises(ValueError, match="has 4 links, more than max_links = 3"):
        sonata_links(sonata(), max_links=3)
