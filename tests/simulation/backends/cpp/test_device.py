"""Plain Brian2 scripts on our device: the same spikes as Brian2, one program for all sizes, and what it hands to Brian2's device."""

import hashlib
import inspect
import subprocess
from pathlib import Path

import numpy as np
import pytest
from brian2 import (
    Hz,
    Network,
    NetworkOperation,
    NeuronGroup,
    SpatialNeuron,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    device,
    get_device,
    ms,
    prefs,
    seed,
    set_device,
)
from brian2.devices.device import all_devices, reset_device
from brian2.spatialneuron.morphology import Cylinder
from brian2.units import cm, ohm, uF, um

from bioworkbench.records.errors import SimulationError
from bioworkbench.simulation.backends.cpp import functions, toolchain
from tests.simulation.backends.cpp import scripts
from tests.simulation.backends.cpp.scripts import run_on


def equal(ours: dict, brian2: dict) -> None:
    """Spikes are the same set, numbers are close, and there are some."""
    assert ours.keys() == brian2.keys()
    for name, value in brian2.items():
        if isinstance(value, set):
            assert value
            assert ours[name] == value, name
        else:
            np.testing.assert_allclose(ours[name], value, rtol=1e-9, atol=1e-12, err_msg=name)


@pytest.mark.parametrize(
    "script",
    [scripts.cuba, scripts.stdp, scripts.gap_junctions, scripts.timed_arrays, scripts.subgroups_and_links, scripts.populations],
    ids=lambda script: script.__name__,
)
def test_spikes_equal_those_of_plain_brian2(script, tmp_path):
    equal(run_on("bioworkbench", tmp_path, script), run_on("runtime", None, script))


def test_a_changed_weight_gives_other_spikes(tmp_path):
    """The twin that must fail: the comparison above sees a difference of one percent in a weight."""
    ours, other = run_on("bioworkbench", tmp_path, scripts.cuba, excited=1.6362), run_on("runtime", None, scripts.cuba)
    assert ours["spikes"] != other["spikes"]


def generated(folder: Path) -> str:
    return hashlib.sha256((folder / "functions.cpp").read_bytes()).hexdigest()


def test_one_program_for_all_sizes_seeds_durations_and_parameters(tmp_path):
    settings = [{}, {"size": 1000}, {"number": 7}, {"excited": 1.9}, {"recorded": (3, 5, 8)}]
    for number, setting in enumerate(settings):
        run_on("bioworkbench", tmp_path / str(number), scripts.cuba, (10 + number) * ms, **setting)
    assert len({generated(tmp_path / str(number)) for number in range(len(settings))}) == 1


def test_one_program_for_any_number_of_populations(tmp_path):
    for n in (2, 5):
        run_on("bioworkbench", tmp_path / str(n), scripts.populations, 5 * ms, n=n)
    assert generated(tmp_path / "2") == generated(tmp_path / "5")


def test_another_equation_is_another_program(tmp_path):
    run_on("bioworkbench", tmp_path / "a", scripts.cuba, 1 * ms)
    run_on("bioworkbench", tmp_path / "b", scripts.gap_junctions, 1 * ms)
    assert generated(tmp_path / "a") != generated(tmp_path / "b")


def test_a_structure_seen_before_is_not_compiled_again(tmp_path, monkeypatch):
    run_on("bioworkbench", tmp_path / "a", scripts.cuba, 1 * ms)
    monkeypatch.setattr(functions, "_compile", lambda *arguments: pytest.fail("compiled"))
    run_on("bioworkbench", tmp_path / "b", scripts.cuba, 1 * ms, size=50)


