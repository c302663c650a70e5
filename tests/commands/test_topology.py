"""``bioworkbench topology``: measures, predictions, generated graphs, and what it refuses."""

import json

import networkx as nx
import pytest
import typer
from typer.testing import CliRunner

from bioworkbench.commands.topology import topology_command
from bioworkbench.exchange.connectomes import read_graph, write_graph
from bioworkbench.topology.prediction.all_pairs import SCORES
from tests.sampled import every

app = typer.Typer()
app.command()(topology_command)


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def karate(tmp_path):
    path = tmp_path / "karate.graphml"
    write_graph(nx.Graph(nx.relabel_nodes(nx.karate_club_graph(), str).edges), path)
    return path


def test_measures_as_table_and_json(karate):
    assert "clustering" in run(karate).stdout
    result = json.loads(run(karate, "--json", "--nulls", 2, "--seed", 1).stdout)
    assert result["measures"]["clustering"] == pytest.approx(0.570638, abs=1e-6)
    assert result["measures"]["modularity"] == pytest.approx(0.4198, abs=1e-4)
    assert result["z"]["clustering"] > 2
    assert result["low"]["clustering"] < result["null_mean"]["clustering"] < result["high"]["clustering"]
    assert "small_world_sigma" in result["measures"]


def test_predictions_are_ranked_and_written(karate, tmp_path):
    result = json.loads(run(karate, "--predict", "ch3_l3", "--top", 5, "--json", "--write", tmp_path / "links.csv").stdout)
    scores = [score for *_, score in result["predictions"]]
    assert len(scores) == 5
    assert scores == sorted(scores, reverse=True)
    written = read_graph(tmp_path / "links.csv")
    assert {frozenset(link) for link in written.edges} == {frozenset(link[:2]) for link in result["predictions"]}


def test_predictors_are_compared(karate):
    arguments = ("--predict", "ch3_l3,random", "--compare", "--repeats", 3, "--seed", 1)
    result = json.loads(run(karate, *arguments, "--json").stdout)
    assert set(result["predictions"]) == set(result["comparison"]) == {"ch3_l3", "random"}
    assert result["comparison"]["ch3_l3"]["aupr"] > result["comparison"]["random"]["aupr"]
    assert result["comparison"]["ch3_l3"]["auc_half_width"] > 0
    shown = run(karate, *arguments)
    assert "predictor" in shown.stdout
    refused = run(karate, "--compare")
    assert refused.exit_code == 2
    assert "--compare needs the scores to compare" in refused.stderr


def test_undefined_measures_are_null_in_json(tmp_path):
    write_graph(nx.relabel_nodes(nx.cycle_graph(6), str), tmp_path / "ring.graphml")
    assert json.loads(run(tmp_path / "ring.graphml", "--json").stdout)["measures"]["assortativity"] is None


@pytest.mark.thorough
def test_generated_graphs(tmp_path):
    settings = ("--set", "n_neighbors=4", "--set", "rewiring=0.1", "--seed", 1, "--write", tmp_path / "ring.graphml")
    assert run("--generate", "watts_strogatz", "--nodes", 30, *settings).exit_code == 0
    assert read_graph(tmp_path / "ring.graphml").number_of_edges() == 120
    layer = run("--generate", "layered", "--nodes", "10x20", "--set", "sparsity=0.9", "--seed", 1, "--json")
    assert json.loads(layer.stdout)["measures"]["layer_n_links"] == 20


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name a file to read, or a topology to generate, not both"),
        (("--generate", "bernouli", "--nodes", "9", "--seed", "1"), "did you mean 'bernoulli'"),
        (("--generate", "bernoulli", "--nodes", "9", "--seed", "1"), "bernoulli also needs p"),
        (("--generate", "all_to_all", "--nodes", "nine", "--seed", "1"), "--nodes = 'nine': give a number"),
        (("--generate", "all_to_all", "--nodes", "9"), "draws random numbers; add for example --seed 1"),
        (("missing.csv",), "missing.csv is not a file"),
    ],
)
def test_what_it_refuses(arguments, message):
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


def test_what_it_refuses_of_a_file(karate):
    for arguments, message in (
        (("--predict", "ch3"), "'ch3' is not a link score"),
        (("--predict", "random"), "--predict random draws random numbers"),
        (("--nodes", "9"), "these are settings of --generate"),
    ):
        result = run(karate, *arguments)
        assert result.exit_code == 2
        assert message in " ".join(result.stderr.split())


