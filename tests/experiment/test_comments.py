"""Spikes and metrics are on disk before anything is said about them, and nothing that is said can lose them."""

import json

import numpy as np
import pytest

import bioworkbench as bw
from bioworkbench.experiment.results import load_record
from bioworkbench.experiment.results.files import is_complete
from bioworkbench.experiment.spec import read
from bioworkbench.records.errors import described, softly
from tests.documents import alone, with_task
from tests.frozen_method import frozen  # noqa: F401  fixture
from tests.sampled import every

SEAM = "bioworkbench.experiment"
COMMENTS = {  # what fails, and the word that the warning has for it
    f"{SEAM}.comments.suspicions": "No warnings",
    f"{SEAM}.comments.expected_activity": "No expected activity",
    "bioworkbench.report.display.write_report": "No report",
}


def failing(*args, **kwargs):
    raise KeyError("quiet")


def silent():
    """A population that cannot spike, beside one that does and one that is driven."""
    document = alone()
    document["populations"]["quiet"] = {"size": 3, "kind": "custom", "equations": "dv/dt = -v/(10*ms) : volt"}
    return document


def run(document, folder, **settings):
    return bw.run(read(document, "x", "x.toml"), results=folder, **settings)


@pytest.mark.parametrize("place", every(3, COMMENTS))
def test_a_comment_that_fails_is_a_warning(place, tmp_path, monkeypatch):
    words = COMMENTS[place]
    expected = run(alone(), tmp_path / "whole", report=False)
    monkeypatch.setattr(place, failing)
    result = run(alone(), tmp_path / "other")
    assert is_complete(result.folder)
    (warning,) = [warning for warning in result.record.warnings if warning.startswith(words)]
    assert "KeyError" in warning
    assert "'quiet'. The results are whole without it." in warning
    np.testing.assert_array_equal(result.recording.spikes["exc"].time, expected.recording.spikes["exc"].time)
    kept = load_record(result.folder)
    assert warning in kept.warnings
    assert kept.metrics["activity"] == expected.metrics["activity"]
    if words != "No report":
        assert warning.split(":")[0] in (result.folder / "report.html").read_text()


@pytest.mark.thorough
@pytest.mark.parametrize("place", COMMENTS)
def test_an_interruption_of_a_comment_leaves_the_results(place, tmp_path, monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(place, interrupted)
    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        run(alone(), tmp_path)
    monkeypatch.undo()
    again = run(alone(), tmp_path)
    assert again.found
    assert again.metrics["activity"]["exc"]["mean_rate"] > 0


@pytest.mark.thorough
@pytest.mark.parametrize("keep", ["quiet", "everything"])
def test_a_population_without_threshold_is_no_fault(keep, tmp_path):
    """Beside others, and alone: there are no spikes to speak of, and the report says what there is."""
    document = silent()
    if keep == "quiet":
        document |= {"populations": {"quiet": document["populations"]["quiet"]}, "projections": {}, "record": []}
    result = run(document, tmp_path)
    assert not [warning for warning in result.record.warnings if warning.startswith("No ")]
    assert set(result.metrics["activity"]) == ({"exc", "inh"} if keep == "everything" else set())
    page = (result.folder / "report.html").read_text()
    assert "quiet" in page
    assert "Traceback" not in page
    assert "No panels" not in page


def test_a_panel_that_cannot_be_drawn_is_a_line_in_the_report(tmp_path, monkeypatch):
    monkeypatch.setattr("bioworkbench.plots.panels.raster", failing)
    result = run(alone(), tmp_path)
    page = (result.folder / "report.html").read_text()
    assert "No further panels of &#39;Activity&#39;: KeyError" in page
    assert page.count("<img") >= 2


@pytest.mark.usefixtures("frozen")
def test_a_trained_run_is_kept_too(tmp_path, monkeypatch):
    monkeypatch.setattr(f"{SEAM}.comments.suspicions", failing)
    result = run(with_task(), tmp_path, report=False)
    assert load_record(result.folder).metrics["test"] == result.metrics["test"]
    assert json.loads((result.folder / "provenance.json").read_text())["warnings"] == list(result.record.warnings)


def test_softly_gives_the_value_or_notes_the_error():
    failures = []
    assert softly("sum", lambda: 3, 0, failures) == 3
    assert failures == []
    assert softly("sum", lambda: {}["a\nb"], 0, failures) == 0
    assert failures[0].startswith("No sum: KeyError in test_comments.py, line ")
    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        softly("sum", lambda: (_ for _ in ()).throw(KeyboardInterrupt), 0, failures)


def test_an_error_that_was_never_raised_has_no_place():
    assert described(ValueError("a")) == "ValueError: a"
