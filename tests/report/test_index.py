"""Pages over many runs: the index, that of a sweep, runs side by side, and the explorer."""

import json
import re
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure
from typer.testing import CliRunner

import bioworkbench as bw
from bioworkbench.__main__ import app_for
from bioworkbench.experiment.results import fingerprint, reading, save_record
from bioworkbench.experiment.results.kept_summaries import kept
from bioworkbench.experiment.results.swept import Point, PointOutcome, Sweep, write_sweep
from bioworkbench.experiment.spec import read
from bioworkbench.experiment.spec.changes import with_value
from bioworkbench.records.errors import ResultError
from bioworkbench.records.recording import Recording, Spikes, Trace
from bioworkbench.report.compare import compared, write_comparison
from bioworkbench.report.drawn import Panel
from bioworkbench.report.index import write_index
from bioworkbench.report.sweep_page import write_sweep_page
from tests.documents import alone
from tests.run_records import record_alone

EVIL = "</script><script>document.title='owned'</script><img src=x onerror=alert(1)>"
CHROMIUM = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=3000", "--dump-dom"]
needs_chromium = pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")


def dom(page, script=""):
    """The page as a browser has it after running a script, whose clicks are those of a user."""
    copy = page.with_name(f"copy-{page.name}")
    copy.write_text(page.read_text(encoding="utf-8") + f"<script>{script}</script>", encoding="utf-8")
    done = subprocess.run([*CHROMIUM, str(copy)], capture_output=True, text=True, check=True, timeout=250)
    copy.unlink()
    return done.stdout


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Two experiments; the first has three noises with two seeds each, and a hostile reference."""
    root = tmp_path_factory.mktemp("store")
    for name, sigmas in (("x", ("500 uV", "2 mV", "10 mV")), ("other", ("1 mV",))):
        for sigma in sigmas:
            for seed in (1, 2):
                document = with_value(alone(), "populations.exc.sigma", sigma) | {"seed": seed, "reference": EVIL + str(seed)}
                record = record_alone(document, fraction=0.02 * seed)
                spec = read(document, name)
                about = {**record.provenance, "fingerprint": fingerprint(spec)}
                save_record(replace(record, spec=spec, provenance=about), root / name / fingerprint(spec))
    return root


@pytest.fixture(scope="module")
def swept(store):
    outcomes = []
    for result in bw.open(store / "x"):
        document = result.provenance["spec"]
        values = {"populations.exc.sigma": document["populations"]["exc"]["sigma"], "seed": document["seed"]}
        outcomes.append(PointOutcome(Point(values, {}, result.folder), "done", 0.5))
    lost = PointOutcome(Point({"populations.exc.sigma": EVIL, "seed": 1}, {}, store / "x" / ("0" * 12)), "failed", 0.1, EVIL)
    return Sweep("x", store / "x", (*outcomes, lost))


def data(page):
    return json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', page.read_text())[1])


def test_index_of_an_experiment(store):
    page = write_index(store / "x")
    found = data(page)
    assert found["columns"][:2] == ["seed", "populations.exc.sigma (mV)"]
    assert sorted({row["cells"][1] for row in found["rows"]}) == [0.5, 2.0, 10.0]
    assert all((page.parent / row["link"]).is_dir() for row in found["rows"])
    assert "±" in page.read_text()
    assert EVIL not in page.read_text()


def test_index_of_all_results_links_those_of_experiments(store):
    page = bw.open(store).index_page()
    assert page == store / "index.html"
    assert {row["cells"][0] for row in data(page)["rows"]} == {"x", "other"}
    assert data(page)["columns"][2:] == ["mean rates (Hz)", "time (s)", "finished"]
    assert all(re.fullmatch(r"exc [\d.]+, inh [\d.]+", row["cells"][2]) for row in data(page)["rows"])
    assert 'href="other/index.html"' in page.read_text()
    assert (store / "other" / "index.html").is_file()


@pytest.mark.thorough
def test_thumbnails_and_reports_are_linked(store):
    result = bw.open(store / "other")[0]
    result.report()
    row = next(row for row in data(write_index(store / "other"))["rows"] if row["name"] == result.folder.name)
    assert row["link"].endswith("report.html")
    assert row["thumb"].endswith("thumbnail.png")
    assert (result.folder / "thumbnail.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.thorough
@needs_chromium
def test_rows_are_sorted_and_filtered_by_a_browser(store):
    page = write_index(store / "x")
    click = "const heads = () => document.querySelectorAll('th.sort'); heads()[1].click(); heads()[1].click();"
    cells = re.findall(r'<td class="number">([^<]*)</td>', dom(page, click).partition('id="runs"')[2])
    width = len(cells) // 6
    assert [float(value) for value in cells[1::width]] == [10, 10, 2, 2, 0.5, 0.5]
    typed = "const box = document.getElementById('filter'); box.value = 'seed nothing'; box.dispatchEvent(new Event('input'));"
    assert "0 of 6 runs" in dom(page, typed)
    assert "<title>x</title>" in dom(page)


@pytest.mark.thorough
@needs_chromium
@pytest.mark.parametrize(("scheme", "back"), [(0, "rgb(18, 22, 27)"), (1, "rgb(245, 247, 249)")], ids=["dark", "light"])
def test_pages_follow_the_scheme_of_the_browser(store, scheme, back, monkeypatch):
    monkeypatch.setitem(globals(), "CHROMIUM", [*CHROMIUM, f"--blink-settings=preferredColorScheme={scheme}"])
    for page in (write_index(store / "x"), write_comparison([run.folder for run in bw.open(store / "x")[:2]], store / "c.html")):
        found = dom(page, "document.title = getComputedStyle(document.body).backgroundColor")
        assert f"<title>{back}</title>" in found


def test_ten_thousand_rows_are_data_not_elements(store):
    assert write_index(store / "x").read_text().count("<tr") < 10


def test_nothing_to_index(tmp_path):
    with pytest.raises(ResultError, match="there are no results to read; run a spec first"):
        write_index(tmp_path)


def test_one_run_has_no_index(store):
    """The path of its experiment was said not to be in a subpath."""
    run = next((store / "x").glob("?" * 12))
    with pytest.raises(ResultError, match=rf"{run} is one run; name the folder around it, such as {store / 'x'}"):
        write_index(run)


def test_page_of_a_sweep(store, swept, monkeypatch):
    write_sweep(swept)
    monkeypatch.setattr(reading, "LEAST", 2)
    page = write_sweep_page(swept)
    assert len(kept(store / "x")) == 6
    text = page.read_text()
    assert page == swept.page()
    assert text.count("data:image/svg") == 4
    assert "populations.exc.sigma (mV)" in text
    assert EVIL not in text
    assert "6 done, 1 failed" in text
    assert "sweep over populations.exc.sigma, seed" in write_index(store / "x").read_text()
    swept.file.unlink()
    monkeypatch.setattr(reading, "summary", lambda folder, _: pytest.fail(f"{folder} was read again"))
    assert f"sweep over {page.stem[6:]}" in write_index(store / "x").read_text()
    page.unlink()


@pytest.mark.thorough
def test_two_fields_have_a_heat_map_and_three_one_for_each_rest(store, swept):
    done = [outcome for outcome in swept if outcome.status == "done"]
    for n_fields, n_panels in ((2, 8), (3, 16)):
        outcomes = []
        for k, outcome in enumerate(done):
            extra = {f"f{field}": (k + field) % 2 for field in range(n_fields - 1)}
            values = {"populations.exc.sigma": outcome.point.values["populations.exc.sigma"], **extra}
            outcomes.append(replace(outcome, point=replace(outcome.point, values=values)))
        page = write_sweep_page(Sweep("x", swept.folder, tuple(outcomes)))
        assert page.read_text().count("data:image/svg") == n_panels
        page.unlink()


def test_lines_of_values_that_begin_alike_are_apart(swept, monkeypatch):
    """Curves of 10001 and 10002 were one line that went to and fro."""
    drawings = []
    monkeypatch.setattr(
        "bioworkbench.report.sweep_page.drawn", lambda draw, caption, **_: drawings.append(draw) or Panel("", caption)
    )
    done = [outcome for outcome in swept if outcome.status == "done"][:4]
    values = [{"a": k // 2, "b": 10001.0 + k % 2} for k in range(4)]
    outcomes = [replace(one, point=replace(one.point, values=given)) for one, given in zip(done, values, strict=True)]
    page = write_sweep_page(Sweep("x", swept.folder, tuple(outcomes)))
    assert all(f"{value}</td>" in page.read_text() for value in (10001, 10002))
    axes = Figure().subplots()
    drawings[0](axes)
    assert [(line.get_label(), line.get_xdata().tolist()) for line in axes.lines] == [("10001", [0, 1]), ("10002", [0, 1])]
    page.unlink()


def test_a_sweep_whose_folders_are_gone_says_so(tmp_path):
    lost = PointOutcome(Point({"a": 1}, {}, tmp_path / ("0" * 12)), "done")
    page = write_sweep_page(Sweep("x", tmp_path, (lost, replace(lost, point=Point({"a": 2}, {}, tmp_path / ("1" * 12))))))
    assert page.read_text().count("cannot be read") == 2


def test_runs_side_by_side(store, tmp_path):
    folders = [bw.open(store / "x").folders[0], bw.open(store / "other").folders[0]]
    runs, tables = compared(folders)
    assert len(runs) == 2
    assert ["experiment", "x", "other"] in tables["Specs: what differs"]
    text = write_comparison(folders, tmp_path / "c.html").read_text()
    assert text.count("data:image/svg") == 4
    assert EVIL not in text
    with pytest.raises(ResultError, match=r"index\.html is not a folder; name results folders, such as results/EXPERIMENT/"):
        compared([store / "x", store / "index.html"])
    with pytest.raises(ResultError, match="1 results folder given; 2 to 8 can be compared"):
        compared(folders[:1])


@pytest.fixture(scope="module")
def large():
    rng = np.random.default_rng(1)
    spikes = {}
    for name, n in (("exc", 400_000), (EVIL, 100_000)):
        trial = np.sort(rng.integers(0, 30, n))
        spikes[name] = Spikes(trial, rng.integers(0, 5000, n), rng.random(n))
    traces = {"exc.v": Trace(rng.normal(size=(30, 10_000, 6)), np.arange(10_000) * 1e-4, np.arange(6) * 3, "volt")}
    return Recording(spikes, traces, {"exc": 5000, EVIL: 5000}, 30, 1.0, 1e-4, 1, "numpy")


@pytest.mark.thorough
def test_the_explorer_is_one_file_below_its_limit(large, tmp_path):
    pytest.importorskip("bokeh")
    page = large.explore(tmp_path / "explore.html")
    assert page.stat().st_size < 5_000_000
    text = page.read_text()
    assert not re.search(r'<(?:script|link)[^>]*(?:src|href)="http', text)
    assert EVIL not in text


@pytest.mark.thorough
@needs_chromium
def test_the_explorer_draws_and_chooses(large, tmp_path):
    pytest.importorskip("bokeh")
    page = large.explore(tmp_path / "explore.html")
    script = """
    window.addEventListener("load", () => setTimeout(() => {
      const models = [...Bokeh.documents[0]._all_models.values()];
      const select = models.find(model => model.type === "Select"), dots = models.filter(model => model.type === "ColumnDataSource");
      const shown = () => Math.min(...dots.filter(source => "row" in source.data).map(source => source.data.row.length));
      const before = shown(); select.value = "3";
      const boxes = models.find(model => model.type === "CheckboxButtonGroup"); boxes.active = [0];
      setTimeout(() => { document.title = "spikes " + before + " then " + shown(); }, 500);
    }, 500));"""
    found = re.search(r"<title>spikes (\d+) then (\d+)</title>", dom(page, script))
    assert found
    assert int(found[1]) > int(found[2]) > 0


def test_without_bokeh(large, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "bokeh.embed", None)
    with pytest.raises(ResultError, match=r'pip install "bioworkbench\[explore\]"'):
        large.explore(tmp_path / "explore.html")


def test_a_recording_without_spikes_can_be_explored(tmp_path):
    pytest.importorskip("bokeh")
    assert Recording({}, {}, {}, 1, 0.1, 1e-3, 1, "numpy").explore(tmp_path / "e.html").is_file()


@pytest.mark.thorough
def test_a_whole_experiment_is_compared(store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["compare", str(store / "x")]
    done = CliRunner().invoke(app_for(words), words)
    assert done.exit_code == 0, done.output
    assert "populations.exc.sigma" in done.output
    assert (tmp_path / "compare.html").is_file()
