"""S-SWIM: spike-response networks whose hidden weights are drawn from pairs of training samples, with a linear readout.

Layer by layer, groups of neurons draw the widths of their kernels; the input of the layer, filtered with them, gives the states
from which `bioworkbench.weights.from_pairs` makes weights and biases; the layer is simulated, and its spikes are the input of the
next. The readout is ridge regression on filtered spikes, its penalty chosen on the validation part. With `skip` the same solve also
gives a linear path from the input to the outputs, an analogue bypass of the spiking layers: the neurons then have to explain only
what is not linear. Nothing needs a gradient; the sampled network can be the start of surrogate-gradient training.
Gollwitzer & Dietrich 2025, arXiv:2510.01012, of which the idea is public and the formulas are not.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from scipy import linalg

from bioworkbench.discrete.simulate import check_inputs
from bioworkbench.discrete.spike_response import spike_response, spike_response_arguments
from bioworkbench.discrete.spike_response_layers import feed_forward_order
from bioworkbench.methods.s_swim.sampling import Times, require_spikes, sampled_network
from bioworkbench.readout.fitting import LinearProblem, linear_problem
from bioworkbench.readout.trials import Simulate, beside_input, features_of, n_steps_of
from bioworkbench.records.arrays import Floats, positive
from bioworkbench.records.choice import Choice, Chosen, choice_of
from bioworkbench.records.counted import counted
from bioworkbench.records.functions import name_of
from bioworkbench.records.history import SCORE, VALIDATION_ERROR
from bioworkbench.records.lazily import later
from bioworkbench.records.linear_readout import LinearReadout
from bioworkbench.records.network import Network
from bioworkbench.records.optimization import Optimization
from bioworkbench.records.randomness import derived_seed
from bioworkbench.records.times import seconds
from bioworkbench.records.trained import TrainedNetwork
from bioworkbench.tasks import Task, Trials
from bioworkbench.tasks.task import check_learnable
from bioworkbench.weights.from_pairs import PairSampling

__all__ = ["Refinement", "train"]

_response_layer = later("bioworkbench.gradients.spike_response:ResponseLayer")  # need the extra "gradients"
_train_response_layer = later("bioworkbench.gradients.spike_response:train_response_layer")


PENALTIES = tuple(10.0 ** (k / 2) for k in range(-12, 5))


@dataclass(frozen=True)
class Refinement(Optimization):
    """Surrogate-gradient training of weights, biases and readout that follows the sampling.

    For one hidden population, one target per trial, and the default feature, with any `tau`. The readout is solved for again afterwards.

    Parameters
    ----------
    epochs : int
        0 for none.
    solve_first : bool
        False starts with a readout of zeros.
    """

    epochs: int = 0
    solve_first: bool = True

    def __post_init__(self) -> None:
        if self.epochs:
            super().__post_init__()


_PAIRS, _TIMES, _REFINEMENT = PairSampling(bundle=4), Times((1.0, 3.0), (1.0, 4.0)), Refinement()


def train(
    task: Task,
    network: Network,
    simulate: Simulate,
    rng: np.random.Generator,
    *,
    pairs: PairSampling = _PAIRS,
    times: Times = _TIMES,
    feature: Chosen | None = None,
    penalties: Sequence[float] = PENALTIES,
    skip: bool = False,
    refinement: Refinement = _REFINEMENT,
) -> TrainedNetwork:
    """Sample a spike-response network and solve for its readout.

    Parameters
    ----------
    task : Task
        Forecasting, other regression, or classification. Without a validation part the last fifth of the training trials serves.
    network : Network
        Feed-forward `spike_response` populations of threshold 1 with one projection to each, which say sizes, links and kernels;
        weights, biases and times are replaced.
    simulate : callable
        ``simulate(network, stimulus, seed) -> Recording``.
    rng : Generator
        Draws samples, pairs and times.
    pairs : PairSampling
        How pairs of samples become weights and biases.
    times : Times
        Of kernels and delays. A delay of the input moves all spikes of a neuron by as much, so that a readout that looks at
        several times gains nothing from `tau_max`.
    feature : Choice, optional
        By default spikes filtered with 3/4 of a frame, read at the end of every frame.
    penalties : sequence of float
        Candidates for the ridge penalty per trial, of standardized features.
    skip : bool
        Let the readout also see the encoded input, whole or, for targets per frame, of the same frame.
    refinement : Refinement
        Gradient training that follows.

    Returns
    -------
    TrainedNetwork
        History: "rate" (spikes per neuron and step) and "n_effective_pairs" by population, "penalty", "validation_error" by
        penalty, "condition" of the Gram matrix without and with the penalty; of gradient training "loss" and "score" by epoch.

    Raises
    ------
    ValueError
        If the network has a loop, another model or several projections to a population, a range is empty, the input does not vary,
        or a population never spikes.

    References
    ----------
    Gollwitzer & Dietrich (2025), Random feature spiking neural networks, arXiv:2510.01012.
    Bolager, Burak, Datar, Sun & Dietrich (2023), Sampling weights of deep neural networks, arXiv:2306.16830.
    """
    check_learnable(task)
    training, held_out = _parts(task)
    _check_penalties(penalties)
    first = task.encode(training.values[:1])
    feed_forward_order(network)
    feature = choice_of(feature or _default_feature(task, first.frame))
    _check_refinement(task, network, feature, refinement, training.n_trials, first.frame)
    steps_per_frame = n_steps_of(network, first, simulate) // first.values.shape[1]
    chosen = training.take(np.sort(rng.permutation(training.n_trials)[: pairs.n_samples]))
    stimulus = task.encode(chosen.values)
    sampled, n_effective = sampled_network(
        network,
        stimulus,
        _wanted(task, chosen),
        simulate,
        rng,
        steps_per_frame=steps_per_frame,
        settings=pairs,
        times=times,
    )
    seed = derived_seed(rng)
    solved = partial(
        _with_readout,
        task,
        parts=(training, held_out),
        simulate=simulate,
        seed=seed,
        feature=feature,
        penalties=penalties,
        skip=skip,
    )
    trained = solved(sampled)
    history: dict[str, np.ndarray] = {"n_effective_pairs": n_effective}
    if refinement.epochs:
        if not refinement.solve_first:
            zeros = {name: np.zeros_like(getattr(trained.readout, name)) for name in ("coefficients", "intercepts")}
            trained = replace(trained, readout=replace(trained.readout, **zeros))
        refined, curves = _refined(task, trained, (training, held_out), refinement, seed, steps_per_frame)
        history |= curves
        trained = solved(refined)
    return replace(trained, history={**trained.history, **history})


def _check_penalties(penalties: Sequence[float]) -> None:
    for value in penalties:
        positive("penalties", float(value))
    if not len(penalties):
        raise ValueError("penalties = []: give at least one number")


def _check_refinement(task: Task, network: Network, feature: Choice, settings: Refinement, n_trials: int, frame: float) -> None:
    """Raise ValueError unless gradient training, if there is any, can follow the sampling."""
    if not settings.epochs:
        return
    if len(network.populations) != 1 or task.train.per_frame or feature.kind != "filtered_spikes":
        raise ValueError(
            f"refinement.epochs = {settings.epochs}: gradient training needs one hidden population, one target per trial and the feature "
            f"'filtered_spikes'; there are {len(network.populations)} and '{name_of(feature.kind)}'"
        )
    check_inputs(network)
    every = feature.arguments.get("every")
    if every is None or not np.isclose(seconds("every", every), frame, rtol=1e-9, atol=0):
        raise ValueError(
            f"refinement.epochs = {settings.epochs} with the feature 'filtered_spikes' and every = {every}: gradient training reads the "
            f"spikes at the end of every frame; set every to {frame:g} s"
        )
    settings.check_start(n_trials, validated=True)


def _parts(task: Task) -> tuple[Trials, Trials]:
    """Training and validation trials."""
    if task.validation is not None:
        return task.train, task.validation
    n_own = task.n_originals
    n_first = n_own * 4 // 5
    n_kept = n_first - task.shared  # trials that share targets with those that validate are left out
    if n_kept < 2:
        raise ValueError(
            f"task '{task.name}' has {counted(n_own, 'training trial')} and no validation part; at least three are needed, "
            f"of which the last validates{_besides(task)}"
        )
    # copies of what validates are left out too
    chosen = n_own * np.arange(1 + task.copies)[:, None] + np.arange(n_kept)
    kept, held_out = task.train.take(chosen.ravel()), task.train.take(np.arange(n_first, n_own))
    if kept.has_classes and (missing := np.setdiff1d(held_out.targets, kept.targets).tolist()):
        raise ValueError(
            f"task '{task.name}': classes {task.told_classes(missing)} have no trial in the first four fifths of the training trials, of "
            "which the last fifth validates; mix the trials, or give the task a validation part"
        )
    return kept, held_out


def _besides(task: Task) -> str:
    return f", and {task.shared} more before it, which share targets with it" if task.shared else ""


def _wanted(task: Task, trials: Trials) -> Floats:
    """Targets that pairs are compared by, (n_trials, n_outputs): the last frame's, and classes coded one-hot."""
    targets = trials.targets[:, -1] if trials.per_frame else trials.targets
    return np.eye(task.n_outputs)[targets] if trials.has_classes else targets


