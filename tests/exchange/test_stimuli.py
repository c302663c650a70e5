"""Stimuli from files hold what was written, by hand or by the programs that the formats are of."""

from datetime import UTC, datetime

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioworkbench.exchange import export
from bioworkbench.exchange.events import heidelberg_events
from bioworkbench.exchange.recorded import read_block
from bioworkbench.exchange.signals import Signal, framed
from bioworkbench.exchange.stimuli import (
    aer,
    heidelberg,
    neo_recording,
    nwb,
    signal_of_block,
    sonata_spikes,
    trains_of_block,
)
from bioworkbench.experiment.spec.from_files import STIMULI
from bioworkbench.records.errors import ResultError
from bioworkbench.stimuli import STIMULI as MADE
from tests.exchange.test_round_trips import record


def columns(trains):
    return sorted(zip(trains.trial.tolist(), trains.channel.tolist(), trains.time.round(9).tolist(), strict=True))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(-5, 5), min_size=2, max_size=12), st.sampled_from([0.5, 1.0, 2.0, 3.0]), st.sampled_from([0.0, 0.25, 1.0])
)
def test_frames_are_means(values, frame, begin):
    """Beside sums over a grid that is finer than both."""
    signal = Signal(np.arange(len(values)) + 1.0, np.array(values), "here")
    end = begin + frame * max(1, np.floor((signal.end - begin) / frame))
    fine = np.arange(begin, end, 0.25)
    sampled = np.array([0.0, *values])[np.minimum(np.floor(fine).astype(int), len(values))]
    if end <= signal.end:
        np.testing.assert_allclose(
            framed(signal, frame, begin, end)[:, 0], sampled.reshape(-1, round(frame / 0.25)).mean(axis=1), atol=1e-12
        )


def test_signals_that_are_wrong(monkeypatch):
    with pytest.raises(ValueError, match=r"here has values of shape \(1, 1\) at 1 time;"):
        Signal(np.zeros(1), np.zeros(1), "here")
    with pytest.raises(ValueError, match="here: sample 2 is at 1 s, the one before at 1 s; sort them"):
        Signal(np.array([0.0, 1.0, 1.0]), np.zeros(3), "here")
    signal = Signal(np.arange(3.0), np.zeros(3), "here")
    with pytest.raises(ValueError, match="from 1 s to 3 s there is not one frame of 4 s"):
        framed(signal, 4.0, 1.0, 3.0)
    monkeypatch.setattr("bioworkbench.exchange.signals.MAX_FRAMES", 2)
    with pytest.raises(ValueError, match="3 frames of 1 channel are more than 2"):
        framed(signal, 1.0, 0.0, 3.0)


def test_spikes_from_sonata(tmp_path):
    path = tmp_path / "spikes.csv"
    path.write_text("timestamps population node_ids\n5.0 b 1\n1.0 a 0\n2.0 a 3\n")
    trains = sonata_spikes("x", file=path, population="a", stop=0.002, n_channels=6)
    assert columns(trains) == [(0, 0, 0.001)]
    assert (trains.name, trains.n_channels, trains.duration) == ("x", 6, 0.002)
    with pytest.raises(ResultError, match=r"file = 'gone\.h5' is not a file; paths are relative"):
        sonata_spikes("x", file="gone.h5")


def event(x, y, bright, microseconds):
    return bytes([x, y, bright << 7 | microseconds >> 16, microseconds >> 8 & 255, microseconds & 255])


