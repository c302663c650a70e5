"""Classes made of parts: counting by hand, and that heads are a readout of classes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax

from bioworkbench.records.heads import class_outputs, class_parts

SIZES = st.lists(st.integers(1, 4), min_size=1, max_size=3)


@given(SIZES)
def test_the_first_part_counts_fastest(sizes):
    classes = np.arange(np.prod(sizes))
    weights = np.cumprod([1, *sizes[:-1]])
    assert (sum(w * part for w, part in zip(weights, class_parts(classes, sizes), strict=True)) == classes).all()


@given(SIZES, st.integers(0, 1000))
def test_cross_entropy_of_classes_is_the_sum_over_heads(sizes, seed):
    outputs = np.random.default_rng(seed).normal(size=(5, sum(sizes)))
    heads = np.split(outputs, np.cumsum(sizes)[:-1], axis=1)
    of_classes = log_softmax(outputs @ class_outputs(sizes), axis=1)
    for label in range(np.prod(sizes)):
        parts = class_parts(label, sizes)
        of_heads = sum(log_softmax(head, axis=1)[:, part] for head, part in zip(heads, parts, strict=True))
        np.testing.assert_allclose(of_classes[:, label], of_heads, atol=1e-12)


@pytest.mark.parametrize("label", [-1, 6])
def test_classes_out_of_range_are_refused(label):
    with pytest.raises(ValueError, match=rf"classes go from .*{label}.*; with parts of \(3, 2\) values there are 6, from 0 on"):
        class_parts([label, 0] if label < 0 else [0, label], (3, 2))
