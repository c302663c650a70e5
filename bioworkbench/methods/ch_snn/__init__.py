"""CH-SNN: ultra-sparse spiking networks whose links follow Cannistraci-Hebb rules, and the rules it is compared with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy import sparse

from bioworkbench.discrete.layers import check_classes, with_readout, with_weights
from bioworkbench.gradients.chains import chain_weights, feed_forward, with_products
from bioworkbench.gradients.layers import Attention, FeedForward, Layer
from bioworkbench.gradients.matrices import neuron_biases, projection_weights
from bioworkbench.methods.ch_snn.evolution import Evolution, LayerRewiring
from bioworkbench.methods.ch_snn.start import (
    HIDDEN_VARIANCE,
    check_kernels,
    check_links,
    check_paths,
    check_probabilities,
    sparse_kernel,
    sparse_links,
    sparse_weights,
    weight_deviations,
)
from bioworkbench.readout.trials import Simulate, n_steps_of
from bioworkbench.records.arrays import fraction, positive
from bioworkbench.records.checkpoints import told_settings
from bioworkbench.records.counted import counted
from bioworkbench.records.lazily import later
from bioworkbench.records.network import Network
from bioworkbench.records.optimization import ConvolvedImages, Optimization
from bioworkbench.records.options import check_options
from bioworkbench.records.trained import TrainedNetwork
from bioworkbench.tasks import Task

if TYPE_CHECKING:
    from bioworkbench.gradients.inputs import StepInputs
    from bioworkbench.gradients.networks import Parameters
    from bioworkbench.gradients.training import State

__all__ = ["BASELINES", "LayerRewiring", "SparseStart", "train"]

# What computes with JAX is imported when it trains: to know and to check the settings takes none of it.
_step_inputs = later("bioworkbench.gradients.inputs:step_inputs")
_initial_parameters = later("bioworkbench.gradients.networks:initial_parameters")
_arrays_of, _random_shift, _folding = (
    later(f"bioworkbench.gradients.objectives:{name}") for name in ("arrays_of", "random_shift", "folding")
)
_batches, _fit = later("bioworkbench.gradients.training:Batches"), later("bioworkbench.gradients.training:fit")
_dense_gradients, _linked_accuracy, _linked_gradient = (
    later(f"bioworkbench.gradients.linked:{name}") for name in ("dense_gradients", "linked_accuracy", "linked_gradient")
)
_dense_parameters, _link_masks, _linked_chain, _linked_state = (
    later(f"bioworkbench.gradients.linked_states:{name}")
    for name in ("dense_parameters", "link_masks", "linked_chain", "linked_state")
)

BASELINES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "fully_connected": {"sparsity": 0.0, "rewiring": {"removed_fraction": 0.0}},
        "static": {"start": {"topology": "uniform"}, "rewiring": {"removed_fraction": 0.0}},
        "set": {
            "start": {"topology": "uniform"},
            "rewiring": {
                "removal": "signed_rank", "sample_removal": False, "regrowth": "random", "percolation": False, "keep_weights": False,
            },
        },
        "rigl": {
            "start": {"topology": "uniform"},
            "rewiring": {
                "removal": "magnitude", "sample_removal": False, "regrowth": "gradient", "sample_regrowth": False,
                "percolation": False, "keep_weights": False,
            },
        },
        "cht": {
            "start": {"topology": "correlation", "sparse_output": False},
            "rewiring": {"removal": "magnitude", "sample_removal": False, "sample_regrowth": False},
        },
        "chts": {
            "start": {"topology": "correlation"},
            "rewiring": {"removal": "relative_importance", "last_removal_exponent": 3.0},
        },
    }
)  # fmt: skip
"""Settings of `train`, as a spec has them below ``[method]``, that turn CH-SNN into what it is compared with."""

_N_FOLDED = 500  # training trials whose means and deviations end batch norm
_N_GRADIENT = 512  # training trials that decide where links regrow by gradient


@dataclass(frozen=True)
class SparseStart:
    """Links and weights before the first epoch.

    Parameters
    ----------
    topology : {"spike_correlation", "correlation", "uniform", "given"}
        First layer, where no convolution comes before it: strongest correlations of input spikes (SSCTI) or of input values
        (CSTI), or the same number of links for every node, as in all further layers. "given" starts from the links and weights of
        the network; the sparsity then counts for the outputs alone.
    sparse_output : bool
        Whether the output layer has the same sparsity.
    spike_variance : float, optional
        Variance of the first layer's weights times the number of links per neuron (S_t of the publication, whose meaning is
        open). By default such that the drive of a step deviates by one threshold: threshold squared over the mean squared input;
        behind convolutions, as that of hidden layers.
    convolution_sparsity : float or sequence of float
        Fraction of absent links of the convolutions: one for all, or one for each in their order, where those left out are whole, as
        all are by default. A link leads from an input of a filter (row, column, channel) to the filter, and all neurons of the
        filter share it. Links start uniform, and are removed and regrown as those of linear layers are.

    Raises
    ------
    ValueError
        If the topology is unknown, a sparsity of convolutions is not between 0 and 1, or the variance not above 0.
    """

    topology: Literal["spike_correlation", "correlation", "uniform", "given"] = "spike_correlation"
    sparse_output: bool = True
    spike_variance: float | None = None
    convolution_sparsity: float | Sequence[float] = 0.0

    def __post_init__(self) -> None:
        check_options(self)
        if self.spike_variance is not None:
            positive("spike_variance", self.spike_variance)
        fraction("convolution_sparsity", np.asarray(self.convolution_sparsity, dtype=float))

    def kernel_sparsities(self, n_convolutions: int) -> tuple[float, ...]:
        """Sparsity of each convolution.

        Parameters
        ----------
        n_convolutions : int

        Returns
        -------
        tuple of float (n_convolutions,)

        Raises
        ------
        ValueError
            If there are more sparsities than convolutions, or one for convolutions where there are none.
        """
        given = self.convolution_sparsity
        one_for_all = isinstance(given, int | float)
        own = (float(given),) * n_convolutions if one_for_all else tuple(float(value) for value in given)
        if len(own) > n_convolutions or (one_for_all and given and not n_convolutions):
            raise ValueError(
                f"start.convolution_sparsity = {given if one_for_all else list(own)} with "
                f"{counted(n_convolutions, 'convolution')}; give one for all, or at most one for each of images.convolutions"
            )
        return own + (0.0,) * (n_convolutions - len(own))

    def drawn(self, layer: int, usually: frozenset[str]) -> frozenset[str]:
        """Nothing is drawn where it starts from a given network; else, of any `layer`, what is `usually`."""
        return frozenset() if self.topology == "given" else usually


_START, _REWIRING, _IMAGES = SparseStart(), LayerRewiring(), ConvolvedImages()
_OPTIMIZATION = Optimization(epochs=60, learning_rate=2e-3)


def train(
    task: Task,
    network: Network,
    simulate: Simulate,
    rng: np.random.Generator,
    *,
    sparsity: float,
    start: SparseStart = _START,
    rewiring: LayerRewiring = _REWIRING,
    images: ConvolvedImages = _IMAGES,
    optimization: Optimization = _OPTIMIZATION,
) -> TrainedNetwork:
    """Train a sparse feed-forward spiking network whose links are removed and regrown between epochs.

    It is trained for as many steps as the simulation of a trial has.

    Parameters
    ----------
    task : Task
        Classification of trials.
    network : Network
        A chain of `discrete_lif` populations (`bioworkbench.discrete.layers.chain`), with skips or without; its further links count for
        a "given" start only.
    simulate : callable
        ``simulate(network, stimulus, seed) -> Recording``.
    rng : Generator
        Draws links, weights, the order of the trials and shifts.
    sparsity : float
        Fraction of absent links of every linear layer; 0 for a fully connected network. That of convolutions is a setting of `start`.
    start : SparseStart
        Links and weights before the first epoch.
    rewiring : LayerRewiring
        When and how links change between epochs.
    images : ConvolvedImages
        Convolutions, averages before layers, batch norm, and moves of training images.
    optimization : Optimization
        Of the weights.

    Returns
    -------
    TrainedNetwork
        History per epoch: "loss", "seconds", "score" (validation accuracy), "overlap", "n_filled", "rewiring_seconds"; and of the
        layers from the first sparse convolution on, or of the linear layers, "n_links" (attention has none) and the topology after the
        epoch, as in `evolution.layer_history`.

    Raises
    ------
    ValueError, TopologyError
        If the task, the network or a setting does not fit; if no path from input to output is left.
    DivergenceError
        If the loss is not finite.

    References
    ----------
    CH-SNN (2025), arXiv:2511.05581. CHTs: Zhang et al. (2025), arXiv:2501.19107. CHT: Zhang et al. (2024),
    https://openreview.net/forum?id=iayEcORsGd. SET: Mocanu et al. (2018), doi 10.1038/s41467-018-04316-3. RigL: Evci et al.
    (2020), arXiv:1911.11134.
    """
    check_classes(task)
    fraction("sparsity", sparsity)
    surrogate, width = optimization.surrogate, optimization.surrogate_width
    model = feed_forward(network, task.n_outputs, surrogate=surrogate, width=width, images=images)
    _check_start(start, model, images, sparsity)
    optimization.check_start(task.train.n_trials, validated=task.validation is not None)
    first = task.encode(task.train.values[:1])
    images.check_channels(first.values.shape[2])
    _check_inputs(task, start, model, sparsity)
    n_steps = n_steps_of(network, first, simulate)
    inputs = _step_inputs(task.encode(task.train.values), n_steps)
    state = _start(network, model, inputs, sparsity, start, rng)
    linked, _ = _linked_chain(state)
    skips = _skips(model, len(model.layers) - len(linked))
    check_paths(linked, sparsity, start.convolution_sparsity, skips)
    seed = int(rng.integers(2**31))
    evolution = Evolution(rewiring, optimization.epochs, seed, skips)
    batches = _batches(inputs.values, task.train.targets, seed, inputs.changed(_random_shift(images)))
    fold = _folding(model, inputs.drawn(rng, _N_FOLDED if images.normalized else 0), n_steps)
    state, history = _fit(
        None,
        state,
        batches,
        optimization,
        gradient=_linked_gradient(model, n_steps),
        score=_score(task, model, n_steps, rng, fold),
        between=evolution.between(_dense_gradients(model, n_steps, batches, _N_GRADIENT)),
        path=optimization.checkpoint,
        told=told_settings(sparsity=sparsity, start=start, rewiring=rewiring, images=images, n_steps=n_steps),
    )
    trained, readout = _trained(network, model, state, fold)
    return with_readout(task, trained, readout, history, simulate, rng)


def _check_start(start: SparseStart, model: FeedForward, images: ConvolvedImages, sparsity: float) -> None:
    if start.topology == "given" and images.convolutions:
        raise ValueError(
            f"start.topology = '{start.topology}' with {counted(len(images.convolutions), 'convolution')}, which are drawn; "
            "choose 'uniform'"
        )
    convolutions, linear = _parted(model)
    drawn = linear[-1:] if start.topology == "given" else linear
    check_links(drawn if start.sparse_output else drawn[:-1], sparsity)
    kernels = [layer for layer in convolutions if not isinstance(layer, Attention)]
    check_kernels(kernels, start.kernel_sparsities(len(kernels)))


def _check_inputs(task: Task, start: SparseStart, model: FeedForward, sparsity: float) -> None:
    """Refuse what links cannot be drawn by, before anything is simulated."""
    convolutions, linear = _parted(model)
    if sparsity and start.topology == "spike_correlation" and not convolutions and len(linear) > 1:
        inputs = task.encode(task.train.values)
        if inputs.kind == "current":
            check_probabilities(inputs.values)


def _kernel_sparsities(start: SparseStart, convolutions: Sequence[Layer]) -> list[float]:
    """Sparsity of each convolution; attention between them has no weights, and none of its own."""
    attending = [isinstance(layer, Attention) for layer in convolutions]
    kernels = iter(start.kernel_sparsities(attending.count(False)))
    return [0.0 if attends else next(kernels) for attends in attending]


def _start(
    network: Network, model: FeedForward, inputs: "StepInputs", sparsity: float, start: SparseStart, rng: np.random.Generator
) -> "State":
    """Masks and weights to start from."""
    given = chain_weights(network) if start.topology == "given" else []
    convolutions, linear = _parted(model)
    convolved = _initial_parameters(convolutions, rng)  # first, so that they are the same whatever links follow
    sizes = (linear[0].fan_in, *(layer.n_out for layer in linear))
    sizes = sizes[len(given) :]  # only the outputs are drawn behind what is given
    topology = "uniform" if given or convolutions else start.topology
    masks = sparse_links(inputs, sizes, sparsity, topology, start.sparse_output, rng)
    # a linear layer has the threshold of its population, the outputs that of the last one
    before = len(convolutions) + len(given)
    thresholds = [neuron.threshold for neuron in model.neurons][before:] or [model.neurons[-1].threshold]
    variance = start.spike_variance
    if variance is None and convolutions:
        variance = HIDDEN_VARIANCE * thresholds[0] ** 2
    elif variance is None:
        variance = thresholds[0] ** 2 / max(1e-6, float(np.mean(inputs.values**2 if not inputs.random else inputs.values)))
    sparsities = [1 - mask.nnz / (mask.shape[0] * mask.shape[1]) for mask in masks]
    deviations = weight_deviations(sizes, sparsities, thresholds, variance)[-len(masks) :]
    weights = [*given, *sparse_weights(masks, deviations, rng)]
    sparse_ones = _with_links(convolved, _kernel_sparsities(start, convolutions), rng.spawn(1)[0])
    settled = np.zeros(len(weights) + sum(sparse.issparse(own["weights"]) for own in sparse_ones), dtype=bool)
    return _linked_state(weights, {"settled": settled}, sparse_ones)


def _with_links(convolved: "Parameters", sparsities: Sequence[float], rng: np.random.Generator) -> list[dict[str, Any]]:
    """Parameters of the convolutions, of which those that are not whole have links; `rng` is theirs alone: it moves no other draw."""
    return [
        own | ({"weights": sparse_kernel(own["weights"], sparsity, rng)} if sparsity else {})
        for own, sparsity in zip(convolved, sparsities, strict=True)
    ]


def _parted(model: FeedForward) -> tuple[tuple[Layer, ...], tuple[Layer, ...]]:
    """Convolutions, and the linear layers behind them."""
    n = sum(len(layer.weight_shape) > 2 for layer in model.layers)
    return model.layers[:n], model.layers[n:]


def _skips(model: FeedForward, n_whole: int) -> list[tuple[int, int]]:
    """Skips between the layers behind the first whole ones, whose inputs count as population 0; those from before start there."""
    first = n_whole - 1
    moved = [(max(skip.source - first, 0), skip.target - first) for skip in model.skips]
    return [(source, target) for source, target in moved if target > 0]


def _trained(
    network: Network, model: FeedForward, state: "State", fold: "Callable[[Parameters], Parameters]"
) -> tuple[Network, dict[str, np.ndarray]]:
    """Network as training left it, and its outputs."""
    layers = _arrays_of(fold(_dense_parameters(model, state.parameters["layers"], state.fixed["links"])))
    weights = [
        projection_weights(layer, own["weights"], mask)
        for layer, own, mask in zip(model.layers, layers, _link_masks(model, state), strict=True)
    ]
    biases = [neuron_biases(layer, own["bias"]) for layer, own in zip(model.layers, layers, strict=True)]
    trained = with_products(with_weights(network, weights[:-1], biases[:-1], {}), model)
    return trained, {"weights": weights[-1].toarray(), "bias": biases[-1]}


def _score(
    task: Task, model: FeedForward, n_steps: int, rng: np.random.Generator, fold: "Callable[[Parameters], Parameters]"
) -> Callable[[Any, Any], float] | None:
    if task.validation is None:
        return None
    inputs = _step_inputs(task.encode(task.validation.values), n_steps).drawn(rng)
    return _linked_accuracy(model, inputs, task.validation.targets, n_steps, fold)
