"""The tables of the page on reproduced claims: what is claimed stands in ``reproduced.toml``, what was scored in ``reproduced.json``.

``python -m tests.verification.reproduced [FOLDER]`` takes the rows that verification tests kept in a folder (`records.record`) and puts
all tables into the page again. One rule gives every state: a difference counts from two standard errors.
"""

import json
import math
import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bioworkbench.records.averages import mean_and_error
from tests.verification.records import joined

__all__ = ["PAGE", "Difference", "Row", "Scores", "read", "table", "taken_over", "with_tables"]

SITE = Path(__file__).parents[2] / "analyses" / "site"
PAGE, CLAIMS, SCORES = (SITE / f"reproduced.{suffix}" for suffix in ("md", "toml", "json"))
COUNTS_FROM = 2.0  # standard errors
HEAD = ("claim", "protocol", "published", "ours", "seeds", "state", "command")


@dataclass(frozen=True)
class Difference:
    """A mean with its standard error, which is None for a single seed, and where it was not kept."""

    mean: float
    error: float | None

    @property
    def sign(self) -> int | None:
        """1, 0 or -1: above 0, not told from it, below it by the rule; None where no error is known."""
        if self.error is None:
            return None
        return 0 if abs(self.mean) < COUNTS_FROM * self.error else int(np.sign(self.mean))

    def text(self, digits: int, *, sign: bool = False) -> str:
        """With so many digits, or as many as show the first one of the error."""
        if self.error:
            digits = max(digits, -math.floor(math.log10(self.error)))
        return f"{self.mean:{'+' * sign}.{digits}f}" + ("" if self.error is None else f" ± {self.error:.{digits}f}")


@dataclass(frozen=True)
class Scores:
    """What the arms of a row scored.

    Parameters
    ----------
    n_seeds : int
    arms : mapping
        Scores by seed; or, of runs whose single scores were not kept, a mapping with "mean" and, where it is known, "error".
    pairs : mapping
        Of such runs: mean and error of the difference of ours from an arm, paired by seed.
    """

    n_seeds: int
    arms: Mapping[str, Any]
    pairs: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def of(self, arm: str) -> Difference:
        """Mean of an arm, and its standard error."""
        given = self.arms[arm]
        return Difference(given["mean"], given.get("error")) if isinstance(given, Mapping) else Difference(*mean_and_error(given))

    def between(self, ours: str, arm: str) -> Difference:
        """Mean of the differences between two arms, paired where the single scores are known."""
        if arm in self.pairs:
            return Difference(self.pairs[arm]["mean"], self.pairs[arm].get("error"))
        one, other = self.arms[ours], self.arms[arm]
        if not isinstance(one, Mapping) and not isinstance(other, Mapping):
            return Difference(*mean_and_error(np.subtract(one, other)))
        first, second = self.of(ours), self.of(arm)
        errors = [value.error for value in (first, second) if value.error is not None]
        return Difference(first.mean - second.mean, math.hypot(*errors) if first.error is not None and errors else None)


@dataclass(frozen=True)
class Row:
    """A claim, and how what was scored is set against it.

    Parameters
    ----------
    name, part, claim, protocol, command : str
        `part` names the table that has the row.
    published : float, optional
        None where nothing is published, or nothing that can be compared.
    published_as : str
        What the cell shows in place of that number.
    ours : str
        The arm whose score is ours.
    against : mapping of arm to float
        Arms that ours should be ahead of, each by so much at least; below 0, by so much it may be behind.
    level_with : sequence of str
        Arms that ours should not be behind, as it should not be behind what is published.
    beside : sequence of str
        Arms that are shown and not compared.
    less_is_better : bool
    exact : bool
        The same whatever the seed, so that a single run has no error.
    unit : str
    digits : int
        Shown of a score without an error.
    why : str
        What is known of the reason, or of limits of the row.
    """

    name: str
    part: str
    claim: str
    protocol: str
    command: str
    published: float | None = None
    published_as: str = ""
    ours: str = "ours"
    against: Mapping[str, float] = field(default_factory=dict)
    level_with: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    less_is_better: bool = False
    exact: bool = False
    unit: str = "%"
    digits: int = 2
    why: str = ""

    def cells(self, scores: Scores | None) -> list[str]:
        """One line of the table; None stands for a row that was not run."""
        if scores is None:
            return [
                self.claim,
                self.protocol,
                self._published(),
                "–",
                "0",
                _sentence("**not run**", self.why),
                f"`{self.command}`",
            ]
        others = [arm for arm in (*self.against, *self.level_with, *self.beside) if arm in scores.arms]
        ours = self._shown(scores.of(self.ours)) if self.ours in scores.arms else "differences alone"
        shown = "; ".join([ours, *(f"{arm} {self._shown(scores.of(arm))}" for arm in others)])
        state = _sentence(self.state(scores), self.why)
        return [self.claim, self.protocol, self._published(), shown, str(scores.n_seeds), state, f"`{self.command}`"]

    def _published(self) -> str:
        return self.published_as or ("–" if self.published is None else f"{self.published:g} {self.unit}".strip())

    def _shown(self, value: Difference) -> str:
        return f"{value.text(self.digits)} {self.unit}".strip()

    def state(self, scores: Scores) -> str:
        """The verdict, and every comparison in words."""
        better, found, words = -1 if self.less_is_better else 1, [], []
        if self.published is not None:
            ours = scores.of(self.ours)
            error = 0.0 if self.exact else ours.error
            found.append((Difference(better * (ours.mean - self.published), error), True))
            words.append(f"{_place(found[-1][0])} what is published")
        for arm, margin in [*self.against.items(), *((arm, 0.0) for arm in self.level_with)]:
            apart = scores.between(self.ours, arm)
            found.append((Difference(better * apart.mean - margin, apart.error), arm in self.level_with))
            more = f" {margin:+g}" if margin else ""
            words.append(f"{_place(found[-1][0])} {arm}{more} ({apart.text(self.digits, sign=True)})")
        return f"**{_verdict(found)}**" + (": " + ", ".join(words) if words else "")


