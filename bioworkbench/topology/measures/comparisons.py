"""Measures beside those of null models: z values and intervals, small-worldness, rich club, motifs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from bioworkbench.records.arrays import Floats, count
from bioworkbench.records.errors import TopologyError
from bioworkbench.topology.measures.catalog import Measure, MeasureTable, chosen_measures, values_of
from bioworkbench.topology.measures.degree_measures import rich_club_coefficients, weighted_rich_club_coefficients
from bioworkbench.topology.measures.motifs import motifs_of_four, triad_census
from bioworkbench.topology.measures.null_models import null_graph
from bioworkbench.topology.measures.paths import characteristic_path_length
from bioworkbench.topology.measures.triangles import clustering
from bioworkbench.topology.simple_graph import SimpleGraph, networkx_graph, simple_graph

__all__ = ["NullTable", "against_nulls", "motif_significance", "over_nulls", "rich_club", "small_worldness", "triad_significance"]


class NullTable(pd.DataFrame):
    """Values (rows) of a graph and of random graphs like it.

    Columns: ``value``; ``null_mean`` and ``null_sd`` of the random graphs; ``z``, the difference of value and mean in standard
    deviations, NaN where the random graphs do not vary; ``low`` and ``high``, between which another random graph's value lies with a
    probability of 95 % if they are normal (by Student's t); ``p``, the fraction of random graphs at least as far from their mean as
    the graph, which counts as one of them. The attribute ``nulls`` (n_nulls, n_values) has the values of all.
    """

    _metadata = ["nulls"]  # noqa: RUF012
    nulls: pd.DataFrame

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame

    def plot(self, *args: Any, **kwargs: Any) -> Any:  # pyright: ignore[reportIncompatibleVariableOverride]
        """A horizontal bar of z for every row that has one.

        Parameters
        ----------
        *args, **kwargs
            Of ``pandas.DataFrame.plot``; keywords take the place of ours.

        Returns
        -------
        Axes
        """
        kwargs = {"kind": "barh", "legend": False, "xlabel": "z", **kwargs}
        return pd.DataFrame(self[["z"]]).dropna().iloc[::-1].plot(*args, **kwargs)


def null_table(values: pd.Series, nulls: Any) -> NullTable:
    """Table of values beside the same values of random graphs.

    Parameters
    ----------
    values : Series (n_values,)
        Of the graph itself.
    nulls : array (n_nulls, n_values)
        Of random graphs.

    Returns
    -------
    NullTable
        A row per value; ``nulls`` is kept as its attribute of that name.
    """
    nulls = np.asarray(nulls, dtype=float).reshape(-1, len(values))
    own, n = values.to_numpy(dtype=float), len(nulls)
    mean = nulls.mean(axis=0)
    sd = nulls.std(axis=0, ddof=1) if n > 1 else np.full(own.size, np.nan)
    varies = sd > 1e-12 * np.maximum(np.abs(mean), 1e-300)
    sd = np.where(varies | np.isnan(sd), sd, 0.0)  # round-off does not count as variation
    half = float(stdtrit(max(n - 1, 1), 0.975)) * sd * np.sqrt(1 + 1 / n)
    as_far = (np.abs(nulls - mean) >= np.abs(own - mean) - 1e-12 * np.abs(mean)).sum(axis=0)
    table = NullTable(
        {
            "value": own,
            "null_mean": mean,
            "null_sd": sd,
            "z": np.divide(own - mean, sd, out=np.full(own.size, np.nan), where=varies),
            "low": mean - half,
            "high": mean + half,
            "p": np.where(np.isfinite(own) & np.isfinite(mean), (1 + as_far) / (1 + n), np.nan),
        },
        index=values.index,
    )
    table.nulls = pd.DataFrame(nulls, columns=values.index)
    return table


def against_nulls(
    graph: Any,
    rng: np.random.Generator,
    *,
    which: Iterable[str | Callable] | Mapping[str, str | Callable] | None = None,
    n_nulls: int = 10,
    keep: str = "degrees",
    modules: Sequence | np.ndarray | None = None,
    positions: ArrayLike | None = None,
) -> NullTable:
    """Measures of a graph beside those of random graphs like it.

    Parameters
    ----------
    graph : networkx graph, matrix or SimpleGraph
    rng : Generator
    which : names of `MEASURES` and functions of the graph, or mapping from name to such, optional
        As in `measures`; functions of one's own get networkx graphs if `graph` is one, and `SimpleGraph` otherwise.
    n_nulls : int
    keep, modules, positions
        What the random graphs keep; see `null_graph`.

    Returns
    -------
    NullTable
        A DataFrame with the measures as index. Measures that the null model keeps have a z of NaN.

    Raises
    ------
    TopologyError
        If the graph has no links between different nodes, or not what the null model needs.
    ValueError
        If a measure or the null model is unknown.

    Examples
    --------
    >>> table = against_nulls(nx.karate_club_graph(), np.random.default_rng(1), which=["clustering"], n_nulls=20)
    >>> bool(table.z["clustering"] > 2)
    True
    """
    own = _with_links(graph)
    chosen = chosen_measures(own, rng, which=which)
    # functions of one's own get random graphs of the kind that they were written for
    foreign = isinstance(graph, nx.Graph) and not all(isinstance(measure, Measure) for measure in chosen.values())

    def values(given: Any, arrays: SimpleGraph) -> dict[str, float]:
        return {name: float(value) for name, value in values_of(given, arrays, chosen, rng).items()}

    nulls = []
    for _ in range(count("n_nulls", n_nulls)):
        null = null_graph(own, rng, keep=keep, modules=modules, positions=positions)
        nulls.append(values(networkx_graph(null) if foreign else null, null))
    found = pd.Series(values(graph if foreign else own, own), dtype=float)
    return null_table(found.rename_axis("measure"), [list(null.values()) for null in nulls])


def _with_links(graph: Any) -> SimpleGraph:
    own = simple_graph(graph)
    if not own.n_links:
        raise TopologyError(f"{own} has no links between different nodes; null models need at least one")
    return own


def small_worldness(graph: Any, rng: np.random.Generator, *, n_nulls: int = 10, beside: NullTable | None = None) -> MeasureTable:
    """Small-world coefficients sigma and omega of the plain graph.

    With clustering C and characteristic path length L, and their means over random and lattice graphs of the same degrees:
    sigma = (C / C_random) / (L / L_random), above 1 in a small world; omega = L_random / L - C / C_lattice, near 0 in a small
    world, toward 1 in a random graph and -1 in a lattice. NaN where a mean clustering is 0 (trees, bipartite graphs).

    Parameters
    ----------
    graph : networkx graph, matrix or SimpleGraph
    rng : Generator
    n_nulls : int
        Random graphs, and as many lattices.
    beside : NullTable, optional
        What `against_nulls` found for the graph, undirected and with the degrees kept, with clustering and characteristic path length
        among its measures: its random graphs are taken, and only lattices are drawn.

    Returns
    -------
    MeasureTable
        Rows ``small_world_sigma`` and ``small_world_omega``; the standard error is that of the means over nulls.

    Raises
    ------
    TopologyError
        If the graph has no links between different nodes.

    References
    ----------
    M. D. Humphries, K. Gurney (2008), https://doi.org/10.1371/journal.pone.0002051;
    Q. K. Telesford et al. (2011), https://doi.org/10.1089/brain.2011.0038
    """
    plain = _with_links(graph).plain
    lattices = [null_graph(plain, rng, keep="lattice") for _ in range(count("n_nulls", n_nulls))]
    if beside is None:
        random = [null_graph(plain, rng) for _ in range(n_nulls)]
        found = [[clustering(null), float(characteristic_path_length(null, rng))] for null in random]
    else:
        found = beside.nulls[["clustering", "characteristic_path_length"]].to_numpy().tolist()
    c, length = clustering(plain), float(characteristic_path_length(plain, rng))
    (c_random, dc), (l_random, dl) = (_mean(list(values)) for values in zip(*found, strict=True))
    c_lattice, dc_lattice = _mean([clustering(lattice) for lattice in lattices])
    sigma = (c / c_random) / (length / l_random) if c_random else float("nan")
    omega = l_random / length - c / c_lattice if c_lattice else float("nan")
    # of quotients, to first order: relative errors of independent means add in squares
    errors = [
        sigma * np.hypot(dc / c_random, dl / l_random) if c_random else float("nan"),
        float(np.hypot(dl / length, c * dc_lattice / c_lattice**2)) if c_lattice else float("nan"),
    ]
    index = pd.Index(["small_world_sigma", "small_world_omega"], name="measure")
    return MeasureTable({"value": [sigma, omega], "standard_error": errors}, index=index)


def _mean(values: list[float]) -> tuple[float, float]:
    """Mean and its standard error."""
    error = np.std(values, ddof=1) / len(values) ** 0.5 if len(values) > 1 else float("nan")
    return float(np.mean(values)), float(error)


class RichClub(NullTable):
    """Rich-club coefficients by degree: a `NullTable` with ``ratio``, value over ``null_mean``, above 1 in a rich club."""

    def plot(self, *args: Any, **kwargs: Any) -> Any:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The ratio over the degree.

        Parameters
        ----------
        *args, **kwargs
            Of ``pandas.DataFrame.plot``; keywords take the place of ours.

        Returns
        -------
        Axes
        """
        kwargs = {"legend": False, "xlabel": "degree above", "ylabel": "density over that of random graphs", **kwargs}
        return pd.DataFrame(self[["ratio"]]).plot(*args, **kwargs)


def rich_club(graph: Any, rng: np.random.Generator, *, n_nulls: int = 10, weighted: bool = False) -> RichClub:
    """Rich-club coefficients of the plain graph beside those of random graphs with the same degrees.

    Parameters
    ----------
    graph : networkx graph, matrix or SimpleGraph
    rng : Generator
    n_nulls : int
    weighted : bool
        Weight among the nodes of degree above k over that of as many strongest links, instead of the density; weights by size,
        those of both directions added.

    Returns
    -------
    RichClub
        A DataFrame with the degree k = 0, 1, ... as index, while at least two nodes have a larger one.

    Raises
    ------
    TopologyError
        If the graph has no links between different nodes, or no weights where these are asked for.

    References
    ----------
    V. Colizza, A. Flammini, M. A. Serrano, A. Vespignani (2006), https://doi.org/10.1038/nphys209;
    T. Opsahl, V. Colizza, P. Panzarasa, J. J. Ramasco (2008), https://doi.org/10.1103/PhysRevLett.101.168702
    """
    plain = _with_links(graph).plain
    if weighted and plain.weights is None:
        raise TopologyError(f"weighted = {weighted}: {plain} has no weights; give links the attribute 'weight'")
    of = weighted_rich_club_coefficients if weighted else rich_club_coefficients
    degrees, own = of(plain)
    nulls = [of(null_graph(plain, rng))[1] for _ in range(count("n_nulls", n_nulls))]
    table = null_table(pd.Series(own, index=pd.Index(degrees, name="degree")), np.array(nulls))
    found = RichClub(table.assign(ratio=over_nulls(table, "value")))
    found.nulls = table.nulls
    return found


def over_nulls(table: NullTable, name: str) -> Floats:
    """A column of a table over the mean of the random graphs.

    Parameters
    ----------
    table : NullTable
    name : str
        Of the column, such as "value", "low" or "high".

    Returns
    -------
    array (n_values,)
        NaN where the mean is not above 0.
    """
    values, mean = table[name].to_numpy(dtype=float), table["null_mean"].to_numpy(dtype=float)
    return np.divide(values, mean, out=np.full(values.size, np.nan), where=mean > 0)


def triad_significance(graph: Any, rng: np.random.Generator, *, n_nulls: int = 10, keep: str = "degrees") -> NullTable:
    """Numbers of the 16 directed triads (motifs of three nodes) beside those of random graphs with the same in- and out-degrees.

    Parameters
    ----------
    graph : networkx DiGraph, matrix or directed SimpleGraph
        Self-links are dropped.
    rng : Generator
    n_nulls : int
    keep : str
        As in `null_graph`; ``"reciprocity"`` asks which triads there are beyond what reciprocal links explain.

    Returns
    -------
    NullTable
        A DataFrame with the names of the triads as index.

    Raises
    ------
    TopologyError
        If the graph is not directed, or has no links between different nodes.

    References
    ----------
    R. Milo et al. (2002), https://doi.org/10.1126/science.298.5594.824; names after P. W. Holland, S. Leinhardt (1970)
    """
    own = _with_links(graph)
    if not own.directed:
        raise TopologyError(f"{own} is undirected; triads are counted in a directed graph")
    return _significance(own, triad_census, "triad", rng, n_nulls, keep)


def motif_significance(graph: Any, rng: np.random.Generator, *, n_nulls: int = 10, keep: str = "degrees") -> NullTable:
    """Numbers of the six connected subgraphs of four nodes beside those of random graphs.

    Parameters
    ----------
    graph : networkx graph, matrix or SimpleGraph
        Directions and weights are ignored when subgraphs are counted, not when random graphs are drawn.
    rng : Generator
    n_nulls : int
    keep : str
        As in `null_graph`.

    Returns
    -------
    NullTable
        A DataFrame with the names of `motifs_of_four` as index.

    Raises
    ------
    TopologyError
        If the graph has no links between different nodes.

    References
    ----------
    R. Milo et al. (2002), https://doi.org/10.1126/science.298.5594.824
    """
    return _significance(_with_links(graph), motifs_of_four, "motif", rng, n_nulls, keep)


def _significance(
    own: SimpleGraph,
    census: Callable[[SimpleGraph], dict[str, int]],
    what: str,
    rng: np.random.Generator,
    n_nulls: int,
    keep: str,
) -> NullTable:
    nulls = [list(census(null_graph(own, rng, keep=keep)).values()) for _ in range(count("n_nulls", n_nulls))]
    return null_table(pd.Series(census(own), dtype=float).rename_axis(what), nulls)