@pytest.fixture
def autapse(tmp_path):
    """Directed links of which one is an autapse, as in nearly every connectome."""
    path = tmp_path / "links.csv"
    path.write_text("source,target\na,a\na,b\nc,b\nc,d\n")
    return path


@pytest.mark.parametrize("score", ["ch2_l3", "ch3_l3", "ra_l3", "preferential_attachment", "random"])
def test_autapses_and_directions_are_told(autapse, score):
    done = run(autapse, "--predict", score, "--seed", 1)
    assert done.exit_code == 0
    assert "note self-links (autapses) dropped: 1" in done.stderr
    assert "note both directions of a pair are predicted apart; --undirected joins them" in done.stderr
    result = json.loads(run(autapse, "--predict", "ch3_l3", "--json").stdout)
    assert result["predictions"] == [["a", "d", 1.0]]


@pytest.mark.parametrize("score", every(3, SCORES))
def test_every_score_predicts_or_says_what_it_needs(autapse, score):
    done = run(autapse, "--predict", score, "--seed", 1)
    if done.exit_code:
        assert done.exit_code == 2
        assert f"--predict {score}: score '{score}' is " in done.stderr
    undirected = run(autapse, "--predict", score, "--seed", 1, "--undirected")
    assert "add --undirected" not in undirected.stderr
    needs = SCORES[score].directions == "directed" or SCORES[score].weighted
    assert undirected.exit_code == (2 if needs else 0)


@pytest.mark.thorough
def test_a_graph_in_which_nothing_can_be_ranked(tmp_path):
    (tmp_path / "links.csv").write_text("source,target\na,b\n")
    done = run(tmp_path / "links.csv", "--undirected", "--predict", "cha")
    assert (done.exit_code, "--predict cha: " in done.stderr) in ((0, False), (2, True))


def test_links_of_both_directions_have_one_weight(tmp_path):
    """As the graph whose links have it is measured; a pair that differs changes nothing of the others."""
    both, once, twin = (tmp_path / name for name in ("both.csv", "once.csv", "twin.graphml"))
    both.write_text("source,target,weight\na,b,3\nb,a,3\nb,c,-2\nc,b,-1\nc,d,4\nd,a,2\na,d,2\n")
    graph = nx.Graph()
    graph.add_weighted_edges_from([("a", "b", 3.0), ("b", "c", -1.5), ("c", "d", 4.0), ("a", "d", 2.0)])
    write_graph(graph, twin)
    done = run(both, "--undirected", "--seed", 1, "--json")
    assert "links with another weight in each direction: 1; --undirected gives them the mean of the two" in done.stderr
    assert json.loads(done.stdout) == json.loads(run(twin, "--seed", 1, "--json").stdout)
    once.write_text("source,target,weight\na,b,3\nb,a,3\nb,c,1\n")
    assert "in each direction" not in run(once, "--undirected", "--seed", 1).stderr


@pytest.mark.parametrize(("path", "words"), [("x.pdf", "graphs are written as"), ("none/x.csv", "make that folder first")])
def test_where_to_write_is_looked_at_first(karate, tmp_path, monkeypatch, path, words):
    """Measures of a large graph take hours, which were lost."""
    monkeypatch.setattr("bioworkbench.commands.topology._measures", lambda *_: pytest.fail("measured"))
    done = run(karate, "--write", tmp_path / path)
    assert done.exit_code == 2
    assert words in done.stderr


def test_a_graph_without_directions_is_written_without(tmp_path):
    table, written = tmp_path / "links.csv", tmp_path / "out.graphml"
    table.write_text("source,target,weight\na,b,3\nb,a,5\nb,c,1\n")
    assert run(table, "--undirected", "--seed", 1, "--write", written).exit_code == 0
    found = read_graph(written)
    assert not found.is_directed()
    assert {frozenset((u, v)): weight for u, v, weight in found.edges(data="weight")} == {
        frozenset("ab"): 4.0,
        frozenset("bc"): 1.0,
    }
    assert run(table, "--seed", 1, "--write", written).exit_code == 0
    assert read_graph(written).is_directed()


def test_numbers_of_nulls_have_a_limit(autapse):
    done = run(autapse, "--nulls", 10**9, "--seed", 1)
    assert done.exit_code == 2
    assert "10000" in done.stderr


