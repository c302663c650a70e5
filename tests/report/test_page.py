"""Reports: one self-contained file with everything in it."""

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy import sparse

from bioworkbench.experiment.results import fingerprint, save_record
from bioworkbench.experiment.spec import read, sweep_points
from bioworkbench.records.network import Network
from bioworkbench.report.drawn import Panel
from bioworkbench.report.page import SweepCurve, _curve_panel, render, write_report
from bioworkbench.report.sweep import sweep_curves
from bioworkbench.report.text import cards, cited, score_table, shown
from tests.documents import alone
from tests.frozen_method import frozen  # noqa: F401  fixture
from tests.run_records import record_alone, record_with_task, sketched


class Outline(HTMLParser):
    """Headings, images and addresses of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.images, self.addresses = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        given = dict(attrs)
        if tag == "img":
            self.images.append(given)
        self.addresses += [value for name, value in given.items() if name in ("src", "href")]


@pytest.fixture(scope="module")
def text():
    return render(record_alone())


@pytest.fixture
def sketch(monkeypatch):
    """Reports whose pictures are drawn and not rendered."""
    monkeypatch.setattr("bioworkbench.report.page.drawn", sketched)


def test_the_file_needs_no_other(text):
    outline = Outline(text)
    assert outline.addresses
    assert all(address.startswith("data:image/svg+xml;base64,") for address in outline.addresses)
    assert not {"script", "link", "iframe"} & set(outline.tags)
    assert len(text) < 5_000_000


def test_images_are_pictures_with_words_for_them(text):
    images = Outline(text).images
    assert len(images) == 11  # raster, rates, five distributions, a trace, diagram, degrees, weights
    for image in images:
        assert image["alt"]
        assert base64.b64decode(image["src"].split(",")[1]).startswith(b"<?xml")


@pytest.mark.parametrize(
    "words",
    [
        "Activity",
        "Network",
        "Warnings",
        "Methods, to paste into a paper",
        "Provenance",
        "dv/dt = ",
        "bernoulli(p = 0.5)",
        "numpy",
    ],
)
def test_sections(text, words):
    assert words in text


def test_equations_are_not_repeated(text):
    assert text.count("dv/dt = ") == 1
    assert "the same as those of &#39;exc&#39;" in text


@pytest.mark.thorough
def test_reports_are_deterministic(text):
    def without_times(page):
        return re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[^<]*", "", page)

    assert without_times(render(record_alone())) == without_times(text)


@pytest.mark.usefixtures("frozen", "sketch")
def test_a_task_adds_scores():
    record = record_with_task()
    text = render(record)
    assert "Score" in text
    assert len(Outline(text).images) == 10  # confusion, bars, loss, raster, rates, two distributions, diagram, degrees, weights
    assert score_table(record.metrics).rows[0] == ["this network", "80.0 %", "90.0 %"]
    assert cards(record)[0].note == "best baseline: raw linear 85.0 %"
    assert cards(record)[0].tone == "bad"
    assert "no better than that of the baseline &#39;raw_linear&#39; (0.8 against 0.85)" in text


@pytest.mark.thorough
@pytest.mark.usefixtures("frozen")
def test_what_training_did():
    record = record_with_task()
    network, rng = record.data.network, np.random.default_rng(1)
    before = network.projections[0].weights
    moved = sparse.csr_array(np.where(rng.random(before.shape) < 0.5, before.toarray(), 0.0))
    start = replace(network, projections=(replace(network.projections[0], links=moved),))
    history = {"deviation_0": np.arange(3.0), "deviation_1": np.arange(3.0), "accuracy_by_steps": np.arange(4.0)}
    history |= {"node_sparsity": np.array([0.1, 0.2, 0.3]), "score": np.array([0.5, 0.6, 0.7])}
    data = replace(record.data, start=start, trained=replace(record.data.trained, history=history))
    words = [image["alt"] for image in Outline(render(replace(record, data=data))).images]
    for caption in (
        "Deviation by training step, of 0, 1.",
        "Accuracy by simulation steps.",
        "Each dot is a step of training: how many hidden neurons links have left, and how well it does.",
        "How many synapses neurons have: thick lines onto them, thin lines from them.",
        "Weights of the synapses that training changed.",
    ):
        assert any(word.startswith(caption) for word in words), caption


@pytest.mark.usefixtures("frozen", "sketch")
def test_values_are_shown_as_forecasts():
    record = record_with_task(rule="value")
    assert "what was wanted; the last 500 test trials" in render(record)


@pytest.mark.usefixtures("frozen")
def test_a_score_above_the_baselines():
    assert cards(record_with_task(0.99))[0].tone == "good"


@pytest.mark.usefixtures("sketch")
def test_warnings_when_there_are_none():
    document = alone()
    assert "None: no silent population" in render(replace(record_alone(document), warnings=()))


def test_silence_is_a_warning():
    record = record_alone(fraction=0.0)
    assert record.warnings[0] == "Population 'exc' never spiked; raise its drive or its input weights."
    assert cards(record)[0].value == "0 Hz"


def test_rates_near_the_refractory_limit_are_a_warning():
    record = record_alone(fraction=0.5)
    assert "more than half of the 500 Hz that its refractory period allows" in record.warnings[0]


@pytest.mark.usefixtures("sketch")
def test_text_of_a_spec_cannot_break_out():
    document = alone() | {"reference": "<script>alert(1)</script>"}
    text = render(record_alone(document))
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_references():
    references = cited(record_alone())
    assert any("Stimberg" in reference for reference in references)
    assert len([reference for reference in references if "10.1023/A:1008925309027" in reference]) == 1


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("accuracy", 0.98611, "98.6 %"),
        ("rse", 0.12345, "0.123"),
        ("mae", 12345.6, "12,346"),
        ("rse", None, "–"),
        ("rse", np.nan, "–"),
        ("cv_isi", 2.5e-15, "0"),
        ("rse", 2.5e-15, "2.5e-15"),
    ],
)
def test_numbers(name, value, wanted):
    assert shown(name, value) == wanted


@pytest.mark.usefixtures("sketch")
def test_written_beside_the_results(tmp_path):
    path = write_report(record_alone(), tmp_path)
    assert path == tmp_path / "report.html"
    assert path.read_text().startswith("<!DOCTYPE html>")


@pytest.mark.usefixtures("sketch")
def test_curves_of_a_sweep():
    curve = SweepCurve("populations.exc.sigma (mV)", "accuracy", np.arange(3.0), np.array([0.9, 0.8, 0.5]), np.full(3, 0.01), 5)
    assert "accuracy as populations.exc.sigma (mV) grows" in render(record_alone(), (curve,))


def test_curves_are_gathered_from_finished_points(tmp_path):
    document = alone() | {"sweep": {"populations.exc.sigma": ["0 mV", "1 mV", "2000 uV"], "seed": [1, 2]}}
    spec = read(document, "x")
    for values, point in sweep_points(spec)[:4]:
        record = record_alone(point.document, fraction=0.1 * values["seed"])
        save_record(record, tmp_path / fingerprint(point))
    curves = sweep_curves(spec, tmp_path)
    assert [curve.score for curve in curves] == ["rate of exc (Hz)", "rate of inh (Hz)"]
    curve = curves[0]
    assert curve.field == "populations.exc.sigma (mV)"
    np.testing.assert_allclose(curve.x, [0, 1])
    assert curve.n_seeds == 2
    one, other = (record_alone(fraction=share).metrics["activity"]["exc"]["mean_rate"] for share in (0.1, 0.2))
    np.testing.assert_allclose(curve.mean, (one + other) / 2)
    np.testing.assert_allclose(curve.error, abs(one - other) / 2)


def test_curves_over_many_sizes_have_a_logarithmic_axis(monkeypatch):
    """As on the page of the sweep; all but the last point stood at the left end."""
    drawings = []
    monkeypatch.setattr("bioworkbench.report.page.drawn", lambda draw, caption, **_: drawings.append(draw) or Panel("", caption))
    for x in (np.array([1e-6, 1e-3, 1.0]), np.array([1.0, 2.0, 3.0])):
        _curve_panel(SweepCurve("method.readout.penalty", "accuracy", x, np.ones(3), np.full(3, 0.01), 5))
    scales = []
    for draw in drawings:
        axes = Figure().subplots()
        draw(axes)
        scales.append(axes.get_xscale())
    assert scales == ["log", "linear"]


@pytest.mark.usefixtures("sketch")
def test_values_that_are_no_numbers_are_named(tmp_path):
    """The axis had their numbers."""
    spec = read(alone() | {"sweep": {"backend": ["numpy", "cpp"]}}, "x")
    for _, point in sweep_points(spec):
        save_record(record_alone(point.document), tmp_path / fingerprint(point))
    curve = sweep_curves(spec, tmp_path)[0]
    assert (curve.field, curve.names, curve.x.tolist()) == ("backend", ("numpy", "cpp"), [0, 1])
    assert "rate of exc (Hz) by backend" in render(record_alone(), (curve,))


def test_no_curves_without_points(tmp_path):
    assert sweep_curves(read(alone(), "x"), tmp_path) == ()
    swept = alone() | {"sweep": {"populations.exc.sigma": ["0 mV", "1 mV"]}}
    assert sweep_curves(read(swept, "x"), tmp_path) == ()


def test_headline_numbers_of_all_populations():
    record = record_alone()
    few = [card.note for card in cards(record) if card.name == "mean rate"]
    assert few[0].startswith("exc; inh ")
    activity = {**record.metrics["activity"]}
    network = record.data.network
    more = [replace(network.population("exc"), name=f"p{k}") for k in range(6)]
    activity |= {f"p{k}": {**activity["exc"], "mean_rate": float(k)} for k in range(6)}
    data = replace(record.data, network=Network((*network.populations, *more)))
    many = [card.note for card in cards(replace(record, data=data, metrics={**record.metrics, "activity": activity}))]
    assert re.fullmatch("exc; 7 others 0 to .*", many[0])
