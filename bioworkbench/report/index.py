"""``index.html``: all runs of an experiment, or of several, on one page to sort and filter.

The page carries its data; thumbnails and reports are linked and lie beside it. Nothing here imports Brian2, so that the page of ten
thousand runs is written in seconds.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bioworkbench.experiment.results.columns import numeric, unit_of_metric
from bioworkbench.experiment.results.files import write_text
from bioworkbench.experiment.results.reading import EXPERIMENT, NOT_COMPARED, Summary, differing, is_run, summaries
from bioworkbench.experiment.results.swept import read_sweep
from bioworkbench.experiment.results.table import table_of
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import ResultError
from bioworkbench.report.pages import rendered

__all__ = ["write_index"]

_MOST_FIELDS = 12  # columns of fields; what else differs is one column of text
_MOST_SETTINGS = 200
_THUMBNAIL = "thumbnail.png"


def write_index(folder: str | Path) -> Path:
    """Write ``index.html`` into the folder of an experiment, or into that of several and each of theirs.

    Parameters
    ----------
    folder : str or path

    Returns
    -------
    Path
        Of the page in that folder.

    Raises
    ------
    ResultError
        If there are no results, it is the folder of one run, or the page cannot be written.
    """
    root = Path(folder)
    if is_run(root):
        raise ResultError(f"{folder} is one run; name the folder around it, such as {root.absolute().parent}")
    runs, unreadable = summaries(root)
    experiments: dict[Path, list[Summary]] = {}
    for run in runs:
        experiments.setdefault(run.folder.parent, []).append(run)
    if root in experiments:
        return _write(root, root.resolve().name, experiments[root], unreadable)
    for path, inside in experiments.items():
        _write(path, path.name, inside, [])
    links = [(path.name, f"{quote(path.name)}/index.html") for path in experiments]
    return _write(root, "All results", runs, unreadable, links)


def _write(folder: Path, title: str, runs: list[Summary], unreadable: list[str], links: Sequence[tuple[str, str]] = ()) -> Path:
    pages = [(f"sweep over {_swept(path)}", quote(path.name)) for path in sorted(folder.glob("sweep-*.html"))]
    page = rendered(
        "index.html.jinja",
        title=title.replace("_", " "),
        subtitle=f"{counted(len(runs), 'run')}" + (f", {len(unreadable):,} folders that could not be read" if unreadable else ""),
        links=[*links, *pages],
        table=None if links else _settings(runs),
        unreadable=unreadable[:5],
        data=_data(folder, runs, several=bool(links)),
    )
    path = folder / "index.html"
    write_text(path, page)
    return path


def _swept(path: Path) -> str:
    """What the sweep of a page sets; its name where the file that says so is gone."""
    try:
        return ", ".join(read_sweep(path.with_suffix(".json")).fields)
    except ResultError:
        return path.stem.removeprefix("sweep-")


def _settings(runs: Sequence[Summary]) -> Mapping[str, Any] | None:
    """Mean and error of every setting; None where all runs are one setting, settings are many, or have no score in common."""
    if len(runs) > 50 * _MOST_SETTINGS:
        return None
    try:
        found = table_of(runs)
    except ValueError:
        return None
    if not 1 < len(found.rows) <= _MOST_SETTINGS:
        return None
    header, rows = found.in_words()
    return {"header": header, "rows": rows}


def _data(folder: Path, runs: Sequence[Summary], several: bool) -> dict[str, Any]:
    """Columns and rows of the list of runs, as JSON data."""
    columns = [("experiment", [run.fields[EXPERIMENT] for run in runs])] if several else []
    columns += [("what differs", _differences(runs))] if several else _fields(runs)
    columns += _scores(runs, rates=not several)
    columns += [("mean rates (Hz)", [_rates(run) for run in runs])] if several else []
    columns.append(("time (s)", [run.numbers.get("timing.total") for run in runs]))
    columns.append(("finished", [_minute(run.finished) for run in runs]))
    names, values = zip(*columns, strict=True)
    cells = [[_plain(value) for value in row] for row in zip(*values, strict=True)]
    rows = [{"cells": row, **links} for row, links in zip(cells, _links(folder, runs), strict=True)]
    return {"columns": list(names), "rows": rows}


def _plain(value: Any) -> Any:
    """Something that JavaScript has as well: whole numbers beyond 2**53 are text there."""
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**53
    return value if not whole and isinstance(value, int | float | str | None) else str(value)


def _links(folder: Path, runs: Sequence[Summary]) -> Iterator[dict[str, str]]:
    """Name of each run, and addresses of its report and thumbnail as seen from a folder."""
    places: dict[str, str] = {}  # of each experiment: paths are taken apart once, not ten thousand times
    for run in runs:
        parent, name = os.path.split(str(run.folder))
        if parent not in places:
            inside = Path(parent).relative_to(folder).parts
            places[parent] = "".join(f"{quote(part)}/" for part in inside)
        place = f"{places[parent]}{quote(name)}/"
        there = [file if os.path.exists(f"{parent}/{name}/{file}") else "" for file in ("report.html", _THUMBNAIL)]
        yield {"name": name, "link": f"{place}{there[0]}", "thumb": there[1] and f"{place}{there[1]}"}


def _minute(finished: Any) -> str | None:
    return finished[:16].replace("T", " ") if isinstance(finished, str) else None


def _fields(runs: Sequence[Summary]) -> list[tuple[str, list[Any]]]:
    """What differs between the runs of an experiment, a column per field, numbers in one unit."""
    names = [name for name in differing(runs) if name not in (*NOT_COMPARED[1:], EXPERIMENT)]
    columns = [numeric(name, [run.setting(name) for run in runs]) for name in names[:_MOST_FIELDS]]
    rest = names[_MOST_FIELDS:]
    if rest:
        texts = [_written(run, rest) for run in runs]
        columns.append(("what else differs", texts))
    return columns


def _differences(runs: Sequence[Summary]) -> list[Any]:
    """What sets each run apart in its own experiment, as text."""
    groups: dict[str, list[Summary]] = {}
    for run in runs:
        groups.setdefault(run.fields[EXPERIMENT], []).append(run)
    names = {experiment: differing(inside) for experiment, inside in groups.items()}
    return [_written(run, names[run.fields[EXPERIMENT]]) or None for run in runs]


def _written(run: Summary, names: Sequence[str]) -> str:
    """Fields of a run and their values, those that it has."""
    values = {name: run.setting(name) for name in names}
    texts = {name: str(value).lower() if isinstance(value, bool) else value for name, value in values.items()}
    return ", ".join(f"{name} = {text}" for name, text in texts.items() if text is not None)


def _rates(run: Summary) -> str | None:
    """Mean rates of all populations as text: experiments have others each, so that columns of their own would be mostly empty."""
    rates = {population: run.numbers.get(f"activity.{population}.mean_rate") for population in run.activity}
    return ", ".join(f"{population} {rate:.3g}" for population, rate in rates.items() if rate is not None) or None


def _scores(runs: Sequence[Summary], *, rates: bool) -> list[tuple[str, list[Any]]]:
    """A column per test score; where there is none and `rates` are asked for, rates and irregularity of populations."""
    names = dict.fromkeys(name for run in runs for name in run.scores)
    usual = (f"activity.{p}.{s}" for run in runs for p in run.activity for s in ("mean_rate", "cv_isi") if rates)
    names = list(names or dict.fromkeys(usual))[:_MOST_FIELDS]
    return [(unit_of_metric(name).removeprefix("activity."), [run.numbers.get(name) for run in runs]) for name in names]
