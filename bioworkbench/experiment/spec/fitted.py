"""``[fit]``: which settings of a spec are fitted to the recording of its task."""

from collections.abc import Mapping
from typing import Any

from bioworkbench.experiment.spec.changes import swept_values
from bioworkbench.experiment.spec.places import Place
from bioworkbench.experiment.spec.ranges import Range, parse_range
from bioworkbench.experiment.spec.records import FitSettings
from bioworkbench.experiment.spec.values import converted_arguments

__all__ = ["fit_of"]

_LEAST_SETS = 5  # differential evolution makes a new set of four others


def fit_of(given: Any, place: Place) -> FitSettings | None:
    """The settings of a fit.

    Parameters
    ----------
    given : mapping or None
    place : Place

    Returns
    -------
    FitSettings or None

    Raises
    ------
    SpecError
        Naming the setting that cannot be used.
    """
    if given is None:
        return None
    with place.named():
        if not isinstance(given, Mapping):
            raise ValueError(f"{given!r} is not a table; write [fit] with ranges")
    own = {name: value for name, value in given.items() if name != "ranges"}
    values = converted_arguments(FitSettings, own, "a fit", place, {}, fixed=("ranges",))
    with (place / "ranges").named():
        ranges = {name: _range(name, ends) for name, ends in swept_values(given.get("ranges", {})).items()}
        if not ranges:
            raise ValueError(
                "names no setting; write [fit.ranges] with lines such as \"populations.cell.tau\" = ['5 ms', '30 ms']"
            )
    for name, least in (("n_sets", _LEAST_SETS), ("generations", 1)):
        with (place / name).named():
            if values[name] < least:
                raise ValueError(f"{values[name]}: must be an integer, {least} or more")
    return FitSettings(ranges=ranges, **values)


def _range(name: str, given: tuple[Any, ...] | Range) -> Range:
    if isinstance(given, Range):
        return given
    if len(given) != 2:
        raise ValueError(f"{name} = {list(given)}: give the lowest and the highest value, two in all")
    return parse_range(name, {"from": given[0], "to": given[1]})
