"""From networks of records to trainable layers and back."""

import numpy as np
import pytest
from scipy import sparse

from bioworkbench.discrete.layers import with_weights
from bioworkbench.discrete.lif import discrete_lif
from bioworkbench.gradients.chains import chain_weights, feed_forward, trained_arrays
from bioworkbench.gradients.layers import Convolution, Dense, Pooled
from bioworkbench.gradients.objectives import arrays_of, folding, spike_rasters
from bioworkbench.gradients.starting import start_state
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.optimization import ConvolvedImages
from bioworkbench.records.stimulus import Stimulus
from tests.methods.chains import DT, dense_chain, in_numpy


def test_dense_chain_starts_from_its_weights():
    network = dense_chain((5, 7, 6), leak=0.9, reset="zero", strict=True)
    model = feed_forward(network, 3, surrogate="arctan", width=0.7)
    assert model.layers == (Dense(5, 7), Dense(7, 6), Dense(6, 3))
    assert (model.neurons[0].leak, model.neurons[0].reset, model.neurons[0].strict) == (0.9, "zero", True)
    assert (model.surrogate, model.width) == ("arctan", 0.7)
    state = start_state(network, model, np.random.default_rng(1))
    first = state.parameters["layers"][0]["weights"]
    np.testing.assert_array_equal(first, chain_weights(network)[0].toarray().astype(np.float32))
    assert state.fixed["masks"]["layers"][0]["weights"] == 1.0
    assert state.parameters["layers"][1]["bias"].tolist() == [0.0] * 6
    biased = start_state(dense_chain((5, 7, 6), bias=0.25), model, np.random.default_rng(1))
    assert biased.parameters["layers"][1]["bias"].tolist() == [0.25] * 6


def test_missing_links_become_a_mask():
    mask = sparse.csr_array(np.eye(4))
    network = Network((Population("a", 4, discrete_lif(leak=1.0)),), (Projection("input", "a", mask),))
    model = feed_forward(network, 2)
    state = start_state(network, model, np.random.default_rng(1))
    np.testing.assert_array_equal(state.fixed["masks"]["layers"][0]["weights"], np.eye(4))
    weights, _ = trained_arrays(model, arrays_of(state.parameters["layers"]), state.fixed["masks"]["layers"])
    assert weights[0].nnz == 4


def _convolutional(model=None):
    model = discrete_lif(leak=1.0, floor=0.0, start=0.5) if model is None else model
    populations = (Population("c", 48, model, 0), Population("d", 6, model, 1))
    empty = [Projection("input", "c", sparse.csr_array((64, 48))), Projection("c", "d", sparse.csr_array(np.ones((48, 6))))]
    return Network(populations, tuple(empty))


def test_convolutional_chain_spikes_as_its_projections_do():
    network = _convolutional()
    model = feed_forward(network, 2, images=ConvolvedImages((8, 8, 1), convolutions=((3, 3, 2),)))
    assert model.layers[0] == Convolution((8, 8, 1), 3, 3, 2)
    state = start_state(network, model, np.random.default_rng(1))
    layers = [own | {"bias": own["bias"] + 0.05 * (k + 1)} for k, own in enumerate(arrays_of(state.parameters["layers"]))]
    layers[1]["weights"] = np.random.default_rng(2).normal(0, 0.3, (48, 6))
    built = with_weights(network, *trained_arrays(model, layers, state.fixed["masks"]["layers"]), {})
    images = np.random.default_rng(3).random((5, 64))
    recording = in_numpy(built, Stimulus(images[:, None], 7 * DT), 1)
    for name, raster in zip(("c", "d"), spike_rasters(model, layers, images, 7), strict=True):
        assert 0 < raster.mean() < 1
        np.testing.assert_array_equal(recording.raster(name), raster)


def test_pooled_and_normalized_chain_spikes_as_its_projections_do():
    network = _convolutional(discrete_lif(leak=0.5, reset="zero", strict=True))
    images = ConvolvedImages((8, 8, 1), convolutions=((3, 3, 1),), pooling=(2, 4), normalized=True)
    model = feed_forward(network, 2, images=images)
    assert model.layers[:2] == (
        Pooled((8, 8, 1), 2, Convolution((4, 4, 1), 3, 3, normalized=True)),
        Pooled((4, 4, 3), 4, Dense(3, 6)),
    )
    state = start_state(network, model, np.random.default_rng(1))
    assert state.fixed["masks"]["layers"][0] == {"weights": 1.0, "bias": 1.0, "scale": 1.0}
    given = np.random.default_rng(3).random((5, 64))
    layers = arrays_of(folding(model, np.float32(given), 7)(state.parameters["layers"]))
    layers[1]["weights"] = np.random.default_rng(2).normal(0, 3, (3, 6))
    built = with_weights(network, *trained_arrays(model, layers, state.fixed["masks"]["layers"]), {})
    recording = in_numpy(built, Stimulus(given[:, None], 7 * DT), 1)
    for name, raster in zip(("c", "d"), spike_rasters(model, layers, given, 7), strict=True):
        assert 0 < raster.mean() < 1
        np.testing.assert_array_equal(recording.raster(name), raster)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"pooling": (2,)}, r"pooling = \[2\]: 0 convolutions and the linear layer behind them take 0 at most"),
        ({"pooling": (2, 1, 2), "convolutions": ((4, 3, 2),)}, r"pooling = \[2, 1, 2\]: 1 convolution and"),
        ({"pooling": (0,), "convolutions": ((4, 3, 2),)}, "pooling = 0: must be an integer, 1 or more"),
        ({"normalized": True}, "normalized = True: batch norm is of convolutions, and there are none"),
    ],
)
def test_settings_of_images_must_fit(settings, words):
    with pytest.raises(ValueError, match=words):
        ConvolvedImages((8, 8, 1), **settings)


def test_convolutions_must_fit():
    network = _convolutional()
    with pytest.raises(ValueError, match="image = None: convolutions need rows, columns and channels that multiply to 64"):
        feed_forward(network, 2, images=ConvolvedImages(convolutions=((3, 3, 2),)))
    with pytest.raises(ValueError, match="population 'c' has 48 neurons; its convolution gives 64"):
        feed_forward(network, 2, images=ConvolvedImages((8, 8, 1), convolutions=((4, 3, 2),)))
    with pytest.raises(ValueError, match="3 convolutions are given for 2 populations"):
        feed_forward(network, 2, images=ConvolvedImages((8, 8, 1), convolutions=((4, 3, 2),) * 3))
