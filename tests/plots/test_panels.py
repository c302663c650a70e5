"""Panels of spikes: which dots and rates they show."""

import io

import numpy as np
import pytest
from matplotlib.figure import Figure

from bioworkbench.plots import panels
from bioworkbench.records.recording import Recording, Spikes
from bioworkbench.records.units import parse_quantity


def recorded(n_trials=4, n_steps=250, size=7, dt=1e-3):
    trial, step, neuron = np.nonzero(np.random.default_rng(n_steps).random((n_trials, n_steps, size)) < 0.1)
    return Recording({"exc": Spikes(trial, neuron, step * dt)}, {}, {"exc": size}, n_trials, n_steps * dt, dt, 1, "numpy")


@pytest.mark.parametrize(("n_steps", "n_bins"), [(250, 100), (99, 100), (250, 7), (1, 3)])
def test_rates_are_those_of_a_histogram_of_steps(n_steps, n_bins):
    recording, axes = recorded(n_steps=n_steps), Figure().subplots()
    panels.population_rates(axes, recording, n_bins)
    rates, edges, _ = axes.patches[0].get_data()
    steps = np.rint(edges / 1e3 / recording.dt)
    counts, _ = np.histogram(np.rint(recording.spikes["exc"].time / recording.dt), steps - 0.5)
    np.testing.assert_allclose(rates, counts / (np.diff(steps) * recording.dt) / 7 / 4)


@pytest.mark.parametrize("trial", [0, 2, 3])
def test_a_raster_has_a_dot_for_each_spike_of_its_trial(trial):
    recording, axes = recorded(), Figure().subplots()
    panels.raster(axes, recording, trial)
    spikes = recording.spikes["exc"]
    mine = spikes.trial == trial
    expected = np.column_stack([spikes.time[mine] * 1e3, spikes.neuron[mine]])
    np.testing.assert_allclose(axes.collections[0].get_offsets(), expected)
    assert 0 < mine.sum() < len(spikes)


def test_a_confusion_matrix_has_names_of_classes():
    axes = Figure().subplots()
    panels.confusion_matrix(
        axes, np.array([[0, 1], [1, 1]]), np.array([[0, 1], [0, 1]]), names=["cat", "an elephant of Asia", "emu"]
    )
    assert [label.get_text() for label in axes.get_yticklabels()] == ["cat", "an elephant of …", "emu"]
    assert axes.get_title() == "Confusion matrix (4 test frames)"


def test_trials_without_an_order_are_dots():
    """Lines joined rows of a table that have nothing to do with each other, and were called a forecast."""
    values = np.arange(4.0)[:, None]
    for ordered, title, style in ((True, "Forecast on test data", "-"), (False, "Output on test data", "None")):
        axes = Figure().subplots()
        panels.forecast(axes, values, values, ordered=ordered)
        assert (axes.get_title(), axes.lines[0].get_linestyle()) == (title, style)


def test_a_single_seed_has_no_error():
    axes = Figure().subplots()
    one, nothing = np.arange(2.0), np.full(2, np.nan)
    panels.error_curve(axes, {"a": (one, one, nothing)}, "x", "accuracy", 1)
    assert axes.get_title() == "accuracy"
    panels.error_curve(axes, {"a": (one, one, one)}, "x", "accuracy", 3)
    assert axes.get_title() == "accuracy, mean ± standard error of 3 seeds"


def test_weights_that_differ_by_rounding_are_one_value():
    """NumPy has no 60 bins between neighboring numbers."""
    weight, axes = 1e-4, Figure().subplots()
    panels.weight_histogram(axes, {"a": np.array([weight, np.nextafter(weight, 1.0)])}, parse_quantity("1 mV").dim)
    assert axes.get_xlabel() == "weight (uV)"
    bounds = axes.patches[0].get_extents().transformed(axes.transData.inverted())
    assert (bounds.x0, bounds.x1) == pytest.approx((100.0, 100.0), abs=0.6)


@pytest.mark.parametrize("names", [("5 $ or less", "more than 5 $"), ("$\\frac{1$", "b")])
def test_names_of_classes_are_no_mathematics(names):
    """A dollar on either side made formulas of them, or an error that lost the panel."""
    figure = Figure()
    axes = figure.subplots()
    panels.confusion_matrix(axes, np.array([0, 1]), np.array([0, 1]), names)
    figure.savefig(io.BytesIO(), format="svg")
    assert [label.get_text().replace("\\$", "$") for label in axes.get_yticklabels()] == list(names)
