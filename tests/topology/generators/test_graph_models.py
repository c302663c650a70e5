"""Small worlds, preferential attachment, distributions of degrees, nPSO."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bioworkbench.topology.generators.graph_models import (
    _angles,
    _evened_out,
    _hyperbolic_distance,
    _pso_partners,
    barabasi_albert,
    configuration_model,
    nonuniform_pso,
    random_mask_with_degrees,
    watts_strogatz,
)
from bioworkbench.topology.measures.power_law import fit_power_law


def undirected(mask):
    return nx.from_scipy_sparse_array(mask.maximum(mask.T).astype(int))


def test_watts_strogatz_without_rewiring_is_a_ring():
    mask = watts_strogatz(12, 12, np.random.default_rng(1), n_neighbors=4, rewiring=0.0, recurrent=True)
    assert (mask.sum(axis=0) == 4).all()
    assert nx.average_clustering(undirected(mask)) == pytest.approx(0.5)


def test_directions():
    both = watts_strogatz(200, 200, np.random.default_rng(1), n_neighbors=6, rewiring=0.1, recurrent=True)
    assert (both != both.T).nnz == 0
    single = watts_strogatz(200, 200, np.random.default_rng(1), n_neighbors=6, rewiring=0.1, direction="random", recurrent=True)
    assert single.nnz == both.nnz // 2
    assert single.multiply(single.T).nnz == 0
    forward = np.count_nonzero(np.repeat(np.arange(200), np.diff(single.indptr)) < single.indices)
    assert abs(forward - 300) < 4.5 * np.sqrt(600 / 4)


def test_barabasi_albert_has_its_number_of_links_and_hubs():
    mask = barabasi_albert(400, 400, np.random.default_rng(1), n_new=3, recurrent=True)
    assert mask.nnz == 2 * 3 * (400 - 3)
    assert mask.sum(axis=0).max() > 30


@given(st.integers(0, 10**6), st.booleans())
def test_degrees_are_met_exactly(seed, recurrent):
    rng = np.random.default_rng(seed)
    start = rng.random((7, 7)) < 0.4
    if recurrent:
        np.fill_diagonal(start, False)
    mask = random_mask_with_degrees(start.sum(axis=1), start.sum(axis=0), rng, recurrent=recurrent)
    assert (mask.sum(axis=1) == start.sum(axis=1)).all()
    assert (mask.sum(axis=0) == start.sum(axis=0)).all()
    assert not (recurrent and mask.diagonal().any())


@pytest.mark.parametrize("degrees", ["poisson", "lognormal", "power_law"])
@pytest.mark.parametrize(("shape", "recurrent"), [((60, 90), False), ((80, 80), True)])
def test_configuration_model_meets_its_mean(degrees, shape, recurrent):
    mask = configuration_model(*shape, np.random.default_rng(1), degrees=degrees, mean=5.0, recurrent=recurrent)
    assert mask.nnz == 5 * shape[0]


def test_configuration_model_follows_its_distribution():
    rng = np.random.default_rng(1)
    mask = configuration_model(2000, 2000, rng, degrees="power_law", mean=12.0, exponent=2.5, recurrent=True)
    outputs = mask.sum(axis=1)
    fit = fit_power_law(outputs[outputs >= 12])  # away from the smallest degrees, where rounding matters
    assert abs(fit.exponent - 2.5) < 4.5 * 1.5 / np.sqrt(fit.n_tail) + 0.05
    poisson = configuration_model(2000, 2000, rng, degrees="poisson", mean=12.0, recurrent=True).sum(axis=1)
    assert abs(poisson.var() / (12 + 1 / 4) - 1) < 4.5 * np.sqrt(2 / 2000)  # random rounding adds up to a quarter


def test_configuration_model_draws_both_sides_independently():
    mask = configuration_model(1000, 1000, np.random.default_rng(1), degrees="lognormal", mean=8.0, deviation=0.8, recurrent=True)
    r = np.corrcoef(mask.sum(axis=0), mask.sum(axis=1))[0, 1]
    assert abs(r) < 4.5 / np.sqrt(1000)


@pytest.mark.parametrize("temperature", [0.0, 0.4, 0.9])
def test_npso_has_the_number_of_links_of_its_definition(temperature):
    n, m = 60, 4
    mask = nonuniform_pso(
        n, n, np.random.default_rng(1), n_new=m, temperature=temperature, exponent=2.5, n_communities=4, recurrent=True
    )
    assert mask.nnz == 2 * (m * (m + 1) // 2 + (n - m - 1) * m)


def test_npso_is_clustered_in_the_cold_has_communities_and_a_power_law():
    settings = {"n_new": 5, "exponent": 2.5, "recurrent": True}
    rng = np.random.default_rng(1)
    cold, warm = (
        nx.average_clustering(undirected(nonuniform_pso(300, 300, rng, temperature=t, n_communities=0, **settings)))
        for t in (0.05, 0.9)
    )
    assert cold > 2 * warm
    graph = undirected(nonuniform_pso(300, 300, rng, temperature=0.1, n_communities=6, **settings))
    groups = nx.community.louvain_communities(graph, seed=1)
    assert nx.community.modularity(graph, groups) > 0.5
    degrees = [degree for _, degree in graph.degree]
    assert max(degrees) > 5 * np.mean(degrees)


@pytest.mark.parametrize("beta", [0.5, 1.0])
def test_distances_are_those_of_the_hyperbolic_plane(beta):
    """In the disk of Poincaré, where a point at radius r lies at tanh(r / 2)."""
    angles = np.random.default_rng(1).uniform(0, 2 * np.pi, 12)
    older = 2 * beta * np.log(np.arange(1, 12)) + (1 - beta) * 2 * np.log(12)
    old, new = np.tanh(older / 2) * np.exp(1j * angles[:11]), np.tanh(np.log(12)) * np.exp(1j * angles[11])
    expected = 2 * np.arctanh(np.abs((old - new) / (1 - old.conj() * new)))
    np.testing.assert_allclose(_hyperbolic_distance(11, angles, beta), expected, rtol=1e-6)


@pytest.mark.parametrize("beta", [0.5, 1.0])
def test_npso_links_with_the_probability_of_fermi(beta):
    """Papadopoulos et al. (2012): 1 / (1 + exp((d - R) / 2T)), R within which m nodes are linked on average."""
    temperature, new, angles, rng = 0.6, 7, np.array([0.1, 0.9, 2.0, 3.0, 4.5, 5.0, 6.0, 0.5]), np.random.default_rng(1)
    own = 2 * np.log(new + 1)
    faded = own / 2 if beta == 1 else (1 - np.exp(-(1 - beta) * own / 2)) / (1 - beta)
    radius = own - 2 * np.log(2 * temperature * faded / np.sin(np.pi * temperature))
    fermi = 1 / (1 + np.exp((_hyperbolic_distance(new, angles, beta) - radius) / (2 * temperature)))
    p, n_draws = fermi / fermi.sum(), 4000
    drawn = np.array([_pso_partners(new, angles, 1, temperature, beta, rng)[0] for _ in range(n_draws)])
    found = np.bincount(drawn, minlength=new) / n_draws
    assert (np.abs(found - p) < 4.5 * np.sqrt(p * (1 - p) / n_draws)).all()
    assert (np.abs(found - 1 / new) > 4.5 * np.sqrt(p * (1 - p) / n_draws)).any()


def test_npso_fades_with_the_exponent():
    """Degrees of exponent g = 1 + 1/beta: one node is joined to more of all the others where g is small."""
    settings = {"n_new": 4, "temperature": 0.3, "n_communities": 0, "recurrent": True}
    most = [nonuniform_pso(400, 400, np.random.default_rng(1), exponent=g, **settings).sum(axis=0).max() for g in (2.0, 2.5, 4.0)]
    assert most[0] > 1.5 * most[1] > 2 * most[2]


def test_angles_are_uniform_or_lie_about_their_communities():
    rng = np.random.default_rng(1)
    assert stats.kstest(_angles(2000, 0, rng), stats.uniform(0, 2 * np.pi).cdf).pvalue > 1e-3
    angles = _angles(2000, 4, rng)
    assert 0 <= angles.min() < angles.max() < 2 * np.pi
    off = (angles + np.pi / 4) % (np.pi / 2) - np.pi / 4  # from the nearest of four centers
    assert abs(off.std() / (np.pi / 12) - 1) < 4.5 / np.sqrt(2 * 2000)


def test_degrees_are_evened_out_to_the_last_link():
    rng = np.random.default_rng(1)
    assert sorted(_evened_out(np.array([1, 1, 0, 1]), 1, 2, rng)) == [0, 0, 0, 1]
    assert _evened_out(np.array([1, 1, 0, 1]), 8, 2, rng).tolist() == [2, 2, 2, 2]
    assert configuration_model(10, 10, rng, degrees="poisson", mean=0.5).nnz == 5


def test_npso_at_exponent_two_does_not_fade():
    mask = nonuniform_pso(
        50, 50, np.random.default_rng(1), n_new=3, temperature=0.5, exponent=2.0, n_communities=0, recurrent=True
    )
    assert mask.nnz == 2 * (6 + 46 * 3)


def test_bad_settings():
    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match="watts_strogatz links a population with itself; this projection goes from 10 to 12"):
        watts_strogatz(10, 12, rng, n_neighbors=4, rewiring=0.1)
    for n_neighbors in (3, 10):
        with pytest.raises(ValueError, match=f"n_neighbors = {n_neighbors}: must be even and below"):
            watts_strogatz(10, 10, rng, n_neighbors=n_neighbors, rewiring=0.1, recurrent=True)
    with pytest.raises(ValueError, match="direction = 'up': must be 'both' or 'random'"):
        watts_strogatz(10, 10, rng, n_neighbors=4, rewiring=0.1, direction="up", recurrent=True)
    with pytest.raises(ValueError, match="n_new = 10: must be below the number of nodes, 10"):
        barabasi_albert(10, 10, rng, n_new=10, recurrent=True)
    with pytest.raises(ValueError, match=r"mean = 11: a mean number of links per source must be above 0 and at most 10"):
        configuration_model(10, 10, rng, degrees="poisson", mean=11)
    with pytest.raises(ValueError, match="'gauss' is not a distribution of degrees"):
        configuration_model(10, 10, rng, degrees="gauss", mean=2)
    with pytest.raises(ValueError, match=r"exponent = 2.0: a power law has a mean only above 2"):
        configuration_model(10, 10, rng, degrees="power_law", mean=2, exponent=2.0)


def test_impossible_degrees():
    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match="no graph has these 2 out-degrees and 2 in-degrees"):
        random_mask_with_degrees(np.array([2, 1]), np.array([1, 1]), rng)
    with pytest.raises(ValueError, match="no graph has these"):
        random_mask_with_degrees(np.array([3, 0, 0]), np.array([1, 1, 1]), rng, recurrent=True)
    with pytest.raises(ValueError, match="no graph has these"):
        random_mask_with_degrees(np.array([3, 1]), np.array([2, 2]), rng)


def test_bad_settings_of_npso():
    settings = {"n_new": 3, "temperature": 0.5, "exponent": 2.5, "n_communities": 2, "recurrent": True}
    for wrong, message in (
        ({"temperature": 1.0}, "temperature = 1.0"),
        ({"exponent": 1.5}, "exponent = 1.5: must be"),
        ({"n_new": 20}, "n_new = 20: must be below"),
        ({"n_communities": -1}, "n_communities = -1"),
        ({"recurrent": False}, "nonuniform_pso links a population with itself"),
    ):
        with pytest.raises(ValueError, match=message):
            nonuniform_pso(20, 20, np.random.default_rng(1), **(settings | wrong))
