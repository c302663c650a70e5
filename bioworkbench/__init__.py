"""bioworkbench: spiking networks in Brian2, from a spec to a report.

The names below are imported when they are first used, so that ``import bioworkbench`` costs nothing.
"""

from typing import TYPE_CHECKING

from bioworkbench.records.lazily import facade, homes_within

if TYPE_CHECKING:
    from bioworkbench.experiment import run
    from bioworkbench.experiment.fitting import fit, simulator
    from bioworkbench.experiment.prediction import predict
    from bioworkbench.experiment.results.opening import ResultSet, open
    from bioworkbench.experiment.results.result import Result
    from bioworkbench.experiment.results.swept import Sweep
    from bioworkbench.experiment.results.table import table
    from bioworkbench.experiment.running import go_on
    from bioworkbench.experiment.spec import load
    from bioworkbench.experiment.sweeps import optimize, sweep
    from bioworkbench.records.choice import Choice
    from bioworkbench.records.execution import Execution
    from bioworkbench.records.linear_readout import LinearReadout
    from bioworkbench.records.links import Links
    from bioworkbench.records.network import Network, Population, Projection
    from bioworkbench.records.probe import Probe
    from bioworkbench.records.recording import Recording, Spikes, Trace
    from bioworkbench.records.stimulus import SpikeTrains, Stimulus, silence
    from bioworkbench.records.trained import TrainedNetwork
    from bioworkbench.simulation import simulate
    from bioworkbench.simulation.scripts import from_brian2

__all__ = [
    "Choice",
    "Execution",
    "LinearReadout",
    "Links",
    "Network",
    "Population",
    "Probe",
    "Projection",
    "Recording",
    "Result",
    "ResultSet",
    "SpikeTrains",
    "Spikes",
    "Stimulus",
    "Sweep",
    "Trace",
    "TrainedNetwork",
    "fit",
    "from_brian2",
    "go_on",
    "load",
    "open",
    "optimize",
    "predict",
    "run",
    "silence",
    "simulate",
    "simulator",
    "sweep",
    "table",
]

VIEWS = {
    "exchange.frames": ("recording_dataset", "recording_frame", "spikes_frame", "table_frame"),
    "exchange.neo": ("neo_block",),
    "plots.pictures": ("network_figure", "recording_figure", "result_figure"),
    "report.display": (
        *("network_html", "recording_html", "report_of", "result_html", "results_html", "spec_html", "sweep_html", "table_html"),
    ),
    "report.index": ("write_index",),
    "report.notebook": ("notebook_bars",),
    "report.explorer": ("write_explorer",),
    "report.sweep_page": ("write_sweep_page",),
}
"""What rooms above make of records; see `records.above`."""

_HOMES = {
    "experiment": ("run",),
    "experiment.fitting": ("fit", "simulator"),
    "experiment.running": ("go_on",),
    "experiment.prediction": ("predict",),
    "experiment.results.opening": ("ResultSet", "open"),
    "experiment.results.result": ("Result",),
    "experiment.results.swept": ("Sweep",),
    "experiment.results.table": ("table",),
    "experiment.spec": ("load",),
    "experiment.sweeps": ("optimize", "sweep"),
    "records.choice": ("Choice",),
    "records.execution": ("Execution",),
    "records.linear_readout": ("LinearReadout",),
    "records.links": ("Links",),
    "records.network": ("Network", "Population", "Projection"),
    "records.probe": ("Probe",),
    "records.recording": ("Recording", "Spikes", "Trace"),
    "records.stimulus": ("SpikeTrains", "Stimulus", "silence"),
    "records.trained": ("TrainedNetwork",),
    "simulation": ("simulate",),
    "simulation.scripts": ("from_brian2",),
}

__getattr__, __dir__ = facade(__name__, homes_within(__name__, {**_HOMES, **VIEWS}))
