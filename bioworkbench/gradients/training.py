"""Optimizer loop: mini-batches, schedules, validation, and runs that can be interrupted and resumed with the same result."""

import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from bioworkbench.records.arrays import Floats
from bioworkbench.records.checkpoints import moments_of, read_checkpoint, told_settings, write_checkpoint
from bioworkbench.records.history import SCORE
from bioworkbench.records.optimization import Optimization

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "Batches",
    "DivergenceError",
    "Gradient",
    "Prepare",
    "State",
    "cross_entropy",
    "fit",
]

Tree = Any
Loss = Callable[[Tree, Tree, Any, jax.Array], jax.Array]
"""``loss(parameters, fixed, (inputs, targets), key)``: a number; inputs as `Batches.prepare` leaves them."""
Gradient = Callable[[Tree, Tree, Any, jax.Array], tuple[Any, Tree]]
"""``gradient(parameters, fixed, (inputs, targets), key)``: the loss and its gradient, where JAX is not to derive it."""
Prepare = Callable[[jax.Array, jax.Array], Tree]
"""``prepare(inputs, key)``: the inputs of a batch, changed at random or with random numbers added."""


def cross_entropy(outputs: jax.Array, labels: jax.Array) -> jax.Array:
    """Mean cross-entropy of softmax of `outputs` (n, n_classes) against `labels` (n,)."""
    return optax.softmax_cross_entropy_with_integer_labels(outputs, labels).mean()


SCHEDULES: dict[str, Callable[[float, int], optax.Schedule]] = {
    "constant": lambda rate, n: optax.constant_schedule(rate),
    "linear": lambda rate, n: optax.linear_schedule(rate, 0.01 * rate, n),
    "cosine": lambda rate, n: optax.cosine_decay_schedule(rate, n, alpha=0.001),
}
"""Learning rate over n updates, by name; "linear" ends at 1 % and "cosine" at 0.1 % of the start."""

_OFFSETS = frozenset({"bias", "intercepts", "log_deviation", "scale"})


def _decays(parameters: Tree) -> Tree:
    """Which parameters decay: weights, wherever they are; biases, scales and a deviation of noise have no reason to be small."""
    return jax.tree_util.tree_map_with_path(
        lambda path, _: _OFFSETS.isdisjoint(getattr(key, "key", None) for key in path), parameters
    )


