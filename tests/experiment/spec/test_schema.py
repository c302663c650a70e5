"""Settings of functions, read from signatures and docstrings."""

import inspect
from typing import Annotated, Literal

import pytest

from bioworkbench.experiment.spec.schema import references, settings
from bioworkbench.neurons.integrate_and_fire import adaptive_lif, noisy_lif
from bioworkbench.records.annotations import AnyUnit, Seconds, Unit
from bioworkbench.records.docstrings import first_sentence
from bioworkbench.records.units import parse_quantity

VoltsPerSecond = Annotated[float, Unit("volt/second")]


def example(
    values,
    *,
    frame: Seconds,
    gain: AnyUnit | None = 1.0,
    rate: VoltsPerSecond = 2.0,
    mode: Literal["a", "b"] = "a",
    bin: float = 1.0,
):
    """Scale values in frames; more words. And more.

    Parameters
    ----------
    values : array
    frame : float, seconds
        How long
        a frame is.
    gain : float, optional
        As the weights.
    rate : float, volts per second
    mode
    bin : float, seconds
        In units of the frame: what docstrings say decides nothing.

    References
    ----------
    First, 2001,
    second line.

    Other, 2002.
    """


def test_settings_are_the_keyword_only_parameters():
    assert list(settings(example)) == ["frame", "gain", "rate", "mode", "bin"]
    assert settings(example)["frame"].required
    assert not settings(example)["gain"].required


def test_types_are_taken_apart():
    assert settings(example)["gain"].types == (float, type(None))


@pytest.mark.parametrize(("name", "unit"), [("frame", "1 s"), ("rate", "1 V/s")])
def test_unit_of_the_annotation(name, unit):
    assert settings(example)[name].unit == parse_quantity(unit)


def test_unit_may_be_open_or_absent():
    assert settings(example)["gain"].unit is None
    assert settings(example)["gain"].unit_is_open
    assert not settings(example)["frame"].unit_is_open
    assert settings(example)["mode"].type_text == ""
    assert settings(example)["bin"].unit is None
    assert not settings(example)["bin"].unit_is_open


def test_descriptions_are_joined():
    assert settings(example)["frame"].text == "How long a frame is."


def test_words_around_the_settings():
    assert first_sentence(inspect.getdoc(example) or "") == "Scale values in frames"
    assert references(example) == ["First, 2001, second line.", "Other, 2002."]
    assert references(settings) == []


@pytest.mark.parametrize("model", [noisy_lif, adaptive_lif])
def test_start_values_take_distributions_and_constants_do_not(model):
    assert settings(model)["start"].takes_distribution
    assert not settings(model)["tau"].takes_distribution
