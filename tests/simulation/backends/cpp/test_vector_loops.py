"""Loops over neurons that a compiler turns into vectors: the numbers of NumPy, and not where neurons share what they write."""

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, Synapses, get_device, ms, set_device
from brian2.devices.device import reset_device

from bioworkbench.simulation.backends.cpp.toolchain import missing_compiler
from tests.simulation.backends.cpp.scripts import run_on

pytestmark = pytest.mark.skipif(bool(missing_compiler()), reason="needs g++")
# 37 neurons: whole vectors of any width, and some that are left over
NUMBERS = np.r_[0.0, 1e-300, 1e-17, -1e-17, 1e-9, -1e-9, np.linspace(-30, 30, 27), 716.9, 717.1, -800, 1e3]
FUNCTIONS = ("exp", "expm1", "tanh", "exprel", "sin", "cos")


def functions():
    """A function of each kind of a number that differs between neurons."""
    group = NeuronGroup(len(NUMBERS), "x : 1\n" + "\n".join(f"{f}_x = {f}(x) : 1 (constant over dt)" for f in FUNCTIONS))
    group.x = NUMBERS
    group.run_regularly("x = x * 1.0")
    return Network(group), lambda: {f: np.array(group.variables[f"{f}_x"].get_value()) for f in FUNCTIONS}


def many_variables(n=45, pairs=9):
    """More arrays than a compiler compares with each other: pairs of oscillators, and functions of them."""
    lines = []
    for k in range(pairs):
        lines += [f"da_{k}/dt = (b_{k} - a_{k} * rate_{k}) / (5*ms) : 1", f"db_{k}/dt = -a_{k} / (5*ms) : 1"]
        lines += [f"rate_{k} = exprel(-a_{k}) * {k + 1} : 1 (constant over dt)"]
    group = NeuronGroup(n, "\n".join(lines), method="euler")
    for k in range(pairs):
        group.variables[f"a_{k}"].set_value(np.linspace(-1, 1, n) * (k + 1))
    return Network(group), lambda: {f"{name}_{k}": np.array(group.variables[f"{name}_{k}"].get_value())
                                    for name in "ab" for k in range(pairs)}  # fmt: skip


def shared_targets():
    """Synapses that add to one neuron, time step after time step, in a loop of all synapses."""
    group = NeuronGroup(20, "v : 1")
    synapses = Synapses(group, group, "w : 1")
    synapses.connect(i=np.repeat(np.arange(20), 20), j=np.tile([0, 0, 0, 7], 100))
    synapses.w = np.arange(400)
    synapses.run_regularly("v_post = v_post + w")
    return Network(group, synapses), lambda: {"v": np.array(group.variables["v"].get_value())}


def test_functions_are_those_of_numpy(tmp_path):
    found = run_on("bioworkbench", tmp_path, functions, 0.2 * ms)
    with np.errstate(all="ignore"):
        expected = {f: getattr(np, f)(NUMBERS) for f in FUNCTIONS if f != "exprel"}
        expected["exprel"] = np.where(np.abs(NUMBERS) < 1e-16, 1, np.expm1(NUMBERS) / np.where(NUMBERS == 0, 1, NUMBERS))
    for name, values in expected.items():
        # four units in the last place, which vectors of the C library may be off
        np.testing.assert_allclose(found[name], values, rtol=1e-15, atol=1e-15, err_msg=name)


def test_many_variables_are_those_of_numpy(tmp_path):
    found, expected = run_on("bioworkbench", tmp_path, many_variables, 5 * ms), run_on("runtime", None, many_variables, 5 * ms)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-12, err_msg=name)


def test_synapses_that_share_a_target_are_added_one_by_one(tmp_path):
    found, plain = (run_on(name, tmp_path / name, shared_targets, 0.2 * ms) for name in ("bioworkbench", "cpp_standalone"))
    np.testing.assert_array_equal(found["v"], plain["v"])
    assert found["v"][0] == 2 * sum(w for w in range(400) if w % 4 != 3)


@pytest.mark.parametrize(("script", "independent"), [(many_variables, True), (shared_targets, False)])
def test_only_loops_that_share_nothing_are_said_to(tmp_path, script, independent):
    set_device("bioworkbench", directory=str(tmp_path), build_on_run=False)
    try:
        network, _ = script()
        network.run(0.2 * ms)
        texts = [o.code.cpp_file for o in get_device().code_objects.values() if o.template_name == "stateupdate"]
    finally:
        get_device().reinit()
        reset_device()
    assert texts
    assert all(("ivdep" in text) == independent for text in texts)
