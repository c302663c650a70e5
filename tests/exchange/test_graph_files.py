"""Graphs in every format that others write: the same graph from each, and clear errors for damaged ones."""

import gzip
import os
import zipfile
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import io, sparse

from bioworkbench.exchange import graph_checks, matrices
from bioworkbench.exchange.connectomes import read_graph
from bioworkbench.exchange.file_links import file_delays, file_topology, file_weights
from bioworkbench.exchange.matrices import read_matrix
from bioworkbench.experiment.results.spec_fingerprints import checksum
from bioworkbench.records.errors import TopologyError

CONNECTOMES = sorted((Path(os.environ.get("BIOWORKBENCH_DATA", "nowhere")) / "connectomes").glob("*.csv*"))
RNG = np.random.default_rng(0)
GRAPHML = (
    '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><key id="w" for="edge" attr.name="weight" attr.type="double">'
    '<default>1.5</default></key><graph edgedefault="directed"><node id="a"/><node id="b"/><edge source="a" target="b"/>'
    '<edge source="b" target="a"><data key="w">2.5</data></edge></graph></graphml>'
)


def in_npz(path, matrix):
    np.savez(path, a=matrix)


def in_scipy(path, matrix):
    sparse.save_npz(path, sparse.csr_array(matrix))


def in_mtx(path, matrix):
    io.mmwrite(path, sparse.coo_array(matrix))


def in_packed_mtx(path, matrix):
    in_mtx(path.with_suffix(""), matrix)
    path.write_bytes(gzip.compress(path.with_suffix("").read_bytes()))


def in_mat(path, matrix):
    io.savemat(path, {"A": matrix, "n": 3})


def in_csv(path, matrix):
    np.savetxt(path, matrix, delimiter=",", fmt="%.17g")


def in_networkx(write):
    def written(path, matrix):
        write(nx.relabel_nodes(nx.from_numpy_array(matrix, create_using=nx.DiGraph), str), path)

    return written


WRITERS = {
    "a.npy": np.save,
    "a.npz": in_npz,
    "s.npz": in_scipy,
    "a.mtx": in_mtx,
    "a.mtx.gz": in_packed_mtx,
    "a.mat": in_mat,
    "a.csv": in_csv,
    "a.gml": in_networkx(nx.write_gml),
    "a.gexf": in_networkx(nx.write_gexf),
    "a.graphml": in_networkx(nx.write_graphml),
    "a.net": in_networkx(nx.write_pajek),
}


@pytest.mark.parametrize("name", WRITERS)
@settings(max_examples=8, deadline=None)
@given(arrays(float, (5, 5), elements=st.sampled_from([0.0, 1.0, -0.5, 2.25, 1e-3])))
def test_the_same_graph_from_every_format(tmp_path_factory, name, matrix):
    path = tmp_path_factory.mktemp("x") / name
    WRITERS[name](path, matrix)
    mask = file_topology(5, 5, RNG, file=path, recurrent=True)
    np.testing.assert_array_equal(mask.toarray(), matrix != 0)
    weights = file_weights(mask, RNG, file=path, scale=2.0) if matrix.any() else mask
    np.testing.assert_allclose(weights.toarray(), 2 * matrix)


