"""Where in a spec file something is, and the errors that are told of it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bioworkbench.experiment.spec.blocks import places_of
from bioworkbench.records.errors import ModelError, SpecError

__all__ = ["Place", "PointProblems", "Problems"]

_MOST_TOLD = 50  # errors that one message lists


@dataclass(frozen=True)
class Place:
    """A field of a spec file; errors that happen there name it.

    Parameters
    ----------
    file : str
    path : str
        Dotted, such as ``"populations.exc.tau"``; empty for the file itself.
    document : mapping
        Tables of the file, which say where it has the fields that are read of ``[models.NAME]`` and of blocks of projections.
    """

    file: str
    path: str = ""
    document: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def __truediv__(self, name: str) -> "Place":
        """The field of that name inside this one."""
        return Place(self.file, f"{self.path}.{name}" if self.path else name, self.document)

    def __str__(self) -> str:
        """File and field, as errors name them."""
        written = places_of(self.document)
        names, rest = self.path, ""
        while names and names not in written:
            names, _, last = names.rpartition(".")
            rest = f".{last}{rest}"
        path = f"{written[names]}{rest}" if names else self.path
        return f"{self.file}, {path}" if path else self.file

    @contextmanager
    def named(self) -> Iterator[None]:
        """Add the name of this file and field, once, to the errors that values cause inside; they become a `SpecError`."""
        try:
            yield
        except SpecError:
            raise
        except ModelError as error:
            problems = error.of(str(self)).told
            raise SpecError("\n".join(problems), problems) from error
        except (ValueError, TypeError, OverflowError, OSError) as error:
            raise SpecError(f"{self}: {error}") from error


class Problems:
    """Errors of a spec that are kept while the rest of it is read, so that all of them are told at once."""

    def __init__(self) -> None:
        self.found: dict[str, None] = {}

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keep the `SpecError` that ends what happens inside."""
        try:
            yield
        except SpecError as error:
            self.found |= dict.fromkeys(error.problems)

    def tried(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """What a `function` returns for its `arguments`; None if it ends in a `SpecError`, which is kept."""
        with self.kept():
            return function(*arguments)
        return None

    def tell(self) -> None:
        """Raise one `SpecError` of all that was kept, if there is any."""
        if self.found:
            lines = [*self.found]
            more = [f"... and {len(lines) - _MOST_TOLD} more"] if len(lines) > _MOST_TOLD else []
            raise SpecError("\n".join([*lines[:_MOST_TOLD], *more]), lines)


class PointProblems:
    """Errors at points of a sweep, each told once, with the values that its points have in common."""

    def __init__(self) -> None:
        self.points: list[tuple[Mapping[str, Any], Problems]] = []

    def at(self, point: Mapping[str, Any]) -> Problems:
        """What keeps the errors of a `point`, which is given as values by field."""
        self.points.append((point, Problems()))
        return self.points[-1][1]

    def tell(self) -> None:
        """Raise one `SpecError` of all errors, if there are any."""
        where: dict[str, list[Mapping[str, Any]]] = {}
        for point, problems in self.points:
            for problem in problems.found:
                where.setdefault(problem, []).append(point)
        told = Problems()
        told.found = {f"{problem}{_where(points)}": None for problem, points in where.items()}
        told.tell()


def _where(points: Sequence[Mapping[str, Any]]) -> str:
    """What points of a sweep have in common, in words; else the first one, and how many others there are."""
    first, *others = points
    common = {name: value for name, value in first.items() if all(other.get(name) == value for other in others)}
    words = ", ".join(f"{name} = {value}" for name, value in (common or first).items())
    more = f", and at {len(others)} more points" if others and not common and words else ""
    return f" (where {words}{more})" if words else ""
