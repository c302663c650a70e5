"""Panels of spikes: which dots and rates they show."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from bioworkbench.plots import panels
from bioworkbench.records.recording import Recording, Spikes


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