def test_events_of_a_camera(tmp_path):
    path = tmp_path / "e.bin"
    path.write_bytes(event(33, 0, 0, 5) + event(1, 2, 1, 300_000) + event(0, 0, 1, 2**23 - 1))
    trains = aer("eye", file=path)
    pixels = 34 * 34
    assert columns(trains) == [(0, 33, 5e-6), (0, pixels, 8.388607), (0, pixels + 2 * 34 + 1, 0.3)]
    assert (trains.n_channels, trains.n_trials) == (2 * pixels, 1)
    with pytest.raises(ResultError, match=r"event 0 is at \(33, 0\), outside 20 x 34 pixels; give width and height"):
        aer("eye", file=path, width=20)
    path.write_bytes(event(0, 0, 0, 5) + event(0, 0, 0, 4))
    with pytest.raises(ResultError, match="event 1 is at 4 us, the one before at 5 us"):
        aer("eye", file=path)
    path.write_bytes(b"1234567")
    with pytest.raises(ResultError, match="has 7 bytes; events have 5 each"):
        aer("eye", file=path)


def test_spikes_of_a_cochlea(tmp_path):
    path = tmp_path / "shd.h5"
    with h5py.File(path, "w") as file:
        for name, kind in (("times", np.float16), ("units", np.uint16)):
            data = file.create_dataset(f"spikes/{name}", (3,), dtype=h5py.vlen_dtype(kind))
            for k in range(3):
                data[k] = np.arange(k + 1) * (0.125 if name == "times" else 300)
    trains = heidelberg("ear", file=path, samples=(2, 0))
    assert columns(trains) == [(0, 0, 0.0), (0, 300, 0.125), (0, 600, 0.25), (1, 0, 0.0)]
    assert (trains.n_channels, trains.n_trials) == (700, 2)
    with pytest.raises(ResultError, match="has 3 recordings; samples go up to 3, count from 0"):
        heidelberg("ear", file=path, samples=(3,))
    with h5py.File(path, "a") as file:
        file["spikes/units"][1] = np.array([1, 700])
    with pytest.raises(ResultError, match=r"recordings \[1\] need a unit below 700 for each time"):
        heidelberg_events(path, np.array([1]))
    with h5py.File(path, "w") as file:
        file["other"] = 1
    with pytest.raises(ResultError, match="is not a file of the Heidelberg digits, or is damaged"):
        heidelberg("ear", file=path)


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """A session as an experimenter writes it: units, trials with gaps, a series with conversion, another with timestamps."""
    pynwb = pytest.importorskip("pynwb")
    path = tmp_path_factory.mktemp("nwb") / "s.nwb"
    file = pynwb.NWBFile("a session", "s", datetime(2020, 1, 1, tzinfo=UTC))
    device = file.create_device("probe")
    file.create_electrode_group("shank", "one", "cortex", device)
    for times in ([0.1, 1.05, 2.0], [], [1.2, 1.6]):
        file.add_unit(spike_times=times)
    for begin in (1.0, 2.0):
        file.add_trial(start_time=begin, stop_time=begin + 0.5)
    series = {"conversion": 1e-3, "offset": 1.0, "unit": "volt"}
    file.add_acquisition(
        pynwb.TimeSeries(name="lfp", data=np.array([[1, 2], [3, 4], [5, 6]]), starting_time=0.5, rate=10.0, **series)
    )
    file.add_stimulus(pynwb.TimeSeries(name="light", data=np.arange(4.0), timestamps=np.array([0.0, 0.1, 0.3, 0.4]), unit="a"))
    module = file.create_processing_module("behavior", "of the animal")
    module.add(pynwb.TimeSeries(name="lfp", data=np.zeros(3), rate=1.0, unit="a"))
    with pynwb.NWBHDF5IO(path, "w") as target:
        target.write(file)
    return path


def test_units_of_a_session(session):
    trains = nwb("a", file=session)
    assert columns(trains) == [(0, 0, 0.1), (0, 0, 1.05), (0, 0, 2.0), (0, 2, 1.2), (0, 2, 1.6)]
    assert (trains.n_channels, trains.n_trials) == (3, 1)
    cut = nwb("a", file=session, trials=True, stop=0.5)
    assert columns(cut) == [(0, 0, 0.05), (0, 2, 0.2), (1, 0, 0.0)]
    assert (cut.n_trials, cut.duration) == (2, 0.5)


