"""Figures from results: what is drawn, what is left out, and when it is drawn again."""

import json
import re
from pathlib import Path

import pytest
import tomli_w
from typer.testing import CliRunner

from bioworkbench.__main__ import app_for
from bioworkbench.gallery.drawing import draw_figure
from bioworkbench.gallery.stamps import FORMATS, Places, figure_names, is_current, read_stamp
from bioworkbench.records.errors import ResultError
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
    monkeypatch.setattr("bioworkbench.report.display.write_report", lambda *_: None)
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


def test_a_spec_may_lie_beside_the_folder_of_specs(call, places):
    """Where ``new`` writes it, in a project that has specs of its own."""
    (places.specs / "x.toml").rename(places.specs.parent / "x.toml")
    done = call("rates")
    assert "figure 'rates' reads 2 runs of " in done.output
    (places.specs.parent / "x.toml").unlink()
    assert "x.toml: cannot be read" in " ".join(call("rates").output.split())


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
    assert f"<code>{places.specs / 'x.toml'}</code>" in places.page.read_text()
    first = {ending: (places.made / f"rates.{ending}").read_bytes() for ending in FORMATS}
    assert "0 drawn, 1 up to date" in call("rates").output
    call("rates", "--force")
    assert {ending: (places.made / f"rates.{ending}").read_bytes() for ending in FORMATS} == first
    metrics = next(places.results.rglob("metrics.json"))
    metrics.write_text(metrics.read_text().replace("}", " }"))
    assert not is_current("rates", places)


def test_text_stays_text(call, places):
    """Also where a module's own style has ended before the file is written."""
    words = "    axes = figure.subplots()\n    axes.set(title='Words to change', xlabel='time')\n"
    (places.figures / "picture.py").write_text(
        PICTURE.replace("    return Figure()", f"    figure = Figure()\n{words}    return figure")
    )
    draw_figure("picture", places)
    svg = (places.made / "picture.svg").read_text()
    assert ">Words to change</text>" in svg
    pdf = (places.made / "picture.pdf").read_bytes()
    assert b"/Type42" in pdf or b"/TrueType" in pdf or b"/CIDFontType2" in pdf
    assert b"/Type3" not in pdf


def test_runs_that_fail_leave_out_the_figure_and_say_why(call, places):
    cell = {"kind": "custom", "size": 1, "equations": "dv/dt = rate*v : 1", "threshold": "v > 2", "reset": ""}
    cell |= {"constants": {"rate": "1 Hz"}, "start": {"v": 1.0}}
    document = {"seed": 1, "dt": "1 ms", "duration": "1 s", "backend": "numpy", "populations": {"exc": cell}}
    document["sweep"] = {"populations.exc.constants.rate": ["1 Hz", "1e9 Hz"]}  # the second grows beyond every number
    (places.specs / "x.toml").write_text(tomli_w.dumps(document))
    done = call("rates", "--run")
    assert done.exit_code == 2
    assert "1 of 2 runs of" in done.output
    assert "failed, the first where populations.exc.constants.rate = 1e9 Hz: " in " ".join(done.output.split())


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
    with pytest.raises(ResultError, match=r"'rate' is not a figure in .*; known: picture, rates"):
        figure_names(places, ["rate"])
    with pytest.raises(ResultError, match="is not a folder of figure modules"):
        Places(tmp_path, tmp_path, tmp_path)


def test_a_module_that_draws_nothing(places):
    (places.figures / "empty.py").write_text('"""Nothing"""\n')
    with pytest.raises(ResultError, match="is not a figure module; SPECS and draw is missing"):
        draw_figure("empty", places)


FAULTS = {
    "SPECS = ()\ndef draw(results):\n    return [][1]\n": r"odd\.py, line 4: IndexError: list index out of range",
    "import json\nSPECS = ()\ndef draw(results):\n    json.loads('[x]')\n": r"odd\.py, line 5: JSONDecodeError: Expecting value",
    "SPECS = ()\nimport nowhere\ndef draw(results): ...\n": r"odd\.py, line 3: ModuleNotFoundError: No module named 'nowhere'",
    "SPECS = (\n": r"odd\.py, line 2: '\(' was never closed",
    "SPECS = ()\ndef draw(results):\n    return None\n": r"draw of .*odd\.py returned a NoneType; it must return a Matplotlib figure",
    "SPECS = 'x'\ndef draw(results): ...\n": r"odd\.py: SPECS = 'x'; it must be a tuple of names of specs",
    "SPECS = (1,)\ndef draw(results): ...\n": r"odd\.py: SPECS = \(1,\); it must be a tuple",
}


@pytest.mark.parametrize("fault", FAULTS, ids=range(len(FAULTS)))
def test_faults_of_a_figure_name_figure_file_and_line(call, places, fault):
    (places.figures / "odd.py").write_text(f'"""Odd"""\n{fault}')
    with pytest.raises(ResultError, match=FAULTS[fault]):
        draw_figure("odd", places)
    done = call("odd", "picture")
    assert done.exit_code == 2
    assert "1 drawn, 0 up to date, 1 left out." in done.output
    assert done.stderr.startswith("left out ")
    assert "report" not in done.stderr


def test_a_figure_with_words_on_an_axis(places):
    begin, end = (MODULE.index(text) for text in ("    axes.plot", "    return figure"))
    module = f"{MODULE[:begin]}    axes.plot(['cat', '5'], [1, 2])\n{MODULE[end:]}".replace('("x",)', "()")
    (places.figures / "words.py").write_text(module)
    draw_figure("words", places)
    assert ",cat,1," in (places.made / "words.csv").read_text()
    assert ",5,2," in (places.made / "words.csv").read_text()


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


def test_width_and_formats(call, places):
    done = call("picture", "--width", "85 mm", "--format", "pdf,tif")
    assert done.exit_code == 0, done.output
    assert {path.suffix for path in places.made.glob("picture.*")} == {".svg", ".pdf", ".tif", ".csv"}
    size = re.search(r'width="([\d.]+)pt"', (places.made / "picture.svg").read_text())
    assert size
    assert float(size[1]) == pytest.approx(85 / 25.4 * 72)
    assert "0 drawn, 1 up to date" in call("picture", "--width", "85 mm", "--format", "pdf,tif").output
    assert "1 drawn" in call("picture", "--width", "column").output


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--width", "85"), "--width = '85': must be column, page, or a length"),
        (("--width", "0 mm"), "must be column, page, or a length"),
        (("--format", "pfd"), "'pfd' is not a format of figures; did you mean 'pdf'"),
    ],
)
def test_widths_and_formats_that_are_none(call, words, reason):
    done = call("picture", *words)
    assert done.exit_code == 2
    assert reason in " ".join(done.output.split())


def test_watching_draws_what_changes(call, places, monkeypatch):
    looks = iter(range(3))

    def look(_):
        if next(looks) == 2:
            raise KeyboardInterrupt
        path = places.figures / "picture.py"
        path.write_text(path.read_text().replace("A picture", "Another picture"))

    monkeypatch.setattr("bioworkbench.commands.figures.time.sleep", look)
    done = call("picture", "--watch")
    assert done.output.count("1 drawn") == 2
    assert "Another picture" in places.page.read_text()
