"""A results folder is read only if name, provenance and files belong together."""

import json
import os
import shutil
from dataclasses import replace

import pytest

from bioworkbench.experiment.results import load_record, result_folder, save_record, seal
from bioworkbench.experiment.results.seal import check_files, checked_provenance, marks_of_files, read_metrics, sealed, with_times
from bioworkbench.experiment.results.store import save_comments
from bioworkbench.records.errors import ResultError
from bioworkbench.records.randomness import stream
from tests.documents import alone
from tests.run_records import record_alone


def saved(root, seed=1):
    record = record_alone(alone() | {"seed": seed})
    folder = result_folder(root, record.spec)
    save_record(record, folder)
    return folder


@pytest.fixture
def folder(tmp_path):
    return saved(tmp_path)


def told(folder):
    return json.loads((folder / "provenance.json").read_text())


def tell(folder, about):
    (folder / "provenance.json").write_text(json.dumps(about))


def older(folder):
    """Make a folder one of format 1, which had no seal and no times."""
    files = {name: {key: about[key] for key in ("bytes", "sha256")} for name, about in told(folder)["files"].items()}
    kept = {name: value for name, value in told(folder).items() if name not in ("seal", "code")}
    tell(folder, kept | {"format": 1, "files": files})


READERS = [load_record, read_metrics]


@pytest.mark.parametrize("read", READERS)
def test_folders_as_written_are_read(folder, read):
    assert read(folder)
    older(folder)
    assert read(folder)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("edited", ["fingerprint", "seed", "backend", "spec", "files", "versions", "warnings", "code", "seal"])
def test_edited_provenance_is_refused(folder, read, edited):
    tell(folder, told(folder) | {edited: "000000000000"})
    with pytest.raises(ResultError, match=r"is damaged: provenance\.json changed since written; copy it again"):
        read(folder)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("removed", ["fingerprint", "seed", "backend", "spec", "files", "versions", "warnings", "code", "seal"])
def test_what_was_removed_from_provenance_is_missed(folder, read, removed):
    about = told(folder)
    del about[removed]
    tell(folder, about)
    with pytest.raises(ResultError, match=r"is damaged: provenance\.json changed since written"):
        read(folder)


@pytest.mark.parametrize("sealing", [False, True])
@pytest.mark.parametrize(
    ("edit", "message"),
    [
        ({"seed": 7}, "is damaged: its provenance has the seed 7, its files 1; run its spec again with --force"),
        ({"backend": "cpp"}, "is damaged: its provenance has the backend 'cpp', its files 'numpy'"),
        ({"spec": {"seed": 1}}, "is damaged: its provenance has the spec {'seed': 1}, its files {"),
        ({"fingerprint": "0" * 12}, r"is named '[0-9a-f]{12}' and holds results with fingerprint '0{12}'; name a folder by"),
        ({"files": {}}, r"its provenance lists no size and SHA-256 of spec\.toml, metrics\.json, run\.h5; copy it again"),
        ({"files": {"run.h5": {"bytes": 1}}}, r"lists no size and SHA-256 of spec\.toml, metrics\.json, run\.h5"),
    ],
)
def test_content_is_compared_where_there_is_no_seal_and_where_it_was_made_again(folder, sealing, edit, message):
    if not sealing:
        older(folder)
    tell(folder, sealed(told(folder) | edit) if sealing else told(folder) | edit)
    with pytest.raises(ResultError, match=message):
        load_record(folder)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("older_format", [False, True])
def test_files_of_another_spec_are_refused(tmp_path, folder, read, older_format):
    other = saved(tmp_path, seed=2)
    if older_format:
        older(other)
    shutil.rmtree(folder)
    shutil.copytree(other, folder)
    with pytest.raises(ResultError, match=f"is named '{folder.name}' and holds results with fingerprint '{other.name}'"):
        read(folder)
    tell(folder, told(folder) | {"fingerprint": folder.name})
    if not older_format:
        with pytest.raises(ResultError, match=r"provenance\.json changed since written"):
            read(folder)
    tell(folder, sealed(told(folder)))
    if not older_format:
        with pytest.raises(ResultError, match=f"provenance has the fingerprint '{folder.name}', its files '{other.name}'"):
            load_record(folder)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("name", ["run.h5", "metrics.json", "spec.toml"])
def test_every_bit_of_a_file_counts(folder, read, name):
    rng, whole = stream(1, name), (folder / name).read_bytes()
    for place in rng.integers(len(whole), size=5):
        content = bytearray(whole)
        content[place] ^= 1 << int(rng.integers(8))
        (folder / name).write_bytes(content)
        with pytest.raises(ResultError, match=f"is damaged: {name} changed since written"):
            read(folder)
    (folder / name).write_bytes(whole)
    assert read(folder)


