"""Graph models for the links of one population with itself, and distributions of degrees for any two.

The models that are defined for undirected graphs become directed in one of two ways, the setting `direction`: ``"both"`` links
both ways (reciprocity 1, the model's own degrees in and out), ``"random"`` tosses a fair coin for each link.
"""

from typing import Literal

import networkx as nx
import numpy as np

from bioworkbench.records.arrays import Floats, Integers, count, fraction, positive
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import TopologyError, unknown_name
from bioworkbench.topology.masks import Mask, link_mask, possible_targets
from bioworkbench.topology.measures.null_models import degree_preserving_mask

__all__ = ["barabasi_albert", "configuration_model", "nonuniform_pso", "random_mask_with_degrees", "watts_strogatz"]

Direction = Literal["both", "random"]


def watts_strogatz(
    n_source: int,
    n_target: int,
    rng: np.random.Generator,
    *,
    n_neighbors: int,
    rewiring: float,
    direction: Direction = "both",
    recurrent: bool = False,
) -> Mask:
    """Watts-Strogatz small world: a ring of neighbors, of whose links a fraction is rewired (``networkx.watts_strogatz_graph``).

    Parameters
    ----------
    n_source, n_target : int
        Equal.
    rng : Generator
    n_neighbors : int
        Even; half on either side.
    rewiring : float
        Probability that a link moves one end.
    direction : {"both", "random"}
        Whether a link of the undirected graph goes both ways, or one way at random.
    recurrent : bool
        Must be true; between two populations use ``small_world_bipartite``.

    Returns
    -------
    csr_array of bool (n_source, n_target)

    Raises
    ------
    TopologyError
        If the projection is not recurrent, or `n_neighbors` is odd or too large.

    References
    ----------
    D. J. Watts, S. H. Strogatz (1998), https://doi.org/10.1038/30918
    """
    _one_population("watts_strogatz", n_source, n_target, recurrent)
    if count("n_neighbors", n_neighbors, least=2) % 2 or n_neighbors >= n_source:
        raise TopologyError(f"n_neighbors = {n_neighbors}: must be even and below the number of nodes, {n_source}")
    graph = nx.watts_strogatz_graph(n_source, n_neighbors, fraction("rewiring", rewiring), seed=rng)
    return _directed(np.array(graph.edges), n_source, direction, rng)


def barabasi_albert(
    n_source: int, n_target: int, rng: np.random.Generator, *, n_new: int, direction: Direction = "both", recurrent: bool = False
) -> Mask:
    """Preferential attachment: every new node links to `n_new` old ones (``networkx.barabasi_albert_graph``).

    Parameters
    ----------
    n_source, n_target : int
        Equal.
    rng : Generator
    n_new : int
        Links of a new node.
    direction : {"both", "random"}
        Whether a link of the undirected graph goes both ways, or one way at random.
    recurrent : bool
        Must be true.

    Returns
    -------
    csr_array of bool (n_source, n_target)

    Raises
    ------
    TopologyError
        If the projection is not recurrent, or `n_new` is not below the number of nodes.

    References
    ----------
    A.-L. Barabási, R. Albert (1999), https://doi.org/10.1126/science.286.5439.509
    """
    _one_population("barabasi_albert", n_source, n_target, recurrent)
    if count("n_new", n_new) >= n_source:
        raise TopologyError(f"n_new = {n_new}: must be below the number of nodes, {n_source}")
    return _directed(np.array(nx.barabasi_albert_graph(n_source, n_new, seed=rng).edges), n_source, direction, rng)


def configuration_model(
    n_source: int,
    n_target: int,
    rng: np.random.Generator,
    *,
    degrees: Literal["power_law", "lognormal", "poisson"],
    mean: float,
    exponent: float = 2.5,
    deviation: float = 0.5,
    recurrent: bool = False,
) -> Mask:
    """Random links with given distributions of out- and in-degrees, drawn independently of each other.

    Degrees are drawn from the distribution, scaled so that both sides have ``round(mean * n_source)`` links, rounded at random, held
    between 0 and what is possible, and evened out by single links at random nodes until that number is met exactly.

    Parameters
    ----------
    n_source, n_target : int
    rng : Generator
    degrees : {"power_law", "lognormal", "poisson"}
        Their distribution.
    mean : float
        Links of a source.
    exponent : float
        Of the power law, above 2; the other distributions ignore it.
    deviation : float
        Standard deviation of the logarithm of lognormal degrees; the other distributions ignore it.
    recurrent : bool
        Whether sources and targets are the same nodes; then none links to itself.

    Returns
    -------
    csr_array of bool (n_source, n_target)

    Raises
    ------
    TopologyError
        If the distribution is unknown, the exponent has no mean, the mean is not possible, or no graph has the degrees that were drawn.
    """
    width = possible_targets(n_source, n_target, recurrent)
    if not 0 < mean <= width:
        raise TopologyError(f"mean = {mean}: a mean number of links per source must be above 0 and at most {width}")
    n_links = round(mean * n_source)
    outputs = _degrees(_raw_degrees(degrees, n_source, mean, exponent, deviation, rng), n_links, width, rng)
    inputs = _degrees(
        _raw_degrees(degrees, n_target, n_links / n_target, exponent, deviation, rng), n_links, n_source - recurrent, rng
    )
    return random_mask_with_degrees(outputs, inputs, rng, recurrent=recurrent)


