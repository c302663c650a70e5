"""``bioworkbench new``: a commented spec, figure or notebook to start from."""

import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from bioworkbench.commands.terminal import output, with_exit_codes
from bioworkbench.records.errors import SpecError, unknown_name
from bioworkbench.records.names import check_experiment

__all__ = ["new_command", "starts"]

_TEMPLATES = {
    "task": "new.toml",
    "conductance": "conductance.toml",
    "plasticity": "plasticity.toml",
    "sweep": "sweep.toml",
    "figure": "figure.py.txt",
    "notebook": "notebook.ipynb.txt",
}
_SHIPPED = {"ei": "ei_balanced_network", "custom": "custom_equations"}
_FIGURES = Path("figures")
_FIRST_LINE = "#:schema spec.schema.json\n"
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)  # of a Python module


@with_exit_codes
def new_command(
    name: str,
    start: Annotated[str, typer.Option("--from")] = "task",
    figure: Annotated[bool, typer.Option("--figure")] = False,
) -> None:
    """Write a commented spec that runs as it is, a figure module that draws its results, or a notebook.

    Parameters
    ----------
    name : str
        Name of the experiment; the file becomes NAME.toml, figures/NAME.py or NAME.ipynb.
    start : str
        task, ei, conductance, custom, plasticity, sweep, figure, notebook, or the name of a shipped spec.
    figure : bool
        The same as --from figure.
    """
    start = "figure" if figure else start
    known = starts()
    if start not in known:
        raise SpecError(unknown_name(start, "spec to start from", known))
    text = known[start].read_text(encoding="utf-8")
    if start == "figure":
        _write_figure(name.removesuffix(".py"), text)
    elif start == "notebook":
        path = _written(Path(f"{name.removesuffix('.ipynb')}.ipynb"), text)
        _say(path, "open it in Jupyter; the first cell says what it needs")
    else:
        name = name.removesuffix(".toml")
        check_experiment(Path(f"{name}.toml").stem)
        path = _written(Path(f"{name}.toml"), _FIRST_LINE + text)
        _say(path, f"bioworkbench check {quote(str(path))}    (bioworkbench schema spec.schema.json has editors complete it)")


def _write_figure(name: str, text: str) -> None:
    """Write a figure module into ``figures/``, named in its own text."""
    if not _NAME.fullmatch(name):
        raise SpecError(f"'{name}' cannot name a figure: it becomes a Python module; use ASCII letters, digits and _")
    path = _written(_FIGURES / f"{name}.py", text.replace("NAME", name))
    _say(path, f"bioworkbench new {name} --from sweep, then bioworkbench figures {name} --run --watch")


def _written(path: Path, text: str) -> Path:
    try:
        if path.parent == _FIGURES:
            path.parent.mkdir(exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise SpecError(f"{path} is there already; choose another name, or remove it") from error
    except OSError as error:
        raise SpecError(f"{path} cannot be written ({error.strerror})") from error
    return path


def _say(path: Path, following: str) -> None:
    output.print(f"Next: {following}")
    output.print(str(path))


def starts() -> dict[str, Traversable]:
    """Files that one can start from, by name: templates, and the shipped specs."""
    package = files("bioworkbench")
    found = {name: package / "templates" / file for name, file in _TEMPLATES.items()}
    shipped = _shipped_folder(package)
    specs = {item.name.removesuffix(".toml"): item for item in shipped.iterdir() if item.name.endswith(".toml")}
    return found | {name: specs[spec] for name, spec in _SHIPPED.items() if spec in specs} | dict(sorted(specs.items()))


def _shipped_folder(package: Traversable) -> Traversable:
    """Folder of the shipped specs: inside the installed package, or beside it in a source tree."""
    inside = package / "shipped" / "network_specs"
    return inside if inside.is_dir() else Path(str(package)).parent / "network_specs"
