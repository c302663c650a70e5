"""What training leaves."""

import numpy as np
import pytest

from bioworkbench.neurons import noisy_lif
from bioworkbench.records.choice import Choice
from bioworkbench.records.linear_readout import LinearReadout
from bioworkbench.records.network import Network, Population
from bioworkbench.records.trained import TrainedNetwork

WEIGHTS = np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]])


def test_a_readout_is_an_affine_map():
    readout = LinearReadout(WEIGHTS, np.array([0.5, 0.0]), "value")
    assert readout.outputs(np.array([1.0, 1.0, 0.0])).tolist() == [1.5, 2.0]
    assert readout.predictions(np.ones((4, 2, 3))).shape == (4, 2, 2)


def test_a_class_is_the_largest_output():
    readout = LinearReadout(WEIGHTS, np.zeros(2), "argmax")
    assert readout.predictions(np.eye(3)[:2]).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("coefficients", "intercepts", "rule", "message"),
    [
        (np.ones(3), np.zeros(2), "value", "readout coefficients has shape"),
        (WEIGHTS, np.zeros(3), "value", r"readout intercepts has shape \(3,\); it must be \(2\)"),
        (WEIGHTS * np.nan, np.zeros(2), "value", "readout coefficients has 6 values that are not finite"),
        (WEIGHTS, np.array([0, np.inf]), "value", "readout intercepts has 1 value that is not finite"),
        (WEIGHTS, np.zeros(2), "largest", "readout rule = 'largest': must be 'argmax' or 'value'"),
    ],
)
def test_readouts_are_checked(coefficients, intercepts, rule, message):
    with pytest.raises(ValueError, match=message):
        LinearReadout(coefficients, intercepts, rule)


def test_a_trained_network_keeps_what_is_needed_to_use_it():
    network = Network((Population("cells", 3, noisy_lif()),))
    trained = TrainedNetwork(network, Choice("spike_counts"), LinearReadout(WEIGHTS, np.zeros(2), "argmax"))
    assert trained.feature.arguments == {}
    assert trained.history == {}