def _default_feature(task: Task, frame: float) -> Choice:
    return Choice("filtered_spikes", {"tau": 0.75 * frame, "every": frame, "per_frame": task.train.per_frame})


def _with_readout(
    task: Task,
    network: Network,
    parts: tuple[Trials, Trials],
    simulate: Simulate,
    seed: int,
    feature: Choice,
    penalties: Sequence[float],
    skip: bool,
) -> TrainedNetwork:
    """The network with the readout that is best on the second part, and what is worth knowing of both."""
    seen = [_features(task, network, part, simulate, seed, feature, skip) for part in parts]
    targets = [part.targets[:, task.washout :] if part.per_frame else part.targets for part in parts]
    readout, history = _ridge(linear_problem(seen[0][0], targets[0]), seen[1][0], targets[1], penalties)
    return TrainedNetwork(network, feature, readout, history | {"rate": seen[0][1]}, skip)


def _features(
    task: Task, network: Network, trials: Trials, simulate: Simulate, seed: int, feature: Choice, skip: bool
) -> tuple[Floats, Floats]:
    """Features without washout, and spikes per neuron and step of each population."""
    stimulus = task.encode(trials.values)
    recording = require_spikes(simulate(network, stimulus, seed))
    found = features_of(recording, feature)
    found = beside_input(found, stimulus) if skip else found
    size = recording.n_trials * recording.n_steps
    rates = np.array([len(recording.spikes[name]) / (size * recording.sizes[name]) for name in recording.spikes])
    return (found[:, task.washout :] if found.ndim == 3 else found), rates


