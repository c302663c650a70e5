"""Small chains of discrete-time neurons and tasks that the tests of the gradient methods share."""

from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
from scipy import sparse

from bioworkbench.discrete import simulate_discrete
from bioworkbench.discrete.lif import discrete_lif
from bioworkbench.encoding import as_current
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.recording import Recording
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.tasks import Task
from bioworkbench.tasks.images import digits

DT = 1e-3


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
