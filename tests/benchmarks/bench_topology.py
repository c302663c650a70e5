"""Every number of the topology workbench in one table: measures beside igraph and networkx, null models, predicted links, whole brains.

Run with ``python -m tests.benchmarks topology``, which takes about ten minutes. ``topology:light`` leaves out the parts that take minutes,
``topology:brain,top`` runs these parts alone (``measures``, ``modularity``, ``nulls``, ``paths``, ``top``, ``whole``, ``brain``), and
``topology:small`` makes every graph a hundred times smaller. Times are processor time of one core, compiled beforehand; a ratio divides the
time of the library by ours in one run, after both have given the same numbers. Commands are timed whole, with start and imports.
"""

import multiprocessing
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import igraph
import numpy as np

from bioworkbench.topology.measures.catalog import MEASURES
from bioworkbench.topology.measures.community_detection import modularity
from bioworkbench.topology.prediction.best_links import scores_of_links
from bioworkbench.topology.prediction.kernels import flat_graph
from bioworkbench.topology.prediction.link_prediction import score_matrix
from bioworkbench.topology.simple_graph import SimpleGraph, graph_of_links, linked
from tests.benchmarks.path_enumeration import enumerated_graph_scores
from tests.benchmarks.topology_peers import ROWS, Graphs, Row

HEAD = ("what", "ours", "peer", "peer, s", "ratio", "reach")
BRAIN = ("mean_degree", "n_components", "reciprocity", "clustering", "rich_club", "modularity")


def seconds(function: Callable[[], object], n_runs: int = 1) -> float:
    """Shortest processor time of several runs."""
    taken = []
    for _ in range(n_runs):
        start = time.process_time()
        function()
        taken.append(time.process_time() - start)
    return min(taken)


def row(*cells: Any) -> None:
    print(f"{cells[0]:62} {cells[1]:>12} {cells[2]:>9} {cells[3]:>9} {cells[4]:>8} {cells[5]:>14}", flush=True)


def random_graph(n: int, n_links: int, *, directed: bool = False, weights: bool = False) -> SimpleGraph:
    rng = np.random.default_rng(1)
    links = rng.integers(0, n, (n_links, 2))
    return graph_of_links(*links.T, rng.random(n_links) if weights else None, n, directed=directed)


def heavy_tailed_graph(n: int, n_links: int) -> SimpleGraph:
    """Directed links between nodes drawn in proportion to a Pareto variable of exponent 2.5, its largest cut."""
    rng = np.random.default_rng(1)
    popularity = np.minimum((1 - rng.random(n)) ** (-1 / 1.5), n**0.5)
    cumulated = np.cumsum(popularity) / popularity.sum()
    ends = [np.searchsorted(cumulated, rng.random(n_links)) for _ in range(2)]
    return graph_of_links(*ends, None, n)


