"""Links between neurons, in every form."""

import numpy as np
import pytest
from brian2 import ms, mV, nS
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from bioworkbench.records.links import Links
from bioworkbench.records.randomness import stream


@st.composite
def drawn(draw):
    """Columns of links, in any order, parallel ones among them."""
    rng = stream(draw(st.integers(0, 10**6)), "links")
    shape, n = (int(rng.integers(1, 5)), int(rng.integers(1, 5))), int(rng.integers(0, 12))
    ends = rng.integers(shape[0], size=n), rng.integers(shape[1], size=n)
    return *ends, shape, rng.normal(size=n), rng.integers(0, 9, n) * 1e-3


@given(drawn())
def test_links_are_sorted_and_none_is_lost(columns):
    sources, targets, shape, weights, delays = columns
    links = Links(*columns)
    rows = list(zip(links.sources, links.targets, links.weights, links.delays, strict=True))
    assert sorted(rows) == sorted(zip(sources, targets, weights, delays, strict=True))
    assert [row[:2] for row in rows] == sorted(row[:2] for row in rows)
    assert links.sources.dtype == links.targets.dtype == np.int32
    assert links.n_parallel == len(sources) - len(set(zip(sources.tolist(), targets.tolist(), strict=True)))
    dense = np.zeros(shape)
    np.add.at(dense, (sources, targets), weights)
    np.testing.assert_allclose(links.csr().toarray(), dense)
    np.testing.assert_array_equal(links.csr().data, links.weights)
    np.testing.assert_array_equal(links.delay_csr().data, links.delays)
    again = links.csr().sum_duplicates(), links.csr()
    assert again[1].nnz == len(links)  # joining entries of a matrix leaves the links as they are
    np.testing.assert_array_equal(
        links.mask().toarray(), np.isin(np.arange(dense.size), sources * shape[1] + targets).reshape(shape)
    )


def test_a_matrix_without_parallel_links_shares_its_memory():
    links = Links.from_csr(np.eye(3))
    assert np.shares_memory(links.csr().data, links.weights)


def test_matrices_become_links():
    sparse_zeros = sparse.csr_array(([0.0, 2.0], [1, 0], [0, 1, 2]), shape=(2, 2))
    assert Links.from_csr(sparse_zeros).weights.tolist() == [0.0, 2.0]
    assert Links.from_csr([[0.0, 3.0], [2.0, 0.0]]).weights.tolist() == [3.0, 2.0]
    twice = sparse.csr_array(([1.0, 2.0], [1, 1], [0, 2, 2]), shape=(2, 2))
    assert Links.from_csr(twice).weights.tolist() == [3.0]


def test_one_delay_stands_for_one_per_link():
    links = Links.from_csr([[0.0, 3.0], [2.0, 0.0]], delays=2 * ms)
    assert links.delays == 2e-3
    assert isinstance(links.delays, float)
    assert links.delay_csr().toarray().tolist() == [[0.0, 2e-3], [2e-3, 0.0]]


def test_weights_remember_their_unit():
    links = Links.from_csr(np.eye(2), weights=0.5 * mV, delays=[1 * ms, 2 * ms])
    assert links.weights.tolist() == [0.5e-3, 0.5e-3]
    assert links.delays.tolist() == [1e-3, 2e-3]
    assert links.dimension is mV.dim
    assert links.with_values(delays=3 * ms).dimension is mV.dim
    assert links.with_values([1.0, 2.0]).dimension is None
    assert links.with_values([1.0, 2.0]).weights.tolist() == [1.0, 2.0]
    assert Links.from_csr(np.eye(2) * mV, weights=[1.0, 2.0]).dimension is None
    assert Links([0], [0], (1, 1), [2 * nS]).dimension is nS.dim


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 2], [0, 0], (2, 2)), "sources go from 0 to 2; they must lie between 0 and 1"),
        (([0], [-1], (2, 2)), "targets go from -1 to -1; they must lie between 0 and 1"),
        (([0.5], [0], (2, 2)), "sources have the type float64; indices are integers"),
        (([[0]], [[0]], (2, 2)), r"sources have shape \(1, 1\); a list is needed"),
        (([0, 1], [0], (2, 2)), "there are 2 sources and 1 targets; a link has one of each"),
        (([0], [0], (2, 2), [1.0, 2.0]), r"weights have shape \(2,\) for 1 synapse; give one, or one per synapse"),
        (([0], [0], (2, 2), 1.0, [0.0, 1.0]), r"delays have shape \(2,\) for 1 synapse"),
        (([0], [0], (2, 2), 1.0, -1 * ms), r"delays go down to -0\.001 s; they cannot be negative"),
        (([0], [0], (2, 2), 1.0, 1 * mV), "delays = 1 mV is a voltage; it must be a time"),
        (([0], [0], (2, 2), [1 * mV, 2 * nS]), "weights mixes conductance, voltage; all of its values need one unit"),
        (([0], [0], (2, 2), np.nan), "weights has 1 value that is not finite"),
        (([0], [0], (2, 2), "1"), "weights = '1': must be a number, or a quantity"),
    ],
)
def test_links_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        Links(*arguments)


def test_a_matrix_has_two_dimensions():
    with pytest.raises(ValueError, match=r"links have shape \(3,\); a matrix \(n_sources, n_targets\) is needed"):
        Links.from_csr(np.ones(3))
