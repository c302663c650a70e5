from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy import sparse

from bioworkbench.discrete.lif import discrete_lif
from bioworkbench.encoding import as_current
from bioworkbench.methods.rewired_reservoir import _parts, train
from bioworkbench.records.choice import Choice
from bioworkbench.records.errors import TopologyError
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.simulation.chunk import Chunk
from bioworkbench.simulation.inputs import inputs_of
from bioworkbench.simulation.trials import job_of_chunk, synapse_values
from bioworkbench.tasks import Trials
from bioworkbench.tasks.sequences import first_last_xor, memory_capacity
from bioworkbench.topology.generators import bernoulli
from tests.methods.chains import DT, in_numpy
from tests.methods.grouped import grouped

SETTINGS = {"episodes.n": 3, "removed_fraction": 0.3, "last_fraction": 1.0, "bin": 2 * DT, "max_rate": 1000.0}
SETTINGS |= {"feature": Choice("filtered_spikes", {"tau": 0.02}), "readout": Choice("ridge", {"penalty": 0.01})}


def reservoir(seed=1, mean=0.08, size=40):
    """Excitatory and inhibitory neurons that an input of one channel drives."""
    rng = np.random.default_rng(seed)
    sizes = {"exc": size, "inh": size // 4}
    populations = [Population(n, s, discrete_lif(leak=0.9, bias=rng.uniform(0, 0.2, s))) for n, s in sizes.items()]
    projections = [Projection("input", "exc", sparse.csr_array(rng.normal(0, 0.3, (1, size))))]
    for source, target, sign in (("exc", "exc", 1), ("exc", "inh", 1), ("inh", "exc", -1)):
        mask = bernoulli(sizes[source], sizes[target], rng, recurrent=source == target, p=0.2)
        drawn = sign * rng.lognormal(np.log(mean), 0.5, mask.nnz)
        projections.append(Projection(source, target, sparse.csr_array((drawn, mask.indices, mask.indptr), mask.shape)))
    return Network(tuple(populations), tuple(projections))


def links(network, name="exc_exc"):
    weights = next(p.weights for p in network.projections if p.name == name)
    return set(zip(*(index.tolist() for index in weights.nonzero()), strict=True))


def same_bits(one, other):
    return one.shape == other.shape and one.tobytes() == other.tobytes()


@pytest.fixture(scope="module")
def task():
    made = memory_capacity(np.random.default_rng(3), n_train=6, n_test=2, n_frames=30, n_delays=3, washout=5)
    return replace(made, encode=partial(as_current, frame=2 * DT))


def trained(task, network=None, simulate=in_numpy, **settings):
    return train(task, network or reservoir(), simulate, np.random.default_rng(1), **grouped(train, {**SETTINGS, **settings}))


# what moves, and what stays ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("regrowth", ["ch3_l3", "ra_l3", "random", "distance", "correlation"])
def test_synapses_move_and_their_number_stays(task, regrowth):
    start = reservoir()
    end = trained(task, start, regrowth=regrowth).network
    for before, after in zip(start.projections, end.projections, strict=True):
        assert after.n_synapses == before.n_synapses
        assert (links(start, before.name) != links(end, before.name)) == (before.source != "input")
    assert not end.projections[1].weights.diagonal().any()


def test_the_start_network_is_not_changed(task):
    start, twin = reservoir(), reservoir()
    trained(task, start)
    assert all(same_bits(a.weights.data, b.weights.data) for a, b in zip(start.projections, twin.projections, strict=True))


def test_excitatory_neurons_stay_excitatory(task):
    end = trained(task).network
    assert [np.sign(p.weights.data).min() for p in end.projections[1:]] == [1, 1, -1]
    assert [np.sign(p.weights.data).max() for p in end.projections[1:]] == [1, 1, -1]


def relinked(projection, weights):
    return replace(projection, links=weights, delay=projection.delay)


def test_mixed_signs_are_drawn_from_those_at_the_start(task):
    start = reservoir()
    mixed = start.projections[1].weights.copy()
    mixed.data[::2] *= -1
    start = replace(
        start,
        projections=(
            start.projections[0],
            relinked(start.projections[1], mixed),
            *start.projections[2:],
        ),
    )
    after = trained(task, start, exponent=0.0).network.projections[1].weights.data
    assert set(after) <= set(mixed.data)
    assert {-1, 1} == set(np.sign(after))


def test_named_projections_alone_are_rewired(task):
    start = reservoir()
    end = trained(task, start, projections=["exc_inh"]).network
    assert links(start) == links(end)
    assert links(start, "exc_inh") != links(end, "exc_inh")


def test_without_regrowth_and_scaling_nothing_changes(task):
    start = reservoir()
    end = trained(task, start, regrowth="none", exponent=0.0)
    assert all(same_bits(a.weights.data, b.weights.data) for a, b in zip(start.projections, end.network.projections, strict=True))
    assert np.isnan(end.history["overlap"]).all()


def test_delays_go_with_their_synapses(task):
    start = reservoir()
    weights = start.projections[1].weights
    coded = np.arange(weights.nnz) * 1e-6 + weights.data * 1e-3  # tells which synapse a delay belongs to
    with_delays = replace(start.projections[1], delay=coded)
    start = replace(start, projections=(start.projections[0], with_delays, *start.projections[2:]))
    without = [replace(p, delay=0.0) for p in start.projections]

    def simulate(network, stimulus, seed):
        return in_numpy(replace(network, projections=tuple(replace(p, delay=0.0) for p in network.projections)), stimulus, seed)

    end = trained(task, start, simulate, exponent=0.0).network.projections[1]
    place = {delay: k for k, delay in enumerate(coded)}
    assert end.delay.shape == (without[1].n_synapses,)
    assert np.array_equal(end.weights.data, weights.data[[place[delay] for delay in end.delay]])


def test_scaling_brings_rates_to_the_target(task):
    rates = {}
    for scaling in (0.0, 0.5):
        found = trained(task, n=5, regrowth="none", exponent=scaling, target_rate=120.0)
        rates[scaling] = found.history["rate_exc"]
    assert abs(rates[0.5][-1] - 120) < abs(rates[0.0][-1] - 120)


def test_the_history_tells_of_every_episode(task):
    history = trained(task).history
    assert all(len(values) == 3 for values in history.values())
    assert set(history) == {
        *(
            "score",
            "effective_rank",
            "rate_exc",
            "rate_inh",
            "n_links",
            "clustering",
            "small_worldness",
            "spectral_radius",
            "reachable",
        ),
        *("overlap", "n_filled", "seconds"),
    }
    assert len(set(history["n_links"])) == 1
    assert (history["effective_rank"] > 1).all()
    assert history["small_worldness"][0] == pytest.approx(1, abs=0.3)  # of random links
    assert history["reachable"][0] == 1
    assert history["reachable"].min() > 0.9


def test_classes_are_scored_by_accuracy(task):
    made = first_last_xor(np.random.default_rng(1), length=4, n_train=12, n_test=4)
    classes = replace(made, encode=partial(as_current, frame=6 * DT))
    start = reservoir()
    wide = Projection("input", "exc", sparse.csr_array(np.random.default_rng(1).normal(0, 0.3, (2, 40))))
    start = replace(start, projections=(wide, *start.projections[1:]))
    history = trained(classes, start, feature=Choice("spike_counts")).history
    assert (history["score"] >= 0).all()
    assert (history["score"] <= 1).all()


def test_validation_trials_of_the_task_are_scored_where_there_are_some(task):
    seen = []

    def simulate(network, stimulus, seed):
        seen.append(stimulus.n_trials)
        return in_numpy(network, stimulus, seed)

    trained(replace(task, validation=task.test), None, simulate, n_trials=4)
    assert seen == [6, 6, 6, 6]  # 4 + 2 in the episodes, all 6 training trials in the end


@pytest.mark.parametrize("metric", ["r2", "rse"])
def test_the_network_of_the_best_episode_is_kept_when_asked_for(task, metric):
    simulated = []

    def simulate(network, stimulus, seed):
        simulated.append(network)
        return in_numpy(network, stimulus, seed)

    found = trained(task, None, simulate, n=4, last_fraction=1.0, metric=metric, keep_best=True)
    scores = found.history["score"] * (-1 if metric == "rse" else 1)
    best = simulated[int(np.argmax(scores))]
    for kept, before in zip(found.network.projections, best.projections, strict=True):
        assert same_bits(kept.weights.data, before.weights.data)
        assert same_bits(kept.weights.indices, before.weights.indices)


# programs, interruption ---------------------------------------------------------------------------------------------------------


def test_all_episodes_and_the_readout_run_in_one_program(task):
    keys = set()

    def simulate(network, stimulus, seed):
        chunk = Chunk(0, 0, stimulus.n_trials, stimulus.n_trials)
        keys.add(job_of_chunk(inputs_of(network, stimulus, DT), seed, (), chunk, synapse_values(network, 1, DT)).key())
        return in_numpy(network, stimulus, seed)

    trained(task, None, simulate)
    assert len(keys) == 1


def interrupted_after(n):
    """`simulate` that is stopped in its n-th call."""
    calls = iter(range(n))

    def simulate(network, stimulus, seed):
        if next(calls, None) is None:
            raise KeyboardInterrupt
        return in_numpy(network, stimulus, seed)

    return simulate


@pytest.mark.parametrize(("n_calls", "keep_best"), [(0, False), (1, False), (2, False), (3, False), (2, True), (3, True)])
def test_an_interrupted_training_ends_as_if_it_had_not_been(task, tmp_path, n_calls, keep_best):
    path = str(tmp_path / "run.npz")
    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        trained(task, None, interrupted_after(n_calls), checkpoint=path, keep_best=keep_best)
    resumed, whole = trained(task, checkpoint=path, keep_best=keep_best), trained(task, keep_best=keep_best)
    for before, after in zip(whole.network.projections, resumed.network.projections, strict=True):
        assert same_bits(before.weights.data, after.weights.data)
        assert same_bits(before.weights.indices, after.weights.indices)
    assert same_bits(whole.readout.coefficients, resumed.readout.coefficients)
    assert {n: len(v) for n, v in resumed.history.items()} == {n: len(v) for n, v in whole.history.items()}
    assert np.array_equal(resumed.history["score"], whole.history["score"])


def test_a_checkpoint_of_another_run_is_refused(task, tmp_path):
    path = str(tmp_path / "run.npz")
    trained(task, checkpoint=path)
    with pytest.raises(
        ValueError, match=r"checkpoint = '.*run.npz' holds a training of another network or other trials; remove it"
    ):
        trained(task, reservoir(seed=2), checkpoint=path)
    with pytest.raises(ValueError, match=r"holds a training with rewiring.removed_fraction = 0.3, and 0.2 is asked for"):
        trained(task, checkpoint=path, removed_fraction=0.2)


# what is refused ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"regrowth": "ch3_13"}, r"'ch3_13' is not a regrowth rule; did you mean 'ch3_l3'\?.*correlation.*distance.*none"),
        ({"removal": "spikes"}, r"'spikes' is not a removal score; .*spike_correlation"),
        (
            {"rewiring.projections": ["exc_ecx"]},
            r"'exc_ecx' is not a projection between spiking neurons; did you mean 'exc_exc'\?",
        ),
        ({"removed_fraction": 1.5}, r"removed_fraction = 1.5: must lie between 0 and 1"),
        ({"removed_fraction": 1.0}, r"removed_fraction = 1.0 of the \d+ synapses of exc_exc: at least one must go and one stay"),
        ({"removed_fraction": 0.001}, r"removed_fraction = 0.001 of the \d+ synapses of exc_exc: at least one must go"),
        ({"target_rate": -1.0}, r"target_rate = -1.0: must be a finite number, 0 or more"),
        ({"scaling.exponent": 2.0}, r"scaling.exponent = 2.0: must lie between 0 and 1"),
        ({"length": 0.0}, r"length = 0.0: must be a finite number above 0"),
        ({"bin": 60 * DT}, r"bin = 0.06 s: at least two bins must fit into a trial of 0.06 s"),
        ({"n_trials": 7}, r"n_trials = 7: the task has 6 training trials; ask for no more"),
        ({"validation_fraction": 0.0}, r"validation_fraction = 0.0 of 6 trials: at least one must be scored and one be fitted"),
        ({"episodes.n": 0}, r"n = 0: must be an integer, 1 or more"),
        ({"metric": "accurracy"}, r"'accurracy' is not a metric; did you mean 'accuracy'\?"),
        ({"max_rate": 1.0}, r"episode 0: population 'exc' fires at [\d.]+ Hz, above max_rate = 1 Hz; lower its weights"),
    ],
)
def test_wrong_settings_are_named(task, settings, message):
    with pytest.raises(ValueError, match=message):
        trained(task, **settings)


