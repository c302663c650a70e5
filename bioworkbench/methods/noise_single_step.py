"""Noise-based training at a single step, and the trainings that it is compared with.

A neuron that runs for several steps meets each of them with a potential left over from the step before. Here a network is
trained for one step in which random noise takes the place of that left-over potential; then it runs for as many steps as wanted
with the same weights. Only the abstract of the publication is public, so neuron, noise and gradients are a reconstruction.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from bioworkbench.arrays import Floats, count, finite, non_negative
from bioworkbench.discrete.layers import check_classes, constant_input, with_readout, with_weights
from bioworkbench.gradients.chains import feed_forward, start_state, trained_arrays
from bioworkbench.gradients.networks import FeedForward, NoiseLaw
from bioworkbench.gradients.objectives import (
    Shift,
    accuracy,
    activation_scales,
    arrays_of,
    left_over_moments,
    noisy_inputs,
    random_shift,
    rectified_loss,
    single_step_loss,
    unrolled_loss,
)
from bioworkbench.gradients.training import Batches, Loss, Prepare, Settings, State, fit
from bioworkbench.network import Network
from bioworkbench.tasks import Task
from bioworkbench.trained import TrainedNetwork
from bioworkbench.trials import Simulate

__all__ = ["train"]


_N_MEASURED = 1000  # training trials on which activations and left-over potentials are measured


def train(
    task: Task,
    network: Network,
    simulate: Simulate,
    rng: np.random.Generator,
    *,
    training: Literal["single_step", "multi_step", "conversion"] = "single_step",
    n_steps: int = 8,
    inference: Literal["residual", "fresh"] = "residual",
    noise: Literal["gauss", "uniform", "none"] = "gauss",
    noise_mean: float | None = None,
    noise_deviation: float | None = None,
    noise_schedule: Literal["constant", "annealed", "learned", "refitted"] = "constant",
    backward: Literal["surrogate", "expected"] = "surrogate",
    surrogate: Literal["gaussian", "arctan", "fast_sigmoid", "sigmoid", "triangle"] = "gaussian",
    surrogate_width: float = 0.4,
    normalization: Literal["max", "quantile"] = "quantile",
    half_start: bool = True,
    convolutions: Sequence[tuple[int, int, int]] = (),
    image: tuple[int, int, int] | None = None,
    shift: int = 0,
    epochs: int = 30,
    batch_size: int = 128,
    learning_rate: float = 2e-3,
    weight_decay: float = 0.0,
    average: float = 0.999,
    patience: int | None = None,
    checkpoint: str | None = None,
) -> TrainedNetwork:
    """Train a feed-forward network of `discrete_lif` neurons at a single, noisy step.

    Parameters
    ----------
    task : Task
        Classification of trials whose input current does not change.
    network : Network
        A chain (`bioworkbench.discrete.layers.chain`). Dense layers start from its weights; links that it lacks stay absent.
    simulate : callable
    rng : Generator
        Draws weights, the order of the trials, noise and shifts.
    training : {"single_step", "multi_step", "conversion"}
        The method, or what it is compared with: surrogate gradients through `n_steps` steps; an artificial network of rectified
        linear units whose weights are scaled so that spike rates stand for activations.
    n_steps : int
        Steps of multi-step training, and of the measurement of left-over potentials.
    inference : {"residual", "fresh"}
        How the network runs: with memory and without noise, from the mean of the noise (R-A); or without memory and with noise
        drawn anew in each step (R-B).
    noise : {"gauss", "uniform", "none"}
    noise_mean, noise_deviation : float, optional
        By default half the threshold and threshold / sqrt(12), the moments of a uniform left-over potential; 0 without noise.
    noise_schedule : {"constant", "annealed", "learned", "refitted"}
        The deviation stays; falls along half a cosine to a tenth; follows its gradient, layer by layer; or is set after every
        epoch, with the mean, to what the network running for `n_steps` steps leaves over.
    backward : {"surrogate", "expected"}
        Derivative of a spike: a bump around the threshold, or that of the firing probability.
    surrogate, surrogate_width : str, float
        The bump; see `bioworkbench.gradients.surrogate.SURROGATES`.
    normalization : {"max", "quantile"}
        For conversion: the activation that becomes one spike per step is the largest, or that which 99.9 % do not exceed.
    half_start : bool
        For conversion: start from half the threshold instead of 0.
    convolutions : sequence of (filters, size, stride)
        Of the first populations, whose projections in `network` are replaced by them.
    image : (rows, columns, channels), optional
        Of the input; needed for convolutions and shifts.
    shift : int
        Move training images by up to so many pixels.
    epochs, batch_size, learning_rate, weight_decay, average, patience
        See `bioworkbench.gradients.training.Settings` (Adam, cosine schedule).
    checkpoint : str, optional
        File (.npz) that an interrupted training continues from.

    Returns
    -------
    TrainedNetwork
        History per epoch: "loss", "seconds", "score" (accuracy on the validation trials; of single-step training, at one step),
        "deviation_0", ...; and once, "simulated_accuracy" of some trials run by `simulate`.

    Raises
    ------
    ValueError
        If the task is no classification of trials, the network no chain, the input not constant, or settings contradict
        each other.
    DivergenceError
        If the loss is not finite.

    References
    ----------
    Jiang, C. and Zhang, Y. (2023), A noise-based novel strategy for faster SNN training, Neural Computation 35, 1593-1608,
    doi 10.1162/neco_a_01604. Conversion: Rueckauer et al. (2017), doi 10.3389/fnins.2017.00682; start from half the
    threshold: Bu et al. (2022), arXiv:2202.01440.
    """
    check_classes(task)
    count("n_steps", n_steps)
    model = feed_forward(
        network, task.n_outputs, surrogate=surrogate, width=surrogate_width, convolutions=convolutions, image=image
    )
    law = _Noise.of(model, noise, noise_mean, noise_deviation, backward, noise_schedule)
    _check_noise(law, training, inference)
    model = law.starting(model) if training == "single_step" else model
    inputs = constant_input(task.encode(task.train.values))
    loss, prepare, judged_steps = _objective(training, model, law, n_steps, random_shift(image, shift))
    settings = Settings(epochs, batch_size, learning_rate, weight_decay=weight_decay, average=average, patience=patience)
    state, history = fit(
        loss,
        law.added_to(start_state(network, model, rng)),
        Batches(inputs, task.train.targets, int(rng.integers(2**31)), prepare),
        settings,
        score=_score(task, model, judged_steps),
        between=law.between(model, inputs[:_N_MEASURED], epochs, n_steps),
        path=checkpoint,
    )
    layers, changes = arrays_of(state.parameters["layers"]), law.changes(state, model, inference)
    if training == "conversion":
        share = {"max": 1.0, "quantile": 0.999}[normalization]
        layers = _rescaled(model, layers, activation_scales(model, state.parameters["layers"], inputs[:_N_MEASURED], share))
        changes = {"start": [neuron.threshold / 2 * half_start for neuron in model.neurons]}
    elif training == "multi_step":
        changes = {}
    trained = with_weights(network, *trained_arrays(model, layers, state.fixed["masks"]["layers"]), changes)
    return with_readout(task, trained, layers[-1], history, simulate, rng)


@dataclass(frozen=True)
class _Noise:
    """Moments (n_layers,) of the noise, and how they change during training."""

    law: NoiseLaw
    mean: Floats
    deviation: Floats
    schedule: str

    @classmethod
    def of(
        cls, model: FeedForward, kind: str, mean: float | None, deviation: float | None, backward: str, schedule: str
    ) -> "_Noise":
        present = float(kind != "none")
        thresholds = np.array([neuron.threshold for neuron in model.neurons])
        means = present * thresholds / 2 if mean is None else np.full(len(thresholds), float(finite("noise_mean", mean)))
        deviations = present * thresholds / np.sqrt(12)
        if deviation is not None:
            deviations = np.full(len(thresholds), non_negative("noise_deviation", deviation))
        if kind == "none" and deviations.any():
            raise ValueError(f"noise = 'none' with noise_deviation = {deviation}; leave the deviation out, or choose a noise")
        return cls(NoiseLaw("uniform" if kind == "uniform" else "gauss", backward), means, deviations, schedule)

    def starting(self, model: FeedForward) -> FeedForward:
        """The network with neurons that start from the mean of the noise."""
        neurons = [replace(neuron, start=float(mean)) for neuron, mean in zip(model.neurons, self.mean, strict=True)]
        return replace(model, neurons=tuple(neurons))

    def added_to(self, state: State) -> State:
        """State with the moments, to train where they are learned."""
        fixed = state.fixed | {"noise": {"mean": np.float32(self.mean), "deviation": np.float32(self.deviation)}}
        if self.schedule != "learned":
            return replace(state, fixed=fixed)
        parameters = state.parameters | {"log_deviation": np.float32(np.log(self.deviation))}
        fixed["masks"] = fixed["masks"] | {"log_deviation": 1.0}
        return State(parameters, fixed)

    def now(self, state: State) -> tuple[Floats, Floats]:
        """Moments as training left them."""
        noise = state.fixed["noise"]
        if "log_deviation" in state.parameters:
            return np.asarray(noise["mean"]), np.exp(np.asarray(state.parameters["log_deviation"]))
        return np.asarray(noise["mean"]), np.asarray(noise["deviation"])

    def between(
        self, model: FeedForward, inputs: np.ndarray, epochs: int, n_steps: int
    ) -> Callable[[int, State], tuple[State, dict[str, float]]]:
        """What happens to the moments after an epoch."""
        measure = left_over_moments(model, n_steps)

        def change(epoch: int, state: State) -> tuple[State, dict[str, float]]:
            used = {f"deviation_{k}": float(value) for k, value in enumerate(self.now(state)[1])}
            mean, deviation = self.now(state)
            if self.schedule == "annealed":
                deviation = self.deviation * (0.55 + 0.45 * np.cos(np.pi * (epoch + 1) / epochs))
            elif self.schedule == "refitted":
                mean, deviation = measure(state.parameters["layers"], inputs)
            noise = {"mean": np.float32(mean), "deviation": np.float32(deviation)}
            return replace(state, fixed=state.fixed | {"noise": noise}), used

        return change

    def changes(self, state: State, model: FeedForward, inference: str) -> dict[str, list[float] | None]:
        """Arguments of the neuron models with which the network runs."""
        if inference == "residual":
            return {"start": [neuron.start for neuron in model.neurons]}
        leaks = np.array([neuron.leak for neuron in model.neurons])
        mean, deviation = self.now(state)
        forgetful = [0.0] * len(leaks)
        return {"leak": forgetful, "floor": None, "noise_mean": [*(leaks * mean)], "noise_deviation": [*(leaks * deviation)]}


def _check_noise(noise: _Noise, training: str, inference: str) -> None:
    if not noise.deviation.all() and (noise.law.backward == "expected" or noise.schedule == "learned"):
        raise ValueError(
            f"noise_deviation = {noise.deviation.min()} with backward = '{noise.law.backward}' and noise_schedule = "
            f"'{noise.schedule}': the firing probability and a learned deviation need noise"
        )
    if inference == "fresh" and (training != "single_step" or noise.law.kind != "gauss"):
        raise ValueError(
            f"inference = 'fresh' with training = '{training}' and {noise.law.kind} noise: neurons draw Gaussian noise, "
            "for networks trained at a single step"
        )


def _objective(training: str, model: FeedForward, noise: _Noise, n_steps: int, shift: Shift) -> tuple[Loss, Prepare, int | None]:
    """Loss, what prepares its inputs, and the steps at which validation trials are judged (None: rectified linear units)."""
    if training == "single_step":
        return single_step_loss(model, noise.law), noisy_inputs(model, noise.law, shift), 1
    if training == "multi_step":
        return unrolled_loss(model, n_steps), shift, n_steps
    return rectified_loss(model), shift, None


def _score(task: Task, model: FeedForward, n_steps: int | None) -> Callable[[Any, Any], float] | None:
    if task.validation is None:
        return None
    judge = accuracy(model, constant_input(task.encode(task.validation.values)), task.validation.targets, n_steps)
    return lambda parameters, fixed: judge(parameters["layers"])


def _rescaled(model: FeedForward, layers: tuple[dict[str, np.ndarray], ...], scales: Floats) -> tuple[dict[str, np.ndarray], ...]:
    """Weights for which an activation equal to the scale of its layer becomes one spike per step (threshold balancing)."""
    if not scales.all():
        raise ValueError(
            f"rectified units of layer {int(np.argmin(scales))} are silent (scales {scales}); train longer or otherwise"
        )
    before = np.concatenate([[1.0], scales])
    after = np.concatenate([scales / [neuron.threshold for neuron in model.neurons], [1.0]])
    return tuple(
        {"weights": own["weights"] * source / target, "bias": own["bias"] / target}
        for own, source, target in zip(layers, before, after, strict=True)
    )
