"""Tables over many results: one row per setting, with mean and standard error over the seeds, beside the baselines."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bioworkbench.experiment.results.columns import cell_text, numeric, order, texts, unit_of_metric
from bioworkbench.experiment.results.files import write_text
from bioworkbench.experiment.results.reading import NOT_COMPARED, SEED, Summary, differing, summaries
from bioworkbench.records.above import made_above
from bioworkbench.records.averages import mean_and_error
from bioworkbench.records.cells import safe_cell
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import unknown_name

__all__ = ["Table", "table", "table_of"]

_ACTIVITY = ("mean_rate", "cv_isi")  # of every population, where there is no task


@dataclass(frozen=True)
class Table:
    """Columns and rows of scores.

    Parameters
    ----------
    columns : tuple of str
        The fields that the rows differ in, with their units; the metric, "error" (its standard error over the seeds), "n" (how many
        seeds), and the baselines. Without a task: rate and irregularity of every population, each with its error.
    rows : tuple of tuples
        None where nothing is defined: the error of a single seed, a field that a spec leaves to its default.
    unreadable : tuple of str
        Why folders were left out: damaged, incomplete, of a later version.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    unreadable: tuple[str, ...] = ()

    def to_csv(self, path: str | Path) -> None:
        """Write a CSV file with a header; what is not defined stays empty.

        Parameters
        ----------
        path : str or path

        Raises
        ------
        ResultError
            If it cannot be written.
        """
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([map(safe_cell, row) for row in (self.columns, *self.rows)])
        write_text(Path(path), text.getvalue())

    def in_words(self) -> tuple[list[str], list[list[str]]]:
        """Header and rows as texts: four digits, or what tells settings apart, each error behind its mean, a dash for nothing.

        Returns
        -------
        list of str, list of lists of str

        Examples
        --------
        >>> Table(("sigma (mV)", "accuracy", "error", "n"), ((2, 0.91234, 0.0123, 5),)).in_words()
        (['sigma (mV)', 'accuracy', 'n'], [['2', '0.9123 ± 0.012', '5']])
        """
        errors = {k for k, name in enumerate(self.columns) if name == "error" or name.startswith("error of ")}
        columns = list(zip(*self.rows, strict=True)) or [()] * len(self.columns)
        n_settings = min(errors, default=1) - 1
        cells = [texts(column) if k < n_settings else list(map(cell_text, column)) for k, column in enumerate(columns)]
        for k in errors:
            cells[k - 1] = [mean + _error(error) for mean, error in zip(cells[k - 1], columns[k], strict=True)]
        kept = [k for k in range(len(self.columns)) if k not in errors]
        rows = [list(row) for row in zip(*(cells[k] for k in kept), strict=True)]
        return [self.columns[k].removeprefix("activity.") for k in kept], rows

    def to_markdown(self) -> str:
        """The table as Markdown; see `in_words`."""
        header, rows = self.in_words()
        rows = [header, ["---"] * len(header), *rows]
        return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |\n" for row in rows)

    def to_latex(self) -> str:
        """The table as LaTeX, with the rules of booktabs."""
        names, cells = self.in_words()
        header, *rows = [" & ".join(map(_latex, row)) + r" \\" for row in (names, *cells)]
        lines = [rf"\begin{{tabular}}{{{'r' * len(names)}}}", r"\toprule", header, r"\midrule", *rows, r"\bottomrule"]
        return "\n".join([*lines, r"\end{tabular}", ""])

    def __repr__(self) -> str:
        return f"<table of {counted(len(self.rows), 'row')}: {', '.join(self.columns)}>"

    def _repr_html_(self) -> str:
        return made_above("table_html", self)

    def to_frame(self) -> Any:
        """The table as a pandas data frame."""
        return made_above("table_frame", self)


def _error(value: float | None) -> str:
    return "" if value is None else f" ± {value:.2g}"


_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "–": "--",
    "±": r"$\pm$",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}


def _latex(text: str) -> str:
    """Text whose characters LaTeX does not take for commands."""
    return "".join(_LATEX.get(character, character) for character in text)


def table(folders: Iterable[str | Path] | str | Path, metric: str = "", by: Sequence[str] = ()) -> Table:
    """Mean and standard error of a metric over the seeds, for every setting in some results.

    Parameters
    ----------
    folders : path, or paths
        Results folders, folders of experiments (``results/<experiment>``), or whole stores.
    metric : str
        A test score such as "accuracy", or a dotted entry of ``metrics.json`` such as "train.accuracy" or
        "activity.exc.mean_rate"; by default the first test score, and without a task rate and irregularity of every population.
    by : sequence of str
        Dotted fields of the specs, such as "populations.exc.sigma"; by default all that differ between the results. Whatever
        else differs, apart from the seed, is not averaged over; copies of a run count once.

    Returns
    -------
    Table

    Raises
    ------
    ResultError
        If there are no results.
    ValueError
        If no result has the metric or a field, or results of one row differ in something else than the seed.
    """
    return table_of(*summaries(folders), metric, by)