@pytest.mark.parametrize("read", READERS)
def test_every_byte_of_provenance_counts(folder, read):
    path = folder / "provenance.json"
    whole = path.read_bytes()
    for place in [1, whole.index(b"seed") + 7, whole.index(b"sha256") + 12, len(whole) - 20]:
        content = bytearray(whole)
        content[place : place + 1] = b" " if content[place] == ord("\n") else b"7" if content[place] != ord("7") else b"8"
        path.write_bytes(content)
        with pytest.raises(ResultError, match=r"is damaged: provenance\.json changed since written"):
            read(folder)
    path.write_bytes(whole)
    assert read(folder)


@pytest.mark.parametrize("read", READERS)
def test_a_seal_of_the_content_which_earlier_folders_have_is_still_checked(folder, read):
    """It is the last entry as well, so that only its value tells the two apart."""
    about = sealed(told(folder))
    (folder / "provenance.json").write_text(json.dumps(about, indent=2) + "\n")
    assert read(folder)
    (folder / "provenance.json").write_text(json.dumps(about | {"seed": 2}, indent=2) + "\n")
    with pytest.raises(ResultError, match=r"is damaged: provenance\.json changed since written"):
        read(folder)


def test_a_file_that_was_changed_and_given_its_old_time_is_noticed(folder):
    """The time of writing can be set by everybody, the time of change by nobody."""
    status, content = (folder / "run.h5").stat(), bytearray((folder / "run.h5").read_bytes())
    content[100] ^= 1
    (folder / "run.h5").write_bytes(content)
    os.utime(folder / "run.h5", ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(ResultError, match=r"run\.h5 changed since written"):
        read_metrics(folder)


def test_files_that_nobody_touched_are_not_hashed(folder, monkeypatch):
    monkeypatch.setattr("bioworkbench.experiment.results.seal._sha256", lambda path: "another")
    check_files(folder, checked_provenance(folder), every=False)
    with pytest.raises(ResultError, match=r"spec\.toml changed since written"):
        check_files(folder, checked_provenance(folder))


def test_copied_folders_are_hashed_and_read(folder, tmp_path):
    copy = tmp_path / "elsewhere" / folder.name
    shutil.copytree(folder, copy)
    assert marks_of_files(copy)["run.h5"]["times"] != marks_of_files(folder)["run.h5"]["times"]
    assert read_metrics(copy) == read_metrics(folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[1]", r"cannot be read \(provenance\.json holds a list, not a table\); copy it again"),
        ("{", r"cannot be read \(Expecting property name"),
        ("[" * 100_000, "cannot be read"),
        ('{"format": 0}', "its provenance has format 0; it must be 1 to 2"),
        ('{"format": true}', "its provenance has format True"),
        ('{"format": "2"}', "its provenance has format '2'"),
        ('{"format": 99}', "has results of format 99; this version of bioworkbench reads up to 2"),
    ],
)
def test_provenance_of_another_kind(folder, content, message):
    (folder / "provenance.json").write_text(content)
    with pytest.raises(ResultError, match=message):
        checked_provenance(folder)


def test_a_file_that_is_cut_or_gone(folder):
    about = checked_provenance(folder)
    (folder / "run.h5").write_bytes(b"")
    with pytest.raises(ResultError, match=r"is not complete, perhaps half copied: run\.h5 has 0 of \d+ bytes"):
        check_files(folder, about)
    (folder / "run.h5").unlink()
    with pytest.raises(ResultError, match=r"cannot be read \(run\.h5: No such file or directory\); copy it again"):
        check_files(folder, about)


def test_commenting_leaves_no_file_to_be_hashed_again(folder, monkeypatch):
    record = load_record(folder)
    save_comments(replace(record, warnings=("slow",)), folder)
    monkeypatch.setattr(seal, "_sha256", lambda path: pytest.fail(f"{path} was hashed"))
    check_files(folder, checked_provenance(folder), every=False)
    assert checked_provenance(folder)["warnings"] == ["slow"]


def test_times_are_not_noted_again_of_what_was_written_since(folder):
    files = told(folder)["files"]
    os.link(folder / "run.h5", folder / "link")  # which changes the time of change
    assert with_times(folder, files)["run.h5"]["times"] != files["run.h5"]["times"]
    (folder / "run.h5").write_bytes(b"other")
    assert with_times(folder, files) == files