def _ridge(
    problem: LinearProblem, features: Floats, targets: np.ndarray, penalties: Sequence[float]
) -> tuple[LinearReadout, dict[str, np.ndarray]]:
    """Ridge regression with the penalty of least squared error on held-out features."""
    center, standard, n_rows = problem.wanted.mean(axis=0), problem.standardized(), problem.n_rows
    dual = n_rows < problem.n_varying
    values, vectors = linalg.eigh(standard @ standard.T if dual else standard.T @ standard, overwrite_a=True)
    centered = problem.wanted - center
    turned = vectors.T @ (centered if dual else standard.T @ centered)
    wanted = np.eye(len(center))[targets] if problem.labels is not None else targets
    candidates: list[tuple[float, float, LinearReadout]] = []
    for penalty in map(float, penalties):
        solution = vectors @ (turned / (values + n_rows * penalty)[:, None])
        readout = problem.readout(standard.T @ solution if dual else solution, center)
        candidates.append((float(((readout.outputs(features) - wanted) ** 2).mean()), penalty, readout))
    _, chosen, best = min(candidates, key=lambda candidate: candidate[0])
    lowest = max(values[0], np.finfo(float).eps * values[-1])  # below it an eigenvalue is noise
    return best, {
        "penalty": np.array([chosen]),
        VALIDATION_ERROR: np.array([candidate[0] for candidate in candidates]),
        "condition": np.array([values[-1] / lowest, (values[-1] + n_rows * chosen) / (lowest + n_rows * chosen)]),
    }


def _refined(
    task: Task, trained: TrainedNetwork, parts: tuple[Trials, Trials], settings: Optimization, seed: int, per_frame: int
) -> tuple[Network, dict[str, Floats]]:
    """The network after surrogate-gradient training of its weights, biases and readout."""
    population, projection = trained.network.populations[0], trained.network.projections[0]
    given: dict[str, Any] = spike_response_arguments(population.model, population.name)
    frame = task.encode(parts[0].values[:1]).frame
    data = [(task.encode(part.values).values, _wanted(task, part)) for part in parts]
    layer = _response_layer(
        *(np.broadcast_to(given[name], (population.size,)) for name in ("sigma", "varsigma", "c")),
        steps_per_frame=per_frame,
        readout_tau=float(seconds("tau", trained.feature.arguments["tau"])) / frame * per_frame,
        alpha=given["kernel"] == "alpha",
        tau=np.asarray(given["tau"]),
    )
    readout, n_direct = trained.readout, int(np.prod(data[0][0].shape[1:])) if trained.skip else 0
    of_spikes, direct = np.split(readout.coefficients, [len(readout.coefficients) - n_direct])
    start = {
        "weights": projection.weights.toarray(),
        "bias": given["bias"],
        "coefficients": of_spikes,
        "intercepts": readout.intercepts,
        **({"skip": direct} if trained.skip else {}),
    }
    found, history = _train_response_layer(layer, start, data[0], data[1], settings, seed % 2**31)
    links = projection.links.with_values(found["weights"][projection.links.sources, projection.links.targets])
    model = spike_response(**{**given, "bias": found["bias"]})
    refined = Network((replace(population, model=model),), (replace(projection, links=links),))
    return refined, {name: history[name] for name in ("loss", SCORE)}
