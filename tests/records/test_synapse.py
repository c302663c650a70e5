"""Synapse models: what they are, what they refuse when they are made, and what a network refuses."""

import numpy as np
import pytest
from brian2 import ms, mV, nS

from bioworkbench.neurons import noisy_lif
from bioworkbench.records.errors import ModelError
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.neuron import NeuronModel
from bioworkbench.records.synapse import PULSE, SynapseModel
from bioworkbench.synapses import pair_stdp

TRACE = "dx/dt = -x/tau : 1 (event-driven)"
TAU = {"tau": 20 * ms}
CELL = NeuronModel(
    "dv/dt = (-v + pull)/tau : volt (unless refractory)\npull : volt",
    threshold="v > 10*mV",
    reset="v = 0*mV",
    constants={"tau": 10 * ms},
    start={"pull": 0 * mV},
    refractory=2 * ms,
    method="exact",
)


def between(synapse, weights=1.0, receives="", source=CELL, target=CELL):
    """A network of two populations with that synapse."""
    links = weights if np.ndim(weights) else np.full((2, 3), weights)
    cells = (Population("a", 2, source), Population("b", 3, target))
    return Network(cells, (Projection("a", "b", links, receives=receives, name="ab", synapse=synapse),))


def test_a_pulse_has_no_state_and_is_shared():
    assert not PULSE.has_state
    assert PULSE.shared_by_copies
    assert not PULSE.changes_weight
    assert PULSE.assigned == {"{receiver}_post"}


@pytest.mark.parametrize(
    ("synapse", "state", "shared"),
    [
        (SynapseModel(on_pre="{receiver}_post += weight*p", constants={"p": 0.5}), False, True),
        (SynapseModel(on_pre="{receiver}_post += weight*int(rand() < 0.5)"), False, True),
        (SynapseModel(on_pre="size = weight*2\n{receiver}_post += size"), False, True),
        (SynapseModel(on_pre="{receiver}_post += weight*(v_pre/mV)"), False, False),
        (SynapseModel(on_pre="{receiver}_post += weight", on_post="v_post -= weight"), False, False),
        (SynapseModel(TRACE, on_pre="x += 1", constants=TAU), True, False),
        (SynapseModel(on_pre="weight *= 0.9"), True, False),
        (SynapseModel("weight : siemens"), False, True),
        (SynapseModel("weight : 1\npull_post = weight*(v_pre - v_post) : volt (summed)", on_pre=""), True, False),
    ],
)
def test_what_has_a_state_and_what_copies_share(synapse, state, shared):
    assert (synapse.has_state, synapse.shared_by_copies) == (state, shared)
    if "siemens" not in synapse.equations:
        between(synapse)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"equations": "dx/dt = "}, "equations 'dx/dt ='"),
        ({"equations": "x : 1 (linked)", "start": {"x": 1}}, "equations 'x : 1 \\(linked\\)'"),
        ({"equations": "dx/dt = -x/tau : 1", "constants": TAU}, "equation of x: mark it \\(event-driven\\)"),
        ({"equations": "x_pre : 1", "start": {"x_pre": 1}}, "'x_pre': names of synapses do not end in _pre or _post"),
        ({"equations": "post : 1", "start": {"post": 1}}, "'post': names of synapses do not end in _pre or _post"),
        ({"equations": "new : 1", "start": {"new": 1}}, "variable 'new': this is a word of C"),
        ({"equations": "x = 2 : 1 (summed)"}, "'x' is summed over the synapses of a target"),
        (
            {"equations": "weight = 2 : 1"},
            "equation of weight .* can be declared",
        ),
        ({"constants": {"weight": 1}}, "constant 'weight': weights are given by the links"),
        ({"equations": TRACE, "on_pre": "x += 1", "constants": {"tau": 1 * ms, "tav": 1}}, "constant 'tav' is used by nothing"),
        (
            {"on_pre": "{receiver}_post += weight*gain", "constants": {"gian": 1}},
            "'gian' is used by nothing; did you mean 'gain'",
        ),
        ({"equations": "x : volt", "constants": {"x": 1}}, "constant 'x' is a plain number; the equations define it as"),
        ({"start": {"x": 1}}, "start: "),
        ({"equations": "x : 1", "constants": {"x": 1}, "start": {"x": 1}, "on_pre": "v_post += x*mV"}, "'x' is given among"),
        ({"equations": "x = 2 : 1", "start": {"x": 1}}, "start of 'x': it follows from"),
        (
            {"equations": "x : volt", "start": {"x": "uniform(0, 1)"}},
            r"start of 'x' = uniform\(0, 1\) is a plain number; it must be a voltage",
        ),
        ({"equations": TRACE.replace("tau", "tua"), "constants": TAU, "on_pre": "x += tau/ms"}, "equation of x '-x/tua'.*tau"),
        ({"on_pre": "v_post += wieght"}, "on_pre 'wieght'.*did you mean 'weight'"),
        ({"on_pre": "v_post"}, "on_pre 'v_post'"),
        ({"on_pre": "v_post = weight"}, "on_pre 'v_post = weight': the value of v_post would be"),
        ({"on_pre": "t = 2"}, "on_pre 't = 2': "),
        ({"on_pre": "x += 2"}, "on_pre 'x \\+= 2': "),
        ({"on_pre": "v_post += weight*i"}, "on_pre 'weight\\*i'"),
        ({"equations": "x : 1", "on_pre": "v_post += weight*x"}, "parameter 'x' of the synapse is set by nothing"),
        (
            {"equations": "x : 1", "on_pre": "x += 1"},
            "parameter 'x' of the synapse is read by on_pre 'x \\+= 1' before anything sets",
        ),
        (
            {"equations": "x : 1", "on_pre": "v_post += weight*x\nx = 2"},
            "'x' of the synapse is read by on_pre 'v_post \\+= weight\\*x'",
        ),
        ({"equations": "x : 1", "on_pre": "x = 2", "on_post": "v_post += x*mV"}, "'x' of the synapse is read by on_post 'v_post"),
        (
            {"equations": "x : 1\ny = 2*x : 1", "on_pre": "x = 2\nv_post += y*mV"},
            "'x' of the synapse is read by the equation of y",
        ),
        ({"on_pre": {"a": "v_post += weight", "b": "v_post += wieght"}}, "on_pre.b 'wieght'.*did you mean 'weight'"),
        ({"on_pre": {"a b": "v_post += weight"}}, "pathway 'a b'"),
        (
            {"on_pre": {"a": "v_post += weight"}, "on_post": {"a": "weight *= 2"}},
            "pathway 'a' is one of on_pre and one of on_post",
        ),
        ({"bound": "most"}, "bound: 'most' is not a constant"),
        ({"delays": {"post": 1 * ms}}, "delays: 'post' is not a pathway"),
        ({"delays": {"pre": 1 * mV}}, "delay of pathway 'pre'"),
        ({"delays": {"pre": [1e-3, -1e-3]}}, "delay of pathway 'pre' = -0.001"),
        (
            {"equations": "xs : 1", "start": {"xs": 1}, "on_pre": "register = 1\nxs += register"},
            "'register': this is a word of C",
        ),
    ],
)
def test_a_model_refuses(settings, words):
    with pytest.raises(ValueError, match=words):
        SynapseModel(**settings)