def never(network, stimulus, seed):
    raise AssertionError("nothing must be simulated")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"metric": "accurracy"}, r"'accurracy' is not a metric; did you mean 'accuracy'\?"),
        ({"metric": "accuracy"}, "metric 'accuracy': the targets of task .* are values; metrics that fit: correlation, mae"),
        ({"reading.readout": Choice("rigde")}, r"'rigde' is not a readout; did you mean 'ridge'\?"),
        ({"reading.readout": Choice("ridge", {"penalty": -1.0})}, r"penalty = -1\.0: must be a finite number, 0 or more"),
        ({"reading.readout": Choice("logistic")}, "classes"),
        ({"block": 0}, "block = 0: must be an integer, 1 or more"),
    ],
)
def test_what_cannot_be_read_is_refused_before_an_episode(task, settings, message):
    with pytest.raises(ValueError, match=message):
        trained(task, None, never, **settings)


def test_targets_that_have_no_score_are_refused_before_an_episode(task):
    """Those of the scored trials alone, which are the last ones, do not vary."""
    targets = task.train.targets.copy()
    targets[-2:] = 0.5
    with pytest.raises(ValueError, match=r"targets of outputs \[0, 1, 2\] do not vary; their R2 is not defined"):
        trained(replace(task, train=Trials(task.train.values, targets)), None, never)


