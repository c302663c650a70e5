"""How a network is laid out for threads: parts of populations, the space of receivers and its chunks, groups of synapses."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from bioworkbench.records.drawn import FRACTION, DrawnLinks
from bioworkbench.records.network import Network, Projection
from bioworkbench.records.quantiles import Quantiles, quantiles
from bioworkbench.simulation.poisson import BLOCK

__all__ = ["Group", "Part", "Space", "groups_of", "parts_of", "rule_of_links", "space_of"]

MOST_IN_CHUNK = 65536  # so that a target takes two bytes
_EXACT_ENOUGH = 1e-3  # of the spread of weights: the rounding of weights of 16 bits
_LARGEST_CODE = 32760  # rounding stays within 16 bits

Form = Literal["shared", "coded", "numbers"]


@dataclass(frozen=True)
class Part:
    """Neurons `begin` ... `end - 1` of a population, updated by one thread.

    Parameters
    ----------
    population : str
    number : int
        Of the part; the parts of a number belong to one thread, and a population may have no neuron in it.
    begin, end : int
    """

    population: str
    number: int
    begin: int
    end: int


def parts_of(sizes: Mapping[str, int], n_parts: int) -> list[Part]:
    """Cut populations into parts of about equally many neurons, at multiples of 256, whose neurons share a random stream.

    Parameters
    ----------
    sizes : mapping from population to number of neurons
    n_parts : int

    Returns
    -------
    list of Part
        Ascending; each neuron is in one part.
    """
    total, before, parts = sum(sizes.values()), 0, []
    for population, size in sizes.items():
        # At multiples of the block that shares a stream, so that no stream is drawn from by two threads.
        cuts = [np.clip(round((total * k / n_parts - before) / BLOCK) * BLOCK, 0, size) for k in range(n_parts)] + [size]
        parts += [Part(population, k, int(a), int(b)) for k, (a, b) in enumerate(pairwise(cuts)) if b > a]
        before += size
    return parts


@dataclass(frozen=True)
class Space:
    """All variables that receive spikes, one after another in one array.

    Parameters
    ----------
    places : mapping from (population, variable) to where it begins
    size : int
    chunks : list of (part number, begin, end)
        Ranges that one thread adds to, in order.
    """

    places: Mapping[tuple[str, str], int]
    size: int
    chunks: list[tuple[int, int, int]]


def space_of(network: Network, parts: list[Part]) -> Space:
    """The space of receivers: first one variable of every population, then the second of those that have two, and so on.

    Parameters
    ----------
    network : Network
    parts : list of Part

    Returns
    -------
    Space
    """
    received: dict[str, list[str]] = {name: [] for name in network.sizes}
    for projection in network.projections:
        names = received[projection.target]
        names += [] if network.receiver(projection) in names else [network.receiver(projection)]
    places: dict[tuple[str, str], int] = {}
    chunks: list[tuple[int, int, int]] = []
    end = 0
    # Receivers of one part lie side by side over all populations: they can be one chunk.
    for rank in range(max((len(names) for names in received.values()), default=0)):
        for population, names in received.items():
            if rank >= len(names):
                continue
            places[population, names[rank]] = end
            for part in (part for part in parts if part.population == population):
                _extend(chunks, part.number, end + part.begin, end + part.end)
            end += network.sizes[population]
    return Space(places, end, chunks)


def _extend(chunks: list[tuple[int, int, int]], number: int, begin: int, end: int) -> None:
    """Add a range to the last chunk if it is of the same part and stays small, else as a chunk of its own."""
    if chunks and chunks[-1][0] == number and end - chunks[-1][1] <= MOST_IN_CHUNK:
        chunks[-1] = (number, chunks[-1][1], end)
    else:
        chunks.append((number, begin, end))


@dataclass(frozen=True)
class Group:
    """Projections of one source population whose weights are kept in one form.

    Parameters
    ----------
    source : str
    form : {"shared", "coded", "numbers"}
    scale : float
        Of codes, or the shared weight.
    delays : int array
        Steps that occur, ascending.
    projections : tuple of (Projection, Quantiles of delays in steps, Quantiles of weights)
    """

    source: str
    form: Form
    scale: float
    delays: np.ndarray
    projections: tuple[tuple[Projection, Quantiles, Quantiles], ...]


def groups_of(projections: list[Projection], dt: float, precision: str) -> Iterator[Group]:
    """Put projections together whose synapses can lie in the same rows.

    In single precision drawn weights take 16 bits if that changes none of them by more than a thousandth of their spread.

    Parameters
    ----------
    projections : list of Projection
        With drawn links.
    dt : float, seconds
    precision : {"double", "single"}

    Yields
    ------
    Group
    """
    together: dict[tuple[str, float | None], list[Projection]] = {}
    for projection in projections:
        weights = rule_of_links(projection).weights
        key = projection.source, weights.first if weights.is_constant else None
        together.setdefault(key, []).append(projection)
    for (source, weight), members in together.items():
        links = [rule_of_links(projection) for projection in members]
        form, scale = ("shared", weight) if weight is not None else _form(links, precision)
        unit = {"coded": scale / 2**FRACTION}.get(form)
        tables = [
            (p, each.delay_steps(dt), each.weight_numbers() if unit is None else quantiles(each.weights, unit))
            for p, each in zip(members, links, strict=True)
        ]
        yield Group(source, form, scale, _delays([steps for _, steps, _ in tables]), tuple(tables))


def rule_of_links(projection: Projection) -> DrawnLinks:
    """The rule that names the links of a `projection` of a circuit."""
    if projection.drawn is None:
        raise ValueError(f"projection {projection.name} has links one by one; a circuit draws all of them")
    return projection.drawn


def _form(links: list[DrawnLinks], precision: str) -> tuple[Form, float]:
    # The outermost numbers that 32 random bits can give: codes must reach as far as any weight that is drawn.
    edge = np.array([0.5**33, 1 - 0.5**33])
    scale = max(float(np.abs(each.weights.quantiles(edge, 1 - edge)).max()) for each in links) / _LARGEST_CODE
    exact = all(scale / 2 <= _EXACT_ENOUGH * each.weights.spread for each in links)
    return ("coded", scale) if precision == "single" and exact else ("numbers", 1.0)


def _delays(tables: list[Quantiles]) -> np.ndarray:
    """Steps that may occur."""
    half = 1 << (FRACTION - 1)
    ends = np.array([[max(0, (end + half) >> FRACTION) for end in table.ends] for table in tables])
    occurring = [np.arange(low, high + 1) for low, high in ends]
    return np.unique(np.concatenate(occurring))
