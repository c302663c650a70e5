"""S-SWIM: forecasting, classification, deeper networks, gradient training from the sampled start, and refusals."""

import os
from dataclasses import replace

import numpy as np
import pytest
from brian2 import second
from scipy import sparse

from bioworkbench.discrete.spike_response import spike_response
from bioworkbench.discrete.spike_response_layers import simulate_spike_response
from bioworkbench.methods import s_swim
from bioworkbench.readout.features import FEATURES
from bioworkbench.readout.fitting import linear_problem
from bioworkbench.readout.metrics import accuracy, rse
from bioworkbench.readout.trials import blocked_predictions
from bioworkbench.records.background import Background
from bioworkbench.records.choice import Choice
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.simulation import simulate as simulate_in_brian2
from bioworkbench.tasks import Task, Trials
from bioworkbench.tasks.time_series import etth1
from bioworkbench.weights.from_pairs import PairSampling
from tests.methods.grouped import grouped

FRAME, PER_FRAME = 0.004, 4


def start(n_channels, *sizes, **more):
    populations, projections, below, width = [], [], "input", n_channels
    for k, size in enumerate(sizes):
        populations.append(Population(f"layer{k}", size, spike_response(sigma=2.0, **more)))
        projections.append(Projection(below, f"layer{k}", sparse.csr_array(np.ones((width, size)))))
        below, width = f"layer{k}", size
    return Network(tuple(populations), tuple(projections))


def simulate(network, stimulus, seed):
    return simulate_spike_response(network, stimulus, seed, dt=FRAME / PER_FRAME)


PAIRS = PairSampling(bundle=4, n_candidates=2000)


def encode(values):
    return Stimulus(values, FRAME)


