"""Packages whose public names are imported when they are first used."""

import pkgutil
from importlib import import_module

import pytest

_FACADES = (
    "bioworkbench",
    "bioworkbench.exchange",
    "bioworkbench.experiment",
    "bioworkbench.experiment.results",
    "bioworkbench.experiment.spec",
    "bioworkbench.experiment.sweeps",
    "bioworkbench.neurons",
    "bioworkbench.simulation",
    "bioworkbench.tasks",
    "bioworkbench.topology.generators",
    "bioworkbench.topology.measures",
    "bioworkbench.topology.rewiring",
)


@pytest.mark.parametrize("package", _FACADES)
def test_no_public_name_is_also_a_module(package):
    """Importing such a module would put it in the place of what the package means by the name."""
    facade = import_module(package)
    assert not set(facade.__all__) & {module.name for module in pkgutil.iter_modules(facade.__path__)}


@pytest.mark.parametrize("package", _FACADES)
def test_every_public_name_is_there_when_it_is_asked_for(package):
    facade = import_module(package)
    assert all(getattr(facade, name) is not None for name in facade.__all__)
    assert set(facade.__all__) <= set(dir(facade))
