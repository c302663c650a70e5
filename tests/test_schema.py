"""Settings of functions, read from signatures and docstrings."""

from typing import Literal

import pytest

from bioworkbench.neurons.integrate_and_fire import adaptive_lif, noisy_lif
from bioworkbench.quantities import parse_quantity
from bioworkbench.schema import first_sentence, references, settings


def example(values, *, frame: float, gain: float | None = 1.0, rate: float = 2.0, mode: Literal["a", "b"] = "a"):
    """Scale values in frames; more words. And more.

    Parameters
    ----------
    values : array
    frame : float, seconds
        How long
        a frame is.
    gain : float, optional
        In the unit of the weights.
    rate : float, volts per second
    mode

    References
    ----------
    First, 2001,
    second line.

    Other, 2002.
    """


def test_settings_are_the_keyword_only_parameters():
    assert list(settings(example)) == ["frame", "gain", "rate", "mode"]
    assert settings(example)["frame"].required
    assert not settings(example)["gain"].required


def test_types_are_taken_apart():
    assert settings(example)["gain"].types == (float, type(None))


@pytest.mark.parametrize(("name", "unit"), [("frame", "1 s"), ("rate", "1 V/s")])
def test_unit_of_the_docstring(name, unit):
    assert settings(example)[name].unit == parse_quantity(unit)


def test_unit_may_be_open_or_absent():
    assert settings(example)["gain"].unit is None
    assert settings(example)["gain"].unit_is_open
    assert not settings(example)["frame"].unit_is_open
    assert settings(example)["mode"].type_text == ""


def test_descriptions_are_joined():
    assert settings(example)["frame"].text == "How long a frame is."


def test_words_around_the_settings():
    assert first_sentence(example) == "Scale values in frames"
    assert references(example) == ["First, 2001, second line.", "Other, 2002."]
    assert references(settings) == []


@pytest.mark.parametrize("model", [noisy_lif, adaptive_lif])
def test_start_values_take_laws_and_constants_do_not(model):
    assert settings(model)["start"].takes_law
    assert not settings(model)["tau"].takes_law