@pytest.mark.parametrize(
    ("synapse", "words"),
    [
        (SynapseModel(on_pre="u_post += weight"), "projection ab: on_pre 'u_post \\+= weight'.*variable that it may set"),
        (SynapseModel(on_pre="v_post += weight*(u_pre/mV)"), "projection ab: .*'u_pre'"),
        (SynapseModel("weight : siemens"), "projection ab: on_pre 'v_post \\+= weight'.*inconsistent units"),
        (SynapseModel("weight : 1\nw_post = weight*v_pre : volt (summed)"), "is not a parameter of the target"),
        (
            SynapseModel("{receiver}_post = weight : {unit} (summed)", ""),
            "receives = 'v', which the equations integrate: .*as 'pull'",
        ),
        (SynapseModel("weight : 1\nv_post = weight*v_pre : volt (summed)"), "is not a parameter of the target"),
        (SynapseModel("pull_post = weight/mV : 1 (summed)"), "the target defines it as"),
        (SynapseModel("dx/dt = -x**2/tau : 1 (event-driven)", "x += 1", constants=TAU), "mark them \\(clock-driven\\)"),
        (SynapseModel("dx/dt = -x**2/tau : 1 (clock-driven)", "x += 1", constants=TAU), "try 'euler'"),
        (SynapseModel(on_pre="v_post += weight*g", constants={"g": np.ones(4)}), "g of the synapses has shape \\(4,\\)"),
        (SynapseModel(delays={"pre": np.ones(4)}), "delay of pathway 'pre' of the synapses has shape \\(4,\\)"),
        (SynapseModel(TRACE, "x += weight", constants=TAU), "on_pre 'x \\+= weight'"),
    ],
)
def test_a_network_refuses(synapse, words):
    with pytest.raises(ValueError, match=words):
        between(synapse)


