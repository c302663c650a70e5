"""The spec language, field by field, generated from the records and functions that read it: for lists, pages and JSON Schema."""

import inspect
import json
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from bioworkbench.experiment.spec.drawn import LINK_RULES, background_input
from bioworkbench.experiment.spec.kinds import KINDS, NESTED
from bioworkbench.experiment.spec.probes import probe
from bioworkbench.experiment.spec.protocols import phase
from bioworkbench.experiment.spec.records import ExperimentSpec, PopulationSpec, ProjectionSpec, StimulusSpec
from bioworkbench.experiment.spec.schema import Setting, references, settings
from bioworkbench.records.choice import Choice
from bioworkbench.records.docstrings import first_sentence, summary_section
from bioworkbench.records.units import Quantity, format_quantity

__all__ = ["default_text", "entry", "json_schema", "markdown", "schema_text", "spec_fields"]

_OWN = ("name", "file", "document")
_CHOSEN = {"task": "tasks", "input": "encodings", "method": "methods", "network": "networks"}
_BASE = "https://json-schema.org/draft/2020-12/schema"
_QUANTITY = {"type": ["string", "number"]}
_LINKS = (
    f"Rule of links that are drawn where they are used, with `weight` in place of topology and weights: {', '.join(LINK_RULES)}"
)


def entry(function: Callable[..., Any], name: str) -> dict[str, Any]:
    """What a function is and what may be set, as JSON data.

    Parameters
    ----------
    function : callable
    name : str

    Returns
    -------
    dict
        name, what, more (what else the docstring says of it), settings (each with name, default, type, text) and references.
    """
    rows = list(_with_groups(settings(function), ""))
    more = " ".join(summary_section(inspect.getdoc(function) or "").partition("\n\n")[2].split())
    return {"name": name, "what": _what(function), "more": more, "settings": rows, "references": references(function)}


def _with_groups(known: Mapping[str, Setting], before: str) -> Iterator[dict[str, str]]:
    """Rows of settings; those of a group stand below it by their dotted names."""
    for setting in known.values():
        if setting.record is None:
            yield _row(setting, before)
            continue
        yield {"name": before + setting.name, "default": "", "type": "table", "text": setting.text}
        inner = settings(setting.record)
        if is_dataclass(setting.default):
            inner = {key: replace(own, default=getattr(setting.default, key)) for key, own in inner.items()}
        yield from _with_groups(inner, f"{before}{setting.name}.")


def _row(setting: Setting, prefix: str = "") -> dict[str, str]:
    return {"name": prefix + setting.name, "default": default_text(setting), "type": setting.type_text, "text": setting.text}


def default_text(setting: Setting) -> str:
    """Default of a setting as a spec writes it; "needed" where there is none.

    Parameters
    ----------
    setting : Setting

    Returns
    -------
    str
    """
    if setting.required:
        return "needed"
    if isinstance(setting.default, Quantity):
        return format_quantity(setting.default)
    text = setting.default.kind if isinstance(setting.default, Choice) else str(setting.default)
    return "" if text == "<factory>" else text  # how a signature shows an empty table that each record makes anew


def _what(function: Callable[..., Any]) -> str:
    return first_sentence(inspect.getdoc(function) or "")


def spec_fields() -> list[dict[str, str]]:
    """Every field of a spec, those of populations and projections with dotted names, as JSON data: name, default, type, text."""
    parts = {"populations": PopulationSpec, "projections": ProjectionSpec, "stimuli": StimulusSpec}
    tables: Mapping[str, Callable[..., Any]] = {"record": probe, "phases": phase, "populations.NAME.background": background_input}
    rows = list(_with_groups({k: v for k, v in settings(ExperimentSpec).items() if k not in (*_OWN, *parts)}, ""))
    for part, record in parts.items():
        rows += [_row(setting, f"{part}.NAME.") for name, setting in settings(record).items() if name not in ("name", "choice")]
    rows.append({"name": "projections.NAME.links", "default": "", "type": "Choice", "text": _LINKS})
    for place, function in tables.items():
        inner = [_row(setting, f"{place}.") for setting in settings(function).values()]
        at = max(k for k, row in enumerate(rows) if row["name"] == place) + 1
        rows[at:at] = inner
    return rows