def _raw_degrees(kind: str, n: int, mean: float, exponent: float, deviation: float, rng: np.random.Generator) -> Floats:
    """Numbers (n,) in proportion to degrees."""
    if kind == "poisson":
        return rng.poisson(mean, n).astype(float)
    if kind == "lognormal":
        return rng.lognormal(0, positive("deviation", deviation), n)
    if kind != "power_law":
        raise TopologyError(unknown_name(kind, "distribution of degrees", ["power_law", "lognormal", "poisson"]))
    if not exponent > 2:
        raise TopologyError(f"exponent = {exponent}: a power law has a mean only above 2")
    return 1 + rng.pareto(exponent - 1, n)


def _degrees(raw: Floats, n_links: int, most: int, rng: np.random.Generator) -> Integers:
    """Degrees in proportion to `raw`, none above `most`, that add up to `n_links`."""
    # to round down after adding a uniform number rounds up with the probability of the fraction, so means stay what they are
    scaled = raw * n_links / max(raw.sum(), 1)
    return _evened_out(np.clip(np.floor(scaled + rng.random(raw.size)), 0, most).astype(np.int64), n_links, most, rng)


def _evened_out(degrees: Integers, n_links: int, most: int, rng: np.random.Generator) -> Integers:
    """The degrees after single links were added or taken at random nodes until there are `n_links`."""
    while (missing := n_links - int(degrees.sum())) != 0:
        free = np.flatnonzero(degrees < most if missing > 0 else degrees > 0)
        degrees[rng.choice(free, min(abs(missing), free.size), replace=False)] += np.sign(missing)
    return degrees


def random_mask_with_degrees(outputs: Integers, inputs: Integers, rng: np.random.Generator, *, recurrent: bool = False) -> Mask:
    """Random simple mask with exactly these degrees.

    A first mask comes from networkx's Havel-Hakimi constructions, then `null_models.degree_preserving_mask` draws from all.

    Parameters
    ----------
    outputs : int array (n_source,)
        Number of targets of each source.
    inputs : int array (n_target,)
        Number of sources of each target.
    rng : Generator
    recurrent : bool
        Whether sources and targets are the same nodes; then none links to itself.

    Returns
    -------
    csr_array of bool (n_source, n_target)

    Raises
    ------
    TopologyError
        If no mask has these degrees.
    """
    outputs, inputs = (np.asarray(degrees, dtype=np.int64).tolist() for degrees in (outputs, inputs))
    possible_targets(len(outputs), len(inputs), recurrent)
    try:
        if recurrent:
            links = list(nx.directed_havel_hakimi_graph(inputs, outputs).edges)
        else:
            graph = nx.bipartite.havel_hakimi_graph(outputs, inputs, create_using=nx.Graph())
            links = [(i, j - len(outputs)) for i, j in graph.edges]
    except nx.NetworkXException as error:
        raise TopologyError(f"no graph has these {len(outputs)} out-degrees and {len(inputs)} in-degrees: {error}") from error
    pairs = np.array(links, dtype=np.int64).reshape(-1, 2)
    start = link_mask(pairs[:, 0], pairs[:, 1], (len(outputs), len(inputs)))
    if start.nnz != sum(outputs):
        raise TopologyError(f"no graph has these degrees: {counted(int(sum(outputs)), 'link')} asked for, and {start.nnz} fit")
    return degree_preserving_mask(start, rng, recurrent=recurrent)


