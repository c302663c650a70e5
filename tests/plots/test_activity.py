"""Panels of the distributions behind a recording."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from bioworkbench.plots import activity
from bioworkbench.records.recording import Recording, Spikes, Trace
from tests.run_records import record_alone

PANELS = [activity.rates_of_neurons, activity.interval_histogram, activity.variations, activity.spectra, activity.correlations]


@pytest.mark.parametrize("panel", PANELS)
def test_panels_have_labels_and_percent(panel):
    axes = Figure().subplots()
    assert panel(axes, record_alone(fraction=0.3).data.recording)
    assert axes.get_xlabel()
    assert axes.get_ylabel()
    if "%" in axes.get_ylabel():
        heights = [patch.get_data()[0] for patch in axes.patches]
        assert heights
        assert all(values.sum() == pytest.approx(100) for values in heights)


@pytest.mark.parametrize("n", [3, 41, 1000])
def test_heights_are_those_of_bins_searched_one_by_one(n):
    """Intervals are multiples of a step, many of which lie on the edges of bins."""
    recording = record_alone(fraction=0.3).data.recording
    values = np.random.default_rng(n).integers(1, n, 5000) * 1e-4
    axes = Figure().subplots()
    assert activity._histograms(axes, recording, lambda *_: values, {"xlabel": "x"})
    heights, edges, _ = axes.patches[0].get_data()
    np.testing.assert_array_equal(heights, 100 * np.histogram(values, edges)[0] / len(values))


def trains(times, n_steps=1000, dt=1e-3):
    """A recording of one trial: spikes at given steps of each neuron."""
    neuron = np.repeat(np.arange(len(times)), [len(steps) for steps in times])
    step = np.concatenate(times)
    order = np.lexsort((neuron, step))
    spikes = Spikes(np.zeros(step.size, dtype=int), neuron[order], step[order] * dt)
    return Recording({"exc": spikes}, {}, {"exc": len(times)}, 1, n_steps * dt, dt, 1, "numpy")


def test_all_bins_hold_as_many_values_that_can_occur():
    """Others have teeth, which look like rhythms: of evenly frequent intervals some bins had half as many as others."""
    steps = [np.array([0, length]) for length in range(3, 113) for _ in range(10)]
    axes = Figure().subplots()
    assert activity.interval_histogram(axes, trains(steps))
    heights, edges, _ = axes.patches[0].get_data()
    assert np.diff(edges) == pytest.approx(3.0)
    assert heights[:-1] == pytest.approx(heights[0])
    axes = Figure().subplots()
    assert activity.rates_of_neurons(axes, trains([np.arange(n) for n in range(100)]))
    heights, edges, _ = axes.patches[0].get_data()
    assert np.diff(edges) == pytest.approx(3.0)
    assert heights[:-1] == pytest.approx(3.0)


def test_a_clock_has_one_interval():
    """Rounding of times made many of it, of which the longest were left out."""
    axes = Figure().subplots()
    assert activity.interval_histogram(axes, trains([np.arange(0, 1000, 10)]))
    heights, edges, _ = axes.patches[0].get_data()
    assert (heights.tolist(), edges.tolist()) == ([100.0], pytest.approx([9.5, 10.5]))
    axes = Figure().subplots()
    assert activity.variations(axes, trains([np.arange(0, 1000, 10), np.arange(0, 1000, 7)]))
    assert np.diff(axes.patches[0].get_data()[1])[0] == pytest.approx(1 / 40)


def test_synapses_are_shown_by_where_most_of_them_lie():
    values = np.linspace(0, 1, 101)[None, None, :] * np.array([1e-3, 3e-3])[None, :, None]
    trace = Trace(values, np.array([0, 0.5]), np.arange(101), "volt")
    recording = Recording({}, {"exc_inh.weight": trace}, {"exc": 5}, 1, 1.0, 1e-3, 1, "numpy")
    axes = Figure().subplots()
    activity.traced(axes, recording, "exc_inh.weight")
    outer, inner = (patch.get_paths()[0].get_extents() for patch in axes.collections)
    assert (outer.ymin, outer.ymax, inner.ymax) == pytest.approx((0.05, 2.85, 2.25))
    assert axes.lines[0].get_ydata() == pytest.approx([0.5, 1.5])
    assert axes.get_ylabel() == "weight (mV)"
    assert "101 synapses" in axes.get_title()


@pytest.mark.parametrize("panel", PANELS[1:])
def test_nothing_is_drawn_of_silence(panel):
    silent = Recording({"exc": Spikes(*np.zeros((3, 0), dtype=int))}, {}, {"exc": 5}, 1, 0.1, 1e-3, 1, "numpy")
    axes = Figure().subplots()
    assert not panel(axes, silent)
    assert not axes.patches
    assert not axes.lines