def task_of(kind="regression", n=400, per_frame=False, validation=True):
    """Phase of a noisy oscillation: its sine and cosine later on, or its quadrant."""
    rng = np.random.default_rng(7)
    phase = rng.uniform(0, 2 * np.pi, n)
    time = np.arange(5) * 0.5
    values = np.stack([np.sin(phase[:, None] + time), np.cos(phase[:, None] + time)], axis=2)
    values += 0.1 * rng.standard_normal(values.shape)
    if kind == "classification":
        targets = (phase // (np.pi / 2)).astype(int)
    elif per_frame:
        targets = np.stack([np.sin(2 * phase[:, None] + time), np.cos(phase[:, None] + time)], axis=2)
    else:
        targets = np.stack([np.sin(2 * phase), np.cos(phase + 1)], axis=1)
    cut = [Trials(values[part], targets[part]) for part in (slice(0, n // 2), slice(n // 2, 3 * n // 4), slice(3 * n // 4, n))]
    held_out = cut[1] if validation else None
    n_outputs = 4 if kind == "classification" else 2
    return Task("phase", kind, cut[0], cut[2], held_out, n_outputs, encode, "made", washout=1 if per_frame else 0)


def predictions(task, trained):
    recording = simulate(trained.network, task.encode(task.test.values), 0)
    arguments = {"populations": list(recording.spikes), **trained.feature.arguments}
    return trained.readout.predictions(FEATURES[trained.feature.kind](recording, **arguments))


def linear_task(n=400):
    """Ten independent values, and a target that is linear in them."""
    rng = np.random.default_rng(7)
    values = rng.standard_normal((n, 5, 2))
    targets = values.reshape(n, -1) @ rng.standard_normal((10, 1))
    train, held_out, test = (Trials(values[part], targets[part]) for part in (slice(0, 200), slice(200, 300), slice(300, n)))
    return Task("linear", "regression", train, test, held_out, 1, encode, "made")


def trained_on(task, *sizes, seed=0, **settings):
    given = {"n_candidates": 2000, "n_groups": 4} | settings
    return s_swim.train(task, start(2, *sizes), simulate, np.random.default_rng(seed), **grouped(s_swim.train, given))


@pytest.mark.parametrize("sampling", ["pairs", "uniform", "isotropic", "random"])
def test_forecasts_what_a_linear_readout_cannot(sampling):
    """sin(2 phase) is not a linear function of the values, so that no linear readout of them gets below 0.7 (half the variance)."""
    task = task_of()
    trained = trained_on(task, 60, sampling=sampling)
    assert rse(predictions(task, trained), task.test.targets) < 0.4
    assert set(trained.history) == {"rate", "n_effective_pairs", "penalty", "validation_error", "condition"}
    assert 0 < trained.history["rate"][0] < 1
    assert trained.history["condition"][1] <= trained.history["condition"][0]


def test_classifies():
    task = task_of("classification")
    assert accuracy(predictions(task, trained_on(task, 60)), task.test.targets) > 0.8


def test_targets_per_frame_without_the_washout():
    task = task_of(per_frame=True)
    found = predictions(task, trained_on(task, 60))
    assert found.shape == task.test.targets.shape
    assert rse(found[:, 1:], task.test.targets[:, 1:]) < 0.7


def test_two_layers_and_no_validation_part():
    task = task_of(validation=False)
    trained = trained_on(task, 50, 30)
    assert trained.history["rate"].shape == (2,)
    assert (trained.history["rate"] > 0).all()
    assert rse(predictions(task, trained), task.test.targets) < 0.7


def test_a_linear_path_beside_the_spikes_takes_over_what_is_linear():
    """The readout of both is far closer than that of the spikes alone, and predicts through `blocked_predictions`."""
    task = linear_task()
    alone, both = (trained_on(task, 40, skip=skip) for skip in (False, True))
    assert both.skip
    assert both.readout.coefficients.shape == (5 * 40 + 5 * 2, 1)
    found = [blocked_predictions(t, task.encode, task.test.values, simulate, 0, block=30) for t in (alone, both)]
    errors = [rse(predicted, task.test.targets) for predicted in found]
    assert errors[1] < 0.3 * errors[0]
    np.testing.assert_array_equal(alone.network.projections[0].weights.data, both.network.projections[0].weights.data)


def test_a_linear_path_of_targets_per_frame_sees_the_same_frame():
    task = task_of(per_frame=True)
    trained = trained_on(task, 30, skip=True)
    assert trained.readout.coefficients.shape == (30 + 2, 2)
    with pytest.raises(
        ValueError, match="features are read 1 times per trial and the input has 5 frames; a readout that sees both"
    ):
        trained_on(task, 30, skip=True, feature=Choice("binned_counts", {"bin": 5 * FRAME, "per_frame": True}))


def test_brian2_gives_the_same_spikes_as_the_twin():
    task = task_of(n=80)
    trained = trained_on(task, 12, 8, tau_max=3)
    stimulus = task.encode(task.test.values)
    twin = simulate(trained.network, stimulus, 0)
    recording = simulate_in_brian2(trained.network, stimulus, 0, dt=FRAME / PER_FRAME, backend="numpy")
    for name in ("layer0", "layer1"):
        assert len(twin.spikes[name]) > 0
        np.testing.assert_array_equal(recording.raster(name), twin.raster(name))


def test_same_generator_same_network_and_another_seed_another():
    task = task_of()
    one, two, three = (trained_on(task, 20, seed=seed) for seed in (1, 1, 2))
    for a, b in (
        (one.network.projections[0].weights.data, two.network.projections[0].weights.data),
        (one.readout.coefficients, two.readout.coefficients),
    ):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(one.network.projections[0].weights.data, three.network.projections[0].weights.data)


def test_start_network_is_not_changed():
    network, task = start(2, 10), task_of()
    s_swim.train(task, network, simulate, np.random.default_rng(0), pairs=PairSampling(bundle=4, n_candidates=100))
    assert (network.projections[0].weights.data == 1).all()


def test_a_feature_can_be_named():
    task = task_of()
    trained = trained_on(task, 20, feature=Choice("spike_counts"))
    assert trained.readout.coefficients.shape == (20, 2)


@pytest.mark.thorough
def test_gradient_training_starts_from_the_sampled_network_and_lowers_the_error():
    """With the linear path, whose coefficients are trained too; the slow test below has none."""
    task = task_of()
    sampled = trained_on(task, 30, skip=True)
    refined = trained_on(task, 30, skip=True, epochs=30, learning_rate=3e-3, batch_size=50)
    assert refined.history["loss"].shape == (30,)
    assert refined.history["loss"][-1] < 0.8 * refined.history["loss"][0]
    assert -refined.history["score"].max() <= sampled.history["validation_error"].min()
    assert refined.history["validation_error"].min() < sampled.history["validation_error"].min()
    found = blocked_predictions(refined, task.encode, task.test.values, simulate, 0)
    assert rse(found, task.test.targets) < 0.4


def test_gradient_training_reads_the_filter_that_is_given():
    feature = Choice("filtered_spikes", {"tau": 2 * FRAME * second, "every": FRAME * second})
    refined = trained_on(task_of(n=80), 12, feature=feature, epochs=1, learning_rate=1e-9, batch_size=40)
    assert -refined.history["score"][0] == pytest.approx(refined.history["validation_error"].min(), rel=1e-3)


@pytest.mark.parametrize("tau_max", [0, 5])
def test_gradient_training_sees_the_network_that_was_sampled(tau_max):
    """Input delays included: before anything is learned, the error is that of the readout which was solved for."""
    refined = trained_on(task_of(n=80), 12, tau_max=tau_max, epochs=1, learning_rate=1e-9, batch_size=40)
    assert -refined.history["score"][0] == pytest.approx(refined.history["validation_error"].min(), rel=1e-3)


def test_gradient_training_without_the_solution_starts_from_zeros():
    """Intercepts included, which the solution has for coefficients that are gone: the first error is the mean square of the targets."""
    task = task_of(n=80)
    refined = trained_on(task, 12, epochs=1, learning_rate=1e-9, batch_size=40, solve_first=False)
    assert -refined.history["score"][0] == pytest.approx((task.validation.targets**2).mean(), rel=1e-4)


@pytest.mark.slow
def test_gradient_training_without_the_solution_starts_higher():
    first = [trained_on(task_of(), 20, epochs=1, batch_size=50, solve_first=s).history["loss"][0] for s in (True, False)]
    assert first[1] > 2 * first[0]


def test_ridge_satisfies_the_normal_equations_and_meets_least_squares():
    rng = np.random.default_rng(0)
    features, targets = rng.normal(size=(60, 5)) + 3, rng.normal(size=(60, 2))
    problem = linear_problem(features, targets)
    for penalty in (1e-12, 0.3):
        readout, _ = s_swim._ridge(problem, features, targets, [penalty])
        z = problem.standardized()
        scaled = readout.coefficients * problem.scale[:, None]
        residual = targets - readout.outputs(features)
        np.testing.assert_allclose(z.T @ residual, 60 * penalty * scaled, atol=1e-9)
        np.testing.assert_allclose(residual.mean(axis=0), 0, atol=1e-12)  # the intercept is not penalized
    readout, history = s_swim._ridge(problem, features, targets, [1e-14])
    expected = np.linalg.lstsq(np.c_[features, np.ones(60)], targets, rcond=None)[0]
    np.testing.assert_allclose(readout.coefficients, expected[:-1], atol=1e-9)
    assert history["condition"][0] == pytest.approx(np.linalg.cond(problem.standardized()) ** 2)


def test_ridge_with_fewer_trials_than_features_is_the_same():
    rng = np.random.default_rng(0)
    features, targets = rng.normal(size=(20, 35)), rng.normal(size=(20, 1))
    problem = linear_problem(features, targets)
    readout, _ = s_swim._ridge(problem, features, targets, [0.1])
    z = problem.standardized()
    wanted = np.linalg.solve(z.T @ z + 20 * 0.1 * np.eye(35), z.T @ (targets - targets.mean(axis=0)))
    np.testing.assert_allclose(readout.coefficients * problem.scale[:, None], wanted, atol=1e-10)


def test_settings_and_tasks_that_cannot_work_are_refused():
    task = task_of(n=80)
    with pytest.raises(ValueError, match=r"penalties = \[\]: give at least one number"):
        trained_on(task, 5, penalties=[])
    with pytest.raises(ValueError, match=r"epochs = 2: gradient training needs one hidden population.*; there are 2"):
        trained_on(task, 5, 5, epochs=2)
    with pytest.raises(ValueError, match="all training trials of task 'phase' have the same values, 1 first"):
        trained_on(replace(task, train=Trials(np.ones((40, 5, 2)), task.train.targets)), 5)
    with pytest.raises(ValueError, match="task 'phase' has 1 training trial; at least two with different targets"):
        trained_on(replace(task, train=task.train.take(np.arange(1)), validation=None), 5)
    with pytest.raises(ValueError, match="population 'layer0' never spikes"):
        trained_on(task, 5, offset=-100.0)
    one_class = task_of("classification")
    one_class = replace(one_class, train=Trials(one_class.train.values, np.zeros(200, dtype=int)))
    with pytest.raises(ValueError, match="all training targets of task 'phase' are 0; at least two different ones are needed"):
        trained_on(one_class, 5)


def never(network, stimulus, seed):
    raise AssertionError("nothing must be simulated")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"refinement.batch_size": 500}, "batch_size = 500 exceeds the 40 training trials"),
        (
            {"feature": Choice("filtered_spikes", {"tau": FRAME})},
            "'filtered_spikes' and every = None: gradient training reads the spikes at the end of every frame; set every to 0.004 s",
        ),
        (
            {"feature": Choice("filtered_spikes", {"tau": FRAME, "every": 2 * FRAME})},
            "and every = 0.008: gradient training reads",
        ),
        ({"feature": Choice("spike_counts")}, r"refinement.epochs = 2: .*; there are 1 and 'spike_counts'"),
    ],
)
def test_gradient_training_that_cannot_follow_is_refused_before_the_sampling(settings, words):
    given = grouped(s_swim.train, {"refinement.epochs": 2, **settings})
    with pytest.raises(ValueError, match=words):
        s_swim.train(task_of(n=80), start(2, 5), never, np.random.default_rng(0), **given)


