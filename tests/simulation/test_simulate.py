"""The seam: equal to the NumPy twin, the same on all backends and for any number of jobs, and clear about what cannot be."""

import threading
import time
from dataclasses import replace

import brian2
import numpy as np
import pytest
from brian2 import ms, mV
from scipy import sparse

from bioworkbench.discrete import simulate_discrete
from bioworkbench.neurons import NEURON_MODELS, NeuronModel
from bioworkbench.records.errors import SimulationError
from bioworkbench.records.execution import Execution
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.probe import Probe
from bioworkbench.records.stimulus import Stimulus, silence
from bioworkbench.simulation import available_backends, choose_backend, seam, simulate
from bioworkbench.simulation.backends.backend import Outcome
from bioworkbench.simulation.backends.choice import BACKENDS as RECORDS
from bioworkbench.simulation.backends.runtime import run_in_process
from bioworkbench.simulation.chunk import Chunk
from bioworkbench.simulation.inputs import inputs_of
from bioworkbench.simulation.trials import memory_need, synapse_values
from tests.simulation.networks import discrete_network, leaky, noisy_network, random_stimulus, random_weights

BACKENDS = ["numpy", "cpp", pytest.param("cython", marks=pytest.mark.slow), pytest.param("cuda", marks=pytest.mark.cuda)]


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def same_spikes(one, other):
    return all(
        np.array_equal(getattr(one.spikes[name], field), getattr(other.spikes[name], field))
        for name in one.spikes
        for field in ("trial", "neuron", "time")
    )


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", ["current", "spikes"])
def test_brian2_equals_the_numpy_twin(rng, backend, kind):
    network = discrete_network(rng)
    values = rng.integers(0, 3, (7, 12, 5)) if kind == "spikes" else 2 * rng.random((7, 12, 5))
    stimulus = Stimulus(values, 1e-3, kind)
    ours, twin = simulate(network, stimulus, 1, dt=1 * ms, backend=backend), simulate_discrete(network, stimulus)
    for name in ("first", "second"):
        assert len(ours.spikes[name]) > 50
        np.testing.assert_array_equal(ours.raster(name), twin.raster(name))


@pytest.mark.parametrize("backend", BACKENDS)
def test_brian2_differs_from_a_twin_without_recurrence(rng, backend):
    network = discrete_network(rng)
    cut = Network(network.populations, network.projections[:2])
    stimulus = random_stimulus(rng, 7, 5)
    assert not np.array_equal(
        simulate(network, stimulus, 1, dt=1 * ms, backend=backend).raster("first"),
        simulate_discrete(cut, stimulus).raster("first"),
    )


@pytest.mark.parametrize("backend", BACKENDS)
def test_membrane_follows_the_exact_solution(backend):
    """Without noise and threshold, a constant drive relaxes the membrane exponentially; Euler's step is known in closed form."""
    model = leaky(start={"v": -70 * mV}, refractory=None)
    network = Network((Population("exc", 2, model),), (Projection("input", "exc", sparse.csr_array([[10e-3, 5e-3]])),))
    recording = simulate(network, Stimulus(np.ones((2, 10, 1)), 1e-3), 1, dt=0.1 * ms, backend=backend, record=["exc.v"])
    steps = np.arange(100)
    expected = -70e-3 + 10e-3 * (1 - (1 - 0.1 / 20) ** steps)
    np.testing.assert_allclose(recording.traces["exc.v"][1, :, 0], expected, rtol=1e-12)
    assert recording.traces["exc.v"].shape == (2, 100, 2)


@pytest.mark.parametrize("backend", BACKENDS)
def test_same_seed_same_spikes(rng, backend):
    network, stimulus = noisy_network(rng), random_stimulus(rng, 4, 3, n_frames=5, frame=10e-3)
    runs = [simulate(network, stimulus, seed, dt=0.5 * ms, backend=backend) for seed in (1, 1, 2)]
    assert len(runs[0].spikes["exc"]) > 100
    assert same_spikes(runs[0], runs[1])
    assert not same_spikes(runs[0], runs[2])