def test_autapses_parallel_links_and_signs_are_named_and_measured(tmp_path):
    """Every fault of the kind: self-links, links given twice, negative weights, in tables and GraphML, with every option."""
    table = tmp_path / "links.csv"
    table.write_text("source,target,synapses\na,b,2\na,b,3\nb,c,1\nc,a,4\nc,c,9\nc,d,-2\nd,e,1\n")
    for arguments in ((), ("--undirected",), ("--nulls", 2), ("--predict", "ch3_l3"), ("--nulls", 2, "--keep", "strengths")):
        result = run(table, "--seed", 1, *arguments)
        assert result.exit_code == 0, result.output
        for words in ("self-links (autapses) dropped: 1", "parallel links joined", "links with negative weights: 1"):
            assert words in result.stderr
    assert json.loads(run(table, "--json").stdout)["measures"]["n_links"] == 5
    write_graph(nx.Graph([("a", "a"), ("a", "b")]), tmp_path / "loop.graphml")
    assert run(tmp_path / "loop.graphml").exit_code == 0


@pytest.mark.parametrize(
    ("keep", "message"),
    [
        ("degree", "'degree' is not a null model; did you mean 'degrees'"),
        ("strengths", "keep = 'strengths': graph with 34 nodes and 78 links has no weights; give links the attribute 'weight'"),
        ("reciprocity", "keep = 'reciprocity': graph with 34 nodes and 78 links has no directions"),
        ("lengths", "--keep = 'lengths': the nodes of the graph have no attribute x, y or z"),
    ],
)
def test_null_models_that_cannot_be(karate, keep, message):
    result = run(karate, "--nulls", 2, "--seed", 1, "--keep", keep)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


@pytest.mark.parametrize(("graph", "said"), [(nx.complete_graph(5), True), (nx.star_graph(5), True), (nx.cycle_graph(9), False)])
def test_a_graph_that_is_the_only_one_with_its_degrees_says_so(graph, said, tmp_path):
    write_graph(nx.relabel_nodes(graph, str), tmp_path / "only.graphml")
    result = run(tmp_path / "only.graphml", "--nulls", 2, "--seed", 1)
    assert result.exit_code == 0
    assert ("swaps find no other graph with these degrees" in " ".join(result.stderr.split())) == said


def test_lengths_are_kept_where_nodes_have_positions(tmp_path):
    graph = nx.relabel_nodes(nx.random_geometric_graph(40, 0.3, seed=1), str)
    for node, (x, y) in list(graph.nodes(data="pos")):
        graph.nodes[node].clear()
        graph.nodes[node].update(x=x, y=y)
    write_graph(graph, tmp_path / "space.graphml")
    assert run(tmp_path / "space.graphml", "--nulls", 2, "--seed", 1, "--keep", "lengths").exit_code == 0
    graph.nodes["0"]["x"] = "left"
    write_graph(graph, tmp_path / "space.graphml")
    message = "node '0': x = 'left' is not a number"
    assert message in " ".join(run(tmp_path / "space.graphml", "--nulls", 2, "--keep", "lengths").stderr.split())


@pytest.mark.parametrize("links", [[], [("a", "a")]])
def test_graphs_without_links_are_refused_in_words(tmp_path, links):
    graph = nx.Graph(links)
    graph.add_node("b")
    write_graph(graph, tmp_path / "empty.graphml")
    result = run(tmp_path / "empty.graphml")
    assert result.exit_code == 2
    assert "has no links between different nodes; measures need at least one" in " ".join(result.stderr.split())


def test_a_page_is_written(karate, tmp_path):
    page = tmp_path / "karate.html"
    shown = run(karate, "--predict", "ch3_l3", "--top", 3, "--report", page)
    assert str(page) in shown.stdout.replace("\n", "")
    assert "ch3_l3: CH3 over paths of length 3" in page.read_text()
    refused = run(karate, "--report", tmp_path / "karate.pdf")
    assert refused.exit_code == 2
    assert "the page is HTML" in refused.stderr


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ("ch3_l9", "--predict ch3_l9: 'ch3_l9' is not a link score"),
        ("reverse_link", "is for directed graphs"),
        ("random", "add for example --seed"),
    ],
)
def test_predictors_are_checked_before_anything_is_measured(karate, monkeypatch, names, words):
    monkeypatch.setattr("bioworkbench.commands.topology.measures", lambda *args: pytest.fail("measured"))
    refused = run(karate, "--predict", names)
    assert refused.exit_code == 2
    assert words in refused.stderr.replace("\n", " ")
