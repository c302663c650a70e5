"""Custom equations: what runs as the library's own models do, and what is refused before anything is built."""

import numpy as np
import pytest
from brian2 import ms, mV
from hypothesis import given, settings
from hypothesis import strategies as st

from bioworkbench.neurons import NeuronModel, custom, noisy_lif
from bioworkbench.neurons.checks import INTEGRATION_METHODS, check_model
from tests.neurons.driven import alone, driven

LEAKY = "dv/dt = (rest - v + drive)/tau : volt (unless refractory)\ndrive : volt"
CONSTANTS = {"tau": "20 ms", "rest": "-70 mV"}
PLAIN = "dv/dt = -v/tau : volt"
TAU = {"tau": "20 ms"}


def test_custom_equations_fire_as_the_model_they_copy():
    copy = custom(
        equations=LEAKY,
        threshold="v > -50*mV",
        reset="v = -60*mV",
        refractory=2 * ms,
        constants=CONSTANTS,
        start={"v": "-70 mV"},
        method="exact",
    )
    drives = np.array([25, 40]) * 1e-3
    found, expected = (driven(model, drives, 0.2, 1e-4).spikes["cells"] for model in (copy, noisy_lif(sigma=0 * mV)))
    assert (found.time == expected.time).all()
    assert (found.neuron == expected.neuron).all()


def test_constants_and_starts_may_be_quantities_numbers_or_text():
    model = custom(
        equations="dv/dt = (gain*rest - v)/tau : volt\nw : 1",
        constants={"tau": 20 * ms, "rest": "-70 mV", "gain": 0.5},
        start={"v": "uniform(-70 mV, -60 mV)", "w": 3.0},
    )
    assert model.constants["rest"] == -70 * mV
    assert model.start == {"v": "uniform(-70 mV, -60 mV)", "w": 3.0}
    assert alone(model, 3, 1e-3, 1e-4, ["cells.w"]).traces["cells.w"][0, 0, 0] == 3.0


@pytest.mark.parametrize(
    "settings_",
    [
        {"equations": "dv/dt = -v/tau + s*sqrt(2/tau)*xi : volt", "constants": TAU | {"s": "1 mV"}},
        {"equations": "dv/dt = -v/tau + s*(xi_a + xi_b)/sqrt(tau) : volt", "constants": TAU | {"s": "1 mV"}, "method": "heun"},
        {
            "equations": "dv/dt = (-v + s*shared_noise*sqrt(tau))/tau : volt\nshared_noise : second**-0.5",
            "constants": TAU | {"s": "1 mV"},
        },
        {"equations": "v : 1", "update": "v = 0.9*v + 0.1*randn()  # a leak"},
        {"equations": f"{PLAIN}\nopen : boolean", "constants": TAU, "threshold": "open and v > 1*mV", "reset": "open = False"},
        {
            "equations": PLAIN,
            "constants": TAU,
            "threshold": "v > 1*mV and not_refractory",
            "reset": "v = 0*mV; v += 1*mV",
            "refractory": 2 * ms,
        },
        {"equations": PLAIN, "constants": TAU, "threshold": "t - lastspike > tau and v**.5 > 1*mV**.5", "refractory": 2 * ms},
        {"equations": PLAIN, "constants": TAU, "threshold": "v > 1*mV", "reset": "above = v - 1*mV\nv = above/2"},
        {"equations": "v : 1", "update": "old = v; v = 0.9*old + 0.1*old**2"},
        {"equations": PLAIN, "constants": {"tau": "20 \N{MICRO SIGN}s"}},
        {"equations": PLAIN, "constants": {"tau": "20 \N{GREEK SMALL LETTER MU}s"}},
        {"equations": f"{PLAIN}  # leak\ntau : second", "constants": TAU},
        {"equations": "dv/dt = -v*exp(-t/tau)/tau + int(i > N/2)*mV/ms : volt", "constants": TAU, "method": "rk4"},
    ],
)
def test_all_that_brian2_offers_is_accepted(settings_):
    assert isinstance(custom(**settings_), NeuronModel)