def test_classes_of_the_scored_trials_alone_are_refused_before_an_episode(task):
    """Rows sorted by class left the last one to the scored trials, all of which were then wrong."""
    trials = Trials(task.train.values[..., :1], np.array([0, 0, 1, 1, 2, 2]))
    sorted_task = replace(task, kind="classification", train=trials, test=trials, n_outputs=3, washout=0)
    with pytest.raises(ValueError, match=r"validation: classes \[2\] of 3 have no training trial"):
        trained(sorted_task, None, never, **{"reading.validation_fraction": 0.3})


def test_trials_that_share_targets_with_scored_ones_are_not_fitted(task):
    fitted, judged = _parts(replace(task, shared=2), None, 0.34)
    assert (fitted.n_trials, judged.n_trials) == (2, 2)
    np.testing.assert_array_equal(fitted.values, task.train.values[:2])
    with pytest.raises(
        ValueError, match=r"validation_fraction = 0\.34 of 6 trials: at least one must be scored and one be fitted"
    ):
        _parts(replace(task, shared=4), None, 0.34)


def test_silence_is_refused(task):
    start = reservoir()
    quiet = replace(start.populations[1], model=discrete_lif(leak=0.9, threshold=1e6))
    with pytest.raises(ValueError, match=r"episode 0: population 'inh' is silent; raise its drive, weights or noise"):
        trained(task, replace(start, populations=(start.populations[0], quiet)))