def test_series_of_a_session(session):
    lfp = nwb("a", file=session, series="acquisition/lfp", start=0.5)
    np.testing.assert_allclose(lfp.values, [[[1.001, 1.002], [1.003, 1.004], [1.005, 1.006]]])
    assert lfp.frame == pytest.approx(0.1)
    light = nwb("a", file=session, series="light", frame=0.2, stop=0.4)
    np.testing.assert_allclose(light.values[0, :, 0], [0.5, 1.5])
    with pytest.raises(ResultError, match="has the series acquisition/lfp, processing/behavior/lfp; name the one"):
        nwb("a", file=session, series="lfp")
    with pytest.raises(ResultError, match="'lfb' is not a time series; did you mean 'lfp'"):
        nwb("a", file=session, series="lfb")


def test_electrodes_have_gains_of_their_own(session, tmp_path):
    path = tmp_path / "gains.nwb"
    path.write_bytes(session.read_bytes())
    with h5py.File(path, "a") as file:
        file["acquisition/lfp/channel_conversion"] = np.array([2.0, 10.0], dtype=">f4")
    lfp = nwb("a", file=path, series="acquisition/lfp", start=0.5)
    np.testing.assert_allclose(lfp.values, [[[1.002, 1.02], [1.006, 1.04], [1.01, 1.06]]])
    with h5py.File(path, "a") as file:
        del file["acquisition/lfp/channel_conversion"]
        file["acquisition/lfp/channel_conversion"] = np.ones(3)
    with pytest.raises(
        ResultError, match=r"'acquisition/lfp' has values of shape \(3, 2\) and \(3,\) channel_conversion; each channel"
    ):
        nwb("a", file=path, series="acquisition/lfp")


def test_sessions_that_are_wrong(session, tmp_path):
    def changed(change):
        path = tmp_path / "c.nwb"
        path.write_bytes(session.read_bytes())
        with h5py.File(path, "a") as file:
            change(file)
        return path

    with pytest.raises(ResultError, match=r"file = '.*gone\.nwb' is not a file"):
        nwb("a", file=tmp_path / "gone.nwb")
    with pytest.raises(ResultError, match="is not an NWB file that can be read"):
        nwb("a", file=__file__)
    with pytest.raises(ResultError, match=r"has no units with spike times; it holds .*Name a series for a signal"):
        nwb("a", file=changed(lambda file: file.pop("units")))
    with pytest.raises(ResultError, match="lists no trials; it holds no intervals"):
        nwb("a", file=changed(lambda file: file.pop("intervals")), trials=True)

    def lose(file):
        file["units/spike_times_index"][2] = 9

    with pytest.raises(ResultError, match=r"the index of spike times ends at \[9\], there are 5"):
        nwb("a", file=changed(lose))

    def stretch(file):
        file["intervals/trials/stop_time"][1] = 2.7

    with pytest.raises(ResultError, match=r"trials last from 0\.5 to 0\.7 s; cut them to one length"):
        nwb("a", file=changed(stretch), trials=True)

    def overlap(file):
        file["intervals/trials/start_time"][1] = 0.5

    with pytest.raises(ResultError, match=r"2 trials begin at .*; they must follow each other"):
        nwb("a", file=changed(overlap), trials=True)


def test_our_own_exports_come_back(tmp_path):
    """Spikes of all populations, cut at the trials again."""
    pytest.importorskip("pynwb")
    made = record(3)
    recording = made.data.recording
    trains = nwb("a", file=export(made, to="nwb", output=tmp_path / "x.nwb").path, trials=True)
    first = dict(zip(recording.sizes, np.cumsum([0, *recording.sizes.values()]), strict=False))
    wanted = [
        (int(trial), int(neuron + first[name]), round(float(time), 9))
        for name, spikes in recording.spikes.items()
        for trial, neuron, time in zip(spikes.trial, spikes.neuron, spikes.time, strict=True)
    ]
    assert columns(trains) == sorted(wanted)


