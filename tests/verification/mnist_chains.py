"""Image sets and networks for the verification of the gradient methods, and how they are judged for any number of steps."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy import sparse

from bioworkbench.discrete.lif import soft_reset_if
from bioworkbench.encoding import as_current
from bioworkbench.gradients.layers import FeedForward
from bioworkbench.gradients.objectives import accuracy, spike_rasters
from bioworkbench.readout.trials import blocked_predictions
from bioworkbench.records import averages
from bioworkbench.records.linear_readout import LinearReadout
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.optimization import ConvolvedImages
from bioworkbench.records.recording import Recording
from bioworkbench.records.trained import TrainedNetwork
from bioworkbench.simulation import simulate
from bioworkbench.tasks import Task, Trials
from bioworkbench.tasks.images import cifar10, mnist
from tests.methods.chains import in_jax

DT = 1e-3
N_STEPS = 8
CONVOLUTIONS = {"images.convolutions": ((32, 5, 2), (64, 5, 2))}
_FLAT = ConvolvedImages()

in_brian2 = partial(simulate, dt=DT)


def mnist_task(folder: Path, seed: int, n_train: int | None = None, *, n_steps: int = N_STEPS, file: str = "mnist.npz") -> Task:
    """MNIST, or a set of its form, as constant currents of some steps; 5000 training images validate, or a tenth of fewer."""
    n_validation = 5000 if n_train is None else n_train // 10
    task = mnist(np.random.default_rng(seed), data=folder, n_train=n_train, n_validation=n_validation, file=file)
    return replace(task, encode=lasting(n_steps))


def cifar10_task(folder: Path, seed: int, n_train: int, n_steps: int, n_test: int = 5000) -> Task:
    """CIFAR-10 as constant currents of some steps; a tenth of the training images validates."""
    task = cifar10(np.random.default_rng(seed), data=folder, n_train=n_train, n_test=n_test, n_validation=n_train // 10)
    return replace(task, encode=lasting(n_steps))


def lasting(n_steps: int) -> partial:
    """Encoding as currents that last so many steps."""
    return partial(as_current, frame=n_steps * DT)


def dense_network(sizes: tuple[int, ...], seed: int, model=None) -> Network:
    """Populations h0, h1, ... with all links and Gaussian weights of variance 2 / n_source."""
    rng = np.random.default_rng(seed)
    model = soft_reset_if() if model is None else model
    names = ["input", *(f"h{k}" for k in range(len(sizes) - 1))]
    populations = tuple(Population(name, size, model, k) for k, (name, size) in enumerate(zip(names[1:], sizes[1:], strict=True)))
    projections = tuple(
        Projection(source, target, sparse.csr_array(rng.normal(0, (2 / a) ** 0.5, (a, b))))
        for (source, target), (a, b) in zip(pairwise(names), pairwise(sizes), strict=True)
    )
    return Network(populations, projections)


def empty_network(sizes: tuple[int, ...], model=None) -> Network:
    """The same without links, for methods that bring their own."""
    dense = tuple(Population(f"h{k}", size, model or soft_reset_if(), k) for k, size in enumerate(sizes[1:]))
    names = ["input", *(p.name for p in dense)]
    links = [
        Projection(source, target, sparse.csr_array(shape))
        for (source, target), shape in zip(pairwise(names), pairwise(sizes), strict=True)
    ]
    return Network(dense, tuple(links))


def lasting_readout(trained: TrainedNetwork, n_steps: int) -> TrainedNetwork:
    """The same network, read as the mean over another number of steps."""
    given = trained.readout
    return replace(trained, readout=LinearReadout(given.coefficients * (N_STEPS / n_steps), given.intercepts, "argmax"))


def accuracy_in_brian2(task: Task, trained: TrainedNetwork, n_steps: int, block: int = 500) -> float:
    """Accuracy on the test images that Brian2 simulates for so many steps."""
    judged = lasting_readout(trained, n_steps)
    found = blocked_predictions(judged, lasting(n_steps), task.test.values, in_brian2, 1, block=block)
    return float((found == task.test.targets).mean())


def accuracy_in_jax(
    task: Task, trained: TrainedNetwork, n_steps: int, images: ConvolvedImages = _FLAT, trained_steps: int = N_STEPS
) -> float:
    """Accuracy on the test images, for any number of steps."""
    return judged(*in_jax(trained, images, trained_steps), task.test, n_steps)


def judged(model: FeedForward, layers: Sequence[dict[str, np.ndarray]], images: Trials, n_steps: int) -> float:
    """Accuracy of layers on images, in single precision."""
    single = tuple({name: value.astype(np.float32) for name, value in own.items()} for own in layers)
    return accuracy(model, images.values[:, 0].astype(np.float32), images.targets, n_steps)(single)


def differing_spikes(
    task: Task, trained: TrainedNetwork, n_images: int, images: ConvolvedImages = _FLAT, n_steps: int = N_STEPS
) -> tuple[int, int]:
    """Number of entries in which the rasters of Brian2 and JAX differ, over all layers, and number of spikes."""
    values = task.test.values[:n_images]
    rasters = spike_rasters(*in_jax(trained, images, n_steps), values[:, 0], n_steps)
    names = [population.name for population in trained.network.populations]
    return spikes_apart(trained, values, n_steps, dict(zip(names, rasters, strict=True)))


def spikes_apart(trained: TrainedNetwork, values: np.ndarray, n_steps: int, rasters: Mapping[str, np.ndarray]) -> tuple[int, int]:
    """Number of entries in which Brian2 and the rasters of populations differ, and number of spikes in these."""
    recording: Recording = in_brian2(trained.network, lasting(n_steps)(values), 1)
    differing = sum(int((recording.raster(name) != raster).sum()) for name, raster in rasters.items())
    return differing, sum(int(raster.sum()) for raster in rasters.values())


def table(title: str, rows: list[list[object]], head: list[str]) -> None:
    """Print a table, columns aligned."""
    cells = [head, *([f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[k]) for row in cells) for k in range(len(head))]
    print(f"\n{title}")
    for row in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def mean_and_error(values: list[float]) -> str:
    """Mean and standard error in percent."""
    mean, error = averages.mean_and_error(100 * np.asarray(values))
    return f"{mean:.2f} ± {float('nan') if error is None else error:.2f}"
