"""The spectral radius: by all eigenvalues, by iteration, and where that does not converge."""

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse import linalg

from bioworkbench.weights import spectrum as module
from bioworkbench.weights.distributions import rescaled
from bioworkbench.weights.spectrum import spectral_radius

WEIGHTS = sparse.random_array((300, 300), density=0.1, rng=np.random.default_rng(1), data_sampler=np.random.default_rng(1).normal)
WEIGHTS = sparse.csr_array(WEIGHTS)


def test_spectral_radius_by_iteration_equals_that_of_all_eigenvalues(monkeypatch):
    dense = spectral_radius(WEIGHTS)
    monkeypatch.setattr(module, "DENSE_LIMIT", 10)
    assert spectral_radius(WEIGHTS) == pytest.approx(dense, rel=1e-9)


@pytest.mark.parametrize("n", [30, 401])
def test_without_a_cycle_it_is_0(n):
    rng = np.random.default_rng(1)
    order = rng.permutation(n)
    weights = sparse.csr_array(np.triu(rng.random((n, n)) < 0.1, 1)[order][:, order].astype(float))
    assert spectral_radius(weights) == spectral_radius(sparse.csr_array((n, n))) == 0
    with pytest.raises(ValueError, match="without a cycle none can be set"):
        rescaled(weights, 1.0)


def test_one_cycle_decides_however_heavy_what_leads_to_it():
    n = 500
    weights = np.triu(np.random.default_rng(2).random((n, n)), 1)
    weights[7, 3] = weights[3, 7] = 0.25
    weights[4:7] = 0
    weights[:, 4:7] = 0
    assert spectral_radius(sparse.csr_array(weights)) == pytest.approx(0.25)


def test_iteration_that_does_not_converge_is_reported(monkeypatch):
    def fails(*_, **__):
        raise linalg.ArpackNoConvergence("No convergence (%s)", np.array([]), np.array([]))

    monkeypatch.setattr(module, "DENSE_LIMIT", 10)
    monkeypatch.setattr(linalg, "eigs", fails)
    with pytest.raises(ValueError, match=r"spectral radius of weights \(300, 300\).*No convergence"):
        spectral_radius(WEIGHTS)
