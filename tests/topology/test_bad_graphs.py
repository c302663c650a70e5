"""Graphs with every fault at once, and nulls that cannot exist: every function answers, or says in words what it needs."""

import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from bioworkbench.topology.measures.catalog import MEASURES, measures
from bioworkbench.topology.measures.community_detection import communities, modularity
from bioworkbench.topology.measures.comparisons import (
    against_nulls,
    motif_significance,
    rich_club,
    small_worldness,
    triad_significance,
)
from bioworkbench.topology.measures.motifs import motifs_of_four, triad_census
from bioworkbench.topology.measures.null_models import NULL_MODELS, null_graph
from bioworkbench.topology.measures.paths import distances
from bioworkbench.topology.prediction.all_pairs import SCORES
from bioworkbench.topology.prediction.best_links import best_links
from bioworkbench.topology.prediction.comparison import compare
from bioworkbench.topology.simple_graph import simple_graph
from tests.commands.test_topology import app

NAMES = ["a", 1, 2.5, ("b", 3), frozenset({4}), "1", None.__class__]
WEIGHTS = [1.0, 2, -3.0, 0.0, 1e300, True, "4"]
FAULTY = [math.nan, math.inf, "heavy", [1.0], 1j]


@st.composite
def graphs(draw, weights=WEIGHTS):
    """Multigraphs of none to seven nodes with names of many types, self-links, parallel links, and some links without a weight."""
    kind = draw(st.sampled_from([nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph]))
    graph, n = kind(), draw(st.integers(0, len(NAMES)))
    graph.add_nodes_from(NAMES[:n])
    ends = st.integers(0, n - 1) if n else st.nothing()
    for u, v, weight in draw(st.lists(st.tuples(ends, ends, st.sampled_from([None, *weights])), max_size=16 if n else 0)):
        graph.add_edge(NAMES[u], NAMES[v], **({} if weight is None else {"weight": weight}))
    return graph


def _null(keep):
    def call(graph, rng):
        n = len(graph)
        return null_graph(graph, rng, keep=keep, modules=["one", 2] * n if n % 2 else list(range(n)), positions=np.ones((n, 2)))

    return call


CALLS = {
    "measures": measures, "communities": communities, "modularity": modularity, "distances": lambda g, rng: distances(g),
    "motifs of four": lambda g, rng: motifs_of_four(g), "triads": lambda g, rng: triad_census(g),
    "nulls": lambda g, rng: against_nulls(g, rng, n_nulls=2), "small world": lambda g, rng: small_worldness(g, rng, n_nulls=2),
    "rich club": lambda g, rng: rich_club(g, rng, n_nulls=2), "weighted rich club": lambda g, rng: rich_club(g, rng, weighted=True),
    "triad nulls": lambda g, rng: triad_significance(g, rng, n_nulls=2),
    "motif nulls": lambda g, rng: motif_significance(g, rng, n_nulls=2),
    **{f"null {keep}": _null(keep) for keep in NULL_MODELS},
    **{f"measure {name}": measure for name, measure in MEASURES.items()},
    **{f"best {name}": lambda g, rng, name=name: best_links(g, rng, by=name, k=3) for name in SCORES},
    **{f"compare {name}": lambda g, rng, name=name: compare(g, rng, predictors=[name], n_repeats=2) for name in SCORES},
}  # fmt: skip


@settings(max_examples=6)
@given(graph=graphs())
@pytest.mark.parametrize("name", CALLS)
def test_every_function_answers_or_says_what_it_needs(name, graph):
    refused = ""
    with np.errstate(over="ignore"):
        try:
            CALLS[name](graph, np.random.default_rng(1))
        except ValueError as error:  # and nothing else, such as an IndexError
            refused = f"{type(error).__name__}: {error}"
    assert not refused or refused.startswith(("TopologyError: ", "ValueError: "))
    assert not refused or len(refused.split()) > 5


@given(graph=graphs([*FAULTY, 1.0]))
def test_weights_that_are_no_numbers_are_named_before_anything_is_computed(graph):
    bad = [data["weight"] for *_, data in graph.edges(data=True) if any(data.get("weight") is weight for weight in FAULTY)]
    if bad:
        with pytest.raises(ValueError, match=r"link \(.*\) has the weight .*; a weight is a finite number"):
            simple_graph(graph)
    else:
        simple_graph(graph)


CELLS = st.sampled_from(["a", "b", "1", "2.5", "ä", "a b"])
NUMBERS = st.sampled_from(["1", "2", "-3", "0", "", "nan", "inf", "heavy"])
OPTIONS = [
    (), ("--undirected",), ("--nulls", "2"), ("--nulls", "2", "--keep", "strengths"), ("--nulls", "2", "--keep", "reciprocity"),
    ("--nulls", "1", "--keep", "modules"), ("--nulls", "2", "--keep", "lengths"), ("--predict", "ch3_l3,two_steps"),
    ("--undirected", "--predict", "cha"), ("--predict", "ch3_l3,reverse_link", "--compare", "--repeats", "2"),
]  # fmt: skip


@settings(max_examples=25)
@given(links=st.lists(st.tuples(CELLS, CELLS, NUMBERS), max_size=8), weighted=st.booleans(), options=st.sampled_from(OPTIONS))
def test_the_command_ends_with_numbers_or_words(tmp_path_factory, links, weighted, options):
    path = tmp_path_factory.mktemp("graph") / "links.csv"
    rows = ("source,target,synapses", *(",".join(row) for row in links)) if weighted else (
        "source,target", *(",".join(row[:2]) for row in links)
    )  # fmt: skip
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    done = CliRunner().invoke(app, [str(path), "--seed", "1", *options])
    assert done.exit_code in (0, 2), done.exception
    assert "Traceback" not in done.output
    if done.exit_code:
        assert len(done.stderr.split()) > 6