def test_number_of_jobs_and_chunks_in_flight_change_nothing(rng):
    network, stimulus = noisy_network(rng), random_stimulus(rng, 300, 3, n_frames=2, frame=5e-3)
    one, two = (simulate(network, stimulus, 3, dt=0.5 * ms, backend="cpp", execution=Execution(jobs=jobs)) for jobs in (1, 2))
    assert same_spikes(one, two)
    assert len(set(one.spikes["exc"].trial)) > 200
    assert one.spikes["exc"].trial.max() < 300


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_failing_chunk_ends_the_run_and_keeps_what_is_finished(rng, monkeypatch, jobs):
    """Seven trials in chunks of two, of which the third fails: the error holds the four trials before it."""
    network, stimulus = discrete_network(rng), random_stimulus(rng, 7, 5)
    whole = simulate(network, stimulus, 1, dt=1 * ms, backend="numpy")
    pairs = [Chunk(number, 2 * number, n_trials, 2) for number, n_trials in enumerate((2, 2, 2, 1))]
    monkeypatch.setattr(seam, "chunks", lambda *arguments: pairs)
    monkeypatch.setattr(seam, "joined_chunks", lambda parts, *arguments: parts)
    begun = []

    def run(job, seed, *others):
        begun.append(seed)
        if len(begun) == 3:
            raise SimulationError("the disk is full")
        return run_in_process(job, seed, *others, target="numpy")

    monkeypatch.setitem(RECORDS, "cpp", replace(RECORDS["cpp"], run=run))
    monkeypatch.setattr(seam, "synapse_values", lambda n, _, dt, n_steps, **sharing: synapse_values(n, 2, dt, n_steps))
    words = r"the disk is full\nThis was in trials 4 \.\.\. 5; the 4 before them are kept in `finished` of this error"
    with pytest.raises(SimulationError, match=words) as failure:
        simulate(network, stimulus, 1, dt=1 * ms, backend="cpp", execution=Execution(jobs=jobs))
    finished = failure.value.finished
    assert finished.n_trials == 4
    np.testing.assert_array_equal(finished.raster("second"), whole.raster("second")[:4])
    assert len(begun) == 3 if jobs == 1 else len(begun) <= 4


@pytest.mark.parametrize(("room", "at_a_time"), [(2.5, 2), (8.5, 4), (1.0, 1)])
def test_jobs_share_the_memory_budget(rng, monkeypatch, room, at_a_time):
    """No more chunks run at the same time than fit the budget together, whatever the number of jobs."""
    network, stimulus = noisy_network(rng), random_stimulus(rng, 12, 3)
    running, most, lock = [0], [0], threading.Lock()

    def run(job, *others):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.02)
        with lock:
            running[0] -= 1
        empty = (np.zeros(0, np.int32), np.zeros(0))
        return Outcome(dict.fromkeys(("exc", "inh"), empty), {}, {})

    monkeypatch.setitem(RECORDS, "cpp", replace(RECORDS["cpp"], run=run))
    memory = room * memory_need(inputs_of(network, stimulus, 0.5e-3), (), RECORDS["cpp"]).of(1)
    simulate(network, stimulus, 1, dt=0.5 * ms, backend="cpp", execution=Execution(jobs=4, memory=memory))
    assert most[0] == at_a_time


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_profile_names_what_takes_time(rng, backend):
    network, stimulus = noisy_network(rng), random_stimulus(rng, 2, 3, n_frames=20, frame=5e-3)
    recording = simulate(network, stimulus, 1, dt=0.5 * ms, backend=backend, execution=Execution(profile=True))
    assert {"exc_stateupdater", "inh_spike_thresholder", "exc_exc_synapses_pre"} <= set(recording.profile)
    assert 0 < sum(recording.profile.values()) < 2 * recording.timing["simulate"] + 0.1
    assert list(recording.profile.values()) == sorted(recording.profile.values(), reverse=True)


