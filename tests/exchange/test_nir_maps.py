"""Convolution and pooling of NIR as sparse matrices, beside scipy's correlation and plain sums."""

import itertools
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from bioworkbench.discrete.simulate import simulate_discrete
from bioworkbench.exchange.nir_maps import bias_of_map, matrix_of_map
from bioworkbench.exchange.nir_reader import network_of, read_nir
from bioworkbench.records.randomness import stream
from bioworkbench.records.stimulus import Stimulus

nir = pytest.importorskip("nir")
PUBLIC = Path(os.environ.get("BIOWORKBENCH_DATA", "/nowhere")).parent / "public" / "nir"
DT = 1e-4


def correlated(maps, weight, stride, padding, dilation, groups):
    """Convolution as networks mean it: scipy's correlation of padded maps, every so many values of it."""
    n_out, n_each = weight.shape[:2]
    padded = np.pad(maps, ((0, 0), *((p, p) for p in padding)))
    wide = np.zeros((*weight.shape[:2], *((w - 1) * d + 1 for w, d in zip(weight.shape[2:], dilation, strict=True))))
    wide[:, :, :: dilation[0], :: dilation[1]] = weight
    out = []
    for k in range(n_out):
        first = k // (n_out // groups) * n_each
        whole = sum(signal.correlate2d(padded[first + c], wide[k, c], mode="valid") for c in range(n_each))
        out.append(whole[:: stride[0], :: stride[1]])
    return np.array(out)


pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))


@settings(max_examples=40, deadline=None)
@given(pairs, pairs, st.tuples(st.integers(0, 2), st.integers(0, 2)), pairs, st.sampled_from([(1, 2, 3), (2, 4, 2), (3, 3, 1)]))
def test_convolutions(window, stride, padding, dilation, channels):
    groups, n_in, n_each = channels
    rng, n_in = stream(1, "maps"), groups * n_each
    weight, maps = rng.normal(size=(2 * groups, n_each, *window)), rng.normal(size=(n_in, 9, 8))
    node = nir.Conv2d((9, 8), weight, stride, padding, dilation, groups, np.zeros(2 * groups))
    matrix, shape = matrix_of_map("c", node, maps.shape)
    wanted = correlated(maps, weight, stride, padding, dilation, groups)
    assert shape == wanted.shape
    np.testing.assert_allclose(maps.ravel() @ matrix, wanted.ravel(), atol=1e-12)


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_padding_by_name(padding):
    rng = stream(2, "maps")
    weight, maps = rng.normal(size=(2, 1, 3, 2)), rng.normal(size=(1, 5, 6))
    matrix, shape = matrix_of_map("c", nir.Conv2d((5, 6), weight, 1, padding, 1, 1, np.zeros(2)), maps.shape)
    padded = np.pad(maps, ((0, 0), (1, 1), (0, 1))) if padding == "same" else maps
    wanted = correlated(padded, weight, (1, 1), (0, 0), (1, 1), 1)
    assert shape == wanted.shape
    np.testing.assert_allclose(maps.ravel() @ matrix, wanted.ravel(), atol=1e-12)


def test_convolution_along_one_axis():
    rng = stream(3, "maps")
    weight, maps = rng.normal(size=(3, 2, 4)), rng.normal(size=(2, 11))
    node = nir.Conv1d(11, weight, 2, 1, 2, 1, np.arange(3.0))
    matrix, shape = matrix_of_map("c", node, maps.shape)
    wanted = correlated(maps[:, None], weight[:, :, None], (1, 2), (0, 1), (1, 2), 1)[:, 0]
    assert shape == wanted.shape
    np.testing.assert_allclose(maps.ravel() @ matrix, wanted.ravel(), atol=1e-12)
    np.testing.assert_array_equal(bias_of_map("c", node, shape), np.repeat(np.arange(3), wanted.shape[1]))


@pytest.mark.parametrize(("kind", "reduce"), [(nir.SumPool2d, np.sum), (nir.AvgPool2d, np.mean)])
def test_pooling(kind, reduce):
    maps = stream(4, "maps").normal(size=(3, 4, 6))
    matrix, shape = matrix_of_map("p", kind(np.array([2, 3]), np.array([2, 3]), np.array([0, 0])), maps.shape)
    assert shape == (3, 2, 2)
    np.testing.assert_allclose(maps.ravel() @ matrix, reduce(maps.reshape(3, 2, 2, 2, 3), axis=(2, 4)).ravel())


def test_scales_and_their_shapes():
    matrix, shape = matrix_of_map("s", nir.Scale(np.array([2.0])), (2, 3))
    assert (matrix.diagonal().tolist(), shape) == ([2.0] * 6, (2, 3))


