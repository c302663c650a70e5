"""Izhikevich's neuron: firing patterns of the source, and the current at which its resting state is lost."""

import numpy as np
import pytest
from brian2 import ms, mV

from bioworkbench.neurons import izhikevich
from tests.neurons.driven import driven, intervals, rates

DT = 1e-4
CELLS = {  # figure 2 of the source: a (1/ms), c, d (mV)
    "regular spiking": (0.02, -65, 8),
    "fast spiking": (0.1, -65, 2),
    "chattering": (0.02, -50, 2),
}


@pytest.fixture(scope="module")
def recording():
    """All cells at once, each with its own constants, with the source's current of 10."""
    a, c, d = (np.array(values, dtype=float) for values in zip(*CELLS.values(), strict=True))
    return driven(izhikevich(a=a / ms, c=c * mV, d=d * mV), [10e-3] * 3, 0.4, DT)


def test_regular_spiking_cell_slows_down(recording):
    found = 1e3 * intervals(recording, 0)
    assert found[0] < 0.7 * found[1]
    assert np.ptp(found[1:]) < 0.3


def test_fast_spiking_cell_does_not_slow_down_and_fires_faster(recording):
    found = 1e3 * intervals(recording, 1)
    assert np.ptp(found[2:]) < 0.4
    assert rates(recording)[1] > 4 * rates(recording)[0]


def test_chattering_cell_bursts(recording):
    found = 1e3 * intervals(recording, 2)[6:]
    assert found.min() < 3
    assert found.max() > 30
    assert np.sum(found > 30) >= 5


def test_rest_is_lost_between_the_hopf_and_the_fold_current():
    """The resting state v* solves 0.04 v**2 + (5 - b) v + 140 + I = 0; its trace vanishes at v = (a - 5) / 0.08."""
    a, b = 0.02, 0.2
    v = (a - 5) / 0.08
    hopf, fold = -(0.04 * v**2 + (5 - b) * v + 140), (5 - b) ** 2 / 0.16 - 140
    found = driven(izhikevich(), np.array([0.93 * hopf, 1.02 * fold]) * 1e-3, 1.0, DT).spikes["cells"]
    late = np.bincount(found.neuron[found.time > 0.5], minlength=2)
    assert late[0] == 0
    assert late[1] > 0


def test_noise_is_the_deviation_of_the_mean_drive_over_a_millisecond():
    model = izhikevich(sigma=5 * mV, start=-70 * mV)
    noise = 1e3 * driven(model, np.zeros(200), 20e-3, DT, ["cells.noise"]).traces["cells.noise"][0]
    means = noise[1:].reshape(-1)[: 199 * 200].reshape(199, 200)
    assert means.std() == pytest.approx(5 * np.sqrt(10), rel=4.5 / np.sqrt(2 * means.size))


def test_reset_above_the_peak_is_refused():
    with pytest.raises(ValueError, match="c = 40 mV must be below peak = 30 mV"):
        izhikevich(c=40 * mV)
