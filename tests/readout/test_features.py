"""Features by hand, against rasters, and against each other."""

from dataclasses import replace

import numpy as np
import pytest

from bioworkbench.readout.features import (
    COUNTING,
    FEATURES,
    binned_counts,
    filtered_spikes,
    first_spike_latency,
    last_step_pattern,
    spike_counts,
)
from bioworkbench.records.recording import Recording, Spikes
from bioworkbench.records.units import Quantity, parse_quantity

SEVERAL_FRAMES = {"filtered_spikes": {"every": 0.003}, "last_step_pattern": {"n_steps": 2}}
SETTINGS = {"binned_counts": {"bin": 0.002}, "filtered_spikes": {"tau": 0.005}}


def recorded(rasters: dict[str, np.ndarray], dt: float = 0.001) -> Recording:
    spikes = {}
    for name, raster in rasters.items():
        trial, step, neuron = np.nonzero(raster)
        spikes[name] = Spikes(trial, neuron, step * dt)
    n_trials, n_steps, _ = next(iter(rasters.values())).shape
    sizes = {name: raster.shape[2] for name, raster in rasters.items()}
    return Recording(spikes, {}, sizes, n_trials, n_steps * dt, dt, seed=1, backend="test")


@pytest.fixture
def rasters() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {"exc": rng.random((5, 12, 7)) < 0.3, "inh": rng.random((5, 12, 3)) < 0.1}


def test_times_may_be_quantities(rasters):
    recording = recorded(rasters)
    for feature, plain in (
        (filtered_spikes, {"tau": 0.005}),
        (first_spike_latency, {"missing": 0.5}),
        (binned_counts, {"bin": 0.003}),
    ):
        given = {name: parse_quantity(f"{value} s") for name, value in plain.items()}
        np.testing.assert_array_equal(feature(recording, ["inh"], **given), feature(recording, ["inh"], **plain))
        assert not isinstance(feature(recording, ["inh"], **given), Quantity)
    with pytest.raises(ValueError, match="tau = "):
        filtered_spikes(recording, ["exc"], tau=parse_quantity("5 Hz"))


def test_populations_stand_side_by_side(rasters):
    counts = spike_counts(recorded(rasters), ["inh", "exc"])
    np.testing.assert_array_equal(counts, np.concatenate([rasters["inh"], rasters["exc"]], axis=2).sum(axis=1))
    assert counts.dtype == float
    np.testing.assert_array_equal(spike_counts(recorded(rasters), "exc"), counts[:, 3:])


@pytest.mark.parametrize("name", FEATURES)
def test_a_feature_of_two_populations_is_that_of_each_frame_by_frame(name, rasters):
    """Within each frame the populations stand in the order in which they are named."""
    recording, settings = recorded(rasters), SETTINGS.get(name, {}) | SEVERAL_FRAMES.get(name, {})
    inh, exc, both = (FEATURES[name](recording, chosen, **settings) for chosen in (["inh"], ["exc"], ("inh", "exc")))
    n_frames = inh.shape[1] // 3
    beside = np.concatenate([inh.reshape(5, n_frames, 3), exc.reshape(5, n_frames, 7)], axis=2)
    np.testing.assert_array_equal(both, beside.reshape(5, -1))


@pytest.mark.parametrize("dt", [0.001, 0.0001, 0.0003])
def test_bins_hold_the_spikes_of_their_steps(rasters, dt):
    recording = recorded(rasters, dt)
    frames = binned_counts(recording, ["exc"], bin=4 * dt, per_frame=True)
    np.testing.assert_array_equal(frames, rasters["exc"].reshape(5, 3, 4, 7).sum(axis=2))
    np.testing.assert_array_equal(binned_counts(recording, ["exc"], bin=4 * dt), frames.reshape(5, 21))


def test_one_bin_is_the_spike_count(rasters):
    recording = recorded(rasters)
    np.testing.assert_array_equal(binned_counts(recording, ["exc", "inh"], bin=0.012), spike_counts(recording, ["exc", "inh"]))


def test_filtered_spikes_follow_the_recursion_of_a_leaky_trace(rasters):
    recording, decay = recorded(rasters), np.exp(-0.001 / 0.005)
    trace, traces = np.zeros((5, 7)), []
    for step in range(12):
        trace = decay * trace + rasters["exc"][:, step]
        traces.append(trace)
    np.testing.assert_allclose(filtered_spikes(recording, ["exc"], tau=0.005), traces[-1], rtol=1e-12)
    frames = filtered_spikes(recording, ["exc"], tau=0.005, every=0.003, per_frame=True)
    np.testing.assert_allclose(frames, np.stack(traces, axis=1)[:, 2::3], rtol=1e-12)
    np.testing.assert_array_equal(filtered_spikes(recording, ["exc"], tau=0.005, every=0.003), frames.reshape(5, 28))


