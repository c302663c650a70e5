"""Functions from elsewhere: nothing that a spec names is imported unless somebody on this machine has chosen it."""

import sys
from importlib.metadata import EntryPoint

import numpy as np
import pytest

from bioworkbench.experiment import run
from bioworkbench.experiment.results import fingerprint, load_record
from bioworkbench.experiment.results.spec_fingerprints import external_functions
from bioworkbench.experiment.spec import read
from bioworkbench.experiment.spec.plan import construct
from bioworkbench.experiment.spec.sources import names_in_sentences, names_of_kind
from bioworkbench.neurons import NEURON_MODELS
from bioworkbench.readout.features import FEATURES
from bioworkbench.records import functions
from bioworkbench.records.errors import ResultError, SpecError
from bioworkbench.records.functions import ALLOWED, Functions, allow, external_code, name_of
from tests.documents import alone

MODULE = """
from os import system

from brian2 import Quantity, mV, ms
from bioworkbench.neurons import NeuronModel, noisy_lif

open(__file__ + ".imported", "w").close()
CELL = noisy_lif(sigma=0 * mV)
number = 3


def cell(*, tau: Quantity = 20 * ms) -> NeuronModel:
    \"\"\"A cell of mine.\"\"\"
    return noisy_lif(tau=tau)


def odd(*, tau: "Nowhere" = 1): ...
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Name of a package that can be imported; the mark says whether it was."""
    name = f"mine_{abs(hash(tmp_path))}"
    (tmp_path / f"{name}.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv(ALLOWED, raising=False)
    yield name, tmp_path / f"{name}.py.imported"
    sys.modules.pop(name, None)


def with_cell(kind, **settings):
    document = alone()
    document["populations"] = {"exc": {"size": 3, "kind": kind, **settings}}
    document["projections"] = {}
    document.pop("record", None)
    return document


def test_nothing_is_imported_that_is_not_allowed(package):
    name, mark = package
    with pytest.raises(SpecError, match=rf"exc\.kind: '{name}:cell' is not imported.*bioworkbench --allow {name}"):
        read(with_cell(f"{name}:cell"), "x")
    assert not mark.exists()


def test_an_allowed_package_gives_its_functions_and_records(package, monkeypatch):
    name, _ = package
    monkeypatch.setenv(ALLOWED, f"other, {name}")
    plan = construct(read(with_cell(f"{name}:cell", tau="5 ms"), "x"))
    assert float(plan.network.populations[0].model.constants["tau"]) == 0.005
    assert construct(read(with_cell(f"{name}:CELL"), "x")).network.populations[0].model == sys.modules[name].CELL
    with pytest.raises(SpecError, match="'tua' is not a setting of"):
        read(with_cell(f"{name}:cell", tua="5 ms"), "x")


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("{}:nothing", "'{}:nothing' does not exist"),
        ("{}.more:cell", "cannot be imported .*install its package, or put its folder into PYTHONPATH"),
        ("{}:number", "is 3; it must be a function or a record|is 3, which another package defines"),
        ("{}:system", "which another package defines"),
        ("{}:odd", "its signature cannot be read: name 'Nowhere'"),
        ("{}:_cell", "a function of a package is written package.module:function"),
        ("..{}:cell", "a function of a package is written package.module:function"),
        ("{}x:cell", "is not imported"),
    ],
)
def test_what_cannot_be_used_is_said(package, monkeypatch, target, words):
    name, _ = package
    monkeypatch.setenv(ALLOWED, name)
    with pytest.raises(SpecError, match=words.format(name)):
        read(with_cell(target.format(name)), "x")


def test_a_module_that_fails_is_an_error_in_words(package, tmp_path, monkeypatch):
    name, _ = package
    (tmp_path / f"{name}.py").write_text("1 / 0")
    monkeypatch.setenv(ALLOWED, name)
    with pytest.raises(SpecError, match="cannot be imported: ZeroDivisionError"):
        read(with_cell(f"{name}:cell"), "x")


def test_changed_code_is_another_run(package, tmp_path, monkeypatch):
    name, _ = package
    monkeypatch.setenv(ALLOWED, name)
    spec = read(with_cell(f"{name}:cell"), "x")
    result = run(spec, backend="numpy", results=tmp_path, report=False)
    assert set(load_record(result.folder).provenance["functions"]) == {f"{name}:cell"} == set(external_functions(spec))
    before = fingerprint(spec)
    (tmp_path / f"{name}.py").write_text(MODULE + "\n# changed\n")
    assert fingerprint(read(with_cell(f"{name}:cell"), "x")) != before
    assert load_record(result.folder).spec.populations[0].model.kind == f"{name}:cell"
    monkeypatch.setenv(ALLOWED, "")
    with pytest.raises(ResultError, match=f"the spec of this run cannot be read here: .*bioworkbench --allow {name}"):
        load_record(result.folder)


def test_installed_packages_share_functions(package, monkeypatch):
    name, _ = package
    entry = EntryPoint("neurons.my_cell", f"{name}:cell", functions.GROUP)
    monkeypatch.setattr(functions, "_entries", lambda: {entry.name: entry})
    assert names_of_kind("neurons")[-1] == "my_cell"
    assert names_in_sentences("neurons")["my_cell"] == f"shared by {name}"
    assert "my_cell" in NEURON_MODELS
    assert "my_cell" not in FEATURES
    assert construct(read(with_cell("my_cell", tau="5 ms"), "x")).network.populations[0].size == 3
    assert external_code("my_cell")


def test_packages_are_added_to_those_that_are_allowed(monkeypatch):
    monkeypatch.setenv(ALLOWED, "one")
    allow(["two", "one"])
    assert functions._allowed_packages() == ["one", "two"]


def test_a_table_takes_functions_themselves():
    table = Functions("nothing", {"double": lambda value: 2 * value})
    assert table[np.negative](1) == -1
    assert np.negative in table
    assert list(table) == ["double"]
    assert len(table) == 1
    assert name_of(name_of) == "bioworkbench.records.functions:name_of"
    with pytest.raises(KeyError, match="triple"):
        table["triple"]