def test_noise_and_poisson_input_have_their_moments(tmp_path):
    left = run_on("bioworkbench", tmp_path, scripts.noisy)
    x, n = left["x"], left["n"]
    assert abs(x.mean()) < 4 / np.sqrt(len(x))
    assert abs(x.var() - 1 / (1 - 0.01)) < 4 * np.sqrt(2 / len(x))  # Euler steps of dt = 0.02 tau
    expected = 50 * 40 * 0.1 + 2000 * 100 * 0.1
    variance = 50 * 1000 * 0.004 * 0.996 + 2000 * 1000 * 0.01 * 0.99
    assert abs(n.mean() - expected) < 4 * np.sqrt(variance / len(n))
    assert abs(n.var() / variance - 1) < 4 * np.sqrt(2 / len(n))
    assert abs(np.corrcoef(x[:-1], x[1:])[0, 1]) < 4 / np.sqrt(len(x))
    assert len(np.unique(x)) == len(x)


def test_a_seed_decides_the_noise(tmp_path):
    first, again, other = (
        run_on("bioworkbench", tmp_path / f"{k}", scripts.noisy, 5 * ms, number=n) for k, n in enumerate((1, 1, 2))
    )
    assert (first["x"] == again["x"]).all()
    assert (first["x"] != other["x"]).any()


def test_more_neurons_do_not_move_the_noise_of_the_others(tmp_path):
    few, many = (run_on("bioworkbench", tmp_path / f"{n}", scripts.noisy, 5 * ms, size=n) for n in (512, 1024))
    assert (few["x"] == many["x"][:512]).all()


def test_objects_of_another_script_do_not_move_the_noise(tmp_path):
    """Brian2 numbers unnamed objects among all that are alive: a cell of a notebook that runs twice has other names."""
    first = run_on("bioworkbench", tmp_path / "first", scripts.noisy, 5 * ms, size=512)
    alive = [NeuronGroup(1, "v : 1") for _ in range(12)]
    again = run_on("bioworkbench", tmp_path / "again", scripts.noisy, 5 * ms, size=512)
    assert len(alive) == 12
    assert (first["x"] == again["x"]).all()
    assert (first["n"] == again["n"]).all()


@pytest.fixture
def _ours(tmp_path):
    set_device("bioworkbench", directory=str(tmp_path), build_on_run=False, with_output=False)
    yield
    get_device().reinit()
    reset_device()


def chain() -> tuple[Network, Synapses, SpikeMonitor]:
    """Three neurons in a row whose spikes take long; the first is about to spike."""
    group = NeuronGroup(3, "dv/dt = 1 / (10*ms) : 1", threshold="v > 1", reset="v = 0", method="euler", namespace={})
    synapses = Synapses(group, group, "w : 1", on_pre="v_post += w")
    synapses.connect(i=[0, 1, 0, 0], j=[1, 2, 2, 1])
    synapses.w, synapses.delay = 0.4, [7, 6, 6, 5] * ms
    group.v = [0.95, 0, 0]
    monitor = SpikeMonitor(group)
    return Network(group, synapses, monitor), synapses, monitor


def run_twice(network: Network, synapses: Synapses) -> None:
    """Spikes are on their way when the first run ends, and other delays are set then."""
    network.run(2 * ms)
    synapses.w, synapses.delay = 0.6, [1, 9, 2, 9] * ms
    network.run(20 * ms)


def test_several_runs_go_on_from_each_other(tmp_path, monkeypatch):
    network, synapses, monitor = chain()
    monkeypatch.setitem(prefs, "codegen.target", "numpy")
    run_twice(network, synapses)
    expected = scripts.spikes(monitor)
    set_device("bioworkbench", directory=str(tmp_path), build_on_run=False, with_output=False)
    try:
        network, synapses, monitor = chain()
        run_twice(network, synapses)
        device.build(directory=str(tmp_path), with_output=False)
        assert len(expected) > 4
        assert scripts.spikes(monitor) == expected
    finally:
        get_device().reinit()
        reset_device()