@pytest.mark.parametrize(
    ("name", "content", "links"),
    [
        ("a.csv", "A,B,3\nB,C,4\n", {("A", "B"): 3, ("B", "C"): 4}),
        ("a.csv", "1 2\n2 3\n", {("1", "2"): None, ("2", "3"): None}),
        ("a.tsv", "u1\tu2\nu2\tu3\n", {("u1", "u2"): None, ("u2", "u3"): None}),
        ("a.csv", "pre,post\nA,B\n", {("A", "B"): None}),
        ("a.csv", ",a,b\na,0,2\nb,1,0\n", {("a", "b"): 2, ("b", "a"): 1}),
        ("a.csv", "a,b,c,d\n0,2,0,0\n0,0,0,0\n0,0,0,0\n1,0,0,0\n", {("a", "b"): 2, ("d", "a"): 1}),
        ("a.edgelist", "# made by hand\nA B 3\n\nB\tC\t4\n", {("A", "B"): 3, ("B", "C"): 4}),
        ("a.txt", "% sym\n1,2\n", {("1", "2"): None}),
        ("a.gml", "graph [ directed 1 node [ id 3 ] node [ id 5 ] edge [ source 3 target 5 value 2 ] ]", {(3, 5): 2}),
        ("a.net", '*Vertices 2\n1 "a"\n2 "b"\n*Arcs\n1 2 4\n', {("a", "b"): 4}),
        (
            "a.net",
            '*Vertices 3\n1 "a"\n2 "b"\n3 "c"\n*Arcs\n1 2 4\n*Edges\n2 3 5\n',
            {("a", "b"): 4, ("b", "c"): 5, ("c", "b"): 5},
        ),
        (
            "a.net",
            '*Vertices 3\n1 "a"\n2 "b"\n3 "c"\n*Edges\n2 3 5\n*Arcs\n1 2 4\n',
            {("a", "b"): 4, ("b", "c"): 5, ("c", "b"): 5},
        ),
        ("a.net", '*Vertices 2\n1 "a"\n2 "b"\n*Arcs :1 "chemical"\n1 2 4\n', {("a", "b"): 4}),
        ("a.mtx", "%%MatrixMarket matrix coordinate real general\n2 2 3\n2 1 1.5\n1 2 1\n2 1 2.5\n", {(1, 0): 4, (0, 1): 1}),
        ("a.graphml", GRAPHML, {("a", "b"): 1.5, ("b", "a"): 2.5}),
    ],
)
def test_files_as_they_are_found(tmp_path, name, content, links):
    (tmp_path / name).write_text(content)
    graph = read_graph(tmp_path / name)
    assert {(u, v): data.get("weight") for u, v, data in graph.edges(data=True)} == links


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.edges", "A B 3\nA B\n", r"line 2: 'A B' has 2 words; every link has source, target and perhaps weight"),
        ("a.edges", "A B x\n", r"line 1: weight = 'x' is not a number"),
        ("a.edges", "# nothing\n", "has no links; every line is source, target"),
        ("a.edges", "A B\nA B\n", "has parallel links; join them first"),
        ("a.edges", b"\xff\xfe\x00", "is not UTF"),
        ("a.csv", "0,1,nan,0\n1,0,0,0\n0,0,0,x\n0,0,0,0\n", "line 3, column '3': 'x' is not a number"),
        ("a.csv", "0,1,0,0\n1,0,0,0\n0,0,?,1\n0,0,0,0\n", r"a\.csv: entry \(2, 2\) is nan; weights are finite, and 0 where"),
        ("a.gml", "graph [ node [", "is not GML, or is damaged"),
        ("a.gexf", "<gexf", "is not GEXF, or is damaged"),
        ("a.net", "*Vertices x\n", "is not Pajek, or is damaged"),
        (
            "a.net",
            '*Vertices 2\n1 "a"\n2 "b"\n*Arcslist\n1 2\n',
            r"has a section '\*arcslist'; those that are read are \*network",
        ),
        ("a.npy", b"\x93NUMPY\x01", r"is not a matrix as \.npy files hold, or is damaged"),
        ("a.npz", b"PK\x03\x04", r"is not a matrix as \.npz files hold, or is damaged"),
        ("a.mtx", "%%MatrixMarket matrix", r"is not a matrix as \.mtx files hold, or is damaged"),
        ("a.mtx", "%%MatrixMarket matrix array real general\n99999 99999\n", "declares 99999 x 99999 entries; more than"),
        ("a.mat", b"MATLAB 5.0", r"is not a matrix as \.mat files hold, or is damaged"),
        ("a.gexf", '<!DOCTYPE a [<!ENTITY b "c">]><gexf/>', "declares the document type 'a'"),
    ],
)
def test_damaged_files(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=words):
        read_graph(path)


