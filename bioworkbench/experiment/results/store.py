"""The results store: one folder per experiment and fingerprint, complete or not there at all.

A folder ``results/<experiment>/<fingerprint>/`` is written under a temporary name and renamed when everything is in it, so that
an interruption leaves nothing that looks finished. The fingerprint is a hash of the spec with all defaults filled in; the same
spec is therefore found again, however it was written.
"""

import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w

from bioworkbench.experiment.results.files import FILES, FORMAT, write_text
from bioworkbench.experiment.results.provenance import code
from bioworkbench.experiment.results.record import RunRecord
from bioworkbench.experiment.results.run_file import read_run, write_run
from bioworkbench.experiment.results.seal import check_files, checked_provenance, marks_of_files, sealed_text, with_times
from bioworkbench.experiment.results.spec_fingerprints import data_files, external_functions, fingerprint
from bioworkbench.experiment.spec.reader import load
from bioworkbench.experiment.spec.records import ExperimentSpec
from bioworkbench.records.counted import counted
from bioworkbench.records.data_paths import existing_file
from bioworkbench.records.errors import ResultError, SpecError
from bioworkbench.records.protocol import RunState

__all__ = ["load_record", "result_folder", "save_comments", "save_record", "state_of"]


def result_folder(root: str | Path, spec: ExperimentSpec) -> Path:
    """Folder ``<root>/<experiment>/<fingerprint>`` of a `spec`, in the folder `root` of all results."""
    return Path(root) / spec.name / fingerprint(spec)


def save_record(record: RunRecord, folder: Path) -> None:
    """Write a results folder, all of it or nothing; one that is there is replaced at the end.

    Parameters
    ----------
    record : RunRecord
    folder : Path

    Raises
    ------
    ResultError
        If the folder cannot be written.
    """
    with _appearing(folder) as temporary:
        (temporary / "spec.toml").write_text(tomli_w.dumps(record.spec.document), encoding="utf-8")
        write_run(temporary / "run.h5", record.data)
        _write_about(record, temporary)


def save_comments(record: RunRecord, folder: Path) -> None:
    """Write the metrics and warnings of a record again, beside the spikes that are there.

    Parameters
    ----------
    record : RunRecord
    folder : Path
        The results folder, which `save_record` has written.

    Raises
    ------
    ResultError
        If the folder cannot be written.
    """
    with _appearing(folder) as temporary:
        for path in folder.iterdir():
            _linked(path, temporary / path.name)
        for name in ("metrics.json", "provenance.json"):
            (temporary / name).unlink(missing_ok=True)  # a file of its own: the other folder keeps what it has until the end
        _write_about(record, temporary)
    _note_times(folder)


def _note_times(folder: Path) -> None:
    """Note the times of change that the files have since the other folder is gone, whose links to them changed these."""
    about = json.loads((folder / "provenance.json").read_bytes())
    write_text(folder / "provenance.json", sealed_text(about | {"files": with_times(folder, about["files"])}))


def _linked(path: Path, other: Path) -> None:
    """The same file in another folder, without a second copy where the disk allows that."""
    try:
        os.link(path, other)
    except OSError:
        shutil.copy2(path, other)


def _write_about(record: RunRecord, folder: Path) -> None:
    """Write metrics and provenance into a folder that has the other files."""
    metrics = json.dumps(_plain(record.metrics), indent=2, allow_nan=False) + "\n"
    (folder / "metrics.json").write_text(metrics, encoding="utf-8")
    about = {
        "format": FORMAT,
        "fingerprint": fingerprint(record.spec),
        "functions": external_functions(record.spec),
        "inputs": data_files(record.spec),
        "seed": record.spec.seed,
        "backend": record.data.recording.backend,
        "warnings": list(record.warnings),
        "spec": record.spec.document,
        "files": marks_of_files(folder),
    }
    (folder / "provenance.json").write_text(sealed_text(_plain({**record.provenance, **about})), encoding="utf-8")


@contextmanager
def _appearing(folder: Path) -> Iterator[Path]:
    """Temporary folder that becomes `folder` if nothing goes wrong, and vanishes otherwise."""
    # Beside its final place, so that it is on the same disk and renaming is one step that cannot be half done; named before it is
    # made, so that an interruption between the two lines cannot lose it.
    temporary = folder.parent / f".{folder.name}-{secrets.token_hex(4)}"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary.mkdir()
        yield temporary
        if folder.exists():
            # A folder cannot be renamed onto one that is not empty. An end between the two renames leaves the new folder under
            # its temporary name, which the next claim removes, and the run is done again.
            folder.rename(temporary.with_suffix(".old"))
        temporary.rename(folder)
    except OSError as error:
        reason = error.strerror or error
        raise ResultError(f"results folder {folder} cannot be written ({reason}); name another with --results") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(temporary.with_suffix(".old"), ignore_errors=True)


def _plain(value: Any) -> Any:
    """JSON data: NumPy numbers as Python's, what is not finite as null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value


def load_record(folder: Path) -> RunRecord:
    """Read a results folder.

    Parameters
    ----------
    folder : Path
        Named by its fingerprint, in a folder named by its experiment.

    Returns
    -------
    RunRecord

    Raises
    ------
    ResultError
        If a file is missing, damaged or changed since it was written, does not belong to this folder, or is of a later version.
    """
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        inside = sorted(path.parent for path in folder.glob("*/provenance.json"))
        remedy = f"; it holds {counted(len(inside), 'run')}: name one, such as {inside[-1]}" if inside else ""
        lacks = f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"
        raise ResultError(f"{folder} is not a complete results folder; {lacks}{remedy}")
    about = checked_provenance(folder)
    check_files(folder, about)
    try:
        spec = load(folder / "spec.toml", name=folder.resolve().parent.name)
    except SpecError as error:  # the file is as it was written, and what it names is missing here, or not allowed
        raise ResultError(f"the spec of this run cannot be read here: {error}") from error
    try:
        metrics = json.loads((folder / "metrics.json").read_text("utf-8"))
        record = RunRecord(spec, read_run(folder / "run.h5"), metrics, about, tuple(about["warnings"]))
    except (OSError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise ResultError(f"{folder} is damaged: {error}") from error
    _check_content(folder, record)
    return record


def state_of(spec: ExperimentSpec) -> RunState | None:
    """The state that a `spec` goes on from; None where it begins anew."""
    if spec.start is None:
        return None
    folder = existing_file(spec.start).parent
    state = load_record(folder).data.recording.final
    if state is None:
        raise ResultError(f"{folder} kept no state to go on from; run its spec again with --set keep_state=true")
    return state


def _check_content(folder: Path, record: RunRecord) -> None:
    """Refuse a folder whose provenance tells of another spec, seed or backend than its files."""
    about, spec = record.provenance, record.spec
    pairs = {
        "seed": (about.get("seed", spec.seed), spec.seed),
        "backend": (about.get("backend", record.data.recording.backend), record.data.recording.backend),
        "spec": (about.get("spec", spec.document), spec.document),
    }
    same = about.get("functions", {}) == external_functions(spec) and about.get("inputs", {}) == data_files(spec)
    if about.get("code") == code() and same:  # another version may have other defaults, and with them other fingerprints
        pairs["fingerprint"] = about["fingerprint"], fingerprint(spec)
    for name, (told, found) in pairs.items():
        if told != found:
            raise ResultError(
                f"{folder} is damaged: its provenance has the {name} {_shortened(told)}, its files {_shortened(found)}; "
                "run its spec again with --force"
            )


def _shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
