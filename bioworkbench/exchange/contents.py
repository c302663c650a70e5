"""What a run holds, by the words with which formats say what they carry."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from bioworkbench.experiment.results.record import RunRecord
from bioworkbench.records.counted import counted
from bioworkbench.records.network import Network, Population
from bioworkbench.records.synapse import PULSE

__all__ = ["CONTENTS", "contents"]

CONTENTS: Mapping[str, str] = {
    "spikes": "spikes",
    "trials": "which trial a spike is of",
    "traces": "traces",
    "weights": "weights of synapses",
    "delays": "delays",
    "synapses": "models of synapses that do more than add a weight",
    "final_weights": "weights after learning",
    "equations": "models of neurons",
    "starts": "random start values",
    "refractory": "refractory periods",
    "noise": "noise of neurons",
    "background": "Poisson background",
    "stimulus": "the stimulus",
    "readout": "the readout",
    "history": "training history",
    "answers": "answers to the test trials",
    "metrics": "metrics and provenance",
}
"""What there can be in a run, in words."""


def contents(record: RunRecord) -> Mapping[str, str]:
    """Everything that a run holds, described for messages, by key.

    Keys are those of `CONTENTS`, where there is such a thing.

    Parameters
    ----------
    record : RunRecord

    Returns
    -------
    mapping from str to str
    """
    return {key: text for key, text in _described(record) if text}


def _described(record: RunRecord) -> Iterator[tuple[str, str]]:
    data, recording, network = record.data, record.data.recording, record.data.network
    yield "spikes", f"{counted(sum(map(len, recording.spikes.values())), 'spike')} of {_listed(recording.spikes)}"
    yield "trials", f"the division into {counted(recording.n_trials, 'trial')}" * (recording.n_trials > 1)
    yield "traces", _of("traces", recording.traces)
    yield "weights", _of("weights", (p.name for p in network.projections))
    yield "delays", _of("delays", (p.name for p in network.projections if np.any(p.delay)))
    yield "synapses", _of("synapse models", (p.name for p in network.projections if p.synapse != PULSE))
    yield "final_weights", _of("final weights", recording.weights)
    yield "equations", _of("equations", network.sizes)
    yield "starts", _of("random start values", _named(network, lambda m: any(isinstance(v, str) for v in m.start.values())))
    yield "refractory", _of("refractory periods", _named(network, lambda m: m.refractory is not None))
    yield "noise", _of("noise", _named(network, lambda m: m.is_random))
    yield "background", _of("background", (p.name for p in network.populations if p.background))
    kind = record.provenance.get("stimulus", "current")
    yield "stimulus", f"the stimulus of kind '{kind}'" * bool(network.inputs)
    if data.trained is not None:
        beside = " and of the input" * data.trained.skip
        yield "readout", f"the readout of {data.trained.feature.kind}{beside} {data.trained.readout.coefficients.shape}"
        yield "history", _of("training history", data.trained.history)
    yield "answers", "the answers to the test trials" * (data.answers is not None)
    yield "metrics", "metrics and provenance"


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