def nonuniform_pso(
    n_source: int,
    n_target: int,
    rng: np.random.Generator,
    *,
    n_new: int,
    temperature: float,
    exponent: float,
    n_communities: int,
    direction: Direction = "both",
    recurrent: bool = False,
) -> Mask:
    """Nonuniform popularity-similarity optimization (nPSO): power law, clustering and communities from hyperbolic geometry.

    Nodes appear one by one at angles drawn from `n_communities` equal Gaussians (0: uniformly) and link to `n_new` old ones
    that are close in the hyperbolic plane; the nearest at temperature 0, otherwise drawn with a Fermi function of the distance.

    Parameters
    ----------
    n_source, n_target : int
        Equal.
    rng : Generator
    n_new : int
        Links of a new node, m; the mean degree approaches 2m.
    temperature : float
        From 0 (strongest clustering) to below 1.
    exponent : float
        Of the power law of degrees, 2 or more.
    n_communities : int
        Gaussians that angles are drawn from; 0 draws them uniformly.
    direction : {"both", "random"}
        Whether a link of the undirected graph goes both ways, or one way at random.
    recurrent : bool
        Must be true.

    Returns
    -------
    csr_array of bool (n_source, n_target)

    Raises
    ------
    TopologyError
        If the projection is not recurrent or a setting is out of its range.

    References
    ----------
    A. Muscoloni, C. V. Cannistraci (2018), https://doi.org/10.1088/1367-2630/aac06f
    """
    _one_population("nonuniform_pso", n_source, n_target, recurrent)
    if not (0 <= temperature < 1 and exponent >= 2):
        raise TopologyError(f"temperature = {temperature}, exponent = {exponent}: must be in [0, 1) and 2 or more")
    if count("n_new", n_new) >= n_source:
        raise TopologyError(f"n_new = {n_new}: must be below the number of nodes, {n_source}")
    angles = _angles(n_source, count("n_communities", n_communities, least=0), rng)
    links = [
        (new, old)
        for new in range(1, n_source)
        for old in _pso_partners(new, angles, n_new, temperature, 1 / (exponent - 1), rng)
    ]
    return _directed(np.array(links), n_source, direction, rng)


def _angles(n: int, n_communities: int, rng: np.random.Generator) -> Floats:
    if n_communities == 0:
        return rng.uniform(0, 2 * np.pi, n)
    width = 2 * np.pi / n_communities
    return (rng.integers(n_communities, size=n) * width + rng.normal(0, width / 6, n)) % (2 * np.pi)


def _pso_partners(new: int, angles: Floats, m: int, temperature: float, beta: float, rng: np.random.Generator) -> Integers:
    """Old nodes that node number `new`, counted from 0, links to."""
    if new <= m:
        return np.arange(new)
    time = new + 1
    distance = _hyperbolic_distance(new, angles, beta)
    if temperature == 0:
        return np.argpartition(distance, m - 1)[:m]
    # radius within which a new node links to m old ones on average (Papadopoulos et al. 2012), then links with a Fermi probability:
    # m of them are drawn at once, as the largest of log-probability plus Gumbel noise
    growth = np.log(time) if beta == 1 else (1 - time ** (beta - 1)) / (1 - beta)
    radius = 2 * np.log(time) - 2 * np.log(2 * temperature * growth / (np.sin(np.pi * temperature) * m))
    log_weight = -np.logaddexp(0, (distance - radius) / (2 * temperature))
    return np.argpartition(-(log_weight + rng.gumbel(size=new)), m - 1)[:m]


def _hyperbolic_distance(new: int, angles: Floats, beta: float) -> Floats:
    """Distances of the older nodes, whose popularity has faded, from a new one."""
    own = 2 * np.log(new + 1)
    radii = 2 * beta * np.log(np.arange(1, new + 1)) + (1 - beta) * own
    cosh = np.cosh(radii) * np.cosh(own) - np.sinh(radii) * np.sinh(own) * np.cos(angles[:new] - angles[new])
    return np.arccosh(np.maximum(cosh, 1))


def _one_population(kind: str, n_source: int, n_target: int, recurrent: bool) -> None:
    if not recurrent:
        raise TopologyError(
            f"{kind} links a population with itself; this projection goes from {n_source} to {n_target} nodes of different "
            "populations. Use a bipartite topology such as 'small_world_bipartite', 'configuration_model' or 'bernoulli'"
        )
    possible_targets(n_source, n_target, recurrent)


def _directed(links: Integers, n: int, direction: str, rng: np.random.Generator) -> Mask:
    """Mask from undirected links (n_links, 2)."""
    links = links.reshape(-1, 2)
    if direction == "both":
        return link_mask(np.concatenate(links.T), np.concatenate(links.T[::-1]), (n, n))
    if direction != "random":
        raise TopologyError(f"direction = '{direction}': must be 'both' or 'random'")
    turned = rng.random(len(links)) < 0.5
    return link_mask(np.where(turned, links[:, 1], links[:, 0]), np.where(turned, links[:, 0], links[:, 1]), (n, n))