@pytest.mark.parametrize(
    ("equations", "words"),
    [
        ("dv/dt = -v/ms : volt", "which the equations integrate: .*which its equations have to declare"),
        ("v = 3*mV : volt\ng : volt\ndrive : volt", "which is not free to be set: .*such as 'drive'"),
    ],
)
def test_what_is_set_to_a_sum_is_a_parameter(equations, words):
    start = {"g": 0 * mV} if "g :" in equations else {}
    cell = NeuronModel(equations, threshold="v > 10*mV", reset="", start=start)
    synapse = SynapseModel("{receiver}_post = weight : {unit} (summed)", on_pre="")
    with pytest.raises(ValueError, match=f"projection ab: receives = 'v', {words}"):
        between(synapse, target=cell)


def test_weights_start_where_synapses_keep_them():
    learning = pair_stdp(largest=2 * mV)
    for weight in (0.0, 1e-3, 2e-3, 2.0001e-3, -1e-7):  # a step of learning may leave a weight a little outside
        between(learning, weights=np.full((2, 3), weight))
    each = pair_stdp(largest=np.array([1, 1, 1, 2, 2, 2]) * mV)
    between(each, weights=np.array([[1.0] * 3, [2.0] * 3]) * mV)
    for synapse, weights in ((learning, -1.0), (learning, 3.0), (each, 2.0)):
        with pytest.raises(ValueError, match=f"projection ab: the weights go from {weights:g} mV to .* between 0 and largest = "):
            between(synapse, weights=np.full((2, 3), weights) * mV)


def test_a_variable_is_summed_by_one_projection():
    synapse = SynapseModel("weight : 1\npull_post = weight*(v_pre - v_post) : volt (summed)", on_pre="")
    parts = tuple(Projection(source, "b", np.ones((2, 2)), synapse=synapse) for source in ("a", "b"))
    with pytest.raises(ValueError, match="projections a_b and b_b both set 'pull' of population 'b' to a sum"):
        Network((Population("a", 2, CELL), Population("b", 2, CELL)), parts)


def test_weights_have_the_unit_that_the_synapse_declares():
    synapse = SynapseModel("weight : siemens", on_pre="v_post += weight/siemens*mV")
    network = between(synapse, np.ones((2, 3)) * nS)
    assert network.weight_dimension(network.projections[0]) == nS.dim
    with pytest.raises(ValueError, match="weights of projection ab are a voltage; its synapses want a conductance"):
        between(synapse, np.ones((2, 3)) * mV)


def test_synapses_of_a_stimulus_know_no_variable_of_it():
    cells = (Population("cells", 2, noisy_lif()),)
    synapse = SynapseModel(on_pre="v_post += weight*(v_pre/mV)")
    words = r"projection input_cells: the synapses use 'v_pre', and channels of the stimulus 'input' have no variables; put a population"
    with pytest.raises(ValueError, match=words):
        Network(cells, (Projection("input", "cells", np.ones((3, 2)), synapse=synapse),))


def test_statements_are_text():
    with pytest.raises(TypeError, match=r"on_pre\.a = 3: statements are text"):
        SynapseModel(on_pre={"a": 3})


def test_all_mistakes_of_a_model_are_told_at_once():
    equations = f"{TRACE}\ndy/dt = -y/tau : 1\nz : 1"
    with pytest.raises(ModelError, match="constant 'taux' is used by nothing") as caught:
        SynapseModel(equations, on_pre="x += on; u = 3", constants={**TAU, "taux": 1 * ms}, start={"w": 0.0})
    for words in ("mark it", "'z' of the synapse is set by nothing", "start: 'w' is not", "on_pre 'on': 'on' is not", "'taux'"):
        assert sum(words in one for one in caught.value.told) == 1, words
    assert len(caught.value.told) == 5


def test_all_mistakes_of_a_projection_are_told_at_once_each_with_its_name():
    synapse = SynapseModel("g_post = w_pre*volt : amp (summed)", on_pre="pulls_post += weight")
    with pytest.raises(ModelError, match=r"^projection ab: ") as caught:
        between(synapse)
    assert all(one.startswith("projection ab: ") for one in caught.value.told)
    assert [name in str(caught.value) for name in ("'w_pre' is not", "'pulls_post' is not")] == [True, True]


@pytest.mark.parametrize("text", ["wieght = 0*mV", "v_post += weight; wieght = 2*mV"])
def test_statements_that_do_nothing_are_refused(text):
    with pytest.raises(ValueError, match=r"on_post 'wieght = .\*mV': 'wieght' is not a variable that it may set; did you mean"):
        SynapseModel("weight : volt", on_pre="v_post += weight", on_post=text)
    SynapseModel("weight : volt", on_pre="half = weight/2; v_post += half", on_post="weight = 0*mV")
