"""Names of what is followed while a network is trained, the entries of `TrainedNetwork.history`.

A method may follow whatever it likes. What reports and figures find again has its name here, with what is counted along it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = [
    "ACCURACY_BY_STEPS",
    "DEVIATION",
    "GAP_BY_ITERATION",
    "NODE_SPARSITY",
    "RATE",
    "SCORE",
    "VALIDATION_ERROR",
    "Course",
    "course_of",
    "kind_and_member",
    "of_member",
]

SCORE = "score"  # on the validation trials, larger is better
NODE_SPARSITY = "node_sparsity"  # fraction of hidden neurons that are on no path
VALIDATION_ERROR = "validation_error"  # by penalty
ACCURACY_BY_STEPS, GAP_BY_ITERATION = "accuracy_by_steps", "gap_by_iteration"
RATE, DEVIATION = "rate", "deviation"  # of each population, of each layer


@dataclass(frozen=True)
class Course:
    """What an entry shows.

    Parameters
    ----------
    title : str
    over : str
        What is counted along it.
    lowest_wins : bool
        Whether it was tried out, and the lowest taken.
    """

    title: str
    over: str = "training step"
    lowest_wins: bool = False


_COURSES = {
    ACCURACY_BY_STEPS: Course("accuracy", "simulation steps"),
    GAP_BY_ITERATION: Course("gap", "iteration"),
    VALIDATION_ERROR: Course("validation error", "penalty tried, from small to large", lowest_wins=True),
}


def course_of(kind: str) -> Course:
    """What entries of a `kind` show; those that are not named here go over training steps."""
    return _COURSES.get(kind, Course(kind.replace("_", " ")))


def of_member(kind: str, member: object) -> str:
    """Name of the entry of a `kind` that is of one `member`: a population, or a layer by number."""
    return f"{kind}_{member}"


def kind_and_member(name: str, members: Sequence[str] = ()) -> tuple[str, str]:
    """Kind and member of an entry.

    Parameters
    ----------
    name : str
    members : sequence of str
        Such as the names of populations; numbers are always members. Of two that fit, it is the longer one.

    Returns
    -------
    str, str
        The member is empty where there is none.

    Examples
    --------
    >>> kind_and_member("rate_exc", ["exc"]), kind_and_member("deviation_0"), kind_and_member("n_links")
    (('rate', 'exc'), ('deviation', '0'), ('n_links', ''))
    """
    for member in sorted(members, key=len, reverse=True):
        if name.endswith(of_member("", member)):
            return name.removesuffix(of_member("", member)), member
    kind, _, last = name.rpartition("_")
    return (kind, last) if kind and last.isdigit() else (name, "")
