"""Projections whose links a rule names (``links = {kind = "fixed_total", ...}``), and background, as a spec writes them."""

from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np

from bioworkbench.experiment.spec.places import Place
from bioworkbench.experiment.spec.values import chosen, converted_arguments
from bioworkbench.records.annotations import Hertz
from bioworkbench.records.arrays import fraction
from bioworkbench.records.background import Background
from bioworkbench.records.choice import Choice
from bioworkbench.records.distributions import Distribution, constant, parse_distribution
from bioworkbench.records.drawn import DrawnLinks, LinkRule
from bioworkbench.records.units import Quantity, dimension_name, get_dimensions, parse_quantity, si_value

__all__ = [
    "LINK_RULES",
    "background_input",
    "backgrounds",
    "downscaling",
    "drawn_links",
    "drawn_settings",
    "in_words",
    "weights_from_words",
]

_LAWS = {"constant": ("constant", "value"), "normal": ("gaussian", "mean", "deviation"), "uniform": ("uniform", "low", "high"),
         "lognormal": ("lognormal", "mean", "deviation")}  # fmt: skip


def _all_to_all(n_source: int, n_target: int) -> LinkRule:
    return LinkRule("all_to_all")


def _one_to_one(n_source: int, n_target: int) -> LinkRule:
    return LinkRule("one_to_one")


def _bernoulli(n_source: int, n_target: int, *, p: float) -> LinkRule:
    return LinkRule("bernoulli", p)


def _fixed_in_degree(n_source: int, n_target: int, *, n: int, repeated: bool = False) -> LinkRule:
    return LinkRule("fixed_in_degree", n, repeated)


def _fixed_out_degree(n_source: int, n_target: int, *, n: int, repeated: bool = False) -> LinkRule:
    return LinkRule("fixed_out_degree", n, repeated)


def _fixed_total(n_source: int, n_target: int, *, n: int = 0, p: float = 0.0, repeated: bool = False) -> LinkRule:
    """Of all links `n`, or as many as give a pair at least one link with probability `p` where pairs are drawn again and again."""
    if p and n:
        raise ValueError(f"n = {n} and p = {p}: give one of them")
    if p and not repeated:
        return LinkRule("fixed_total", round(fraction("p", p) * n_source * n_target))
    if p:
        if not 0 < p < 1:
            raise ValueError(f"p = {p}: must lie between 0 and 1, without both, where pairs may repeat")
        n = round(np.log1p(-p) / np.log1p(-1 / (n_source * n_target)))
    return LinkRule("fixed_total", n, repeated)


LINK_RULES: Mapping[str, Callable[..., LinkRule]] = {
    "all_to_all": _all_to_all,
    "bernoulli": _bernoulli,
    "fixed_in_degree": _fixed_in_degree,
    "fixed_out_degree": _fixed_out_degree,
    "fixed_total": _fixed_total,
    "one_to_one": _one_to_one,
}
"""Link rules by the name that a spec uses, as functions of the numbers of sources and targets."""


def _weight_choice(distribution: Distribution) -> Choice:
    """A distribution as the entry of `WEIGHT_DISTRIBUTIONS` that has it, for tables and words."""
    kind, *names = _LAWS[distribution.kind]
    values = dict(zip(names, (distribution.first, distribution.second), strict=False))
    for name, cut, closer in (("low", distribution.low, max), ("high", distribution.high, min)):
        if np.isfinite(cut):
            values[name] = closer(cut, values.get(name, cut))
    return Choice(kind, {name: Quantity(value, dim=distribution.dimension) for name, value in values.items()})


def in_words(weights: Any) -> bool:
    """Whether `weights` of a spec are a number, or the text of a quantity or distribution, in place of a kind."""
    if isinstance(weights, str):
        return "(" in weights or not weights[:1].isalpha()
    return isinstance(weights, int | float) and not isinstance(weights, bool)


def weights_from_words(given: str | float) -> Choice:
    """The entry of `WEIGHT_DISTRIBUTIONS` that a number or text stands for.

    Parameters
    ----------
    given : str or float
        ``0.5``, ``"0.5 mV"`` or ``"normal(0.5 mV, 0.1 mV, low = 0 mV)"``.

    Returns
    -------
    Choice

    Raises
    ------
    ValueError
        If the text is no quantity or distribution.

    Examples
    --------
    >>> weights_from_words("normal(3, 1, low = 0)").arguments["low"]
    0.0
    """
    return _weight_choice(parse_distribution(given) if isinstance(given, str) else constant(given))


