"""Fingerprints, and folders that are complete or not there."""

import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioworkbench.experiment.results import (
    check_writable,
    fingerprint,
    is_complete,
    load_record,
    result_folder,
    save_record,
    write_text,
)
from bioworkbench.experiment.results.spec_fingerprints import _canonical
from bioworkbench.experiment.spec import read
from bioworkbench.experiment.spec.changes import with_value
from bioworkbench.records.errors import ResultError
from tests.documents import alone
from tests.run_records import record_alone


def marks(document, name="x"):
    return fingerprint(read(document, name))


def test_twelve_digits():
    assert re.fullmatch(r"[0-9a-f]{12}", marks(alone()))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("dt", "500 us"),
        ("dt", "0.0005 s"),
        ("populations.exc.sigma", "0.005 V"),
        ("populations.exc.refractory", "2 ms"),
        ("populations.exc.layer", 0),
        ("projections.exc_inh.delay", "uniform(1 ms, 2 ms)"),
        ("n_trials", 1),
        ("sweep", {"seed": [1, 2]}),
    ],
)
def test_what_means_the_same_has_the_same_fingerprint(field, value):
    assert marks(with_value(alone(), field, value)) == marks(alone())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seed", 2),
        ("dt", "1 ms"),
        ("backend", "auto"),
        ("memory", 2.0),
        ("populations.exc.sigma", "6 mV"),
        ("populations.exc.tau", "normal(20 ms, 2 ms)"),
        ("populations.exc.size", 21),
        ("projections.exc_inh.topology.p", 0.4),
        ("projections.exc_inh.delay", "1 ms"),
        ("record", []),
    ],
)
def test_what_differs_has_another(field, value):
    assert marks(with_value(alone(), field, value)) != marks(alone())


def test_order_and_names_of_files_play_no_part():
    assert marks(dict(reversed(alone().items())), "y") == marks(alone())


def test_order_of_populations_does():
    """Spikes depend on the order in which populations are simulated."""
    document = alone()
    document["populations"] = dict(reversed(document["populations"].items()))
    assert marks(document) != marks(alone())


def test_round_trip(tmp_path):
    record = record_alone()
    folder = result_folder(tmp_path, record.spec)
    save_record(record, folder)
    assert is_complete(folder)
    back = load_record(folder)
    assert fingerprint(back.spec) == folder.name
    assert back.spec.name == "x"
    assert back.metrics == json.loads(json.dumps(record.metrics))
    assert back.warnings == record.warnings
    np.testing.assert_array_equal(back.data.recording.spikes["exc"].neuron, record.data.recording.spikes["exc"].neuron)


@pytest.mark.parametrize("seed", [2**53 - 1, 2**53, 2**60, 2**63, 10**40, 10**309, 10**400])
def test_large_seeds_are_told_apart_and_run_and_come_back(tmp_path, seed):
    """Integers above 2**53 are not exact as floats, those above 1e308 are none."""
    assert len({marks(alone() | {"seed": near}) for near in (seed - 1, seed, seed + 1)}) == 3
    record = record_alone(alone() | {"seed": seed})
    folder = result_folder(tmp_path, record.spec)
    save_record(record, folder)
    assert load_record(folder).spec.seed == seed


@given(st.integers(), st.integers())
def test_integers_have_the_same_text_only_if_they_are_equal(one, other):
    assert (_canonical(one) == _canonical(other)) == (one == other)


@given(st.integers(), st.floats(allow_nan=False))
def test_a_float_has_the_text_of_the_integer_that_it_equals(whole, number):
    assert (_canonical(whole) == _canonical(number)) == (whole == number)
    assert _canonical(float(number)) == _canonical(np.float64(number))


def test_saving_again_replaces(tmp_path):
    record = record_alone()
    folder = tmp_path / "x" / "abc"
    save_record(record, folder)
    (folder / "extra").write_text("")
    save_record(record, folder)
    assert not (folder / "extra").exists()
    assert [path.name for path in folder.parent.iterdir()] == ["abc"]


def test_numbers_that_are_not_finite_become_null(tmp_path):
    record = record_alone()
    record.metrics["activity"]["exc"]["cv_isi"] = np.float64("nan")
    folder = result_folder(tmp_path, record.spec)
    save_record(record, folder)
    assert load_record(folder).metrics["activity"]["exc"]["cv_isi"] is None


def test_an_error_leaves_nothing(tmp_path, monkeypatch):
    def failing(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bioworkbench.experiment.results.store.write_run", failing)
    with pytest.raises(ResultError, match=r"abc cannot be written \(No space left on device\); name another with --results"):
        save_record(record_alone(), tmp_path / "x" / "abc")
    assert not list((tmp_path / "x").iterdir())


def test_an_error_keeps_what_was_there(tmp_path, monkeypatch):
    folder = tmp_path / "x" / "abc"
    save_record(record_alone(), folder)

    def failing(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("bioworkbench.experiment.results.store.write_run", failing)
    with pytest.raises(KeyboardInterrupt, match=""):
        save_record(record_alone(), folder)
    assert is_complete(folder)
    assert [path.name for path in folder.parent.iterdir()] == ["abc"]


def test_incomplete_and_damaged_folders(tmp_path):
    folder = tmp_path / "x" / "abc"
    with pytest.raises(
        ResultError, match=r"abc is not a complete results folder; spec\.toml, provenance\.json, metrics\.json, run\.h5"
    ):
        load_record(folder)


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultError, match="file is not a folder that you may write to"):
        check_writable(tmp_path / "file" / "x" / "abc")
    check_writable(tmp_path / "new" / "x" / "abc")
    assert not (tmp_path / "new").exists()


def test_text_appears_at_once(tmp_path):
    write_text(tmp_path / "a.html", "words")
    assert (tmp_path / "a.html").read_text() == "words"
    with pytest.raises(ResultError, match=r"missing/a\.html cannot be written \(No such file"):
        write_text(tmp_path / "missing" / "a.html", "words")
    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]
