"""Stimuli, probes, spikes and recordings."""

import numpy as np
import pytest
from brian2 import ms, mV, second

from bioworkbench.records.probe import Probe
from bioworkbench.records.recording import Recording, Spikes
from bioworkbench.records.stimulus import Stimulus, silence


def test_a_stimulus_knows_its_trials_and_duration():
    stimulus = Stimulus(np.ones((2, 5, 3)), 0.01, "rate")
    assert stimulus.n_trials == 2
    assert stimulus.duration == pytest.approx(0.05)


def test_silence_has_no_channel():
    quiet = silence(0.2, n_trials=3)
    assert quiet.values.shape == (3, 1, 0)
    assert quiet.duration == 0.2


@pytest.mark.parametrize(
    ("values", "frame", "kind", "message"),
    [
        (np.ones((2, 3)), 0.01, "current", r"stimulus values has shape \(2, 3\); it must be \(any, any, any\)"),
        (np.full((1, 1, 1), np.nan), 0.01, "current", "stimulus values has 1 value that is not finite"),
        ([[[1], [1, 2]]], 0.01, "current", "stimulus values is not a rectangular array"),
        (np.ones((1, 1, 1)), 0.01, "voltage", "stimulus kind = 'voltage': must be 'current', 'rate' or 'spikes'"),
        (np.ones((0, 1, 1)), 0.01, "current", "at least one trial and one frame are needed"),
        (np.ones((1, 0, 1)), 0.01, "current", "at least one trial and one frame are needed"),
        (-np.ones((1, 1, 1)), 0.01, "rate", "stimulus values of kind 'rate' go down to -1.0"),
        (-np.ones((1, 1, 1)), 0.01, "spikes", "stimulus values of kind 'spikes' go down to -1.0"),
        (np.ones((1, 1, 1)), 0.0, "current", "frame = 0.0: must be a finite number above 0"),
    ],
)
def test_stimuli_are_checked(values, frame, kind, message):
    with pytest.raises(ValueError, match=message):
        Stimulus(values, frame, kind)


def test_currents_may_be_negative():
    assert Stimulus(-np.ones((1, 1, 1)), 0.01).values.min() == -1


@pytest.mark.parametrize(("arguments", "message"), [((0.0,), "duration = 0.0"), ((1.0, 0), "n_trials = 0")])
def test_silence_is_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        silence(*arguments)


def test_a_probe_names_its_trace():
    assert Probe("exc", "v").name == "exc.v"


def test_spikes_are_equally_long():
    assert len(Spikes(np.zeros(2, int), np.zeros(2, int), np.zeros(2))) == 2
    with pytest.raises(ValueError, match=r"trial, neuron and time of spikes have \[1, 2\] entries"):
        Spikes(np.zeros(1, int), np.zeros(2, int), np.zeros(2))


def test_a_raster_has_a_spike_where_one_was_recorded():
    spikes = Spikes(np.array([0, 1]), np.array([2, 0]), np.array([0.003, 0.0]))
    recording = Recording({"a": spikes}, {}, {"a": 3}, 2, 0.005, 0.001, 1, "numpy")
    raster = recording.raster("a")
    assert recording.n_steps == 5
    assert raster.shape == (2, 5, 3)
    assert np.argwhere(raster).tolist() == [[0, 3, 2], [1, 0, 0]]


def test_times_of_stimuli_and_probes_are_seconds_or_quantities():
    assert Stimulus(np.ones((1, 1, 1)), frame=25 * ms).frame == 0.025
    assert silence(1 * second).duration == 1.0
    assert Probe("exc", "v", every=1 * ms).every == 1e-3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Stimulus(np.ones((1, 1, 1)), frame=25 * mV), "frame = 25 mV is a voltage; it must be a time"),
        (lambda: silence(1 * mV), "duration = 1 mV is a voltage; it must be a time"),
        (lambda: Probe("exc", "v", every=1 * mV), r"every of the probe of exc\.v = 1 mV is a voltage; it must be a time"),
        (lambda: Probe("exc", "v", every=0), r"every of the probe of exc\.v = 0\.0: must be a finite number above 0"),
        (lambda: Stimulus(np.ones((1, 1, 1)), frame=np.nan), "frame = nan: must be a finite number above 0"),
    ],
)
def test_other_quantities_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
