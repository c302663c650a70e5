"""Parts of equations: which lines each option adds, and what is refused."""

import numpy as np
import pytest
from brian2 import ms, mV, volt

from bioworkbench.neurons.parts import Mechanism, distinct, equation_lines, membrane_noise, synapse, unless_refractory


def test_a_mechanism_that_is_off_adds_nothing():
    assert synapse(0 * ms, volt) == Mechanism()
    assert membrane_noise(0 * mV, 5 * ms, 0.5) == Mechanism()
    assert unless_refractory(None) == ""


def test_a_synapse_has_the_unit_of_the_drive():
    assert synapse(3 * ms, volt).lines == ("dsynaptic/dt = -synaptic/synaptic_tau : volt",)


def test_white_noise_is_one_line_and_colored_noise_two():
    white, colored = membrane_noise(1 * mV, 0 * ms, 0.0), membrane_noise(1 * mV, 5 * ms, 0.0)
    assert len(white.lines) == 1
    assert len(colored.lines) == 2
    assert set(white.constants) == {"sigma"}
    assert set(colored.constants) == {"sigma", "noise_tau"}


def test_correlated_noise_declares_the_shared_source():
    part = membrane_noise(1 * mV, 0 * ms, 0.25)
    assert "shared_noise : second**-0.5" in part.lines
    assert part.constants["correlation"] == 0.25


def test_noise_of_some_neurons_may_be_zero():
    assert membrane_noise(np.array([0, 1]) * mV, 0 * ms, 0.0).term == " + noise"


def test_lines_of_parts_follow_the_lines_given():
    assert equation_lines("a : 1", parts=(Mechanism("", ("b : 1",)),)) == "a : 1\nb : 1"


def test_equal_time_constants_are_told():
    distinct({"tau": 20 * ms, "noise_tau": 20.1 * ms})
    with pytest.raises(ValueError, match="noise_tau = 20 ms equals tau; exact integration divides by their difference"):
        distinct({"tau": 20 * ms, "noise_tau": 20 * ms})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1 * mV, 0 * ms, 0.0), "sigma = -1 mV: cannot be negative"),
        ((1 * mV, -1 * ms, 0.0), "noise_tau = -1 ms: cannot be negative"),
        ((1 * mV, np.array([0, 5]) * ms, 0.0), "noise_tau = 2 values from 0 s to 5 ms: must be above 0"),
        ((1 * mV, 0 * ms, 1.5), "correlation = 1.5: must lie between 0 and 1"),
        ((1 * ms, 0 * ms, 0.0), "sigma = 1 ms is a time; it must be a voltage, in volt"),
    ],
)
def test_noise_that_makes_no_sense_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        membrane_noise(*arguments)
