"""Classics of the field, run as they are shipped: the published signature of each, in numbers."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

import bioworkbench as bw
from bioworkbench.gallery.runs import FinishedRun
from bioworkbench.readout.spike_distributions import rate_in_time
from bioworkbench.readout.spike_statistics import cv_isi, synchrony
from figures import (
    competing_inputs,
    decision,
    delays_and_stdp,
    inhibitory_plasticity,
    pairing_frequency,
    population_bursts,
    unsupervised,
)

SPECS = Path(__file__).parents[2] / "network_specs"


def finished(name, folder, changes=None):
    """Run of a shipped spec."""
    result = bw.run(bw.load(SPECS / f"{name}.toml", changes or {}), results=folder, report=False)
    return FinishedRun(result.folder, changes or {}, result.metrics)


@pytest.mark.slow
def test_inhibition_learns_to_bring_cells_to_their_target(tmp_path):
    """Vogels et al. 2011: much too fast at first, within a fifth of 5 Hz at the end, and irregular."""
    run = finished("inhibitory_plasticity", tmp_path)
    recording = run.record.data.recording
    _, rates = rate_in_time(recording, "exc", bin=0.1)
    assert rates[0, 0] > 30
    assert rates[0, -80:].mean() == pytest.approx(5, rel=0.2)
    assert cv_isi(recording, "exc") > 0.8
    weights = recording.weights["learning"]
    assert weights.mean() > 0.03
    assert weights.min() >= 0
    plt.close(inhibitory_plasticity.draw({"inhibitory_plasticity": [run]}))


@pytest.mark.thorough
def test_depression_makes_bursts_of_the_whole_population(tmp_path):
    """Tsodyks et al. 2000: short bursts of most cells, about once a second; without depression the network fires on and on."""
    run = finished("population_bursts", tmp_path)
    recording = run.record.data.recording
    begins = population_bursts.bursts(recording)
    intervals = np.diff(begins)
    assert 0.5 < intervals.mean() < 1.5
    assert intervals.std() / intervals.mean() > 0.2
    spikes = recording.spikes["exc"]
    taking_part = [len(np.unique(spikes.neuron[abs(spikes.time - begin - 0.01) < 0.03])) / 400 for begin in begins]
    assert np.mean(taking_part) > 0.7
    assert synchrony(recording, "exc") > 0.15
    plt.close(population_bursts.draw({"population_bursts": [run]}))
    fresh = finished(
        "population_bursts", tmp_path, {"duration": "3 s", "projections.exc_exc.synapse": "pulse"}
    ).record.data.recording
    assert len(fresh.spikes["exc"]) / fresh.duration > 3 * len(spikes) / recording.duration


@pytest.mark.slow
def test_alike_inputs_part_into_weak_and_strong_ones(tmp_path):
    """Song et al. 2000: few weights are left in the middle, and the cell fires more slowly and irregularly."""
    run = finished("competing_inputs", tmp_path)
    recording = run.record.data.recording
    first, last = recording.traces["inputs.weight"].values[0][[0, -1]] / 0.015
    low, middle, high = (np.mean((last >= begin) & (last < end)) for begin, end in ((0, 0.2), (0.4, 0.6), (0.8, 1.01)))
    assert middle < 0.1
    assert min(low, high) > 2.5 * middle
    assert np.mean((first >= 0.4) & (first < 0.6)) > 0.15
    rates = np.histogram(recording.spikes["cell"].time, bins=10, range=(0, recording.duration))[0]
    assert rates[-1] < 0.5 * rates[0]
    assert cv_isi(recording, "cell") > 0.7
    plt.close(competing_inputs.draw({"competing_inputs": [run]}))


@pytest.mark.thorough
def test_pairs_at_high_frequency_strengthen_in_either_order(tmp_path):
    """Clopath et al. 2010: target first weakens at low frequencies and strengthens at high ones; source first strengthens at all."""
    run = finished("pairing_frequency", tmp_path)
    data = run.record.data
    frequencies, (source_first, target_first) = pairing_frequency.changes(data.network, data.recording)
    np.testing.assert_allclose(frequencies, np.arange(5, 51, 5))
    assert (target_first[frequencies <= 20] < -15).all()
    assert (target_first[frequencies >= 45] > 5).all()
    assert (source_first > 10).all()
    assert source_first[-1] > 1.5 * source_first[0]
    plt.close(pairing_frequency.draw({"pairing_frequency": [run]}))


@pytest.mark.slow
def test_decisions_are_right_more_often_with_better_evidence(tmp_path):
    """Wang 2002: one group wins in nearly every trial; by chance without evidence, the right one with strong evidence."""
    field = "populations.motion.constants.coherence"
    runs = [finished("decision", tmp_path, {field: value, "n_trials": 16}) for value in (0.0, 0.128, 0.512)]
    chance, weak, strong = (decision.first_wins(run.record.data.recording).mean() for run in runs)
    assert abs(chance - 0.5) < 3 * 0.5 / np.sqrt(16)
    assert chance < weak <= strong
    assert strong == 1
    for run in runs:
        times, rates = decision.group_rates(run.record.data.recording)
        last = np.sort(rates[:, :, times > 1.7].mean(axis=2), axis=0)
        assert np.median(last[1]) > 25
        assert np.median(last[0]) < 3
    runs = [FinishedRun(run.folder, {field: run.values[field]}, run.metrics) for run in runs]
    plt.close(decision.draw({"decision": runs}))


@pytest.mark.thorough
def test_learning_takes_a_network_from_slow_to_fast_rhythms(tmp_path):
    """Izhikevich 2006: weights go to either end at a steady rate, and power moves from low to high frequencies."""
    run = finished("delays_and_stdp", tmp_path)
    recording = run.record.data.recording
    weights = recording.weights["exc_exc"][0] / 10e-3
    numbers = np.histogram(weights, bins=5, range=(0, 1))[0] / weights.size
    assert min(numbers[0], numbers[-1]) > 1.3 * numbers[2]
    rates = (
        np.histogram(recording.spikes["exc"].time, bins=10, range=(0, recording.duration))[0] / 800 / (recording.duration / 10)
    )
    assert (rates > 2).all()
    assert (rates < 7).all()
    ratios = []
    for at_end in (False, True):
        frequencies, power = delays_and_stdp.spectrum(recording, at_end)
        ratios.append(power[(frequencies >= 20) & (frequencies <= 60)].mean() / power[frequencies < 10].mean())
    assert ratios[1] > 2 * ratios[0]
    plt.close(delays_and_stdp.draw({"delays_and_stdp": [run]}))


@pytest.mark.slow
def test_digits_are_told_apart_without_a_teacher(tmp_path):
    """Diehl and Cook 2015, on 8 x 8 digits: far above chance, and nearly every neuron takes part."""
    run = finished("unsupervised_digits", tmp_path, {"method.learning.n_passes": 1, "task.n_train": 1000})
    assert run.metrics["test"]["accuracy"] > 0.6
    assert run.metrics["activity"]["exc"]["silent_fraction"] < 0.1
    plt.close(unsupervised.draw({"unsupervised_digits": [run]}))
