"""CH-SNN: ultra-sparse spiking networks whose links follow Cannistraci-Hebb rules, and the rules it is compared with."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from bioworkbench.arrays import count
from bioworkbench.discrete.layers import chain_sizes, check_classes, with_readout, with_weights
from bioworkbench.gradients.chains import chain_weights, feed_forward
from bioworkbench.gradients.inputs import StepInputs, step_inputs
from bioworkbench.gradients.linked import dense_gradients, linked_accuracy, linked_gradient, linked_state, links_of
from bioworkbench.gradients.networks import FeedForward
from bioworkbench.gradients.objectives import random_shift
from bioworkbench.gradients.training import Batches, Settings, State, fit
from bioworkbench.methods.ch_snn_evolution import Evolution
from bioworkbench.methods.ch_snn_start import sparse_links, sparse_weights, weight_deviations
from bioworkbench.network import Network
from bioworkbench.tasks import Task
from bioworkbench.topology.rewiring import Rewiring
from bioworkbench.trained import TrainedNetwork
from bioworkbench.trials import Simulate

__all__ = ["BASELINES", "train"]


BASELINES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "fully_connected": {"sparsity": 0.0, "removed_share": 0.0},
        "static": {"topology": "uniform", "removed_share": 0.0},
        "set": {
            "topology": "uniform", "removal": "signed_rank", "sample_removal": False, "regrowth": "random",
            "percolation": False, "keep_weights": False,
        },
        "rigl": {
            "topology": "uniform", "removal": "magnitude", "sample_removal": False, "regrowth": "gradient",
            "sample_regrowth": False, "percolation": False, "keep_weights": False,
        },
        "cht": {
            "topology": "correlation", "removal": "magnitude", "sample_removal": False, "sample_regrowth": False,
            "sparse_output": False,
        },
        "chts": {"topology": "correlation", "removal": "relative_importance", "last_removal_exponent": 3.0},
    }
)  # fmt: skip
"""Settings of `train` that turn CH-SNN into what it is compared with."""

_N_GRADIENT = 512  # training trials that decide where links regrow by gradient


def train(
    task: Task,
    network: Network,
    simulate: Simulate,
    rng: np.random.Generator,
    *,
    sparsity: float,
    n_steps: int = 8,
    topology: Literal["spike_correlation", "correlation", "uniform", "given"] = "spike_correlation",
    sparse_output: bool = True,
    spike_share: float | None = None,
    removal: Literal["lrs", "magnitude", "relative_importance", "signed_rank", "random"] = "lrs",
    removed_share: float = 0.3,
    decaying: bool = True,
    sample_removal: bool = True,
    removal_exponent: float = 1.0,
    last_removal_exponent: float | None = None,
    percolation: bool = True,
    regrowth: str = "ch3_l3",
    sample_regrowth: bool = True,
    keep_weights: bool = True,
    every: int = 1,
    last_share: float = 0.75,
    overlap_stop: float | None = None,
    surrogate: Literal["gaussian", "arctan", "fast_sigmoid", "sigmoid", "triangle"] = "gaussian",
    surrogate_width: float = 0.4,
    image: tuple[int, int, int] | None = None,
    shift: int = 0,
    epochs: int = 60,
    batch_size: int = 128,
    learning_rate: float = 2e-3,
    optimizer: Literal["adam", "sgd"] = "adam",
    weight_decay: float = 0.0,
    average: float = 0.0,
    patience: int | None = None,
    checkpoint: str | None = None,
) -> TrainedNetwork:
    """Train a sparse feed-forward spiking network whose links are removed and regrown between epochs.

    Parameters
    ----------
    task : Task
        Classification of trials.
    network : Network
        A chain of `discrete_lif` populations (`bioworkbench.discrete.layers.chain`); its links count for topology "given" only.
    simulate : callable
    rng : Generator
    sparsity : float
        Share of absent links of every layer; 0 for a fully connected network.
    n_steps : int
        Simulation steps of a trial.
    topology : {"spike_correlation", "correlation", "uniform", "given"}
        First layer: strongest correlations of input spikes (SSCTI) or of input values (CSTI), or the same number of links for
        every node, as in all further layers. "given" starts from the links and weights of `network`; `sparsity` then counts for
        the outputs alone.
    sparse_output : bool
        Whether the output layer has the same sparsity.
    spike_share : float, optional
        Variance of the first layer's weights times the number of links per neuron (S_t of the publication, whose meaning is
        open). By default such that the drive of a step deviates by one threshold: threshold squared over the mean squared input.
    removal : str
        Score of a link, the smaller the sooner removed; see `bioworkbench.topology.link_removal.REMOVAL_SCORES`.
    removed_share : float
        Of the links per step; 0 leaves the topology as it is.
    decaying : bool
        Let `removed_share` fall to 0 along half a cosine.
    sample_removal : bool
        Draw the survivors in proportion to the score to the power of an exponent, which moves from `removal_exponent` to
        `last_removal_exponent` (by default it stays), instead of removing the smallest.
    removal_exponent, last_removal_exponent : float
    percolation : bool
        Remove the links of neurons that lost all inputs or all outputs.
    regrowth : str
        A name in `bioworkbench.topology.regrowth.REGROWTH_RULES`, or "gradient" for the largest gradients of absent links.
    sample_regrowth : bool
        Draw new links in proportion to their score instead of taking the largest.
    keep_weights : bool
        A link that is removed and regrown in the same step keeps its weight; all others start at 0.
    every : int
        Epochs between steps.
    last_share : float
        Share of the epochs after which links no longer change.
    overlap_stop : float, optional
        Stop changing links when in every layer more than this share of the regrown links had just been removed.
    surrogate, surrogate_width : str, float
        See `bioworkbench.gradients.surrogate.SURROGATES`.
    image, shift : (rows, columns, channels), int
        Move training images by up to so many pixels.
    epochs, batch_size, learning_rate, optimizer, weight_decay, average, patience
        See `bioworkbench.gradients.training.Settings` (cosine schedule).
    checkpoint : str, optional
        File (.npz) that an interrupted training continues from.

    Returns
    -------
    TrainedNetwork
        History per epoch: "loss", "seconds", "score" (validation accuracy), "overlap", "n_filled", "rewiring_seconds", and the
        topology after the epoch as in `ch_snn_evolution.layer_history`.

    Raises
    ------
    ValueError, TopologyError
        If the task, the network or a setting does not fit; if no way from input to output is left.
    DivergenceError
        If the loss is not finite.

    References
    ----------
    CH-SNN (2025), arXiv:2511.05581. CHTs: Zhang et al. (2025), arXiv:2501.19107. CHT: Zhang et al. (2024),
    https://openreview.net/forum?id=iayEcORsGd. SET: Mocanu et al. (2018), doi 10.1038/s41467-018-04316-3. RigL: Evci et al.
    (2020), arXiv:1911.11134.
    """
    check_classes(task)
    inputs = step_inputs(task.encode(task.train.values), count("n_steps", n_steps))
    model = feed_forward(network, task.n_outputs, surrogate=surrogate, width=surrogate_width)
    state = _start(network, model, inputs, sparsity, topology, sparse_output, spike_share, rng)
    seed = int(rng.integers(2**31))
    rules = Rewiring(
        share=removed_share,
        removal=removal,
        sample_removal=sample_removal,
        exponent=removal_exponent,
        regrowth=regrowth,
        sample_regrowth=sample_regrowth,
        percolation=percolation,
        keep_weights=keep_weights,
    )
    last_exponent = removal_exponent if last_removal_exponent is None else last_removal_exponent
    evolution = Evolution(rules, epochs, every, last_share, decaying, last_exponent, overlap_stop, seed)
    batches = Batches(inputs.values, task.train.targets, seed, inputs.changed(random_shift(image, shift)))
    settings = Settings(
        epochs, batch_size, learning_rate, optimizer, weight_decay=weight_decay, average=average, patience=patience
    )
    state, history = fit(
        None,
        state,
        batches,
        settings,
        gradient=linked_gradient(model, n_steps),
        score=_score(task, model, n_steps, rng),
        between=evolution.between(dense_gradients(model, n_steps, batches, _N_GRADIENT)),
        path=checkpoint,
    )
    *weights, output = links_of(state)
    *biases, offset = [np.asarray(own["bias"], dtype=float) for own in state.parameters["layers"]]
    readout = {"weights": output.toarray(), "bias": offset}
    return with_readout(task, with_weights(network, weights, biases, {}), readout, history, simulate, rng)


def _start(
    network: Network,
    model: FeedForward,
    inputs: StepInputs,
    sparsity: float,
    topology: str,
    sparse_output: bool,
    spike_share: float | None,
    rng: np.random.Generator,
) -> State:
    """Masks and weights to start from."""
    sizes = (*chain_sizes(network), model.layers[-1].n_out)
    thresholds = [neuron.threshold for neuron in model.neurons]
    given = chain_weights(network) if topology == "given" else []
    masks = sparse_links(inputs, sizes, sparsity, "uniform" if given else topology, sparse_output, rng)
    if spike_share is None:
        spike_share = thresholds[0] ** 2 / max(1e-6, float(np.mean(inputs.values**2 if not inputs.random else inputs.values)))
    sparsities = [1 - mask.nnz / (mask.shape[0] * mask.shape[1]) for mask in masks]
    weights = sparse_weights(masks, weight_deviations(sizes, sparsities, thresholds, spike_share), rng)
    weights[: len(given)] = given
    return linked_state(weights, {"settled": np.zeros(len(weights), dtype=bool)})


def _score(task: Task, model: FeedForward, n_steps: int, rng: np.random.Generator) -> Callable[[Any, Any], float] | None:
    if task.validation is None:
        return None
    inputs = step_inputs(task.encode(task.validation.values), n_steps).drawn(rng)
    return linked_accuracy(model, inputs, task.validation.targets, n_steps)
