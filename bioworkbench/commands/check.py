"""``bioworkbench check``: everything that can be known about a spec without simulating it."""

from pathlib import Path
from typing import Annotated

import typer

from bioworkbench.commands.terminal import BAD_INPUT, output, with_exit_codes, words
from bioworkbench.errors import SpecError
from bioworkbench.results.store import fingerprint
from bioworkbench.spec.plan import construct, estimate
from bioworkbench.spec.ranges import Range
from bioworkbench.spec.reader import load, sweep_points

__all__ = ["check_command"]


@with_exit_codes
def check_command(specs: Annotated[list[Path], typer.Argument(help="TOML files.")]) -> None:
    """Check fields, units, equations, data and memory of specs, and estimate the time; simulates nothing."""
    if sum([not _is_fine(path) for path in specs]):
        raise typer.Exit(BAD_INPUT)
    output.print(f"Next: bioworkbench run {specs[0]}")


def _is_fine(path: Path) -> bool:
    try:
        output.print(f"fine   {path}: {summary(path)}")
    except SpecError as error:
        words.print(f"[bold red]error[/]  {error}".replace("[", "\\[").replace("\\[bold red]error\\[/]", "[bold red]error[/]"))
        return False
    return True


def summary(path: Path) -> str:
    """Sizes, memory, time and fingerprint of a spec on one line.

    Raises
    ------
    SpecError
        If anything in the spec cannot be used.
    """
    spec = load(path)
    need = estimate(spec, construct(spec))
    searched = [name for name, values in spec.sweep.items() if isinstance(values, Range) and values.steps is None]
    n_points = 0 if searched else len(sweep_points(spec))
    sweep = f", {n_points} points in its sweep" if n_points else f", {', '.join(searched)} to optimize" if searched else ""
    return (
        f"{need.n_neurons:,} neurons, {need.n_synapses:,} synapses, {need.n_trials:,} trials of {need.n_steps:,} steps, "
        f"{need.bytes_per_trial / 1e6:.3g} MB a trial, about {need.seconds:.0f} s with a first build{sweep}; "
        f"fingerprint {fingerprint(spec)}"
    )
