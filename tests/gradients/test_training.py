"""The optimizer loop: it learns, masks hold, and an interrupted run ends where an uninterrupted one does."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from bioworkbench.gradients.training import (
    OPTIMIZERS,
    SCHEDULES,
    Batches,
    DivergenceError,
    State,
    cross_entropy,
    fit,
)
from bioworkbench.records.optimization import Optimization

INPUTS = np.random.default_rng(0).normal(size=(64, 3)).astype(np.float32)
TARGETS = (INPUTS @ np.array([[1.0], [-2.0], [0.5]])).astype(np.float32)
BATCHES = Batches(INPUTS, TARGETS, seed=5)


def _squared_error(outputs, targets):
    return 0.5 * jnp.mean((outputs - targets) ** 2)


def _loss(parameters, fixed, batch, key):
    noise = 0.01 * jax.random.normal(key, batch[0].shape)
    return _squared_error((batch[0] + noise) @ parameters["w"], batch[1])


def _start(**fixed):
    return State({"w": jnp.zeros((3, 1))}, fixed)


def test_a_loss_by_hand():
    assert float(cross_entropy(jnp.zeros((2, 4)), jnp.array([0, 3]))) == pytest.approx(np.log(4))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_it_learns_a_linear_map(optimizer, schedule):
    settings = Optimization(60, 16, learning_rate=0.05, optimizer=optimizer, schedule=schedule)
    state, history = fit(_loss, _start(), BATCHES, settings)
    np.testing.assert_allclose(state.parameters["w"].ravel(), [1, -2, 0.5], atol=0.05)
    assert history["loss"].shape == history["seconds"].shape == (60,)
    assert history["loss"][-1] < 1e-2 * history["loss"][0]


def test_masked_parameters_stay_at_zero_under_momentum_and_decay():
    masks = {"w": jnp.array([[1.0], [0.0], [1.0]])}
    for optimizer in OPTIMIZERS:
        settings = Optimization(5, 16, learning_rate=0.1, optimizer=optimizer, weight_decay=0.1)
        state, _ = fit(_loss, _start(masks=masks), BATCHES, settings)
        assert float(state.parameters["w"][1, 0]) == 0.0
        assert float(jnp.abs(state.parameters["w"][0, 0])) > 0


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_weight_decay_is_per_update_and_unit_of_the_learning_rate(optimizer):
    settings = Optimization(5, 16, learning_rate=0.1, optimizer=optimizer, schedule="constant", weight_decay=0.05)
    start = State({"w": jnp.ones((3, 1))})
    state, _ = fit(lambda parameters, fixed, batch, key: 0.0 * parameters["w"].sum(), start, BATCHES, settings)
    n_updates = 5 * (len(BATCHES.inputs) // 16)
    np.testing.assert_allclose(state.parameters["w"], (1 - 0.1 * 0.05) ** n_updates, rtol=1e-5)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_weights_alone_decay(optimizer):
    """Of the trees of all trainings: layers, readouts, batch norm, noise."""
    weights = {"layers": [{"weights": 1.0, "recurrent": 1.0}], "coefficients": 1.0, "skip": 1.0}
    others = {"layers": [{"bias": 1.0, "scale": 1.0}], "intercepts": 1.0, "log_deviation": 1.0}
    start = {**weights, **others, "layers": [weights["layers"][0] | others["layers"][0]]}
    settings = Optimization(1, 64, learning_rate=0.1, optimizer=optimizer, schedule="constant", weight_decay=0.05)
    loss = lambda parameters, fixed, batch, key: 0.0 * parameters["coefficients"]  # noqa: E731
    found = fit(loss, State(jax.tree.map(jnp.asarray, start)), BATCHES, settings)[0].parameters
    flat = {**found, **found["layers"][0]}
    assert {name for name in flat if name != "layers" and float(flat[name]) < 1} == {
        "weights",
        "recurrent",
        "coefficients",
        "skip",
    }


def test_moving_average_is_what_comes_back():
    still = fit(_loss, _start(), BATCHES, Optimization(3, 16, learning_rate=0.1))[0]
    averaged = fit(_loss, _start(), BATCHES, Optimization(3, 16, learning_rate=0.1, average=0.99))[0]
    assert np.abs(averaged.parameters["w"]).sum() < np.abs(still.parameters["w"]).sum()


def test_best_epoch_comes_back_and_patience_ends_the_run():
    scores = iter([0.1, 0.9, 0.5, 0.4, 0.3, 0.2])
    seen = []

    def score(parameters, fixed):
        seen.append(float(parameters["w"][0, 0]))
        return next(scores)

    state, history = fit(_loss, _start(), BATCHES, Optimization(6, 16, patience=2), score=score)
    assert history["score"].tolist() == [0.1, 0.9, 0.5, 0.4]
    assert float(state.parameters["w"][0, 0]) == seen[1]


def test_patience_needs_a_score():
    with pytest.raises(ValueError, match="patience = 2: nothing is scored without validation trials"):
        fit(_loss, _start(), BATCHES, Optimization(6, 16, patience=2))


@pytest.mark.parametrize("bad", [np.nan, -np.inf, np.inf])
def test_a_score_that_is_no_number_ends_the_run(bad):
    """Else no epoch would be the best, and what comes back would be the start."""
    scores = iter([0.1, bad])
    with pytest.raises(DivergenceError, match=rf"the validation score is {bad} after epoch 1; lower") as caught:
        fit(_loss, _start(), BATCHES, Optimization(3, 16), score=lambda p, f: next(scores))
    assert np.isfinite(caught.value.state.parameters["w"]).all()


@pytest.mark.thorough
def test_keep_last_returns_the_last():
    scores = iter([0.9, 0.1])
    state, _ = fit(_loss, _start(), BATCHES, Optimization(2, 16, keep="last"), score=lambda p, f: next(scores))
    again, _ = fit(_loss, _start(), BATCHES, Optimization(2, 16))
    np.testing.assert_array_equal(state.parameters["w"], again.parameters["w"])


def _between(epoch, state):
    if epoch == 3:
        mask = {"w": jnp.array([[1.0], [1.0], [0.0]])}
        return State(optax.tree_utils.tree_mul(state.parameters, mask), {"masks": mask}, state.optimizer, state.average), {
            "links": 2
        }
    return state, {"links": float(state.fixed["masks"]["w"].sum())}


class _StopError(Exception):
    pass


def test_interrupted_run_ends_where_an_uninterrupted_one_does(tmp_path):
    settings = Optimization(7, 16, learning_rate=0.05, average=0.9)
    full = jnp.ones((3, 1))
    whole, history = fit(_loss, _start(masks={"w": full}), BATCHES, settings, score=lambda p, f: 0.0, between=_between)

    def stopping(epoch, state):
        if epoch == 4:
            raise _StopError
        return _between(epoch, state)

    path = tmp_path / "run.npz"
    with pytest.raises(_StopError, match=""):
        fit(_loss, _start(masks={"w": full}), BATCHES, settings, score=lambda p, f: 0.0, between=stopping, path=path)
    resumed, again = fit(_loss, _start(masks={"w": full}), BATCHES, settings, score=lambda p, f: 0.0, between=_between, path=path)
    np.testing.assert_array_equal(whole.parameters["w"], resumed.parameters["w"])
    np.testing.assert_array_equal(history["loss"], again["loss"])
    np.testing.assert_array_equal(history["links"], again["links"])
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]


def _with_input(value):
    other = INPUTS.copy()
    other[3] = value
    return other


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"batches": Batches(INPUTS, TARGETS, seed=6)}, "holds a training with seed = 5, and 6 is asked for"),
        ({"batches": Batches(_with_input(9.0), TARGETS, seed=5)}, "another network or other trials"),
        ({"state": State({"w": jnp.zeros((3, 2))})}, "another network"),
        ({"state": State({"w": jnp.full((3, 1), 0.1)})}, "another network or other trials"),
        ({"state": State({"w": jnp.zeros((3, 1))}, {"noise": jnp.ones(1)})}, "another network or other trials"),
        ({"settings": Optimization(2, 16)}, "optimization.epochs = 1, and 2 is asked for"),
        ({"settings": Optimization(1, 16, learning_rate=0.5)}, "optimization.learning_rate = 0.001, and 0.5 is asked for"),
        ({"told": {"sparsity": "0.5"}}, "holds a training with sparsity = None, and 0.5 is asked for"),
    ],
)
def test_file_of_another_run_is_refused(tmp_path, changes, words):
    """Else a changed setting would give back the old result, without a word."""

    def run(batches=BATCHES, state=None, settings=Optimization(1, 16), told=None):  # noqa: B008
        return fit(_loss, state or _start(), batches, settings, path=tmp_path / "run.npz", told=told)

    run()
    with pytest.raises(ValueError, match=words):
        run(**changes)


def test_diverging_run_names_the_update_and_keeps_the_last_good_state(tmp_path):
    def loss(parameters, fixed, batch, key):
        return jnp.where(jnp.abs(parameters["w"][0, 0]) > 0.15, jnp.nan, _loss(parameters, fixed, batch, key))

    path = tmp_path / "run.npz"
    with pytest.raises(DivergenceError, match="the loss is nan at update 0 of epoch 1; lower") as caught:
        fit(loss, _start(), BATCHES, Optimization(5, 16, learning_rate=0.05, schedule="constant"), path=path)
    kept = np.asarray(caught.value.state.parameters["w"])
    assert np.isfinite(kept).all()
    with np.load(path) as saved:
        np.testing.assert_array_equal(saved["leaf_0"], kept)


def test_inputs_are_prepared_anew_for_each_batch():
    seen = []

    def loss(parameters, fixed, batch, key):
        (inputs, drawn), targets = batch
        return _squared_error(inputs @ parameters["w"], targets) + 0 * drawn

    def prepare(inputs, key):
        drawn = jax.random.uniform(key)
        jax.debug.callback(lambda value: seen.append(float(value)), drawn)
        return inputs, drawn

    settings = Optimization(2, 16, learning_rate=0.05)
    plain = fit(_plain, _start(), BATCHES, settings)[0].parameters["w"]
    prepared = fit(loss, _start(), Batches(INPUTS, TARGETS, 5, prepare), settings)[0].parameters["w"]
    np.testing.assert_allclose(plain, prepared, rtol=1e-6)
    assert len(set(seen)) == 8


def _plain(parameters, fixed, batch, key):
    return _squared_error(batch[0] @ parameters["w"], batch[1])


@pytest.mark.thorough
def test_same_seed_same_result_and_another_seed_another():
    settings = Optimization(2, 16)
    first, again = (fit(_loss, _start(), BATCHES, settings)[0].parameters["w"] for _ in range(2))
    other = fit(_loss, _start(), Batches(INPUTS, TARGETS, seed=6), settings)[0].parameters["w"]
    np.testing.assert_array_equal(first, again)
    assert (np.asarray(first) != np.asarray(other)).any()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"epochs": 0}, "epochs = 0: must be an integer, 1 or more"),
        ({"learning_rate": -1.0}, "learning_rate = -1.0"),
        ({"weight_decay": -1.0}, "weight_decay = -1.0"),
        ({"average": 1.5}, "average = 1.5"),
        ({"optimizer": "adan"}, "'adan' is not an optimizer; did you mean 'adam'"),
        ({"schedule": "step"}, "'step' is not a schedule"),
        ({"keep": "first"}, "'first' is not a keep"),
        ({"patience": 0}, "patience = 0"),
    ],
)
def test_settings_refuse_bad_values(arguments, words):
    with pytest.raises(ValueError, match=words):
        Optimization(**({"epochs": 1} | arguments))


def test_something_must_be_minimized():
    with pytest.raises(ValueError, match="loss = None and gradient = None: training needs a loss"):
        fit(None, _start(), BATCHES, Optimization(1, 16))


def test_a_gradient_may_take_the_place_of_the_loss():
    settings, given = Optimization(2, 16, average=0.5), jax.jit(jax.value_and_grad(_loss))
    derived, own = fit(_loss, _start(), BATCHES, settings), fit(None, _start(), BATCHES, settings, gradient=given)
    np.testing.assert_allclose(derived[0].parameters["w"], own[0].parameters["w"], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(derived[1]["loss"], own[1]["loss"], rtol=1e-5)


def test_batches_refuse_what_does_not_fit():
    with pytest.raises(ValueError, match="64 inputs and 3 targets"):
        Batches(INPUTS, TARGETS[:3], seed=0)
    with pytest.raises(ValueError, match="batch_size = 65 exceeds the 64 training trials"):
        fit(_loss, _start(), BATCHES, Optimization(1, 65))