@pytest.mark.parametrize("kind", [">i2", ">f8", "f2", "?"])
def test_matrices_of_any_type_of_number(tmp_path, kind):
    np.save(tmp_path / "a.npy", np.array([[0, 1], [0, 1]], dtype=kind))
    assert list(read_graph(tmp_path / "a.npy").edges(data="weight")) == [(0, 1, 1.0), (1, 1, 1.0)]


def test_matrices_that_are_none(tmp_path, monkeypatch):
    path = tmp_path / "a.npy"
    for values, words in (
        (np.zeros((2, 3)), r"holds a matrix of shape \(2, 3\); an adjacency matrix has a row and a column for each node"),
        (np.zeros((2, 2), dtype=complex), "holds entries of type complex128; weights are real numbers"),
        (np.array([["a"]], dtype=object), r"is not a matrix as \.npy files hold"),
    ):
        np.save(path, values)
        with pytest.raises(ValueError, match=words):
            read_matrix(path)
    path = tmp_path / "a.npz"
    np.savez(path, one=np.eye(3), two=np.ones((3, 3)))
    with pytest.raises(ValueError, match="holds one, two; name the matrix that is meant"):
        read_matrix(path)
    with pytest.raises(ValueError, match="'three' is not a matrix; known: one, two"):
        read_matrix(path, name="three")
    assert read_matrix(path, name="two").number_of_edges() == 9
    monkeypatch.setattr(matrices, "MAX_BYTES", 100)
    with pytest.raises(ValueError, match=r"unpacks to [0-9]+ bytes; more than 100 are not read"):
        read_matrix(path)
    io.savemat(tmp_path / "a.mat", {"A": np.eye(30)})
    with pytest.raises(ValueError, match="declares 7200 bytes; more than 100 are not read"):
        read_matrix(tmp_path / "a.mat")
    monkeypatch.setattr(matrices, "MAX_NODES", 2)
    np.save(tmp_path / "a.npy", np.eye(3))
    with pytest.raises(ValueError, match="has 3 nodes; more than 2 are not read"):
        read_matrix(tmp_path / "a.npy")


def test_bombs_are_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(graph_checks, "MAX_BYTES", 10)
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", bytes(10**6))
    with pytest.raises(ValueError, match="bytes; more than 10 are not read, use SONATA"):
        read_matrix(tmp_path / "a.npz")