def table_of(runs: Sequence[Summary], unreadable: Sequence[str] = (), metric: str = "", by: Sequence[str] = ()) -> Table:
    """The table of runs that have been read already; see `table`.

    Parameters
    ----------
    runs : sequence of Summary
    unreadable : sequence of str
        Why others could not be read.
    metric : str
        Test score, or entry of ``metrics.json``; the first test score by default.
    by : sequence of str
        Dotted fields of the specs; by default all that differ.

    Returns
    -------
    Table

    Raises
    ------
    ValueError
        As `table`.
    """
    metrics = [metric] if metric else _usual_metrics(runs)
    known = {name for run in runs for name in run.numbers}
    for name in metrics:
        if name not in known:
            raise ValueError(unknown_name(name, "metric of these results", known))
    different = differing(runs)
    fields = {name for run in runs for name in run.fields}
    for name in by:
        if name not in fields:
            raise ValueError(unknown_name(name, "field of these specs", fields))
    shown = tuple(by) or tuple(name for name in different if name not in NOT_COMPARED)
    groups = _groups(runs, shown)
    _check_alike(groups, shown, different)
    groups = [(values, _each_seed_once(runs)) for values, runs in groups]
    labels = list(zip(*(values for values, _ in groups), strict=True))
    groups = [groups[k] for k in order(labels)]
    columns = [numeric(name, [values[k] for values, _ in groups]) for k, name in enumerate(shown)]
    columns += _score_columns([runs for _, runs in groups], metrics)
    names, values = zip(*columns, strict=True)
    return Table(tuple(names), tuple(zip(*values, strict=True)), tuple(unreadable))


def _usual_metrics(runs: Sequence[Summary]) -> list[str]:
    """The first test score; where there is none, rate and irregularity of every population."""
    for run in runs:
        for name in run.scores:
            return [name]
    populations = dict.fromkeys(name for run in runs for name in run.activity)
    found = [f"activity.{name}.{statistic}" for name in populations for statistic in _ACTIVITY]
    if not found:
        known = sorted({name for run in runs for name in run.numbers})
        raise ValueError(f"these {len(runs)} results have no test scores; give --metric, one of {', '.join(known)}")
    return found


def _score_columns(groups: Sequence[Sequence[Summary]], metrics: Sequence[str]) -> list[tuple[str, list[Any]]]:
    """Name and values of the columns behind the fields."""
    columns: list[tuple[str, list[Any]]] = []
    for metric in metrics:
        found = [_mean_and_error([run.numbers.get(metric) for run in runs]) for runs in groups]
        columns.append((unit_of_metric(metric), [mean for mean, _ in found]))
        columns.append(("error" if len(metrics) == 1 else f"error of {unit_of_metric(metric)}", [error for _, error in found]))
    counts = [max(sum(run.numbers.get(metric) is not None for run in runs) for metric in metrics) for runs in groups]
    columns.append(("n", counts))
    for baseline in sorted({name for runs in groups for run in runs for name in run.baselines}):
        found = [_mean_and_error([run.baselines.get(baseline, {}).get(metrics[0]) for run in runs]) for runs in groups]
        columns.append((baseline, [mean for mean, _ in found]))
    return columns


def _mean_and_error(values: Sequence[float | None]) -> tuple[float | None, float | None]:
    found = [value for value in values if value is not None]
    return mean_and_error(found) if found else (None, None)


def _groups(runs: Sequence[Summary], by: tuple[str, ...]) -> list[tuple[tuple[Any, ...], list[Summary]]]:
    groups: dict[str, tuple[tuple[Any, ...], list[Summary]]] = {}
    for run in runs:
        values = tuple(run.setting(name) for name in by)
        groups.setdefault(repr(values), (values, []))[1].append(run)
    return list(groups.values())


def _each_seed_once(runs: Sequence[Summary]) -> list[Summary]:
    """Runs without copies of them in other folders, which would count as further seeds."""
    found: dict[Any, Summary] = {}
    for run in runs:
        first = found.setdefault(run.setting(SEED), run)
        if _numbers_of(first) != _numbers_of(run):
            raise ValueError(
                f"{first.folder} and {run.folder} have the same settings and seed, but other numbers, as of another version or file of "
                "data; name one of them"
            )
    return list(found.values())


def _numbers_of(run: Summary) -> dict[str, Any]:
    """Numbers that the same run has every time."""
    return {name: value for name, value in run.numbers.items() if not name.startswith(("timing.", "profile."))}


def _check_alike(groups: list[tuple[tuple[Any, ...], list[Summary]]], by: tuple[str, ...], different: list[str]) -> None:
    others = [name for name in different if name not in (*by, *NOT_COMPARED)]
    for values, runs in groups:
        for name in others:
            found = list(dict.fromkeys(repr(run.setting(name)) for run in runs))
            if len(found) > 1:
                row = ", ".join(map(str, values)) or "all results"
                raise ValueError(f"{row}: {name} differs too ({', '.join(found[:3])}); add --by {name}, or name fewer results")
