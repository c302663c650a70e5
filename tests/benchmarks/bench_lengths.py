"""Which path length predicts the links of which network: Cannistraci-Hebb scores and baselines on connectomes and generated graphs.

A tenth of the links is hidden, every absent pair is scored from the rest, and the area under precision over recall (AUPR) says how high
the hidden links rank; ten repeats. Directed networks are scored as they point, paths of length 2 only without directions. CHA chooses
among the four scores of undirected graphs of at most 400 nodes; its ranking of all pairs takes minutes in larger ones.

``python -m tests.benchmarks.bench_lengths FILE.csv`` writes the table that the site's page on lengths draws.
"""

import os
import sys
from functools import partial
from pathlib import Path

import networkx as nx
import numpy as np

from bioworkbench.exchange.connectomes import read_graph
from bioworkbench.records.randomness import stream
from bioworkbench.topology.measures.triangles import clustering
from bioworkbench.topology.prediction.comparison import mean_and_interval
from bioworkbench.topology.prediction.layer_links import layer_scores
from bioworkbench.topology.prediction.link_prediction import score_matrix
from bioworkbench.topology.prediction.ranking_quality import ranking_quality
from bioworkbench.topology.prediction.sub_ranking import adaptive_choice
from bioworkbench.topology.simple_graph import SimpleGraph, graph_of_links, networkx_graph, simple_graph
from tests.benchmarks.length_tables import measured_again

CONNECTOMES = {
    "C. elegans, hermaphrodite": "celegans_hermaphrodite_chemical_2020.csv",
    "C. elegans, male": "celegans_male_chemical_2020.csv",
    "Drosophila larva": "drosophila_larva_subset.csv",
    "mushroom body, left": "drosophila_larva_mushroom_body_left.csv",
    "mushroom body, right": "drosophila_larva_mushroom_body_right.csv",
    "zebrafish regions": "zebrafish_larva_regions.csv",
    "mouse regions": "mouse_54776_dti.csv.gz",
}
GENERATED = {
    "six modules": lambda: nx.planted_partition_graph(6, 50, 0.2, 0.01, seed=1),
    "geometry": lambda: nx.random_geometric_graph(300, 0.12, seed=1),
    "small world": lambda: nx.watts_strogatz_graph(300, 10, 0.1, seed=1),
    "preferential attachment": lambda: nx.barabasi_albert_graph(300, 5, seed=1),
    "two-sided": lambda: nx.bipartite.random_graph(150, 150, 0.07, seed=1),
    "random": lambda: nx.gnm_random_graph(300, 1500, seed=1),
}
GENERATED_DIRECTED = {
    "six modules": lambda: nx.planted_partition_graph(6, 50, 0.2, 0.01, seed=1, directed=True),
    "geometry": lambda: one_way(nx.random_geometric_graph(300, 0.16, seed=1)),
    "random": lambda: nx.gnm_random_graph(300, 3000, seed=1, directed=True),
}
MODELS = ("CH2", "CH3", "RA")
CHA_NODES = 400
N_REPEATS = 10
FEWER = {"Drosophila larva, undirected": 3, "mouse regions, undirected": 4}
HEAD = ("network", "links are", "n_nodes", "n_links", "clustering", "predictor", "aupr", "half_width")
WITHOUT_DIRECTIONS = ("mouse regions",)
STRONGEST = {"mouse regions": 0.25}  # fraction of the links that is taken


def networks():
    """Names, kinds and functions that make the graphs, the connectomes with and without their directions."""
    for name in CONNECTOMES:
        yield name, "undirected", partial(connectome, name, directed=False)
        if name not in WITHOUT_DIRECTIONS:
            yield name, "directed", partial(connectome, name, directed=True)
    for kind, generated in (("undirected", GENERATED), ("directed", GENERATED_DIRECTED)):
        for name, make in generated.items():
            yield name, kind, lambda make=make: simple_graph(make())


