"""What a notebook shows of a spec, a network, a recording, a result, a table and a sweep: fragments of HTML."""

import base64
import html
import os
from pathlib import Path
from typing import Any

from bioworkbench.experiment.results.result import Result
from bioworkbench.experiment.results.swept import Sweep
from bioworkbench.experiment.results.table import Table
from bioworkbench.experiment.spec.plan import construct, estimate
from bioworkbench.experiment.spec.records import ExperimentSpec
from bioworkbench.plots.pictures import network_figure, png, recording_figure
from bioworkbench.readout.spike_statistics import STATISTICS
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import ResultError, SpecError
from bioworkbench.records.network import Network
from bioworkbench.records.recording import Recording
from bioworkbench.report.page import write_report
from bioworkbench.report.pages import rendered
from bioworkbench.report.sweep import sweep_curves
from bioworkbench.report.text import cards, model_text, shown

__all__ = [
    "network_html",
    "recording_html",
    "report_of",
    "result_html",
    "results_html",
    "spec_html",
    "sweep_html",
    "table_html",
]

_MOST_ROWS = 30


def _fragment(title: str, subtitle: str = "", **parts: Any) -> str:
    empty: dict[str, Any] = {"cards": (), "tables": (), "images": (), "texts": (), "link": None}
    return rendered("display.html.jinja", title=title, subtitle=subtitle, **empty | parts)


def _image(figure: Any) -> str:
    return f"data:image/png;base64,{base64.b64encode(png(figure)).decode()}"


def network_html(network: Network) -> str:
    """Diagram and sizes of a network.

    Parameters
    ----------
    network : Network

    Returns
    -------
    str
    """
    n_synapses = sum(projection.n_synapses for projection in network.projections)
    title = f"Network of {counted(sum(network.sizes.values()), 'neuron')} and {counted(n_synapses, 'synapse')}"
    return _fragment(title, images=[_image(network_figure(network))], texts=_models(network))


def _models(network: Network) -> list[tuple[str, str]]:
    return [(f"equations of {p.name}", model_text(p.model)) for p in network.populations]


def spec_html(spec: ExperimentSpec) -> str:
    """Diagram, equations and estimate of a spec; what is wrong with it where it cannot be built.

    Parameters
    ----------
    spec : ExperimentSpec

    Returns
    -------
    str
    """
    try:
        plan = construct(spec)
    except SpecError as error:
        return _fragment(spec.name, f"cannot be built: {error}")
    need = estimate(spec, plan)
    subtitle = (
        f"{counted(need.n_neurons, 'neuron')}, {counted(need.n_synapses, 'synapse')}, "
        f"{counted(need.n_trials, 'trial')} of {counted(need.n_steps, 'step')}, "
        f"about {need.seconds:.0f} s with a first build"
    )
    choices = {"task": spec.task, "input": spec.input, "method": spec.method}
    rows = [[name, choice.kind] for name, choice in choices.items() if choice is not None]
    rows += [["swept", ", ".join(spec.sweep)]] if spec.sweep else []
    return _fragment(
        spec.name,
        subtitle,
        images=[_image(network_figure(plan.network))],
        tables=[(["", ""], [*rows, ["seed", str(spec.seed)]], 2, 0)],
        texts=_models(plan.network),
    )


def recording_html(recording: Recording) -> str:
    """Raster, rates and traces of a recording, and the statistics of its populations.

    Parameters
    ----------
    recording : Recording

    Returns
    -------
    str
    """
    subtitle = f"{counted(recording.n_trials, 'trial')} of {recording.duration * 1e3:g} ms in steps of {recording.dt * 1e3:g} ms"
    rows = [[name, f"{len(spikes):,}", *_statistics(recording, name)] for name, spikes in recording.spikes.items()]
    header = ["population", "spikes", "mean rate (Hz)", "CV of ISI", "synchrony"]
    return _fragment("Recording", subtitle, images=[_image(recording_figure(recording))], tables=[(header, rows, 1, 0)])


def _statistics(recording: Recording, population: str) -> list[str]:
    found = []
    for name in ("mean_rate", "cv_isi", "synchrony"):
        try:
            found.append(shown(name, STATISTICS[name](recording, population)))
        except ValueError:
            found.append("–")
    return found


def result_html(result: Result) -> str:
    """The verdict strip of a result, its pictures, and a link to its report.

    Parameters
    ----------
    result : Result

    Returns
    -------
    str
    """
    report = result.folder / "report.html"
    link = (_address(report), "report.html") if report.is_file() else None
    subtitle = str(result.folder) + (" (run before)" if result.found else "")
    image = _image(recording_figure(result.recording))
    return _fragment(result.folder.parent.name, subtitle, cards=cards(result.record), images=[image], link=link)


def _address(path: Path) -> str:
    """Of a file as a notebook reaches it: relative to where it runs."""
    try:
        return Path(os.path.relpath(path)).as_posix()
    except ValueError:  # on another drive
        return path.absolute().as_uri()


def report_of(result: Result) -> Path:
    """Write the report of a result again, with the curves of its sweep.

    Parameters
    ----------
    result : Result

    Returns
    -------
    Path
        Of the report.

    Raises
    ------
    ResultError
        If it cannot be written.
    """
    return write_report(result.record, result.folder, sweep_curves(result.record.spec, result.folder.parent))


def table_html(table: Table) -> str:
    """A table of scores, its first rows where there are many.

    Parameters
    ----------
    table : Table

    Returns
    -------
    str
    """
    n_left = sum(any(isinstance(row[k], str) for row in table.rows) for k in range(len(table.columns)))
    header, rows = table.in_words()
    tables = [(header, rows[:_MOST_ROWS], n_left, max(0, len(rows) - _MOST_ROWS))]
    left_out = f"{len(table.unreadable)} folders could not be read: {table.unreadable[0]}" if table.unreadable else ""
    return _fragment(f"{len(table.rows)} settings", left_out, tables=tables)


def results_html(results: Any) -> str:
    """The table of some results, or their names where they have no score in common.

    Parameters
    ----------
    results : ResultSet

    Returns
    -------
    str
    """
    try:
        inside = table_html(results.table())
    except (ValueError, ResultError) as error:
        inside = f"<p>{html.escape(str(error))}</p>"
    return _fragment(f"{len(results):,} results", str(results.folder)) + inside


def sweep_html(sweep: Sweep) -> str:
    """What became of the points of a sweep: counts, scores, failures, and a link to its page.

    Parameters
    ----------
    sweep : Sweep

    Returns
    -------
    str
    """
    failures = [[outcome.point.name, outcome.error] for outcome in sweep.failures]
    done = [outcome for outcome in sweep if outcome.status != "failed"]
    subtitle = f"{counted(len(sweep), 'point')} of {', '.join(sweep.fields)}; {len(failures)} failed"
    tables = [(["failed", "why"], failures[:_MOST_ROWS], 2, max(0, len(failures) - _MOST_ROWS))] if failures else []
    page = sweep.file.with_suffix(".html")
    link = (_address(page), page.name) if page.is_file() else None
    fragment = _fragment(f"Sweep of {sweep.experiment}", subtitle, tables=tables, link=link)
    return fragment + (table_html(sweep.table()) if done else "")
