"""CH-SNN: ultra-sparse spiking networks whose links follow Cannistraci-Hebb rules, and the rules it is compared with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bioworkbench.discrete.layers import chain_sizes, check_classes, with_readout, with_weights
from bioworkbench.gradients.chains import chain_weights, feed_forward
from bioworkbench.gradients.layers import FeedForward
from bioworkbench.methods.ch_snn.evolution import Evolution, LayerRewiring
from bioworkbench.methods.ch_snn.start import sparse_links, sparse_weights, weight_deviations
from bioworkbench.readout.trials import Simulate, n_steps_of
from bioworkbench.records.arrays import fraction
from bioworkbench.records.lazily import later
from bioworkbench.records.network import Network
from bioworkbench.records.optimization import Images, Optimization
from bioworkbench.records.trained import TrainedNetwork
from bioworkbench.tasks import Task

if TYPE_CHECKING:
    from bioworkbench.gradients.inputs import StepInputs
    from bioworkbench.gradients.training import State

__all__ = ["BASELINES", "LayerRewiring", "SparseStart", "train"]

# What computes with JAX is imported when it trains: to know and to check the settings takes none of it.
_step_inputs, _random_shift = (
    later("bioworkbench.gradients.inputs:step_inputs"),
    later("bioworkbench.gradients.objectives:random_shift"),
)
_batches, _fit = later("bioworkbench.gradients.training:Batches"), later("bioworkbench.gradients.training:fit")
_dense_gradients, _linked_accuracy, _linked_gradient, _linked_state, _links_of = (
    later(f"bioworkbench.gradients.linked:{name}")
    for name in ("dense_gradients", "linked_accuracy", "linked_gradient", "linked_state", "links_of")
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

_N_GRADIENT = 512  # training trials that decide where links regrow by gradient


@dataclass(frozen=True)
class SparseStart:
    """Links and weights before the first epoch.

    Parameters
    ----------
    topology : {"spike_correlation", "correlation", "uniform", "given"}
        First layer: strongest correlations of input spikes (SSCTI) or of input values (CSTI), or the same number of links for
        every node, as in all further layers. "given" starts from the links and weights of the network; the sparsity then counts
        for the outputs alone.
    sparse_output : bool
        Whether the output layer has the same sparsity.
    spike_variance : float, optional
        Variance of the first layer's weights times the number of links per neuron (S_t of the publication, whose meaning is
        open). By default such that the drive of a step deviates by one threshold: threshold squared over the mean squared input.
    """

    topology: Literal["spike_correlation", "correlation", "uniform", "given"] = "spike_correlation"
    sparse_output: bool = True
    spike_variance: float | None = None


_START, _REWIRING, _IMAGES = SparseStart(), LayerRewiring(), Images()
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
    images: Images = _IMAGES,
    optimization: Optimization = _OPTIMIZATION,
) -> TrainedNetwork:
    """Train a sparse feed-forward spiking network whose links are removed and regrown between epochs.

    It is trained for as many steps as the simulation of a trial has.

    Parameters
    ----------
    task : Task
        Classification of trials.
    network : Network
        A chain of `discrete_lif` populations (`bioworkbench.discrete.layers.chain`); its links count for a "given" start only.
    simulate : callable
        ``simulate(network, stimulus, seed) -> Recording``.
    rng : Generator
        Draws links, weights, the order of the trials and shifts.
    sparsity : float
        Fraction of absent links of every layer; 0 for a fully connected network.
    start : SparseStart
        Links and weights before the first epoch.
    rewiring : LayerRewiring
        When and how links change between epochs.
    images : Images
        Moves, turns and scales training images.
    optimization : Optimization
        Of the weights.

    Returns
    -------
    TrainedNetwork
        History per epoch: "loss", "seconds", "score" (validation accuracy), "overlap", "n_filled", "rewiring_seconds", and the
        topology after the epoch as in `evolution.layer_history`.

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
    model = feed_forward(network, task.n_outputs, surrogate=optimization.surrogate, width=optimization.surrogate_width)
    optimization.check_size(task.train.n_trials)
    n_steps = n_steps_of(network, task.encode(task.train.values[:1]), simulate)
    inputs = _step_inputs(task.encode(task.train.values), n_steps)
    images.check_channels(inputs.values.shape[2])
    state = _start(network, model, inputs, sparsity, start, rng)
    seed = int(rng.integers(2**31))
    evolution = Evolution(rewiring, optimization.epochs, seed)
    batches = _batches(inputs.values, task.train.targets, seed, inputs.changed(_random_shift(images)))
    state, history = _fit(
        None,
        state,
        batches,
        optimization,
        gradient=_linked_gradient(model, n_steps),
        score=_score(task, model, n_steps, rng),
        between=evolution.between(_dense_gradients(model, n_steps, batches, _N_GRADIENT)),
        path=optimization.checkpoint,
    )
    *weights, output = _links_of(state)
    *biases, offset = [np.asarray(own["bias"], dtype=float) for own in state.parameters["layers"]]
    readout = {"weights": output.toarray(), "bias": offset}
    return with_readout(task, with_weights(network, weights, biases, {}), readout, history, simulate, rng)


def _start(
    network: Network, model: FeedForward, inputs: "StepInputs", sparsity: float, start: SparseStart, rng: np.random.Generator
) -> "State":
    """Masks and weights to start from."""
    sizes = (*chain_sizes(network), model.layers[-1].n_out)
    thresholds = [neuron.threshold for neuron in model.neurons]
    given = chain_weights(network) if start.topology == "given" else []
    masks = sparse_links(inputs, sizes, sparsity, "uniform" if given else start.topology, start.sparse_output, rng)
    variance = start.spike_variance
    if variance is None:
        variance = thresholds[0] ** 2 / max(1e-6, float(np.mean(inputs.values**2 if not inputs.random else inputs.values)))
    sparsities = [1 - mask.nnz / (mask.shape[0] * mask.shape[1]) for mask in masks]
    weights = sparse_weights(masks, weight_deviations(sizes, sparsities, thresholds, variance), rng)
    weights[: len(given)] = given
    return _linked_state(weights, {"settled": np.zeros(len(weights), dtype=bool)})


def _score(task: Task, model: FeedForward, n_steps: int, rng: np.random.Generator) -> Callable[[Any, Any], float] | None:
    if task.validation is None:
        return None
    inputs = _step_inputs(task.encode(task.validation.values), n_steps).drawn(rng)
    return _linked_accuracy(model, inputs, task.validation.targets, n_steps)
