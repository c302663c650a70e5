"""Spiking self-attention: the drive against loops and by hand, its gradient, and neurons that make the same product in Brian2."""

from dataclasses import replace
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import sparse

from bioworkbench.discrete.layers import chain, chain_skips, with_weights
from bioworkbench.discrete.lif import discrete_lif
from bioworkbench.discrete.skips import Skip
from bioworkbench.gradients.attention import Attention
from bioworkbench.gradients.chains import feed_forward, trained_arrays, with_products
from bioworkbench.gradients.layers import Convolution, Dense, Pooled
from bioworkbench.gradients.networks import unrolled_outputs
from bioworkbench.gradients.objectives import arrays_of, folding, spike_rasters
from bioworkbench.gradients.starting import start_state
from bioworkbench.records.drawing import EVERYTHING
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.optimization import ConvolvedImages
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.simulation import simulate
from tests.methods.chains import DT, in_numpy


def looped(layer, spikes):
    """Drive (n_out,) of spikes (n_in,): every coincidence of a query, a key and a value is counted."""
    rows, columns, width = layer.image_out
    queries, keys, values = spikes.reshape(rows * columns, 3, width).swapaxes(0, 1)
    drive, size = np.zeros((rows * columns, width)), width // layer.heads
    for asking in range(rows * columns):
        for channel in range(width):
            head = channel // size * size
            for asked in range(rows * columns):
                for inner in range(head, head + size):
                    drive[asking, channel] += layer.scale * queries[asking, inner] * keys[asked, inner] * values[asked, channel]
    return drive.ravel()


