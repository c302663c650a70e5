"""Reading and writing graphs, and files that are not what their names say."""

import gzip
from collections import Counter

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioworkbench.exchange import graph_checks
from bioworkbench.exchange.connectomes import read_celegans, read_graph, read_graphml, read_link_table, write_graph

BOMB = """<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<graphml><graph edgedefault="directed"><node id="&b;"/></graph></graphml>"""


@pytest.fixture
def write(tmp_path):
    def written(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


def test_a_link_table(write):
    graph = read_graph(write("links.csv", "Pre,Post,count,kind\nAVA, AVB,3,chemical\nAVB,AVA,1,electrical\n"))
    assert graph.is_directed()
    assert graph.edges["AVA", "AVB"] == {"weight": 3.0, "kind": "chemical"}
    assert graph.number_of_edges() == 2


def test_columns_can_be_named(write):
    path = write("links.tsv", "a\tb\tstrength\nx\ty\t0.5\n")
    graph = read_link_table(path, source="a", target="b", weight="strength", directed=False)
    assert graph.edges["y", "x"] == {"weight": 0.5}
    assert not graph.is_directed()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty or starts with an empty line"),
        ("source,target\n", "has no rows of data below its names source, target"),
        ("a,b,c,d\n1,2,3,4\n1,2,3,4\n", "has the columns a, b, c, d; name those of the links source and target"),
        ("source,target,weight\n1,2,x\n", r"line 2, column 'weight': 'x' is not a number"),
        ("source,target,weight\n1,2,nan\n", r"line 2, column 'weight': the weight 'nan' is missing; give every link one"),
        ("source,target,weight\n1,2,-inf\n", r"line 2, column 'weight': '-inf' is not finite"),
        ("source,target,weight\n1,2,\n", r"line 2, column 'weight': the weight '' is missing; give every link one"),
        ("source,target,source\n1,2,3\n", "column 'source' occurs twice"),
        ("source,target\n1,2\n1,2\n", "line 3: the link 1 - 2 was given before"),
        ("source,target\n1,\n", "line 2: source = '1', target = ''; both ends"),
        ("source,target\n1,2,3\n", "line 2 has 3 cells, the first line 2"),
        ("source,target\n1\n", "line 2 has 1 cells, the first line 2"),
        (b"\x89HDF\r\n\x1a\n\xff\xfe", "is not UTF-8 text"),
        ('source,target\n"1,2\n', "is not a table with cells separated by"),
    ],
)
def test_bad_tables(write, content, message):
    with pytest.raises(ValueError, match=message):
        read_graph(write("links.csv", content))


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize("separator", [",", ";", "\t", " , "])
def test_links_however_they_are_written(write, end, separator):
    lines = [separator.join(row) for row in (("pre", "post", "weight"), ("a", "a", "1"), ("a", "b", "2.5"))]
    graph = read_graph(write("links.csv", end.join(lines)))
    assert dict(graph.edges) == {("a", "a"): {"weight": 1.0}, ("a", "b"): {"weight": 2.5}}


def test_compressed_links_and_the_index_of_pandas(write):
    graph = read_graph(write("links.csv.gz", gzip.compress(b",source,target\n0,a,b\n1,b,c\n")))
    assert dict(graph.edges) == {("a", "b"): {}, ("b", "c"): {}}


@pytest.mark.parametrize("weight", ["", "x", "nan"])
def test_weights_in_graphml_are_numbers(write, weight):
    kind = "string" if weight == "x" else "double"
    content = f"""<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><key id="w" for="edge" attr.name="weight" attr.type="{kind}"/>
<graph edgedefault="directed"><node id="a"/><node id="b"/><edge source="a" target="b"><data key="w">{weight}</data></edge></graph>
</graphml>"""
    with pytest.raises(
        ValueError, match=rf"links\.graphml, link a - b: weight = '{weight}' is not (a number; give every link one|finite)"
    ):
        read_graph(write("links.graphml", content))


def test_an_unknown_column(write):
    with pytest.raises(ValueError, match="has no column 'x'; its columns are source, target"):
        read_link_table(write("links.csv", "source,target\n1,2\n"), source="x")


def test_files_that_cannot_be_read(tmp_path, write, monkeypatch):
    with pytest.raises(ValueError, match=r"missing\.csv is not a file"):
        read_graph(tmp_path / "missing.csv")
    with pytest.raises(ValueError, match=r"has the suffix '\.pkl'; known are \.csv, \.tsv, \.csv\.gz, \.tsv\.gz, \.edgelist"):
        read_graph(tmp_path / "graph.pkl")
    monkeypatch.setattr(graph_checks, "MAX_BYTES", 10)
    with pytest.raises(ValueError, match="has 30 bytes; more than 10 are not read"):
        read_graph(write("links.csv", "source,target\n" + "1,2\n" * 4))


@given(st.integers(0, 10**6), st.booleans(), st.sampled_from([".graphml", ".csv", ".tsv"]))
def test_what_is_written_can_be_read(tmp_path_factory, seed, directed, suffix):
    graph = nx.relabel_nodes(nx.gnp_random_graph(8, 0.4, seed=seed, directed=directed), str)
    nx.set_edge_attributes(graph, {link: seed / 7 + k for k, link in enumerate(graph.edges)}, "weight")
    if not graph.number_of_edges():
        return
    path = tmp_path_factory.mktemp("graphs") / f"graph{suffix}"
    write_graph(graph, path)
    again = read_graph(path) if suffix == ".graphml" else read_link_table(path, directed=directed)
    assert again.is_directed() == directed
    assert {(*link, again.edges[link]["weight"]) for link in graph.edges} == {
        (*link, graph.edges[link]["weight"]) for link in graph.edges
    }
    assert again.number_of_edges() == graph.number_of_edges()


