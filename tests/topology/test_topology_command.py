"""``bioworkbench topology``: measures, predictions, generated graphs, and what it refuses."""

import json

import networkx as nx
import pytest
import typer
from typer.testing import CliRunner

from bioworkbench.commands.topology import predictions, topology_command
from bioworkbench.topology.connectomes import read_graph, write_graph

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
    assert result["measures"]["modularity"] == pytest.approx(0.4188, abs=1e-4)
    assert "small_world_sigma" in result["measures"]


def test_predictions_are_ranked_and_written(karate, tmp_path):
    result = json.loads(run(karate, "--predict", "ch3_l3", "--top", 5, "--json", "--write", tmp_path / "links.csv").stdout)
    scores = [score for *_, score in result["predictions"]]
    assert len(scores) == 5
    assert scores == sorted(scores, reverse=True)
    written = read_graph(tmp_path / "links.csv")
    assert {frozenset(link) for link in written.edges} == {frozenset(link[:2]) for link in result["predictions"]}


def test_predictions_equal_those_of_the_library():
    graph = nx.path_graph(4)
    assert predictions(graph, "ch3_l3", 10, None) == [(0, 3, 1.0)]


def test_undefined_measures_are_null_in_json(tmp_path):
    write_graph(nx.relabel_nodes(nx.cycle_graph(6), str), tmp_path / "ring.graphml")
    assert json.loads(run(tmp_path / "ring.graphml", "--json").stdout)["measures"]["assortativity"] is None


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
