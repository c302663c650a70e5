"""Chains of discrete-time populations: read, checked, and written back with other weights."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from bioworkbench.discrete.layers import (
    chain,
    chain_sizes,
    check_classes,
    constant_input,
    frame_input,
    scalar_arguments,
    with_readout,
    with_weights,
)
from bioworkbench.discrete.lif import discrete_lif
from bioworkbench.records.background import Background
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.synapses import pair_stdp
from bioworkbench.tasks import Task, Trials
from tests.methods.chains import DT, dense_chain, in_numpy


def _link(source, target, shape, delay=0.0):
    return Projection(source, target, sparse.csr_array(np.ones(shape)), delay)


def test_a_chain_is_read_in_the_order_of_its_layers():
    network = dense_chain((3, 4, 2))
    backward = Network(network.populations[::-1], network.projections[::-1])
    assert [p.name for p in chain(backward)] == ["h0", "h1"]
    assert chain_sizes(backward) == (3, 4, 2)


def test_what_is_no_chain_is_refused():
    a, b = Population("a", 2, discrete_lif(leak=1.0), 0), Population("b", 2, discrete_lif(leak=1.0), 1)
    into, on = _link("input", "a", (3, 2)), _link("a", "b", (2, 2))
    with pytest.raises(ValueError, match=r"populations lie in layers \[0, 0\]"):
        chain(Network((a, replace(b, layer=0)), (into, on)))
    with pytest.raises(
        ValueError, match="projections are input -> a, a -> b, b -> a; a chain has input -> a, a -> b, and one-to-"
    ):
        chain(Network((a, b), (into, on, _link("b", "a", (2, 2)))))
    with pytest.raises(ValueError, match="projections a_b have delays"):
        chain(Network((a, b), (into, _link("a", "b", (2, 2), 1e-3))))
    with pytest.raises(ValueError, match="populations b have background input"):
        chain(Network((a, replace(b, background=(Background("current", 1, 10.0, 1.0),))), (into, on)))
    learning = replace(on, synapse=pair_stdp(largest=1.0, potentiation=0.1, depression=0.1))
    with pytest.raises(ValueError, match="synapses of a_b do more than add their weight; only those that do no more"):
        chain(Network((a, b), (into, learning)))


def test_arguments_of_a_population_must_be_single_numbers():
    assert scalar_arguments(Population("a", 2, discrete_lif(leak=0.9, reset="zero")))["leak"] == 0.9
    cases = (
        (discrete_lif(leak=[0.9, 0.8]), "leak of population 'a' differs between neurons"),
        (discrete_lif(leak=0.9, start="uniform(0, 1)"), "'a' starts from 'uniform.*', drawn in each trial"),
        (discrete_lif(leak=0.9, noise_deviation=0.1), "'a' has noise of its own"),
    )
    for model, words in cases:
        with pytest.raises(ValueError, match=words):
            scalar_arguments(Population("a", 2, model))


def test_weights_biases_and_arguments_are_replaced():
    network = dense_chain((3, 4, 2))
    weights = [sparse.csr_array(np.full((3, 4), 0.5)), sparse.csr_array(np.eye(4)[:, :2])]
    changed = with_weights(network, weights, [np.arange(4.0), np.zeros(2)], {"start": [0.1, 0.2], "leak": 0.5})
    assert changed.populations[0].model.constants["bias"].tolist() == [0, 1, 2, 3]
    assert [p.model.start["v"] for p in changed.populations] == [0.1, 0.2]
    assert {p.model.constants["leak"] for p in changed.populations} == {0.5}
    assert [p.n_synapses for p in changed.projections] == [12, 2]
    assert network.populations[0].model.constants["leak"] == 1.0


def test_projections_keep_their_names():
    """Probes, exports and files know them by these."""
    populations = [Population(name, 2, discrete_lif(leak=1.0), k) for k, name in enumerate("abc")]
    ends = {"pixels": ("input", "a"), "up": ("a", "b"), "further": ("b", "c"), "past": ("a", "c")}
    eye = sparse.csr_array(np.eye(2))
    network = Network(populations, [Projection(*pair, eye, name=name) for name, pair in ends.items()])
    changed = with_weights(network, [2 * eye] * 3, [np.zeros(2)] * 3, {})
    assert {p.name: (p.source, p.target) for p in changed.projections} == ends


def test_inputs_are_currents_that_stay():
    held = np.repeat([[[1.0, 2.0]]], 3, axis=1)
    np.testing.assert_array_equal(constant_input(Stimulus(held, DT)), [[1.0, 2.0]])
    assert frame_input(Stimulus(held, DT)).dtype == np.float32
    with pytest.raises(ValueError, match="stimulus kind = 'rate'"):
        frame_input(Stimulus(held, DT, "rate"))
    with pytest.raises(ValueError, match="changes over its 2 frames"):
        constant_input(Stimulus(np.arange(2.0).reshape(1, 2, 1), DT))


def _task(targets, kind="classification", values=None):
    trials = Trials(np.ones((len(targets), 1, 2)) if values is None else values, targets)
    return Task("t", kind, trials, trials, None, 2, lambda v: Stimulus(np.asarray(v, float), 4 * DT), "")


def test_only_classes_of_trials_are_learned():
    check_classes(_task(np.array([0, 1]), values=np.eye(2)[:, None]))
    with pytest.raises(ValueError, match="task 't' wants values"):
        check_classes(_task(np.ones((2, 2)), "regression"))
    with pytest.raises(ValueError, match="task 't' wants a class per frame"):
        check_classes(_task(np.array([[0], [1]])))


def _relay(weight):
    model = discrete_lif(leak=0.0, threshold=1.0)
    return Network((Population("h", 2, model),), (Projection("input", "h", sparse.csr_array(weight * np.eye(2))),))


def test_readout_is_the_mean_over_steps():
    values = np.array([[[1.0, 0.0]], [[0.0, 1.0]]])
    output = {"weights": np.array([[0.0, 3.0], [1.0, 0.0]]), "bias": np.array([0.0, 0.5])}
    trained = with_readout(_task(np.array([1, 0]), values=values), _relay(1.0), output, {}, in_numpy, np.random.default_rng(1))
    assert trained.history["simulated_accuracy"].tolist() == [1.0]
    assert trained.history["simulated_rate"].tolist() == [0.5]
    assert trained.history["synaptic_operations"].tolist() == [4.0]  # four spikes per trial, one output weight each
    np.testing.assert_allclose(trained.readout.outputs(np.array([4.0, 0.0])), [0.0, 3.5])
    assert dict(trained.feature.arguments) == {"populations": ("h",)}


def test_a_silent_population_is_refused():
    output = {"weights": np.ones((2, 2)), "bias": np.zeros(2)}
    with pytest.raises(ValueError, match="populations h are silent in 2 trials"):
        with_readout(_task(np.array([0, 1])), _relay(0.5), output, {}, in_numpy, np.random.default_rng(1))
