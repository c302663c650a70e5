"""Distance-dependent links and delays."""

import numpy as np
import pytest

from bioworkbench.topology.generators.spatial import distance_delays, link_distances, positions, spatial


def test_positions_are_even_and_fixed():
    points = positions(400)
    assert (points == positions(400)).all()
    assert (positions(500)[:400] == points).all()
    counts = np.histogram2d(*points.T, bins=4, range=[[0, 1], [0, 1]])[0]
    assert abs(counts - 25).max() <= 4
    assert positions(10, 1).shape == (10, 1)


@pytest.mark.parametrize("decay", ["gaussian", "exponential"])
def test_links_become_rarer_with_distance_as_asked(decay):
    mask = spatial(700, 700, np.random.default_rng(1), p_max=0.5, length=0.1, decay=decay, recurrent=True)
    points = positions(700)
    apart = np.abs(points[:, None] - points[None])
    distance = np.sqrt((np.minimum(apart, 1 - apart) ** 2).sum(axis=-1))
    linked = mask.toarray()
    for low, high in ((0.03, 0.05), (0.1, 0.12), (0.2, 0.22)):
        ring = (distance > low) & (distance < high)
        ratio = distance[ring] / 0.1
        p = 0.5 * np.exp(-(ratio**2) / 2 if decay == "gaussian" else -ratio)
        assert abs(linked[ring].sum() - p.sum()) < 4.5 * np.sqrt((p * (1 - p)).sum())


def test_without_a_border_every_node_has_as_many_links():
    closed = spatial(900, 900, np.random.default_rng(1), p_max=1.0, length=0.2)
    opened = spatial(900, 900, np.random.default_rng(1), p_max=1.0, length=0.2, periodic=False)
    corner = (positions(900).max(axis=1) < 0.2) | (positions(900).min(axis=1) > 0.8)
    assert closed.sum(axis=1)[corner].mean() > 1.5 * opened.sum(axis=1)[corner].mean()


def test_delays_grow_with_distance():
    mask = spatial(50, 80, np.random.default_rng(1), p_max=0.8, length=0.3)
    delays = distance_delays(mask, side=1e-3, velocity=0.2, shortest=0.5e-3)
    assert delays.shape == (mask.nnz,)
    assert delays == pytest.approx(0.5e-3 + link_distances(mask) * 1e-3 / 0.2)
    assert delays.max() <= 0.5e-3 + np.sqrt(0.5) * 5e-3
    row = np.repeat(np.arange(50), np.diff(mask.indptr))
    apart = np.abs(positions(50)[row[7]] - positions(80)[mask.indices[7]])
    assert link_distances(mask)[7] == pytest.approx(np.hypot(*np.minimum(apart, 1 - apart)))


@pytest.mark.parametrize("dimensions", [1, 2])
@pytest.mark.parametrize("periodic", [False, True])
def test_delays_are_those_of_the_positions_that_links_were_drawn_at(dimensions, periodic):
    settings = {"dimensions": dimensions, "periodic": periodic}
    mask = spatial(20, 30, np.random.default_rng(1), p_max=0.8, length=0.5, **settings)
    sources, targets = mask.nonzero()
    apart = np.abs(positions(20, dimensions)[sources] - positions(30, dimensions)[targets])
    apart = np.minimum(apart, 1 - apart) if periodic else apart
    np.testing.assert_allclose(distance_delays(mask, side=2.0, velocity=4.0, **settings), np.linalg.norm(apart, axis=1) / 2)


def test_no_node_of_a_population_links_to_itself():
    settings = {"p_max": 1.0, "length": 100.0}  # all others are linked
    linked = spatial(9, 9, np.random.default_rng(1), recurrent=True, **settings).toarray()
    assert not linked.diagonal().any()
    assert linked.sum() > 60
    assert spatial(9, 9, np.random.default_rng(1), **settings).toarray().diagonal().all()


def test_bad_settings():
    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match="decay = 'box': must be 'gaussian' or 'exponential'"):
        spatial(5, 5, rng, p_max=0.5, length=0.1, decay="box")
    with pytest.raises(ValueError, match=r"length = 0.0: must be a finite number above 0"):
        spatial(5, 5, rng, p_max=0.5, length=0.0)
    mask = spatial(5, 5, rng, p_max=1.0, length=1.0)
    with pytest.raises(ValueError, match="side = 0: must be"):
        distance_delays(mask, side=0, velocity=1.0)
    with pytest.raises(ValueError, match="velocity = 0: must be"):
        distance_delays(mask, side=1.0, velocity=0)
    with pytest.raises(ValueError, match="shortest = -1: must be"):
        distance_delays(mask, side=1.0, velocity=1.0, shortest=-1)