def test_copies_share_synapses_and_spike_as_alone(rng):
    """Many copies without noise, all with the same input, do what one of them does."""
    network, one = noisy_network(rng, sigma=0 * mV), random_stimulus(rng, 1, 3, n_frames=10, frame=5e-3)
    start = [replace(p, model=replace(p.model, start={"v": -60 * mV})) for p in network.populations]
    network = Network(tuple(start), network.projections)
    many = Stimulus(np.repeat(one.values, 4, axis=0), one.frame)
    alone, together = (simulate(network, s, 1, dt=0.5 * ms, backend="cpp") for s in (one, many))
    for name in network.sizes:
        assert len(alone.spikes[name]) > 5
        np.testing.assert_array_equal(together.raster(name), np.repeat(alone.raster(name), 4, axis=0))


def test_spikes_are_sorted(rng):
    spikes = simulate(noisy_network(rng), random_stimulus(rng, 5, 3, 5, 10e-3), 1, dt=0.5 * ms, backend="cpp").spikes["exc"]
    order = np.lexsort((spikes.neuron, spikes.time, spikes.trial))
    np.testing.assert_array_equal(order, np.arange(len(spikes)))


def test_trials_do_not_touch_each_other(rng):
    """A trial's spikes, noise off, do not depend on the trials beside it."""
    network, stimulus = discrete_network(rng), random_stimulus(rng, 6, 5)
    together = simulate(network, stimulus, 1, dt=1 * ms, backend="numpy").raster("second")
    alone = simulate(network, Stimulus(stimulus.values[4:5], 1e-3), 1, dt=1 * ms, backend="numpy").raster("second")
    np.testing.assert_array_equal(together[4:5], alone)


@pytest.mark.parametrize("backend", BACKENDS)
def test_refractory_period_bounds_the_rate(backend):
    model = leaky(refractory=5 * ms, start={"v": -70 * mV})
    network = Network((Population("exc", 1, model),), (Projection("input", "exc", sparse.csr_array([[10.0]])),))
    spikes = simulate(network, Stimulus(np.ones((1, 50, 1)), 1e-3), 1, dt=0.5 * ms, backend=backend).spikes["exc"]
    assert np.diff(spikes.time).min() >= 5e-3 - 1e-9
    assert len(spikes) == 10


@pytest.mark.parametrize("backend", BACKENDS)
def test_delays_arrive_when_they_say(backend):
    """One spike, three synapses with delays of 0, 1 and 2.5 ms: each target jumps one step after its delay."""
    source = leaky(start={"v": -40 * mV}, refractory=None)
    target = leaky(start={"v": -70 * mV}, refractory=None)
    weights = sparse.csr_array([[1e-3, 1e-3, 1e-3]])
    network = Network(
        (Population("one", 1, source), Population("three", 3, target)),
        (Projection("one", "three", weights, np.array([0.0, 1e-3, 2.5e-3])),),
    )
    recording = simulate(network, silence(6e-3), 1, dt=0.5 * ms, backend=backend, record=["three.v"])
    jumps = np.argmax(recording.traces["three.v"][0] > -70e-3 + 1e-6, axis=0)
    np.testing.assert_array_equal(jumps, [1, 3, 6])


def test_parameters_per_neuron(rng):
    limits = np.linspace(-65, -20, 10) * mV
    model = leaky(constants={"limit": limits}, start={"v": -70 * mV})
    network = Network((Population("exc", 10, model),), (Projection("input", "exc", sparse.csr_array(np.full((1, 10), 30e-3))),))
    spikes = simulate(network, Stimulus(np.ones((2, 100, 1)), 1e-3), 1, dt=0.5 * ms, backend="cpp").spikes["exc"]
    counts = np.bincount(spikes.neuron, minlength=10)
    assert (np.diff(counts) <= 0).all()
    assert counts[0] > 0
    assert counts[-1] == 0


