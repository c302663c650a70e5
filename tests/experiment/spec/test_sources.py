"""What a spec can name is read from the source, and equals what importing it gives."""

import inspect

import pytest

from bioworkbench import neurons, tasks
from bioworkbench.experiment import spec
from bioworkbench.experiment.spec.kinds import HOMES, KINDS
from bioworkbench.experiment.spec.schema import settings
from bioworkbench.experiment.spec.sources import names_in_sentences, names_of_kind
from bioworkbench.records.docstrings import first_sentence
from bioworkbench.records.lazily import Lazily
from bioworkbench.records.units import Quantity, parse_quantity


@pytest.mark.parametrize("kind", HOMES)
def test_names_and_words_are_those_of_the_functions(kind):
    assert names_of_kind(kind) == list(KINDS[kind])
    assert names_in_sentences(kind) == {
        name: first_sentence(inspect.getdoc(function) or "") for name, function in KINDS[kind].items()
    }


@pytest.mark.parametrize("package", [neurons, tasks, spec])
def test_packages_give_their_names_when_asked(package):
    for name in package.__all__:
        assert getattr(package, name) is not None
        assert name in dir(package)
    with pytest.raises(AttributeError, match=f"module '{package.__name__}' has no attribute 'nothing'"):
        package.nothing  # noqa: B018


def test_a_lazy_table_imports_on_first_use():
    table = Lazily({"root": "math:sqrt", "own": len})
    assert table.data["root"] == "math:sqrt"
    assert table["root"](9.0) == 3.0
    assert table.data["root"](4.0) == 2.0
    assert [function([]) for function in list(table.values())[1:]] == [0]
    with pytest.raises(KeyError, match="nothing"):
        table["nothing"]


UNITS = {
    "second": "second",
    "seconds": "second",
    "hertz": "hertz",
    "volt": "volt",
    "siemens": "siemens",
    "farad": "farad",
    "amp": "amp",
}


@pytest.mark.parametrize("kind", HOMES)
def test_units_in_docstrings_are_those_of_annotations_and_defaults(kind):
    for name, function in KINDS[kind].items():
        for setting in settings(function).values():
            said = UNITS.get(setting.type_text.removesuffix(", optional").rpartition(", ")[2])
            if said and {float, Quantity} & set(setting.types):
                unit = setting.default if isinstance(setting.default, Quantity) else setting.unit
                assert unit is not None, f"{name}: {setting.name}"
                assert unit.dim == parse_quantity(f"1 {said}").dim, f"{name}: {setting.name}"
