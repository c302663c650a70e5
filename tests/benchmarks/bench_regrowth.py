"""Which path length regrows which network: a tenth of the links removed at random and as many regrown by a score, eight times over.

Measures, for the connectomes and generated graphs of the page on lengths, with and without directions, which fraction of the links are
those of the network in the end, and the mean clustering: mean and half the 95 % interval of five seeds, three for the
larva's brain.

``python -m tests.benchmarks.bench_regrowth FILE.csv`` writes the table that the page on lengths shows; with names of networks behind the
file only these are measured again, and the other rows are kept.
"""

import sys
from pathlib import Path

import networkx as nx
import numpy as np

from bioworkbench.records.randomness import stream
from bioworkbench.topology.measures.triangles import clustering
from bioworkbench.topology.prediction.comparison import mean_and_interval
from bioworkbench.topology.rewiring.graph_rewiring import LINK_SCORES, rewired_graph
from bioworkbench.topology.simple_graph import networkx_graph
from tests.benchmarks.bench_lengths import networks
from tests.benchmarks.length_tables import measured_again

RULES = {"undirected": tuple(LINK_SCORES), "directed": tuple(rule for rule in LINK_SCORES if not rule.endswith("l2"))}
HEAD = ("network", "links are", "n_nodes", "n_links", "clustering", "rule", "kept", "half_width", "clustering_after")
N_ROUNDS = 8
N_SEEDS = 5
FEWER = {"Drosophila larva": 3}  # seeds of networks that take minutes


def regrown(graph: nx.Graph, rule: str, seed: int) -> tuple[float, float]:
    """Fraction of the links that are those of the graph, and clustering, after all rounds."""
    rng, now = stream(seed, f"regrowth {rule}"), graph
    for _ in range(N_ROUNDS):
        now = rewired_graph(now, rng, n_links=graph.number_of_edges() // 10, regrowth=rule)
    kept = sum(graph.has_edge(u, v) for u, v in now.edges)
    return kept / graph.number_of_edges(), clustering(now)


def measured(name: str, kind: str, graph: nx.Graph) -> list[list[str]]:
    """A row for every rule."""
    rows = []
    for rule in RULES[kind]:
        kept, clustered = np.array([regrown(graph, rule, seed) for seed in range(FEWER.get(name, N_SEEDS))]).T
        numbers = kept.mean(), mean_and_interval(kept).half_width, clustered.mean()
        row = (name, kind, len(graph), graph.number_of_edges(), round(clustering(graph), 3), rule)
        rows.append([*map(str, row), *(f"{number:.4f}" for number in numbers)])
        print(*rows[-1], sep=", ", flush=True)
    return rows


def simple(graph) -> nx.Graph:
    """The links alone, of nodes that have any."""
    made = networkx_graph(graph)
    return made.__class__(made.edges)


def main() -> None:
    file, *names = sys.argv[1:] or [""]
    cases = [
        (name, kind, lambda name=name, kind=kind, make=make: measured(name, kind, simple(make())))
        for name, kind, make in networks()
    ]
    measured_again(Path(file) if file else None, HEAD, cases, names)


if __name__ == "__main__":
    main()