OPTIMIZERS: dict[str, Callable[[optax.Schedule, float], optax.GradientTransformation]] = {
    "adam": lambda rate, decay: optax.adamw(rate, weight_decay=decay, mask=_decays),
    # decay comes behind momentum, which would repeat it ten times
    "sgd": lambda rate, decay: optax.chain(
        optax.trace(0.9), optax.add_decayed_weights(decay, _decays), optax.scale_by_learning_rate(rate)
    ),
}
"""Optimizers by name; "sgd" has momentum 0.9."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class State:
    """What training changes: everything here is saved and restored.

    Parameters
    ----------
    parameters : tree of arrays
        What the gradient moves.
    fixed : dict of trees
        What only `between` changes. A tree ``"masks"``, shaped as the parameters, keeps masked-out parameters at 0; where a leaf
        is a plain 1.0 nothing is masked.
    optimizer : tree of arrays
        Moments of the optimizer; None before the first epoch.
    average : tree, as parameters
        Moving average of the parameters; None before the first epoch.
    """

    parameters: Tree
    fixed: dict[str, Tree] = field(default_factory=dict)
    optimizer: Tree = None
    average: Tree = None


class DivergenceError(ArithmeticError):
    """The loss, or the validation score, is not finite; `state` is that before the update, or the epoch, in which it happened."""

    def __init__(self, message: str, state: State) -> None:
        super().__init__(message)
        self.state = state


@dataclass(frozen=True)
class Batches:
    """Training set, and the seed of its shuffling.

    Parameters
    ----------
    inputs : array (n, ...)
    targets : array (n, ...)
    seed : int
        Orders and keys of epoch e follow from (seed, e) alone, which is what makes a resumed run equal an uninterrupted one.
    prepare : callable ``(inputs, key) -> tree``, optional
        What the loss gets as inputs of a batch; compiled apart from the loss.
    """

    inputs: np.ndarray
    targets: np.ndarray
    seed: int
    prepare: Prepare | None = None

    def __post_init__(self) -> None:
        if len(self.inputs) != len(self.targets):
            raise ValueError(f"{len(self.inputs)} inputs and {len(self.targets)} targets; there must be one target per input")

    def epoch(self, epoch: int, size: int) -> tuple[np.ndarray, jax.Array]:
        """Order and random key of an epoch.

        Parameters
        ----------
        epoch : int
            Its number.
        size : int
            Of a batch.

        Returns
        -------
        indices : int array (n_batches, size)
        key : JAX random key
        """
        if len(self.inputs) < size:
            raise ValueError(f"batch_size = {size} exceeds the {len(self.inputs)} training trials; choose a smaller one")
        rng = np.random.default_rng([self.seed, epoch])
        n_batches = len(self.inputs) // size
        order = rng.permutation(len(self.inputs))[: n_batches * size].reshape(n_batches, size)
        return order, jax.random.key(int(rng.integers(2**31)))


def _masked(tree: Tree, masks: Tree) -> Tree:
    return tree if masks is None else jax.tree.map(lambda leaf, mask: leaf * mask, tree, masks)


def _update(derive: Gradient, optimizer: optax.GradientTransformation, average: float, *, compiled: bool) -> Callable:
    """Function ``(state, batch, key) -> (state, loss)``, compiled whole or but for `derive`."""

    def moved(state: State, slope: Tree) -> State:
        masks = state.fixed.get("masks")
        changes, moments = optimizer.update(_masked(slope, masks), state.optimizer, state.parameters)
        parameters = optax.apply_updates(state.parameters, _masked(changes, masks))
        mean = jax.tree.map(lambda old, new: average * old + (1 - average) * new, state.average, parameters)
        return State(parameters, state.fixed, moments, mean)

    move = moved if compiled else jax.jit(moved)

    def update(state: State, batch: Tree, key: jax.Array) -> tuple[State, Any]:
        value, slope = derive(state.parameters, state.fixed, batch, key)
        return move(state, slope), value

    return jax.jit(update) if compiled else update


def _chosen_update(
    loss: Loss | None, gradient: Gradient | None, optimizer: optax.GradientTransformation, average: float
) -> Callable:
    if gradient is not None:
        return _update(gradient, optimizer, average, compiled=False)
    if loss is None:
        raise ValueError("loss = None and gradient = None: training needs a loss, or a function that gives loss and gradient")
    return _update(jax.value_and_grad(loss), optimizer, average, compiled=True)


@dataclass
class _Run:
    """Where a run stands; saved between epochs."""

    state: State
    best: Tree
    best_score: float = -math.inf
    best_epoch: int = -1
    epoch: int = 0
    history: dict[str, list[float]] = field(default_factory=dict)

    def note(self, values: dict[str, float]) -> None:
        for name, value in values.items():
            self.history.setdefault(name, []).append(float(value))

    def stalled(self, patience: int | None) -> bool:
        return patience is not None and self.epoch - self.best_epoch > patience and self.best_epoch >= 0


def fit(
    loss: Loss | None,
    state: State,
    batches: Batches,
    settings: Optimization,
    *,
    gradient: Gradient | None = None,
    score: Callable[[Tree, Tree], float] | None = None,
    between: Callable[[int, State], tuple[State, dict[str, float]]] | None = None,
    path: str | os.PathLike | None = None,
    told: Mapping[str, str] | None = None,
) -> tuple[State, dict[str, np.ndarray]]:
    """Minimize a loss by stochastic gradient descent.

    Parameters
    ----------
    loss : callable ``(parameters, fixed, (inputs, targets), key) -> number``, optional
        What JAX derives; None where `gradient` is given.
    state : State
        Parameters to start from.
    batches : Batches
    settings : Optimization
    gradient : callable ``(parameters, fixed, (inputs, targets), key) -> (number, gradient)``, optional
        Takes the place of the loss.
    score : callable ``(parameters, fixed) -> number``, optional
        Validation score, higher is better; evaluated after every epoch.
    between : callable ``(epoch, state) -> (state, history entries)``, optional
        Runs after every epoch; where topology changes.
    path : path, optional
        File (.npz) that holds the run after every epoch; a run that finds it goes on from there, with the same result as one
        that was never interrupted.
    told : mapping of str, optional
        What else the run depends on (`bioworkbench.records.checkpoints.told_settings`), so that another one is not taken for it.

    Returns
    -------
    state : State
        Parameters of the best validated epoch, or of the last; averaged where the settings say so.
    history : dict of arrays (n_epochs,)
        "loss", "seconds", "score" and what `between` returns.

    Raises
    ------
    DivergenceError
        If the loss or a score is not finite; names the epoch and update.
    ValueError
        If neither loss nor gradient is given, patience has no score to look at, or the file at `path` belongs to another run or is
        damaged.
    """
    settings.check_patience(validated=score is not None)
    n_updates = settings.epochs * (len(batches.inputs) // settings.batch_size)
    optimizer = OPTIMIZERS[settings.optimizer](
        SCHEDULES[settings.schedule](settings.learning_rate, max(1, n_updates)), settings.weight_decay
    )
    state = jax.tree.map(jnp.asarray, state)
    state = replace(state, optimizer=optimizer.init(state.parameters), average=state.parameters)
    known = told_settings(optimization=settings, seed=batches.seed) | dict(told or {})
    began_with = (
        moments_of([*jax.tree.leaves((state.parameters, state.fixed)), batches.inputs, batches.targets]) if path else np.zeros(0)
    )
    run = _load(path, _Run(state, state), known, began_with)
    update = _chosen_update(loss, gradient, optimizer, settings.average)
    prepare = None if batches.prepare is None else jax.jit(batches.prepare)
    while run.epoch < settings.epochs and not run.stalled(settings.patience):
        began = time.perf_counter()
        state, mean_loss = _epoch(update, prepare, run.state, batches, run.epoch, settings.batch_size)
        run.note({"loss": mean_loss, "seconds": time.perf_counter() - began})
        if between is not None:
            state, values = between(run.epoch, state)
            run.note(values)
        _judge(run, state, score)
        run.epoch += 1
        _save(path, run, known, began_with)
    chosen = run.best if score is not None and settings.keep == "best" else run.state
    return replace(chosen, parameters=chosen.average), {name: np.asarray(values) for name, values in run.history.items()}


def _epoch(
    update: Callable, prepare: Prepare | None, state: State, batches: Batches, epoch: int, size: int
) -> tuple[State, float]:
    order, key = batches.epoch(epoch, size)
    total = 0.0
    for number, (chosen, subkey) in enumerate(zip(order, jax.random.split(key, len(order)), strict=True)):
        inputs = batches.inputs[chosen]
        inputs = inputs if prepare is None else prepare(jnp.asarray(inputs), jax.random.fold_in(subkey, 1))
        new, value = update(state, (inputs, batches.targets[chosen]), subkey)
        if not math.isfinite(value):
            raise DivergenceError(f"the loss is {value} at update {number} of epoch {epoch}; lower the learning rate", state)
        state, total = new, total + float(value)
    return state, total / len(order)


def _judge(run: _Run, state: State, score: Callable[[Tree, Tree], float] | None) -> None:
    """Score the averaged parameters and remember the best."""
    before, run.state = run.state, state
    if score is None:
        return
    value = float(score(state.average, state.fixed))
    if not math.isfinite(value):
        raise DivergenceError(f"the validation score is {value} after epoch {run.epoch}; lower the learning rate", before)
    run.note({SCORE: value})
    if value > run.best_score:
        run.best, run.best_score, run.best_epoch = state, value, run.epoch


def _save(path: str | os.PathLike | None, run: _Run, told: Mapping[str, str], start: Floats) -> None:
    """Write the run to a file that is complete whenever it exists."""
    if path is None:  # nothing is copied from JAX where nothing is kept
        return
    # trees are written leaf by leaf, in JAX's order; a run of the same kind has the same structure to put them back into
    leaves = jax.tree.leaves((run.state, run.best))
    arrays: dict[str, Any] = {f"leaf_{number}": np.asarray(leaf) for number, leaf in enumerate(leaves)}
    arrays |= {f"history_{name}": np.asarray(values) for name, values in run.history.items()}
    write_checkpoint(path, arrays | {"numbers": np.array([run.best_score, run.best_epoch, run.epoch])}, told, start)


def _load(path: str | os.PathLike | None, fresh: _Run, told: Mapping[str, str], start: Floats) -> _Run:
    """Run as saved, or the fresh one where nothing is saved."""
    saved = read_checkpoint(path, told, start)
    if saved is None:
        return fresh
    leaves, structure = jax.tree.flatten((fresh.state, fresh.best))
    stored = [saved[f"leaf_{number}"] for number in range(sum(name.startswith("leaf_") for name in saved))]
    if [leaf.shape for leaf in stored] != [np.shape(leaf) for leaf in leaves]:
        raise ValueError(f"checkpoint = '{path}' holds a training of another network; remove it, or name another file")
    best_score, best_epoch, epoch = saved["numbers"]
    history = {name.removeprefix("history_"): saved[name].tolist() for name in saved if name.startswith("history_")}
    state, best = jax.tree.unflatten(structure, [jnp.asarray(leaf) for leaf in stored])
    return _Run(state, best, float(best_score), int(best_epoch), int(epoch), history)