def json_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a spec, for editors: fields, kinds, their settings with types and descriptions.

    It knows names, types and choices; units and what must fit together are found by ``bioworkbench check``.

    Returns
    -------
    dict
    """
    fields = settings(ExperimentSpec)
    properties = {name: _of_setting(setting) for name, setting in fields.items() if name not in _OWN}
    properties |= {name: _of_choice(kind, name) for name, kind in _CHOSEN.items()}
    properties["populations"] = {"type": "object", "additionalProperties": {"$ref": "#/$defs/population"}}
    named = {"type": "object", "additionalProperties": {"$ref": "#/$defs/projection"}}
    blocks = {"type": "array", "items": {"type": "object", "required": ["source", "target"]}}
    properties["projections"] = {"anyOf": [named, blocks]}
    stimuli = _stimulus()
    properties["stimuli"] = {"anyOf": [{"type": "object", "additionalProperties": stimuli}, {"type": "array", "items": stimuli}]}
    properties["models"] = {"type": "object", "additionalProperties": {"type": "object"}}
    properties["downscaling"] = {"type": "object"}
    properties["metrics"] = {"type": "array", "items": {"enum": list(KINDS["metrics"])}}
    recorded = _table(probe, {}, [])
    properties["record"] = {"anyOf": [recorded, {"type": "array", "items": recorded}]}
    properties["phases"] = {"type": "array", "items": _table(phase, {}, [])}
    properties["sweep"] = {"type": "object", "description": "Dotted fields, each with a list of values or a range."}
    names = {
        "delay": "delays",
        "encoding": "encodings",
        "feature": "features",
        "readout": "readouts",
        "spikes": "stimuli",
        "synapse": "synapses",
        "topology": "topologies",
        "trace": "stimuli",
        "weights": "weights",
    }
    nested = {name: _of_choice(kind, name) for name, kind in names.items()}
    return {
        "$schema": _BASE,
        "title": "bioworkbench spec",
        "type": "object",
        "properties": {name: _described(value, fields.get(name)) for name, value in properties.items()},
        "required": [name for name, setting in fields.items() if setting.required and name not in _OWN],
        "additionalProperties": False,
        "$defs": {"population": _population(), "projection": _projection(), **nested},
    }


def _described(schema: dict[str, Any], setting: Setting | None) -> dict[str, Any]:
    text = "" if setting is None else f"{setting.type_text}. {setting.text}".strip(". ")
    return schema | ({"description": text} if text and "$ref" not in schema else {})


def _of_choice(kind: str, word: str) -> dict[str, Any]:
    """A name, or a table whose "kind" says which settings it may have."""
    return _of_functions(KINDS[kind], f"{word}: one of {', '.join(KINDS[kind])}")


def _of_functions(known: Mapping[str, Callable[..., Any]], text: str) -> dict[str, Any]:
    tables = [_table(function, {"kind": {"const": name}}, ["kind"]) for name, function in known.items()]
    return {"description": text, "anyOf": [{"enum": list(known)}, *tables]}


def _table(function: Callable[..., Any], own: Mapping[str, Any], required: Sequence[str]) -> dict[str, Any]:
    known = settings(function)
    properties = {name: _described(_of_setting(setting), setting) for name, setting in known.items()}
    needed = [name for name, setting in known.items() if setting.required and name != "recurrent"]
    return {
        "type": "object",
        "description": _what(function),
        "properties": {**own, **properties},
        "required": [*required, *needed],
        "additionalProperties": False,
    }


def _population() -> dict[str, Any]:
    own = {name: _of_setting(setting) for name, setting in settings(PopulationSpec).items() if name not in ("name", "model")}
    background = _table(background_input, {}, [])
    own["background"] = {"anyOf": [background, {"type": "array", "items": background}]}
    models = [_table(function, {"kind": {"const": name}, **own}, ["kind", "size"]) for name, function in KINDS["neurons"].items()]
    shared = {"type": "object", "properties": {"model": {"type": "string"}}, "required": ["model", "size"]}
    return {"anyOf": [*models, shared]}


def _stimulus() -> dict[str, Any]:
    own = {name: _of_setting(setting) for name, setting in settings(StimulusSpec).items() if name != "choice"}
    return {
        "anyOf": [_table(function, {"kind": {"const": name}, **own}, ["kind"]) for name, function in KINDS["stimuli"].items()]
    }


def _projection() -> dict[str, Any]:
    known = {name: setting for name, setting in settings(ProjectionSpec).items() if name != "name"}
    properties = {name: _described(_of_setting(setting), setting) for name, setting in known.items()}
    properties["weights"] = _described({"anyOf": [_of_setting(known["weights"]), _QUANTITY]}, known["weights"])
    properties["weight"] = _described(_QUANTITY, known["weight"])
    properties["links"] = _of_functions(LINK_RULES, _LINKS)
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name, setting in known.items() if setting.required],
        "additionalProperties": False,
    }


def _of_setting(setting: Setting) -> dict[str, Any]:
    if Choice in setting.types and setting.name in NESTED:
        named: dict[str, Any] = {"$ref": f"#/$defs/{setting.name}"}
        return named if setting.is_choice("") else {"anyOf": [named, _QUANTITY]}
    if setting.record is not None:
        return _table(setting.record, {}, [])
    found = [_of_type(member) for member in setting.types]
    schema = {} if not found or {} in found else found[0] if len(found) == 1 else {"anyOf": found}
    return schema | _default(setting)


def _default(setting: Setting) -> dict[str, Any]:
    value = setting.default
    if isinstance(value, Quantity) and not value.ndim:
        return {"default": format_quantity(value)}
    return {"default": value} if isinstance(value, bool | int | float | str) and not setting.required else {}


def _of_type(member: Any) -> dict[str, Any]:
    """Values that a type takes in a spec; times, rates and the like are text with a unit, arrays of numbers lists."""
    origin = typing.get_origin(member) or member
    if origin is Literal:
        return {"enum": list(typing.get_args(member))}
    known: dict[Any, dict[str, Any]] = {
        bool: {"type": "boolean"},
        int: {"type": "integer"},
        str: {"type": "string"},
        Path: {"type": "string"},
        float: _QUANTITY,
        Quantity: _QUANTITY,
        complex: {"type": ["string", "number", "array"]},
        np.ndarray: {"type": ["string", "number", "array"]},
        list: {"type": "array"},
        tuple: {"type": "array"},
        Sequence: {"type": "array"},
        Mapping: {"type": "object"},
        dict: {"type": "object"},
        type(None): {"type": "null"},
    }
    return known.get(origin, {})


_HOW_TO_READ = """A spec is a TOML file. Quantities are texts with a unit (`"20 ms"`), or distributions of them (`"normal(20 ms, 2 ms)"`,
`"uniform(1 ms, 2 ms)"`) where every neuron or synapse has its own. Where a field takes a *Choice*, write a name, or a table with that name
as its `kind` and its settings. *needed* fields have no default. `bioworkbench check` says what is wrong with a spec.

