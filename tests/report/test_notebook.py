"""A notebook, executed as a user would: progress by itself, everything displayed."""

import shutil
import subprocess

import pytest

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("ipykernel")

CELLS = (
    "import bioworkbench as bw\n"
    "from bioworkbench.experiment.spec import read\nfrom tests.documents import alone\nspec = read(alone(), 'x')\nspec",
    "result = bw.run(spec, results='results')\nresult",
    "result.recording",
    "result.network",
    "result.network.plot()",
    "bw.sweep(spec, {'populations.exc.sigma': ['1 mV', '3 mV']}, results='results')",
    "bw.open('results').table()",
    "result.recording.to_frame().head()",
)


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    nbclient.NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(folder)}}).execute()
    return folder, notebook


def kinds(cell):
    return [set(output.get("data", {})) for output in cell.outputs]


@pytest.mark.thorough
def test_every_cell_displays_html_or_a_picture(executed):
    _, notebook = executed
    for cell in notebook.cells:
        assert {"text/html"} & kinds(cell)[-1] or {"image/png"} & kinds(cell)[-1], cell.source


@pytest.mark.thorough
def test_progress_shows_by_itself_and_goes(executed):
    _, notebook = executed
    for cell in (notebook.cells[1], notebook.cells[5]):
        bars = [output for output in cell.outputs if output.output_type == "display_data"]
        assert len(bars) == 1
        assert bars[0]["data"]["text/html"] == ""


@pytest.mark.thorough
@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
def test_a_browser_draws_it(executed):
    folder, notebook = executed
    page = folder / "page.html"
    body = "<hr>".join(
        output["data"]["text/html"] for cell in notebook.cells for output in cell.outputs if "text/html" in output.get("data", {})
    )
    page.write_text(f"<meta charset=utf-8><body>{body}</body>", encoding="utf-8")
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1000,3600"]
    shot = folder / "page.png"
    subprocess.run([*command, f"--screenshot={shot}", str(page)], capture_output=True, check=True, timeout=250)
    assert shot.stat().st_size > 50_000
