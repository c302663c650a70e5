"""Masks: made, checked, counted."""

import numpy as np
import pytest
from scipy import sparse

from bioworkbench.topology.masks import checked_mask, link_arrays, link_mask, mask_shape, n_links_at, possible_targets


def test_links_make_a_mask_and_a_mask_gives_its_links():
    mask = link_mask([2, 0, 0, 2], [1, 3, 0, 1], (3, 4))
    assert mask.dtype == bool
    assert mask.indices.dtype == np.int32
    assert [part.tolist() for part in link_arrays(mask)] == [[0, 0, 2], [0, 3, 1]]
    assert mask_shape(mask) == (3, 4)


def test_what_is_not_zero_is_a_link():
    stored_zero = sparse.csr_array((np.array([0.0, -2.0]), ([0, 1], [1, 0])), shape=(2, 2))
    for links in (stored_zero, [[0, 0], [-2, 0]], np.array([[False, False], [True, False]])):
        assert checked_mask("mask", links).toarray().tolist() == [[False, False], [True, False]]


def test_numbers_of_links():
    assert n_links_at(0.99, 784, 1000) == 7840
    assert n_links_at(0.5, 4, 4, recurrent=True) == 6
    assert possible_targets(3, 5, recurrent=False) == 5
    assert possible_targets(5, 5, recurrent=True) == 4


def test_bad_masks():
    with pytest.raises(ValueError, match="weights has 1 dimension; a mask has two"):
        checked_mask("weights", [1, 2])
    with pytest.raises(ValueError, match="mask has 2 NaN entries"):
        checked_mask("mask", [[np.nan, 0], [1, np.nan]])
    with pytest.raises(ValueError, match="recurrent links from 3 to 4 nodes: source and target must be the same population"):
        possible_targets(3, 4, recurrent=True)
    with pytest.raises(ValueError, match="n_source = 0"):
        possible_targets(0, 4, recurrent=False)
    with pytest.raises(ValueError, match=r"sparsity = 1.2: must lie between 0 and 1"):
        n_links_at(1.2, 3, 4)
