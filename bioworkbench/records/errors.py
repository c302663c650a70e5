"""The errors of bioworkbench and the words they share.

Calculations raise ``ValueError``, ``TypeError`` or `TopologyError` with the narrow reason; the border (the spec reader,
`simulate`, the results store, the command) adds file and field once, with ``raise ... from``.
"""

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from traceback import extract_tb
from typing import Any, TypeVar

__all__ = [
    "ModelError",
    "ResultError",
    "SimulationError",
    "SpecError",
    "TopologyError",
    "check_all",
    "described",
    "softly",
    "unknown_name",
]

Value = TypeVar("Value")


class ModelError(ValueError):
    """Several things that are wrong with one record, which do not follow from each other; the message has a line for each.

    Parameters
    ----------
    told : sequence of str
        What is wrong, one sentence each.
    """

    def __init__(self, told: Sequence[str]) -> None:
        super().__init__("\n".join(told))
        self.told = tuple(told)

    def of(self, name: str) -> "ModelError":
        """The same mistakes, each with the `name` of what has them before it."""
        return ModelError([f"{name}: {one}" for one in self.told])


class SpecError(ValueError):
    """A spec, or values in it, cannot be used.

    Parameters
    ----------
    message : str
    problems : sequence of str, optional
        What is wrong, one sentence each, where there are several; the message has a line for each.
    """

    def __init__(self, message: str, problems: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems) or (message,)


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


def check_all(checks: Iterable[Callable[[], object]]) -> None:
    """Make checks that do not rest on each other, so that somebody who made two mistakes is told both.

    Parameters
    ----------
    checks : iterable of callable ()
        Each raises ValueError if something is wrong.

    Raises
    ------
    ValueError
        The one that was raised; `ModelError` with all that was told if there are several.

    Examples
    --------
    >>> check_all([lambda: int("one"), lambda: int("2"), lambda: int("three")])
    Traceback (most recent call last):
    ...
    bioworkbench.records.errors.ModelError: invalid literal for int() with base 10: 'one'
    invalid literal for int() with base 10: 'three'
    """
    errors: list[ValueError] = []
    for check in checks:
        try:
            check()
        except ValueError as error:
            errors.append(error)
    told = dict.fromkeys(one for error in errors for one in (error.told if isinstance(error, ModelError) else [str(error)]))
    if len(told) == 1:
        raise errors[0]
    if told:
        raise ModelError([*told])


def described(error: BaseException) -> str:
    """`error` on one line, where it was not expected: its type, where it arose, and what it says."""
    place = extract_tb(error.__traceback__)
    where = f" in {Path(place[-1].filename).name}, line {place[-1].lineno}" if place else ""
    return " ".join(f"{type(error).__name__}{where}: {error}".split())


def softly(what: str, compute: Callable[[], Value], otherwise: Value, failures: list[str]) -> Value:
    """Result of a computation, or something else where it fails; for what must not lose the results that it is about.

    Parameters
    ----------
    what : str
        Such as "report", for the message.
    compute : callable ()
    otherwise
        Returned if it fails.
    failures : list of str
        Takes one line about a failure.

    Returns
    -------
    object
        What `compute` returns, or `otherwise`.

    Examples
    --------
    >>> failures = []
    >>> softly("mean", lambda: 1 / 0, None, failures), len(failures)
    (None, 1)
    """
    try:
        return compute()
    except Exception as error:
        failures.append(f"No {what}: {described(error)}. The results are whole without it.")
        return otherwise


def unknown_name(given: str, what: str, known: Iterable[str]) -> str:
    """Message for a name that is not among the known ones: the nearest name if it looks like a typo, and all of them.

    Parameters
    ----------
    given : str
        The unknown name.
    what : str
        Kind of thing that it should name, such as "topology".
    known : iterable of str
        Names that exist.

    Returns
    -------
    str

    Examples
    --------
    >>> unknown_name("bernouli", "topology", ["bernoulli", "layered"])
    "'bernouli' is not a topology; did you mean 'bernoulli'? Known: bernoulli, layered"
    """
    names = sorted(set(known))
    near = get_close_matches(str(given), names, n=1)  # a value of another kind is as unknown as a misspelled one
    rest = f"did you mean '{near[0]}'? Known" if near else "known"
    article = "an" if what[0] in "aeiou" else "a"
    return f"'{given}' is not {article} {what}; {rest}: {', '.join(names)}"
