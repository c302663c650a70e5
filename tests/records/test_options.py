"""Options that a `Literal` annotation lists are checked where a script makes the record."""

from dataclasses import dataclass, fields
from importlib import import_module
from pkgutil import walk_packages
from typing import Literal, get_args, get_origin, get_type_hints

import pytest

import bioworkbench.methods
from bioworkbench.records.options import check_options


@dataclass(frozen=True)
class Pair:
    first: Literal["a", "b"] = "a"
    second: float = 0.5


def test_options_that_are_listed_pass():
    check_options(Pair("b", 3.0))


def test_another_one_is_named_with_what_is_known():
    with pytest.raises(ValueError, match=r"'c' is not a first of Pair; known: a, b"):
        check_options(Pair("c"))


def records():
    """Settings of methods that have options, and the names of these."""
    found = {}
    for module in walk_packages(bioworkbench.methods.__path__, "bioworkbench.methods."):
        for member in vars(import_module(module.name)).values():
            if isinstance(member, type) and member.__module__ == module.name and hasattr(member, "__dataclass_fields__"):
                hints = get_type_hints(member)
                options = [field.name for field in fields(member) if get_origin(hints[field.name]) is Literal]
                found |= {f"{member.__name__}.{name}": (member, name, get_args(hints[name])) for name in options}
    return found


RECORDS = records()


def test_methods_have_such_records():
    assert {"Noise.kind", "SparseStart.topology", "ConvexProgram.loss"} <= set(RECORDS)


@pytest.mark.parametrize("which", RECORDS)
def test_settings_of_methods_refuse_what_is_not_listed(which):
    record, name, options = RECORDS[which]
    for option in options:
        record(**{name: option})
    with pytest.raises(ValueError, match=r"'nope' is not an? .*[kK]nown: "):
        record(**{name: "nope"})
