"""Scores and best absent links of a layer: definition, sum rules, published check sums, selection, and bad input."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from bioworkbench.records.errors import TopologyError
from bioworkbench.topology.masks import checked_mask
from bioworkbench.topology.prediction import layer_links
from bioworkbench.topology.prediction.definition import FORMS, MODELS, ch_score
from bioworkbench.topology.prediction.layer_links import layer_scores, score_stretches, top_links
from tests.topology.worked_example import TOY_LINKS, layer

seeds = st.integers(0, 10**6)
sizes = st.integers(1, 12)
densities = st.sampled_from([0.05, 0.2, 0.5, 0.9])
models = st.sampled_from(MODELS)
forms = st.sampled_from(FORMS)


def random_mask(seed: int, m: int, n: int, p: float) -> np.ndarray:
    return np.random.default_rng(seed).random((m, n)) < p


def mask_with(m: int, n: int, density: float) -> sparse.csr_array:
    """The mask that published check sums are for."""
    mask = np.zeros(m * n, dtype=bool)
    mask[np.random.default_rng(0).choice(m * n, size=round(density * m * n), replace=False)] = True
    return sparse.csr_array(mask.reshape(m, n))


def by_definition(mask: np.ndarray, **rule) -> np.ndarray:
    m, n = mask.shape
    graph = nx.empty_graph(m + n)
    graph.add_edges_from((i, m + j) for i, j in np.argwhere(mask))
    rows = [[0.0 if mask[i, j] else ch_score(graph, i, m + j, **rule) for j in range(n)] for i in range(m)]
    return np.array(rows).reshape(m, n)


@pytest.mark.thorough
@settings(max_examples=300)
@given(seed=seeds, m=sizes, n=sizes, p=densities, model=models, form=forms)
def test_scores_equal_the_definition(seed, m, n, p, model, form):
    mask = random_mask(seed, m, n, p)
    expected = by_definition(mask, model=model, form=form)
    np.testing.assert_allclose(layer_scores(mask, model=model, form=form), expected, rtol=1e-12)


@pytest.mark.parametrize(("m", "n", "p"), [(40, 25, 0.1), (70, 30, 0.05), (30, 40, 0.4)])
@pytest.mark.parametrize("form", FORMS)
def test_larger_layers_equal_the_definition(m, n, p, form):
    mask = random_mask(1, m, n, p)
    np.testing.assert_allclose(layer_scores(mask, form=form), by_definition(mask, form=form), rtol=1e-12)


def test_a_worked_example():
    mask = layer(TOY_LINKS, (4, 4)) != 0
    ch3 = np.zeros((4, 4))
    ch3[0, 0] = ch3[2, 3] = ch3[3, 1] = 1 + 2 / np.sqrt(2)
    ch3[0, 3] = ch3[3, 0] = 1 / np.sqrt(2) + 1 / 2
    ch3[1, 2] = 4
    np.testing.assert_allclose(layer_scores(mask), ch3, rtol=1e-14)
    assert layer_scores(mask, form="node").sum() == pytest.approx(22, rel=1e-14)
    assert layer_scores(mask, model="CH2", form="node").sum() == pytest.approx(50, rel=1e-14)


@settings(max_examples=100)
@given(seed=seeds, m=sizes, n=sizes, p=densities, model=models, form=forms)
def test_order_and_side_of_the_nodes_do_not_matter(seed, m, n, p, model, form):
    mask = random_mask(seed, m, n, p)
    scores = layer_scores(mask, model=model, form=form)
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(m), rng.permutation(n)
    moved = np.ix_(rows, columns)
    np.testing.assert_allclose(layer_scores(mask[moved], model=model, form=form), scores[moved], rtol=1e-13)
    np.testing.assert_allclose(layer_scores(mask.T, model=model, form=form), scores.T, rtol=1e-13)


@settings(max_examples=100)
@given(seed=seeds, m=sizes, n=sizes, p=densities)
def test_sum_rules_of_the_node_forms(seed, m, n, p):
    """Every pair of rows (u, z) adds a whole: z's 1 + de links to targets that u lacks get 1 / (1 + de) each."""
    mask = random_mask(seed, m, n, p).astype(int)
    ch2 = ch3 = 0
    for links in (mask, mask.T):
        shared = links @ links.T
        counted = (shared > 0) & (shared < links.sum(axis=1)) & ~np.eye(len(links), dtype=bool)
        ch3 += counted.sum()
        ch2 += (1 + shared)[counted].sum()
    assert layer_scores(mask, form="node").sum() == pytest.approx(ch3, rel=1e-13)
    assert layer_scores(mask, model="CH2", form="node").sum() == pytest.approx(ch2, rel=1e-13)


