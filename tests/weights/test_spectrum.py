"""The spectral radius: by all eigenvalues, by iteration, and where that does not converge."""

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse import linalg

from bioworkbench.weights import spectrum as module
from bioworkbench.weights.spectrum import spectral_radius

WEIGHTS = sparse.random_array((300, 300), density=0.1, rng=np.random.default_rng(1), data_sampler=np.random.default_rng(1).normal)
WEIGHTS = sparse.csr_array(WEIGHTS)


def test_spectral_radius_by_iteration_equals_that_of_all_eigenvalues(monkeypatch):
    dense = spectral_radius(WEIGHTS)
    monkeypatch.setattr(module, "DENSE_LIMIT", 10)
    assert spectral_radius(WEIGHTS) == pytest.approx(dense, rel=1e-9)


def test_iteration_that_does_not_converge_is_reported(monkeypatch):
    def fails(*_, **__):
        raise linalg.ArpackNoConvergence("No convergence (%s)", np.array([]), np.array([]))

    monkeypatch.setattr(module, "DENSE_LIMIT", 10)
    monkeypatch.setattr(linalg, "eigs", fails)
    with pytest.raises(ValueError, match=r"spectral radius of weights \(300, 300\).*No convergence"):
        spectral_radius(WEIGHTS)
