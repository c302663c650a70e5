"""`open`: the way back from a results folder to what is in it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

from bioworkbench.experiment.results.reading import is_run, result_folders
from bioworkbench.experiment.results.result import Result
from bioworkbench.experiment.results.swept import Sweep, read_sweep
from bioworkbench.experiment.results.table import Table, table
from bioworkbench.records.above import made_above
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import ResultError

__all__ = ["ResultSet", "open"]


@dataclass(frozen=True)
class ResultSet(Sequence[Result]):
    """The results of an experiment, or of several; each is read when it is asked for.

    Parameters
    ----------
    folder : Path
        ``results/<experiment>``, or the folder of all experiments.
    folders : tuple of Path
        The results folders in it, by name.
    """

    folder: Path
    folders: tuple[Path, ...]

    def __len__(self) -> int:
        return len(self.folders)

    @overload
    def __getitem__(self, part: int) -> Result: ...
    @overload
    def __getitem__(self, part: slice) -> "ResultSet": ...
    def __getitem__(self, part: int | slice) -> "Result | ResultSet":
        if isinstance(part, slice):
            return ResultSet(self.folder, self.folders[part])
        if not -len(self) <= part < len(self):
            raise IndexError(f"{part}: {self.folder} holds {counted(len(self), 'run')}, counted from 0")
        return Result(self.folders[part], found=True)

    def table(self, metric: str = "", by: Sequence[str] = ()) -> Table:
        """Mean and standard error over the seeds, a row per setting; see `bioworkbench.table`.

        Parameters
        ----------
        metric : str
            Test score, or entry of ``metrics.json`` such as "activity.exc.mean_rate"; the first test score by default.
        by : sequence of str
            Dotted fields of the specs; by default all that differ.

        Returns
        -------
        Table
        """
        return table(self.folders, metric, by)

    @property
    def sweeps(self) -> tuple[Sweep, ...]:
        """The sweeps that have been run into these folders, oldest first."""
        found = (path for path in (self.folder, *sorted({f.parent for f in self.folders})) for path in path.glob("sweep-*.json"))
        return tuple(read_sweep(path) for path in sorted(dict.fromkeys(found), key=os.path.getmtime))

    def index_page(self) -> Path:
        """Path of ``index.html`` in the folder, a page of all results, which is written first."""
        return made_above("write_index", self.folder)

    def __repr__(self) -> str:
        return f"<{len(self)} results in {self.folder}>"

    def _repr_html_(self) -> str:
        return made_above("results_html", self)


def open(path: str | Path) -> Result | ResultSet | Sweep:
    """Open a run, an experiment, a folder of experiments, or a sweep.

    Parameters
    ----------
    path : str or path
        A results folder (``results/<experiment>/<fingerprint>``), the folder of an experiment or of all of them, or the file
        ``sweep-….json`` that a sweep leaves in the folder of its experiment.

    Returns
    -------
    Result, ResultSet or Sweep

    Raises
    ------
    ResultError
        If there is nothing of the kind, or it is damaged, incomplete or of a later version.
    """
    path = Path(path)
    if path.is_file():
        return read_sweep(path)
    if not path.is_dir():
        raise ResultError(
            f"'{path}' is not a folder; name a results folder, such as results/EXPERIMENT, or a sweep-….json in one"
        )
    if is_run(path):
        return Result(path, found=True)
    folders = tuple(result_folders(path))
    if not folders:
        raise ResultError(f"'{path}' holds no results; name a results folder, the folder of an experiment or of several")
    return ResultSet(path, folders)