def measures(shrink: int) -> None:
    graphs, warm = Graphs(10_000 // shrink, random_graph), Graphs(60, random_graph)
    for measured in ROWS:
        measured.ours(warm)
        own, other = timed(measured, graphs)
        name = f"{measured.name}, {graphs.n} nodes, {10 * graphs.n} links"
        row(name, f"{own:.4f} s", measured.of, f"{other:.4f}", f"{other / own:.2f}x", ".5x")


def timed(measured: Row, graphs: Graphs) -> tuple[float, float]:
    """Seconds of ours and of the library, after their numbers have been compared."""
    values: dict[str, Any] = {}
    own, other = [], []
    # in turns, so that neither finds the caches of the processor full of its own graph, and both meet the same load
    for run in range(3 if measured.slow else 20):
        if not (measured.slow and run):
            other.append(seconds(lambda: values.update(other=measured.peer(graphs))))
        graphs.forget()  # a graph that has not been asked anything yet, made outside of the time
        own.append(seconds(lambda: values.update(own=measured.ours(graphs))))
    measured.compare(values["own"], values["other"])
    return max(min(own), 1e-6), min(other)


def modularity_beside_leiden(shrink: int) -> None:
    graph = random_graph(2000 // min(shrink, 10), 19_900 // min(shrink, 10))
    peer = igraph.Graph(graph.n_nodes, np.column_stack(graph.links()[:2]))
    leiden = np.mean([peer.community_leiden("modularity", n_iterations=2).modularity for _ in range(10)])
    own = modularity(graph, np.random.default_rng(1))
    row(f"modularity, {graph}", f"{own:.4f}", "igraph", f"{leiden:.4f}", f"{own / leiden:.3f}", ">= 1")


def _whole(shrink: int) -> dict:
    graph = random_graph(100_000 // shrink, 1_000_000 // shrink, directed=True, weights=True)
    warm = random_graph(100, 1000, directed=True, weights=True)
    for measure in MEASURES.values():
        measure(warm, np.random.default_rng(1))
    rng, taken, sampled = np.random.default_rng(1), {}, {}
    for name, measure in MEASURES.items():
        start = time.process_time()
        value = measure(graph, rng)
        taken[name] = time.process_time() - start
        if getattr(value, "standard_error", 0.0):
            sampled[name] = f"{float(value):.5g} ± {value.standard_error:.2g}"
    return {"graph": str(graph), "taken": taken, "sampled": sampled, "seconds": sum(taken.values())}


def whole(shrink: int) -> None:
    found = alone(_whole, shrink)
    row(f"all {len(found['taken'])} measures, {found['graph']}", *bounds(found, "120 s, 2 GB"))
    slowest = sorted(found["taken"], key=found["taken"].__getitem__)[:-5:-1]
    print("  slowest: " + ", ".join(f"{name} {found['taken'][name]:.1f} s" for name in slowest))
    print("  sampled, with standard errors: " + ", ".join(f"{name} {text}" for name, text in found["sampled"].items()))


def bounds(found: dict, reach: str) -> tuple:
    return f"{found['seconds']:.1f} s", "-", "", f"{found['peak']:.2f} GB", reach


def alone(part: Callable[[int], dict], shrink: int) -> dict:
    """What a part returns from a process of its own, with its peak of memory."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_with_peak, (part, shrink))


def _with_peak(part: Callable[[int], dict], shrink: int) -> dict:
    return {**part(shrink), "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20}


def command(shrink: int, graph: SimpleGraph, *options: str) -> dict:
    """The whole command on a table of links in a process of its own, once its kernels are compiled."""
    taken = []
    with tempfile.TemporaryDirectory() as folder:
        for name, given in (("warm", random_graph(60, 300)), ("links", graph)):
            path = Path(folder) / f"{name}.csv"
            sources, targets, _ = given.links()
            np.savetxt(path, np.column_stack([sources, targets]), "%d", ",", header="source,target", comments="")
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(
                [sys.executable, "-m", "bioworkbench", "topology", str(path), "--seed", "1", *options],
                check=True,
                capture_output=True,
            )
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return {"seconds": taken[-1], "start": taken[-2], "peak": after.ru_maxrss / 2**20}


def _nulls(shrink: int) -> dict:
    return command(shrink, random_graph(2000 // shrink, 19_900 // shrink), "--nulls", "10", "--undirected")


def nulls(shrink: int) -> None:
    found = alone(_nulls, shrink)
    row("topology --nulls 10, 2000 nodes, 19 900 links", *bounds(found, "5 s"))
    print(f"  of it {found['start']:.1f} s for a graph of 60 nodes")


def _top_of_10_000(shrink: int) -> dict:
    return command(
        shrink, random_graph(10_000 // shrink, 100_000 // shrink), "--undirected", "--predict", "ch3_l3", "--top", "100"
    )


def _top_of_100_000(shrink: int) -> dict:
    return command(
        shrink, random_graph(100_000 // shrink, 10**6 // shrink), "--undirected", "--predict", "ch3_l3", "--top", "100"
    )


def top(shrink: int) -> None:
    for n, part, reach in ((10_000, _top_of_10_000, "15 s, 1 GB"), (100_000, _top_of_100_000, "120 s, 4 GB")):
        name = f"topology --predict ch3_l3 --top 100, {n // shrink} nodes, {10 * n // shrink} links"
        row(name, *bounds(alone(part, shrink), reach))


def paths(shrink: int) -> None:
    """Beside an enumeration of paths pair by pair, as the public programs do it, on one thread."""
    n = 1000 // min(shrink, 5)
    for degree in (10, 20):
        for kind, graph in (
            ("random", random_graph(n, n * degree // 2)),
            ("heavy-tailed", heavy_tailed_graph(n, n * degree // 2).plain),
        ):
            own, other = _scores_beside_paths(graph)
            cells = f"{own:.4f} s", "paths", f"{other:.4f}", f"{other / own:.1f}x", "10x"
            row(f"CH3-L3 of absent links, {kind} {graph}", *cells)


def _scores_beside_paths(graph: SimpleGraph) -> tuple[float, float]:
    links = linked(graph)
    flat, found = flat_graph(links), np.zeros((graph.n_nodes, graph.n_nodes))
    enumerated_graph_scores(flat, found)
    own = score_matrix(links, links=False)
    absent = ~links.toarray()
    np.testing.assert_allclose(np.triu(own)[absent], np.triu(found)[absent], rtol=1e-9)
    return seconds(lambda: score_matrix(links, links=False), 5), seconds(lambda: enumerated_graph_scores(flat, found))


def _brain(shrink: int) -> dict:
    warm = heavy_tailed_graph(100, 1000)
    for name in BRAIN:
        MEASURES[name](warm, np.random.default_rng(1))
    scores_of_links(warm, np.array([0]), np.array([1]))
    start = time.process_time()
    graph, rng = heavy_tailed_graph(139_000 // shrink, 15_500_000 // shrink), np.random.default_rng(1)
    taken = {"to make the graph": time.process_time() - start}
    us, vs = rng.integers(0, graph.n_nodes, (2, 1_000_000 // shrink))
    us, vs = us[us != vs], vs[us != vs]
    parts = {f"CH3-L3 of {us.size} pairs": lambda: scores_of_links(graph, us, vs)}
    for name, part in {**parts, **{name: partial(MEASURES[name], graph, rng) for name in BRAIN}}.items():
        taken[name] = seconds(part)
        print(f"  {name}: {taken[name]:.1f} s", flush=True)
    return {"graph": str(graph), "taken": taken, "seconds": sum(taken.values())}


def brain(shrink: int) -> None:
    found = alone(_brain, shrink)
    row(f"degrees to Leiden, CH3-L3 of a million pairs, {found['graph']}"[:62], *bounds(found, "600 s, 8 GB"))
    print("  " + ", ".join(f"{name} {taken:.1f} s" for name, taken in found["taken"].items()))


PARTS = {
    "measures": measures, "modularity": modularity_beside_leiden, "nulls": nulls, "paths": paths, "top": top, "whole": whole, "brain": brain
}  # fmt: skip
HEAVY = ("top", "whole", "brain")


def main() -> None:
    given = sys.argv[1:]
    if unknown := set(given) - {*PARTS, "light", "small"}:
        sys.exit(f"{', '.join(unknown)}: parts are {', '.join(PARTS)}; besides, there are light and small")
    known = [name for name in PARTS if "light" not in given or name not in HEAVY]
    row(*HEAD)
    for name in [name for name in known if name in given] or known:
        PARTS[name](100 if "small" in given else 1)


if __name__ == "__main__":
    main()