REFUSED = [
    ({"equations": "dv/dt = -v/tau"}, "equations do not parse: Parsing failed: dv/dt = -v/tau"),
    ({"equations": "dv/dt = (-v/tau : volt"}, "equations do not parse: .* was never closed"),
    ({"equations": "dv/dt = -v/tau : vlot"}, "equations do not parse: .* refers to 'vlot'"),
    ({"equations": "v : mV"}, "equations do not parse: .* Use 'volt' instead"),
    ({"equations": "i : 1"}, "equations do not parse: 'i' has a special meaning"),
    ({"equations": f"{PLAIN} (constant)"}, "cannot have a flag 'constant'"),
    ({"equations": "dv/dt = -v/tua : volt"}, "constant 'tau' is used by nothing; did you mean 'tua'"),
    ({"equations": "dv/dt = -v/tau + w : volt"}, "'w' is not a variable, constant, function or unit"),
    ({"equations": "dv/dt = -v/tau + mV : volt"}, "equation of v .* inconsistent units"),
    ({"equations": "dv/dt = -v/tua : volt", "constants": {}}, "equation of v '-v/tua': 'tua' is not a variable, constant"),
    ({"constants": TAU | {"sgma": "1 mV"}}, "constant 'sgma' is used by nothing; leave it out, or use it. Other names .*: v"),
    ({"equations": f"{PLAIN}\nw : 1"}, "parameter 'w' is set by nothing; give it in constants or start"),
    ({"equations": f"{PLAIN}\ntua : second", "start": {"v": "1 mV"}}, "parameter 'tua' is set by nothing; did you mean 'tau'"),
    ({"start": {"tau": "1 ms"}, "equations": f"{PLAIN}\ntau : second"}, "'tau' is given among the constants and among the start"),
    ({"equations": f"{PLAIN}\nnew : 1", "start": {"new": 1.0}}, "variable 'new': this is a word of C\\+\\+"),
    ({"equations": f"{PLAIN}\nlastspike : 1", "start": {"lastspike": 1.0}}, "variable 'lastspike': Brian2 gives every neuron"),
    ({"reset": "vv = 0*mV; v = 0*mV"}, "'vv' is not a variable that it may set; did you mean 'v'"),
    ({"reset": "mV = v; v = 2*mV"}, "'mV' is not a variable that it may set"),
    ({"reset": "double = v; v = 2*double"}, "variable 'double': this is a word of C"),
    (
        {"threshold": "t - lastspike > tau"},
        "threshold .*: only neurons with a refractory period have 'lastspike'; give refractory",
    ),
    (
        {"equations": "dv/dt = -g*v/C : volt", "constants": {"g": "10 Mohm**2", "C": "1 pF"}},
        r"it must have the unit volt/second \(it does if 'g' is in siemens, not ohm\*\*2",
    ),
    (
        {"equations": "dv/dt = -v/tau + I/C : volt", "constants": TAU | {"I": "1 nS", "C": "1 pF"}},
        "inconsistent units .*it does if 'I' is in amp, not siemens",
    ),
    (
        {"equations": "dv/dt = -v : volt", "constants": {}},
        "equation of v '-v' has the unit volt; it must have the unit volt/second",
    ),
    ({"equations": f"{PLAIN}\nx = v/tau : volt"}, "equation of x 'v/tau' has the unit volt/second; it must have the unit volt"),
    ({"equations": "dv/dt = -v/tau + exp(v)*mV/ms : volt"}, "equation of v .* exp does not have the correct units"),
    ({"equations": "dv/dt = spike(v)/tau : volt"}, "'spike' is not a variable, constant, function or unit"),
    ({"constants": {"tau": "20 mV"}}, "equation of v '-v/tau' has the unit 1; it must have the unit volt/second"),
    ({"constants": {"tau": "20 parsecs"}}, "unknown unit 'parsecs'"),
    ({"constants": TAU | {"v": "1 mV"}}, "constant 'v' is a voltage; the equations define it as"),
    ({"constants": TAU | {"mV": "1 mV"}}, "constant 'mV': Brian2 uses this name for one of its units"),
    ({"constants": TAU | {"bad name": 1.0}}, "constant 'bad name': must be an ASCII letter"),
    ({"equations": f"{PLAIN}\ntau : volt"}, "constant 'tau' is a time; the equations define it as 'tau : V'"),
    ({"threshold": "v"}, "threshold 'v' is not a condition; write one such as 'v > -50"),
    ({"threshold": "v > 1"}, "threshold 'v > 1': Comparison of expressions with different units"),
    ({"threshold": "v >"}, "threshold 'v >': invalid syntax"),
    ({"threshold": "v > limit"}, "threshold 'v > limit': 'limit' is not a variable"),
    ({"threshold": "v > 1*mV and 3"}, "threshold .* expecting bool or Boolean"),
    ({"threshold": "__import__('os').system('ls')"}, "threshold .* do not support the 'Call' syntax"),
    ({"threshold": "v.__class__ > 1"}, "threshold .* do not support accessing attributes"),
    ({"reset": "v = 0"}, "reset 'v = 0' has the unit 1; it must have the unit volt"),
    ({"reset": "v += 1*ms"}, "reset 'v \\+= 1\\*ms': .* inconsistent units"),
    ({"reset": "vv = 0*mV"}, "reset 'vv = 0\\*mV': 'vv' is not a variable that it may set; did you mean 'v'"),
    ({"reset": "tau = 0*ms"}, "'tau' is not a variable that it may set"),
    ({"reset": "v"}, "reset 'v': Parsing the statement failed"),
    ({"reset": "v = w"}, "reset 'v = w': 'w' is not a variable|'w' is not a variable"),
    ({"update": "v = v + rest"}, "update 'v \\+ rest': 'rest' is not a variable"),
    ({"threshold": "", "reset": "v = 0*mV"}, "reset = 'v = 0\\*mV' is never used: without a threshold the neurons do not spike"),
    ({"threshold": "", "refractory": 2 * ms}, r"refractory = '2. ms' is never used: without a threshold"),
    ({"receives": "w"}, "receives: 'w' is not a variable; known: v"),
    ({"start": {"w": 1.0}}, "start: 'w' is not a variable; known: v"),
    ({"start": {"v": 1.0}}, "start of 'v' is a plain number; the equations define it as"),
    ({"start": {"v": "uniform(1 ms, 2 ms)"}}, r"start of 'v' = uniform\(1 ms, 2 ms\) is a time; it must be a voltage"),
    ({"start": {"v": "gamma(1 mV, 2 mV)"}}, "'gamma' is not a distribution"),
    ({"equations": f"{PLAIN}\nx = v : volt", "start": {"x": "1 mV"}}, "start of 'x': it follows from 'x = v : V'"),
    ({"method": "magic"}, "'magic' is not an integration method; known: euler, exact"),
    ({"equations": "dv/dt = -v**2/(tau*mV) : volt", "method": "exact"}, "method 'exact' cannot integrate these equations"),
    ({"equations": "dv/dt = 9**9**9**9*v/tau : volt"}, "exponents must be names or numbers below 100"),
    ({"equations": "dv/dt = ((9**99)**99)**99*v/tau : volt"}, "exponents must be names or numbers below 100"),
    ({"equations": "dv/dt = 9**(9999999999)*v/tau : volt"}, "exponents must be names or numbers below 100"),
    ({"reset": "v = 9**9**9**9*mV"}, "reset = .* exponents must be names or numbers below 100"),
    ({"equations": f"{PLAIN}  # {'x' * 10_000}"}, "equations has 100.. characters; 10000 are allowed"),
    ({"equations": f"dv/dt = (v{'+v' * 3000})/tau : volt"}, "equations do not parse: maximum recursion depth"),
]