def test_gradient_training_refuses_input_that_it_does_not_see():
    network, given = start(2, 5), grouped(s_swim.train, {"refinement.epochs": 2, "refinement.batch_size": 20})
    fed = replace(network, populations=(replace(network.populations[0], background=(Background("received", 1, 10.0, 1.0),)),))
    with pytest.raises(ValueError, match="populations layer0 have background input"):
        s_swim.train(task_of(n=80), fed, never, np.random.default_rng(0), **given)


@pytest.mark.parametrize(("threshold", "words"), [(2.0, "2.0"), (None, "None")])
def test_thresholds_that_would_be_replaced_are_refused(threshold, words):
    with pytest.raises(
        ValueError, match=rf"population 'layer0' has threshold = {words}; neurons are sampled for 1, so leave it out"
    ):
        s_swim.train(task_of(n=80), start(2, 5, threshold=threshold), simulate, np.random.default_rng(0), pairs=PAIRS)


@pytest.mark.parametrize("tau_max", [4 * 5 - 1, 100])
def test_input_that_comes_too_late_is_refused(tau_max):
    """Five frames of four steps; input acts a step later at the soonest."""
    trained_on(task_of(n=80), 5, tau_max=4 * 5 - 2)
    with pytest.raises(ValueError, match=rf"times.tau_max = {tau_max} with trials of 20 steps.*; let frames last longer"):
        trained_on(task_of(n=80), 5, tau_max=tau_max)