@pytest.mark.parametrize("heads", [1, 2, 4])
def test_drive_is_that_of_the_loops(heads):
    layer = Attention((2, 3, 24), heads, 0.25)
    spikes = np.random.default_rng(heads).random((5, layer.n_in)) < 0.5
    bias = np.arange(8.0)
    found = layer.apply(jnp.zeros(layer.weight_shape), jnp.asarray(bias), jnp.asarray(spikes, jnp.float32))
    np.testing.assert_array_equal(found, [looped(layer, one.astype(float)) + np.tile(bias, 6) for one in spikes])
    assert (layer.n_in, layer.n_out, layer.image_out, layer.normalized) == (144, 48, (2, 3, 8), False)
    assert (layer.weight_shape, layer.fan_in) == ((0, 0, 24, 8), 144 // heads)


def test_drive_by_hand():
    """Two tokens, two heads of one channel: the query of token 1 meets the keys of both in head 0, whose values are 1 and 1."""
    layer = Attention((1, 2, 6), 2, 0.5)
    first = [0, 1, 1, 0, 1, 1]  # query (0, 1), key (1, 0), value (1, 1)
    second = [1, 0, 1, 1, 1, 0]
    drive = layer.apply(np.zeros((0, 0, 6, 2)), np.zeros(2), np.array([first + second]))
    # token 0 asks in head 1, where the key of token 1 answers with the value 0; token 1 asks in head 0: both answer with 1
    assert drive.tolist() == [[0.0, 0.0, 1.0, 0.0]]


def test_gradient_is_that_of_the_product():
    layer, rng = Attention((1, 3, 6), 1, 0.5), np.random.default_rng(1)
    with jax.enable_x64(True):
        spikes, bias = jnp.asarray(rng.random((1, 18))), jnp.zeros(2)
        slope = jax.grad(lambda given: layer.apply(None, bias, given)[0, 3])(spikes)[0]
        for k in range(18):
            change = jnp.zeros(18).at[k].set(1e-6)
            rise = layer.apply(None, bias, spikes + change)[0, 3] - layer.apply(None, bias, spikes - change)[0, 3]
            assert float(rise) / 2e-6 == pytest.approx(float(slope[k]), abs=1e-8)


@pytest.mark.parametrize(
    ("channels", "settings", "words"),
    [
        (
            10,
            {"heads": 1},
            "heads = 1: 10 channels are no equal parts of queries, keys and values for each head; choose a multiple of 3",
        ),
        (12, {"heads": 3}, "heads = 3: 12 channels .* choose a multiple of 9 filters"),
        (12, {"heads": 0}, "heads = 0: must be an integer, 1 or more"),
        (12, {"scale": 0.3}, "scale = 0.3: must be a power of two, such as 0.125"),
        (12, {"scale": 0.0}, "scale = 0.0: must be"),
    ],
)
def test_attention_must_fit(channels, settings, words):
    with pytest.raises(ValueError, match=words):
        Attention((2, 2, channels), **{"heads": 2, "scale": 0.5} | settings)


SIZES = {"embedded": 64, "asked": 192, "attending": 64, "mixed": 64, "hidden": 128, "out": 64}
IMAGES = ConvolvedImages(
    (8, 8, 1),
    convolutions=((16, 4, 4), (48, 1, 1), (16, 1, 1), (32, 1, 1), (16, 1, 1)),
    attention=((2, 2, 0.25),),
    pooling=(1, 1, 1, 1, 1, 1, 2),
    normalized=True,
)


def spikformer(model, weight=1.0):
    """Four tokens of 16 channels, one block: attention and a perceptron of two layers, with a skip around each."""
    names, sizes = ["input", *SIZES], [64, *SIZES.values()]
    populations = tuple(Population(name, size, model, k) for k, (name, size) in enumerate(SIZES.items()))
    links = [Projection(names[k], names[k + 1], sparse.csr_array((sizes[k], sizes[k + 1]))) for k in range(6)]
    skips = [Projection(*ends, weight * sparse.eye_array(64, format="csr")) for ends in (("embedded", "mixed"), ("mixed", "out"))]
    return Network(populations, (*links, *skips))


def test_images_say_which_population_attends():
    model = feed_forward(spikformer(discrete_lif(leak=0.5)), 10, images=IMAGES)
    assert model.layers[0] == Convolution((8, 8, 1), 16, 4, 4, normalized=True)
    assert model.layers[2] == Attention((2, 2, 48), 2, 0.25)
    assert model.layers[5] == Convolution((2, 2, 32), 16, 1, normalized=True)
    assert model.layers[6] == Pooled((2, 2, 16), 2, Dense(16, 10))
    assert model.skips == (Skip(0, 3, 1.0), Skip(3, 5, 1.0))
    assert IMAGES.n_convolved == 6
    assert [IMAGES.drawn(layer, frozenset()) for layer in (0, 6, 7)] == [EVERYTHING, EVERYTHING, frozenset()]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"attention": ((0, 2, 0.25),)},
            r"attention = \[\[0, 2, 0.25\]\] .* population 0 must follow a convolution, be named once",
        ),
        ({"attention": ((6, 2, 0.25),)}, r"with 5 convolutions and .*: population 6 must follow"),
        ({"attention": ((2, 2, 0.25), (2, 1, 0.25))}, "population 2 must follow a convolution, be named once"),
        ({"pooling": (1, 1, 2)}, r"pooling = \[1, 1, 2\]: population 2 must .* see no averages"),
    ],
)
def test_attention_of_images_must_fit(changes, words):
    with pytest.raises(ValueError, match=words):
        replace(IMAGES, **changes)


def test_populations_must_have_the_size_that_attention_gives():
    sizes, model = {"input": 64, "embedded": 64, "asked": 192, "attending": 32}, discrete_lif(leak=0.5)
    names = list(sizes)
    populations = [Population(name, sizes[name], model, k) for k, name in enumerate(names[1:])]
    links = [Projection(a, b, sparse.csr_array((sizes[a], sizes[b]))) for a, b in pairwise(names)]
    images = ConvolvedImages((8, 8, 1), convolutions=((16, 4, 4), (48, 1, 1)), attention=((2, 2, 0.25),))
    with pytest.raises(ValueError, match="population 'attending' has 32 neurons; its attention gives 64"):
        feed_forward(Network(populations, links), 10, images=images)


