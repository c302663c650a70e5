"""Every function of a graph that draws takes the graph, then the random generator, then settings by name."""

import inspect
import pkgutil
from importlib import import_module

import pytest

import bioworkbench.topology

INSIDE = {"drawn_batches", "values_of"}  # of the measures among themselves


def functions():
    for found in pkgutil.walk_packages(bioworkbench.topology.__path__, "bioworkbench.topology."):
        module = import_module(found.name)
        for name in getattr(module, "__all__", ()):
            function = getattr(module, name)
            if inspect.isfunction(function) and function.__module__ == found.name and name not in INSIDE:
                yield pytest.param(function, id=f"{found.name.removeprefix('bioworkbench.topology.')}.{name}")


@pytest.mark.parametrize("function", list(functions()))
def test_graph_generator_settings(function):
    parameters = list(inspect.signature(function).parameters.values())
    names = [parameter.name for parameter in parameters]
    if "graph" in names:
        assert names[0] == "graph"
    if "rng" in names:
        # before the generator stands what there is to work on, such as a graph or the sizes of one; behind it are settings
        assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in parameters[names.index("rng") + 1 :]) or names[0] in (
            "ends", "sources"
        )  # fmt: skip
        assert names[0] != "graph" or names[1] == "rng"
