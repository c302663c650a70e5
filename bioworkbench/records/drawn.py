"""Links that are named by their rule and drawn where they are used: in the compiled program, or by the NumPy twin here.

A network of 300 million synapses is thus a few numbers per projection until the program draws it, and no list of all links ever
exists. How many links a source has is drawn first, for all sources at once; targets, delays and weights of source k then come from
streams of their own (3 k, 3 k + 1, 3 k + 2), so the sources can be drawn in any order. The same integers come out of ``draw.h``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from bioworkbench.records.arrays import count, fraction
from bioworkbench.records.distributions import Distribution
from bioworkbench.records.errors import TopologyError, unknown_name
from bioworkbench.records.lanes import Lanes
from bioworkbench.records.links import Links
from bioworkbench.records.quantiles import Quantiles, quantiles
from bioworkbench.records.subsets import subset_counts
from bioworkbench.records.units import DIMENSIONLESS, Dimension

__all__ = ["FRACTION", "DrawnLinks", "LinkRule", "Rows", "values_of_links"]

LinkRuleKind = Literal["all_to_all", "bernoulli", "fixed_in_degree", "fixed_out_degree", "fixed_total", "one_to_one"]
Counts = NDArray[np.int32]

_REPEATING = ("fixed_in_degree", "fixed_out_degree", "fixed_total")
_BATCH = 1 << 21  # words that are drawn at a time
_OTHER_WAY = 0x6A09E667F3BCC908  # the key of sources that are drawn for targets
FRACTION = 16  # bits after the point, of delays in steps and of coded weights


class Rows(NamedTuple):
    """Links of some sources, one after another.

    Parameters
    ----------
    sources, targets : int32 array (n_links,)
        Ascending by source; of one source, in the order drawn.
    """

    sources: NDArray[np.int32]
    targets: NDArray[np.int32]


_NO_ROWS = Rows(np.zeros(0, np.int32), np.zeros(0, np.int32))


@dataclass(frozen=True)
class LinkRule:
    """Which links there are.

    Parameters
    ----------
    kind : {"all_to_all", "bernoulli", "fixed_in_degree", "fixed_out_degree", "fixed_total", "one_to_one"}
    number : int or float
        Probability of a link (bernoulli), links of each target, of each source, or of all; not used by the others.
    repeated : bool
        Whether a pair may be linked several times (multapses); for rules with a fixed number. Every link is then drawn
        independently, as NEST's rules do with ``allow_multapses``.

    Raises
    ------
    ValueError
        If the kind is unknown, the number breaks its rule, or a rule without a number repeats.
    """

    kind: LinkRuleKind
    number: float = 0
    repeated: bool = False

    def __post_init__(self) -> None:
        if self.kind not in get_args(LinkRuleKind):
            raise ValueError(unknown_name(self.kind, "link rule", get_args(LinkRuleKind)))
        if self.kind == "bernoulli":
            fraction("p", self.number)
        elif self.kind in _REPEATING:
            count(f"number of links of {self.kind}", self.number, least=0)  # pyright: ignore[reportArgumentType]
        if self.repeated and self.kind not in _REPEATING:
            raise ValueError(f"repeated = True: {self.kind} links a pair once; only {', '.join(_REPEATING)} may repeat")


@dataclass(frozen=True)
class DrawnLinks:
    """Links to be drawn between two groups of nodes, each with a weight and a delay.

    Parameters
    ----------
    rule : LinkRule
    shape : (int, int)
        Numbers of sources and targets.
    key : int
        64 bits that stand for seed and use; see `randomness.seed_of`.
    weights : Distribution
        In the unit of the variable that receives them.
    delays : Distribution
        Of times; rounded to steps when drawn.
    recurrent : bool
        Sources and targets are the same nodes, and none links to itself.

    Raises
    ------
    TopologyError
        If there are not as many possible links as the rule asks for.
    ValueError
        If a delay could be negative.
    """

    rule: LinkRule
    shape: tuple[int, int]
    key: int
    weights: Distribution
    delays: Distribution
    recurrent: bool = False

    def __post_init__(self) -> None:
        n_source, n_target = self.shape
        if self.recurrent and n_source != n_target:
            raise TopologyError(f"recurrent links from {n_source} to {n_target} nodes: must be the same nodes, so equally many")
        one_to_one_fits = n_source == n_target and not self.recurrent
        if self.rule.kind == "one_to_one" and not one_to_one_fits:
            raise TopologyError(
                f"one_to_one from {n_source} to {n_target} nodes (recurrent = {self.recurrent}): needs two groups of equal size"
            )
        n_pairs = n_source * self._width
        possible = {"fixed_out_degree": self._width, "fixed_in_degree": n_source - self.recurrent, "fixed_total": n_pairs}
        most = possible.get(self.rule.kind, n_pairs)
        if self.rule.kind in possible and self.rule.number > (most if not self.rule.repeated or not most else np.inf):
            raise TopologyError(
                f"{self.rule.kind} of {self.rule.number} links: only {most} are possible; ask for {most} or fewer"
            )
        lowest = float(self.delays.quantiles(np.array(0.5**33), np.array(1 - 0.5**33)))
        if lowest < 0:
            raise ValueError(
                f"delays = {self.delays} go down to {lowest:g} s; cut the distribution, for example with low = '0.1 ms'"
            )

    @property
    def _width(self) -> int:
        """Possible targets of a source."""
        return self.shape[1] - self.recurrent

    @property
    def by_target(self) -> bool:
        """Whether sources are drawn for every target, and put in order of sources afterward."""
        return self.rule.kind == "fixed_in_degree"

    @cached_property
    def counts(self) -> Counts:
        """Links of each source (n_source,); of each target (n_target,) where sources are drawn for targets."""
        # numbers of links first, from the distribution that each rule gives them: then every source can be drawn on its own
        rng, n_source = np.random.default_rng(self.key), self.shape[0]
        kind, number = self.rule.kind, self.rule.number
        if kind == "bernoulli":
            return rng.binomial(self._width, number, n_source).astype(np.int32)
        # the numbers that sources get of a fixed total, drawn with and without putting pairs back
        if kind == "fixed_total" and self.rule.repeated:
            return rng.multinomial(int(number), np.full(n_source, 1 / n_source)).astype(np.int32)
        if kind == "fixed_total":
            width = np.full(n_source, self._width)
            return subset_counts(width, int(number), rng).astype(np.int32)
        n, each = {
            "fixed_in_degree": (self.shape[1], number),
            "fixed_out_degree": (n_source, number),
            "one_to_one": (n_source, 1),
            "all_to_all": (n_source, self._width),
        }[kind]
        return np.full(n, int(each), np.int32)

    def __len__(self) -> int:
        return int(self.counts.sum(dtype=np.int64))

    @property
    def dimension(self) -> Dimension | None:
        """Dimension of the weights; None if they are plain numbers."""
        return None if self.weights.dimension is DIMENSIONLESS else self.weights.dimension

    def delay_steps(self, dt: float) -> Quantiles:
        """Table of delays in steps, with 16 bits after the point.

        Parameters
        ----------
        dt : float, seconds

        Returns
        -------
        Quantiles
            Its unit is ``dt / 2**16``.
        """
        return quantiles(self.delays, dt / 2**FRACTION)

    def weight_numbers(self) -> Quantiles:
        """Table of weights whose unit is as small as 32 bits allow."""
        return quantiles(self.weights, (_largest(self.weights) / 2**30) or 1.0)

    def rows(self) -> Iterator[Rows]:
        """Sources and targets of all links, in batches of sources; all at once where sources are drawn for targets."""
        if self.by_target:
            yield _turned(self)
        else:
            yield from _drawn(self, self.key, self._width)

    def links(self, dt: float | None = None) -> Links:
        """The links one by one, as compiled programs draw them.

        Parameters
        ----------
        dt : float, seconds, optional
            Step that delays are whole multiples of; without it they are as drawn.

        Returns
        -------
        Links
            Weights rounded to 32-bit floats, as programs keep them.
        """
        weights, parts = self.weight_numbers(), [_NO_ROWS, *self.rows()]
        steps = self.delay_steps(dt) if dt else quantiles(self.delays, (_largest(self.delays) / 2**30) or 1.0)
        fixed = np.concatenate([values_of_links(self, rows, steps, "delays") for rows in parts])
        numbers = np.concatenate([values_of_links(self, rows, weights, "weights") for rows in parts])
        # half a step more before the bits after the point are cut off: rounding in integers, the same with every compiler
        delays = np.maximum(0, (fixed + (1 << (FRACTION - 1))) >> FRACTION) * dt if dt else fixed * steps.unit
        sources, targets = (np.concatenate([rows[k] for rows in parts]) for k in (0, 1))
        values = (weights.unit * numbers).astype(np.float32).astype(float)  # as a program keeps them
        return Links(sources, targets, self.shape, values, delays.astype(float), self.dimension)


def _largest(distribution: Distribution) -> float:
    below = np.array([0.5**33, 1 - 0.5**33])
    return float(np.abs(distribution.quantiles(below, 1 - below)).max())


def values_of_links(links: DrawnLinks, rows: Rows, table: Quantiles, use: Literal["delays", "weights"]) -> NDArray[np.int32]:
    """Delays or weights of links, in units of a table.

    Parameters
    ----------
    links : DrawnLinks
    rows : Rows
        All links of their sources.
    table : Quantiles
    use : {"delays", "weights"}

    Returns
    -------
    int32 array (n_links,)
    """
    if not len(table.start):
        return np.full(len(rows.sources), table.constant, np.int32)
    nodes, counts = np.unique(rows.sources, return_counts=True)
    # three streams a node, for ends, delays and weights: one can be drawn without the others
    numbers = 3 * nodes.astype(np.int64) + (1 if use == "delays" else 2)
    parts = [table(_first_words(links.key, numbers[part], counts[part])) for part in _batches(counts)]
    return np.concatenate([np.zeros(0, np.int32), *parts])


def _batches(counts: np.ndarray) -> Iterator[slice]:
    """Ranges of nodes whose links are drawn at a time."""
    per_batch = max(1, _BATCH // max(1, int(counts.max(initial=0))))
    return (slice(begin, begin + per_batch) for begin in range(0, len(counts), per_batch))


def _drawn(links: DrawnLinks, key: int, width: int) -> Iterator[Rows]:
    """Ends drawn for every node: targets of sources, or sources of targets."""
    draw = _repeated if links.rule.repeated else _distinct
    for part in _batches(links.counts):
        counts = links.counts[part]
        nodes = np.arange(part.start, part.start + len(counts), dtype=np.int32)
        if links.rule.kind == "one_to_one":
            yield Rows(nodes, nodes)
            continue
        # without links to itself, a node's possible ends are numbered with a gap at the node; numbers after it move up by one
        drawn, ends = draw(key, nodes, counts, width), np.repeat(nodes, counts)
        yield Rows(ends, drawn + (drawn >= ends) if links.recurrent else drawn)


def _turned(links: DrawnLinks) -> Rows:
    """Sources drawn for every target, then put in order of sources; of one source, targets ascend."""
    # streams are numbered by target here, and another key keeps them apart from those of sources, which draw delays and weights
    parts = list(_drawn(links, links.key ^ _OTHER_WAY, links.shape[0] - links.recurrent))
    targets, sources = (np.concatenate([np.zeros(0, np.int32), *(part[k] for part in parts)]) for k in (0, 1))
    # stable, so that targets of one source ascend, as the program's counting sort leaves them
    order = np.argsort(sources, kind="stable")
    return Rows(sources[order], targets[order])


def _first_words(key: int, numbers: np.ndarray, counts: np.ndarray) -> NDArray[np.uint32]:
    """The first words of streams, as many as each count says, one stream after another."""
    most = int(counts.max(initial=0))
    return Lanes(key, numbers).words(most)[np.arange(most) < counts[:, None]]


def _scaled(words: NDArray[np.uint32], width: int) -> NDArray[np.int32]:
    """Numbers below `width`; each has the same probability up to 2**-32."""
    return ((words.astype(np.uint64) * np.uint64(width)) >> np.uint64(32)).astype(np.int32)


def _repeated(key: int, nodes: np.ndarray, counts: np.ndarray, width: int) -> NDArray[np.int32]:
    return _scaled(_first_words(key, 3 * nodes.astype(np.int64), counts), width)


def _distinct(key: int, nodes: np.ndarray, counts: np.ndarray, width: int) -> NDArray[np.int32]:
    """For every node, as many different numbers below `width` as its count says, ascending."""
    parts = [np.zeros(0, np.int32)]
    for node, n in zip(nodes, counts, strict=True):
        leave_out = n > width // 2  # then it is faster to draw those that are left out
        taken = np.zeros(width, bool)
        taken[_first_different(Lanes(key, [3 * int(node)]), int(width - n if leave_out else n), width)] = True
        parts.append(np.flatnonzero(taken != leave_out).astype(np.int32))
    return np.concatenate(parts)


def _first_different(lanes: Lanes, n: int, width: int) -> NDArray[np.int32]:
    """The first `n` different numbers that a stream gives."""
    # draw.h reads the words in the same order; in what portions they are drawn here does not change which numbers come first
    numbers, first = np.zeros(0, np.int32), np.zeros(0, int)
    while len(first) < n:
        numbers = np.concatenate([numbers, _scaled(lanes.words(16 * (1 + n // 8))[0], width)])
        first = np.sort(np.unique(numbers, return_index=True)[1])
    return numbers[first[:n]]
