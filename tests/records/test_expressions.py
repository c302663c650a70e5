"""Laws and expressions that give every neuron or synapse a value of its own."""

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, Synapses, ms, mV, prefs, second, volt
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from bioworkbench.records.expressions import (
    check_drawn,
    dimension_of,
    drawn_values,
    is_drawn,
    is_expression,
    is_random,
    neuron_indices,
    read_value,
    synapse_indices,
)
from bioworkbench.records.names import NEURON_INDICES, SYNAPSE_INDICES

N = 7


def drawn(text, n=N, n_trials=1, names=None):
    rngs = [np.random.default_rng(trial) for trial in range(n_trials)]
    return drawn_values(text, n, rngs, neuron_indices(n) if names is None else names)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("i*mV", np.arange(N) * 1e-3),
        ("-70*mV + 10*mV*i/(N - 1)", -0.07 + 0.01 * np.arange(N) / (N - 1)),
        ("2/5", np.full(N, 0.4)),
        ("i // 2 + i % 3", np.arange(N) // 2 + np.arange(N) % 3),
        ("(i < 3)*1.5 + (i >= 3 and not i == 5)", np.where(np.arange(N) < 3, 1.5, np.arange(N) != 5)),
        ("2 < i <= 4 or i != 0 and False", (np.arange(N) > 2) & (np.arange(N) <= 4)),
        ("clip(sqrt(i)**2, 1, 3) + abs(-i) + int(2.7) + exprel(0*i)", np.clip(np.arange(N), 1, 3) + np.arange(N) + 3),
        ("exp(log(pi)) + arctan(0)*e + +1", np.full(N, np.pi + 1)),
        ("N", np.full(N, N)),
    ],
)
def test_what_expressions_are(text, expected):
    np.testing.assert_allclose(drawn(text, n_trials=2), np.tile(expected, (2, 1)), rtol=1e-14)