@pytest.mark.usefixtures("_ours")
def test_what_an_object_draws_again_are_other_numbers(tmp_path):
    """Values of two variables, synapses that are made twice, and the noise of a second run."""
    seed(1)
    group = NeuronGroup(1000, "dv/dt = xi/ms**.5 : 1\nx : 1\ny : 1", threshold="rand() < 0.1", method="euler", namespace={})
    group.x, group.y = "rand()", "rand()"
    synapses = Synapses(group, group, "w : 1\nu : 1")
    synapses.connect(p=0.01)
    synapses.connect(p=0.01)
    synapses.w, synapses.u = "rand()", "rand()"
    trace = StateMonitor(group, "v", record=range(10))
    network = Network(group, synapses, trace)
    network.run(10 * ms)
    network.run(10 * ms)
    device.build(directory=str(tmp_path), with_output=False)
    steps = np.diff(trace.v[:])
    twice = len(synapses) - len(set(zip(synapses.i[:], synapses.j[:], strict=True)))
    for one, other in ((group.x[:], group.y[:]), (synapses.w[:], synapses.u[:]), (steps[:, :99].ravel(), steps[:, 100:].ravel())):
        assert abs(np.corrcoef(one, other)[0, 1]) < 4 / np.sqrt(len(one))
    assert abs(twice - 100) < 4 * np.sqrt(100)


@pytest.mark.usefixtures("_ours")
def test_a_seed_between_runs_begins_again(tmp_path):
    group = NeuronGroup(300, "dv/dt = xi/ms**.5 : 1", method="euler", namespace={})
    network = Network(group)
    trace = StateMonitor(group, "v", record=range(10), when="end")
    network.add(trace)
    for _ in range(2):
        seed(1)
        group.v = 0
        network.run(1 * ms)
    device.build(directory=str(tmp_path), with_output=False)
    assert np.array_equal(trace.v[:, :10], trace.v[:, 10:])


@pytest.mark.usefixtures("_ours")
def test_python_inside_a_step_is_refused(tmp_path):
    """Brian2's C++ device leaves it out without a word."""
    group = NeuronGroup(3, "dx/dt = 1/ms : 1", method="euler", namespace={})
    operation = NetworkOperation(lambda: None, name="silence")
    network = Network(group, operation)
    with pytest.raises(SimulationError, match="network operation 'silence' is Python code"):
        network.run(1 * ms)
    operation.active = False
    network.run(1 * ms)
    device.build(directory=str(tmp_path), with_output=False)
    assert np.allclose(group.x[:], 1)


@pytest.mark.usefixtures("_ours")
@pytest.mark.skipif(
    "dtype" not in inspect.signature(StateMonitor).parameters, reason="a monitor has a type of its own from Brian2 2.11 on"
)
def test_monitors_may_record_in_another_type(tmp_path):
    group = NeuronGroup(3, "v : 1\nn : integer", namespace={})
    group.v, group.n = [1.5, -2.5, 1e-3], [1, -2, 3]
    monitors = [StateMonitor(group, ["v", "n"], record=True, dtype=dtype) for dtype in (None, {"v": np.float32, "n": np.int64})]
    network = Network(group, monitors)
    network.run(2 * ms)
    device.build(directory=str(tmp_path), with_output=False)
    for monitor in monitors:
        np.testing.assert_array_equal(monitor.n, np.repeat([[1], [-2], [3]], len(monitor.t), axis=1))
        np.testing.assert_allclose(monitor.v, np.repeat([[1.5], [-2.5], [1e-3]], len(monitor.t), axis=1), rtol=1e-6)


@pytest.mark.usefixtures("_ours")
def test_a_built_program_runs_again_with_other_values(tmp_path):
    group = NeuronGroup(2, "dv/dt = a : 1\na : Hz", method="euler")
    group.a = "10*Hz"
    Network(group).run(100 * ms)
    device.build(directory=str(tmp_path), with_output=False)
    np.testing.assert_allclose(group.v, [1, 1])
    device.run(run_args={group.a: [20, 30] * Hz}, with_output=False)
    np.testing.assert_allclose(group.v, [2, 3])