def test_links_of_networks(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("source,target,weight,delay\nx,p,1,0.5\nx,q,2,1\ny,q,3,2\nx,q,4,3\n")
    mask = file_topology(2, 2, RNG, file=path)
    np.testing.assert_array_equal(mask.toarray(), [[1, 1], [0, 1]])
    np.testing.assert_array_equal(file_weights(mask, RNG, file=path).toarray(), [[1, 6], [0, 3]])
    np.testing.assert_array_equal(file_weights(mask, RNG, file=path, column="delay").toarray(), [[0.5, 4], [0, 2]])
    with pytest.raises(ValueError, match="column = 'size', and the link x - p has delay, weight"):
        file_weights(mask, RNG, file=path, column="size")
    with pytest.raises(ValueError, match="has no link from 1 to 0, one of 1 that the topology has"):
        file_weights(sparse.csr_array(np.ones((2, 2), dtype=bool)), RNG, file=path)
    with pytest.raises(
        ValueError, match="has 4 nodes, 2 of them sources and 2 targets of links; the populations have 3 and 2 neurons"
    ):
        file_topology(3, 2, RNG, file=path)
    with pytest.raises(ValueError, match=r"file = 'gone\.csv' is not a file; paths are relative to the folder"):
        file_topology(3, 2, RNG, file="gone.csv")


def test_files_in_the_folder_of_data(tmp_path, monkeypatch):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.csv").write_text("source,target\n0,1\n")
    monkeypatch.setenv("BIOWORKBENCH_DATA", str(tmp_path))
    assert file_topology(2, 2, RNG, file="sub/a.csv").nnz == 1
    assert checksum(Path("sub/a.csv")) == checksum(tmp_path / "sub" / "a.csv")


def test_delays_of_links(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("source,target,delay\nx,p,1\nx,q,1.5\ny,q,2\nx,q,1.5\n")
    mask = file_topology(2, 2, RNG, file=path)
    np.testing.assert_allclose(file_delays(mask, RNG, file=path), [1e-3, 1.5e-3, 2e-3])
    weights = sparse.csr_array(np.array([[0.0, 3.0], [0.0, 0.0]]))
    np.testing.assert_allclose(file_delays(weights, RNG, file=path, unit="s"), [1.5])
    with pytest.raises(ValueError, match="has no link from 1 to 0, one of 1 that the topology has"):
        file_delays(sparse.csr_array(np.ones((2, 2))), RNG, file=path)
    path.write_text("source,target,delay\nx,p,1\nx,p,2\ny,q,2\n")
    with pytest.raises(ValueError, match="parallel links from 0 to 0 with the delays 1 and 2 ms; a topology has one link there"):
        file_delays(file_topology(2, 2, RNG, file=path), RNG, file=path)
    path.write_text("source,target,delay\nx,p,-1\ny,q,2\n")
    with pytest.raises(ValueError, match="delay goes down to -1; delays are 0 or more"):
        file_delays(file_topology(2, 2, RNG, file=path), RNG, file=path)


def test_self_links_and_numbers(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("source,target\n2,2\n1,0\n")
    mask = file_topology(3, 3, RNG, file=path, recurrent=True)
    np.testing.assert_array_equal(np.argwhere(mask.toarray()), [[1, 0], [2, 2]])
    assert file_topology(3, 3, RNG, file=path, recurrent=True, self_links=False).nnz == 1
    nx.write_graphml(nx.path_graph(3), tmp_path / "u.graphml")
    assert file_topology(3, 3, RNG, file=tmp_path / "u.graphml", recurrent=True).nnz == 4


@pytest.mark.skipif(not CONNECTOMES, reason="needs connectomes in BIOWORKBENCH_DATA")
@pytest.mark.parametrize("path", CONNECTOMES, ids=lambda path: path.name)
def test_connectomes_as_networks(path):
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    rows = [line.split(",") for line in text.splitlines()[1:]]
    n = len({name for u, v, _ in rows for name in (u, v)})
    mask = file_topology(n, n, RNG, file=path, recurrent=True)
    weights = file_weights(mask, RNG, file=path)
    assert mask.nnz == len({(u, v) for u, v, _ in rows})
    assert weights.sum() == pytest.approx(sum(float(w) for *_, w in rows))


def test_links_without_direction_that_are_listed_once(tmp_path):
    """As `topology --undirected`: a table of fibers names each once, and a reservoir needs both ways; what is listed both ways is kept."""
    path = tmp_path / "fibers.csv"
    path.write_text("source,target,weight,delay\n0,1,5,1\n1,2,3,2\n2,1,4,3\n2,2,7,1\n")
    once, both = (file_topology(3, 3, RNG, file=path, recurrent=True, undirected=undirected) for undirected in (False, True))
    np.testing.assert_array_equal(once.toarray(), [[0, 1, 0], [0, 0, 1], [0, 1, 1]])
    np.testing.assert_array_equal(both.toarray(), [[0, 1, 0], [1, 0, 1], [0, 1, 1]])
    weights = file_weights(both, RNG, file=path, undirected=True).toarray()
    np.testing.assert_array_equal(weights, [[0, 5, 0], [5, 0, 3], [0, 4, 7]])
    np.testing.assert_allclose(file_delays(both, RNG, file=path, undirected=True), np.array([1, 1, 2, 3, 1]) * 1e-3)
    with pytest.raises(TopologyError, match="has no link from 1 to 0"):
        file_weights(both, RNG, file=path)