def test_traces_of_a_subset_at_a_step_of_their_own():
    network, stimulus = Network((Population("exc", 10, leaky(2 * mV)),)), silence(20e-3, n_trials=3)
    all_of_it = simulate(network, stimulus, 1, dt=0.5 * ms, backend="cpp", record=["exc.v"]).traces["exc.v"]
    part = simulate(network, stimulus, 1, dt=0.5 * ms, backend="cpp", record=[Probe("exc", "v", (4, 7), 2e-3)]).traces["exc.v"]
    assert part.shape == (3, 10, 2)
    assert (part.unit, part.neurons.tolist(), all_of_it.neurons.tolist()) == ("volt", [4, 7], list(range(10)))
    np.testing.assert_allclose(part.times, np.arange(10) * 2e-3)
    np.testing.assert_array_equal(part, all_of_it[:, ::4][:, :, [4, 7]])


@pytest.mark.parametrize("backend", BACKENDS)
def test_frames_and_records_keep_their_steps_after_long_times(rng, backend):
    """An integral of the drive over 2000 s, with frames of three steps and a record step of seven, whose clocks are not multiples."""
    model = NeuronModel("dx/dt = drive/second : 1\ndrive : 1", "", "", {}, {"x": 0.0}, receives="x", method="euler")
    network = Network((Population("sum", 1, model),), (Projection("input", "sum", sparse.csr_array([[1.0]])),))
    values, dt = rng.random((1, 7000, 1)), 0.1
    recording = simulate(network, Stimulus(values, 3 * dt), 1, dt=dt, backend=backend, record=[Probe("sum", "x", every=7 * dt)])
    expected = np.cumsum(np.repeat(values.ravel(), 3)) * dt
    np.testing.assert_allclose(recording.traces["sum.x"][0, 1:, 0], expected[6:-1:7], rtol=1e-9)


def test_rates_of_poisson_input(rng):
    """Input spikes of 200 Hz through weight 1 onto counters: counts have the mean and variance of a Poisson process."""
    counter = leaky(start={"v": 0 * mV}, constants={"rest": 0 * mV, "tau": 1e9 * ms, "limit": 1e9 * mV})
    network = Network((Population("exc", 200, counter),), (Projection("input", "exc", sparse.csr_array(np.eye(200) * 1e-3)),))
    stimulus = Stimulus(np.full((10, 1, 200), 200.0), 0.1, "rate")
    counts = (
        simulate(network, stimulus, 1, dt=1 * ms, backend="numpy", record=[Probe("exc", "v", every=99e-3)]).traces["exc.v"][:, 1]
        * 1e3
    )
    n, mean, variance = counts.size, 99 * 0.2, 99 * 0.2  # the trace is read at the start of step 99, before its kick
    assert abs(counts.mean() - mean) < 4.5 * np.sqrt(variance / n)
    assert abs(counts.var() - variance) < 4.5 * variance * np.sqrt(2 / n)


def test_shared_noise_is_shared_within_a_trial_only(rng):
    model = leaky(sigma=1 * mV, start={"v": -70 * mV}, constants={"limit": 1e3 * mV})
    equations = "dv/dt = (rest - v)/tau + sigma*sqrt(2/tau)*shared_noise : volt\nshared_noise : second**-0.5"
    model = type(model)(equations, model.threshold, model.reset, model.constants, model.start)
    network = Network((Population("exc", 3, model),))
    v = simulate(network, silence(0.05, n_trials=2), 1, dt=0.5 * ms, backend="cpp", record=["exc.v"]).traces["exc.v"].values
    assert v.std(axis=2).max() < 1e-15
    assert abs(v[0] - v[1]).max() > 1e-4


def test_shared_noise_in_a_higher_layer():
    model = NEURON_MODELS["noisy_lif"](sigma=1 * mV, correlation=0.5)
    network = Network((Population("low", 2, leaky()), Population("high", 2, model, layer=1)))
    assert simulate(network, silence(0.01), 1, dt=1e-3, backend="numpy", record=["high.v"]).traces["high.v"].values.std() > 0