@pytest.mark.usefixtures("_ours")
@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda folder: next((folder / "static_arrays").iterdir()).unlink(), "cannot open static_arrays/"),
        (lambda folder: next((folder / "static_arrays").iterdir()).write_bytes(b"123"), "does not hold"),
        (lambda folder: (folder / "plan.txt").unlink(), "plan.txt is missing"),
        (lambda folder: (folder / "plan.txt").write_text("plan 1\nnonsense\nend\n"), "unknown order: nonsense"),
        (lambda folder: (folder / "plan.txt").write_text("plan 1\n"), "no end"),
        (lambda folder: (folder / "plan.txt").write_text("plan 1\nfunction a 0 f_0 --\nend\n"), "no function f_0"),
    ],
)
def test_what_is_missing_is_an_error(tmp_path, damage, words):
    group = NeuronGroup(3, "v : 1")
    group.v = [1, 2, 3]
    Network(group).run(1 * ms)
    device.build(directory=str(tmp_path), run=False)
    damage(tmp_path)
    done = subprocess.run(["./main"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 5
    assert words in done.stderr


def test_a_function_that_cannot_be_compiled_names_the_log():
    with (
        pytest.raises(SimulationError, match=r"the compiler failed: .*\nThe whole log is in"),
        functions.program_of({"functions": "nonsense;"}, toolchain.flags(), {}),
    ):
        pass


@pytest.mark.usefixtures("_ours")
def test_an_unknown_entry_of_the_queue_is_an_error(tmp_path):
    Network(NeuronGroup(3, "v : 1")).run(1 * ms)
    all_devices["bioworkbench"].main_queue.append(("conjure", ()))
    with pytest.raises(SimulationError, match="queued 'conjure': the plan must know it"):
        device.build(directory=str(tmp_path), run=False)


def test_a_missing_compiler_is_said(monkeypatch):
    monkeypatch.setattr(functions, "missing_compiler", lambda: "a C++ compiler")
    words = pytest.raises(SimulationError, match=r"device \'bioworkbench\' needs a C\+\+ compiler")
    with words, functions.program_of({}, (), {}):
        pass


@pytest.mark.usefixtures("_ours")
def test_what_was_written_can_be_deleted(tmp_path):
    folder = tmp_path / "project"
    Network(NeuronGroup(3, "v : 1")).run(1 * ms)
    device.build(directory=str(folder), with_output=False)
    with pytest.raises(ValueError, match=r"data = False.*: must all be True where directory = True"):
        device.delete(data=False)
    (folder / "mine.txt").write_text("kept")
    device.delete()
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]
    device.delete(force=True)
    assert not folder.exists()


@pytest.mark.usefixtures("_ours")
def test_a_run_that_takes_too_long_ends_early(tmp_path):
    group = NeuronGroup(1, "v : 1")
    device._set_maximum_run_time(0.05)
    Network(group).run(1e5 * ms * 1000)
    device.build(directory=str(tmp_path), with_output=False)
    assert 0 < device._last_run_completed_fraction < 1


@pytest.mark.slow
@pytest.mark.usefixtures("_ours")
def test_compartments_are_handed_to_brian2(tmp_path):
    group = NeuronGroup(2, "dv/dt = 1 / (10*ms) : 1", threshold="v > 1", reset="v = 0", method="euler")
    cable = SpatialNeuron(
        Cylinder(length=100 * um, diameter=1 * um, n=5),
        "Im = 0*amp/meter**2 : amp/meter**2",
        Cm=1 * uF / cm**2,
        Ri=100 * ohm * cm,
    )
    monitor = SpikeMonitor(group)
    Network(group, cable, monitor).run(25 * ms)
    device.build(directory=str(tmp_path), with_output=False)
    assert all_devices["bioworkbench"].handed_over == "compartments"
    assert monitor.num_spikes == 4


@pytest.mark.slow
@pytest.mark.usefixtures("_ours")
def test_inserted_code_is_handed_to_brian2(tmp_path):
    group = NeuronGroup(2, "v : 1")
    group.v = "i + 1"
    device.insert_code(
        "main", "_array_neurongroup_v[0] = 5;" if group.name == "neurongroup" else f"_array_{group.name}_v[0] = 5;"
    )
    seed(1)
    Network(group).run(1 * ms)
    device.build(directory=str(tmp_path), with_output=False)
    assert all_devices["bioworkbench"].handed_over == "C++ that the script inserts"
    np.testing.assert_array_equal(group.v, [5, 2])
