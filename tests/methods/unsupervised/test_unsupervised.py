"""Synapses that learn without a teacher: what is shown, what goes on, what moves, and that labels are better than chance."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from brian2 import Hz, ms, mV

from bioworkbench.encoding import as_current
from bioworkbench.methods.unsupervised import Learning, train
from bioworkbench.methods.unsupervised.sequence import one_after_another
from bioworkbench.neurons import custom, poisson_source
from bioworkbench.readout.labels import neuron_labels
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.records.synapse import PULSE
from bioworkbench.simulation import simulate
from bioworkbench.synapses import pair_stdp
from bioworkbench.tasks import Task, Trials
from bioworkbench.topology.rewiring.plan import RewiringPlan

CELL = custom(
    equations="dv/dt = -v/(20*ms) : volt\ndtheta/dt = -theta/(10*second) : volt",
    threshold="v > 10*mV + theta",
    reset="v = 0*mV; theta += 0.1*mV",
    start={"v": 0 * mV, "theta": 1 * mV},
)
SYNAPSE = pair_stdp(largest=4 * mV, potentiation=0.002, depression=0.0)


def run(network, stimulus, seed, record=()):
    return simulate(network, stimulus, seed, dt=1 * ms, backend="numpy", record=record)


def task(n=12):
    """Two patterns: the first or the last three of six channels."""
    classes = np.arange(n) % 2
    values = np.where(np.arange(6)[None] // 3 == classes[:, None], 1.0, 0.0)[:, None, :]
    trials = Trials(values, classes)
    return Task("patterns", "classification", trials, trials, None, 2, partial(as_current, frame=0.05), "")


def network(links=1.0, synapse=SYNAPSE):
    rng = np.random.default_rng(1)
    prefers = np.where(np.arange(6)[:, None] // 3 == np.arange(4) // 2, 1.5, 0.5)  # two cells each pattern, a little
    weights = prefers * rng.uniform(0.5e-3, 2e-3, (6, 4)) * (rng.random((6, 4)) < links)
    cells = (Population("pixels", 6, poisson_source(rate=0 * Hz)), Population("exc", 4, CELL))
    return Network(
        cells,
        (
            Projection("input", "pixels", np.eye(6) * 400.0),
            Projection("pixels", "exc", weights, name="learning", synapse=synapse, receives="v"),
        ),
    )


def trained(net=None, rewiring=None, **settings):
    more = {} if rewiring is None else {"rewiring": rewiring}
    learning = Learning(**({"n_in_round": 4, "pause": 0.02, "kept": ("exc.theta",)} | settings))
    return train(task(), net or network(), run, np.random.default_rng(2), learning=learning, populations=["exc"], **more)


def learned(result):
    return result.network.projections[1]


def test_trials_follow_each_other_with_a_pause_between_them():
    joined = one_after_another(Stimulus([[[1.0], [2.0]], [[3.0], [4.0]]], 0.002, "rate"), 0.003)
    assert joined.values.ravel().tolist() == [1, 1, 2, 2, 0, 0, 0, 3, 3, 4, 4, 0, 0, 0]
    assert (joined.frame, joined.kind) == (pytest.approx(0.001), "rate")
    with pytest.raises(ValueError, match=r"pause = 0.003 s: between impulses it must be a multiple of their frame, 0.002 s"):
        one_after_another(Stimulus(np.zeros((1, 1, 1)), 0.002, "spikes"), 0.003)


def test_weights_learn_keep_their_sum_and_are_frozen_afterwards():
    result = trained()
    before, after = network().projections[1].weights.toarray(), learned(result).weights.toarray()
    np.testing.assert_allclose(after.sum(axis=0), before.sum(axis=0))
    assert np.abs(after - before).max() > 2e-5
    assert learned(result).synapse == PULSE
    assert result.history["change"].shape == (3,)
    assert result.history["change"].min() > 0
    free = learned(trained(scaled=False)).weights.toarray()
    assert (free.sum(axis=0) > before.sum(axis=0)).all()  # nothing weakens them


def test_the_last_incomplete_round_is_left_out_unless_it_is_the_only_one():
    assert [len(trained(n_in_round=n, n_passes=2).history["weight"]) for n in (5, 20)] == [2 * 2, 2]


def test_what_is_kept_goes_on_and_the_rest_begins_anew():
    start = trained().network.population("exc").model.start
    assert np.asarray(start["theta"]).max() > 1.5e-3
    assert np.asarray(start["v"]).max() == 0
    assert np.asarray(trained(kept=()).network.population("exc").model.start["theta"]) == pytest.approx(1e-3)


def test_links_that_learn_move_between_rounds():
    rules = RewiringPlan(removed_fraction=0.2, removal="magnitude", regrowth="random", last_fraction=1.0, decaying=False)
    sparse = network(links=0.5)
    result = trained(sparse, rules)
    n = sparse.projections[1].n_synapses
    assert learned(result).n_synapses == n
    assert result.history["n_moved"].tolist() == [int(0.2 * n), int(0.2 * n), 0]  # none after the last round
    assert set(zip(*learned(result).weights.nonzero(), strict=True)) != set(
        zip(*sparse.projections[1].weights.nonzero(), strict=True)
    )


def test_links_that_stay_keep_their_delay_and_new_ones_have_one_of_the_start():
    rules = RewiringPlan(removed_fraction=0.2, removal="magnitude", regrowth="random", last_fraction=0.4, decaying=False)
    sparse = network(links=0.5)
    n = sparse.projections[1].n_synapses
    delays = 1e-3 * np.arange(1, n + 1)
    result = trained(replace(sparse, projections=(sparse.projections[0], replace(sparse.projections[1], delay=delays))), rules)
    assert result.history["n_moved"].tolist() == [int(0.2 * n), 0, 0]
    links = learned(result).links
    before = dict(zip(zip(*sparse.projections[1].weights.nonzero(), strict=True), delays, strict=True))
    kept = [before.get((i, j)) == delay for i, j, delay in zip(links.sources, links.targets, links.delays, strict=True)]
    assert n - int(0.2 * n) <= sum(kept) < n
    assert set(links.delays) <= set(delays)


def test_labels_are_those_of_the_patterns():
    result = trained(n_passes=1)
    spikes = run(result.network, task().encode(task().train.values), 5).spikes["exc"]
    counts = np.zeros((12, 4))
    np.add.at(counts, (spikes.trial, spikes.neuron), 1)
    assert (result.readout.predictions(counts) == task().train.targets).mean() > 0.7


def test_the_class_of_a_neuron_is_that_of_its_largest_mean_response():
    readout = neuron_labels([[4, 1, 0, 2], [4, 1, 0, 2], [5, 3, 0, 2]], [0, 0, 1])
    np.testing.assert_allclose(readout.coefficients, [[0, 0.5], [0, 0.5], [0, 0], [1, 0]])  # never spikes; alike, so the first
    with pytest.raises(ValueError, match=r"targets are float64 of shape \(1,\); labels need 1 whole numbers"):
        neuron_labels([[1.0]], [0.5])


def test_what_cannot_learn_is_refused_by_name():
    with pytest.raises(
        ValueError, match="none of the projections input_pixels, learning changes its weights; give one a synapse"
    ):
        trained(network(synapse=PULSE))
    with pytest.raises(ValueError, match="kept: 'cells' is not a population"):
        trained(kept=("cells.v",))
    with pytest.raises(ValueError, match="kept: 'x' is not a variable of exc that equations change"):
        trained(kept=("exc.x",))
    with pytest.raises(ValueError, match="n_in_round"):
        replace(Learning(), n_in_round=0)
