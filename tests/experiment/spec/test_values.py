"""Values of a spec as arguments of a function."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
import pytest
from brian2 import ms, mV
from brian2.units import Quantity
from numpy.typing import ArrayLike

from bioworkbench.experiment.spec.places import Place
from bioworkbench.experiment.spec.values import PerNeuron, chosen, converted_arguments
from bioworkbench.records.annotations import AnyUnit, Seconds, Unit
from bioworkbench.records.choice import Choice
from bioworkbench.records.errors import SpecError

RIDGE = Choice("ridge")
PLACE = Place("x.toml", "populations.exc")


def neuron(
    *,
    tau: Quantity = 20 * ms,
    rest: Annotated[Quantity, Unit("volt")],
    start: Annotated[Quantity, Unit("volt")] | str | None = None,
    constants: Mapping[str, Any] | None = None,
):
    """A model.

    Parameters
    ----------
    tau : Quantity, second
    rest : Quantity, volt
    start : Quantity or distribution, volt, optional
    """


def plain(
    *,
    frame: Seconds = 0.01,
    gain: AnyUnit = 1.0,
    size: int = 1,
    shape: tuple[int, int] = (1, 1),
    penalty: float | Sequence[float] | None = None,
    mode: Literal["a", "b"] = "a",
    deep: bool = False,
    words: str = "",
    leak: ArrayLike = 0.5,
    delay: Seconds | str = 0.0,
    readout: Choice = RIDGE,
):
    """A function of numbers.

    Parameters
    ----------
    frame : float, seconds
    gain : float
        In the unit of the drive.
    delay : float or distribution, seconds
    """


def converted(function, **given):
    return converted_arguments(function, given, function.__name__, PLACE, {"readout": {"ridge": plain}})


def test_quantities_and_defaults():
    arguments = converted(neuron, rest="-70 mV")
    assert arguments["rest"] == -70 * mV
    assert arguments["tau"] == 20 * ms


def test_names_of_numbers_with_units():
    assert converted(plain, frame="5 ms")["frame"] == pytest.approx(0.005)
    assert converted(plain, gain="3 mV")["gain"] == 3 * mV


@pytest.mark.parametrize(
    ("name", "given", "wanted"),
    [
        ("size", 3, 3),
        ("shape", [2, 3], (2, 3)),
        ("penalty", 0.5, 0.5),
        ("penalty", [0.5, 1], (0.5, 1.0)),
        ("mode", "b", "b"),
        ("deep", True, True),
        ("words", "a(b)", "a(b)"),
        ("leak", 0.25, 0.25),
        ("leak", "normal(0.5, 0.1)", PerNeuron("normal(0.5, 0.1)")),
        ("delay", "2 ms", 0.002),
        ("delay", "uniform(1 ms, 2 ms)", "uniform(1 ms, 2 ms)"),
        ("readout", "ridge", Choice("ridge", converted_arguments(plain, {}, "ridge", PLACE, {}))),
    ],
)
def test_values_by_type(name, given, wanted):
    assert converted(plain, **{name: given})[name] == wanted


def test_lists_become_arrays():
    np.testing.assert_array_equal(converted(plain, leak=[0.1, 0.2])["leak"], [0.1, 0.2])


def test_distributions_are_drawn_later_or_kept_as_text():
    arguments = converted(neuron, tau="normal(20 ms, 2 ms)", rest="-70 mV", start="uniform(-70 mV, -60 mV)")
    assert arguments["tau"] == PerNeuron("normal(20 ms, 2 ms)")
    assert arguments["start"] == "uniform(-70 mV, -60 mV)"


def test_tables_hold_quantities_and_numbers():
    constants = converted(neuron, rest="-70 mV", constants={"g": "3 mV", "n": 4})["constants"]
    assert constants["g"] == 3 * mV
    assert constants["n"] == 4


@pytest.mark.parametrize(
    ("function", "given", "message"),
    [
        (
            neuron,
            {"rest": "-70 mV", "taau": "3 ms"},
            r"x\.toml, populations\.exc\.taau: 'taau' is not a setting of neuron; did you mean 'tau'",
        ),
        (neuron, {}, r"x\.toml, populations\.exc: neuron also needs rest"),
        (neuron, {"rest": "20 ms"}, r"populations\.exc\.rest: '20 ms' is a time; neuron needs a voltage such as '1 V'"),
        (neuron, {"rest": "-70 mV", "tau": "20 mV"}, "'20 mV' is a voltage; neuron needs a time such as '20 ms'"),
        (neuron, {"rest": "-70 mV", "tau": "normal(20 mV, 2 mV)"}, "is a voltage; neuron needs a time"),
        (neuron, {"rest": "-70 mV", "tau": "gamma(20 ms, 2 ms)"}, "is not a distribution"),
        (neuron, {"rest": "-70 mV", "constants": 3}, "3 is not a table"),
        (neuron, {"rest": 10**400}, "too large"),
        (plain, {"frame": 5}, "'5' is a plain number; plain needs a time"),
        (plain, {"frame": True}, "True is not a number"),
        (plain, {"size": 2.5}, "2.5 is not an integer"),
        (plain, {"shape": [1]}, "has 1 items; it must have 2"),
        (plain, {"shape": 3}, "3 is not a list"),
        (plain, {"mode": "c"}, "'c' is not a mode of plain"),
        (plain, {"deep": 1}, "1 must be true or false"),
        (plain, {"words": 1}, "1 is not text"),
        (plain, {"leak": "3 mV"}, "'3 mV' is a voltage; plain needs a plain number"),
        (plain, {"leak": [1.0, "x"]}, "not a rectangular array"),
        (plain, {"delay": "2 mV"}, "'2 mV' is a voltage; plain needs a time"),
        (plain, {"readout": "rigde"}, r"readout\.kind: 'rigde' is not a readout; did you mean 'ridge'"),
        (plain, {"readout": {"kind": "ridge", "size": "x"}}, r"populations\.exc\.readout\.size: 'x' is not an integer"),
    ],
)
def test_errors_name_file_field_value_and_rule(function, given, message):
    with pytest.raises(SpecError, match=message):
        converted(function, **given)


def test_a_choice_needs_a_kind():
    with pytest.raises(SpecError, match=r"x\.toml, topology: kind is missing: it must be the name of a topology; known: a"):
        chosen({"p": 1}, "topology", {"a": plain}, Place("x.toml", "topology"), {})
    with pytest.raises(SpecError, match="5 is not a table"):
        chosen(5, "topology", {"a": plain}, PLACE, {})


def test_settings_that_are_filled_in_later_get_no_default():
    assert "deep" not in converted_arguments(plain, {}, "plain", PLACE, {}, fixed=("deep",))


def test_nothing_stands_for_none():
    def empty(*, extra: None = None): ...

    with pytest.raises(SpecError, match="5 cannot be used; leave the setting out for none"):
        converted(empty, extra=5)