CHECK_SUMS = [
    (784, 1000, 0.01, "CH3", "path", 67290.57794955587, 1.1520832628686866),
    (784, 1000, 0.01, "RA", "path", 59537.91160306164, 0.9323303076196238),
    (784, 1000, 0.01, "CH1", "path", 63524.90922948143, 1.5038900668246713),
    (784, 1000, 0.01, "CH2", "path", 139698.31379745156, 2.9579254090070424),
    (784, 1000, 0.01, "CH3", "node", 134350, 2.1011904761904763),
    (784, 1000, 0.01, "CH2", "node", 274339, 4.888564213564214),
    (784, 1000, 0.01, "CH3.1b", "node", 48981.91621026884, 3.3924391783156613),
    (1000, 1000, 0.01, "CH3", "path", 97388.24184400987, 1.0940282854840562),
    (1568, 1568, 0.01, "CH3", "path", 378599.82044823293, 1.191508711822361),
    (784, 1000, 0.05, "CH3", "path", 1724011.855749945, 5.562186941168369),
    (1000, 1000, 0.05, "CH3", "path", 2485882.6880363384, 6.283191752355439),
    (1000, 1000, 0.10, "CH3", "path", 9967437.833130125, 20.228323722901422),
]


@pytest.mark.parametrize(("m", "n", "density", "model", "form", "total", "largest"), CHECK_SUMS)
def test_check_sums_of_random_masks(m, n, density, model, form, total, largest):
    scores = layer_scores(mask_with(m, n, density), model=model, form=form)
    assert scores.sum() == pytest.approx(total, rel=1e-12)
    assert scores.max() == pytest.approx(largest, rel=1e-12)


@pytest.mark.parametrize("form", FORMS)
def test_memory_limits_change_nothing(monkeypatch, form):
    mask = random_mask(1, 300, 40, 0.2)
    whole = layer_scores(mask, form=form)
    monkeypatch.setattr(layer_links, "_BLOCK_NUMBERS", 100)
    monkeypatch.setattr(layer_links, "_SCORE_NUMBERS", 120 * 40)
    stretches = list(score_stretches(checked_mask("mask", mask), form=form))
    assert [first for first, _ in stretches] == [0, 120, 240]
    np.testing.assert_allclose(np.concatenate([scores for _, scores in stretches]), whole, rtol=1e-13)


@pytest.mark.parametrize("mask", [np.zeros((0, 5)), np.zeros((5, 0)), np.zeros((3, 4)), np.ones((3, 4)), np.ones((1, 1))])
@pytest.mark.parametrize("form", FORMS)
def test_layers_without_paths(mask, form):
    scores = layer_scores(mask, form=form)
    assert scores.shape == mask.shape
    assert not scores.any()
    rows, columns = top_links(mask, 3, np.random.default_rng(1), form=form, allow_fewer=True)
    assert rows.size == columns.size == 0


@settings(max_examples=100)
@given(seed=seeds, m=sizes, n=sizes, p=densities, fraction=st.floats(0, 1), model=models, form=forms)
def test_the_best_links_have_the_largest_scores(seed, m, n, p, fraction, model, form):
    mask = random_mask(seed, m, n, p)
    scores = layer_scores(mask, model=model, form=form)
    k = int(fraction * (scores > 0).sum())
    rows, columns = top_links(mask, k, np.random.default_rng(seed), model=model, form=form)
    assert rows.size == columns.size == k
    assert len(set(zip(rows.tolist(), columns.tolist(), strict=True))) == k
    assert not mask[rows, columns].any()
    np.testing.assert_allclose(scores[rows, columns], np.sort(scores, axis=None)[::-1][:k], rtol=1e-11)


