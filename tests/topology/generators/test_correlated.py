"""Start topologies from data."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioworkbench.topology.generators.correlated import correlation_topology, phi_coefficients, spike_correlation_topology

SPIKES = np.array([[int(c) for c in row] for row in ("11001010", "11001000", "00110101", "01011100")]).T


def test_the_worked_example():
    phi = phi_coefficients(SPIKES)
    for (i, j), value in {(0, 1): 0.774597, (0, 2): -1, (0, 3): 0, (1, 2): -0.774597, (1, 3): 0.258199, (2, 3): 0}.items():
        assert phi[i, j] == phi[j, i] == pytest.approx(value, abs=5e-7)
    assert 8 * phi[1, 3] ** 2 == pytest.approx(0.533333, abs=5e-7)
    mask = spike_correlation_topology(SPIKES, 4, 0.5, np.random.default_rng(1)).toarray()
    pairs = {(0, 2), (0, 1), (1, 2), (1, 3)}
    assert {tuple(link) for link in np.argwhere(mask)} == pairs | {(j, i) for i, j in pairs}


@given(st.integers(0, 10**6))
def test_phi_is_pearsons_correlation(seed):
    spikes = np.random.default_rng(seed).random((5, 8, 6)) < 0.4
    flat = spikes.reshape(40, 6).astype(float)
    with np.errstate(all="ignore"):
        expected = np.nan_to_num(np.corrcoef(flat.T))
    np.fill_diagonal(expected, 0)
    assert phi_coefficients(spikes) == pytest.approx(expected, abs=1e-12)


def test_constant_inputs_have_no_correlation():
    spikes = np.array([[0, 1, 1], [0, 1, 0], [0, 1, 1]])
    assert not phi_coefficients(spikes).any()


@given(st.integers(0, 10**6), st.integers(3, 20), st.floats(0, 1))
def test_link_counts_are_exact_and_seeds_fix_the_mask(seed, n_target, sparsity):
    values = np.random.default_rng(seed).normal(size=(30, 7))
    for mask, again in (
        [correlation_topology(values, n_target, sparsity, np.random.default_rng(seed)) for _ in range(2)],
        [spike_correlation_topology(values > 0, n_target, sparsity, np.random.default_rng(seed)) for _ in range(2)],
    ):
        assert mask.nnz == round((1 - sparsity) * 7 * n_target)
        assert (mask != again).nnz == 0


def test_targets_repeat_the_inputs():
    """Columns j and j + n_source have the same sources where no tie had to be broken."""
    values = np.random.default_rng(1).normal(size=(50, 10)) + 3 * np.arange(10)  # means of their own say nothing
    mask = correlation_topology(values, 20, 0.8, np.random.default_rng(1)).toarray()
    assert (mask[:, :10] == mask[:, 10:]).all()
    assert not mask[np.arange(10), np.arange(10)].any()
    correlation = np.abs(np.corrcoef(values.T))
    linked = mask[:, :10]
    off = ~np.eye(10, dtype=bool)
    assert correlation[linked].min() > correlation[off & ~linked].max()


def test_bad_data():
    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match=r"spikes have the value 2.0; every entry must be 0 or 1"):
        spike_correlation_topology([[0, 2], [1, 1]], 2, 0.5, rng)
    with pytest.raises(ValueError, match="values has 1 value that is not finite"):
        correlation_topology([[0, np.nan], [1, 1]], 2, 0.5, rng)
    with pytest.raises(ValueError, match=r"values has shape \(3,\)"):
        correlation_topology([0, 1, 2], 2, 0.5, rng)
