"""Records of runs, made by hand, for the tests of results and reports."""

import numpy as np
from matplotlib.figure import Figure

from bioworkbench.experiment.scores import activity
from bioworkbench.experiment.warnings import suspicions
from bioworkbench.randomness import stream
from bioworkbench.report.page import Panel
from bioworkbench.results import RunRecord, fingerprint
from bioworkbench.results.provenance import provenance
from bioworkbench.results.run_file import Answers, RunData
from bioworkbench.signals import Recording, Spikes
from bioworkbench.spec import read
from bioworkbench.spec.plan import construct
from bioworkbench.trained import Choice, LinearReadout, TrainedNetwork
from tests.documents import alone, with_task


def sketched(draw, caption, *, wide=False, height=3.2):
    """Stands for ``report.page._panel`` where pictures do not matter: everything is drawn, nothing is rendered."""
    draw(Figure().subplots())
    return Panel("data:image/svg+xml;base64,", caption, wide)


def record_of(document, data, scores):
    """Record with the given arrays and scores; the spec is made from the document."""
    spec = read(document, "x", "x.toml")
    metrics = {
        **scores,
        "activity": activity(data.recording),
        "timing": {"build": 0.5, "train": 1.0, "simulate": 2.0, "total": 3.6},
    }
    about = provenance() | {"fingerprint": fingerprint(spec), "stimulus": "rate"}
    return RunRecord(spec, data, metrics, about, suspicions(spec, data.network, metrics))


def spikes(sizes, n_trials, n_steps, dt, share=0.1):
    """Random spikes for every population, sorted as a recording's are."""
    found = {}
    for name, size in sizes.items():
        trial, step, neuron = np.nonzero(stream(1, name).random((n_trials, n_steps, size)) < share)
        found[name] = Spikes(trial, neuron, step * dt)
    return found


def record_alone(document=None, share=0.1):
    """A run without a task."""
    document = alone() if document is None else document
    network = construct(read(document, "x", "x.toml")).network
    voltage = stream(1, "v").normal(-0.06, 0.003, (1, 50, 2))
    recording = Recording(
        spikes(network.sizes, 1, 100, 5e-4, share),
        {"exc.v": voltage},
        network.sizes,
        1,
        0.05,
        5e-4,
        1,
        "numpy",
        {"simulate": 2.0},
    )
    return record_of(document, RunData(network, recording), {})


def record_with_task(accuracy=0.8, rule="argmax"):
    """A run with a task; needs the fixture "frozen"."""
    network = construct(read(with_task(), "x", "x.toml")).network
    recording = Recording(spikes(network.sizes, 30, 10, 1e-3), {}, network.sizes, 30, 0.01, 1e-3, 1, "numpy", {"simulate": 2.0})
    targets = np.arange(30) % 10 if rule == "argmax" else np.sin(np.arange(30.0))[:, None]
    predictions = targets.copy()
    predictions[:6] = 0
    readout = LinearReadout(np.zeros((30, 10)), np.zeros(10), rule)
    trained = TrainedNetwork(
        network, Choice("spike_counts", {"populations": ["hidden"]}), readout, {"loss": np.array([100.0, 10.0, 0.1])}
    )
    scores = {
        "test": {"accuracy": accuracy},
        "train": {"accuracy": 0.9},
        "baselines": {"chance": {"accuracy": 0.1}, "raw_linear": {"accuracy": 0.85}},
        "trials": {"train": 60, "test": 30, "train_scored": 30},
    }
    return record_of(with_task(), RunData(network, recording, trained, Answers(targets, predictions)), scores)
