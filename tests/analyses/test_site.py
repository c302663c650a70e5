"""The documentation site: its pages build without a warning (the examples are not run), and what is made for it is complete."""

import base64
import importlib.util
import inspect
import re
import subprocess
import sys
from functools import cache
from importlib import import_module
from pathlib import Path

import nbformat
import pytest

import bioworkbench as bw
from bioworkbench.exchange import FORMATS
from bioworkbench.exchange.connectomes import READERS
from bioworkbench.exchange.contents import CONTENTS
from tests.analyses.test_pages import EXECUTED, blocks

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_site_builds_from_a_checkout_that_nobody_may_write_to(tmp_path):
    for package in ("sphinx", "sphinx_gallery", "myst_parser", "furo", "latex2mathml"):
        pytest.importorskip(package)
    before = _contents(ROOT / "analyses" / "site")
    command = [sys.executable, "-B", "-m", "sphinx", "-q", "-W", "-D", "plot_gallery=0", "analyses/site", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for page in ("reference/methods.ransnn", "reference/bw", "spec", "tutorials/ei_network", "methods/ransnn", "index"):
        assert (tmp_path / "site" / f"{page}.html").is_file()
    assert "ei.svg" in (tmp_path / "site" / "index.html").read_text()
    assert _contents(ROOT / "analyses" / "site") == before


def _contents(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if "__pycache__" not in path.parts}


def test_the_reference_has_every_public_name(tmp_path):
    generated = _generated()
    assert sorted(name for names in generated.TOP.values() for name in names) == sorted(bw.__all__)
    generated.write_reference(tmp_path)
    page = (tmp_path / "reference" / "neurons.md").read_text()
    assert ".. autofunction:: bioworkbench.neurons.noisy_lif" in page
    assert "autoclass:: bioworkbench.Recording" in (tmp_path / "reference" / "bw.md").read_text()


NEED_FILES = {
    "cifar10",
    "events",
    "mnist",
    "spoken_digits",
    "etth1",
    "exchange_rate",
    "read_celegans",
    "heidelberg",
}  # data sets that the package does not have


def test_every_public_function_has_an_example_that_runs():
    """In its docstring, or in a page that tests execute; those that train are run by the specs of their pages."""
    found = set()
    for module in ("bioworkbench", *(f"bioworkbench.{name}" for names in _generated().MODULES.values() for name in names)):
        names = bw.__all__ if module == "bioworkbench" else import_module(module).__all__
        things = {name: getattr(import_module(module), name) for name in names}
        found |= {thing for thing in things.values() if inspect.isfunction(thing) and thing.__module__.startswith("bioworkbench")}
    assert {bw.run, bw.sweep, import_module("bioworkbench.plots").raster} <= found
    assert [f"{f.__module__}.{f.__name__}" for f in found if _without_example(f)] == []


def test_a_function_without_an_example_is_found():
    def lonely():
        """Nothing is like it."""

    assert _without_example(lonely)


def _without_example(function):
    if ">>> " in (function.__doc__ or "") or function.__name__ in NEED_FILES:
        return False
    if function.__name__ == "train":
        kind = function.__module__.split(".")[2]
        return f'kind = "{kind}"' not in _code("toml")
    return not re.search(rf"\b{function.__name__}\b(?! import)(?:\(|[,)])", _code("python"))


@cache
def _code(language):
    """Code of the pages that tests run, without imports: each function is to be called, or passed on."""
    texts = "\n".join(text for page in EXECUTED for word, _, text in blocks(page) if word == language)
    return re.sub(r"^(?:from|import) .*$", "", texts, flags=re.MULTILINE)


def _generated():
    """The module that makes pages at build time."""
    return _of_site("generated")


def _of_site(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "analyses" / "site" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_notebooks_become_pages_with_what_they_print_and_draw(tmp_path):
    pytest.importorskip("nbconvert")
    cell = nbformat.v4.new_code_cell("draw()")
    picture = nbformat.v4.new_output("display_data", {"image/png": base64.b64encode(b"a picture").decode()})
    cell.outputs = [nbformat.v4.new_output("stream", text="seven"), picture]
    cells = [nbformat.v4.new_markdown_cell("# A title\n\nWords."), cell]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "one.ipynb")
    (tmp_path / "pages").mkdir()
    _of_site("notebooks").write_notebooks(tmp_path, tmp_path / "pages", run=False)
    assert "[A title](notebooks/one.md)" in (tmp_path / "pages" / "notebooks.md").read_text()
    page = (tmp_path / "pages" / "notebooks" / "one.md").read_text()
    assert "draw()" in page
    assert "seven" in page
    (image,) = re.findall(r"!\[.*\]\((.*)\)", page)
    assert (tmp_path / "pages" / "notebooks" / image).read_bytes() == b"a picture"


@pytest.mark.thorough
def test_a_spec_with_a_sweep_gives_the_panels_of_its_page():
    spec = """
seed = 1
dt = "1 ms"
duration = "0.2 s"
[populations.cells]
size = 5
kind = "noisy_lif"
rest = "-50 mV"
[sweep]
seed = [1, 2]
"populations.cells.sigma" = ["3 mV", "9 mV"]
"""
    pictures = _of_site("pictures")
    swept, alone = pictures.report_panels(spec), pictures.report_panels(spec.partition("[sweep]")[0])
    assert [caption.startswith("cells.mean_rate (Hz) over populations.cells.sigma (mV)") for caption in swept][0]
    assert all(content.startswith((b"<?xml", b"<svg")) for _, content in swept.values())
    assert not set(swept) & set(alone)


def test_pages_show_panels_of_the_runs_that_they_are_about(tmp_path):
    """Their captions come along; what is asked for and not there is an error, and without runs there are no pictures."""
    page, pictures = tmp_path / "one.md", _of_site("pictures")
    text = "```{code-block} toml\n:caption: x.toml\nseed = 1\n```\n\n<!-- figures: x.toml; Each dot -->\n"
    page.write_text(text)
    asked = []
    pictures.report_panels = lambda spec: (
        asked.append(spec) or {"Each dot is a spike.": (True, b"<svg/>"), "Another.": (False, b"")}
    )
    assert "```{figure} one-x-0.svg\n:figclass: panel wide\n\nEach dot is a spike.\n```" in pictures.with_pictures(page, run=True)
    assert asked == ["seed = 1\n"]
    assert (tmp_path / "one-x-0.svg").read_bytes() == b"<svg/>"
    assert "figure" not in pictures.with_pictures(page, run=False)
    page.write_text("<!-- gallery: plot_4_path_lengths; 2; Links that come back. -->\n")
    assert "{figure} gallery/images/sphx_glr_plot_4_path_lengths_002.png" in pictures.with_pictures(page, run=True)
    assert pictures.with_pictures(page, run=False).strip() == ""
    page.write_text(text.replace("Each dot -->", "Each dash -->"))
    with pytest.raises(ValueError, match=r"x\.toml: no panel begins with 'Each dash'; there are Each dot is a spike\.; Another"):
        pictures.with_pictures(page, run=True)
    page.write_text("<!-- figures: unknown; Each dot -->\n")
    with pytest.raises(ValueError, match="figures: unknown: must be the caption of a block"):
        pictures.with_pictures(page, run=True)


def test_panels_are_those_of_the_report(tmp_path):
    spec = 'seed = 1\ndt = "1 ms"\nduration = "20 ms"\nbackend = "numpy"\n[populations.a]\nsize = 3\nkind = "noisy_lif"\nrest = "-40 mV"\n'
    panels = _of_site("pictures").report_panels(spec)
    assert all(picture.lstrip().startswith(b"<?xml") for _, picture in panels.values())
    assert {caption[:8]: wide for caption, (wide, _) in panels.items()} | {"Each dot": True, "Mean ove": False} == {
        caption[:8]: wide for caption, (wide, _) in panels.items()
    }


def test_every_formula_is_one_that_browsers_draw():
    """latex2mathml leaves a command that it does not know as text."""
    convert = pytest.importorskip("latex2mathml.converter").convert
    found = 0
    for page in (ROOT / "analyses" / "site").rglob("*.md"):
        text = re.sub(r"```.*?```|`[^`]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for formula in re.findall(r"\$\$(.*?)\$\$|(?<!\$)\$([^$\n]+)\$(?!\$)", text, flags=re.DOTALL):
            found += 1
            assert "\\" not in convert("".join(formula)), f"{page.name}: {''.join(formula)}"
    assert found > 30


def test_the_page_on_exchange_names_what_formats_carry():
    page = (ROOT / "analyses" / "site" / "exchange.md").read_text()
    for name, given in FORMATS.items():
        (row,) = re.findall(rf"^\| `{name}` .*$", page, flags=re.MULTILINE)
        words = {"final_weights": "final weights", "synapses": "synapse models"} | (
            {"equations": "neurons"} if name == "nir" else {}
        )
        for key in given.carries:
            assert words.get(key, key) in row


def test_tables_of_the_pages_are_made_from_the_code():
    page = _generated().with_tables((ROOT / "analyses" / "site" / "tutorials" / "bring_your_own.md").read_text())
    assert "<!-- table" not in page
    header, _, *rows = re.search(r"^\| of a run .*?\n\n", page, flags=re.MULTILINE | re.DOTALL)[0].strip().split("\n")
    assert header.strip("| ").split(" | ")[1:] == list(FORMATS)
    assert [row.strip("| ").split(" | ")[0] for row in rows] == list(CONTENTS.values())
    kept = {(key, name) for name, given in FORMATS.items() for key in given.carries}
    for key, row in zip(CONTENTS, rows, strict=True):
        assert row.strip("| ").split(" | ")[1:] == ["kept" if (key, name) in kept else "lost" for name in FORMATS]
    assert all(f"`{suffix}`" in page for suffix in READERS)


def test_files_that_the_pages_name_exist():
    pages = [*(ROOT / "analyses" / "site").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    named = {
        (page.name, path) for page in pages for path in re.findall(r"\b(?:tests|bioworkbench)/[\w/]+\.py\b", page.read_text())
    }
    assert [(page, path) for page, path in named if not (ROOT / path).is_file()] == []
    assert ("clusters.md", "tests/experiment/sweeps/test_cluster.py") in named
