"""What all topologies have in common, and the plain random ones."""

import inspect
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from bioworkbench.topology.generators import (
    TOPOLOGIES,
    all_to_all,
    bernoulli,
    fixed_in_degree,
    fixed_out_degree,
    fixed_total,
    one_to_one,
    stochastic_block,
)
from bioworkbench.topology.generators.plain import _distinct

BETWEEN = {  # settings for any two populations
    "all_to_all": {},
    "bernoulli": {"p": 0.2},
    "configuration_model": {"degrees": "lognormal", "mean": 3.0, "deviation": 0.7},
    "fixed_in_degree": {"n_inputs": 4},
    "fixed_out_degree": {"n_outputs": 4},
    "fixed_total": {"n_links": 50},
    "layered": {"sparsity": 0.8},
    "receptive_field_bipartite": {"sparsity": 0.8},
    "small_world_bipartite": {"sparsity": 0.8},
    "spatial": {"p_max": 0.9, "length": 0.2},
    "stochastic_block": {"n_blocks": 3, "p_within": 0.5, "p_between": 0.05},
}
INSIDE = BETWEEN | {  # and for one with itself
    "barabasi_albert": {"n_new": 2},
    "nonuniform_pso": {"n_new": 2, "temperature": 0.3, "exponent": 2.5, "n_communities": 3},
    "watts_strogatz": {"n_neighbors": 4, "rewiring": 0.2},
}
SPECIAL = {"local_receptive_field", "one_to_one"}


def test_every_topology_is_tried_here():
    assert set(INSIDE) | SPECIAL == set(TOPOLOGIES)


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_signatures(name):
    parameters = inspect.signature(TOPOLOGIES[name]).parameters
    assert list(parameters)[:3] == ["n_source", "n_target", "rng"]
    assert parameters["recurrent"].default is False
    assert all(p.kind is p.KEYWORD_ONLY for p in list(parameters.values())[3:])


@pytest.mark.parametrize("name", BETWEEN)
@pytest.mark.parametrize("shape", [(20, 31), (31, 20), (25, 25)])
def test_between_two_populations(name, shape):
    mask = TOPOLOGIES[name](*shape, np.random.default_rng(1), **BETWEEN[name])
    check(mask, shape)


@pytest.mark.parametrize("name", INSIDE)
def test_inside_one_population(name):
    mask = TOPOLOGIES[name](25, 25, np.random.default_rng(1), recurrent=True, **INSIDE[name])
    check(mask, (25, 25))
    assert not mask.diagonal().any()


def check(mask, shape):
    assert isinstance(mask, sparse.csr_array)
    assert mask.shape == shape
    assert mask.dtype == bool
    assert mask.data.all()
    assert mask.has_canonical_format
    assert mask.indices.dtype == np.int32
    assert mask.nnz > 0


@pytest.mark.parametrize("name", INSIDE)
def test_same_seed_same_mask(name):
    one, other = (TOPOLOGIES[name](25, 25, np.random.default_rng(7), recurrent=True, **INSIDE[name]) for _ in range(2))
    assert (one != other).nnz == 0


@pytest.mark.parametrize("name", INSIDE)
def test_recurrent_needs_equal_sizes(name):
    with pytest.raises(ValueError, match="recurrent links from 20 to 21 nodes"):
        TOPOLOGIES[name](20, 21, np.random.default_rng(1), recurrent=True, **INSIDE[name])


@pytest.mark.parametrize("name", BETWEEN)
def test_sizes_must_be_positive(name):
    with pytest.raises(ValueError, match=r"n_(source|target) = 0"):
        TOPOLOGIES[name](0, 4, np.random.default_rng(1), **BETWEEN[name])


@pytest.mark.parametrize("recurrent", [False, True])
def test_bernoulli_links_are_independent_and_as_frequent_as_said(recurrent):
    n, p, n_draws = 12, 0.3, 800
    rng = np.random.default_rng(1)
    masks = np.array([bernoulli(n, n, rng, p=p, recurrent=recurrent).toarray() for _ in range(n_draws)])
    off = ~np.eye(n, dtype=bool) if recurrent else np.ones((n, n), dtype=bool)
    frequency = masks.mean(axis=0)[off]
    assert (np.abs(frequency - p) < 4.5 * np.sqrt(p * (1 - p) / n_draws)).all()
    totals = masks.sum(axis=(1, 2))
    variance = off.sum() * p * (1 - p)
    assert abs(totals.var() / variance - 1) < 4.5 * np.sqrt(2 / n_draws)
    links = masks[:, off].astype(float)
    neighbors = np.mean(links[:, :-1] * links[:, 1:], axis=0)  # a link tells nothing about the next place
    assert (np.abs(neighbors - p**2) < 4.5 * np.sqrt(p**2 * (1 - p**2) / n_draws)).all()


def test_bernoulli_at_its_ends():
    rng = np.random.default_rng(1)
    assert bernoulli(5, 6, rng, p=0.0).nnz == 0
    assert bernoulli(5, 6, rng, p=1.0).nnz == 30
    assert bernoulli(5, 5, rng, p=1.0, recurrent=True).nnz == 20
    assert bernoulli(1, 1, rng, p=1.0, recurrent=True).nnz == 0
    assert bernoulli(30, 30, rng, p=1e-300).nnz == 0


