"""Convolutions with few links: they learn, move and end in Brian2 as those of linear layers do, kernels of one pixel included."""

from functools import partial
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import sparse

from bioworkbench.discrete.layers import chain_skips
from bioworkbench.discrete.skips import Skip
from bioworkbench.gradients import training
from bioworkbench.gradients.chains import chain_weights, feed_forward
from bioworkbench.gradients.layers import Attention, Convolution, Dense, FeedForward, Neuron, Pooled
from bioworkbench.gradients.linked import dense_gradients, linked_gradient
from bioworkbench.gradients.linked_states import dense_parameters, link_masks, linked_state, links_of
from bioworkbench.gradients.matrices import layer_weights
from bioworkbench.gradients.networks import initial_parameters
from bioworkbench.gradients.objectives import unrolled_loss
from bioworkbench.gradients.training import Batches, fit
from bioworkbench.methods.ch_snn import BASELINES, SparseStart, _kernel_sparsities, train
from bioworkbench.methods.ch_snn.evolution import Evolution, LayerRewiring
from bioworkbench.methods.ch_snn.start import check_paths, sparse_kernel
from bioworkbench.records.errors import TopologyError
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.optimization import ConvolvedImages, Optimization
from bioworkbench.simulation import simulate
from bioworkbench.topology.rewiring import Rewiring
from tests.methods.ch_snn.test_convolved import IMAGES, MODEL, SHORT, _train
from tests.methods.chains import DT, check_spikes, digits_task, in_numpy
from tests.methods.grouped import grouped

