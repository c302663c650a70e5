"""Power-law fits: published exponents, recovery of known ones, and the test of plausibility."""

import networkx as nx
import numpy as np
import pytest

from bioworkbench.records.errors import TopologyError
from bioworkbench.topology.measures.power_law import PowerLaw, degree_survival, fit_power_law, power_law_p_value
from tests.topology.measures.test_measures import TOY8


def degrees(graph):
    return np.array([degree for _, degree in graph.degree])


def zipf_sample(exponent, n, seed):
    return np.random.default_rng(seed).zipf(exponent, n)


def test_published_exponents():
    karate = fit_power_law(degrees(nx.karate_club_graph()))
    assert karate.exponent == pytest.approx(2.12484848485, rel=1e-10)
    assert (karate.smallest, karate.n_tail) == (2, 33)
    assert karate.distance == pytest.approx(0.0996, abs=5e-5)
    assert fit_power_law(degrees(TOY8)).exponent == pytest.approx(2.49142857143, rel=1e-10)


@pytest.mark.parametrize("exponent", [2.2, 3.0])
def test_a_known_exponent_is_found(exponent):
    fit = fit_power_law(zipf_sample(exponent, 5000, seed=int(10 * exponent)))
    error = (exponent - 1) / np.sqrt(fit.n_tail)  # asymptotic standard error of the estimate
    assert abs(fit.exponent - exponent) < 4.5 * error + 0.005  # half a step of the grid


def test_p_values_of_true_power_laws_are_nearly_uniform():
    rng = np.random.default_rng(1)
    values = [power_law_p_value(zipf_sample(2.5, 200, seed=k), rng, n_samples=20) for k in range(40)]
    assert abs(np.mean(np.array(values) < 0.5) - 0.5) < 4.5 * np.sqrt(0.25 / 40)


def test_p_values_of_degrees_without_a_power_law_are_small():
    rng = np.random.default_rng(1)
    degrees_of_two_kinds = np.repeat([3, 4, 9, 10], 200)
    values = [power_law_p_value(degrees_of_two_kinds, rng, n_samples=20) for _ in range(24)]
    assert abs(np.mean(np.array(values) < 0.5) - 0.5) > 4.5 * np.sqrt(0.25 / 24)


def test_nodes_without_links_are_left_out():
    sample = zipf_sample(2.5, 500, seed=1)
    assert fit_power_law(np.concatenate([sample, np.zeros(50, dtype=int)])) == fit_power_law(sample)


def test_survival():
    values, fraction = degree_survival([3, 1, 1, 2])
    assert values.tolist() == [1, 2, 3]
    assert fraction.tolist() == [1, 0.5, 0.25]


def test_regular_graphs_have_no_power_law():
    with pytest.raises(ValueError, match=r"the degrees above 0 are all \[4\]; a power law needs"):
        fit_power_law([4, 4, 0, 4])
    with pytest.raises(ValueError, match=r"the degrees above 0 are all \[\]"):
        power_law_p_value([0, 0], np.random.default_rng(1))


def test_a_law_is_a_record():
    assert PowerLaw(2.0, 1, 10, 0.1).exponent == 2


@pytest.mark.parametrize("wrong", [1.5, -1, np.nan, "3"])
def test_degrees_are_whole_numbers(wrong):
    """Strengths were cut to whole numbers, and NaN was left out."""
    for measure in (fit_power_law, lambda degrees: power_law_p_value(degrees, np.random.default_rng(1), n_samples=2)):
        with pytest.raises(TopologyError, match="must be a whole number, 0 or more"):
            measure([wrong, 2, 3, 3])
