"""Figures from results: what is drawn, what is left out, and when it is drawn again."""

import json
from pathlib import Path

import pytest
import tomli_w
from typer.testing import CliRunner

from bioworkbench.__main__ import app_for
from bioworkbench.errors import ResultError
from bioworkbench.gallery.drawing import draw_figure
from bioworkbench.gallery.stamps import FORMATS, Places, figure_names, is_current, read_stamp
from tests.documents import alone

MODULE = '''"""Mean rate by seed

Look at both dots.
"""

from matplotlib.figure import Figure

SPECS = ("x",)


def draw(results):
    """Dots."""
    figure = Figure()
    axes = figure.subplots()
    axes.plot([run.values["seed"] for run in results["x"]], [run.metrics["activity"]["exc"]["mean_rate"] for run in results["x"]])
    return figure
'''
PICTURE = '''"""A picture that reads no results"""

from matplotlib.figure import Figure

SPECS = ()


def draw(results):
    """Nothing."""
    return Figure()
'''


@pytest.fixture
def places(tmp_path, monkeypatch, request):
    """A project with two figures, one of which reads two runs of a spec."""
    folder = tmp_path / f"figures_{abs(hash(request.node.name))}"  # a package name of its own, since imports are remembered
    (tmp_path / "specs").mkdir()
    folder.mkdir()
    for name, text in {"__init__": "", "style": "", "rates": MODULE, "picture": PICTURE}.items():
        (folder / f"{name}.py").write_text(text)
    document = alone() | {"backend": "numpy", "sweep": {"seed": [1, 2]}}
    (tmp_path / "specs" / "x.toml").write_text(tomli_w.dumps(document))
    monkeypatch.setattr("bioworkbench.experiment.running.write_report", lambda *_: None)
    return Places(folder, tmp_path / "specs", tmp_path / "results")


@pytest.fixture
def call(places):
    """Call ``bioworkbench figures`` for the project."""

    def invoke(*words):
        where = ["--folder", places.figures, "--specs", places.specs, "--results", places.results]
        arguments = ["figures", *map(str, [*words, *where])]
        return CliRunner().invoke(app_for(arguments), arguments)

    return invoke


def test_missing_runs_are_named_and_other_figures_drawn(call, places):
    done = call()
    assert done.exit_code == 2
    assert "1 drawn, 0 up to date, 1 left out." in done.output
    assert "figure 'rates' reads 2 runs" in done.output
    assert all((places.made / f"picture.{ending}").is_file() for ending in FORMATS)
    assert "not drawn yet" in places.page.read_text()


def test_a_sweep_without_points_leaves_out_its_figure_only(call, places):
    ranges = {"populations.exc.sigma": {"from": "1 mV", "to": "2 mV"}}
    (places.specs / "x.toml").write_text(tomli_w.dumps(alone() | {"backend": "numpy", "sweep": ranges}))
    done = call()
    assert done.exit_code == 2
    assert "1 drawn, 0 up to date, 1 left out." in done.output
    assert "is a range without steps" in done.output


def test_runs_are_made_when_told_and_figures_redrawn_when_stale(call, places):
    done = call("rates", "--run")
    assert done.exit_code == 0, done.output
    assert "1 drawn" in done.output
    assert "Mean rate by seed" in places.page.read_text()
    assert "Look at both dots." in places.page.read_text()
    first = {ending: (places.made / f"rates.{ending}").read_bytes() for ending in FORMATS}
    assert "0 drawn, 1 up to date" in call("rates").output
    call("rates", "--force")
    assert {ending: (places.made / f"rates.{ending}").read_bytes() for ending in FORMATS} == first
    metrics = next(places.results.rglob("metrics.json"))
    metrics.write_text(metrics.read_text().replace("}", " }"))
    assert not is_current("rates", places)


def test_code_and_files_decide_what_is_current(places):
    draw_figure("picture", places)
    assert is_current("picture", places)
    assert not is_current("rates", places)
    (places.made / "picture.csv").unlink()
    assert not is_current("picture", places)
    draw_figure("picture", places)
    (places.figures / "style.py").write_text("# changed")
    assert not is_current("picture", places)


def test_a_damaged_note_means_stale(places):
    draw_figure("picture", places)
    for text in ("{", "[]", json.dumps({"picture": {"title": "x"}})):
        (places.made / "made.json").write_text(text)
        assert read_stamp("picture", places) is None
        assert not is_current("picture", places)


def test_unknown_figures_and_folders(places, tmp_path):
    assert figure_names(places) == ["picture", "rates"]
    with pytest.raises(ResultError, match=r"'rate' is no figure in .*; known: picture, rates"):
        figure_names(places, ["rate"])
    with pytest.raises(ResultError, match="is no folder of figure modules"):
        Places(tmp_path, tmp_path, tmp_path)


def test_a_module_that_draws_nothing(places):
    (places.figures / "empty.py").write_text('"""Nothing"""\n')
    with pytest.raises(ResultError, match="is no figure module; SPECS and draw is missing"):
        draw_figure("empty", places)


def test_a_folder_that_cannot_be_written(places):
    places.made.write_text("a file in the way")
    with pytest.raises(ResultError, match="figure 'picture' cannot be written to"):
        draw_figure("picture", places)


def test_every_figure_of_the_project_names_specs_that_are_there():
    root = Path(__file__).parents[2]
    for path in (root / "figures").glob("[a-z]*.py"):
        if path.stem != "style":
            docstring = path.read_text().split('"""')[1]
            assert "\n\n" in docstring, f"{path.name} says no title and what to see"