def test_graphml_keeps_attributes(tmp_path):
    graph = nx.DiGraph()
    graph.add_node("AVA", role="other", soma_position=0.2)
    graph.add_edge("AVA", "AVB", weight=3)
    write_graph(graph, tmp_path / "graph.graphml")
    again = read_graphml(tmp_path / "graph.graphml")
    assert again.nodes["AVA"] == {"role": "other", "soma_position": 0.2}
    assert again.edges["AVA", "AVB"] == {"weight": 3}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused_before_they_grow(write, encoding):
    content = BOMB.replace('version="1.0"', f'version="1.0" encoding="{encoding}"').encode(encoding)
    with pytest.raises(ValueError, match="declares the document type 'lolz'; remove the declaration"):
        read_graph(write("bomb.graphml", content))


@pytest.mark.parametrize(
    "content",
    [
        "",
        "source,target\n1,2\n",
        "<graphml><graph>",
        "<svg/>",
        "<graph>" * 100_000,
        "<a>" * 100_000 + "</a>" * 100_000,
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"/>',
    ],
)
def test_bad_graphml(write, content):
    with pytest.raises(ValueError, match="is not GraphML"):
        read_graph(write("graph.graphml", content))


def test_parallel_links_in_graphml(tmp_path):
    nx.write_graphml(nx.MultiDiGraph([(0, 1), (0, 1)]), tmp_path / "graph.graphml")
    with pytest.raises(ValueError, match="has parallel links; join them first"):
        read_graph(tmp_path / "graph.graphml")


def test_what_cannot_be_written(tmp_path):
    graph = nx.Graph([(0, 1)])
    with pytest.raises(ValueError, match=r"has the suffix '\.json'; graphs are written as \.graphml, \.csv or \.tsv"):
        write_graph(graph, tmp_path / "graph.json")
    with pytest.raises(ValueError, match=r"graph\.csv cannot be written: .*No such file or directory"):
        write_graph(graph, tmp_path / "missing" / "graph.csv")
    (tmp_path / "graph.graphml").write_text("kept")
    graph.nodes[0]["places"] = [1, 2]
    with pytest.raises(ValueError, match="cannot be written"):
        write_graph(graph, tmp_path / "graph.graphml")
    assert [path.name for path in tmp_path.iterdir()] == ["graph.graphml"]
    assert (tmp_path / "graph.graphml").read_text() == "kept"


def test_celegans(data_folder):
    graph = read_celegans()
    assert graph.number_of_nodes() == 279
    assert Counter(role for _, role in graph.nodes(data="role")) == {"sensory": 98, "motor": 89, "other": 92}
    assert graph.nodes["ADEL"] == {"cell_class": "ADE", "soma_position": 0.21, "transmitters": "DA", "role": "sensory"}
    chemical, electrical = read_celegans(data_folder, kind="chemical"), read_celegans(data_folder, kind="electrical")
    assert (chemical.number_of_edges(), electrical.number_of_edges()) == (2194, 1031)
    assert all(electrical.edges[v, u] == contacts for u, v, contacts in electrical.edges(data=True))
    assert graph.edges["ADAL", "AIBR"] == {"chemical": 2, "electrical": 0, "weight": 2}
    assert nx.is_weakly_connected(graph)


NEURONS = "name,cell_class,soma_position,neurotransmitters,role\nA,A,0.1,,S\nB,B,0.2,Ach,M\n"
SYNAPSES = "pre,post,kind,count\nA,B,chemical,2\nA,B,electrical,1\n"


@pytest.fixture
def worm(tmp_path):
    def folder(neurons=NEURONS, synapses=SYNAPSES):
        (tmp_path / "celegans_neurons.csv").write_text(neurons)
        (tmp_path / "celegans_synapses.csv").write_text(synapses)
        return tmp_path

    return folder


def test_a_small_worm(worm):
    graph = read_celegans(worm())
    assert graph.edges["A", "B"] == {"chemical": 2, "electrical": 1, "weight": 3}
    assert nx.get_node_attributes(graph, "role") == {"A": "sensory", "B": "motor"}


def test_bad_worms(worm, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="kind = 'gap': must be 'chemical', 'electrical' or 'both'"):
        read_celegans(kind="gap")
    with pytest.raises(ValueError, match=r"celegans_neurons\.csv is not a file"):
        read_celegans(tmp_path)
    with pytest.raises(ValueError, match="links A to C; both must be in"):
        read_celegans(worm(synapses="pre,post,kind,count\nA,C,chemical,2\n"))
    with pytest.raises(ValueError, match=r"celegans_synapses\.csv: count = 'many' is not a number"):
        read_celegans(worm(synapses="pre,post,kind,count\nA,B,chemical,many\n"))
    with pytest.raises(ValueError, match=r"celegans_neurons\.csv lacks the columns soma_position, neurotransmitters, role"):
        read_celegans(worm(neurons="name,cell_class\nA,A\n"))
    monkeypatch.delenv("BIOWORKBENCH_DATA", raising=False)
    with pytest.raises(ValueError, match=r"folder = None: name the folder with the C\. elegans"):
        read_celegans()
