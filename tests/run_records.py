"""Records of runs, made by hand, for the tests of results and reports."""

from dataclasses import replace

import numpy as np
from matplotlib.figure import Figure

from bioworkbench.experiment.results import RunRecord, fingerprint
from bioworkbench.experiment.results.provenance import provenance
from bioworkbench.experiment.results.record import Answers, RunData
from bioworkbench.experiment.scores import activity
from bioworkbench.experiment.spec import read
from bioworkbench.experiment.spec.plan import construct
from bioworkbench.experiment.warnings import suspicions
from bioworkbench.records.choice import Choice
from bioworkbench.records.linear_readout import LinearReadout
from bioworkbench.records.randomness import stream
from bioworkbench.records.recording import Recording, Spikes, Trace
from bioworkbench.records.trained import TrainedNetwork
from bioworkbench.report.drawn import Panel
from tests.documents import alone, with_task


def sketched(draw, caption, *, wide=False, height=3.2):
    """Stands for ``report.page.drawn`` where pictures do not matter: everything is drawn, nothing is rendered."""
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
    return RunRecord(spec, data, metrics, about, suspicions(spec, data.network, metrics, data.recording.duration))


def spikes(sizes, n_trials, n_steps, dt, fraction=0.1):
    """Random spikes for every population, sorted as a recording's are."""
    found = {}
    for name, size in sizes.items():
        trial, step, neuron = np.nonzero(stream(1, name).random((n_trials, n_steps, size)) < fraction)
        found[name] = Spikes(trial, neuron, step * dt)
    return found


def record_alone(document=None, fraction=0.1):
    """A run without a task."""
    document = alone() if document is None else document
    network = construct(read(document, "x", "x.toml")).network
    voltage = stream(1, "v").normal(-0.06, 0.003, (1, 50, 2))
    recording = Recording(
        spikes(network.sizes, 1, 100, 5e-4, fraction),
        {"exc.v": Trace(voltage, np.arange(50) * 1e-3, np.arange(2), "volt")},
        network.sizes,
        1,
        0.05,
        5e-4,
        1,
        "numpy",
        {"simulate": 2.0},
    )
    return record_of(document, RunData(network, recording), {})


def with_uneven_trace(record):
    """The record with two trials of 10 ms, whose potential was recorded every 3 ms."""
    values = stream(2, "v").normal(-0.06, 0.003, (2, 4, 2))
    trace = Trace(values, np.arange(4) * 3e-3, np.arange(2), "volt")
    recording = replace(record.data.recording, traces={"exc.v": trace}, n_trials=2, duration=0.01, spikes={})
    return replace(record, data=replace(record.data, recording=recording))


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