```toml
seed = 1
dt = "0.1 ms"
duration = "500 ms"

[populations.cells]
size = 100
kind = "noisy_lif"                                     # a kind below under Neurons, and its settings beside it
tau = "normal(20 ms, 2 ms)"

[projections.cells_cells]
source = "cells"
target = "cells"
topology = { kind = "bernoulli", p = 0.1 }             # a Choice with a setting
weights = { kind = "constant", value = "0.5 mV" }
synapse = "pulse"                                      # a Choice by its name alone

[[record]]
variable = "cells.v"
neurons = 3
```"""


def markdown() -> str:
    """The spec language as one Markdown page: the fields, then every kind with its settings."""
    lines = ["# The spec, field by field", "", *_HOW_TO_READ.splitlines(), "", "## Fields", ""]
    lines += _rows(spec_fields(), "field")
    for kind, table in KINDS.items():
        lines += ["", f"## {kind.capitalize()}"]
        for name, function in table.items():
            about = entry(function, name)
            lines += ["", f"### `{name}`", "", f"{about['what']}.", ""]
            lines += _rows(about["settings"], "setting") if about["settings"] else ["It has no settings."]
            lines += ["", *(f"Reference: {reference}" for reference in about["references"])]
    return "\n".join(lines).rstrip() + "\n"


def _rows(rows: Sequence[Mapping[str, str]], word: str) -> list[str]:
    head = [f"| {word} | default | type | what it is |", "|---|---|---|---|"]
    return head + [
        f"| `{row['name']}` | {_default_cell(row['default'])} | {_cell(row['type'])} | {_cell(row['text'])} |" for row in rows
    ]


def _default_cell(text: str) -> str:
    """A default as a reader takes it: what TOML has no word for is nothing."""
    return "–" if text in ("", "()", "None") else _cell(text)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def schema_text() -> str:
    """The JSON Schema as text."""
    return json.dumps(json_schema(), indent=2) + "\n"
