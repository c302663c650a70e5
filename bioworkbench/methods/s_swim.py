"""S-SWIM: spike-response networks whose hidden weights are drawn from pairs of training samples, with a linear readout.

Layer by layer, groups of neurons draw the widths of their kernels; the input of the layer, filtered with them, gives the states
from which `bioworkbench.weights.from_pairs` makes weights and biases; the layer is simulated, and its spikes are the input of the
next. The readout is ridge regression on filtered spikes, its penalty chosen on the validation part. Nothing needs a gradient; the
sampled network can be the start of surrogate-gradient training.
Gollwitzer & Dietrich 2025, arXiv:2510.01012, of which the idea is public and the formulas are not.

What was found while choosing the defaults, on the validation part of ETTh1 (96 hours seen, 24 asked, windows relative to their last
row; RSE, 2 or 3 seeds, so that differences of 0.002 mean little):

* One hour per frame leaves a neuron one weight per channel. All ways of sampling were then equal or behind random weights, as were
  thresholds at the moment of largest difference. A day per frame (``patch = 24``) helped every sampler: 0.58 to 0.55.
* Metric: decorrelated differences 0.525, raw ones 0.536. Sharpness 4 and 8 alike, 16 behind. Principal components of the
  targets 0.525, largest difference 0.527.
* Kernels of 1 to 3 steps 0.523 (1 to 8: 0.525); patches of 12 or 48 rows 0.536 and 0.532 instead of 0.523.
* The direction of one pair is mostly noise in 168 channels. The mean of four pairs, turned alike (``bundle = 4``), was 0.0074 +- 0.0024
  ahead of uniform pairs (96 neurons, 2841 windows, 3 seeds). To compare pairs by a ridge fit of the targets instead of the targets
  gained nothing (0.0007 worse); with that, eight pairs cost 0.004, an offset of 0 instead of 0.7 costs 0.007, a spread of 3 instead of
  1.5 0.006, sharpness 8 0.007; forty pairs, with 256 neurons, 0.005 more than uniform pairs: all neurons look alike.
* ETTh1, 2841 windows, 5 paired seeds, test error with 48, 128 and 256 neurons: pairs 0.699, 0.670, 0.657; uniform pairs 0.0213 +- 0.0010,
  0.0064 +- 0.0019, 0.0077 +- 0.0012 behind them; random weights 0.0086 +- 0.0034, 0.0079 +- 0.0029, 0.0061 +- 0.0011; uniform pairs of raw
  differences 0.0071 +- 0.0042, 0.0110 +- 0.0022, 0.0126 +- 0.0015; the law of SWIM itself 0.030 with all three. With one pair per neuron
  and 256 neurons nothing was left of it (0.0009 +- 0.0020). The linear ridge of raw windows has 0.695, that of relative windows 0.646.
* One change at a time (96 neurons, 2131 windows, 3 paired seeds, test error beyond that of pairs, 0.688): uniform pairs 0.010 +- 0.003, raw
  differences 0.017 +- 0.001, metric of least entropy 0.017 +- 0.002, kernels of 1 to 8 steps 0.003 +- 0.002, delays 0.006 +- 0.002, a tenth
  or four times the candidates 0.000 +- 0.005, counts instead of filtered spikes 0.005 +- 0.001, offset 0 0.005 +- 0.001; read at the end
  only it is 0.004 +- 0.001 less.
* Gradient training (Adam, 128 neurons, 2131 windows, 24 epochs, its rate chosen among 0.004 and 0.016), 5 seeds: from random weights, the
  readout solved for again, test error 0.6814 +- 0.0011 in 17.1 s; sampled 0.6821 +- 0.0020 in 3.0 s. The best epoch of the random start
  (15.4 +- 3.3) was passed from the sampled start after 1.4 +- 0.2.
* Exchange rates are close to a random walk, and no law helps: test errors with 128 neurons and 5 seeds 0.2110 (pairs), 0.2108 (uniform),
  0.2106 (law of SWIM, isotropic) and 0.2102 (random), each +- 0.0001; ridge of relative windows 0.2106, the last value 0.2093. On the
  validation part one, four and eight pairs per neuron lie within 0.0002 of uniform pairs. One change at a time (96 neurons, 1109 windows,
  3 paired seeds): metric, least entropy, kernels, delays, candidates, readout, offset, spread, spike cost and number of pairs all end
  between 0.2566 and 0.2570 on the validation part, and between 0.2102 and 0.2113 on the test part: there is nothing to find.
* ETTh1 with 512 neurons: 0.652 (2 seeds), still behind the ridge of relative windows.
* Open: laws of delays, horizons beyond the window, high-dimensional series, and full size.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import linalg, sparse

from bioworkbench.arrays import Floats, count, positive
from bioworkbench.features import FEATURES
from bioworkbench.fitting import LinearProblem, linear_problem
from bioworkbench.gradients.spike_response import ResponseLayer, train_response_layer
from bioworkbench.gradients.training import Settings
from bioworkbench.network import Network
from bioworkbench.neurons.spike_response import spike_response, spike_response_arguments
from bioworkbench.signals import Recording, Stimulus
from bioworkbench.spike_response.sampling import Times, has_spoken, sampled_network
from bioworkbench.tasks import Task, Trials
from bioworkbench.trained import Choice, LinearReadout, TrainedNetwork
from bioworkbench.weights.from_pairs import PairLaw

__all__ = ["train"]

Simulate = Callable[[Network, Stimulus, int], Recording]

PENALTIES = tuple(10.0 ** (k / 2) for k in range(-12, 5))


def train(
    task: Task,
    network: Network,
    simulate: Simulate,
    rng: np.random.Generator,
    *,
    steps_per_frame: int,
    sampling: str = "pairs",
    metric: str = "whitened",
    contrast: str = "principal",
    sharpness: float = 4.0,
    spread: float | None = 1.5,
    margin: float = 0.5,
    offset: float = 0.7,
    bundle: int = 4,
    n_candidates: int = 20_000,
    n_samples: int = 4000,
    sigma: tuple[float, float] = (1.0, 3.0),
    varsigma: tuple[float, float] = (1.0, 4.0),
    spike_cost: float = -2.0,
    tau_max: int = 0,
    n_groups: int = 16,
    any_moment: bool = False,
    feature: Choice | None = None,
    penalties: Sequence[float] = PENALTIES,
    epochs: int = 0,
    solve_first: bool = True,
    learning_rate: float = 1e-3,
    batch_size: int = 128,
) -> TrainedNetwork:
    """Sample a spike-response network and solve for its readout.

    Parameters
    ----------
    task : Task
        Forecasting, other regression, or classification. Without a validation part the last fifth of the training trials serves.
    network : Network
        Feed-forward `spike_response` populations with one projection to each, which say sizes, links and kernels; weights,
        biases and times are replaced.
    simulate : callable
    rng : Generator
    steps_per_frame : int
        Simulation steps in a frame of the stimulus.
    sampling, metric, contrast, sharpness, spread, margin, offset, bundle, n_candidates
        See `bioworkbench.weights.from_pairs.PairLaw`.
    n_samples : int
        Training trials that neurons are sampled from, drawn at random if there are more.
    sigma, varsigma, spike_cost, tau_max, n_groups, any_moment
        See `bioworkbench.spike_response.sampling.Times`. A delay of the input moves all spikes of a neuron by as much, so that a
        readout that looks at several times gains nothing from `tau_max`.
    feature : Choice, optional
        By default spikes filtered with 3/4 of a frame, read at the end of every frame.
    penalties : sequence of float
        Candidates for the ridge penalty per trial, of standardised features.
    epochs : int
        Of surrogate-gradient training of weights, biases and readout that follows; for one hidden population, the default
        feature and one target per trial. The readout is solved for again afterwards.
    solve_first : bool
        False starts that training with a readout of zeros.
    learning_rate, batch_size
        Of that training.

    Returns
    -------
    TrainedNetwork
        History: "rate" (spikes per neuron and step) and "n_effective_pairs" by population, "penalty", "validation_error" by
        penalty, "condition" of the Gram matrix without and with the penalty; of gradient training "loss" and "score" by epoch.

    Raises
    ------
    ValueError
        If the network has a loop, another model or several projections to a population, a range is empty, the input does not vary,
        a population never spikes, or steps_per_frame does not fit the simulation.

    References
    ----------
    Gollwitzer & Dietrich (2025), Random feature spiking neural networks, arXiv:2510.01012.
    Bolager, Burak, Datar, Sun & Dietrich (2023), Sampling weights of deep neural networks, arXiv:2306.16830.
    """
    law = PairLaw(sampling, metric, contrast, sharpness, n_candidates, spread, margin, offset, bundle)
    times = Times(sigma, varsigma, tau_max, n_groups, any_moment, spike_cost)
    training, held_out = _parts(task)
    chosen = training.take(np.sort(rng.permutation(training.n_trials)[:n_samples]))
    stimulus = task.encode(chosen.values)
    sampled, n_effective = sampled_network(
        network,
        stimulus,
        _wanted(task, chosen),
        simulate,
        rng,
        steps_per_frame=count("steps_per_frame", steps_per_frame),
        law=law,
        times=times,
    )
    feature = feature or _default_feature(task, stimulus.frame)
    seed = int(rng.integers(2**31))
    trained = _with_readout(task, sampled, (training, held_out), simulate, seed, feature, steps_per_frame, penalties)
    history: dict[str, np.ndarray] = {"n_effective_pairs": n_effective}
    if epochs:
        settings = Settings(epochs=epochs, learning_rate=learning_rate, batch_size=batch_size)
        if not solve_first:
            trained = replace(trained, readout=replace(trained.readout, coefficients=np.zeros_like(trained.readout.coefficients)))
        refined, curves = _refined(task, trained, (training, held_out), settings, seed, steps_per_frame)
        history |= curves
        trained = _with_readout(task, refined, (training, held_out), simulate, seed, feature, steps_per_frame, penalties)
    return replace(trained, history={**trained.history, **history})


def _parts(task: Task) -> tuple[Trials, Trials]:
    """Training and validation trials."""
    if task.validation is not None:
        return task.train, task.validation
    n_kept = task.train.n_trials * 4 // 5
    if n_kept == 0:
        raise ValueError(f"task '{task.name}' has {task.train.n_trials} training trials; one in five is needed for validation")
    return task.train.take(np.arange(n_kept)), task.train.take(np.arange(n_kept, task.train.n_trials))


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
    per_frame: int,
    penalties: Sequence[float],
) -> TrainedNetwork:
    """The network with the readout that is best on the second part, and what is worth knowing of both."""
    seen = [_features(task, network, part, simulate, seed, feature, per_frame) for part in parts]
    targets = [part.targets[:, task.washout :] if part.per_frame else part.targets for part in parts]
    readout, history = _ridge(linear_problem(seen[0][0], targets[0]), seen[1][0], targets[1], penalties)
    return TrainedNetwork(network, feature, readout, history | {"rate": seen[0][1]})


def _features(
    task: Task, network: Network, trials: Trials, simulate: Simulate, seed: int, feature: Choice, per_frame: int
) -> tuple[Floats, Floats]:
    """Features without washout, and spikes per neuron and step of each population."""
    stimulus = task.encode(trials.values)
    n_frames = stimulus.values.shape[1]
    recording = has_spoken(simulate(network, stimulus, seed))
    if recording.n_steps != per_frame * n_frames:
        raise ValueError(
            f"steps_per_frame = {per_frame}: a frame of {stimulus.frame} s has {recording.n_steps // n_frames} "
            f"steps of {recording.dt} s; set one of the three"
        )
    arguments = {"populations": list(recording.spikes), **feature.arguments}
    found = FEATURES[feature.kind](recording, **arguments)
    size = recording.n_trials * recording.n_steps
    rates = np.array([len(recording.spikes[name]) / (size * recording.sizes[name]) for name in recording.spikes])
    return (found[:, task.washout :] if found.ndim == 3 else found), rates


def _ridge(
    problem: LinearProblem, features: Floats, targets: np.ndarray, penalties: Sequence[float]
) -> tuple[LinearReadout, dict[str, np.ndarray]]:
    """Ridge regression with the penalty of least squared error on held-out features."""
    center, standard, n_rows = problem.wanted.mean(axis=0), problem.standardised(), problem.n_rows
    dual = n_rows < problem.n_varying
    values, vectors = linalg.eigh(standard @ standard.T if dual else standard.T @ standard, overwrite_a=True)
    centered = problem.wanted - center
    turned = vectors.T @ (centered if dual else standard.T @ centered)
    wanted = np.eye(len(center))[targets] if problem.labels is not None else targets
    candidates: list[tuple[float, float, LinearReadout]] = []
    for penalty in (positive("penalties", float(value)) for value in penalties):
        solution = vectors @ (turned / (values + n_rows * penalty)[:, None])
        readout = problem.readout(standard.T @ solution if dual else solution, center)
        candidates.append((float(((readout.outputs(features) - wanted) ** 2).mean()), penalty, readout))
    if not candidates:
        raise ValueError("penalties = []: give at least one number")
    _, chosen, best = min(candidates, key=lambda candidate: candidate[0])
    lowest = max(values[0], np.finfo(float).eps * values[-1])  # below it an eigenvalue is noise
    return best, {
        "penalty": np.array([chosen]),
        "validation_error": np.array([candidate[0] for candidate in candidates]),
        "condition": np.array([values[-1] / lowest, (values[-1] + n_rows * chosen) / (lowest + n_rows * chosen)]),
    }


def _refined(
    task: Task, trained: TrainedNetwork, parts: tuple[Trials, Trials], settings: Settings, seed: int, per_frame: int
) -> tuple[Network, dict[str, Floats]]:
    """The network after surrogate-gradient training of its weights, biases and readout."""
    if len(trained.network.populations) != 1 or task.train.per_frame or trained.feature.kind != "filtered_spikes":
        raise ValueError(
            f"epochs = {settings.epochs}: gradient training needs one hidden population, one target per trial and the feature "
            f"'filtered_spikes'; there are {len(trained.network.populations)} and '{trained.feature.kind}'"
        )
    population, projection = trained.network.populations[0], trained.network.projections[0]
    given: dict[str, Any] = spike_response_arguments(population.model, population.name)
    frame = task.encode(parts[0].values[:1]).frame
    layer = ResponseLayer(
        *(np.broadcast_to(given[name], (population.size,)) for name in ("sigma", "varsigma", "c")),
        steps_per_frame=per_frame,
        readout_tau=trained.feature.arguments["tau"] / frame * per_frame,
        alpha=given["kernel"] == "alpha",
    )
    start = {
        "weights": projection.weights.toarray(),
        "bias": given["bias"],
        "coefficients": trained.readout.coefficients,
        "intercepts": trained.readout.intercepts,
    }
    data = [(task.encode(part.values).values, _wanted(task, part)) for part in parts]
    found, history = train_response_layer(layer, start, data[0], data[1], settings, seed)
    linked = projection.weights.copy()
    source = np.repeat(np.arange(linked.shape[0]), np.diff(linked.indptr))
    weights = sparse.csr_array((found["weights"][source, linked.indices], linked.indices, linked.indptr), shape=linked.shape)
    model = spike_response(**{**given, "bias": found["bias"]})
    refined = Network((replace(population, model=model),), (replace(projection, weights=weights),))
    return refined, {name: history[name] for name in ("loss", "score")}
