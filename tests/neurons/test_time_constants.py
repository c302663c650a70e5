"""Time constants of models, and the steps that are too long for them."""

import numpy as np
import pytest
from brian2 import ms

from bioworkbench.neurons import NEURON_MODELS, NeuronModel, custom, discrete_lif, noisy_lif, poisson_source
from bioworkbench.neurons.time_constants import decay_rates, is_unstable, smallest_time_constant


def model(equations, constants=None, method="euler", receives="v"):
    return custom(equations=equations, constants=constants, method=method, receives=receives)


def test_a_membrane_with_a_synapse():
    rates = decay_rates(noisy_lif(tau=20 * ms, synaptic_tau=4 * ms))
    np.testing.assert_allclose(sorted(rates.real), [-250, -50])
    assert smallest_time_constant(noisy_lif(tau=20 * ms, synaptic_tau=4 * ms)) == (
        pytest.approx(0.004),
        "of its linear equations",
    )


def test_every_neuron_counts():
    assert smallest_time_constant(noisy_lif(tau=np.array([20, 3, 10]) * ms))[0] == pytest.approx(0.003)


def test_subexpressions_units_and_functions_are_worked_out():
    found = model("dv/dt = -g*v*exp(-1)/ms : 1\ng = 2*k : 1", {"k": 3.0})
    np.testing.assert_allclose(decay_rates(found).real, [-6 * np.exp(-1) * 1000])


def test_coupled_equations_have_the_eigenvalues_of_their_matrix():
    found = decay_rates(model("dx/dt = (-x + 2*y)/(10*ms) : 1\ndy/dt = (-x - y)/(10*ms) : 1", receives="x"))
    matrix = np.array([[-1, 2], [-1, -1]]) * 100
    np.testing.assert_allclose(np.sort_complex(found), np.sort_complex(np.linalg.eigvals(matrix)))


def test_products_with_what_changes_are_left_out():
    """A conductance times the potential, the square of a potential, and an input are not linear."""
    found = model("dv/dt = (-v + g*(1 - v) - v**2 + drive)/(10*ms) : 1\ndg/dt = -g/(5*ms) : 1\ndrive : 1")
    np.testing.assert_allclose(sorted(decay_rates(found).real), [-200, -100])


def test_constants_stand_in_where_nothing_is_linear():
    assert smallest_time_constant(model("dv/dt = -v**3/tau : 1", {"tau": "7 ms"})) == (pytest.approx(0.007), "'tau'")


@pytest.mark.parametrize("neuron", [discrete_lif(leak=0.5), poisson_source(), NeuronModel("v : 1", "v > 1", "v = 0")])
def test_models_without_differential_equations_have_none(neuron):
    assert smallest_time_constant(neuron) is None
    assert not is_unstable(neuron, 1.0)


@pytest.mark.parametrize(("method", "largest"), [("euler", 2.0), ("heun", 2.0), ("rk2", 2.0), ("rk4", 2.785)])
def test_explicit_methods_are_unstable_beyond_their_limit(method, largest):
    decaying = model("dv/dt = -v/tau : 1", {"tau": "5 ms"}, method=method)
    assert not is_unstable(decaying, 0.99 * largest * 5e-3)
    assert is_unstable(decaying, 1.01 * largest * 5e-3)


@pytest.mark.parametrize("method", ["exact", "exponential_euler"])
def test_exact_methods_are_stable(method):
    assert not is_unstable(model("dv/dt = -v/tau : 1", {"tau": "5 ms"}, method=method), 1.0)


@pytest.mark.parametrize(
    "name", ["adaptive_lif", "adex", "conductance_lif", "exponential_if", "hodgkin_huxley", "izhikevich", "noisy_lif"]
)
def test_usual_steps_suit_the_models_of_the_library(name):
    neuron = NEURON_MODELS[name]()
    shortest, _ = smallest_time_constant(neuron)
    assert 1e-3 < shortest < 0.1
    assert not is_unstable(neuron, 1e-4)


def test_long_products_take_no_time():
    factors = "*".join(f"(v + {k})" for k in range(60))
    assert decay_rates(model(f"dv/dt = -v/(10*ms) + {factors}*0/ms : 1")).size == 1
