"""``bioworkbench check``: everything that can be known about a spec without simulating it."""

import shlex
from collections.abc import Mapping
from itertools import chain
from math import isnan
from pathlib import Path
from typing import Annotated, Any

import typer

from bioworkbench.commands.sparing import imported
from bioworkbench.commands.terminal import BAD_INPUT, labeled, output, progress_bars, rich_table, warn, with_exit_codes, words
from bioworkbench.experiment.results.spec_fingerprints import fingerprint
from bioworkbench.experiment.spec.changes import parse_changes
from bioworkbench.experiment.spec.plan import Plan, estimate
from bioworkbench.experiment.spec.ranges import Range
from bioworkbench.experiment.spec.reader import load, sweep_points
from bioworkbench.experiment.spec.records import ExperimentSpec
from bioworkbench.experiment.spec.validation import examined_file
from bioworkbench.experiment.warnings import about_backend, about_network
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import SpecError

__all__ = ["check_command"]


@with_exit_codes
def check_command(
    specs: list[Path],
    changes: Annotated[list[str] | None, typer.Option("--set", metavar="FIELD=VALUE")] = None,
    converge: Annotated[bool, typer.Option("--converge")] = False,
    seeds: Annotated[int, typer.Option(min=1)] = 5,
    backend: str = "auto",
) -> None:
    """Check fields, units, equations, data and memory of specs, and estimate the time; simulates nothing but for --converge.

    Parameters
    ----------
    specs : list of path
        TOML files.
    changes : list of str, optional
        Set a value of the specs.
    converge : bool
        Run at dt and dt/2, and show what moves.
    seeds : int
        Seeds that --converge runs.
    backend : str
        For --converge: auto, numpy, cython, cpp or cuda.
    """
    wanted = parse_changes(changes or [])
    if sum([not _is_fine(path, wanted) for path in specs]):
        raise typer.Exit(BAD_INPUT)
    if converge:
        for path in specs:
            _show_convergence(path, wanted, seeds, backend)
    again = [word for change in changes or [] for word in ("--set", change)]
    output.print(f"Next: bioworkbench {shlex.join(['run', str(specs[0]), *again])}", markup=False, soft_wrap=True)


def _show_convergence(path: Path, changes: Mapping[str, Any], n_seeds: int, backend: str) -> None:
    """Table of what moves when the time step is halved; a star where it moves by two standard errors or more."""
    spec = load(path, changes)
    with progress_bars() as progress:
        convergence = imported("bioworkbench.experiment.convergence")  # brings all that runs need
        shifts = convergence.converged(
            spec, n_seeds=n_seeds, backend=backend, progress=lambda done, total: progress("runs", done, total)
        )
    header = ["", f"dt = {spec.document['dt']}", "half of it", "difference", "standard error", ""]
    rows = [
        [shift.name, *map(_number, (shift.whole, shift.half, shift.change, shift.error)), "*" * shift.counts] for shift in shifts
    ]
    output.print(rich_table(header, rows))
    moved = [shift.name for shift in shifts if shift.counts]
    if n_seeds == 1:
        told = "A single seed has no standard error to judge by; take more (--seeds)."
    elif moved:
        told = f"{', '.join(moved)} moved by at least two standard errors (*); take a smaller dt."
    else:
        told = f"Nothing moved by two standard errors over {n_seeds} seeds."
    words.print(told, markup=False)


def _number(value: float) -> str:
    return "–" if isnan(value) else f"{value:.4g}"


def _is_fine(path: Path, changes: Mapping[str, Any]) -> bool:
    try:
        spec, plan = examined_file(path, changes)
        output.print(f"fine   {path}: {on_one_line(spec, plan)}")
    except SpecError as error:
        for problem in error.problems:
            words.print(labeled("error", f" {problem}", "bold red"))
        return False
    doubts = about_network(plan.network, plan.stimulus, spec.dt, plan.stimulus.duration)
    for warning in chain(about_backend(spec.backend), doubts):
        warn(warning)
    return True


def on_one_line(spec: ExperimentSpec, plan: Plan) -> str:
    """Sizes, memory, time and fingerprint of a spec on one line.

    Parameters
    ----------
    spec : ExperimentSpec
    plan : Plan
        What a run of it starts from.

    Returns
    -------
    str
    """
    need = estimate(spec, plan)
    source = f"; task from {plan.task.reference}" if plan.task is not None else ""
    searched = [name for name, values in spec.sweep.items() if isinstance(values, Range) and values.steps is None]
    n_points = 0 if searched else len(sweep_points(spec))
    sweep = (
        f", {counted(n_points, 'point')} in its sweep" if n_points else f", {', '.join(searched)} to optimize" if searched else ""
    )
    return (
        f"{counted(need.n_neurons, 'neuron')}, {counted(need.n_synapses, 'synapse')}, "
        f"{counted(need.n_trials, 'trial')} of {counted(need.n_steps, 'step')}, "
        f"{need.bytes_per_trial / 1e6:.3g} MB a trial, about {need.seconds:.0f} s with a first build{sweep}{source}; "
        f"fingerprint {fingerprint(spec)}"
    )
