"""Which path length regrows which network: a tenth of the links removed at random and as many regrown by a score, eight times over.

Prints, for the connectomes and generated graphs of the page on lengths, without directions, which fraction of the links are those of the
network in the end, mean and half the 95 % interval of five seeds, and the mean clustering. ``python -m tests.benchmarks.bench_regrowth``
prints the table of that page; names of networks behind it only these.
"""

import sys

import networkx as nx
import numpy as np

from bioworkbench.records.randomness import stream
from bioworkbench.topology.measures.triangles import clustering
from bioworkbench.topology.prediction.comparison import estimate
from bioworkbench.topology.rewiring.graph_rewiring import rewired_graph
from bioworkbench.topology.simple_graph import networkx_graph
from tests.benchmarks.bench_lengths import networks

RULES = ("ch2_l2", "ch3_l2", "ch2_l3", "ch3_l3", "random")
N_ROUNDS = 8
N_SEEDS = 5


def regrown(graph: nx.Graph, rule: str, seed: int) -> tuple[float, float]:
    """Fraction of the links that are those of the graph, and clustering, after all rounds."""
    rng, now = stream(seed, f"regrowth {rule}"), graph
    for _ in range(N_ROUNDS):
        now = rewired_graph(now, graph.number_of_edges() // 10, rng, regrowth=rule)
    kept = sum(graph.has_edge(u, v) for u, v in now.edges)
    return kept / graph.number_of_edges(), clustering(now)


def main() -> None:
    print(f"| network | clustering | {' | '.join(RULES)} |\n|---|---|{'---|' * len(RULES)}")
    for name, kind, make in networks():
        if kind != "undirected" or (sys.argv[1:] and name not in sys.argv[1:]):
            continue
        graph = nx.Graph(networkx_graph(make()).edges)
        cells = []
        for rule in RULES:
            kept, clustered = np.array([regrown(graph, rule, seed) for seed in range(N_SEEDS)]).T
            cells.append(f"{kept.mean():.3f} ± {estimate(kept).half_width:.3f} ({clustered.mean():.2f})")
        print(f"| {name} | {clustering(graph):.2f} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
