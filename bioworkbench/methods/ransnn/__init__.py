"""Random networks whose synapses stay as they were drawn; what is trained is a linear readout of their spikes.

Feed-forward networks of this kind are random-feature machines (extreme learning machines), recurrent ones liquid state machines.
As options, a part of a feed-forward chain is trained by a surrogate gradient before the readout is fitted to the spikes.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from bioworkbench.discrete.layers import check_classes
from bioworkbench.readout.fits import READOUTS
from bioworkbench.readout.reading import fitted_readout, read_feature
from bioworkbench.readout.trials import Simulate, blocked_features, blocks
from bioworkbench.records.choice import Choice, Chosen, choice_of
from bioworkbench.records.errors import unknown_name
from bioworkbench.records.lazily import later
from bioworkbench.records.network import Network
from bioworkbench.records.optimization import Optimization
from bioworkbench.records.randomness import derived_seed
from bioworkbench.records.trained import TrainedNetwork
from bioworkbench.tasks import Task
from bioworkbench.tasks.task import check_learnable

__all__ = ["train"]

_tuned = later("bioworkbench.methods.ransnn.tuning:tuned")  # needs the extra "gradients"
_check_chain = later("bioworkbench.methods.ransnn.tuning:check_chain")

_COUNTS, _RIDGE = Choice("spike_counts"), Choice("ridge")
_OPTIMIZATION = Optimization(epochs=10, learning_rate=2e-3)


def train(
    task: Task,
    network: Network,
    simulate: Simulate,
    rng: np.random.Generator,
    *,
    feature: Chosen = _COUNTS,
    readout: Chosen = _RIDGE,
    populations: Sequence[str] | None = None,
    train_more: Literal["none", "biases", "last_layer"] = "none",
    optimization: Optimization = _OPTIMIZATION,
    block: int = 1024,
) -> TrainedNetwork:
    """Fit a linear readout to the spikes of a random network.

    Parameters
    ----------
    task : Task
        Of any kind; targets per frame need a feature that is read at every frame, which is then set up by itself.
    network : Network
        Feed-forward or recurrent, of any neuron models; with ``train_more``, a chain of `discrete_lif` populations
        (`bioworkbench.discrete.layers.chain`). It is not changed.
    simulate : callable
    rng : Generator
        Seeds the training trials' noise and input spikes, and the gradient training.
    feature : Choice
        What the readout sees: a name in ``features.FEATURES`` and its arguments.
    readout : Choice
        How it is fitted: a name in ``fits.READOUTS`` and its arguments.
    populations : sequence of str, optional
        Whose spikes are read; by default the spiking populations of the highest layer.
    train_more : {"none", "biases", "last_layer"}
        What is trained beforehand, by backpropagation through a surrogate of the spikes: nothing; the biases of all neurons;
        or weights and biases of the last population. Needs a classification task and a stimulus of kind "current" or "rate";
        of rates the gradient sees the expected current.
    optimization : Optimization
        Of that training.
    block : int
        Most trials whose spikes are held at once; larger is faster.

    Returns
    -------
    TrainedNetwork
        History: "loss" and "seconds" per epoch where `train_more` asks for training; once, "varying_features" (fraction of the
        features that differ between training trials).

    Raises
    ------
    ValueError
        If a name is unknown, no feature varies, or network, stimulus and settings do not fit each other.

    References
    ----------
    Dai & Ma (2025), Spiking neural networks with random network architecture, arXiv:2505.13622. Liquid state machines:
    Maass, Natschläger & Markram (2002), doi:10.1162/089976602760407955. Random features: Huang, Zhu & Siew (2006),
    doi:10.1016/j.neucom.2005.12.126.
    """
    if train_more not in (known := ("none", "biases", "last_layer")):
        raise ValueError(unknown_name(train_more, "part to train", known))
    readout = choice_of(readout)
    if readout.kind not in READOUTS:
        raise ValueError(unknown_name(readout.kind, "readout", READOUTS))
    check_learnable(task)
    read = read_feature(task, network, feature, populations)
    history: Mapping[str, np.ndarray] = {}
    if train_more != "none":
        check_classes(task)
        optimization.check_start(task.train.n_trials, validated=False)
        _check_chain(task, network, optimization)
        first = simulate(network, task.encode(next(blocks(task.train.values, block))), derived_seed(rng))
        network, history = _tuned(task, network, train_more, first, rng, optimization)
    seed = derived_seed(rng)
    features = blocked_features(network, task.encode, task.train.values, simulate, seed, feature=read, block=block)
    fitted = fitted_readout(task, features, task.train.targets, readout)
    varying = np.ptp(features.reshape(-1, features.shape[-1]), axis=0) > 0
    return TrainedNetwork(network, read, fitted, {**history, "varying_features": np.array([varying.mean()])})