@pytest.mark.parametrize("sample", [False, True])
def test_self_links_can_be_forbidden(sample):
    mask = random_mask(1, 12, 12, 0.4)
    np.fill_diagonal(mask, False)
    scores = layer_scores(mask)
    assert np.diag(scores).max() > 0
    n_free = int((scores > 0).sum() - (np.diag(scores) > 0).sum())
    rows, columns = top_links(mask, n_free, np.random.default_rng(1), sample=sample, forbid_diagonal=True)
    assert (rows != columns).all()


def test_self_links_are_found_in_every_stretch(monkeypatch):
    monkeypatch.setattr(layer_links, "_SCORE_NUMBERS", 1)
    mask = random_mask(1, 150, 150, 0.1)
    np.fill_diagonal(mask, False)
    rows, columns = top_links(mask, 10**5, np.random.default_rng(1), forbid_diagonal=True, allow_fewer=True)
    scores = layer_scores(mask)
    np.fill_diagonal(scores, 0)
    assert rows.size == (scores > 0).sum()
    assert (rows != columns).all()


def test_ties_are_broken_by_the_seed_alone():
    mask = layer(TOY_LINKS, (4, 4)) != 0
    chosen = {tuple(np.stack(top_links(mask, 2, np.random.default_rng(seed)))[:, 1].tolist()) for seed in range(40)}
    assert chosen == {(0, 0), (2, 3), (3, 1)}  # the three second best; (1, 2) is always first
    again = [top_links(mask, 2, np.random.default_rng(7)) for _ in range(2)]
    np.testing.assert_array_equal(again[0], again[1])


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_change_nothing(monkeypatch, threads):
    mask = random_mask(1, 300, 200, 0.05)
    expected = layer_scores(mask), *top_links(mask, 500, np.random.default_rng(1))
    monkeypatch.setattr("bioworkbench.topology.threads.config.NUMBA_NUM_THREADS", threads)
    found = layer_scores(mask), *top_links(mask, 500, np.random.default_rng(1))
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_array_equal(one, other)


def test_more_links_than_positive_scores():
    mask = layer(TOY_LINKS, (4, 4)) != 0
    with pytest.raises(TopologyError, match="k = 7 asked for, and only 6 absent links with a CH3 score above 0"):
        top_links(mask, 7, np.random.default_rng(1))
    for sample in (False, True):
        rows, _ = top_links(mask, 7, np.random.default_rng(1), sample=sample, allow_fewer=True)
        assert rows.size == 6


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.zeros(3), "1 dimension;"),
        (np.array([[np.nan, 1.0]]), "1 NaN entries"),
    ],
)
def test_masks_that_are_none_are_refused(mask, message):
    with pytest.raises(TopologyError, match=message):
        layer_scores(mask)
    with pytest.raises(TopologyError, match=message):
        top_links(mask, 1, np.random.default_rng(1))


def test_masks_of_one_population_are_square_without_self_links():
    with pytest.raises(TopologyError, match="square"):
        top_links(np.ones((2, 3)), 1, np.random.default_rng(1), forbid_diagonal=True)
    with pytest.raises(TopologyError, match="2 self-links"):
        top_links(np.eye(2), 1, np.random.default_rng(1), forbid_diagonal=True)


def test_settings_are_checked():
    with pytest.raises(ValueError, match=r"'CH3\.1' is not a model; did you mean 'CH3\.1"):
        layer_scores(np.eye(2), model="CH3.1")
    with pytest.raises(ValueError, match="'nodes' is not a form; did you mean 'node'"):
        layer_scores(np.eye(2), form="nodes")
    with pytest.raises(ValueError, match="k = -1"):
        top_links(np.eye(2), -1, np.random.default_rng(1))
