"""Cannistraci-Hebb link prediction: layers against path enumeration, graphs against the definition, top-k of a large layer.

Ratios "same run" are against programs that run here and now. Ratios "published" divide by seconds that the public C++ programs took
on two cores of another machine, so they mix machines. Times are the best of several runs, compiled beforehand.

Run with ``python -m tests.benchmarks.bench_link_prediction`` (about three minutes on two cores); ``layers``, ``graphs``, ``top`` or
``quality`` as an argument runs one part.
"""

import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable

import networkx as nx
import numpy as np
from numba import config
from scipy import sparse

from bioworkbench.exchange.connectomes import read_celegans
from bioworkbench.records.randomness import stream
from bioworkbench.topology.prediction.all_pairs import SCORES
from bioworkbench.topology.prediction.comparison import compare
from bioworkbench.topology.prediction.definition import ch_score
from bioworkbench.topology.prediction.layer_links import layer_scores, top_links
from bioworkbench.topology.prediction.link_prediction import cannistraci_hebb, score_matrix, simple_adjacency
from tests.benchmarks.path_enumeration import enumerated_scores

LAYERS = [  # sources, targets, density, and published seconds of the two public programs
    (784, 1000, 0.01, 0.196, 0.060),
    (1000, 1000, 0.01, 0.276, 0.095),
    (1568, 1568, 0.01, 1.183, 0.567),
    (784, 1000, 0.05, 3.44, 6.88),
    (1000, 1000, 0.05, 5.66, 12.1),
    (1000, 1000, 0.10, 35.0, None),
]
GRAPHS = [  # name, graph, published seconds
    ("Watts-Strogatz, degree 20", lambda: nx.watts_strogatz_graph(5000, 20, 0.1, seed=1), 4.2),
    ("Watts-Strogatz, degree 10", lambda: nx.watts_strogatz_graph(5000, 10, 0.1, seed=1), 3.6),
    ("Erdos-Renyi, degree 20", lambda: nx.gnm_random_graph(5000, 50_000, seed=1), None),
    ("Barabasi-Albert, degree 20", lambda: nx.barabasi_albert_graph(5000, 10, seed=1), None),
]


def seconds(function: Callable[[], object], n_runs: int = 1) -> float:
    """Shortest of several runs."""
    taken = []
    for _ in range(n_runs):
        start = time.perf_counter()
        function()
        taken.append(time.perf_counter() - start)
    return min(taken)


def random_mask(m: int, n: int, density: float) -> sparse.csr_array:
    positions = np.random.default_rng(0).choice(m * n, size=round(density * m * n), replace=False)
    return sparse.csr_array((np.ones(positions.size, bool), np.divmod(positions, n)), shape=(m, n))


def plain(mask: sparse.csr_array, scores: np.ndarray) -> None:
    """Write the scores by path enumeration, one thread."""
    rows, columns = sparse.csr_array(mask), sparse.csr_array(mask.T)
    starts_and_links = (part.astype(np.int64) for matrix in (rows, columns) for part in (matrix.indptr, matrix.indices))
    enumerated_scores(*starts_and_links, scores)


def layers() -> None:
    small = random_mask(9, 9, 0.3)
    plain(small, np.zeros((9, 9)))
    layer_scores(small)
    layer_scores(small, form="node")
    print("\nCH3-L3 of all absent links of a layer; peer: path enumeration, numba, one thread")
    print("layer              ours, s   peer, s  same run  published C++, s       ratios      node form, s")
    for m, n, density, *published in LAYERS:
        mask = random_mask(m, n, density)
        ours = seconds(lambda mask=mask: layer_scores(mask), 15)
        node = seconds(lambda mask=mask: layer_scores(mask, form="node"), 5)
        scores = np.zeros((m, n))
        peer = seconds(lambda mask=mask, scores=scores: plain(mask, scores))
        np.testing.assert_allclose(layer_scores(mask), scores, rtol=1e-12)
        theirs = "  ".join(f"{s:7.3f}" if s else "      -" for s in published)
        ratios = "  ".join(f"{s / ours:5.0f}x" if s else "     -" for s in published)
        name = f"{m} x {n}, {density:.0%}"
        print(f"{name:17s} {ours:8.4f} {peer:9.3f} {peer / ours:8.0f}x   {theirs}   {ratios}   {node:8.4f}")


