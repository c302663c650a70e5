"""Smaller versions of a network that keep the mean and the variance of the input to each neuron.

A fraction of the neurons and, of each neuron's inputs, the same fraction is kept; weights grow by the inverse square root of it, so
that the variance stays, and what the mean then lacks comes as a regular input. Correlations are not kept.

van Albada, Helias and Diesmann, PLoS Comput. Biol. 11, 2015, doi 10.1371/journal.pcbi.1004490.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from bioworkbench.records.background import Background
from bioworkbench.records.distributions import Distribution
from bioworkbench.records.drawn import DrawnLinks, LinkRule
from bioworkbench.records.errors import unknown_name
from bioworkbench.records.network import Network, Population, Projection

__all__ = ["downscaled"]

_POWERS = {"bernoulli": 0, "fixed_in_degree": 1, "fixed_out_degree": 1, "fixed_total": 2}  # of the fraction, in the rule's number


def downscaled(network: Network, factor: float, rates: Mapping[str, float]) -> Network:
    """The network with a fraction of its neurons and of each neuron's inputs.

    Parameters
    ----------
    network : Network
        All its links are drawn ones.
    factor : float
        Above 0 and at most 1.
    rates : mapping from population to float, hertz
        Mean rates in the whole network, from which the mean input of each population follows.

    Returns
    -------
    Network

    Raises
    ------
    ValueError
        If the factor is out of range, a rate is missing or of no population, or links are given one by one or by a rule without a
        number.
    """
    if not 0 < factor <= 1:
        raise ValueError(f"factor = {factor}: must be above 0 and at most 1")
    for name in rates:
        if name not in network.sizes:
            raise ValueError(f"rates: {unknown_name(name, 'population', network.sizes)}")
    missing = {p.source for p in network.projections} - rates.keys()
    if missing:
        raise ValueError(
            f"rates = {', '.join(rates) or 'none'}: the rate of '{min(missing)}' is missing; the mean input needs it"
        )
    if factor == 1:
        return network
    sizes = {name: max(1, round(size * factor)) for name, size in network.sizes.items()}
    projections = tuple(_projection(p, sizes, factor) for p in network.projections)
    fewer = Network(tuple(_population(p, sizes[p.name], factor) for p in network.populations), projections)
    made_up = tuple(
        replace(p, background=(*p.background, *_lacking(_inputs(network, p.name, rates), _inputs(fewer, p.name, rates))))
        for p in fewer.populations
    )
    return replace(fewer, populations=made_up)


def _population(whole: Population, size: int, factor: float) -> Population:
    """Fewer neurons, and fewer and stronger background spikes to each."""
    background = []
    for each in whole.background:
        n = max(1, round(each.n * factor))  # the rate makes up for what rounding adds or takes away
        rate = float(each.rate) * each.n * factor / n
        background.append(replace(each, n=n, rate=rate, weight=float(each.weight) / np.sqrt(factor)))
    return replace(whole, size=size, background=tuple(background))


def _inputs(network: Network, name: str, rates: Mapping[str, float]) -> dict[str, float]:
    """Mean input of a neuron of a population, by the variable that gets it, in its unit per second."""
    population, found = network.population(name), defaultdict(float)
    for projection in (p for p in network.projections if p.target == name):
        links = _links(projection)
        per_neuron = len(links) / population.size
        found[network.receiver(projection)] += per_neuron * rates[projection.source] * _mean(links.weights)
    for each in population.background:
        found[each.receives] += each.mean(1.0) * float(each.weight)
    return found


def _lacking(whole: Mapping[str, float], part: Mapping[str, float]) -> list[Background]:
    """Regular input that makes up for the mean: what fewer inputs lack, and what the rounding of their numbers does."""
    return [Background(variable, 1, 1.0, amount - part[variable], regular=True) for variable, amount in whole.items()]


def _projection(whole: Projection, sizes: Mapping[str, int], factor: float) -> Projection:
    links = _links(whole)
    rule = LinkRule(links.rule.kind, _number(links.rule, factor), links.rule.repeated)
    weights = _times(links.weights, 1 / np.sqrt(factor))
    fewer = replace(links, rule=rule, shape=(sizes[whole.source], sizes[whole.target]), weights=weights)
    return Projection(whole.source, whole.target, fewer, receives=whole.receives, name=whole.name, synapse=whole.synapse)


def _links(projection: Projection) -> DrawnLinks:
    links = projection.drawn
    if links is None or links.rule.kind not in _POWERS:
        raise ValueError(
            f"projection {projection.name}: only links drawn by {', '.join(_POWERS)} can be made fewer; use such a rule"
        )
    return links


def _number(rule: LinkRule, factor: float) -> float:
    power = _POWERS[rule.kind]
    return round(rule.number * factor**power) if power else rule.number


def _times(distribution: Distribution, factor: float) -> Distribution:
    """Values times a factor above 0."""
    ends = {name: getattr(distribution, name) * factor for name in ("first", "second", "low", "high")}
    return replace(distribution, **ends)


def _mean(distribution: Distribution) -> float:
    """Mean of a distribution, cut or not, from a thousand quantiles."""
    below = (np.arange(1000) + 0.5) / 1000
    return float(distribution.quantiles(below, 1 - below).mean())
