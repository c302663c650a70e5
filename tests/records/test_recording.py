"""Recordings by the names of what was recorded."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from bioworkbench.records.recording import Recording, Spikes, Trace

NONE = Spikes(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0))
RECORDING = Recording(
    spikes={"exc": NONE, "inh": NONE},
    traces={"exc.v": Trace(np.zeros((1, 2, 3)), np.zeros(2), np.arange(3))},
    sizes={"exc": 4, "inh": 1},
    n_trials=1,
    duration=0.2,
    dt=0.1,
    seed=1,
    backend="numpy",
    weights={"exc_exc": np.zeros((1, 2))},
    phases={"test": (0.0, 0.1)},
)


@pytest.mark.parametrize(
    ("part", "name", "words"),
    [
        ("spikes", "ex", "'ex' is not a recorded population; did you mean 'exc'. Known: exc, inh"),
        ("traces", "exc.w", r"'exc\.w' is not a recorded trace; did you mean 'exc\.v'. Known: exc\.v"),
        ("sizes", "all", "'all' is not a population; known: exc, inh"),
        ("weights", "inh", "'inh' is not a projection with final weights; known: exc_exc"),
        ("phases", "tests", "'tests' is not a recorded phase; did you mean 'test'. Known: test"),
        ("spikes", 0, "'0' is not a recorded population; known: exc, inh"),
    ],
)
def test_a_wrong_name_tells_the_names_there_are(part, name, words):
    with pytest.raises(KeyError, match=words):
        getattr(RECORDING, part)[name]


@pytest.mark.parametrize("copied", [pickle.loads(pickle.dumps(RECORDING)), replace(RECORDING, seed=2)])
def test_copies_tell_them_too(copied):
    with pytest.raises(KeyError, match="did you mean 'exc'"):
        copied.spikes["ex"]
    assert list(copied.spikes) == ["exc", "inh"]


def test_asking_whether_a_name_is_there_is_no_error():
    assert "ex" not in RECORDING.spikes
    assert RECORDING.spikes.get("ex") is None
    assert RECORDING.sizes == {"exc": 4, "inh": 1}