def drawn_links(
    rule: Choice, weights: Distribution, delay: float | str, ends: tuple[int, int], key: int, unit: Quantity | float
) -> DrawnLinks:
    """Links of a projection, not yet drawn.

    Parameters
    ----------
    rule : Choice
    weights : Distribution
    delay : float, seconds, or text of a distribution
    ends : (int, int)
        Numbers of sources and targets.
    key : int
        Of 64 bits.
    unit : Quantity or float
        Of what receives the weights.

    Returns
    -------
    DrawnLinks

    Raises
    ------
    ValueError
        If a number breaks its rule, or the weights have another dimension.
    """
    if weights.dimension is not get_dimensions(unit):
        raise ValueError(f"weight = {weights} is a {dimension_name(weights.dimension)}; it must be a {dimension_name(unit)}")
    delays = parse_distribution(delay) if isinstance(delay, str) else Distribution("constant", delay)
    return DrawnLinks(LINK_RULES[rule.kind](*ends, **rule.arguments), ends, key, weights, delays)


def background_input(*, receives: str, n: int, rate: Hertz, weight: Quantity) -> Background:
    """Poisson input of a population.

    Parameters
    ----------
    receives : str
        Variable that a spike adds its weight to.
    n : int
        Sources of each neuron.
    rate : float, hertz
        Of each source.
    weight : Quantity
        Of the unit of the variable.

    Returns
    -------
    Background
    """
    return Background(receives, n, rate, weight)


def backgrounds(given: Any, place: Place) -> tuple[Background, ...]:
    """Background of a population from one table or several.

    Parameters
    ----------
    given : mapping or list of mappings
        As a spec has them under ``background``.
    place : Place
        Where they stand, for messages.

    Returns
    -------
    tuple of Background
    """
    tables = [given] if isinstance(given, dict) else given
    with place.named():
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise ValueError(f'{given!r} is not a table such as {{ receives = "v", n = 1000, rate = "8 Hz", weight = "0.1 mV" }}')
        return tuple(
            background_input(**converted_arguments(background_input, table, "background", place, {})) for table in tables
        )


def downscaling(given: Any, place: Place) -> dict[str, Any] | None:
    """What `records.downscaling.downscaled` takes, from a table.

    Parameters
    ----------
    given : mapping, optional
        As a spec has it under ``[downscaling]``.
    place : Place
        Where it stands, for messages.

    Returns
    -------
    dict or None
        Arguments "factor" and "rates" (hertz by population).
    """
    if given is None:
        return None
    with place.named():
        if not isinstance(given, dict) or given.keys() != {"factor", "rates"} or not isinstance(given["rates"], dict):
            raise ValueError(f"{given!r}: must be a table of factor = 0.1, say, and rates = {{ POPULATION = '5 Hz', ... }}")
        rates = {name: si_value(parse_quantity(rate), parse_quantity("1 Hz"), name) for name, rate in given["rates"].items()}
        return {"factor": si_value(parse_quantity(given["factor"]), parse_quantity("1"), "factor"), "rates": rates}


def drawn_settings(table: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """Rule, weights and delay of links that are drawn where they are used.

    Parameters
    ----------
    table : mapping
        Of a projection.
    place : Place
        Where it stands, for messages.

    Returns
    -------
    dict
        Fields of a `ProjectionSpec`; none without ``links``.
    """
    return _with_links(table, place) if "links" in table else _without_links(table, place)


def _without_links(table: Mapping[str, Any], place: Place) -> dict[str, Any]:
    with (place / "weight").named():
        if "weight" in table:
            raise ValueError(f"weight = {table['weight']!r} goes with links; with a topology write weights = {table['weight']!r}")
    return {}


def _with_links(table: Mapping[str, Any], place: Place) -> dict[str, Any]:
    with place.named():
        for other in ("topology", "weights"):
            if other in table:
                raise ValueError(f"has links and {other}; give links and weight, or topology and weights")
        given = table.get("weight")
        if isinstance(given, bool) or not isinstance(given, str | int | float):
            raise ValueError(f"weight = {given!r}: links need a weight such as 'normal(1 mV, 0.1 mV, low = 0 mV)'")
    with (place / "weight").named():
        weight = parse_distribution(given) if isinstance(given, str) else constant(given)
    with (place / "delay").named():
        delay = table.get("delay", "0 ms")
        if not isinstance(delay, str):
            raise ValueError(f"{delay!r} is not a time; write '1.5 ms' or 'normal(1.5 ms, 0.5 ms, low = 0.1 ms)'")
        si_value(cast("Quantity", Quantity(1.0, dim=parse_distribution(delay).dimension)), parse_quantity("1 ms"), "delay")
    rule = chosen(table["links"], "link rule", LINK_RULES, place / "links", {})
    return {"topology": rule, "weights": _weight_choice(weight), "weight": weight, "delay": delay}
