"""Pages that are made when the site is built: the spec field by field, the reference, the picture of the landing page.

Sphinx writes into the folder that it reads. So the pages are copied first, and what is made joins the copy: a checkout that nobody may
write to builds as well.
"""

import re
import shutil
import tempfile
from importlib import import_module
from pathlib import Path

import bioworkbench as bw
from bioworkbench.exchange import overview
from bioworkbench.experiment.spec.manual import markdown
from bioworkbench.experiment.spec.reader import load

__all__ = ["MODULES", "TOP", "draw_landing_picture", "staged", "with_tables", "write_reference"]

USES = Path(__file__).parent / "uses"
"""A page of examples for each public module, which the page of the module shows; tests run them."""

TOP = {
    "Run specs": ("load", "run", "go_on", "sweep", "optimize", "predict", "fit", "simulator"),
    "Open results": ("open", "table", "Result", "ResultSet", "Sweep"),
    "Describe networks": ("Network", "Population", "Projection", "Links"),
    "Drive and simulate them": ("simulate", "Execution", "from_brian2", "silence", "Stimulus", "SpikeTrains", "Probe"),
    "What comes back": ("Recording", "Spikes", "Trace"),
    "What training gives": ("TrainedNetwork", "LinearReadout", "Choice"),
}
"""Everything in ``bw``, in the order of a day's work."""

MODULES = {
    "Networks": {
        "neurons": "Neuron models",
        "synapses": "Synapse models",
        "stimuli": "Stimuli without a task",
        "topology.generators": "Random topologies",
        "topology.generators.graph_models": "Topologies of graph models",
        "topology.generators.spatial": "Topologies in space",
        "weights.distributions": "Distributions of weights",
        "weights.spectrum": "Spectral radius of weights",
        "records.units": "Quantities and units",
        "records.randomness": "Named random streams",
        "simulation": "Backends",
    },
    "Learning": {
        "tasks": "Tasks",
        "encoding": "From values to a stimulus",
        "readout.features": "From spikes to features",
        "readout.fits": "Linear readouts",
        "readout.metrics": "Scores",
        "readout.spike_statistics": "Rates, irregularity, synchrony",
        "readout.spike_distances": "How alike two spike trains are",
        "readout.spike_distributions": "Intervals, spectra, correlations",
        "sklearn": "Estimators for scikit-learn",
    },
    "Methods": {
        "methods.ransnn": "RanSNN",
        "methods.s_swim": "S-SWIM",
        "methods.reconstruction": "Reconstruction",
        "methods.noise_single_step": "Noise-trained single step",
        "methods.ch_snn": "CH-SNN",
        "methods.rewired_reservoir": "Rewired reservoir",
        "methods.unsupervised": "Unsupervised",
    },
    "Graphs": {
        "topology.measures": "Measures of a graph",
        "topology.measures.comparisons": "Measures beside null models",
        "topology.prediction.link_prediction": "Scores of missing links",
        "topology.prediction.best_links": "The likeliest missing links",
        "topology.prediction.comparison": "How high scores rank hidden links",
        "topology.rewiring": "Remove and regrow links",
    },
    "Files and figures": {
        "exchange": "Other formats",
        "exchange.connectomes": "Connectomes and edge lists",
        "exchange.stimuli": "Recorded spikes and signals",
        "plots": "Panels for figures",
        "plots.comparison": "Panels that compare runs",
        "plots.style": "Look and sizes of figures",
        "gallery.runs": "Runs that a figure reads",
    },
}
"""Public modules by room; each gets a page of its own."""


def staged(source: Path, target: Path, root: Path) -> Path:
    """Copy the pages into a folder that may be written to, and add those that are made.

    Parameters
    ----------
    source, target : Path
    root : Path
        Of the checkout.

    Returns
    -------
    Path
        The new source folder.
    """
    copy = target / "analyses" / "site"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__", "reference", "gallery", "examples", USES.name))
    for path in [target, *target.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)  # a copy of what nobody may write to can be written to
    shutil.copyfile(root / "CONTRIBUTING.md", target / "CONTRIBUTING.md")
    shutil.copytree(root / "network_specs", target / "network_specs")  # which pages show
    (copy / "spec.md").write_text(markdown(), encoding="utf-8")
    for page in copy.rglob("*.md"):
        page.write_text(with_tables(page.read_text(encoding="utf-8")), encoding="utf-8")
    write_reference(copy)
    draw_landing_picture(copy / "ei.toml", copy / "ei.svg")
    return copy


def with_tables(page: str) -> str:
    """The text of a page with tables of `bioworkbench.exchange.overview` where ``<!-- table: NAME -->`` stands."""
    return re.sub(r"^<!-- table: (\w+) -->$", lambda found: getattr(overview, found[1])(), page, flags=re.MULTILINE)


def write_reference(folder: Path) -> None:
    """Write ``reference.md`` and the pages it lists: ``bw`` first, then a page per public module."""
    pages = folder / "reference"
    pages.mkdir()
    (pages / "bw.md").write_text("\n".join(_top_page()) + "\n", encoding="utf-8")
    lines = ["# Reference", "", "What is not listed here is internal, and may change without notice.", "", *_contents(["bw"])]
    for room, modules in MODULES.items():
        lines += ["", f"## {room}", "", "| module | |", "|---|---|"]
        lines += [f"| [`bioworkbench.{name}`](reference/{name}.md) | {title} |" for name, title in modules.items()]
        lines += ["", *_contents(modules, hidden=True)]
        for name, title in modules.items():
            (pages / f"{name}.md").write_text(_module_page(name, title), encoding="utf-8")
    (folder / "reference.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _contents(names, hidden=False):
    return [
        "```{toctree}",
        ":maxdepth: 1",
        *([":hidden:"] if hidden else []),
        "",
        *(f"reference/{name}" for name in names),
        "```",
    ]


def _top_page():
    yield from ("# `bw`: the everyday names", "", "`import bioworkbench as bw`; each name is imported when it is first used.")
    yield from ("", "## In use", "", (USES / "bw.md").read_text(encoding="utf-8"))
    for title, names in TOP.items():
        yield from ("", f"## {title}")
        for name in names:
            kind, options = _directive(getattr(bw, name))
            yield from ("", f"### `bw.{name}`", "", "```{eval-rst}", f".. {kind}:: bioworkbench.{name}", *options, "```")


def _directive(thing):
    """Directive of autodoc for a function or class, and its options; a class of Brian2 is described there."""
    if not isinstance(thing, type):
        return "autofunction", []
    return "autoclass", ["   :members:"] if thing.__module__.startswith("bioworkbench") else []


def _module_page(name: str, title: str) -> str:
    module = import_module(f"bioworkbench.{name}")
    names = [public for public in module.__all__ if callable(getattr(module, public))]
    lines = [f"# {title}", "", "```{eval-rst}", f".. automodule:: bioworkbench.{name}", "```", ""]
    use = USES / f"{name}.md"
    lines += ["## In use", "", use.read_text(encoding="utf-8")] if use.is_file() else []
    for public in names:
        kind, options = _directive(getattr(module, public))
        lines += [f"## `{public}`", "", "```{eval-rst}", f".. {kind}:: bioworkbench.{name}.{public}", *options, "```", ""]
    return "\n".join(lines)


def draw_landing_picture(spec: Path, picture: Path) -> None:
    """Run a spec, and draw what came out as the landing page shows it."""
    with tempfile.TemporaryDirectory() as results:
        figure = bw.run(load(spec), results=results).plot()
        figure.set_size_inches(5.6, 6.2)  # labels can be read beside the spec
        figure.savefig(picture, metadata={"Date": None})