def test_user_state_of_brian2_is_left_alone(rng):
    brian2.defaultclock.dt = 0.25 * ms
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    simulate(discrete_network(rng), random_stimulus(rng, 7, 5), 1, dt=1 * ms, backend="cpp")
    simulate(discrete_network(rng), random_stimulus(rng, 7, 5), 1, dt=1 * ms, backend="numpy")
    assert float(brian2.defaultclock.dt) == pytest.approx(0.25e-3)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    brian2.defaultclock.dt = 0.1 * ms


def test_progress_is_told(rng):
    told = []
    execution = Execution(progress=lambda *a: told.append(a))
    simulate(discrete_network(rng), random_stimulus(rng, 7, 5), 1, dt=1 * ms, backend="cpp", execution=execution)
    assert ("simulate", 1, 1) in told
    assert ("step", 12, 12) in told


@pytest.mark.parametrize("backend", ["numpy", "cpp", pytest.param("cuda", marks=pytest.mark.cuda)])
def test_nan_is_reported_with_population(backend):
    model = leaky(start={"v": -70 * mV}, refractory=None)
    unstable = type(model)("dv/dt = v**3/(1*mV**2*ms) : volt", "v > 1*volt", "", {}, {"v": 1 * mV})
    network = Network((Population("exc", 2, unstable),))
    with pytest.raises(SimulationError, match=r"exc\.v became NaN or infinite"):
        simulate(network, silence(0.1), 1, dt=1 * ms, backend=backend, record=["exc.v"])


@pytest.mark.parametrize("backend", ["cpp", pytest.param("cuda", marks=pytest.mark.cuda)])
def test_single_precision_is_close(backend):
    """Membranes that do not spike, in both precisions; the error is that of 24 bits, accumulated over 400 steps."""
    network = noisy_network(np.random.default_rng(9), sigma=0 * mV)
    drive = replace(network.projections[0], links=network.projections[0].weights * 0.1)
    network, stimulus = Network(network.populations, (drive,)), random_stimulus(np.random.default_rng(10), 2, 3, 4, 5e-3)
    double, single = (
        simulate(network, stimulus, 1, dt=5e-5, backend=backend, record=["exc.v"], execution=Execution(precision=precision))
        for precision in ("double", "single")
    )
    error = abs(single.traces["exc.v"].values / double.traces["exc.v"].values - 1).max()
    assert 0 < error < 400 * 2**-24


def test_single_precision_spikes_as_double_does_without_recurrence(rng):
    """Refractory periods too are those of double precision, since times stay double."""
    network = noisy_network(rng, sigma=0 * mV)
    network, stimulus = Network(network.populations, network.projections[:1]), random_stimulus(rng, 3, 3, 20, 5e-3)
    double, single = (
        simulate(network, stimulus, 1, dt=5e-4, backend="cpp", execution=Execution(precision=precision)).raster("exc")
        for precision in ("double", "single")
    )
    assert double.sum() > 200
    np.testing.assert_array_equal(single, double)


def test_precisions_that_a_backend_has_not_are_refused(rng):
    network, stimulus = discrete_network(rng), random_stimulus(rng, 2, 5)
    words = r"precision = 'single': must be 'double' with backend 'numpy'; single needs backend 'cpp'"
    with pytest.raises(ValueError, match=words):
        simulate(network, stimulus, 1, dt=1e-3, backend="numpy", execution=Execution(precision="single"))


@pytest.mark.parametrize("backend", BACKENDS)
def test_projections_reach_the_variable_they_name(backend):
    """One spike into `up` and one into `down` of two receptors; the model itself receives in v."""
    source = leaky(start={"v": -40 * mV}, refractory=None)
    start = {"v": -70 * mV, "up": 0 * mV, "down": 0 * mV}
    model = replace(source, equations=source.equations + "\nup : volt\ndown : volt", start=start)
    network = Network(
        (Population("one", 1, source), Population("two", 1, source), Population("goal", 1, model)),
        (
            Projection("one", "goal", sparse.csr_array([[1e-3]]), receives="up"),
            Projection("two", "goal", sparse.csr_array([[2e-3]]), receives="down"),
            Projection("input", "goal", sparse.csr_array([[4e-3]]), receives="up"),
        ),
    )
    stimulus = Stimulus(np.array([[[0.0], [1.0], [0.0]]]), 1e-3, "spikes")
    traces = simulate(network, stimulus, 1, dt=1 * ms, backend=backend, record=["goal.up", "goal.down", "goal.v"]).traces
    np.testing.assert_allclose(traces["goal.up"][0, :, 0], [0, 1e-3, 5e-3])
    np.testing.assert_allclose(traces["goal.down"][0, :, 0], [0, 2e-3, 2e-3])
    np.testing.assert_allclose(traces["goal.v"][0, :, 0], -70e-3)
    with pytest.raises(ValueError, match="projection one_goal_ups: 'ups' is not a variable; did you mean 'up'"):
        Network(network.populations, (Projection("one", "goal", sparse.csr_array([[1e-3]]), receives="ups"),))


