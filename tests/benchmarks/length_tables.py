"""Tables of the page on lengths: kept as CSV by the benchmarks that measure them, shown in Markdown by the page.

``python -m tests.benchmarks.length_tables`` puts the tables into the page again.
"""

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pandas as pd

__all__ = ["PAGE", "markdown_of_lengths", "markdown_of_regrowth", "measured_again", "read", "with_tables"]

SITE = Path(__file__).parents[2] / "analyses" / "site"
PAGE = SITE / "lengths.md"

Rows = list[list[str]]


def measured_again(
    file: Path | None, head: Sequence[str], cases: Iterable[tuple[str, str, Callable[[], Rows]]], names: Sequence[str] = ()
) -> None:
    """Measure networks and write their rows into a table; rows of the others are kept.

    Parameters
    ----------
    file : path, optional
        Without one, nothing is written.
    head : sequence of str
        Columns; the first two are the name and the kind of a network.
    cases : iterable of (name, kind, function that returns rows)
    names : sequence of str
        Networks to measure, each as ``name`` or ``name, kind``; all if there are none.
    """
    order, kept = [], read(file) if file and names else {}
    for name, kind, measure in cases:
        order.append((name, kind))
        if not names or name in names or f"{name}, {kind}" in names:
            kept[name, kind] = measure()
            if file:
                _write(file, head, [row for network in order for row in kept.get(network, [])], kept, order)


def _write(file: Path, head: Sequence[str], rows: Rows, kept: dict[tuple[str, str], Rows], order: list[tuple[str, str]]) -> None:
    later = [row for network, theirs in kept.items() if network not in order for row in theirs]
    with file.open("w", encoding="utf-8", newline="") as to:
        csv.writer(to, lineterminator="\n").writerows([head, *rows, *later])


def read(file: Path) -> dict[tuple[str, str], Rows]:
    """Rows of a table by name and kind of the network; none if there is no such file."""
    found: dict[tuple[str, str], Rows] = {}
    if file.is_file():
        with file.open(encoding="utf-8") as given:
            for row in list(csv.reader(given))[1:]:
                found.setdefault((row[0], row[1]), []).append(row)
    return found


def with_tables(page: str) -> str:
    """The page with every table, which stands behind a comment with its name, as the CSV files have it."""
    for name, made in (("lengths", markdown_of_lengths), ("regrowth", markdown_of_regrowth)):
        for kind in ("undirected", "directed"):
            place = re.compile(rf"(<!-- {name}, {kind} -->\n)(\|.*\n)*")
            page = place.sub(lambda found, made=made, kind=kind: f"{found[1]}{made(kind)}\n", page)
    return page


def markdown_of_lengths(kind: str) -> str:
    """Predictors beside each other, a line for every network with such links."""
    columns = ("network", "n_nodes", "n_links", "clustering")
    return _markdown(
        SITE / "lengths.csv", kind, columns, "predictor", "aupr", lambda row: f"{row.aupr:.3f} ± {row.half_width:.3f}"
    )


def markdown_of_regrowth(kind: str) -> str:
    """Rules beside each other, a line for every network with such links."""
    columns = ("network", "n_links", "clustering")
    return _markdown(
        SITE / "regrowth.csv", kind, columns, "rule", "kept",
        lambda row: f"{row.kept:.3f} ± {row.half_width:.3f} ({row.clustering_after:.2f})",
    )  # fmt: skip


def _markdown(file: Path, kind: str, columns: Sequence[str], by: str, value: str, cell: Callable[[pd.Series], str]) -> str:
    """The largest number of every line in bold."""
    table = pd.read_csv(file)
    table = table[table["links are"] == kind]
    entries = [*NAMES] if by == "predictor" else [*RULES]
    entries = [name for name in entries if name in set(table[by])]
    titles = [*(TITLES.get(name, name) for name in columns), *(RULES.get(name, name) for name in entries)]
    lines = [f"| {' | '.join(titles)} |", "|" + "---|" * len(titles)]
    for _, rows in table.groupby("network", sort=False):
        found = rows.set_index(by)
        best = found[value].idxmax()
        cells = {name: cell(found.loc[name]) if name in found.index else "–" for name in entries}
        cells = [f"**{text}**" if name == best else text for name, text in cells.items()]
        lines.append(f"| {' | '.join([*(str(rows[name].iloc[0]) for name in columns), *cells])} |")
    return "\n".join(lines)


TITLES = {"n_nodes": "nodes", "n_links": "links"}
NAMES = (
    "CH2-L2", "CH3-L2", "RA-L2", "CH2-L3", "CH3-L3", "RA-L3", "CHA", "two steps", "reverse link", "preferential attachment", "random"
)  # fmt: skip
RULES = {
    "ch2_l2": "CH2-L2", "ch3_l2": "CH3-L2", "ra_l2": "RA-L2", "ch2_l3": "CH2-L3", "ch3_l3": "CH3-L3", "ra_l3": "RA-L3", "random": "random"
}  # fmt: skip


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
