"""The record `NeuronModel`."""

import numpy as np
import pytest
from brian2 import ms, mV

from bioworkbench.neurons import NeuronModel
from bioworkbench.records.language import one_line
from bioworkbench.records.network import Population

LEAKY = {"equations": "dv/dt = -v/tau : volt\nw : 1", "threshold": "v > 1*mV", "reset": "v = 0*mV"}


def test_it_knows_units():
    model = NeuronModel(**LEAKY, constants={"tau": 20 * ms}, start={"w": 0.0})
    assert (model.unit("v"), model.unit("w")) == ("volt", "1")
    with pytest.raises(KeyError, match="u"):
        model.unit("u")


def test_arrays_must_have_one_entry_per_neuron():
    model = NeuronModel(**LEAKY, constants={"tau": np.array([10, 20]) * ms}, start={"v": "uniform(0 mV, 1 mV)", "w": np.zeros(2)})
    model.check_size("cells", 2)
    with pytest.raises(ValueError, match=r"tau of population 'cells' has shape \(2,\); it must be a scalar or \(3,\)"):
        model.check_size("cells", 3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"equations": "dv/dt = : volt"}, "equations do not parse"),
        ({"equations": "v : volt\nv : volt"}, "equations do not parse: Duplicate definition of variable 'v'"),
        ({"receives": "u"}, "receives: 'u' is not a variable; known: v, w"),
        ({"start": {"u": 3 * mV}}, "start: 'u' is not a variable; known: v, w"),
    ],
)
def test_what_names_no_variable_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        NeuronModel(**LEAKY | settings)


def test_a_source_receives_nothing():
    assert NeuronModel(equations="drive : hertz", threshold="rand() < drive*dt", reset="", receives="").receives == ""


def test_messages_of_brian2_fit_on_one_line():
    assert one_line(ValueError("a\n  b\n^")) == "a b ^"


def test_models_with_the_same_equations_share_what_is_read_of_them():
    one, other = (NeuronModel("dv/dt = -v/tau : 1", "v > 1", "v = 0", {"tau": tau}) for tau in (0.01, 0.02))
    assert one.parsed is other.parsed
    assert NeuronModel("dv/dt = -2*v/tau : 1", "v > 1", "v = 0", {"tau": 0.01}).parsed is not one.parsed


@pytest.mark.parametrize("where", ["reset", "update"])
def test_statements_that_do_nothing_are_refused(where):
    def cells(text):
        return Population("cells", 2, NeuronModel("v : volt", "v > 10*mV", **{"reset": "v = 0*mV", where: text}))

    with pytest.raises(ValueError, match=rf"{where} 'w = 2\*mV' of population 'cells': 'w' is not a variable that it may set"):
        cells("v = 0*mV; w = 2*mV")
    cells("half = v/2  # of it\nv = half")


def test_a_constant_in_quotes_is_told_also_where_a_start_value_is_drawn():
    given = {"constants": {"tau": 10 * ms, "q": "rand()"}, "start": {"v": "q*rand()"}}
    with pytest.raises(
        ValueError, match=r"^constant 'q' = 'rand\(\)': must be a number, or a quantity such as 3 \* ms, without quotes$"
    ):
        NeuronModel("dv/dt = (q - v)/tau : 1", "", "", **given)
