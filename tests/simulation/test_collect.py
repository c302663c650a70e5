"""Copies back to trials: block by block, in memory or in files, always the same."""

import numpy as np
import pytest

from bioworkbench.records.probe import Probe
from bioworkbench.simulation import collect
from bioworkbench.simulation.chunk import Chunk
from bioworkbench.simulation.collect import GatheredSpikes, GatheredTrace, Stored


@pytest.fixture(params=["one block in memory", "many blocks in files"])
def _size(request, monkeypatch):
    if request.param != "one block in memory":
        monkeypatch.setattr(collect, "BLOCK", 7)
        monkeypatch.setattr(collect, "IN_MEMORY", 20)


@pytest.mark.usefixtures("_size")
def test_spikes_of_two_chunks_with_surplus_copies(tmp_path):
    """Chunks of 4 copies of 5 neurons, the second with 3 trials; each spike is found in its trial, in order of time, then neuron."""
    rng = np.random.default_rng(1)
    gathered, expected = GatheredSpikes(5), []
    for number, n_trials in enumerate((4, 3)):
        steps, index = np.nonzero(rng.random((20, 20)) < 0.3)
        index.astype(np.int32).tofile(tmp_path / "i")
        (steps * 0.5).tofile(tmp_path / "t")
        gathered.add(Chunk(number, 4 * number, n_trials, 4), Stored(tmp_path / "i", np.int32), Stored(tmp_path / "t", float))
        expected += [(i // 5 + 4 * number, s * 0.5, i % 5) for s, i in zip(steps, index, strict=True) if i // 5 < n_trials]
    spikes = gathered.spikes()
    assert list(zip(spikes.trial, spikes.time, spikes.neuron, strict=True)) == sorted(expected)
    with pytest.raises(ValueError, match="read-only"):
        spikes.time[0] = 1


def test_spikes_out_of_order_are_sorted():
    gathered = GatheredSpikes(3)
    gathered.add(Chunk(0, 10, 2, 4), np.array([5, 0, 3, 9, 2]), np.array([0.1, 0.1, 0.1, 0.2, 0.3]))
    spikes = gathered.spikes()
    np.testing.assert_array_equal(spikes.trial, [10, 10, 11, 11])
    np.testing.assert_array_equal(spikes.neuron, [0, 2, 0, 2])
    np.testing.assert_array_equal(spikes.time, [0.1, 0.3, 0.1, 0.1])


def test_silence(tmp_path):
    gathered = GatheredSpikes(3)
    gathered.add(Chunk(0, 0, 2, 2), Stored(tmp_path / "none", np.int32), Stored(tmp_path / "none", float))
    assert len(gathered.spikes()) == 0
    assert len(Stored(tmp_path / "none", np.int32)[:5]) == 0


@pytest.mark.usefixtures("_size")
def test_traces_of_copies(tmp_path):
    rows = np.random.default_rng(2).random((2, 6, 12))  # 2 chunks, 6 steps, 4 copies of 3 neurons
    gathered = GatheredTrace(Probe("exc", "v"), 1e-3)
    for number, n_trials in enumerate((4, 2)):
        rows[number].tofile(tmp_path / "rows")
        gathered.add(Chunk(number, 4 * number, n_trials, 4), Stored(tmp_path / "rows", float, 12))
    trace = gathered.trace()
    assert trace.shape == (6, 6, 3)
    np.testing.assert_array_equal(trace, rows.reshape(2, 6, 4, 3).transpose(0, 2, 1, 3).reshape(8, 6, 3)[:6])


def test_a_stored_array_outlives_its_file(tmp_path):
    np.arange(10.0).tofile(tmp_path / "x")
    stored = Stored(tmp_path / "x", float)
    (tmp_path / "x").unlink()
    np.testing.assert_array_equal(stored[3:5], [3, 4])
    np.testing.assert_array_equal(stored[8:99], [8, 9])
