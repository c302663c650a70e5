"""New links: where the scores want them, exactly as many as asked."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioworkbench.records.errors import TopologyError
from bioworkbench.topology.generators import bernoulli
from bioworkbench.topology.prediction.layer_links import layer_scores
from bioworkbench.topology.rewiring.percolation import percolated
from bioworkbench.topology.rewiring.regrowth import REGROWTH_RULES, absent_links, regrown_by_target, regrown_links
from tests.topology.rewiring.test_percolation import kept_of_worked_example

CANDIDATES = [(0, 0), (1, 2), (2, 1), (3, 0), (3, 1)]


def worked_mask():
    return percolated(kept_of_worked_example())[0]


def test_the_hard_rule_in_the_worked_example():
    rows, columns, n_filled = regrown_links(worked_mask(), 3, np.random.default_rng(1))
    assert set(zip(rows.tolist(), columns.tolist(), strict=True)) == {(1, 2), (0, 0), (2, 1)}
    assert n_filled == 0


@pytest.mark.thorough
def test_how_often_links_regrow_in_the_worked_example():
    n_draws, mask, rng = 4000, worked_mask(), np.random.default_rng(1)
    hits = dict.fromkeys(CANDIDATES, 0)
    for _ in range(n_draws):
        rows, columns, _ = regrown_links(mask, 3, rng, sample=True)
        for link in zip(rows.tolist(), columns.tolist(), strict=True):
            hits[link] += 1
    for link, expected in zip(CANDIDATES, [0.724816, 0.777187, 0.724816, 0.386590, 0.386590], strict=True):
        error = np.sqrt(expected * (1 - expected) / n_draws)
        assert abs(hits[link] / n_draws - expected) < 4.5 * error


def test_the_tie_in_the_second_layer_is_broken_at_random():
    _, two = percolated(kept_of_worked_example())
    chosen = {tuple(int(x[0]) for x in regrown_links(two, 1, np.random.default_rng(seed))[:2]) for seed in range(30)}
    assert chosen == {(1, 1), (2, 0)}


@given(
    seed=st.integers(0, 10**6),
    n=st.integers(0, 20),
    rule=st.sampled_from([*sorted(REGROWTH_RULES), lambda mask: np.eye(*mask.shape) + 1]),
    sample=st.booleans(),
    recurrent=st.booleans(),
)
def test_new_links_are_absent_different_and_as_many_as_asked(seed, n, rule, sample, recurrent):
    rng = np.random.default_rng(seed)
    mask = bernoulli(9, 9, rng, p=0.3, recurrent=recurrent)
    if mask.nnz == 0:
        return
    living = (np.unique(mask.nonzero()[0]).size, np.unique(mask.nonzero()[1]).size)
    if n > living[0] * living[1] - mask.nnz - 9:
        return
    rows, columns, n_filled = regrown_links(mask, n, rng, rule=rule, sample=sample, recurrent=recurrent)
    links = set(zip(rows.tolist(), columns.tolist(), strict=True))
    assert len(links) == len(rows) == n
    assert 0 <= n_filled <= n
    assert not links & set(zip(*(x.tolist() for x in mask.nonzero()), strict=True))
    assert not (recurrent and any(i == j for i, j in links))


def test_want_of_positive_scores_is_filled_among_living_nodes_and_counted():
    mask = np.zeros((5, 5), dtype=bool)
    mask[[0, 1], [0, 1]] = True  # two lone links: no path of three links, so no score
    rows, columns, n_filled = regrown_links(mask, 2, np.random.default_rng(1))
    assert {*zip(rows.tolist(), columns.tolist(), strict=True)} == {(0, 1), (1, 0)}
    assert n_filled == 2


@pytest.mark.parametrize("recurrent", [False, True])
def test_links_go_anywhere_where_the_living_have_all_of_theirs(recurrent):
    mask = np.zeros((5, 5), dtype=bool)
    mask[:2, :2] = ~np.eye(2, dtype=bool) if recurrent else True
    for n in (3, 18 if recurrent else 21):  # some, and all that are free
        rows, columns, n_filled = regrown_links(mask, n, np.random.default_rng(1), recurrent=recurrent)
        assert n_filled == n
        assert len({*zip(rows.tolist(), columns.tolist(), strict=True)}) == n
        assert not mask[rows, columns].any()
        assert not (recurrent and (rows == columns).any())


def test_recurrent_links_are_filled_among_the_living_without_self_links():
    mask = np.zeros((5, 5), dtype=bool)
    mask[[0, 2], [1, 3]] = True  # four living nodes, with 16 - 4 - 2 free pairs
    rows, columns, n_filled = regrown_links(mask, 10, np.random.default_rng(1), recurrent=True)
    assert n_filled == 10
    assert max(rows.max(), columns.max()) == 3
    assert not (rows == columns).any()


@pytest.mark.parametrize(
    "regrow", [regrown_links, lambda mask, n, rng, **settings: regrown_by_target(mask, np.array([n]), rng, **settings)]
)
def test_a_sample_follows_the_scores_and_a_choice_takes_the_best(regrow):
    """Of scores 1 and 3, a sample takes the latter three times in four."""
    mask, rng, settings = (
        np.array([[1], [0], [0]]),
        np.random.default_rng(1),
        {"rule": lambda mask: np.array([[9.0], [1.0], [3.0]])},
    )
    drawn = np.array([regrow(mask, 1, rng, sample=True, **settings)[0][0] for _ in range(1000)])
    assert set(drawn) == {1, 2}
    assert abs((drawn == 2).mean() - 0.75) < 4.5 * np.sqrt(0.75 * 0.25 / 1000)
    assert {int(regrow(mask, 1, rng, **settings)[0][0]) for _ in range(50)} == {2}


def test_a_sample_of_a_named_rule_takes_every_pair_with_a_score():
    mask, rng = worked_mask(), np.random.default_rng(1)
    scores = np.where(mask.toarray(), 0.0, layer_scores(mask, **REGROWTH_RULES["ch3_l3"]))
    drawn = {
        (int(rows[0]), int(columns[0])) for rows, columns, _ in (regrown_links(mask, 1, rng, sample=True) for _ in range(300))
    }
    assert drawn == {*zip(*(index.tolist() for index in scores.nonzero()), strict=True)}
    best = {(int(rows[0]), int(columns[0])) for rows, columns, _ in (regrown_links(mask, 1, rng) for _ in range(50))}
    assert best == {*zip(*(index.tolist() for index in np.nonzero(scores == scores.max())), strict=True)}
    assert best < drawn


def test_a_rule_of_ones_own():
    scores = np.arange(16.0).reshape(4, 4)
    rows, columns, _ = regrown_links(worked_mask(), 2, np.random.default_rng(1), rule=lambda mask: scores)
    assert {*zip(rows.tolist(), columns.tolist(), strict=True)} == {(3, 3), (3, 1)}


def test_a_named_rule_may_be_a_function(monkeypatch):
    monkeypatch.setitem(REGROWTH_RULES, "to_the_last", lambda mask: np.tile(np.arange(mask.shape[1]), (mask.shape[0], 1)))
    sources, targets, n_filled = regrown_links(np.eye(4, dtype=bool), 3, np.random.default_rng(1), rule="to_the_last")
    assert sorted(zip(sources.tolist(), targets.tolist(), strict=True)) == [(0, 3), (1, 3), (2, 3)]
    assert n_filled == 0


def test_random_regrowth_is_uniform():
    mask, n_draws = np.eye(4, dtype=bool), 3000
    rng, hits = np.random.default_rng(1), np.zeros((4, 4))
    for _ in range(n_draws):
        rows, columns, _ = regrown_links(mask, 3, rng, rule="random")
        hits[rows, columns] += 1
    error = np.sqrt(0.25 * 0.75 / n_draws)
    assert (np.abs(hits[~mask] / n_draws - 0.25) < 4.5 * error).all()
    assert hits[mask].sum() == 0


@given(seed=st.integers(0, 10**6), recurrent=st.booleans())
def test_every_absent_link_can_be_had(seed, recurrent):
    rng = np.random.default_rng(seed)
    mask = bernoulli(6, 6, rng, p=0.4, recurrent=recurrent)
    n_absent = 36 - mask.nnz - 6 * recurrent
    rows, columns = absent_links(mask, n_absent, rng, recurrent=recurrent)
    full = mask.toarray()
    full[rows, columns] = True
    assert full.sum() == 36 - 6 * recurrent


def test_bad_settings():
    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match="'ch3' is not a regrowth rule"):
        regrown_links(worked_mask(), 1, rng, rule="ch3")
    with pytest.raises(ValueError, match="100 links asked for, and only 9 free pairs in"):
        absent_links(worked_mask(), 100, rng)
    with pytest.raises(ValueError, match=r"regrowth scores have shape \(2, 2\); the mask has \(4, 4\)"):
        regrown_links(worked_mask(), 1, rng, rule=lambda mask: np.ones((2, 2)))
    with pytest.raises(ValueError, match="regrowth scores has 16 values that are not finite"):
        regrown_links(worked_mask(), 1, rng, rule=lambda mask: np.full((4, 4), np.nan))


@given(st.integers(0, 10**6), st.sampled_from([*REGROWTH_RULES, "own"]), st.booleans(), st.booleans())
def test_every_target_gets_as_many_links_as_asked(seed, rule, sample, recurrent):
    rng = np.random.default_rng(seed)
    shape = (9, 9) if recurrent else (9, 6)
    mask = rng.random(shape) < 0.4
    free = ~mask
    if recurrent:
        np.fill_diagonal(mask, False)
        np.fill_diagonal(free, False)
    asked = rng.integers(0, free.sum(axis=0) + 1)
    of = (lambda given: np.arange(given.shape[0])[:, None] * np.ones(given.shape)) if rule == "own" else rule
    rows, columns, n_filled = regrown_by_target(mask, asked, rng, rule=of, sample=sample, recurrent=recurrent)
    np.testing.assert_array_equal(np.bincount(columns, minlength=shape[1]), asked)
    assert free[rows, columns].all()
    assert len(set(zip(rows.tolist(), columns.tolist(), strict=True))) == asked.sum()
    assert 0 <= n_filled <= asked.sum()


def test_onto_a_target_the_best_sources_come_first():
    scores = np.array([[3.0, 0.0], [2.0, 5.0], [1.0, 0.0], [9.0, 0.0]])
    mask = np.array([[0, 0], [0, 0], [0, 1], [1, 0]])
    rows, columns, n_filled = regrown_by_target(mask, np.array([2, 2]), np.random.default_rng(1), rule=lambda given: scores)
    onto = {target: rows[columns == target].tolist() for target in (0, 1)}
    assert onto[0] == [0, 1]
    assert onto[1][0] == 1  # the only one with a score; the other is drawn
    assert onto[1][1] in (0, 3)
    assert n_filled == 1
    with pytest.raises(TopologyError, match="4 links asked for onto a target with 3 free sources"):
        regrown_by_target(mask, np.array([4, 0]), np.random.default_rng(1), rule="random")
    with pytest.raises(TopologyError, match="'nearest' is not a regrowth rule"):
        regrown_by_target(mask, np.array([1, 0]), np.random.default_rng(1), rule="nearest")