def test_classes_of_the_last_fifth_alone_are_named():
    """It validates where the task has no validation part; trials that are sorted by class leave nothing to learn the last from."""
    task = task_of("classification")
    others, last = (np.flatnonzero((task.train.targets == 3) == rare) for rare in (False, True))
    order = np.concatenate([others, last[:10]])
    with pytest.raises(ValueError, match=r"classes \[3\] have no trial in the first four fifths .*; mix the trials"):
        trained_on(replace(task, train=task.train.take(order), validation=None), 5)
    with pytest.raises(ValueError, match="has 2 training trials and no validation part; at least three are needed"):
        trained_on(replace(task, train=task.train.take([0, order[-1]]), test=task.test.take([0]), validation=None), 5)


def test_windows_that_validate_share_no_targets_with_those_before():
    task = replace(task_of(n=80, validation=False), shared=4)
    kept, held_out = s_swim._parts(task)
    assert np.array_equal(kept.values, task.train.values[:28])
    assert np.array_equal(held_out.values, task.train.values[32:])
    with pytest.raises(ValueError, match="at least three are needed, of which the last validates, and 40 more before it"):
        s_swim._parts(replace(task, shared=40))


def test_copies_of_trials_that_validate_are_not_trained_on():
    task = replace(task_of(n=80, validation=False), copies=1)
    kept, held_out = s_swim._parts(task)
    values = task.train.values
    np.testing.assert_array_equal(kept.values, np.concatenate([values[:16], values[20:36]]))
    np.testing.assert_array_equal(held_out.values, values[16:20])


def test_an_interrupted_refinement_ends_where_an_uninterrupted_one_does(tmp_path):
    settings = {"refinement.epochs": 3, "refinement.batch_size": 20}
    path = str(tmp_path / "run.npz")
    trained = [trained_on(task_of(n=80), 5, **settings, **more) for more in ({}, {"refinement.checkpoint": path})]
    again = trained_on(task_of(n=80), 5, **settings, **{"refinement.checkpoint": path})
    assert (tmp_path / "run.npz").exists()
    for one in (trained[1], again):
        np.testing.assert_array_equal(one.readout.coefficients, trained[0].readout.coefficients)


@pytest.mark.thorough
@pytest.mark.skipif("BIOWORKBENCH_DATA" not in os.environ, reason="ETTh1 needs BIOWORKBENCH_DATA")
def test_runs_on_etth1():
    task = etth1(np.random.default_rng(0), stride=40, relative=True)
    task = replace(task, encode=lambda values: Stimulus(values.reshape(len(values), 4, -1), FRAME))
    trained = s_swim.train(
        task,
        start(168, 40),
        simulate,
        np.random.default_rng(0),
        pairs=PAIRS,
    )
    assert rse(predictions(task, trained), task.test.targets) < 0.75
