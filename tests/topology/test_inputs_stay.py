"""What functions are given stays as it is: SciPy sorts, joins and drops entries in place, and matrices share their arrays."""

import numpy as np
import pytest
from scipy import sparse

from bioworkbench.records.links import Links
from bioworkbench.records.sparse_matrices import canonical
from bioworkbench.topology.masks import checked_mask
from bioworkbench.topology.prediction.all_pairs import scores_of_all_pairs
from bioworkbench.topology.prediction.layer_links import layer_scores, top_links
from bioworkbench.topology.rewiring import Rewiring, rewire
from bioworkbench.topology.rewiring.percolation import percolated
from bioworkbench.topology.rewiring.regrowth import regrown_by_target, regrown_links
from bioworkbench.topology.rewiring.removal import REMOVAL_SCORES
from bioworkbench.topology.simple_graph import simple_graph
from bioworkbench.weights.distributions import WEIGHT_DISTRIBUTIONS, rescaled
from bioworkbench.weights.spectrum import spectral_radius

SETTINGS = {
    "constant": {"value": 1.0},
    "gaussian": {"mean": 0.5, "deviation": 1.0},
    "lognormal": {"mean": 0.5, "deviation": 1.0},
    "scaled_to_spectral_radius": {"radius": 0.5},
    "smooth_fields": {"width": 2, "blur": 0.0},
    "uniform": {"low": 0.0, "high": 1.0},
}
FUNCTIONS = {
    "canonical": canonical,
    "checked_mask": lambda given: checked_mask("mask", given),
    "from_csr": Links.from_csr,
    "layer_scores": layer_scores,
    "percolated": lambda given: percolated([given]),
    "regrown_by_target": lambda given: regrown_by_target(given, np.ones(4, int), np.random.default_rng(1)),
    "regrown_links": lambda given: regrown_links(given, 2, np.random.default_rng(1)),
    "rescaled": lambda given: rescaled(given, 0.5),
    "rewire": lambda given: rewire([given], Rewiring(fraction=0.3), np.random.default_rng(1)),
    "scores_of_all_pairs": lambda given: scores_of_all_pairs(simple_graph(given), np.random.default_rng(1), by="ch3_l3"),
    "simple_graph": simple_graph,
    "spectral_radius": spectral_radius,
    "top_links": lambda given: top_links(given, 2, np.random.default_rng(1)),
    **REMOVAL_SCORES,
    **{
        name: lambda given, draw=draw, name=name: draw(given, np.random.default_rng(1), **SETTINGS.get(name, {}))
        for name, draw in WEIGHT_DISTRIBUTIONS.items()
    },
}


@pytest.mark.parametrize("dtype", [bool, float])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_matrix_stays_as_it_is(name, dtype):
    """One with links that neither ascend nor occur once, and with stored zeros."""
    columns = np.array([3, 1, 1, 3, 2, 0, 2, 0, 0, 1, 3, 2])
    entries = np.array([1, 2, 1, 0, 3, 1, 0, 4, 1, 1, 2, 1])
    given = sparse.csr_array((entries.astype(dtype), columns, np.array([0, 4, 7, 10, 12])), shape=(4, 4))
    before = [part.copy() for part in (given.data, given.indices, given.indptr)]
    FUNCTIONS[name](given)
    for part, kept in zip((given.data, given.indices, given.indptr), before, strict=True):
        np.testing.assert_array_equal(part, kept)
