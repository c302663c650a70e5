"""Settings of methods by dotted name, or by their own where one group (rewiring, optimization, ...) alone has it."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

from bioworkbench.experiment.spec.schema import settings


def grouped(train: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of `train` from settings by their own names, or from tables by group, as specs have them."""
    known = settings(train)
    groups = {name: setting.default for name, setting in known.items() if setting.record is not None}
    found: dict[str, Any] = {}
    for name, value in given.items():
        group, _, own = name.rpartition(".")
        if group:
            found[group] = replace(found.get(group, groups[group]), **{own: value})
        elif name in groups and isinstance(value, Mapping):
            found[name] = replace(found.get(name, groups[name]), **value)
        elif name in known:
            found[name] = value
        else:
            (group,) = [key for key, default in groups.items() if name in {field.name for field in fields(default)}]
            found[group] = replace(found.get(group, groups[group]), **{name: value})
    return found
