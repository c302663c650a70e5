"""Options of records: what a ``Literal`` annotation allows, for scripts; specs are checked by their reader."""

from typing import Any, Literal, get_args, get_origin, get_type_hints

from bioworkbench.records.errors import unknown_name

__all__ = ["check_options"]


def check_options(record: Any) -> None:
    """Raise ValueError if a field of a record is none of the options that its annotation lists.

    Parameters
    ----------
    record : dataclass instance

    Examples
    --------
    >>> from bioworkbench.methods.noise_single_step import Noise
    >>> Noise(schedule="aneal")
    Traceback (most recent call last):
    ...
    ValueError: 'aneal' is not a schedule of Noise; did you mean 'annealed'? Known: annealed, constant, learned, refitted
    """
    for name, hint in get_type_hints(type(record)).items():
        given, options = getattr(record, name), get_args(hint)
        if get_origin(hint) is Literal and given not in options:
            raise ValueError(unknown_name(str(given), f"{name} of {type(record).__name__}", map(str, options)))
