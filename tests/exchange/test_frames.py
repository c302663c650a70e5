"""Recordings as data frames and data sets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioworkbench.records.recording import Recording, Spikes, Trace
from tests.run_records import record_alone


@pytest.fixture(scope="module")
def recording():
    return record_alone().data.recording


def test_spikes_are_a_frame(recording):
    frame = recording.spikes["exc"].to_frame()
    assert list(frame.columns) == ["trial", "neuron", "time (s)"]
    np.testing.assert_array_equal(frame["time (s)"], recording.spikes["exc"].time)
    whole = recording.to_frame()
    assert whole.groupby("population", observed=True).size().to_dict() == {n: len(s) for n, s in recording.spikes.items()}


def test_traces_are_a_tidy_frame(recording):
    frame = recording.to_frame("exc.v")
    assert list(frame.columns) == ["trial", "time (s)", "neuron", "v (volt)"]
    assert len(frame) == recording.traces["exc.v"].values.size
    one = frame[(frame.neuron == 1) & (frame.trial == 0)]
    np.testing.assert_array_equal(one["v (volt)"], recording.traces["exc.v"][0, :, 1])
    np.testing.assert_array_equal(one["time (s)"], recording.traces["exc.v"].times)


def test_a_trace_that_is_not_there(recording):
    with pytest.raises(ValueError, match=r"'exc\.w' is not a trace of this recording; did you mean 'exc\.v'"):
        recording.to_frame("exc.w")
    silent = Recording({}, {}, {}, 1, 0.1, 1e-3, 1, "numpy")
    with pytest.raises(ValueError, match="this recording has 0 traces, only spikes"):
        silent.to_xarray()
    with pytest.raises(ValueError, match=r"'exc\.v' is not a trace of this recording; known: none"):
        silent.to_frame("exc.v")
    assert list(silent.to_frame().columns) == ["population", "trial", "neuron", "time (s)"]


def test_data_set_knows_units_times_and_neurons(recording):
    data = recording.to_xarray()
    assert data["exc.v"].dims == ("trial", "time", "exc neuron")
    assert (data["exc.v"].attrs["units"], data["time"].attrs["units"]) == ("volt", "second")
    np.testing.assert_array_equal(data["exc.v"].sel({"exc neuron": 1, "trial": 0}), recording.traces["exc.v"][0, :, 1])


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 4), st.integers(1, 3), st.integers(1, 2)), min_size=1, max_size=5)
)
def test_axes_that_differ_have_names_of_their_own(shapes):
    """Whatever was recorded, no trace is cut, padded or given the axis of another."""
    traces = {
        f"{population}.x{k}": Trace(np.random.default_rng(k).random((2, n_steps, n)), np.arange(n_steps) * every, np.arange(n))
        for k, (population, n_steps, n, every) in enumerate(shapes)
    }
    data = Recording({}, traces, {"a": 9, "b": 9}, 2, 1.0, 0.1, 1, "numpy").to_xarray()
    for name, trace in traces.items():
        found = data[name]
        np.testing.assert_array_equal(found, trace.values)
        np.testing.assert_array_equal(found[found.dims[1]], trace.times)
        np.testing.assert_array_equal(found[found.dims[2]], trace.neurons)


def test_neo_block_has_units_and_neurons(recording):
    pytest.importorskip("neo")
    signal = recording.to_neo().segments[0].analogsignals[0]
    assert str(signal.units.dimensionality) == "V"
    np.testing.assert_array_equal(signal.annotations["neurons"], recording.traces["exc.v"].neurons)


def test_a_trace_fits_its_axes():
    with pytest.raises(ValueError, match=r"values of a trace has shape \(1, 3, 2\); it must be \(any, 4, 2\)"):
        Trace(np.zeros((1, 3, 2)), np.arange(4.0), np.arange(2))


def test_short_representations(recording):
    spikes = Spikes(*np.zeros((3, 2), dtype=int))
    assert repr(spikes) == "<2 spikes>"
    assert repr(recording.traces["exc.v"]) == "<trace in volt: 1 trial, 50 steps, 2 neurons>"
    assert len(repr(recording)) < 200
