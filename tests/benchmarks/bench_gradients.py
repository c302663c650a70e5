"""Training: what one update costs with sparse links against masked matrices, at one step against eight, and what rewiring adds.

Times are the median of several updates of 128 MNIST-sized images on one thread, compiled beforehand; an epoch is 469 of them.

Run with ``python -m tests.benchmarks.bench_gradients`` (about two minutes); ``links``, ``steps`` or ``rewiring`` as an argument
runs one part. Seen on a loaded core: rewiring 1.0 % of an epoch; links 3.0, 4.8 and 17 times as fast as masked matrices; one noisy step
72 % less than eight.
"""

import sys
import time
from collections.abc import Callable
from itertools import pairwise

import jax
import numpy as np
import optax
from scipy import sparse

from bioworkbench.gradients.layers import Dense, FeedForward, Neuron, StepNoise
from bioworkbench.gradients.linked import linked_gradient
from bioworkbench.gradients.linked_states import linked_state
from bioworkbench.gradients.networks import initial_parameters
from bioworkbench.gradients.objectives import noisy_inputs, single_step_loss, unrolled_loss
from bioworkbench.topology.rewiring import Rewiring, rewire

N_TRIALS, N_UPDATES = 128, 469
LEAKY = Neuron(0.5, 1.0, "zero", strict=True)


def milliseconds(function: Callable[[], object], n_runs: int = 7) -> float:
    """Median time of a function that has run once before."""
    function()
    taken = []
    for _ in range(n_runs):
        start = time.perf_counter()
        jax.block_until_ready(function())
        taken.append(1e3 * (time.perf_counter() - start))
    return float(np.median(taken))


def batch(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Images with as many bright pixels as MNIST's, and labels."""
    images = rng.random((N_TRIALS, 784), dtype=np.float32) * (rng.random((N_TRIALS, 784)) < 0.19)
    return images, rng.integers(10, size=N_TRIALS)


def sparse_layers(sizes: tuple[int, ...], sparsity: float, rng: np.random.Generator) -> list[sparse.csr_array]:
    """Random links with weights that let every layer fire."""
    layers = []
    for a, b in pairwise(sizes):
        found = sparse.random_array((a, b), density=1 - sparsity, rng=rng, format="csr")
        found.data = rng.normal(0, 1.5 / (a * (1 - sparsity)) ** 0.5, found.nnz)
        layers.append(found)
    return layers


def network_of(sizes: tuple[int, ...], neuron: Neuron) -> FeedForward:
    layers = tuple(Dense(a, b) for a, b in pairwise(sizes))
    return FeedForward(layers, (neuron,) * (len(sizes) - 2), "triangle", 1.0)


def linked_ms(sizes: tuple[int, ...], sparsity: float, n_steps: int) -> float:
    """Gradient of a network with sparse links."""
    rng = np.random.default_rng(1)
    state, given = linked_state(sparse_layers(sizes, sparsity, rng)), batch(rng)
    gradient = linked_gradient(network_of(sizes, LEAKY), n_steps)
    return milliseconds(lambda: gradient(state.parameters, state.fixed, given, jax.random.key(0)))


def masked_ms(sizes: tuple[int, ...], sparsity: float, n_steps: int) -> float:
    """The same with matrices, and the gradient masked."""
    rng = np.random.default_rng(1)
    weights = [layer.toarray().astype(np.float32) for layer in sparse_layers(sizes, sparsity, rng)]
    layers = tuple({"weights": w, "bias": np.zeros(w.shape[1], np.float32)} for w in weights)
    masks = [(w != 0).astype(np.float32) for w in weights]
    loss, given = unrolled_loss(network_of(sizes, LEAKY), n_steps), batch(rng)

    @jax.jit
    def gradient(parameters):
        found = jax.grad(loss)(parameters, {}, given, jax.random.key(0))["layers"]
        return [own["weights"] * mask for own, mask in zip(found, masks, strict=True)]

    return milliseconds(lambda: gradient({"layers": layers}))


def links() -> None:
    print("\none update, ms: sparse links, masked matrices, ratio")
    for sizes, sparsity, n_steps in (
        ((784, 784, 784, 10), 0.9775, 4),
        ((784, 1568, 1568, 10), 0.9775, 8),
        ((784, 1568, 1568, 10), 0.99, 8),
    ):
        own, twin = linked_ms(sizes, sparsity, n_steps), masked_ms(sizes, sparsity, n_steps)
        print(f"{sizes}, {100 * sparsity} % sparse, T = {n_steps}: {own:8.1f} {twin:8.1f} {twin / own:6.1f}", flush=True)


def steps() -> None:
    """One noisy step against eight steps, dense, whole updates with Adam."""
    rng = np.random.default_rng(1)
    network = network_of((784, 500, 500, 10), Neuron(floor=0.0, start=0.5))
    parameters, (images, labels) = {"layers": initial_parameters(network.layers, rng)}, batch(rng)
    step_noise, adam = StepNoise(), optax.adam(1e-3)
    moments = {"noise": {"mean": np.full(2, 0.5, np.float32), "deviation": np.full(2, 12**-0.5, np.float32)}}
    prepare = jax.jit(noisy_inputs(network, step_noise))

    def update_of(loss):
        def update(parameters, state, given, key):
            changes, state = adam.update(jax.grad(loss)(parameters, moments, given, key), state)
            return optax.apply_updates(parameters, changes), state

        return jax.jit(update)

    one, many, state, key = (
        update_of(single_step_loss(network, step_noise)),
        update_of(unrolled_loss(network, 8)),
        adam.init(parameters),
        jax.random.key(0),
    )
    single = milliseconds(lambda: one(parameters, state, (prepare(images, key), labels), key), 15)
    multi = milliseconds(lambda: many(parameters, state, (images, labels), key), 15)
    print(
        f"\none update, ms: one noisy step {single:.1f}, eight steps {multi:.1f}: {100 * (1 - single / multi):.0f} % less",
        flush=True,
    )


def rewiring() -> None:
    """One remove-regrow step of a layer against an epoch of the network that it is part of."""
    rng = np.random.default_rng(1)
    (layer,) = sparse_layers((1000, 1000), 0.95, rng)
    rules = Rewiring(0.3, percolation=False)
    step = milliseconds(lambda: rewire([layer], rules, np.random.default_rng(2)), 3)
    update = linked_ms((784, 1000, 1000, 10), 0.95, 8)
    share = 100 * step / (update * N_UPDATES)
    print(
        f"\nrewiring 1000 x 1000 at 5 %: {step:.0f} ms; epoch of 784-1000-1000-10, T = 8: {update * N_UPDATES / 1e3:.1f} s: {share:.2f} %"
    )


if __name__ == "__main__":
    for part in sys.argv[1:] or ("rewiring", "links", "steps"):
        {"links": links, "steps": steps, "rewiring": rewiring}[part]()