def test_the_name_of_the_products_must_be_free():
    """Else the network could not be made after its training."""
    network = spikformer(discrete_lif(leak=0.5))
    names = {"hidden": "attending_coincidences"}
    populations = [replace(population, name=names.get(population.name, population.name)) for population in network.populations]
    ends = [(names.get(p.source, p.source), names.get(p.target, p.target)) for p in network.projections]
    links = [Projection(*pair, p.weights) for pair, p in zip(ends, network.projections, strict=True)]
    with pytest.raises(ValueError, match=r"'attending_coincidences' is the name of the neurons .* population 'attending', and"):
        feed_forward(Network(populations, links), 10, images=IMAGES)


def test_more_products_than_brian2_runs_are_refused():
    """256 tokens of 64 channels, one head: 256 x 256 x 64 x 64 products."""
    sizes, model = {"input": 256, "embedded": 256 * 64, "asked": 3 * 256 * 64, "attending": 256 * 64}, discrete_lif(leak=0.5)
    populations = [Population(name, sizes[name], model, k) for k, name in enumerate(list(sizes)[1:])]
    links = [Projection(a, b, sparse.csr_array((sizes[a], sizes[b]))) for a, b in pairwise(sizes)]
    images = ConvolvedImages((16, 16, 1), convolutions=((64, 3, 1), (192, 1, 1)), attention=((2, 1, 0.25),))
    with pytest.raises(
        ValueError, match=r"population 'attending' sees 268435456 products .* at most 20000000 are made: take fewer"
    ):
        feed_forward(Network(populations, links), 10, images=images)


def _built(neuron):
    """Layers of a network some way into its training, and the network that Brian2 runs."""
    network = spikformer(discrete_lif(**neuron))
    model, given = feed_forward(network, 10, images=IMAGES), np.random.default_rng(3).random((12, 64))
    state = start_state(network, model, np.random.default_rng(1))
    rng = np.random.default_rng(2)
    parameters = [dict(own) for own in state.parameters["layers"]]
    for own in parameters:
        own["bias"] = own["bias"] + jnp.asarray(rng.normal(0.3, 0.2, own["bias"].shape), jnp.float32)
    layers = arrays_of(folding(model, np.float32(given), 6)(tuple(parameters)))
    built = with_weights(network, *trained_arrays(model, layers, state.fixed["masks"]["layers"]), {})
    return model, layers, with_products(built, model), given


@pytest.mark.parametrize("reset", ["zero", "subtract"])
def test_products_of_neurons_spike_as_the_attention_of_jax(reset):
    model, layers, network, given = _built({"leak": 0.5, "reset": reset, "start": 0.25})
    names = [population.name for population in chain(network)]
    assert names == ["embedded", "asked", "attending_coincidences", "attending", "mixed", "hidden", "out"]
    assert chain_skips(network) == (Skip(0, 4, 1.0), Skip(4, 6, 1.0))
    assert (
        network.sizes["attending_coincidences"] == model.layers[2].n_products == 4 * 4 * 16 * 8
    )  # pairs of tokens, channels of values and of keys
    rasters = spike_rasters(model, layers, given, 6)
    for run in (in_numpy, lambda *given: simulate(*given, dt=DT, backend="numpy")):
        recording = run(network, Stimulus(given[:, None], 6 * DT), 1)
        for name, raster in zip(SIZES, rasters, strict=True):
            assert 0.02 < raster.mean() < 0.98
            np.testing.assert_array_equal(recording.raster(name), raster)


def test_a_network_without_attention_stays_as_it_is():
    network = spikformer(discrete_lif(leak=0.5))
    assert with_products(network, feed_forward(network, 10)) is network


def test_gradients_reach_queries_keys_and_values():
    model, layers, _, given = _built({"leak": 0.5, "reset": "zero"})
    inputs = jnp.asarray(given[None], jnp.float32)
    single = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), layers)
    slopes = jax.grad(lambda own: unrolled_outputs(model, own, inputs, 4)[0][:, 0].sum())(single)
    kernel = np.abs(slopes[1]["weights"]).reshape(16, 3, 16)
    assert (kernel.sum(axis=(0, 2)) > 0).all()
    assert np.abs(slopes[2]["bias"]).sum() > 0
