"""Small chains of discrete-time neurons and tasks that the tests of the gradient methods share."""

from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
from scipy import sparse

from bioworkbench.discrete import simulate_discrete
from bioworkbench.discrete.lif import discrete_lif
from bioworkbench.encoding import as_current
from bioworkbench.gradients.chains import chain_weights, feed_forward
from bioworkbench.gradients.layers import FeedForward
from bioworkbench.gradients.matrices import layer_weights
from bioworkbench.gradients.objectives import spike_rasters
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.optimization import ConvolvedImages
from bioworkbench.records.recording import Recording
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.records.trained import TrainedNetwork
from bioworkbench.simulation import simulate
from bioworkbench.tasks import Task
from bioworkbench.tasks.images import digits

DT = 1e-3
_FLAT = ConvolvedImages()


def dense_chain(sizes: tuple[int, ...], seed: int = 1, **neuron) -> Network:
    """Populations h0, h1, ... with all links and Gaussian weights of variance 2 / n_source."""
    rng = np.random.default_rng(seed)
    arguments = {"leak": 1.0, "floor": 0.0, "start": 0.5} | neuron
    populations = tuple(Population(f"h{k}", size, discrete_lif(**arguments), k) for k, size in enumerate(sizes[1:]))
    names = ["input", *(p.name for p in populations)]
    projections = tuple(
        Projection(source, target, sparse.csr_array(rng.normal(0, (2 / a) ** 0.5, (a, b))))
        for (source, target), (a, b) in zip(pairwise(names), pairwise(sizes), strict=True)
    )
    return Network(populations, projections)


def residual_chain(sizes: tuple[int, ...], weight: float, skips: list[tuple[int, int]], **neuron) -> Network:
    """A dense chain with skips between populations by their number."""
    network = dense_chain(sizes, **neuron)
    more = [Projection(f"h{s}", f"h{t}", weight * sparse.eye_array(sizes[t + 1], format="csr")) for s, t in skips]
    return Network(network.populations, (*network.projections, *more))


def digits_task(n_steps: int, seed: int = 1, **settings) -> Task:
    """The 8 x 8 digits as currents that last `n_steps` steps of `DT`."""
    task = digits(np.random.default_rng(seed), **settings)
    return replace(task, encode=partial(as_current, frame=n_steps * DT))


def in_numpy(network: Network, stimulus: Stimulus, seed: int) -> Recording:
    """`simulate` by the NumPy twin."""
    return simulate_discrete(network, stimulus, dt=DT, rng=np.random.default_rng(seed))


def accuracy_on_test(task: Task, trained, simulate=in_numpy) -> float:
    """Accuracy on the test trials."""
    recording = simulate(trained.network, task.encode(task.test.values), 7)
    counts = np.stack([recording.raster(name).sum(axis=1) for name in trained.feature.arguments["populations"]])
    return float((trained.readout.predictions(np.concatenate(list(counts), axis=1)) == task.test.targets).mean())


def in_jax(
    trained: TrainedNetwork, images: ConvolvedImages = _FLAT, n_steps: int = 1
) -> tuple[FeedForward, tuple[dict[str, np.ndarray], ...]]:
    """A trained network as JAX runs it, from the weights of the projections and the biases of the neurons.

    Its outputs are those of the mean over the steps, of which it had `n_steps` when it was trained.
    """
    model = feed_forward(trained.network, trained.readout.coefficients.shape[1], images=images)
    chain = zip(model.layers, chain_weights(trained.network), trained.network.populations, strict=False)
    own = [
        {"weights": layer_weights(layer, weights), "bias": _biases(population)[: layer.weight_shape[-1]]}
        for layer, weights, population in chain
    ]
    return model, (*own, {"weights": trained.readout.coefficients * n_steps, "bias": trained.readout.intercepts})


def _biases(population: Population) -> np.ndarray:
    return np.broadcast_to(population.model.constants["bias"], population.size)


def check_spikes(
    task: Task, trained: TrainedNetwork, n_steps: int, images: ConvolvedImages = _FLAT, *, n_trials: int = 40
) -> None:
    """Every population spikes, and no spike differs between Brian2, which runs the projections, and JAX, which runs the layers."""
    values = task.test.values[:n_trials]
    recording = simulate(trained.network, task.encode(values), 1, dt=DT, backend="numpy")
    rasters = spike_rasters(*in_jax(trained, images), values[:, 0], n_steps)
    for population, raster in zip(trained.network.populations, rasters, strict=True):
        assert raster.any()
        np.testing.assert_array_equal(recording.raster(population.name), raster)
