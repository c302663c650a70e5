"""The spec language as lists, page and JSON Schema."""

import tomllib
from pathlib import Path

import pytest

from bioworkbench.experiment.spec.kinds import KINDS
from bioworkbench.experiment.spec.manual import entry, json_schema, markdown, spec_fields
from bioworkbench.experiment.spec.schema import settings

jsonschema = pytest.importorskip("jsonschema")

ROOT = Path(__file__).parents[3]
SPECS = sorted((ROOT / "network_specs").glob("*.toml"))


@pytest.fixture(scope="module")
def validator():
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("path", [*SPECS, ROOT / "bioworkbench" / "templates" / "new.toml"], ids=lambda path: path.stem)
def test_shipped_specs_fit_the_schema(validator, path):
    errors = [
        f"{list(error.absolute_path)}: {error.message[:200]}" for error in validator.iter_errors(tomllib.loads(path.read_text()))
    ]
    assert errors == []


@pytest.mark.parametrize(
    "change",
    [
        {"sead": 1},
        {"seed": "one"},
        {"populations": {"exc": {"kind": "noisy_lif", "size": 3, "tua": "1 ms"}}},
        {"populations": {"exc": {"kind": "noisy_lfi", "size": 3}}},
        {"projections": {"a": {"source": "exc"}}},
        {"method": {"kind": "ransnn", "feature": "spike_count"}},
        {"record": [{"variable": "exc.v", "evry": "1 ms"}]},
        {"populations": {"exc": {"kind": "noisy_lif", "size": 3, "background": {"n": 10, "rate": "1 Hz", "weight": "1 mV"}}}},
    ],
)
def test_what_is_wrong_does_not_fit(validator, change):
    good = {"seed": 1, "dt": "1 ms", "populations": {"exc": {"kind": "noisy_lif", "size": 3, "tau": "1 ms"}}}
    assert not list(validator.iter_errors(good))
    assert list(validator.iter_errors(good | change))


def test_links_that_are_drawn_and_background_fit(validator):
    background = {"receives": "v", "n": 10, "rate": "1 Hz", "weight": "1 mV"}
    links = {"kind": "fixed_total", "n": 100}
    spec = {
        "seed": 1,
        "dt": "1 ms",
        "populations": {"exc": {"kind": "noisy_lif", "size": 3, "background": [background]}},
        "projections": {"exc_exc": {"source": "exc", "target": "exc", "links": links, "weight": "0.1 mV", "delay": "1 ms"}},
        "record": {"variable": "exc.v", "neurons": 2, "every": "1 ms"},
    }
    assert not list(validator.iter_errors(spec))


def test_the_page_has_every_name_and_setting():
    page = markdown()
    for table in KINDS.values():
        for name, function in table.items():
            assert f"### `{name}`" in page
            assert all(f"| `{setting}` |" in page for setting in settings(function))
    for field in (
        "populations.NAME.size",
        "populations.NAME.background.rate",
        "projections.NAME.links",
        "record.every",
        "phases.duration",
    ):
        assert f"| `{field}` |" in page


def test_entries_are_json_data():
    about = entry(KINDS["neurons"]["noisy_lif"], "noisy_lif")
    assert {"name": "tau", "default": "20 ms"}.items() <= about["settings"][0].items() or any(
        setting["name"] == "tau" for setting in about["settings"]
    )
    assert {field["name"] for field in spec_fields()} >= {"seed", "dt", "populations.NAME.size", "projections.NAME.delay"}
