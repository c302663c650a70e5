"""Sparse layers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioworkbench.topology.generators.bipartite import (
    layered,
    local_receptive_field,
    receptive_field_bipartite,
    small_world_bipartite,
)
from bioworkbench.topology.masks import n_links_at

SIZES = st.integers(2, 15)


@given(SIZES, SIZES, st.floats(0, 1), st.integers(0, 10**6), st.booleans())
def test_numbers_of_links_are_met_exactly(n_source, n_target, sparsity, seed, recurrent):
    n_target = n_source if recurrent else n_target
    for kind in (layered, receptive_field_bipartite, small_world_bipartite):
        mask = kind(n_source, n_target, np.random.default_rng(seed), sparsity=sparsity, recurrent=recurrent)
        assert mask.nnz == n_links_at(sparsity, n_source, n_target, recurrent=recurrent)
        assert mask.data.all()
        assert not (recurrent and mask.diagonal().any())


@given(SIZES, SIZES, st.floats(0, 1), st.integers(0, 10**6), st.booleans())
def test_every_node_of_a_uniform_layer_has_the_same_number_of_links(n_source, n_target, sparsity, seed, recurrent):
    n_target = n_source if recurrent else n_target
    mask = layered(n_source, n_target, np.random.default_rng(seed), sparsity=sparsity, recurrent=recurrent)
    for axis in (0, 1):
        degrees = mask.sum(axis=axis)
        assert degrees.max() - degrees.min() <= 1


@pytest.mark.thorough
@pytest.mark.parametrize("recurrent", [False, True])
def test_uniform_layers_are_uniform(recurrent):
    n, n_draws, rng = 8, 1500, np.random.default_rng(1)
    frequency = sum(
        layered(n, n, rng, sparsity=0.7, recurrent=recurrent).toarray().astype(int) for _ in range(n_draws)
    ) / n_draws  # fmt: skip
    off = ~np.eye(n, dtype=bool) if recurrent else np.ones((n, n), dtype=bool)
    p = frequency[off].mean()
    assert (np.abs(frequency[off] - p) < 4.5 * np.sqrt(p * (1 - p) / n_draws)).all()


def unlinked_targets(mask):
    return int((mask.sum(axis=0) == 0).sum())


@pytest.mark.parametrize("randomness", [0.0, 0.25, 0.3])
def test_receptive_fields_leave_no_target_unlinked(randomness):
    """784 -> 1000 at 99 %, where the integer stride of the public code leaves about 200 targets without a link."""
    for seed in range(4):
        mask = receptive_field_bipartite(784, 1000, np.random.default_rng(seed), sparsity=0.99, randomness=randomness)
        assert mask.nnz == 7840
        assert unlinked_targets(mask) == 0
        assert unlinked_targets(mask.T) == 0


@given(SIZES, SIZES, st.integers(0, 10**6))
def test_tight_receptive_fields_cover_the_ring(n_source, n_target, seed):
    small, large = sorted((n_source, n_target))
    per_node = min(large, -(-large // small) + 1)
    sparsity = 1 - per_node / large
    mask = receptive_field_bipartite(n_source, n_target, np.random.default_rng(seed), sparsity=sparsity, randomness=0.0)
    assert unlinked_targets(mask) == unlinked_targets(mask.T) == 0


def test_tight_receptive_fields_are_neighborhoods():
    mask = receptive_field_bipartite(10, 30, np.random.default_rng(1), sparsity=0.9, randomness=0.0).toarray()
    assert (mask == np.array([[min(abs(j - 3 * i), 30 - abs(j - 3 * i)) <= 1 for j in range(30)] for i in range(10)])).all()


def test_full_randomness_is_uniform():
    n_draws, rng = 1500, np.random.default_rng(1)
    frequency = sum(
        receptive_field_bipartite(5, 8, rng, sparsity=0.6, randomness=1.0).toarray().astype(int) for _ in range(n_draws)
    ) / n_draws  # fmt: skip
    p = 16 / 40
    assert (np.abs(frequency - p) < 4.5 * np.sqrt(p * (1 - p) / n_draws)).all()
    local = receptive_field_bipartite(5, 8, rng, sparsity=0.6, randomness=0.2).toarray()
    many = sum(receptive_field_bipartite(5, 8, rng, sparsity=0.6, randomness=0.2).toarray().astype(int) for _ in range(300)) / 300
    assert local.sum() == 16
    assert (np.abs(many - p) > 4.5 * np.sqrt(p * (1 - p) / 300)).any()


def test_uniform_degrees_of_receptive_fields():
    mask = receptive_field_bipartite(200, 300, np.random.default_rng(1), sparsity=0.98, degrees="uniform")
    degrees = mask.sum(axis=1)
    assert degrees.min() >= 1
    assert degrees.var() == pytest.approx(5, rel=4.5 * np.sqrt(2 / 200))  # one each, the other five Poisson-like
    with pytest.raises(ValueError, match="degrees = 'uniform' needs 5 links or more; sparsity leaves 1"):
        receptive_field_bipartite(5, 8, np.random.default_rng(1), sparsity=0.975, degrees="uniform")
    with pytest.raises(ValueError, match="degrees = 'even': must be 'fixed' or 'uniform'"):
        receptive_field_bipartite(5, 8, np.random.default_rng(1), sparsity=0.5, degrees="even")


def test_small_world_layers_go_from_rings_to_random():
    ring = small_world_bipartite(12, 24, np.random.default_rng(1), sparsity=0.75, rewiring=0.0)
    assert (ring.sum(axis=0) == 3).all()
    for j, column in enumerate(ring.toarray().T):
        distance = np.abs(np.flatnonzero(column) - j / 2)
        assert np.minimum(distance, 12 - distance).max() <= 1.5
    half = small_world_bipartite(200, 300, np.random.default_rng(1), sparsity=0.95, rewiring=0.5).toarray()
    whole = small_world_bipartite(200, 300, np.random.default_rng(1), sparsity=0.95, rewiring=0.0).toarray()
    assert (half & ~whole).sum() == pytest.approx(1500, abs=30)  # half of 3000, less what ties explain


def test_small_world_layers_that_are_all_rewired_are_random():
    rng, n = np.random.default_rng(3), 1500
    counts = sum(small_world_bipartite(4, 6, rng, sparsity=0.5, rewiring=1.0).toarray().astype(int) for _ in range(n))
    assert np.abs(counts / n - 0.5).max() < 4.5 * 0.5 / np.sqrt(n)


@given(st.integers(0, 10**6), st.integers(1, 5))
def test_patches_are_squares_inside_the_image(seed, size):
    mask = local_receptive_field(42, 9, np.random.default_rng(seed), height=7, width=6, size=size)
    assert (mask.sum(axis=0) == size**2).all()
    for column in mask.toarray().T:
        rows, columns = np.nonzero(column.reshape(7, 6))
        assert np.ptp(rows) == np.ptp(columns) == size - 1


def test_bad_settings():
    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match=r"height = 7 times width = 7 is 49 pixels; the source has 42"):
        local_receptive_field(42, 9, rng, height=7, width=7, size=3)
    for size in (0, 7):
        with pytest.raises(ValueError, match=f"size = {size}: a patch of a 7 x 6 image has a side of 1 to 6"):
            local_receptive_field(42, 9, rng, height=7, width=6, size=size)
    with pytest.raises(ValueError, match="recurrent = True: local_receptive_field goes from an image"):
        local_receptive_field(42, 42, rng, height=7, width=6, size=2, recurrent=True)
    with pytest.raises(ValueError, match=r"randomness = -0.1: must lie"):
        receptive_field_bipartite(5, 5, rng, sparsity=0.5, randomness=-0.1)
    with pytest.raises(ValueError, match=r"rewiring = 2: must lie"):
        small_world_bipartite(5, 5, rng, sparsity=0.5, rewiring=2)
