"""The four errors of bioworkbench and the words they share.

Calculations raise ``ValueError``, ``TypeError`` or `TopologyError` with the narrow reason; the border (the spec reader,
`simulate`, the results store, the command) adds file and field once, with ``raise ... from``.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

__all__ = ["ResultError", "SimulationError", "SpecError", "TopologyError", "unknown_name"]


class SpecError(ValueError):
    """A spec, or a value in it, cannot be used."""


class TopologyError(ValueError):
    """A graph, mask or link list breaks a rule of the function that was given it."""


class SimulationError(RuntimeError):
    """A network cannot be built or run.

    Parameters
    ----------
    message : str
    missing : str, optional
        What has to be installed (a compiler, a GPU, an extra); the command then exits with code 3 instead of 1.
    finished : Recording, optional
        Of the trials that were finished before a chunk of trials failed.
    """

    def __init__(self, message: str, missing: str = "", finished: Any = None) -> None:
        super().__init__(message)
        self.missing, self.finished = missing, finished


class ResultError(RuntimeError):
    """A results folder cannot be written, or does not hold what its name says.

    Parameters
    ----------
    message : str
    missing : str, optional
        As in `SimulationError`.
    """

    def __init__(self, message: str, missing: str = "") -> None:
        super().__init__(message)
        self.missing = missing


def unknown_name(given: str, what: str, known: Iterable[str]) -> str:
    """Message for a name that is not among the known ones: the nearest name if it looks like a typo, and all of them.

    Examples
    --------
    >>> unknown_name("bernouli", "topology", ["bernoulli", "layered"])
    "'bernouli' is not a topology; did you mean 'bernoulli'? Known: bernoulli, layered"
    """
    names = sorted(known)
    near = get_close_matches(given, names, n=1)
    hint = f" did you mean '{near[0]}'?" if near else ""
    article = "an" if what[0] in "aeiou" else "a"
    return f"'{given}' is not {article} {what};{hint} Known: {', '.join(names)}"