def test_a_slow_filter_counts(rasters):
    recording = recorded(rasters)
    np.testing.assert_allclose(filtered_spikes(recording, ["exc"], tau=1e9), spike_counts(recording, ["exc"]), rtol=1e-9)


def test_latency_is_the_first_spike_or_the_duration():
    raster = np.zeros((2, 5, 2), bool)
    raster[0, [1, 3], 0] = True
    raster[1, 0, 1] = True
    recording = recorded({"exc": raster})
    np.testing.assert_allclose(first_spike_latency(recording, ["exc"]), [[0.001, 0.005], [0.005, 0.0]])
    np.testing.assert_allclose(first_spike_latency(recording, ["exc"], missing=-1.0), [[0.001, -1.0], [-1.0, 0.0]])


def test_last_pattern_is_the_end_of_the_raster(rasters):
    recording = recorded(rasters)
    np.testing.assert_array_equal(last_step_pattern(recording, ["exc"]), rasters["exc"][:, -1])
    np.testing.assert_array_equal(last_step_pattern(recording, ["exc"], n_steps=2), rasters["exc"][:, -2:].reshape(5, 14))


@pytest.mark.parametrize("name", FEATURES)
def test_silence_gives_finite_features(name):
    recording = recorded({"exc": np.zeros((3, 4, 2), bool)})
    features = FEATURES[name](recording, ["exc"], **SETTINGS.get(name, {}))
    assert len(features) == 3
    assert np.isfinite(features).all()
    assert np.unique(features).size == 1


@pytest.mark.parametrize("name", FEATURES)
def test_unknown_or_no_populations_are_refused(name, rasters):
    settings = SETTINGS.get(name, {})
    with pytest.raises(ValueError, match="'exz' is not a recorded population; did you mean 'exc'"):
        FEATURES[name](recorded(rasters), ["exz"], **settings)
    with pytest.raises(ValueError, match=r"populations = \[\]: name at least one of exc, inh"):
        FEATURES[name](recorded(rasters), [], **settings)


@pytest.mark.parametrize(
    ("feature", "settings", "message"),
    [
        (binned_counts, {"bin": 0.0}, "bin = 0.0"),
        (binned_counts, {"bin": 0.0015}, r"bin = 0\.0015 s is not a whole number of steps of dt = 0\.001 s"),
        (binned_counts, {"bin": 0.0001}, r"bin = 0\.0001 s is not a whole number of steps"),
        (binned_counts, {"bin": 0.005}, "bin = 0.005 s: must divide the duration 0.012 s"),
        (filtered_spikes, {"tau": -1.0}, "tau = -1.0"),
        (filtered_spikes, {"tau": 0.01, "every": 0.007}, "every = 0.007 s: must divide the duration"),
        (last_step_pattern, {"n_steps": 0}, "n_steps = 0"),
        (last_step_pattern, {"n_steps": 13}, "n_steps = 13: a trial has 12 steps"),
    ],
)
def test_settings_that_do_not_fit_the_recording_are_refused(feature, settings, message, rasters):
    with pytest.raises(ValueError, match=message):
        feature(recorded(rasters), ["exc"], **settings)


def counted_only(rasters):
    full = recorded(rasters)
    counts = {name: raster.sum(axis=1, dtype=np.int32) for name, raster in rasters.items()}
    return replace(full, spikes={}, counts=counts)


def test_counts_alone_are_enough_for_counts(rasters):
    for populations in (["inh", "exc"], "exc"):
        found = spike_counts(counted_only(rasters), populations)
        assert found.dtype == float
        np.testing.assert_array_equal(found, spike_counts(recorded(rasters), populations))
    assert repr(counted_only(rasters)).endswith(f"exc {rasters['exc'].sum()}, inh {rasters['inh'].sum()}>")


def test_counts_alone_are_not_enough_for_anything_else(rasters):
    for name in FEATURES:
        if FEATURES[name] not in COUNTING:
            with pytest.raises(ValueError, match="spikes of population 'exc' were only counted; simulate without counts = True"):
                FEATURES[name](counted_only(rasters), ["exc"], **SETTINGS.get(name, {}))
    with pytest.raises(ValueError, match="'ex' is not a counted population; did you mean 'exc'"):
        spike_counts(counted_only(rasters), ["ex"])
    with pytest.raises(ValueError, match=r"populations = \[\]: name at least one of exc, inh"):
        spike_counts(counted_only(rasters), [])