OPERANDS = st.sampled_from(["i", "N", "2", "0.5", "3", "1e-2", "(mV/volt)", "pi"])
EXPRESSIONS = st.recursive(
    OPERANDS,
    lambda part: st.one_of(
        st.tuples(part, st.sampled_from(["+", "-", "*", "/"]), part).map(lambda parts: "({} {} {})".format(*parts)),
        st.tuples(st.sampled_from(["exp", "sin", "abs", "floor", "sign", "-"]), part).map(lambda parts: "{}({})".format(*parts)),
        st.tuples(part, st.sampled_from(["<", ">=", "!="]), part).map(lambda parts: "int({} {} {})".format(*parts)),
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def group():
    """Neurons whose variable Brian2 sets by an expression."""
    prefs.codegen.target = "numpy"
    made = NeuronGroup(N, "x : 1")
    network = Network(made)
    yield made
    del network


@settings(max_examples=30, deadline=None, derandomize=True, phases=[Phase.generate])
@given(text=EXPRESSIONS)
def test_they_are_what_brian2_computes(group, text):
    """Where they are finite: Brian2 simplifies i/i to 1."""
    try:
        values = drawn(f"0 + {text}")[0]
    except ValueError:
        return
    group.x = text
    np.testing.assert_allclose(values, np.asarray(group.x), rtol=1e-9, atol=1e-9)


def test_synapses_count_as_brian2_counts_them():
    prefs.codegen.target = "numpy"
    groups = NeuronGroup(3, "v : 1"), NeuronGroup(4, "v : 1")
    synapses = Synapses(*groups, "x : second")
    Network(*groups, synapses)
    synapses.connect(i=[0, 1, 2, 2], j=[3, 0, 1, 2])
    text = "(i + 10*j)*ms + N_pre*second/N_post"
    synapses.x = text
    names = synapse_indices(np.array([0, 1, 2, 2]), np.array([3, 0, 1, 2]), (3, 4))
    np.testing.assert_allclose(drawn(text, 4, names=names)[0], np.asarray(synapses.x), rtol=1e-14)


def test_random_numbers_are_those_of_each_trial():
    """Four standard errors of mean and variance; trials differ, and a trial does not depend on the others."""
    values = drawn("rand() + 2*randn() + poisson(3)", 20_000, 2)
    assert abs(values.mean(axis=1) - 3.5).max() < 4 * np.sqrt(7.1 / 20_000)
    assert abs(values.var(axis=1) - (1 / 12 + 4 + 3)).max() < 4 * 7.1 * np.sqrt(2.2 / 20_000)
    assert (values[0] != values[1]).mean() > 0.99
    assert (values[:1] == drawn("rand() + 2*randn() + poisson(3)", 20_000, 1)).all()
    uniform = drawn("uniform(1, 2)", 20_000, 2)
    assert (uniform[0] != uniform[1]).all()
    assert (uniform[:1] == drawn("uniform(1, 2)", 20_000, 1)).all()
    assert 1 <= uniform.min() < uniform.max() <= 2
    assert abs(uniform.mean() - 1.5) < 4 / np.sqrt(12 * 40_000)


def test_normal_draws_have_the_stated_moments():
    values = drawn("normal(3 mV, 2 mV)", 10_000) * 1e3
    assert abs(values.mean() - 3) * 100 / 2 < 4.5
    assert abs(values.var() / 4 - 1) * np.sqrt(10_000 / 2) < 4.5
    assert abs(values.var() / 4.5 - 1) * np.sqrt(10_000 / 2) > 4.5  # twin that must fail


def test_dependent_trials_would_be_seen():
    """Twin that must fail: one generator for both trials gives the second other numbers."""
    rng = np.random.default_rng(0)
    assert (drawn_values("rand()", 9, [rng, rng], {})[1] != drawn("rand()", 9, 2)[1]).all()


@pytest.mark.parametrize(
    ("text", "expression", "random"),
    [
        ("-70*mV + rand()*10*mV", True, True),
        ("i", True, False),
        ("N_pre", True, False),
        ("poisson (3)", True, True),
        ("a_rand + 1", True, False),
        ("lognormal(1 mV, 2 mV, low = 0 mV)", False, True),
        ("uniform(0 mV, 1 mV)", False, True),
        ("normal(0, 1)", False, True),
        ("20 ms", False, False),
        ("20*ms", False, False),
        ("tau", False, False),
        ("[1, 2]", False, False),
        ("1 +", False, False),
        ("(" * 300 + "1" + ")" * 300, False, False),
    ],
)
def test_which_texts_are_expressions(text, expression, random):
    assert (is_expression(text), is_random(text)) == (expression, random)
    assert is_drawn(text) == (expression or "(" in text)


def test_values_as_they_are_given():
    assert read_value("tau", "20 ms") == 20 * ms
    assert read_value("x", 3) == 3
    assert [read_value("x", text) for text in ("i*mV", "rest", "uniform(0, 1)")] == ["i*mV", "rest", "uniform(0, 1)"]
    with pytest.raises(ValueError, match="start of 'x': 'gamma' is not a distribution"):
        read_value("x", "gamma(1 ms)")
    for text in ("re st", "inf"):
        with pytest.raises(ValueError, match=f"start of 'x': '?{text}"):
            read_value("x", text)


def test_a_constant_alone_is_drawn():
    check_drawn("start of 'v'", " rest", NEURON_INDICES, {"rest": -70 * mV}, volt.dim)
    values = drawn_values("rest", 2, [np.random.default_rng(1)], {"rest": np.array([-0.07, -0.06])})
    assert values.tolist() == [[-0.07, -0.06]]


def test_dimensions():
    assert dimension_of("i*mV + sqrt(rand())*volt") is volt.dim
    assert dimension_of("normal(1 ms, 2 ms)") is second.dim
    assert dimension_of("i < 3") is dimension_of("2/5")
    with pytest.raises(ValueError, match="'gamma' is not a distribution"):
        dimension_of("gamma(1 ms, 2 ms)")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rand()*10*ms", r"start of 'v' 'rand\(\)\*10\*ms' has the unit second; it must have the unit volt"),
        ("i*mV + 3*ms", r"start of 'v' 'i\*mV \+ 3\*ms': .*inconsistent units"),
        ("j*mV", r"start of 'v' 'j\*mV': 'j' is not a variable, constant, function or unit; known: N, i, rest$"),
        ("rset", "start of 'v' 'rset': 'rset' is not a variable, constant, function or unit; did you mean 'rest'"),
        ("rset + i*mV", "'rset' is not a variable, constant, function or unit; did you mean 'rest'"),
        ("__import__('os').system('true')", "start of 'v' .*"),
        ("uniform(0 ms, 1 ms)", r"start of 'v' = uniform\(0 ms, 1 ms\) is a time; it must be a voltage"),
        ("rest**9**9", "exponents must be names or numbers below 100"),
        ("mV + " * 500 + "mV", "start of 'v' has 2502 characters; 1000 are allowed"),
        ("uniform(1 mV)", r"'uniform\(1 mV\)': uniform takes low, high"),
        (f"i*mV*{10**400}", "cannot be part of an expression"),
        ("i*mV**(1/0)", "division by zero"),
        ("i*1j*mV", r"start of 'v' 'i\*1j\*mV': '1j' cannot be part of an expression"),
        ("(i if i else N)*mV", "start of 'v'"),
        ("rand(3)*mV", "start of 'v'"),
        ("timestep(i*ms, ms)*mV", "start of 'v' .*'timestep' is not a"),
        ("rest.real + i*mV", "start of 'v'"),
        ("i*mV + xi*mV", "start of 'v' .*'xi' is not a"),
    ],
)
def test_what_cannot_be_drawn(text, message):
    with pytest.raises(ValueError, match=message):
        check_drawn("start of 'v'", text, NEURON_INDICES, {"rest": -70 * mV}, volt.dim)


def test_long_texts_are_not_read():
    with pytest.raises(ValueError, match=r"expression has 6002 characters; 1000 are allowed"):
        drawn_values("i" + " + 1.0" * 1000 + " ", 3, [np.random.default_rng(1)], neuron_indices(3))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1/(i - 3)", r"'1/\(i - 3\)' is inf for number 3; values must be finite"),
        ("log(-1 - i)", "is nan for number 0"),
        ("poisson(-1)", r"expression 'poisson\(-1\)': "),
        ("1e308*10*i + 10**99", "for number"),
    ],
)
def test_values_must_be_finite(text, message):
    with pytest.raises(ValueError, match=message):
        drawn(text)


@settings(max_examples=300, deadline=None)
@given(st.text("iNj rand()nmV*+-/<>=.,0123456789eE[]'\"_:lambd{}\n#@~^%&|", max_size=30))
def test_any_text_is_read_or_refused(text):
    """No text has another end than a value or a ValueError."""
    try:
        check_drawn("x", text, SYNAPSE_INDICES, {}, volt.dim)
        values = drawn(text, names={**neuron_indices(N), **dict.fromkeys(SYNAPSE_INDICES, 1.0)})
    except ValueError:
        return
    assert values.shape == (1, N)
    assert np.isfinite(values).all()