def _sentence(state: str, why: str) -> str:
    return f"{state}. {why}" if why else state


def _place(gap: Difference) -> str:
    """Where ours is; by the mean alone where no error is known."""
    if gap.sign is None:
        return "better than" if gap.mean > 0 else "worse than" if gap.mean < 0 else "equal to"
    return {1: "ahead of", 0: "level with", -1: "behind"}[gap.sign]


def _verdict(found: list[tuple[Difference, bool]]) -> str:
    """Of how far ours is ahead of each, and whether level is enough."""
    if not found:
        return "seen"
    if any(gap.sign == -1 for gap, _ in found):
        return "does not hold"
    if any(gap.sign is None for gap, _ in found):
        as_claimed = all(gap.mean > 0 or (enough and gap.mean == 0) for gap, enough in found)
        return "open, as claimed so far" if as_claimed else "open, not as claimed so far"
    return "not shown" if any(gap.sign == 0 and not enough for gap, enough in found) else "holds"


def read() -> tuple[list[Row], dict[str, Scores]]:
    """Rows in their order, and scores by the name of the row."""
    claims = tomllib.loads(CLAIMS.read_text(encoding="utf-8"))["rows"]
    kept = json.loads(SCORES.read_text(encoding="utf-8"))
    scores = {name: Scores(_n_seeds(found), found["scores"], found.get("pairs", {})) for name, found in kept.items()}
    return [Row(**row) for row in claims], scores


def _n_seeds(found: Mapping[str, Any]) -> int:
    return len(found["seeds"]) if "seeds" in found else found["n_seeds"]


def table(part: str) -> str:
    """The rows of a part as a table in Markdown."""
    rows, scores = read()
    lines = [row.cells(scores.get(row.name)) for row in rows if row.part == part]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [HEAD, ["---"] * len(HEAD), *lines])


def with_tables(page: str) -> str:
    """The page with the table of each part behind the comment that names it."""
    place = re.compile(r"(<!-- rows: ([^>]+?) -->\n)(\|.*\n)*")
    return place.sub(lambda found: f"{found[1]}{table(found[2])}\n", page)


def taken_over(kept: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Scores by row with those of a folder: further seeds of the same arms join a row, otherwise the row with more seeds stays."""
    found = dict(kept)
    for file in sorted(folder.glob("*.json")):
        new, old = json.loads(file.read_text(encoding="utf-8")), found.get(file.stem, {"n_seeds": 0})
        if "seeds" in old:
            new = joined(old, new)
        if _n_seeds(new) >= _n_seeds(old):
            found[file.stem] = new
        else:
            print(f"{file.stem}: {_n_seeds(new)} seeds, fewer than the {_n_seeds(old)} of the page; left out")
    return found


def main(folders: list[str]) -> None:
    """Take over what folders hold, and write the page."""
    kept = json.loads(SCORES.read_text(encoding="utf-8"))
    for folder in folders:
        kept = taken_over(kept, Path(folder))
    names = [row.name for row in read()[0]]
    for name in kept.keys() - names:
        print(f"{name}: no row of {CLAIMS.name} has that name; left out")
    kept = {name: kept[name] for name in names if name in kept}
    lines = [f" {json.dumps(name)}: {json.dumps(found)}" for name, found in kept.items()]
    SCORES.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