def graphs() -> None:
    list(cannistraci_hebb(nx.path_graph(5)))
    score_matrix(np.zeros((2, 2)))
    print(
        "\nCH3-L3 of all pairs of a graph with 5000 nodes; peer: the readable definition, timed on a sample of the missing pairs"
    )
    print("graph                        matrix, s  yielded, s  peer for all, s  same run   published C++, s, ratio")
    for name, make, published in GRAPHS:
        graph = make()
        adjacency = simple_adjacency(graph)
        ours = seconds(lambda adjacency=adjacency: score_matrix(adjacency), 3)
        yielded = seconds(lambda graph=graph: sum(1 for _ in cannistraci_hebb(graph)))
        n_missing = 5000 * 4999 // 2 - graph.number_of_edges()
        sample = _missing_sample(graph, 2000)
        peer = seconds(lambda graph=graph, sample=sample: [ch_score(graph, u, v) for u, v in sample]) / len(sample) * n_missing
        theirs = f"{published:6.1f} {published / ours:8.1f}x" if published else "     -"
        print(f"{name:28s} {ours:9.3f} {yielded:11.2f} {peer:16.0f} {peer / ours:8.0f}x   {theirs}")


def _missing_sample(graph: nx.Graph, n: int) -> list[tuple[int, int]]:
    pairs = np.random.default_rng(1).integers(0, len(graph), (3 * n, 2)).tolist()
    return [(u, v) for u, v in pairs if u != v and not graph.has_edge(u, v)][:n]


def _top(n: int, density: float, k: int, sample: bool, answer) -> None:
    warm = random_mask(50, 50, 0.1)
    top_links(warm, 5, np.random.default_rng(1), sample=sample)
    mask = random_mask(n, n, density)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    taken = seconds(lambda: top_links(mask, k, np.random.default_rng(1), sample=sample))
    answer.put((taken, before / 2**20, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20))


def top() -> None:
    print("\nbest absent links of a 10 000 x 10 000 layer at 0.5 %, each in a process of its own")
    print("k          rule       seconds   peak memory, GB (of it before the call)")
    context = multiprocessing.get_context("spawn")
    for k, sample in ((1000, False), (150_000, False), (150_000, True)):
        answer = context.Queue()
        process = context.Process(target=_top, args=(10_000, 0.005, k, sample, answer))
        process.start()
        taken, before, peak = answer.get()
        process.join()
        print(f"{k:<10d} {'sampled' if sample else 'largest':8s} {taken:9.2f} {peak:9.2f} ({before:.2f})")


def quality() -> None:
    networks = {"karate club": nx.karate_club_graph()}
    if "BIOWORKBENCH_DATA" in os.environ:
        worm = read_celegans()
        worm.remove_edges_from(list(nx.selfloop_edges(worm)))
        networks |= {"C. elegans, undirected": nx.Graph(worm.edges), "C. elegans, directed": nx.DiGraph(worm.edges)}
    for name, graph in networks.items():
        unfit = "undirected" if graph.is_directed() else "directed"
        names = [predictor for predictor, score in SCORES.items() if not score.weighted and score.directions != unfit]
        found = compare(graph, stream(1, name), predictors=names, hidden=0.1, n_repeats=20)
        print(
            f"\n{name}: {len(graph)} nodes, {graph.number_of_edges()} links, a tenth hidden, 20 repeats; mean and 95 % interval"
        )
        print(f"{'predictor':24s} {'AUPR':>15s} {'precision':>15s} {'AUC':>15s} {'AUC-mROC':>15s}")
        for predictor, row in found.iterrows():
            cells = (f"{row[m]:.4f} ± {row[f'{m}_half_width']:.4f}" for m in ("aupr", "precision", "auc", "auc_mroc"))
            print(f"{predictor:24s} {' '.join(cells)}")


def main() -> None:
    chosen = sys.argv[1:] or ["layers", "graphs", "top", "quality"]
    print(f"{config.NUMBA_NUM_THREADS} threads")
    for part in chosen:
        {"layers": layers, "graphs": graphs, "top": top, "quality": quality}[part]()


if __name__ == "__main__":
    main()