def test_bernoulli_over_several_chunks():
    mask = bernoulli(3000, 3000, np.random.default_rng(1), p=0.3)
    assert abs(mask.nnz - 0.3 * 9e6) < 4.5 * np.sqrt(9e6 * 0.21)
    assert mask.has_canonical_format


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 10**6), st.data())
def test_fixed_degrees_are_met(n_source, n_target, seed, data):
    rng = np.random.default_rng(seed)
    k = data.draw(st.integers(0, n_target))
    assert (fixed_out_degree(n_source, n_target, rng, n_outputs=k).sum(axis=1) == k).all()
    k = data.draw(st.integers(0, n_source))
    assert (fixed_in_degree(n_source, n_target, rng, n_inputs=k).sum(axis=0) == k).all()
    n_links = data.draw(st.integers(0, n_source * n_target))
    assert fixed_total(n_source, n_target, rng, n_links=n_links).nnz == n_links


@pytest.mark.parametrize(
    ("draw", "p"),
    [
        (lambda rng: fixed_in_degree(6, 6, rng, n_inputs=2, recurrent=True), 2 / 5),
        (lambda rng: fixed_out_degree(6, 6, rng, n_outputs=3, recurrent=True), 3 / 5),
        (lambda rng: fixed_total(6, 6, rng, n_links=12, recurrent=True), 12 / 30),
    ],
)
def test_all_partners_are_equally_likely(draw, p):
    rng, n_draws = np.random.default_rng(1), 1500
    frequency = sum(draw(rng).toarray().astype(int) for _ in range(n_draws)) / n_draws
    off = ~np.eye(6, dtype=bool)
    assert (np.abs(frequency[off] - p) < 4.5 * np.sqrt(p * (1 - p) / n_draws)).all()
    assert (frequency[~off] == 0).all()


def test_rows_are_drawn_together_or_alone_and_pairs_are_equally_likely():
    """Three of ten numbers, 9 <= 10, together; four of ten alone: each pair is in a row as often as it must."""
    for k in (3, 4):
        rows = _distinct(20_000, k, 10, np.random.default_rng(k))
        assert (np.diff(rows, axis=1) > 0).all()
        assert rows.min() == 0
        assert rows.max() == 9
        both = np.zeros((10, 10))
        for first in range(k):
            for second in range(first + 1, k):
                np.add.at(both, (rows[:, first], rows[:, second]), 1)
        p = k * (k - 1) / 90
        assert (np.abs(both[np.triu_indices(10, 1)] / 20_000 - p) < 4.5 * np.sqrt(p * (1 - p) / 20_000)).all()


def test_a_million_neurons_take_a_second():
    began = time.process_time()
    mask = fixed_in_degree(10**6, 10**6, np.random.default_rng(1), n_inputs=3, recurrent=True)
    assert time.process_time() - began < 5
    assert mask.nnz == 3 * 10**6
    assert not mask.diagonal().any()


def test_nothing_random():
    rng = np.random.default_rng(1)
    assert all_to_all(3, 4, rng).nnz == 12
    assert (all_to_all(4, 4, rng, recurrent=True).toarray() == ~np.eye(4, dtype=bool)).all()
    assert (one_to_one(4, 4, rng).toarray() == np.eye(4, dtype=bool)).all()


def test_blocks():
    mask = stochastic_block(90, 60, np.random.default_rng(1), n_blocks=3, p_within=0.5, p_between=0.05).toarray()
    for i in range(3):
        for j in range(3):
            block = mask[30 * i : 30 * i + 30, 20 * j : 20 * j + 20]
            p = 0.5 if i == j else 0.05
            assert abs(block.mean() - p) < 4.5 * np.sqrt(p * (1 - p) / block.size)


def test_bad_settings():
    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match="n_outputs = 7: every source has only 6 possible targets"):
        fixed_out_degree(5, 6, rng, n_outputs=7)
    with pytest.raises(ValueError, match="n_inputs = 5: every target has only 4 possible sources"):
        fixed_in_degree(5, 5, rng, n_inputs=5, recurrent=True)
    with pytest.raises(ValueError, match="n_links = 31: possible are at most 30 links"):
        fixed_total(5, 6, rng, n_links=31)
    with pytest.raises(ValueError, match="one_to_one from 5 to 6 nodes"):
        one_to_one(5, 6, rng)
    with pytest.raises(ValueError, match=r"recurrent = True\): needs two populations of equal size"):
        one_to_one(5, 5, rng, recurrent=True)
    with pytest.raises(ValueError, match="n_blocks = 6: more blocks than nodes"):
        stochastic_block(5, 6, rng, n_blocks=6, p_within=0.1, p_between=0.1)
    with pytest.raises(ValueError, match=r"p = 1.5: must lie between 0 and 1"):
        bernoulli(5, 5, rng, p=1.5)
    with pytest.raises(ValueError, match=r"p = nan: must lie between 0 and 1"):
        bernoulli(5, 5, rng, p=float("nan"))