@pytest.mark.parametrize(
    ("changes", "shape", "words"),
    [
        ({}, (8,), r"node 'c' takes feature maps, and values of shape \(8,\) arrive; a Conv2d needs \(channels, height, width\)"),
        ({"groups": 2}, (2, 4, 4), r"weights of shape \(3, 2, 3, 3\) in 2 groups for 2 channels; they must fit"),
        ({"weight": np.ones((3, 2, 5, 5))}, (2, 4, 4), r"a window of \(5, 5\) does not fit into feature maps of \(4, 4\)"),
        ({"stride": (0, 1)}, (2, 4, 4), r"node 'c' has stride = \(0, 1\), dilation = \(1, 1\); each is 1 or more"),
    ],
)
def test_maps_that_do_not_fit(changes, shape, words):
    given = {
        "weight": np.ones((3, 2, 3, 3)),
        "stride": 1,
        "padding": 0,
        "dilation": 1,
        "groups": 1,
        "bias": np.zeros(3),
    } | changes
    node = nir.Conv2d(**{**given, "weight": np.ones((3, 2, 3, 3))}, input_shape=None)
    node.weight = given["weight"]
    with pytest.raises(ValueError, match=words):
        matrix_of_map("c", node, shape)


def test_maps_that_are_too_large(monkeypatch):
    monkeypatch.setattr("bioworkbench.exchange.nir_maps.MAX_ENTRIES", 10)
    node = nir.Conv2d(None, np.ones((1, 1, 2, 2)), 1, 0, 1, 1, np.zeros(1))
    with pytest.raises(ValueError, match="has 16 weights as a matrix; at most 10 are made"):
        matrix_of_map("c", node, (1, 3, 3))
    with pytest.raises(ValueError, match="bias of node 'c' has 2 values for 9 outputs; give one, or one per output"):
        bias_of_map("c", nir.Affine(np.ones((9, 9)), np.ones(2)), (9,))


def stepped(graph, values, order, dt=DT):
    """Spikes of each neuron node, by scipy's correlation and the equations of IF neurons, a step at a time."""
    state = dict.fromkeys(order, 0.0)
    spikes = {name: [] for name in order if type(graph.nodes[name]).__name__ == "IF"}
    for value in values:
        now = value
        for name in order:
            node, kind = graph.nodes[name], type(graph.nodes[name]).__name__
            if kind == "Conv2d":
                two = [tuple(int(k) for k in np.ravel(part)) for part in (node.stride, node.padding, node.dilation)]
                now = correlated(now, node.weight, *two, int(node.groups)) + np.reshape(node.bias, (-1, 1, 1))
            elif kind in ("SumPool2d", "AvgPool2d"):
                height, width = (int(k) for k in node.kernel_size)
                parts = now.reshape(len(now), now.shape[1] // height, height, now.shape[2] // width, width)
                now = parts.sum(axis=(2, 4)) if kind == "SumPool2d" else parts.mean(axis=(2, 4))
            elif kind == "Affine":
                now = node.weight @ now.ravel() + node.bias
            elif kind == "IF":
                v = state[name] + dt * node.r * now
                now = (v > node.v_threshold).astype(float)
                state[name] = np.where(now > 0, node.v_reset, v)
                spikes[name].append(now.ravel() > 0)
    return {name: np.array(rows) for name, rows in spikes.items()}


def test_a_small_network_of_maps():
    """Spike for spike, with pooling that knows no shape of its own, and a threshold that is one number."""
    rng = stream(5, "maps")
    one = np.ones(1)
    nodes = {
        "input": nir.Input(input_type=np.array([2, 8, 6])),
        "conv": nir.Conv2d((8, 6), rng.normal(0.2, 1, (4, 2, 3, 3)), 1, 1, 1, 1, rng.normal(size=4)),
        "one": nir.IF(r=one / DT, v_threshold=4 * one, v_reset=0 * one),
        "pool": nir.AvgPool2d(np.array([2, 3]), np.array([2, 3]), np.array([0, 0])),
        "flat": nir.Flatten({"input": np.array([4, 4, 2])}, 0, -1),
        "fc": nir.Affine(rng.normal(0.1, 0.5, (5, 32)), np.zeros(5)),
        "two": nir.IF(r=np.ones(5) / DT, v_threshold=np.ones(5), v_reset=np.zeros(5)),
        "output": nir.Output(output_type=np.array([5])),
    }
    order = list(nodes)
    graph = nir.NIRGraph(nodes=nodes, edges=list(itertools.pairwise(order)), type_check=False)
    values = rng.normal(0, 1, (30, 2, 8, 6))
    found = simulate_discrete(network_of(graph, dt=DT), Stimulus(values.reshape(1, 30, -1), DT))
    for name, rows in stepped(graph, values, order[1:-1]).items():
        assert 0 < rows.mean() < 1
        np.testing.assert_array_equal(found.raster(name)[0], rows)


@pytest.mark.skipif(not PUBLIC.is_dir(), reason="needs ../public beside BIOWORKBENCH_DATA: graphs of other programs")
def test_the_published_network_of_maps():
    """The event-camera network of the NIR paper beside its equations; sinabs, which wrote it, takes steps of 1."""
    path = PUBLIC / "cnn_sinabs.nir"
    graph = nir.read(path, type_check=False)
    values = (stream(6, "maps").random((8, 2, 34, 34)) < 0.3).astype(float)
    network = read_nir(path, dt=1.0)
    found = simulate_discrete(network, Stimulus(values.reshape(1, 8, -1), DT))
    wanted = stepped(graph, values, [str(k) for k in range(13)], dt=1.0)
    assert sum(rows.sum() for rows in wanted.values()) > 1000
    for name, rows in wanted.items():
        np.testing.assert_array_equal(found.raster(f"n_{name}")[0], rows)