def one_way(graph: nx.Graph) -> nx.DiGraph:
    """The graph with a direction, drawn at random, for every link."""
    rng, found = np.random.default_rng(1), nx.DiGraph()
    found.add_nodes_from(graph)
    found.add_edges_from(
        (u, v) if forward else (v, u) for (u, v), forward in zip(graph.edges, rng.random(graph.size()) < 0.5, strict=True)
    )
    return found


def connectome(name: str, *, directed: bool) -> SimpleGraph:
    path = Path(os.environ["BIOWORKBENCH_DATA"]) / "connectomes" / CONNECTOMES[name]
    graph = simple_graph(read_graph(path, parallel=True))
    if name in STRONGEST:
        graph = strongest(graph, STRONGEST[name])
    return graph if directed else graph.plain


def strongest(graph: SimpleGraph, fraction: float) -> SimpleGraph:
    sources, targets, weights = graph.links()
    assert weights is not None
    chosen = weights >= np.quantile(weights, 1 - fraction)
    return graph_of_links(sources[chosen], targets[chosen], weights[chosen], graph.nodes, directed=graph.directed)


def scores_of(graph: SimpleGraph, rng) -> dict[str, np.ndarray]:
    """Scores (n_nodes, n_nodes) by every predictor."""
    links = graph.matrix().astype(bool)
    inputs, outputs = graph.reverse.degrees, graph.degrees
    found = {"preferential attachment": np.outer(outputs, inputs).astype(float), "random": rng.random(links.shape)}
    if graph.directed:
        steps = links.astype(float)
        found["two steps"] = (steps @ steps).toarray()
        found["reverse link"] = steps.T.toarray()
        return found | {f"{model}-L3": layer_scores(links, model=model) for model in MODELS}
    for length in (2, 3):
        found |= {f"{model}-L{length}": score_matrix(links, model=model, length=length, links=False) for model in MODELS}
    if graph.n_nodes <= CHA_NODES:
        ranking = adaptive_choice(networkx_graph(graph)).ranking
        found["CHA"] = np.zeros(links.shape)
        found["CHA"][ranking.u, ranking.v] = ranking.rank
    return found


def quality(graph: SimpleGraph, rng) -> dict[str, float]:
    """AUPR of every predictor with a tenth of the links hidden."""
    sources, targets, _ = graph.links()
    hidden = rng.permutation(sources.size) < round(sources.size / 10)
    rest = graph_of_links(sources[~hidden], targets[~hidden], None, graph.n_nodes, directed=graph.directed)
    absent = ~rest.matrix().astype(bool).toarray()
    absent &= ~np.eye(graph.n_nodes, dtype=bool) if graph.directed else np.triu(np.ones_like(absent), 1)
    hits = np.zeros_like(absent)
    hits[sources[hidden], targets[hidden]] = True
    return {
        name: ranking_quality(np.round(scores[absent], 12), hits[absent])["aupr"] for name, scores in scores_of(rest, rng).items()
    }


def measured(name: str, kind: str, graph: SimpleGraph) -> list[list[str]]:
    """A row for every predictor."""
    label = f"{name}, {kind}"
    rng = stream(1, label)
    repeats = [quality(graph, rng) for _ in range(FEWER.get(label, N_REPEATS))]
    rows = []
    for predictor in repeats[0]:
        found = mean_and_interval(np.array([repeat[predictor] for repeat in repeats]))
        row = (name, kind, graph.n_nodes, graph.n_links, round(clustering(graph), 3), predictor)
        rows.append([str(value) for value in (*row, f"{found.mean:.4f}", f"{found.half_width:.4f}")])
        print(*rows[-1], sep=", ", flush=True)
    return rows


def main() -> None:
    file, *names = sys.argv[1:] or [""]
    cases = [
        (name, kind, lambda name=name, kind=kind, make=make: measured(name, kind, make())) for name, kind, make in networks()
    ]
    measured_again(Path(file) if file else None, HEAD, cases, names)


if __name__ == "__main__":
    main()
