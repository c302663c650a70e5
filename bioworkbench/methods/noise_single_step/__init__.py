"""Noise-based training at a single step, and the trainings that it is compared with.

A neuron that runs for several steps meets each of them with a potential left over from the step before. Here a network is
trained for one step in which random noise takes the place of that left-over potential; then it runs for as many steps as wanted
with the same weights. Only the abstract of the publication is public, so neuron, noise and gradients are a reconstruction.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bioworkbench.discrete.layers import check_classes, constant_input, with_readout, with_weights
from bioworkbench.gradients.chains import feed_forward, output_arrays, trained_arrays, with_products
from bioworkbench.gradients.layers import Attention, FeedForward, StepNoise
from bioworkbench.readout.trials import Simulate, n_steps_of
from bioworkbench.records.arrays import Floats, finite, non_negative
from bioworkbench.records.checkpoints import told_settings
from bioworkbench.records.errors import unknown_name
from bioworkbench.records.history import DEVIATION, of_member
from bioworkbench.records.lazily import later
from bioworkbench.records.network import Network
from bioworkbench.records.optimization import ConvolvedImages, Optimization
from bioworkbench.records.options import check_options
from bioworkbench.records.trained import TrainedNetwork
from bioworkbench.tasks import Task

if TYPE_CHECKING:
    from bioworkbench.gradients.objectives import Shift
    from bioworkbench.gradients.training import Loss, Prepare, State

__all__ = ["Conversion", "Noise", "train"]

# What computes with JAX is imported when it trains: to know and to check the settings takes none of it.
(
    _accuracy,
    _activation_scales,
    _arrays_of,
    _folding,
    _left_over_moments,
    _noisy_inputs,
    _random_shift,
    _rectified_loss,
    _single_step_loss,
    _unrolled_loss,
) = (
    later(f"bioworkbench.gradients.objectives:{name}")
    for name in (
        "accuracy",
        "activation_scales",
        "arrays_of",
        "folding",
        "left_over_moments",
        "noisy_inputs",
        "random_shift",
        "rectified_loss",
        "single_step_loss",
        "unrolled_loss",
    )
)
_start_state = later("bioworkbench.gradients.starting:start_state")
_batches, _fit = later("bioworkbench.gradients.training:Batches"), later("bioworkbench.gradients.training:fit")

TRAININGS = ("single_step", "multi_step", "conversion")
_N_MEASURED = 1000  # training trials on which activations and left-over potentials are measured


@dataclass(frozen=True)
class Noise:
    """Noise of single-step training, and how the trained network runs.

    Parameters
    ----------
    kind : {"gauss", "uniform", "none"}
        Its distribution.
    mean, deviation : float, optional
        By default half the threshold and threshold / sqrt(12), the moments of a uniform left-over potential; 0 without noise.
    schedule : {"constant", "annealed", "learned", "refitted"}
        The deviation stays; falls along half a cosine to a tenth; follows its gradient, layer by layer; or is set after every
        epoch, with the mean, to what the network running for all steps of a trial leaves over.
    backward : {"surrogate", "expected"}
        Derivative of a spike: a bump around the threshold, or that of the firing probability.
    inference : {"residual", "fresh"}
        How the network runs: with memory and without noise, from the mean of the noise (R-A; the given one, where it is refitted);
        or without memory and with noise drawn in each step (R-B).

    Raises
    ------
    ValueError
        If an option is unknown, or a number is not finite or, of a deviation, below 0.
    """

    kind: Literal["gauss", "uniform", "none"] = "gauss"
    mean: float | None = None
    deviation: float | None = None
    schedule: Literal["constant", "annealed", "learned", "refitted"] = "constant"
    backward: Literal["surrogate", "expected"] = "surrogate"
    inference: Literal["residual", "fresh"] = "residual"

    def __post_init__(self) -> None:
        check_options(self)
        if self.mean is not None:
            finite("noise.mean", self.mean)
        if self.deviation is not None:
            non_negative("noise.deviation", self.deviation)


@dataclass(frozen=True)
class Conversion:
    """How ReLU units become spiking neurons.

    Parameters
    ----------
    normalization : {"max", "quantile"}
        The activation that becomes one spike per step is the largest, or that which 99.9 % do not exceed.
    half_start : bool
        Start from half the threshold instead of 0.

    Raises
    ------
    ValueError
        If the normalization is unknown.
    """

    normalization: Literal["max", "quantile"] = "quantile"
    half_start: bool = True

    def __post_init__(self) -> None:
        check_options(self)


_NOISE, _CONVERSION, _IMAGES = Noise(), Conversion(), ConvolvedImages()
_OPTIMIZATION = Optimization(epochs=30, learning_rate=2e-3, average=0.999)


def train(
    task: Task,
    network: Network,
    simulate: Simulate,
    rng: np.random.Generator,
    *,
    training: Literal["single_step", "multi_step", "conversion"] = "single_step",
    noise: Noise = _NOISE,
    conversion: Conversion = _CONVERSION,
    images: ConvolvedImages = _IMAGES,
    optimization: Optimization = _OPTIMIZATION,
) -> TrainedNetwork:
    """Train a feed-forward network of `discrete_lif` neurons at a single, noisy step.

    Parameters
    ----------
    task : Task
        Classification of trials whose input current does not change.
    network : Network
        A chain (`bioworkbench.discrete.layers.chain`), with skips or without. Dense layers start from its weights; links that it
        lacks stay absent.
    simulate : callable
        ``simulate(network, stimulus, seed) -> Recording``.
    rng : Generator
        Draws weights, the order of the trials, noise and shifts.
    training : {"single_step", "multi_step", "conversion"}
        The method, or what it is compared with: surrogate gradients through all steps of a trial; an artificial network of rectified
        linear units whose weights are scaled so that spike rates stand for activations.
    noise : Noise
        Of single-step training.
    conversion : Conversion
        Of ReLU units.
    images : ConvolvedImages
        Convolutions, averages before them, batch norm, and moves of training images.
    optimization : Optimization
        Of weights and biases.

    Returns
    -------
    TrainedNetwork
        History per epoch: "loss", "seconds", "score" (accuracy on the validation trials at all steps of a trial, or at one where the
        network runs with fresh noise), "deviation_0", ...; and once, "simulated_accuracy" of some trials run by `simulate`.

    Raises
    ------
    ValueError
        If `training` is unknown, the task is not a classification of trials, the network is not a chain, the input not constant, or
        settings contradict each other.
    DivergenceError
        If the loss is not finite.

    References
    ----------
    Jiang, C. and Zhang, Y. (2023), A noise-based novel strategy for faster SNN training, Neural Computation 35, 1593-1608,
    doi 10.1162/neco_a_01604. Conversion: Rueckauer et al. (2017), doi 10.3389/fnins.2017.00682; start from half the
    threshold: Bu et al. (2022), arXiv:2202.01440.
    """
    if training not in TRAININGS:
        raise ValueError(unknown_name(training, "training", TRAININGS))
    check_classes(task)
    model = feed_forward(
        network,
        task.n_outputs,
        surrogate=optimization.surrogate,
        width=optimization.surrogate_width,
        images=images,
    )
    moments = _Moments.of(model, noise)
    _check_noise(moments, training, noise.inference)
    _check_attention(model, training)
    model = moments.starting(model) if training == "single_step" else model
    optimization.check_start(task.train.n_trials, validated=task.validation is not None)
    first = task.encode(task.train.values[:1])
    images.check_channels(constant_input(first).shape[1])
    n_steps = n_steps_of(network, first, simulate)
    judged_steps = _judged_steps(training, noise.inference, n_steps)
    inputs = constant_input(task.encode(task.train.values))
    shift = _random_shift(images)
    loss, prepare = _objective(training, model, moments, n_steps, shift)
    state, history = _fit(
        loss,
        moments.added_to(_start_state(network, model, rng)),
        _batches(inputs, task.train.targets, int(rng.integers(2**31)), prepare),
        optimization,
        score=_score(task, model, judged_steps, inputs),
        between=moments.between(model, inputs[:_N_MEASURED], optimization.epochs, n_steps),
        path=optimization.checkpoint,
        told=told_settings(training=training, noise=noise, images=images, n_steps=n_steps),
    )
    folded = _folding(model, inputs, judged_steps)(state.parameters["layers"])
    layers, changes = _arrays_of(folded), moments.changes(state, model, noise.inference)
    if training == "conversion":
        quantile = {"max": 1.0, "quantile": 0.999}[conversion.normalization]
        layers, model = _rescaled(model, layers, _activation_scales(model, folded, inputs[:_N_MEASURED], quantile))
        changes = {"start": [neuron.threshold / 2 * conversion.half_start for neuron in model.neurons]}
    elif training == "multi_step":
        changes = {}
    trained = with_weights(network, *trained_arrays(model, layers, state.fixed["masks"]["layers"]), changes, model.skips)
    return with_readout(task, with_products(trained, model), output_arrays(model, layers[-1]), history, simulate, rng)


@dataclass(frozen=True)
class _Moments:
    """Moments (n_layers,) of the noise, and how they change during training."""

    step_noise: StepNoise
    mean: Floats
    deviation: Floats
    schedule: str

    @classmethod
    def of(cls, model: FeedForward, noise: Noise) -> "_Moments":
        present = float(noise.kind != "none")
        thresholds = np.array([neuron.threshold for neuron in model.neurons])
        means, deviations = present * thresholds / 2, present * thresholds / np.sqrt(12)
        if noise.mean is not None:
            means = np.full(len(thresholds), float(noise.mean))
        if noise.deviation is not None:
            deviations = np.full(len(thresholds), float(noise.deviation))
        if noise.kind == "none" and (deviations.any() or noise.schedule == "refitted"):
            raise ValueError(
                f"noise.kind = 'none' with noise.deviation = {noise.deviation} and noise.schedule = '{noise.schedule}': there is no "
                "noise to deviate; leave them out, or choose a noise"
            )
        return cls(
            StepNoise("uniform" if noise.kind == "uniform" else "gauss", noise.backward), means, deviations, noise.schedule
        )

    def starting(self, model: FeedForward) -> FeedForward:
        """The network with neurons that start from the mean of the noise."""
        neurons = [replace(neuron, start=float(mean)) for neuron, mean in zip(model.neurons, self.mean, strict=True)]
        return replace(model, neurons=tuple(neurons))

    def added_to(self, state: "State") -> "State":
        """State with the moments, to train where they are learned."""
        fixed = state.fixed | {"noise": {"mean": np.float32(self.mean), "deviation": np.float32(self.deviation)}}
        if self.schedule != "learned":
            return replace(state, fixed=fixed)
        parameters = state.parameters | {"log_deviation": np.float32(np.log(self.deviation))}
        fixed["masks"] = fixed["masks"] | {"log_deviation": 1.0}
        return replace(state, parameters=parameters, fixed=fixed)

    def now(self, state: "State") -> tuple[Floats, Floats]:
        """Moments as training left them."""
        noise = state.fixed["noise"]
        if "log_deviation" in state.parameters:
            return np.asarray(noise["mean"]), np.exp(np.asarray(state.parameters["log_deviation"]))
        return np.asarray(noise["mean"]), np.asarray(noise["deviation"])

    def between(
        self, model: FeedForward, inputs: np.ndarray, epochs: int, n_steps: int
    ) -> "Callable[[int, State], tuple[State, dict[str, float]]]":
        """What happens to the moments after an epoch."""
        measure, fold = _left_over_moments(model, n_steps), _folding(model, inputs, n_steps)

        def change(epoch: int, state: "State") -> "tuple[State, dict[str, float]]":
            used = {of_member(DEVIATION, k): float(value) for k, value in enumerate(self.now(state)[1])}
            mean, deviation = self.now(state)
            if self.schedule == "annealed":
                deviation = self.deviation * (0.55 + 0.45 * np.cos(np.pi * (epoch + 1) / epochs))
            elif self.schedule == "refitted":
                mean, deviation = measure(fold(state.parameters["layers"]), inputs)
            noise = {"mean": np.float32(mean), "deviation": np.float32(deviation)}
            return replace(state, fixed=state.fixed | {"noise": noise}), used

        return change

    def changes(self, state: "State", model: FeedForward, inference: str) -> dict[str, list[float] | None]:
        """Arguments of the neuron models with which the network runs."""
        if inference == "residual":
            return {"start": [neuron.start for neuron in model.neurons]}
        leaks = np.array([neuron.leak for neuron in model.neurons])
        mean, deviation = self.now(state)
        forgetful = [0.0] * len(leaks)
        return {"leak": forgetful, "floor": None, "noise_mean": [*(leaks * mean)], "noise_deviation": [*(leaks * deviation)]}


def _check_noise(moments: _Moments, training: str, inference: str) -> None:
    if not moments.deviation.all() and (moments.step_noise.backward == "expected" or moments.schedule == "learned"):
        raise ValueError(
            f"noise.deviation = {moments.deviation.min()} with noise.backward = '{moments.step_noise.backward}' and noise.schedule = "
            f"'{moments.schedule}': the firing probability and a learned deviation need noise"
        )
    if inference == "fresh" and (training != "single_step" or moments.step_noise.kind != "gauss"):
        raise ValueError(
            f"noise.inference = 'fresh' with training = '{training}' and {moments.step_noise.kind} noise: neurons draw Gaussian noise, "
            "for networks trained at a single step"
        )


def _check_attention(model: FeedForward, training: str) -> None:
    found = [number for number, layer in enumerate(model.layers) if isinstance(layer, Attention)]
    if training == "conversion" and found:
        raise ValueError(
            f"training = '{training}' with attention in layer {found[0]}: a product of activations does not become one of spikes by "
            "scaled weights; choose 'single_step' or 'multi_step'"
        )


def _objective(training: str, model: FeedForward, moments: _Moments, n_steps: int, shift: "Shift") -> "tuple[Loss, Prepare]":
    """Loss, and what prepares its inputs."""
    if training == "single_step":
        return _single_step_loss(model, moments.step_noise), _noisy_inputs(model, moments.step_noise, shift)
    return (_unrolled_loss(model, n_steps) if training == "multi_step" else _rectified_loss(model)), shift


def _judged_steps(training: str, inference: str, n_steps: int) -> int | None:
    """Steps for which validation trials run: those of a trial, as the network will (None: ReLU, which has none)."""
    if training == "conversion":
        return None
    # without memory every step has the same answer but for the noise, which is left out here
    return 1 if inference == "fresh" else n_steps


def _score(task: Task, model: FeedForward, n_steps: int | None, inputs: np.ndarray) -> Callable[[Any, Any], float] | None:
    if task.validation is None:
        return None
    judge = _accuracy(model, constant_input(task.encode(task.validation.values)), task.validation.targets, n_steps)
    fold = _folding(model, inputs, n_steps)
    return lambda parameters, fixed: judge(fold(parameters["layers"]))


def _rescaled(
    model: FeedForward, layers: tuple[dict[str, np.ndarray], ...], scales: Floats
) -> tuple[tuple[dict[str, np.ndarray], ...], FeedForward]:
    """Weights, and the network with those of its skips, for which the scale of a layer becomes one spike per step (threshold balancing)."""
    if not scales.all():
        raise ValueError(f"ReLU units of layer {int(np.argmin(scales))} are silent (scales {scales}); train longer or otherwise")
    before = np.concatenate([[1.0], scales])
    after = np.concatenate([scales / [neuron.threshold for neuron in model.neurons], [1.0]])
    scaled = tuple(
        {"weights": own["weights"] * source / target, "bias": own["bias"] / target}
        for own, source, target in zip(layers, before, after, strict=True)
    )
    skips = [replace(skip, weight=float(skip.weight * scales[skip.source] / after[skip.target])) for skip in model.skips]
    return scaled, replace(model, skips=tuple(skips))
