"""Neo objects hold what a recording holds, and Elephant finds the statistics in them that we find."""

from dataclasses import replace

import numpy as np
import pytest

from bioworkbench.exchange import export
from bioworkbench.exchange.neo import neo_block, recording_of
from bioworkbench.readout.spike_statistics import cv_isi, mean_rate
from tests.exchange.test_round_trips import recording, same_spikes
from tests.run_records import record_alone, with_uneven_trace

neo = pytest.importorskip("neo")


@pytest.mark.parametrize("seed", range(3))
def test_a_block_is_the_recording(seed):
    ours = recording(seed, {"a": 4, "b": 1})
    same_spikes(ours, recording_of(neo_block(ours), ours.dt))


def test_the_file_is_the_block(tmp_path):
    made = record_alone()
    path = export(made, to="neo", output=tmp_path / "x.mat").path
    block = neo.NeoMatlabIO(filename=str(path)).read_block()
    trains = {train.name: train for train in block.segments[0].spiketrains}
    assert len(trains) == 25
    for name, spikes in made.data.recording.spikes.items():
        for neuron in range(5):
            ours = np.sort(spikes.time[spikes.neuron == neuron])
            np.testing.assert_array_equal(np.atleast_1d(trains[f"{name} {neuron}"].rescale("s").magnitude), ours)
    signal = block.segments[0].analogsignals[0]
    np.testing.assert_array_equal(signal.magnitude, made.data.recording.traces["exc.v"][0])
    assert float(signal.sampling_rate.rescale("Hz")) == pytest.approx(1000)


def test_values_that_do_not_fill_a_trial_keep_their_times():
    segments = neo_block(with_uneven_trace(record_alone()).data.recording).segments
    for segment in segments:
        times = segment.analogsignals[0].times.rescale("s").magnitude
        np.testing.assert_allclose(times, [0, 3e-3, 6e-3, 9e-3], atol=1e-12)


def test_elephant_finds_the_same_statistics():
    statistics = pytest.importorskip("elephant.statistics")
    ours = record_alone(fraction=0.3).data.recording
    trains = [t for t in neo_block(ours).segments[0].spiketrains if t.annotations["population"] == "exc"]
    rates = [float(statistics.mean_firing_rate(train).rescale("Hz")) for train in trains]
    assert np.mean(rates) == pytest.approx(mean_rate(ours, "exc"), rel=1e-12)
    variations = [statistics.cv(statistics.isi(train).magnitude) for train in trains if len(train) >= 3]
    assert np.mean(variations) == pytest.approx(cv_isi(ours, "exc"), rel=1e-12)


def test_blocks_that_are_no_recordings():
    segment, block = neo.Segment(), neo.Block(name="foreign")
    block.segments.append(segment)
    with pytest.raises(ValueError, match="block 'foreign' holds no spike train"):
        recording_of(block, 1e-3)
    segment.spiketrains.append(neo.SpikeTrain([0.1], units="s", t_stop=1.0, name="unit 7"))
    with pytest.raises(ValueError, match="spike train 'unit 7' of trial 0 is not annotated with population and neuron"):
        recording_of(block, 1e-3)


def test_too_many_trains(monkeypatch):
    monkeypatch.setattr("bioworkbench.exchange.neo.MAX_TRAINS", 10)
    ours = replace(record_alone().data.recording)
    with pytest.raises(ValueError, match="25 spike trains are more than 10; Neo has an object for each, use --to nwb"):
        neo_block(ours)
