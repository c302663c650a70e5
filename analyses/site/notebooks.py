"""Notebooks as pages: run when the site is built, in the small version that tests run, and never stored with what they print."""

import os
from pathlib import Path
from unittest.mock import patch

import nbformat
from nbclient import NotebookClient
from nbconvert import MarkdownExporter

__all__ = ["write_notebooks"]

_SMALL = """
```{note}
What is printed and drawn here is of the small version, with few nodes, steps and repeats. The words are about the full one, which the
notebook runs unless `BIOWORKBENCH_SMALL` is set.
```
"""
NEED_DATA = {"celegans_connectome", "connectome_reservoirs"}  # files that BIOWORKBENCH_DATA names the folder of


def write_notebooks(source: Path, pages: Path, *, run: bool) -> None:
    """Write ``notebooks.md``, and a page for each notebook of a folder.

    Parameters
    ----------
    source, pages : Path
        Folders of the notebooks, and of the pages of the site.
    run : bool
        Whether they are run, so that the pages show what they print and draw.
    """
    folder = pages / "notebooks"
    folder.mkdir()
    rows, names = [], []
    for path in sorted(source.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        runs = run and (path.stem not in NEED_DATA or "BIOWORKBENCH_DATA" in os.environ)
        if runs:
            with patch.dict(os.environ, BIOWORKBENCH_SMALL="1", PYTHONPATH=str(source.parent)):
                os.environ.pop("MPLBACKEND", None)  # a kernel draws into the notebook unless it is told otherwise
                NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(source)}}).execute()
        resources = {"unique_key": path.stem, "output_files_dir": path.stem}
        body, made = MarkdownExporter().from_notebook_node(notebook, resources)
        title, _, rest = body.partition("\n")
        for name, data in made["outputs"].items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(data)
        (folder / f"{path.stem}.md").write_text(f"{title}\n{_SMALL if runs else ''}{rest}", encoding="utf-8")
        rows.append(f"| [{title.lstrip('# ')}](notebooks/{path.stem}.md) | `analyses/{path.name}` |")
        names.append(f"notebooks/{path.stem}")
    lines = ["# Notebooks", "", "In their small version, as the tests run them: a cell near the top sets the sizes.", ""]
    lines += ["| notebook | file |", "|---|---|", *rows, "", "```{toctree}", ":hidden:", "", *names, "```"]
    (pages / "notebooks.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
