"""CH-SNN: links and weights to start from, schedules, evolution between epochs, and what comes out in Brian2."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy import sparse

from bioworkbench.discrete.layers import chain_skips
from bioworkbench.discrete.skips import Skip
from bioworkbench.encoding import as_rate
from bioworkbench.gradients import training
from bioworkbench.gradients.inputs import step_inputs
from bioworkbench.gradients.layers import Convolution, Dense, FeedForward, Neuron
from bioworkbench.gradients.linked import linked_gradient
from bioworkbench.gradients.linked_states import linked_state
from bioworkbench.gradients.training import DivergenceError
from bioworkbench.methods import ch_snn
from bioworkbench.methods.ch_snn import BASELINES, train
from bioworkbench.methods.ch_snn.evolution import Evolution, LayerRewiring, layer_history
from bioworkbench.methods.ch_snn.start import sparse_links, sparse_weights, weight_deviations
from bioworkbench.records.errors import TopologyError
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.topology.rewiring import Rewiring
from tests.methods.chains import DT, check_spikes, dense_chain, digits_task, in_numpy, residual_chain
from tests.methods.grouped import grouped

LIF = {"leak": 0.5, "reset": "zero", "strict": True, "floor": None, "start": 0.0}
SIZES = (64, 96, 80)


def _train(task, **settings):
    given = {"sparsity": 0.8, "epochs": 3, "learning_rate": 5e-3} | settings
    return train(task, dense_chain(SIZES, **LIF), in_numpy, np.random.default_rng(3), **grouped(train, given))


def test_deviations_of_the_sheet():
    found = weight_deviations((784, 784, 784, 10), (0.9775,) * 3, (1.0, 1.0), 0.9)
    np.testing.assert_allclose(found, [0.225877, 0.342259, 0.051339], atol=1e-6)
    small = weight_deviations((4, 4, 4, 2), (0.5,) * 3, (1.0, 1.0), 0.1)
    np.testing.assert_allclose(small, [0.223607, 1.016456, 0.718743], atol=1e-6)


def test_weights_have_their_deviation():
    mask = sparse.csr_array(np.ones((400, 500), dtype=bool))
    (weights,) = sparse_weights([mask], [0.3], np.random.default_rng(1))
    n = weights.nnz
    assert abs(weights.data.var() / 0.09 - 1) < 4.5 * np.sqrt(2 / n)
    assert abs(weights.data.mean()) < 4.5 * 0.3 / np.sqrt(n)


def _inputs(low=0.0, high=1.0):
    values = np.random.default_rng(1).uniform(low, high, (300, 1, 20))
    values[..., 10:] = values[..., :10]
    return step_inputs(Stimulus(values, 4 * DT), 4)


def test_first_layer_links_what_correlates():
    masks = sparse_links(_inputs(), (20, 40, 30, 4), 0.95, "correlation", True, np.random.default_rng(2))
    assert [mask.nnz for mask in masks] == [40, 60, 6]
    rows, columns = masks[0].nonzero()
    assert ((columns % 20 - rows) % 20 == 10).all()  # input k and k + 10 are equal
    dense = sparse_links(_inputs(), (20, 40, 30, 4), 0.95, "spike_correlation", False, np.random.default_rng(2))
    assert [mask.nnz for mask in dense] == [40, 60, 120]


def test_inputs_that_cannot_be_probabilities_are_refused():
    with pytest.raises(TopologyError, match=r"inputs from .* to .*: they must lie in \[0, 1\]"):
        sparse_links(_inputs(high=3.0), (20, 40, 4), 0.9, "spike_correlation", True, np.random.default_rng(2))


def test_of_a_given_network_the_outputs_alone_are_drawn():
    """The layers between would be too sparse to leave a path, were they drawn."""
    chain = dense_chain((64, 20, 20, 10), **LIF | {"threshold": 0.2})
    given = grouped(train, {"sparsity": 0.99, "topology": "given", "removed_fraction": 0.0, "epochs": 1, "batch_size": 20})
    found = train(digits_task(4, n_train=60), chain, in_numpy, np.random.default_rng(3), **given)
    assert [p.n_synapses for p in found.network.projections] == [64 * 20, 20 * 20, 20 * 10]
    assert np.count_nonzero(found.readout.coefficients) == 1


def _rules(epoch, n_epochs=20, **settings):
    return LayerRewiring(**({"last_removal_exponent": 3.0} | settings)).rules_after(epoch + 1, n_epochs)


def test_schedules():
    assert [epoch for epoch in range(20) if _rules(epoch, every=5)] == [4, 9, 14]
    fractions = [_rules(epoch, every=5).fraction for epoch in (4, 9, 14)]
    np.testing.assert_allclose(fractions, [0.225, 0.075, 0.0], atol=1e-12)
    assert [_rules(epoch, every=5).exponent for epoch in (4, 9, 14)] == pytest.approx([5 / 3, 7 / 3, 3.0])
    assert {_rules(epoch, decaying=False).fraction for epoch in (0, 7)} == {0.3}
    assert _rules(0, removed_fraction=0.0) is None
    assert _rules(19, last_fraction=1.0) is None  # nothing would be learned after it


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"every": 0}, "every = 0"),
        ({"last_fraction": 1.5}, "last_fraction = 1.5"),
        ({"last_removal_exponent": 0.0}, "last_removal_exponent = 0.0"),
        ({"removal_exponent": -1.0}, "removal_exponent = -1.0"),
        ({"overlap_stop": 2.0}, "overlap_stop = 2.0"),
        ({"removal": "size"}, "'size' is not a removal score"),
        ({"regrowth": "gradients"}, "'gradients' is not a regrowth rule; did you mean 'gradient'"),
    ],
)
def test_rewiring_refuses_bad_settings(settings, words):
    with pytest.raises(ValueError, match=words):
        LayerRewiring(**settings)


def test_more_removal_than_links_is_refused():
    with pytest.raises(ValueError, match=r"fraction = 1.3"):
        Rewiring(1.3)


def test_history_of_layers_by_hand():
    """A ring of four nodes closes every way of three links; a single neuron of the next layer is read."""
    first = sparse.csr_array(np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0]]))
    found = layer_history([first, sparse.csr_array(np.array([[0.0], [2.0], [0.0]]))])
    assert found["node_sparsity"] == pytest.approx(2 / 3)
    assert found["active_nodes"] == pytest.approx(4 / 6)
    assert found["clustering_0"] == pytest.approx(1 / (4 / 6))
    assert np.isnan(found["degree_exponent_1"])


@pytest.fixture(scope="module")
def trained():
    return _train(digits_task(4, n_validation=150), epochs=10)


def test_it_learns_and_keeps_the_number_of_links(trained):
    history = trained.history
    assert history["score"][-1] > 0.7  # chance is 0.1
    assert set(history["n_links"]) == {round(0.2 * 64 * 96) + round(0.2 * 96 * 80) + round(0.2 * 80 * 10)}
    assert [p.n_synapses for p in trained.network.projections] == [round(0.2 * 64 * 96), round(0.2 * 96 * 80)]
    assert np.count_nonzero(trained.readout.coefficients) <= 160
    assert (history["overlap"][:6] >= 0).all()
    assert np.isnan(history["overlap"][-2:]).all()


def test_dead_neurons_stay_dead(trained):
    assert (np.diff(trained.history["node_sparsity"]) >= -1e-12).all()


def test_brian2_and_jax_spike_alike(trained):
    check_spikes(digits_task(4, n_validation=150), trained, 4)


def test_residual_network_keeps_its_skip_and_spikes_alike_in_brian2():
    task, network = digits_task(4, n_train=600, n_validation=100), residual_chain((64, 60, 60, 60), 1.5, [(0, 2)], **LIF)
    settings = grouped(train, {"sparsity": 0.8, "epochs": 4, "batch_size": 32, "learning_rate": 1e-2})
    found = train(task, network, in_numpy, np.random.default_rng(3), **settings)
    assert found.history["score"].max() > 0.4  # chance is 0.1
    assert chain_skips(found.network) == (Skip(0, 2, 1.5),)
    check_spikes(task, found, 4)


@pytest.mark.parametrize(
    ("n_convolutions", "skips", "wanted"),
    [
        (0, (Skip(0, 2, 1.0),), [(1, 3)]),
        (1, (Skip(0, 2, 1.0), Skip(1, 3, 1.0)), [(0, 2), (1, 3)]),
        (2, (Skip(0, 2, 1.0), Skip(0, 1, 1.0)), [(0, 1)]),
    ],
)
def test_skips_count_from_the_input_of_the_linear_layers(n_convolutions, skips, wanted):
    """Population k is the input of the linear layers where k convolutions come first."""
    layers = [Convolution((2, 2, 1), 1, 1)] * n_convolutions + [Dense(4, 4)] * (5 - n_convolutions)
    assert ch_snn._skips(FeedForward(tuple(layers), (Neuron(),) * 4, skips=skips), n_convolutions) == wanted


@pytest.mark.parametrize(
    "name", [name if name in ("set", "rigl") else pytest.param(name, marks=pytest.mark.slow) for name in BASELINES]
)
def test_baselines_run(name):
    found = _train(digits_task(4, n_train=300, n_validation=50), **({"epochs": 3, "last_fraction": 1.0} | BASELINES[name]))
    weights = found.network.projections[1].weights
    assert weights.nnz == (96 * 80 if name == "fully_connected" else round(0.2 * 96 * 80))
    assert np.isnan(found.history["overlap"]).all() == (name in ("fully_connected", "static"))


def test_gradient_regrowth_takes_the_largest_gradients():
    """RigL: of the absent links, those with the largest gradients come back."""
    seen = {}
    gradients = [np.arange(12.0).reshape(3, 4)]
    weights = sparse.csr_array(np.array([[1.0, 2.0, 0, 0], [0, 3.0, 0, 0], [0, 0, 4.0, 0]]))
    rules = Rewiring(0.25, "magnitude", False, regrowth="gradient", sample_regrowth=False, percolation=False, keep_weights=False)
    evolution = Evolution(LayerRewiring(), epochs=4, seed=1)

    def give(now, epoch):
        seen["epoch"] = epoch
        return gradients

    result = evolution._step(linked_state([weights]), rules, 1, give)
    new = result.regrown[0].toarray()
    assert np.argwhere(new).tolist() == [[2, 3]]
    assert result.weights[0].toarray()[0].tolist() == [0, 2, 0, 0]
    assert seen == {"epoch": 1}


def test_overlap_settles_the_topology():
    found = _train(digits_task(4, n_train=300), epochs=5, last_fraction=1.0, overlap_stop=0.0, sparsity=0.5)
    assert not np.isnan(found.history["overlap"][0])
    assert np.isnan(found.history["overlap"][2:]).all()


@pytest.mark.slow
def test_rates_are_drawn_anew_and_links_may_be_given():
    task = digits_task(4, n_train=400, n_validation=100)
    rates = replace(task, encode=partial(as_rate, frame=4 * DT, maximum=1 / DT))
    assert _train(rates, epochs=8, batch_size=32).history["score"][-1] > 0.3
    given = _train(task, topology="given", removed_fraction=0.0, epochs=1)
    assert [p.n_synapses for p in given.network.projections] == [64 * 96, 96 * 80]


@pytest.mark.thorough
def test_interrupted_evolution_ends_where_an_uninterrupted_one_does(tmp_path, monkeypatch):
    task, saved = digits_task(4, n_train=300), training._save
    whole = _train(task, epochs=4)

    def stop_after_saving(*arguments):
        saved(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "_save", stop_after_saving)
    with pytest.raises(KeyboardInterrupt, match=""):
        _train(task, epochs=4, checkpoint=str(tmp_path / "run.npz"))
    monkeypatch.undo()
    resumed = _train(task, epochs=4, checkpoint=str(tmp_path / "run.npz"))
    for one, other in zip(whole.network.projections, resumed.network.projections, strict=True):
        np.testing.assert_array_equal(one.weights.toarray(), other.weights.toarray())
    np.testing.assert_array_equal(whole.history["overlap"], resumed.history["overlap"])


def test_exploding_training_stops_and_says_where():
    with pytest.raises(DivergenceError, match=r"the loss is .* at update \d+ of epoch 0; lower the learning rate") as caught:
        _train(digits_task(4, n_train=300), learning_rate=1e38)
    assert all(np.isfinite(own["bias"]).all() for own in caught.value.state.parameters["layers"])


@pytest.mark.parametrize("n_steps", [1, 5])
def test_it_is_trained_for_as_many_steps_as_are_simulated(n_steps, monkeypatch):
    seen = []
    monkeypatch.setattr(ch_snn, "_linked_gradient", lambda model, n: seen.append(n) or linked_gradient(model, n))
    trained = _train(digits_task(n_steps, n_train=300), epochs=1)
    assert seen == [n_steps]
    assert len(trained.history["accuracy_by_steps"]) == n_steps


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sparsity": 1.3}, r"sparsity = 1\.3: must lie between 0 and 1"),
        ({"epochs": -40}, "epochs = -40: must be an integer, 1 or more"),
        ({"batch_size": 301}, "batch_size = 301 exceeds the 300 training trials"),
    ],
)
def test_settings_are_checked_before_anything_is_simulated(settings, message):
    def never(*_):
        raise AssertionError

    given = {"sparsity": 0.8} | settings
    rng, chain = np.random.default_rng(3), dense_chain(SIZES, **LIF)
    with pytest.raises(ValueError, match=message):
        train(digits_task(4, n_train=300), chain, never, rng, **grouped(train, given))
