"""The formats by name, and `export`, which writes one of them and says what it could not carry.

The code of a format is imported when it writes a run.
"""

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bioworkbench.exchange.checksums import seal_export
from bioworkbench.exchange.contents import contents
from bioworkbench.experiment.results.record import RunRecord
from bioworkbench.experiment.results.store import load_record
from bioworkbench.records.errors import ResultError, unknown_name
from bioworkbench.records.lazily import later

__all__ = ["FORMATS", "Exported", "Format", "export"]

_EQUATIONS = ("equations", "starts", "refractory", "noise", "background")
_SYNAPSES = ("weights", "delays", "synapses", "final_weights")


@dataclass(frozen=True)
class Format:
    """A format that runs are written in.

    Parameters
    ----------
    write : callable (RunRecord, Path) to None, or to what else is lost
    suffix : str
        Of the file, with its dot; of the folder for formats of several files.
    carries : tuple of str
        Keys of `contents.contents`.
    note : str
        What a reader of the file has to know.
    marked : bool
        Whether files get checksums, which our readers compare.
    """

    write: Callable[[RunRecord, Path], Sequence[str] | None]
    suffix: str
    carries: tuple[str, ...]
    note: str = ""
    marked: bool = False


FORMATS: Mapping[str, Format] = {
    "csv": Format(
        later("bioworkbench.exchange.tables:write_tables"),
        ".tables",
        ("spikes", "trials", "traces", *_SYNAPSES),
        "times and weights in SI units",
    ),
    "graphml": Format(
        later("bioworkbench.exchange.graphml:write_graphml"),
        ".graphml",
        _SYNAPSES,
        "weights in SI units, delays in seconds",
    ),
    "neo": Format(
        later("bioworkbench.exchange.neo:write_neo"),
        ".mat",
        ("spikes", "trials", "traces"),
        "read it with neo.NeoMatlabIO: a segment per trial",
    ),
    "nir": Format(
        later("bioworkbench.exchange.nir:write_nir"),
        ".nir",
        ("weights", "equations"),
        "neurons as forward-Euler steps of the run's dt",
        marked=True,
    ),
    "nwb": Format(
        later("bioworkbench.exchange.nwb:write_nwb"),
        ".nwb",
        ("spikes", "trials", "traces", "final_weights"),
        "trials follow each other; the spec is in source_script",
    ),
    "sonata": Format(
        later("bioworkbench.exchange.sonata:write_sonata"),
        ".sonata",
        ("spikes", "trials", "traces", *_SYNAPSES, *_EQUATIONS),
        "trials follow each other; equations and noise are kept as text that other simulators do not run",
        marked=True,
    ),
}
"""Formats by the name that ``bioworkbench export --to`` uses."""


@dataclass(frozen=True)
class Exported:
    """An export that was written.

    Parameters
    ----------
    path : Path
    lost : tuple of str
        What the run holds and the format does not carry.
    note : str
    """

    path: Path
    lost: tuple[str, ...]
    note: str


def export(run: str | Path | RunRecord, *, to: str, output: str | Path | None = None) -> Exported:
    """Write a run in another format, all of it or nothing.

    Parameters
    ----------
    run : path or RunRecord
        A results folder.
    to : str
        One of `FORMATS`.
    output : path, optional
        File or folder to write, which must not exist; by default ``export/<experiment><suffix>`` inside the results folder.

    Returns
    -------
    Exported

    Raises
    ------
    ValueError
        If the format is unknown, or cannot hold this run.
    ResultError
        If the results folder is damaged, the output exists, cannot be written, or a package is missing.
    """
    if to not in FORMATS:
        raise ValueError(unknown_name(to, "format", FORMATS))
    given = FORMATS[to]
    record = run if isinstance(run, RunRecord) else load_record(Path(run))
    if output is None and isinstance(run, RunRecord):
        raise ValueError(f"output = {output}: name a path; only a results folder has a place of its own")
    path = Path(output) if output is not None else Path(str(run)) / "export" / f"{record.spec.name}{given.suffix}"
    if path.exists():
        raise ResultError(f"{path} exists; remove it or name another path with --output")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as place:
            new = Path(place) / f"run{given.suffix}"
            more = given.write(record, new) or ()
            if given.marked:
                seal_export(new)
            os.rename(new, path)
    except OSError as error:
        raise ResultError(f"{path} cannot be written ({error.strerror or error}); name another path with --output") from error
    lost = (text for key, text in contents(record).items() if key not in given.carries)
    return Exported(path, (*lost, *more), given.note)
