"""What a run holds, by the words with which formats say what they carry."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from bioworkbench.network import INPUT, Network, Population
from bioworkbench.neurons import NeuronModel
from bioworkbench.results import RunRecord

__all__ = ["contents", "has_noise"]

_RANDOM = re.compile(r"\b(randn|rand|poisson|xi\w*|shared_noise)\b")


def contents(record: RunRecord) -> Mapping[str, str]:
    """Everything that a run holds, described for messages, by key.

    Keys, where there is such a thing: spikes, trials, traces, weights, delays, equations, starts, refractory, noise, stimulus,
    readout, history, answers, metrics.
    """
    return {key: text for key, text in _described(record) if text}


def _described(record: RunRecord) -> Iterator[tuple[str, str]]:
    data, recording, network = record.data, record.data.recording, record.data.network
    yield "spikes", f"{sum(map(len, recording.spikes.values()))} spikes of {_listed(recording.spikes)}"
    yield "trials", f"the division into {recording.n_trials} trials" * (recording.n_trials > 1)
    yield "traces", _of("traces", recording.traces)
    yield "weights", _of("weights", (p.name for p in network.projections))
    yield "delays", _of("delays", (p.name for p in network.projections if np.any(p.delay)))
    yield "equations", _of("equations", network.sizes)
    yield "starts", _of("random start values", _named(network, lambda m: any(isinstance(v, str) for v in m.start.values())))
    yield "refractory", _of("refractory periods", _named(network, lambda m: m.refractory is not None))
    yield "noise", _of("noise", _named(network, has_noise))
    kind = record.provenance.get("stimulus", "current")
    yield "stimulus", f"the stimulus of kind '{kind}'" * any(p.source == INPUT for p in network.projections)
    if data.trained is not None:
        yield "readout", f"the readout of {data.trained.feature.kind} {data.trained.readout.coefficients.shape}"
        yield "history", _of("training history", data.trained.history)
    yield "answers", "the answers to the test trials" * (data.answers is not None)
    yield "metrics", "metrics and provenance"


def has_noise(model: NeuronModel) -> bool:
    """Whether a neuron draws random numbers while it runs."""
    return any(_RANDOM.search(text) for text in (model.equations, model.update, model.threshold, model.reset))


def _named(network: Network, holds: Any) -> list[str]:
    def fits(population: Population) -> bool:
        return holds(population.model)

    return [population.name for population in network.populations if fits(population)]


def _of(what: str, names: Iterable[str]) -> str:
    listed = _listed(names)
    return f"{what} of {listed}" if listed else ""


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    return ", ".join(every[:5]) + f" and {len(every) - 5} more" * (len(every) > 5)
