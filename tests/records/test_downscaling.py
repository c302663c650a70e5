"""Smaller networks keep the mean and variance of the input to each neuron."""

import numpy as np
import pytest
from brian2 import Hz, mV
from hypothesis import given, settings
from hypothesis import strategies as st

from bioworkbench.neurons import noisy_lif
from bioworkbench.records.background import Background
from bioworkbench.records.distributions import parse_distribution
from bioworkbench.records.downscaling import downscaled
from bioworkbench.records.drawn import DrawnLinks, LinkRule
from bioworkbench.records.network import Network, Population, Projection, with_links
from bioworkbench.records.neuron import NeuronModel
from bioworkbench.records.synapse import PULSE, SynapseModel

RATES = {"exc": 5.0, "inh": 8.0}


def network(rule="fixed_total"):
    sizes, number = (
        {"exc": 400, "inh": 100},
        {"fixed_total": 40000, "fixed_in_degree": 40, "bernoulli": 0.2, "all_to_all": 0}[rule],
    )
    drive = (Background("v", 900, 8 * Hz, 0.1 * mV),)
    weights = {"exc": parse_distribution("normal(0.1 mV, 0.01 mV, low = 0 mV)"), "inh": parse_distribution("-0.5 mV")}
    links = {
        (s, t): DrawnLinks(LinkRule(rule, number), (sizes[s], sizes[t]), 1, weights[s], parse_distribution("1.5 ms"))
        for s in sizes
        for t in ("exc",)
        if s == "exc" or rule != "fixed_total"
    }
    populations = tuple(Population(name, size, noisy_lif(), background=drive) for name, size in sizes.items())
    return Network(populations, tuple(Projection(s, t, each) for (s, t), each in links.items()))


TWO_VARIABLES = NeuronModel("dv/dt = (g - v)/(10*ms) : volt\ndg/dt = -g/(5*ms) : volt", "v > 1*volt", "v = 0*volt", receives="v")
rules = st.one_of(
    st.tuples(st.just("bernoulli"), st.floats(0.0, 1.0)),
    st.tuples(st.sampled_from(["fixed_in_degree", "fixed_out_degree", "fixed_total"]), st.integers(0, 30)),
)


@st.composite
def networks(draw):
    """Populations and numbers so small that every rounding counts, links between all pairs, and two variables that receive."""
    sizes = {name: draw(st.integers(1, 9)) for name in RATES}
    background = st.builds(
        Background, st.sampled_from("vg"), st.integers(0, 5), st.floats(1.0, 9.0), st.floats(-1.0, 1.0), st.booleans()
    )
    populations = [
        Population(name, size, TWO_VARIABLES, background=tuple(draw(st.lists(background, max_size=2))))
        for name, size in sizes.items()
    ]
    projections = []
    for source, target, variable in [(s, t, v) for s in sizes for t in sizes for v in "vg"]:
        kind, number = draw(rules)
        rule = LinkRule(kind, number, repeated=kind != "bernoulli")
        weight = parse_distribution(f"{draw(st.integers(-9, 9))} mV")
        links = DrawnLinks(rule, (sizes[source], sizes[target]), draw(st.integers(0, 99)), weight, parse_distribution("1 ms"))
        synapse = SynapseModel(on_pre="{receiver}_post += 1*weight") if variable == "g" else PULSE
        projections.append(
            Projection(source, target, links, receives=variable, name=f"{source}_{variable}_{target}", synapse=synapse)
        )
    return Network(tuple(populations), tuple(projections))


def mean_inputs(net):
    """Mean input per second to each variable of each population, from the links as they are drawn."""
    found = {(name, variable): 0.0 for name in net.sizes for variable in "vg"}
    for projection in net.projections:
        weights = projection.given.weights.sum() / net.sizes[projection.target]
        found[projection.target, projection.receives] += RATES[projection.source] * weights
    for population in net.populations:
        for each in population.background:
            found[population.name, each.receives] += each.mean(1.0) * each.weight
    return found


@settings(max_examples=25, deadline=None)
@given(networks(), st.floats(0.05, 0.95))
def test_the_mean_of_every_input_is_kept_whatever_is_rounded(net, factor):
    part = downscaled(net, factor, RATES)
    assert part.sizes == {name: max(1, round(size * factor)) for name, size in net.sizes.items()}
    assert mean_inputs(part) == pytest.approx(mean_inputs(net), rel=1e-6, abs=1e-6)  # weights have 30 bits
    for before, after in zip(net.populations, part.populations, strict=True):
        for drive, less in zip(before.background, after.background, strict=False):
            variances = [each.mean(1.0) * each.weight**2 for each in (drive, less)]
            assert variances[1] == pytest.approx(variances[0])
            assert less.n == max(1, round(drive.n * factor))
    for before, after in zip(net.projections, part.projections, strict=True):
        assert (after.name, after.synapse, after.receives) == (before.name, before.synapse, before.receives)


def moments(net, dt=1e-4):
    """Mean and variance of the input per second to a neuron of "exc", if sources spike at their rates as Poisson processes do."""
    size, mean, variance = net.sizes["exc"], 0.0, 0.0
    for projection in net.projections:
        weights, rate = projection.given.weights, RATES[projection.source]
        mean += rate * weights.sum() / size
        variance += rate * (weights**2).sum() / size
    for background in net.population("exc").background:
        per_second = background.mean(dt) / dt
        mean += per_second * background.weight
        variance += 0.0 if background.regular else per_second * background.weight**2
    return mean, variance


@pytest.mark.parametrize("rule", ["fixed_total", "fixed_in_degree", "bernoulli"])
def test_mean_and_variance_of_the_input_are_kept(rule):
    whole, part = network(rule), downscaled(network(rule), 0.25, RATES)
    assert part.sizes == {"exc": 100, "inh": 25}
    assert moments(part) == pytest.approx(moments(whole), rel=0.05)
    bare = Network(tuple(Population(p.name, p.size, p.model) for p in part.populations), part.projections)
    assert moments(bare) != pytest.approx(moments(whole), rel=0.05)


def test_the_whole_is_left_as_it_is():
    net = network()
    assert downscaled(net, 1.0, RATES) is net


@pytest.mark.parametrize(
    ("net", "factor", "rates", "words"),
    [
        (network(), 0.0, RATES, "factor = 0.0: must be above 0 and at most 1"),
        (network(), 1.5, RATES, "factor = 1.5: must be above 0"),
        (network(), 0.5, {}, "the rate of 'exc' is missing"),
        (network(), 0.5, {"ex": 1.0, **RATES}, "'ex' is not a population; did you mean 'exc'"),
        (network("all_to_all"), 0.5, RATES, "only links drawn by bernoulli, fixed_in_degree"),
        (with_links(network(), 1e-4), 0.5, RATES, "only links drawn by"),
    ],
)
def test_what_cannot_be_made_smaller_is_refused(net, factor, rates, words):
    with pytest.raises(ValueError, match=words):
        downscaled(net, factor, rates)


def test_fewer_links_have_greater_weights():
    part = downscaled(network(), 0.25, RATES)
    (links,) = (p.drawn for p in part.projections)
    assert len(links) == 2500
    assert links.weights.first == pytest.approx(0.2e-3)
    assert np.isclose(links.weights.spread, 0.02e-3)
