"""Chain removal and the shares of nodes that are alive."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioworkbench.topology.generators import bernoulli
from bioworkbench.topology.rewiring.percolation import active_node_fraction, node_sparsity, percolated
from tests.topology.worked_example import first_layer, second_layer


def random_masks(seed, sizes=(6, 7, 5, 8, 4), p=0.2):
    rng = np.random.default_rng(seed)
    return [bernoulli(m, n, rng, p=p) for m, n in itertools.pairwise(sizes)]


def kept_of_worked_example():
    one, two = first_layer().toarray() != 0, second_layer().toarray() != 0
    one[2, 1] = one[3, 3] = two[3, 1] = False
    return one, two


def test_the_worked_example():
    one, two = percolated(kept_of_worked_example())
    assert {tuple(link) for link in np.argwhere(one.toarray())} == {(0, 1), (0, 2), (1, 0), (1, 1), (2, 0), (2, 2), (3, 2)}
    assert two.nnz == 4
    assert node_sparsity(kept_of_worked_example()) == 1 / 4
    assert active_node_fraction([one, two]) == 9 / 10


@given(st.integers(0, 10**6), st.floats(0.05, 0.5))
def test_two_sweeps_are_enough(seed, p):
    """Every hidden neuron then has links on both sides or on none, and another round changes nothing."""
    masks = percolated(random_masks(seed, p=p))
    again = percolated(masks)
    assert all((one != other).nnz == 0 for one, other in zip(masks, again, strict=True))
    for one, other in itertools.pairwise(masks):
        assert (one.toarray().any(axis=0) == other.toarray().any(axis=1)).all()


@given(st.integers(0, 10**6))
def test_only_ways_from_input_to_output_stay(seed):
    """A link stays if and only if it lies on a way through all layers (counted by matrix products)."""
    masks = random_masks(seed)
    counts = [mask.toarray().astype(int) for mask in masks]
    for k, mask in enumerate(percolated(masks)):
        ahead = np.linalg.multi_dot([*counts[k + 1 :], np.eye(4, dtype=int), np.eye(4, dtype=int)]).sum(1)
        behind = np.linalg.multi_dot([np.eye(6, dtype=int), np.eye(6, dtype=int), *counts[:k]]).sum(0)
        assert (mask.toarray() == (counts[k] * np.outer(behind, ahead) > 0)).all()


def test_what_a_skip_goes_round_stays():
    """The first hidden neuron has no outgoing link, that of the third population no incoming one; a skip joins them."""
    masks = [np.eye(2), np.diag([0, 1]), np.diag([0, 1]), np.eye(2)]
    assert [mask.nnz for mask in percolated(masks)] == [1, 1, 1, 1]
    assert [mask.nnz for mask in percolated(masks, [(1, 3)])] == [2, 1, 1, 2]
    assert [node_sparsity(masks, skips) for skips in ((), [(1, 3)], [(0, 3)])] == [3 / 6, 1 / 6, 2 / 6]


def _on_a_path(masks, skips):
    """Links on a path from input to output, by walking over single neurons."""
    links = {((k, i), (k + 1, j)) for k, mask in enumerate(masks) for i, j in np.argwhere(mask.toarray())}
    joined = {((one, i), (other, i)) for one, other in skips for i in range(masks[one].shape[0])}

    def walked(nodes, pairs):
        while more := {end for start, end in pairs if start in nodes} - nodes:
            nodes = nodes | more
        return nodes

    behind = walked({(0, i) for i in range(masks[0].shape[0])}, links | joined)
    ends = {(len(masks), j) for j in range(masks[-1].shape[1])}
    ahead = walked(ends, {(end, start) for start, end in links | joined})
    return [
        {(one[1], other[1]) for one, other in links if one[0] == k and one in behind and other in ahead}
        for k in range(len(masks))
    ]


@given(st.integers(0, 10**6), st.sampled_from([((1, 3),), ((1, 3), (2, 4)), ((1, 4), (1, 3)), ()]))
def test_only_links_on_a_path_that_may_use_skips_stay(seed, skips):
    masks = random_masks(seed, sizes=(6, 7, 7, 7, 7, 4))
    found = [{tuple(link) for link in np.argwhere(mask.toarray())} for mask in percolated(masks, skips)]
    assert found == _on_a_path(masks, skips)


@given(st.integers(0, 10**6))
def test_sources_that_show_one_node_are_that_node(seed):
    """A link stays if and only if it does where a node has one source, which has the links of all that show it."""
    rng = np.random.default_rng(seed)
    shapes = [(6, 4), (3 * 4, 5), (5, 4), (9 * 4, 3)]
    masks = [rng.random(shape) < 2 / shape[0] for shape in shapes]
    nodes = [mask.reshape(-1, n, mask.shape[1]).any(axis=0) for mask, n in zip(masks, (6, 4, 5, 4), strict=True)]
    for mask, found, one in zip(masks, percolated(masks, shared=True), percolated(nodes), strict=True):
        rows = np.arange(len(mask)) % one.shape[0]
        np.testing.assert_array_equal(found.toarray(), mask & one.toarray()[rows])
    assert node_sparsity(masks, shared=True) == node_sparsity(nodes)
    read = [node.any(axis=1) for node in nodes]
    assert active_node_fraction(masks, shared=True) == np.concatenate([*read, nodes[-1].any(axis=0)]).mean()


def test_skips_between_filters_of_different_number_go_by_neurons():
    """Neurons that show filter 1 of four show filter 1 of two; what shows filter 1 of two shows filters 1 and 3 of four."""
    masks = [np.ones((1, 2)), np.zeros((2, 2)), np.zeros((2, 4)), np.array([[0], [1], [0], [0]])]
    assert [mask.nnz for mask in percolated(masks)] == [0, 0, 0, 0]
    assert [mask.toarray().astype(int).tolist() for mask in percolated(masks, [(1, 3)])[::3]] == [[[0, 1]], [[0], [1], [0], [0]]]
    masks = [np.array([[0, 1, 0, 0]]), np.zeros((4, 4)), np.zeros((4, 2)), np.ones((2, 1))]
    assert [mask.toarray().astype(int).tolist() for mask in percolated(masks, [(1, 3)])[::3]] == [[[0, 1, 0, 0]], [[0], [1]]]


def test_renaming_hidden_neurons_renames_the_result():
    one, two, *rest = random_masks(3)
    order = np.random.default_rng(1).permutation(7)
    plain, renamed = percolated([one, two, *rest]), percolated([one[:, order], two[order], *rest])
    assert (plain[0][:, order] != renamed[0]).nnz == 0
    assert (plain[1][order] != renamed[1]).nnz == 0


def test_a_single_layer_has_no_hidden_neurons():
    (mask,) = random_masks(1, sizes=(5, 6))
    assert (percolated([mask])[0] != mask).nnz == 0
    assert node_sparsity([mask]) == 0


def test_layers_must_fit():
    with pytest.raises(ValueError, match=r"mask 0 has shape \(6, 7\) and mask 1 \(5, 8\); the targets of a layer must be"):
        percolated([random_masks(1)[0], random_masks(1)[2]])
    with pytest.raises(ValueError, match=r"must be the sources of the next$"):
        percolated([np.ones((6, 7)), np.ones((14, 8))])
    with pytest.raises(ValueError, match=r"must be the sources of the next, or these a multiple of them$"):
        percolated([np.ones((6, 7)), np.ones((15, 8))], shared=True)
    with pytest.raises(ValueError, match=r"masks = \[\]: at least one layer"):
        percolated([])