@pytest.mark.parametrize(("settings_", "message"), REFUSED)
def test_what_cannot_be_built_is_refused(settings_, message):
    with pytest.raises(ValueError, match=message):
        custom(**{"equations": PLAIN, "constants": TAU, "threshold": "v > 1*mV"} | settings_)


@pytest.mark.parametrize("method", INTEGRATION_METHODS)
def test_every_method_fits_some_equations(method):
    noise = " + mV*sqrt(2/tau)*xi" if method == "milstein" else ""
    assert custom(equations=f"dv/dt = -v/tau{noise} : volt", constants=TAU, method=method).method == method


TEXT = st.text(st.sampled_from("vtau dwxi/=*()+-:.#\n;0123456789eE'\"[]_mVolt<>"), max_size=40)


@given(
    position=st.integers(0, len(LEAKY)),
    length=st.integers(0, 6),
    text=TEXT,
    field=st.sampled_from(["equations", "threshold", "reset"]),
)
@settings(max_examples=80, deadline=None)
def test_mutated_text_ends_in_a_model_or_a_clear_error(position, length, text, field):
    texts = {"equations": LEAKY, "threshold": "v > -50*mV", "reset": "v = -60*mV"}
    whole = texts[field]
    texts[field] = whole[: position % (len(whole) + 1)] + text + whole[position % (len(whole) + 1) + length :]
    try:
        model = custom(**texts, constants=CONSTANTS)
    except ValueError as error:
        assert str(error)  # noqa: PT017  either outcome is right; anything but a ValueError is not
    else:
        check_model(model)