ONE_PIXEL = ConvolvedImages((8, 8, 1), convolutions=((8, 3, 1), (12, 1, 1)), pooling=(1, 2, 2), normalized=True)
CASES = {
    "half of both kernels": (IMAGES, 0.5, (9 * 8 // 2, 72 * 12 // 2)),
    "a quarter of a kernel of one pixel, behind a whole one": (ONE_PIXEL, [0.0, 0.75], (9 * 8, 8 * 12 // 4)),
}


def kernel_links(network, images):
    """Number of links of each kernel, as the projections in Brian2 have them."""
    counts = []
    layers = zip(feed_forward(network, 10, images=images).layers, chain_weights(network), strict=False)
    for layer, weights in list(layers)[: len(images.convolutions)]:
        pattern = sparse.csr_array((np.ones(weights.nnz), weights.indices, weights.indptr), shape=weights.shape)
        counts.append(int((layer_weights(layer, pattern) > 0).sum()))
    return tuple(counts)


@pytest.fixture(scope="module", params=CASES)
def trained(request):
    images, sparsity, wanted = CASES[request.param]
    return *_train(partial(simulate, dt=DT, backend="numpy"), images, convolution_sparsity=sparsity), images, wanted


def test_it_learns_and_kernels_keep_their_number_of_links(trained):
    _, found, images, wanted = trained
    assert found.history["score"].max() > 0.4  # chance is 0.1; up to a quarter of the links moves after an epoch
    sparse_ones = [n for n in wanted if n != 9 * 8]
    assert set(found.history["n_links"]) == {sum(sparse_ones) + 480 + 100}
    assert f"clustering_{len(sparse_ones) + 1}" in found.history
    assert kernel_links(found.network, images) == wanted
    assert (found.history["overlap"][:3] >= 0).all()
    assert (np.diff(found.history["node_sparsity"]) >= -1e-12).all()


def test_brian2_and_jax_spike_alike(trained):
    task, found, images, *_ = trained
    check_spikes(task, found, 4, images, n_trials=30)


@pytest.mark.parametrize("name", ["rigl", *(pytest.param(name, marks=pytest.mark.slow) for name in BASELINES if name != "rigl")])
def test_baselines_move_links_of_kernels(name):
    _, found = _train(**({"epochs": 2, "convolution_sparsity": 0.5} | BASELINES[name]))
    assert kernel_links(found.network, IMAGES) == (36, 432)
    assert np.isnan(found.history["overlap"]).all() == (name in ("fully_connected", "static"))


def test_linear_layers_start_with_the_same_links_whatever_convolutions_have():
    static = {"epochs": 1, "removed_fraction": 0.0, "learning_rate": 1e-9}
    one, other = (_train(**static, convolution_sparsity=sparsity)[1].network for sparsity in (0.0, 0.5))
    np.testing.assert_allclose(*(own.projections[2].weights.toarray() for own in (one, other)), atol=1e-6)
    assert kernel_links(one, IMAGES) == (72, 864)
    for number in (0, 1):
        whole, part = (layer_weights(_layer(own, number), chain_weights(own)[number]) for own in (one, other))
        links = part != 0
        # batch norm scales every filter by what it sees: the signs are those of the whole kernel
        np.testing.assert_array_equal(np.sign(whole[links]), np.sign(part[links]))


def _layer(network, number):
    return feed_forward(network, 10, images=IMAGES).layers[number]


def _small(size, rng, density=0.4):
    """A network of two convolutions, of which the second has links, and its state."""
    layers = (
        Convolution((4, 4, 2), 6, 3, normalized=True),
        Pooled((4, 4, 6), 2, Convolution((2, 2, 6), 5, size, normalized=True)),
        Dense(20, 3),
    )
    network = FeedForward(layers, (Neuron(0.7, 1.0, "zero", strict=True),) * 2)
    whole = initial_parameters(layers, rng)
    kernel = sparse_kernel(whole[1]["weights"], 1 - density, rng)
    last = sparse.random_array((20, 3), density=density, rng=rng, format="csr")
    return (
        network,
        linked_state([last], {"settled": np.zeros(2, bool)}, (whole[0], whole[1] | {"weights": kernel})),
        whole,
        kernel,
    )


@pytest.mark.parametrize("size", [1, 3])
def test_loss_and_gradient_are_those_of_the_dense_twin(size):
    rng = np.random.default_rng(7)
    network, state, whole, kernel = _small(size, rng)
    inputs, labels = rng.random((40, 32)).astype(np.float32), rng.integers(3, size=40)
    last = links_of(state)[1].toarray()
    dense = (
        whole[0],
        whole[1] | {"weights": jnp.float32(kernel.toarray().reshape(whole[1]["weights"].shape))},
        {"weights": jnp.float32(last), "bias": jnp.zeros(3)},
    )
    for one, two in zip(dense_parameters(network, state.parameters["layers"], state.fixed["links"]), dense, strict=True):
        np.testing.assert_array_equal(one["weights"], two["weights"])
    loss, gradient = linked_gradient(network, 3)(state.parameters, state.fixed, (inputs, labels), jax.random.key(0))
    twin = jax.value_and_grad(unrolled_loss(network, 3))({"layers": dense}, {}, (inputs, labels), jax.random.key(0))
    assert float(loss) == pytest.approx(float(twin[0]), rel=1e-5)
    every = np.asarray(twin[1]["layers"][1]["weights"]).reshape(kernel.shape)
    assert np.abs(every[kernel.nonzero()]).sum() > 0
    np.testing.assert_allclose(gradient["layers"][1]["weights"], every[kernel.nonzero()], atol=2e-6)
    for name in ("weights", "bias", "scale"):
        np.testing.assert_allclose(gradient["layers"][0][name], twin[1]["layers"][0][name], atol=2e-6)
    found = dense_gradients(network, 3, Batches(inputs, labels, 1), 40)(state, 0)
    assert [own.shape for own in found] == [kernel.shape, (20, 3)]
    np.testing.assert_allclose(found[0], every, atol=2e-6)


@pytest.mark.parametrize("size", [1, 3])
def test_absent_links_stay_absent_and_present_ones_learn(size):
    """Momentum and weight decay move what has a link, and nothing else."""
    rng = np.random.default_rng(5)
    network, state, _, kernel = _small(size, rng)
    inputs, labels = rng.random((64, 32)).astype(np.float32), rng.integers(3, size=64)
    settings = Optimization(3, 16, optimizer="sgd", weight_decay=0.1, learning_rate=0.1)
    ended = fit(None, state, Batches(inputs, labels, 3), settings, gradient=linked_gradient(network, 3))[0]
    absent = ~link_masks(network, ended)[1]
    assert absent.sum() == kernel.shape[0] * kernel.shape[1] - kernel.nnz
    weights = np.asarray(dense_parameters(network, ended.parameters["layers"], ended.fixed["links"])[1]["weights"])
    assert not weights[absent].any()
    assert (weights[~absent] != kernel.toarray().reshape(weights.shape)[~absent].astype(np.float32)).mean() > 0.9
    assert link_masks(network, ended)[0] is None


def test_weights_are_wider_where_links_are_fewer():
    whole = np.random.default_rng(2).normal(0.0, (2 / 288) ** 0.5, (3, 3, 32, 64))
    kernel = sparse_kernel(whole, 0.75, np.random.default_rng(3))
    assert kernel.nnz == 288 * 64 // 4
    assert set(np.bincount(kernel.indices, minlength=64)) == {72}
    assert set(np.diff(kernel.indptr)) == {16}
    assert abs(kernel.data.var() * 72 / 2 - 1) < 4.5 * np.sqrt(2 / kernel.nnz)
    rows, columns = kernel.nonzero()
    np.testing.assert_allclose(kernel.data, 2 * whole.reshape(288, 64)[rows, columns])


def test_percolation_goes_through_kernels():
    """A filter that nothing reads, and a channel that nothing reaches, lose their links; as many grow elsewhere."""
    rng = np.random.default_rng(4)
    one, two, last = (1.0 * (rng.random(shape) < 0.3) for shape in ((9, 8), (72, 12), (48, 4)))  # the last reads 2 x 2 pixels
    one[:, 1] = 0  # nothing reaches filter 1
    two[2::8] = 0  # nothing reads filter 2
    last[1::12] = 0  # nothing reads filter 1 of the second convolution
    convolutions = [{"weights": sparse.csr_array(own), "bias": jnp.zeros(own.shape[1])} for own in (one, two)]
    state = linked_state([sparse.csr_array(last)], {}, convolutions)
    evolution = Evolution(LayerRewiring(), epochs=4, seed=1)
    result = evolution._step(state, Rewiring(0.0), 0, lambda *_: [])
    links = [weights.toarray() != 0 for weights in result.weights]  # what is regrown has weight 0
    assert not links[0][:, [1, 2]].any()
    assert not links[1][1::8].any()
    assert not links[1][:, 1].any()
    dead_rows, dead_columns = ~np.tile(one.any(axis=0), 9), ~last.reshape(4, 12, 4).any(axis=(0, 2))
    lost = two[dead_rows].sum() + two[:, dead_columns].sum() - two[dead_rows][:, dead_columns].sum()
    assert [new.nnz for new in result.regrown] == [one[:, 2].sum(), lost, 0]
    for before, now, new in zip((one, two, last), result.weights, result.regrown, strict=True):
        assert now.nnz == before.sum()
        assert not new.toarray()[:, ~before.any(axis=0)].any()  # the dead stay dead
    unchanged = evolution._step(state, Rewiring(0.0, percolation=False), 0, lambda *_: [])
    assert not any(new.nnz for new in unchanged.regrown)


def test_a_whole_convolution_stays_whole_between_sparse_ones():
    """Paths lead through it; it has no links of its own that could move."""
    rng = np.random.default_rng(4)
    one, three = np.ones((9, 4)), np.ones((36, 3))
    one[:, 1], one[0, 0], three[5, 0] = 0, 0, 0
    whole = {"weights": jnp.zeros((3, 3, 4, 4)), "bias": jnp.zeros(4)}
    convolutions = [
        {"weights": sparse.csr_array(one), "bias": jnp.zeros(4)},
        whole,
        {"weights": sparse.csr_array(three), "bias": jnp.zeros(3)},
    ]
    state = linked_state([sparse.csr_array(rng.random((12, 2)))], {}, convolutions)
    result = Evolution(LayerRewiring(), 4, 1)._step(state, Rewiring(0.2, regrowth="ch3_l3"), 0, lambda *_: [])
    assert [weights.nnz for weights in result.weights] == [int(one.sum()), int(three.sum()), 24]
    assert [own.shape for own in result.weights] == [(9, 4), (36, 3), (12, 2)]


@pytest.mark.thorough
def test_interrupted_evolution_ends_where_an_uninterrupted_one_does(tmp_path, monkeypatch):
    saved, settings = training._save, {"epochs": 3, "convolution_sparsity": 0.5}
    whole = _train(**settings)[1]

    def stop_after_saving(*arguments):
        saved(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "_save", stop_after_saving)
    with pytest.raises(KeyboardInterrupt, match=""):
        _train(**settings, checkpoint=str(tmp_path / "run.npz"))
    monkeypatch.undo()
    resumed = _train(**settings, checkpoint=str(tmp_path / "run.npz"))[1]
    for one, other in zip(whole.network.projections, resumed.network.projections, strict=True):
        np.testing.assert_array_equal(one.weights.toarray(), other.weights.toarray())
    np.testing.assert_array_equal(whole.history["overlap"], resumed.history["overlap"])


def test_sparsities_of_convolutions():
    assert SparseStart().kernel_sparsities(2) == (0.0, 0.0)
    assert SparseStart().kernel_sparsities(0) == ()
    assert SparseStart(convolution_sparsity=0.5).kernel_sparsities(3) == (0.5, 0.5, 0.5)
    assert SparseStart(convolution_sparsity=[0, 0.5]).kernel_sparsities(3) == (0.0, 0.5, 0.0)


@pytest.mark.parametrize(("given", "wrong"), [(1.5, "1.5"), ([0.0, -0.1], "-0.1"), (float("nan"), "nan")])
def test_sparsities_that_are_no_fractions_are_refused(given, wrong):
    with pytest.raises(ValueError, match=f"convolution_sparsity = {wrong}: must lie between 0 and 1"):
        SparseStart(convolution_sparsity=given)


@pytest.mark.parametrize("variance", [-1.0, 0.0, float("nan")])
def test_variances_that_are_none_are_refused(variance):
    with pytest.raises(ValueError, match=f"spike_variance = {variance}: must be a finite number above 0"):
        SparseStart(spike_variance=variance)


def test_sparsities_for_convolutions_that_are_not_there_are_refused():
    words = r"start\.convolution_sparsity = \[0\.5, 0\.5, 0\.5\] with 2 convolutions; give one for all, or at most one for each"
    with pytest.raises(ValueError, match=words):
        _train(convolution_sparsity=[0.5, 0.5, 0.5])
    with pytest.raises(ValueError, match=r"start\.convolution_sparsity = 0\.5 with 0 convolutions"):
        SparseStart(convolution_sparsity=0.5).kernel_sparsities(0)


def test_attention_has_no_sparsity_of_its_own():
    convolutions = (Convolution((2, 2, 1), 6, 1), Attention((2, 2, 6), 1, 0.5), Convolution((2, 2, 2), 4, 1))
    assert _kernel_sparsities(SparseStart(convolution_sparsity=[0.0, 0.5]), convolutions) == [0.0, 0.0, 0.5]
    assert _kernel_sparsities(SparseStart(convolution_sparsity=0.25), convolutions) == [0.25, 0.0, 0.25]
    with pytest.raises(ValueError, match=r"start\.convolution_sparsity = \[0\.0, 0\.5, 0\.5\] with 2 convolutions"):
        _kernel_sparsities(SparseStart(convolution_sparsity=[0.0, 0.5, 0.5]), convolutions)


@pytest.mark.parametrize(
    ("sparsity", "words"),
    [
        (1.0, r"= 1\.0 leaves convolution 0, of 9 inputs and 8 filters, without a link; lower it"),
        ([0.5, 0.9999], r"= 0\.9999 leaves convolution 1, of 72 inputs and 12 filters, without a link"),
    ],
)
def test_kernels_without_links_are_refused_before_anything_is_simulated(sparsity, words):
    def never(*_):
        raise AssertionError

    with pytest.raises(TopologyError, match=rf"start\.convolution_sparsity {words}"):
        _train(never, convolution_sparsity=sparsity)


def test_a_convolution_behind_attention_is_named_by_its_place_in_the_list():
    """The attention between the two is no convolution, and has no links that are counted."""
    sizes = {"a": 64, "b": 384, "c": 128, "d": 128}
    names, shapes = ["input", *sizes], [64, *sizes.values()]
    populations = tuple(Population(name, size, MODEL, k) for k, (name, size) in enumerate(sizes.items()))
    links = [Projection(names[k], names[k + 1], sparse.csr_array((shapes[k], shapes[k + 1]))) for k in range(4)]
    images = ConvolvedImages(
        (8, 8, 1), convolutions=((4, 2, 2), (24, 1, 1), (8, 1, 1)), attention=((2, 2, 0.5),), normalized=True
    )
    task = digits_task(4, n_train=300)

    def trained(sparsity):
        settings = grouped(train, SHORT | {"epochs": 1, "convolution_sparsity": sparsity})
        return train(task, Network(populations, links), in_numpy, np.random.default_rng(3), images=images, **settings)

    with pytest.raises(TopologyError, match="leaves convolution 2, of 8 inputs and 8 filters, without a link"):
        trained([0.0, 0.0, 0.999])
    n_outputs = round((1 - SHORT["sparsity"]) * 128 * 10)
    assert trained([0.0, 0.5, 0.5]).history["n_links"].tolist() == [4 * 24 // 2 + 8 * 8 // 2 + n_outputs]


def test_kernels_without_a_path_are_refused():
    one, two = np.diag([1.0, 0, 0, 0]), np.diag([0, 1.0, 0, 0])
    with pytest.raises(
        TopologyError, match=r"sparsity = 0\.5 and start\.convolution_sparsity = 0\.9 leave no path .* of \[1, 1\] links"
    ):
        check_paths([sparse.csr_array(one), sparse.csr_array(two)], 0.5, 0.9)
    check_paths([sparse.csr_array(matrix) for matrix in (one, two, one, one)], 0.5, 0.9, [(1, 3)])  # a skip is a path, too


@pytest.mark.thorough
def test_residual_block_of_sparse_convolutions_spikes_alike_in_brian2():
    sizes, images = {"a": 256, "b": 256, "c": 256}, ConvolvedImages((8, 8, 1), convolutions=((4, 3, 1),) * 3, normalized=True)
    names = ["input", *sizes]
    populations = tuple(Population(name, size, MODEL, k) for k, (name, size) in enumerate(sizes.items()))
    links = [Projection(one, other, sparse.csr_array((64 if one == "input" else 256, 256))) for one, other in pairwise(names)]
    block = Network(populations, (*links, Projection("a", "c", sparse.eye_array(256, format="csr"))))
    task, settings = digits_task(4, n_train=600), grouped(train, SHORT | {"convolution_sparsity": 0.5})
    found = train(task, block, in_numpy, np.random.default_rng(3), images=images, **settings)
    assert chain_skips(found.network) == (Skip(0, 2, 1.0),)
    assert kernel_links(found.network, images) == (18, 72, 72)
    check_spikes(task, found, 4, images, n_trials=30)
