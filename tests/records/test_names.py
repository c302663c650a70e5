"""Names that every backend can use."""

import pytest
from brian2.core.functions import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS
from brian2.core.namespace import DEFAULT_UNITS
from brian2.equations.equations import Equations
from hypothesis import given
from hypothesis import strategies as st

from bioworkbench.neurons import noisy_lif
from bioworkbench.records.language import check_name
from bioworkbench.records.names import as_identifier, check_identifier, check_object_names
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.neuron import NeuronModel
from bioworkbench.records.synapse import SynapseModel


@pytest.mark.parametrize("name", ["v", "tau_m", "E_NMDA", "SIGMA", "EREV", "x1", "gNa", "new_", "exc", "I_AMPA", "j"])
def test_what_people_write_is_accepted(name):
    assert check_identifier("variable", name) == name


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("new", r"this is a word of C\+\+"),
        ("double", r"this is a word of C\+\+"),
        ("NULL", r"this is a word of C\+\+"),
        ("M_PI", r"this is a word of C\+\+"),
        ("EAGAIN", r"this is a word of C\+\+"),
        ("UINT64_MAX", r"this is a word of C\+\+"),
        ("cdef", "this is a word of Cython"),
        ("lambda", "this is a word of Python"),
        ("lastspike", "Brian2 gives every neuron"),
        ("é", "must be an ASCII letter"),
        ("_v", "must be an ASCII letter"),
        ("", "must be an ASCII letter"),
    ],
)
def test_words_of_the_languages_below_are_refused(name, message):
    with pytest.raises(ValueError, match=message):
        check_identifier("variable", name)


@pytest.mark.parametrize(
    "part", ["spikes", "noise", "update", "frames", "stateupdater", "spike_thresholder", "background", "x_synapses"]
)
def test_a_population_is_not_named_as_a_part_of_another(part):
    with pytest.raises(ValueError, match=f"population 'exc_{part}': a part of population 'exc' has this name"):
        Network((Population("exc", 1, noisy_lif()), Population(f"exc_{part}", 1, noisy_lif())))


@pytest.mark.parametrize("part", ["synapses", "synapses_pre", "stimulus_frames"])
def test_a_population_is_not_named_as_a_part_of_a_projection(part):
    cells = (Population("exc", 1, noisy_lif()), Population(f"ab_{part}", 1, noisy_lif()))
    with pytest.raises(ValueError, match=f"population 'ab_{part}': a part of projection 'ab' has this name"):
        Network(cells, (Projection("exc", "exc", [[1e-3]], name="ab"),))


def test_names_that_share_their_beginning_are_fine():
    check_object_names(["exc", "exc_l4", "excited", "inh_spikes"])


@given(st.one_of(st.text(max_size=20), st.sampled_from(["M_PI", "new", "lambda", "NULL", "t", "4", ""])))
def test_any_name_becomes_one_that_is_accepted(name):
    found = as_identifier("population", name)
    assert check_identifier("population", found) == found


OF_BRIAN2 = sorted({*DEFAULT_CONSTANTS, *DEFAULT_FUNCTIONS, *DEFAULT_UNITS, "xi", "xi_", "xi_slow"} - {"-inf", "int"})
MEANS = "Brian2 uses this name for (one of its (functions|numbers|units)|white noise); choose another name, such as"


@given(st.sampled_from(OF_BRIAN2))
def test_constants_are_not_named_as_something_of_brian2(name):
    with pytest.raises(ValueError, match=f"constant '{name}': {MEANS}"):
        NeuronModel(f"dv/dt = -v*{name}/second : 1", "v > 1", "v = 0", constants={name: 2.0})
    with pytest.raises(ValueError, match=f"constant '{name}': {MEANS}"):
        SynapseModel(on_pre=f"v_post += weight*{name}", constants={name: 2.0})


@given(st.one_of(st.from_regex("[a-zA-Z]{1,3}", fullmatch=True), st.sampled_from(OF_BRIAN2)))
def test_brian2_agrees_with_the_names_that_are_accepted(name):
    try:
        check_name("variable", name)
    except ValueError:
        return
    Equations.check_identifier(name)


def test_a_variable_of_statements_is_not_white_noise():
    with pytest.raises(
        ValueError, match="variable 'xi': Brian2 uses this name for white noise; choose another name, such as 'own_xi'"
    ):
        SynapseModel(on_pre="xi = 2*weight; v_post += xi")