def test_a_network_without_synapses_has_nothing_to_rewire(task):
    start = reservoir()
    with pytest.raises(
        ValueError, match=r"rewiring.projections = None: the network has no synapses between spiking neurons to rewire"
    ):
        trained(task, replace(start, projections=start.projections[:1]))


def test_links_of_a_neuron_to_itself_are_refused(task):
    start = reservoir()
    looped = start.projections[1].weights.tolil()
    looped[3, 3] = looped[5, 5] = 0.1
    parts = (start.projections[0], relinked(start.projections[1], looped.tocsr()), *start.projections[2:])
    with pytest.raises(
        ValueError, match=r"'exc_exc' has 2 self-links; links are regrown between different neurons, so leave them out"
    ):
        trained(task, replace(start, projections=parts))


def test_neurons_that_nothing_leads_to_are_refused(task):
    start = reservoir()
    cut = start.projections[2].weights.toarray()
    cut[:, 3] = 0
    parts = (
        *start.projections[:2],
        relinked(start.projections[2], sparse.csr_array(cut)),
        start.projections[3],
    )
    with pytest.raises(TopologyError, match=r"1 of 10 neurons of 'inh' cannot be reached from the input, the first is 3; give"):
        trained(task, replace(start, projections=parts))


def test_a_full_projection_has_no_room(task):
    start = reservoir()
    full = sparse.csr_array(np.full((40, 10), 0.01))
    parts = (*start.projections[:2], replace(start.projections[2], links=full), start.projections[3])
    end = trained(task, replace(start, projections=parts), regrowth="random").network
    assert end.projections[2].n_synapses == 400  # what went is all there is room for


def test_copies_of_trials_that_are_scored_are_not_fitted(task):
    fitted, judged = _parts(replace(task, copies=1), None, 0.34)
    np.testing.assert_array_equal(fitted.values, task.train.values[:2])
    np.testing.assert_array_equal(judged.values, task.train.values[2:3])
    with pytest.raises(ValueError, match="n_trials = 4: the task has 3 training trials"):
        _parts(replace(task, copies=1), 4, 0.34)
