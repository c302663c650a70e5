"""``bioworkbench demo``: one small example of each kind, and a page of all of them."""

import json
import time
import webbrowser
from collections.abc import Callable, Mapping
from importlib.resources import as_file
from pathlib import Path
from typing import Annotated, Any

import networkx as nx
import tomli_w
import typer

from bioworkbench.commands.new import starts
from bioworkbench.commands.terminal import FAILED, labeled, output, progress_bars, with_exit_codes, words
from bioworkbench.exchange.connectomes import write_graph
from bioworkbench.experiment.running import run
from bioworkbench.experiment.spec.reader import load
from bioworkbench.experiment.sweeps import sweep
from bioworkbench.records.errors import ResultError, SimulationError, SpecError, TopologyError
from bioworkbench.records.randomness import stream
from bioworkbench.report.graph_findings import GraphFindings
from bioworkbench.report.graph_page import write_graph_page
from bioworkbench.report.index import write_index
from bioworkbench.simulation.threads import n_cores
from bioworkbench.topology.generators.spatial import spatial
from bioworkbench.topology.measures.comparisons import against_nulls
from bioworkbench.topology.prediction.best_links import best_links
from bioworkbench.topology.simple_graph import simple_graph

__all__ = ["demo_command"]

Part = Callable[[Path, Any], Path]

_N_NEURONS, _N_NULLS = 150, 5


@with_exit_codes
def demo_command(
    folder: Annotated[Path, typer.Argument()] = Path("demo"),
    browse: Annotated[bool, typer.Option("--open")] = False,
) -> None:
    """Run one small example of each kind, in about two minutes, and write a page of all of them; prints its path last.

    Parameters
    ----------
    folder : path
        Where specs, results and pages go.
    browse : bool
        Open the page in a browser.
    """
    folder.mkdir(parents=True, exist_ok=True)
    failed = 0
    for number, (title, part) in enumerate(_PARTS.items(), 1):
        started = time.monotonic()
        try:
            with progress_bars() as progress:
                page = part(folder, progress)
        except (ResultError, SimulationError, SpecError, TopologyError) as error:
            words.print(labeled(f"{number}/{len(_PARTS)} failed", f"{title}: {error}", "bold red"))
            failed += 1
            continue
        output.print(f"{number}/{len(_PARTS)} {title}: {time.monotonic() - started:.0f} s, {page}")
    page = write_index(folder / "results")
    output.print("Next: open it in a browser; the specs beside it are yours to change.")
    output.print(str(page))
    if browse:
        webbrowser.open(page.resolve().as_uri())
    if failed:
        raise typer.Exit(FAILED)


def _spec(folder: Path, start: str, name: str, changes: Mapping[str, Any]) -> Path:
    """Write what `new --from` starts from, made small, into the folder of the demo."""
    with as_file(starts()[start]) as path:
        spec = load(path, changes, name=name)
    written = folder / f"{name}.toml"
    written.write_text(tomli_w.dumps(spec.document), encoding="utf-8")
    return written


def _ran(path: Path, folder: Path, progress: Any) -> Path:
    return run(load(path), results=folder / "results", progress=progress).folder / "report.html"


def _simulation(folder: Path, progress: Any) -> Path:
    return _ran(_spec(folder, "ei", "balanced_network", {"n_trials": 1, "duration": "600 ms"}), folder, progress)


def _sweep(folder: Path, _: Any) -> Path:
    values = {"populations.cells.sigma": ["3 mV", "4 mV", "6 mV", "8 mV"], "seed": [1, 2, 3]}
    path = _spec(folder, "sweep", "rates_by_noise", {"duration": "500 ms", "sweep": values})
    return sweep(load(path), jobs=n_cores(), results=folder / "results").page()


def _readout(folder: Path, progress: Any) -> Path:
    return _ran(_spec(folder, "ransnn_digits", "digits", {"populations.hidden.size": 500}), folder, progress)


def _rewiring(folder: Path, progress: Any) -> Path:
    small = {"task.n_train": 8, "task.n_test": 8, "task.n_frames": 75, "method.episodes.n": 3}
    small |= {f"projections.{name}.delay": "4 ms" for name in ("exc_exc", "exc_inh", "inh_exc")}  # no step of 1 ms rounds them
    return _ran(_spec(folder, "rewired_reservoir_memory", "rewired_reservoir", small), folder, progress)


def _connectome(folder: Path, progress: Any) -> Path:
    """A made-up connectome: the nearer neurons are, the likelier they are linked. It runs, is measured, and has its links predicted."""
    mask = spatial(_N_NEURONS, _N_NEURONS, stream(1, "demo"), p_max=0.5, length=0.12, recurrent=True)
    links = nx.DiGraph(list(zip(*(ends.tolist() for ends in mask.nonzero()), strict=True)))
    write_graph(links, folder / "connectome.csv")
    path = folder / "connectome.toml"
    file = (folder / "connectome.csv").as_posix()
    path.write_text(_CONNECTOME.format(size=_N_NEURONS, file=json.dumps(file, ensure_ascii=False)), encoding="utf-8")
    _ran(path, folder, progress)
    graph = simple_graph(links)
    measured = against_nulls(graph, stream(1, "nulls"), n_nulls=_N_NULLS)
    likeliest = best_links(graph, stream(1, "links"), by="ch3_l3", k=20)
    links_by_score = list(zip(likeliest.source, likeliest.target, likeliest.score, strict=True))
    found = GraphFindings(graph, measured, {"ch3_l3": links_by_score}, n_nulls=_N_NULLS)
    return write_graph_page(folder / "connectome.html", "connectome.csv", found)


_CONNECTOME = """# A network whose links come from a file.
seed = 1
dt = "0.1 ms"
duration = "500 ms"

[populations.neurons]
size = {size}
kind = "noisy_lif"
rest = "-52 mV"
sigma = "4 mV"
start = "uniform(-60 mV, -50 mV)"

[projections.neurons_neurons]
source = "neurons"
target = "neurons"
topology = {{ kind = "file", file = {file} }}
weights = {{ kind = "constant", value = "0.5 mV" }}
delay = "2 ms"
"""

_PARTS: Mapping[str, Part] = {
    "simulation, an E/I network in balance": _simulation,
    "sweep, rates over noise": _sweep,
    "trained readout, handwritten digits": _readout,
    "rewiring, a reservoir and its memory": _rewiring,
    "connectome, measured and simulated": _connectome,
}
