"""What notebooks show."""

import re
from dataclasses import replace

import pytest

import bioworkbench as bw
from bioworkbench.experiment.results import fingerprint, save_record
from bioworkbench.experiment.results.swept import Point, PointOutcome, Sweep
from bioworkbench.experiment.results.table import Table
from bioworkbench.plots.pictures import Picture
from bioworkbench.records.recording import Recording
from tests.run_records import record_alone

EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    record = record_alone()
    folder = tmp_path_factory.mktemp("results") / "x" / fingerprint(record.spec)
    save_record(replace(record, provenance={**record.provenance, "fingerprint": folder.name}), folder)
    return folder


@pytest.mark.thorough
def test_everything_shows_itself(folder):
    result = bw.open(folder)
    for thing in (result, result.spec, result.network, result.recording):
        html = thing._repr_html_()
        assert "data:image/png;base64," in html
        assert not re.search(r"https?://", html)
    assert "dv/dt" in result.spec._repr_html_()
    assert "about" in result.spec._repr_html_()
    assert "mean rate" in result._repr_html_()
    assert "report.html" not in result._repr_html_()
    result.report()
    assert "report.html" in result._repr_html_()
    assert "1 results" in bw.open(folder.parent)._repr_html_()


def test_a_spec_that_cannot_be_built_says_why(folder):
    spec = replace(bw.open(folder).spec, memory=1e-9)
    assert "cannot be built: " in spec._repr_html_()


def test_texts_of_users_are_escaped(tmp_path):
    sweep = Sweep(EVIL, tmp_path, (PointOutcome(Point({EVIL: EVIL}, {}, tmp_path / ("0" * 12)), "failed", 0.1, EVIL),))
    for thing in (sweep, Table((EVIL, "n"), ((EVIL, 1.0),), (EVIL,)), bw.ResultSet(tmp_path / EVIL, (tmp_path / ("0" * 12),))):
        html = thing._repr_html_()
        assert EVIL not in html
        assert "&lt;script&gt;" in html


def test_long_tables_are_cut():
    html = Table(("x", "score"), tuple((k, 0.5) for k in range(100)))._repr_html_()
    assert "… and 70 more rows" in html


def test_errors_stand_behind_their_means():
    html = Table(("x", "score", "error", "n"), ((1, 0.5, 0.25, 3),))._repr_html_()
    assert "0.5 ± 0.25" in html
    assert "error" not in html


def test_pictures(folder):
    result = bw.open(folder)
    for figure in (result.plot(), result.network.plot(), result.recording.plot()):
        assert isinstance(figure, Picture)
        assert figure._repr_png_().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="trial = 1: this recording has 1 trial,"):
        result.recording.plot(trial=1)
    assert Recording({}, {}, {}, 1, 0.1, 1e-3, 1, "numpy").plot()._repr_png_()