def test_bad_arguments(rng):
    network, stimulus = discrete_network(rng), random_stimulus(rng, 2, 5)

    def call(**changes):
        arguments = {"network": network, "stimulus": stimulus, "seed": 1, "dt": 1 * ms, "backend": "numpy"} | changes
        return simulate(arguments.pop("network"), arguments.pop("stimulus"), arguments.pop("seed"), **arguments)

    with pytest.raises(ValueError, match="dt = 20 mV is a voltage; it must be a time"):
        call(dt=20 * mV)
    with pytest.raises(ValueError, match=r"dt = -0\.001: must be a finite number above 0"):
        call(dt=-1 * ms)
    with pytest.raises(ValueError, match=r"stimulus frame = 0\.001 s is not a whole number of steps of dt = 0\.0003 s"):
        call(dt=0.3 * ms)
    with pytest.raises(ValueError, match="the stimulus 'input' has 4 channels; the projections from it expect 5"):
        call(stimulus=random_stimulus(rng, 2, 4))
    with pytest.raises(ValueError, match=r"record 'firs\.v': 'firs' is not a population or projection; did you mean 'first'"):
        call(record=["firs.v"])
    with pytest.raises(ValueError, match=r"record 'first\.w': 'w' is not a variable"):
        call(record=["first.w"])
    with pytest.raises(ValueError, match=r"'first\.v': is recorded twice; record it once, with all the neurons"):
        call(record=["first.v", Probe("first", "v", (3,))])
    with pytest.raises(ValueError, match=r"record 'v': write 'population\.variable'"):
        call(record=["v"])
    with pytest.raises(ValueError, match=r"record 'first\.v': neurons has 30; must lie between 0 and 29"):
        call(record=[Probe("first", "v", (30,))])
    with pytest.raises(ValueError, match=r"record step of .first\.v. = 0\.0015 s is not a whole number of steps"):
        call(record=[Probe("first", "v", every=1.5e-3)])
    with pytest.raises(ValueError, match="jobs = 2: several jobs need backend 'cpp'"):
        call(execution=Execution(jobs=2))
    with pytest.raises(ValueError, match="memory = 1e-06 GB: one trial needs about"):
        call(execution=Execution(memory=1e3))
    with pytest.raises(SimulationError, match="'cp' is not a backend; did you mean 'cpp'"):
        call(backend="cp")


def test_input_needs_a_drive(rng):
    bare = type(leaky())("dv/dt = -v/(20*ms) : volt", "v > 1*volt", "v = 0*volt")
    network = Network((Population("exc", 2, bare),), (Projection("input", "exc", random_weights(rng, 3, 2, 1.0)),))
    with pytest.raises(ValueError, match="population 'exc' has no variable 'drive'"):
        simulate(network, random_stimulus(rng, 2, 3), 1, dt=1 * ms, backend="numpy")


def test_missing_backends_are_errors(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(SimulationError, match=r"backend 'cpp' needs a C\+\+ compiler .* Nothing was simulated"):
        choose_backend("cpp")
    with pytest.raises(SimulationError, match="backend 'cuda' needs"):
        choose_backend("cuda")
    assert choose_backend("auto").name == "numpy"
    assert available_backends() == ["numpy"]