@pytest.fixture
def block():
    neo, pq = pytest.importorskip("neo"), pytest.importorskip("quantities")
    made = neo.Block(name="session")
    for k in range(2):
        segment = neo.Segment()
        begin = 1000.0 * k
        segment.spiketrains += [
            neo.SpikeTrain(np.array(times) + begin, units="ms", t_start=begin, t_stop=begin + 100.0)
            for times in ([5.0, 60.0][: k + 1], [7.0])
        ]
        segment.analogsignals.append(
            neo.AnalogSignal(np.arange(10.0) + k, units="pA", sampling_rate=100 * pq.Hz, t_start=begin * pq.ms, name="current")
        )
        made.segments.append(segment)
    return made


def test_any_neo_block(block, tmp_path):
    trains = trains_of_block(block, name="a", stop=0.05)
    assert columns(trains) == [(0, 0, 0.005), (0, 1, 0.007), (1, 0, 0.005), (1, 1, 0.007)]
    assert (trains.n_channels, trains.n_trials) == (2, 2)
    stimulus = signal_of_block(block, "current", frame=0.02)
    np.testing.assert_allclose(stimulus.values[:, :, 0], [[0.5, 2.5, 4.5, 6.5, 8.5], [1.5, 3.5, 5.5, 7.5, 9.5]])
    neo = pytest.importorskip("neo")
    neo.NeoMatlabIO(filename=str(tmp_path / "s.mat")).write_block(block)
    assert columns(neo_recording("a", file=tmp_path / "s.mat", stop=0.05)) == columns(trains)
    read = neo_recording("a", file=tmp_path / "s.mat", signal="current", frame=0.02)
    np.testing.assert_allclose(read.values, stimulus.values)


def test_signals_of_a_block_have_one_name_and_one_unit(block):
    wanted = signal_of_block(block, "current")
    block.segments[1].analogsignals[0] = block.segments[1].analogsignals[0].rescale("nA")
    np.testing.assert_allclose(signal_of_block(block, "current").values, wanted.values)
    other = block.segments[1].analogsignals[0].duplicate_with_new_data(np.zeros((10, 1)), units="mV")
    other.name = "current"
    block.segments[1].analogsignals.append(other)
    with pytest.raises(
        ValueError, match="segment 1 of block 'session' has 2 analog signals 'current'; give each a name of its own"
    ):
        signal_of_block(block, "current")
    block.segments[1].analogsignals.pop(0)
    with pytest.raises(ValueError, match="segment 1 of block 'session' has signal 'current' in mV, the first in pA"):
        signal_of_block(block, "current")


def test_blocks_that_are_wrong(block, tmp_path):
    with pytest.raises(ValueError, match="'curent' is not an analog signal of segment 0 of block 'session'; did you mean"):
        signal_of_block(block, "curent")
    block.segments[1].spiketrains.pop()
    with pytest.raises(ValueError, match=r"block 'session' has segments with \[2, 1\] spike trains; each needs as many"):
        trains_of_block(block)
    with pytest.raises(ResultError, match=r"has the suffix '\.pkl'; known are \.abf, .*give the block to trains_of_block"):
        read_block(tmp_path / "x.pkl")
    with pytest.raises(ResultError, match=r"file = '.*gone\.mat' is not a file"):
        read_block(tmp_path / "gone.mat")
    (tmp_path / "x.mat").write_text("no")
    with pytest.raises(ResultError, match=r"x\.mat cannot be read by Neo: "):
        read_block(tmp_path / "x.mat")
    signal = block.segments[1].analogsignals[0]
    block.segments[1].analogsignals[0] = signal.duplicate_with_new_data(np.zeros((10, 2)), units="pA")
    block.segments[1].analogsignals[0].name = "current"
    with pytest.raises(ValueError, match=r"signal 'current' of block 'session' has \[1, 2\] channels in its segments"):
        signal_of_block(block, "current")


def test_every_stimulus_has_a_name():
    named = ["aer", "heidelberg", "neo", "nwb", "sonata", "sonata_report", "spikes", "values"]
    assert sorted(STIMULI.data.keys() - MADE.data.keys()) == named
