"""Plans and programs in the cache: found again, never half-made, made anew when and only when the form or the texts change."""

import gc
import resource
import shutil
import threading
from dataclasses import replace

import numpy as np
import pytest
from brian2 import ms, mV
from scipy import sparse

from bioworkbench.neurons import NeuronModel
from bioworkbench.records.errors import SimulationError
from bioworkbench.records.network import Network, Population
from bioworkbench.records.probe import Probe
from bioworkbench.records.stimulus import silence
from bioworkbench.simulation import simulate
from bioworkbench.simulation.backends.cpp import functions, running
from bioworkbench.simulation.backends.cpp.programs import programs as cached
from bioworkbench.simulation.chunk import Chunk
from bioworkbench.simulation.inputs import inputs_of
from bioworkbench.simulation.integrity import sealed_content, write_seal
from bioworkbench.simulation.trials import job_of_chunk, synapse_values
from tests.kept_engine import seeded
from tests.simulation.networks import leaky, noisy_network, random_stimulus


def kept(cache, file):
    return sorted(path for path in cache.iterdir() if (path / "program.json").exists() and (path / file).exists())


def programs(cache):
    return kept(cache, "main")


def plans(cache):
    return kept(cache, "plan.txt")


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """The engine, and program and plan of the small noisy network, in a cache that no other test uses at the same time."""
    place = seeded(tmp_path_factory.mktemp("filled") / "programs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BIOWORKBENCH_CACHE", str(place))
        run(noisy_network(np.random.default_rng(0)), random_stimulus(np.random.default_rng(0), 1, 3))
    return place


@pytest.fixture
def cache(filled, tmp_path, monkeypatch):
    """A copy of that cache: compiling takes seconds."""
    shutil.copytree(filled, tmp_path / "programs")
    monkeypatch.setenv("BIOWORKBENCH_CACHE", str(tmp_path / "programs"))
    return tmp_path / "programs"


def without_plans(cache):
    for folder in plans(cache):
        shutil.rmtree(folder)


def run(network, stimulus, seed=1, **settings):
    return simulate(network, stimulus, seed, dt=0.5 * ms, backend="cpp", **settings)


def noisy(seed, n_trials=1, **frames):
    rng = np.random.default_rng(seed)
    return noisy_network(rng), random_stimulus(rng, n_trials, 3, **frames)


def rewired(projection, rng):
    """As many synapses between other neurons, with other weights."""
    dense = projection.weights.toarray().ravel()
    return replace(
        projection, links=sparse.csr_array(rng.permutation(dense).reshape(projection.weights.shape) * 2), delay=projection.delay
    )


def same_spikes(one, other):
    return all(
        np.array_equal(getattr(one.spikes[name], field), getattr(other.spikes[name], field))
        for name in one.spikes
        for field in ("trial", "neuron", "time")
    )


def of_other_numbers(network, change, rng):
    """The network with something else that is a number, or an array of numbers."""
    exc, inh = network.populations
    if change == "constants and start values":
        model = replace(exc.model, start={"v": -60 * mV}, constants={**exc.model.constants, "tau": 10 * ms}, refractory=1 * ms)
        return Network((replace(exc, model=model), replace(inh, model=model)), network.projections)
    if change == "endpoints, weights and delays":
        others = (*(rewired(p, rng) for p in network.projections[:3]), replace(network.projections[3], delay=2e-3))
        return Network(network.populations, others)
    if change == "number of synapses":
        fewer = sparse.csr_array(network.projections[2].weights.toarray() * (rng.random((40, 10)) < 0.5))
        return Network(
            network.populations, (*network.projections[:2], replace(network.projections[2], links=fewer), network.projections[3])
        )
    if change == "size":
        return Network(tuple(replace(p, size=p.size + 7) for p in network.populations), grown(network.projections, 7))
    return network


def grown(projections, more):
    larger = []
    for p in projections:
        n, m = p.weights.shape
        links = sparse.csr_array(
            (p.weights.tocoo().data, p.weights.tocoo().coords), shape=(n + more * (p.source != "input"), m + more)
        )
        larger.append(replace(p, links=links, delay=p.delay))
    return tuple(larger)


NUMBERS = ["constants and start values", "endpoints, weights and delays", "number of synapses", "size"]


@pytest.mark.parametrize("change", [*NUMBERS, "trials", "duration", "seed"])
def test_numbers_need_neither_plan_nor_program(cache, change):
    """And the spikes are those of a plan that is made for these numbers."""
    network, stimulus = noisy(0)
    network = of_other_numbers(network, change, np.random.default_rng(5))
    rng = np.random.default_rng(1)
    stimulus = random_stimulus(rng, 5 if change == "trials" else 2, 3, 90 if change == "duration" else 30)
    again = run(network, stimulus, seed=2 if change == "seed" else 1)
    assert not {"generate", "compile"} & set(again.timing)
    without_plans(cache)
    fresh = run(network, stimulus, seed=2 if change == "seed" else 1)
    assert "generate" in fresh.timing
    assert "compile" not in fresh.timing
    assert len(again.spikes["exc"]) > 20
    assert same_spikes(again, fresh)


def test_a_network_without_stimuli_needs_no_plan_for_another_duration(cache):
    network = Network(noisy(0)[0].populations)
    first, longer = (run(network, silence(duration), record=["exc.v"]) for duration in (0.01, 0.02))
    assert "generate" in first.timing
    assert not {"generate", "compile"} & set(longer.timing)
    np.testing.assert_array_equal(longer.traces["exc.v"][:, :20], first.traces["exc.v"])


def test_what_is_recorded_needs_no_program(cache):
    network, stimulus = noisy(0)
    one, other = (run(network, stimulus, record=[Probe("exc", "v", neurons)]) for neurons in ((1,), (4, 2)))
    whole = run(network, stimulus, record=["exc.v"])
    assert "compile" not in one.timing | other.timing | whole.timing
    assert "generate" not in other.timing | whole.timing
    np.testing.assert_array_equal(other.traces["exc.v"], whole.traces["exc.v"][:, :, [4, 2]])
    np.testing.assert_array_equal(one.traces["exc.v"], whole.traces["exc.v"][:, :, [1]])


@pytest.mark.parametrize("change", ["population", "equations", "record", "dt"])
def test_another_form_has_another_key(change):
    network, stimulus = noisy(2, 2)
    other, record, dt = network, [], 0.5e-3
    if change == "population":
        other = Network((replace(network.populations[0], size=40), Population("more", 3, leaky())), network.projections[:2])
    elif change == "equations":
        model = replace(network.populations[0].model, reset="v = rest - 1*mV")
        other = Network((replace(network.populations[0], model=model), network.populations[1]), network.projections)
    elif change == "record":
        record = ["exc.v"]
    else:
        dt = 0.25e-3
    assert key_of(network, stimulus, [], 0.5e-3) != key_of(other, stimulus, record, dt)


def key_of(network, stimulus, record, dt):
    probes = tuple(Probe(*name.split(".")) for name in record)
    return running._key(
        job_of_chunk(inputs_of(network, stimulus, dt), 1, probes, Chunk(0, 0, 2, 2), synapse_values(network, 1, dt)), "double"
    )


def test_a_failed_compilation_leaves_no_program_and_shows_the_message(tmp_path, monkeypatch):
    monkeypatch.setenv("BIOWORKBENCH_CACHE", str(tmp_path))
    monkeypatch.setattr(running, "flags", lambda: ("-no-such-flag",))
    with pytest.raises(SimulationError, match=r"the compiler failed: .*no-such-flag.*\nThe whole log is in"):
        run(*noisy(3))
    assert programs(tmp_path) == []
    (log,) = tmp_path.glob("*.log")
    assert "no-such-flag" in log.read_text()


@pytest.mark.parametrize("file", ["main", "plan.txt"])
def test_a_half_made_folder_is_made_again(cache, file):
    network, stimulus = noisy(4)
    whole = run(network, stimulus)
    (folder,) = kept(cache, file)
    (folder / "program.json").unlink()
    (folder / file).write_bytes(b"half")
    again = run(network, stimulus)
    assert ("compile" if file == "main" else "generate") in again.timing
    assert np.array_equal(again.raster("exc"), whole.raster("exc"))


def test_threads_share_one_build(cache):
    network, stimulus = noisy(5, 2)
    without_plans(cache)
    recordings: list = []
    threads = [threading.Thread(target=lambda: recordings.append(run(network, stimulus))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum("generate" in recording.timing for recording in recordings) == 1
    assert all(same_spikes(recording, recordings[0]) for recording in recordings)
    assert len(programs(cache)) == len(plans(cache)) == 1


def test_a_cache_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("BIOWORKBENCH_CACHE", str(blocked / "programs"))
    with pytest.raises(SimulationError, match="set BIOWORKBENCH_CACHE to a folder that can be written"):
        run(*noisy(6))


def test_a_program_that_fails_says_so(cache):
    network, stimulus = noisy(7)
    (program,) = programs(cache)
    about = sealed_content(program)

    def replaced_by(script):
        (program / "main").write_text(f"#!/bin/sh\n{script}\n")
        write_seal(program, program.name, about)  # else it is taken for damaged, and built again

    replaced_by("echo broken >&2\nexit 9")
    with pytest.raises(SimulationError, match="the simulation program ended with code 9: broken"):
        run(network, stimulus)
    replaced_by("echo cannot write exc.i >&2\nexit 6")
    with pytest.raises(SimulationError, match=r"the simulation program cannot write exc\.i; free disk space, or set TMPDIR"):
        run(network, stimulus)
    replaced_by("kill -9 $$")
    with pytest.raises(SimulationError, match="was ended by SIGKILL; if the machine ran out of memory, lower"):
        run(network, stimulus)


def test_a_full_disk_during_a_run_is_named(cache, monkeypatch):
    """Results go to /dev/full, which takes nothing."""
    write_values = running.write_values

    def onto_a_full_disk(values, folder, *places):
        write_values(values, folder, *places)
        (folder / "results" / "exc.i").symlink_to("/dev/full")

    monkeypatch.setattr(running, "write_values", onto_a_full_disk)
    with pytest.raises(SimulationError, match=r"the simulation program cannot write exc\.i; free disk space"):
        run(*noisy(7, n_frames=10, frame=5e-3))


def test_inputs_that_cannot_be_written_are_named(cache):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(SimulationError, match=r"cannot write the inputs of a run to .* free disk space"):
            run(*noisy(7))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("missing", ["values/exc.v", "values/exc_exc_synapses.i"])
def test_a_missing_value_is_an_error_never_zero(cache, monkeypatch, missing):
    write_values = running.write_values

    def all_but_one(values, folder, *places):
        write_values(values, folder, *places)
        (folder / missing).unlink()

    monkeypatch.setattr(running, "write_values", all_but_one)
    with pytest.raises(SimulationError, match=rf"ended with code 5: cannot open {missing}"):
        run(*noisy(7))


@pytest.mark.parametrize("backend", ["cpp", "numpy"])
def test_variables_of_every_type_can_be_given_values(backend):
    equations = "mark : integer\nready : boolean\nx = mark + 10*int(ready) : 1"
    model = NeuronModel(equations, "", "", start={"mark": np.array([3.0, 2.0**31 - 20]), "ready": 1.0}, receives="")
    recording = simulate(Network((Population("exc", 2, model),)), silence(1e-3), 1, dt=1 * ms, backend=backend, record=["exc.x"])
    np.testing.assert_array_equal(recording.traces["exc.x"][0, 0], [13.0, 2.0**31 - 10])


def test_runs_cut_into_segments_are_whole(cache, monkeypatch):
    """Segments of 7 steps, across frames of 5 ms and trace rows every 2 ms, give what one segment gives."""
    network, stimulus = noisy(9, 3, n_frames=10, frame=5e-3)
    record = ["inh.v", Probe("exc", "v", (1, 2), 2e-3)]
    whole = run(network, stimulus, record=record)
    without_plans(cache)
    monkeypatch.setattr("bioworkbench.simulation.backends.cpp.jobs.SEGMENT_STEPS", 7)
    parts = run(network, stimulus, record=record)
    assert "generate" in parts.timing
    assert same_spikes(parts, whole)
    for name, trace in whole.traces.items():
        np.testing.assert_array_equal(parts.traces[name], trace)


def test_plans_made_beside_objects_of_earlier_ones_are_the_same(cache):
    """Brian2 numbers the names of code objects while others of that name live; without garbage collection they do."""
    network, stimulus = noisy(10, 3, n_frames=4, frame=5e-3)
    gc.disable()
    try:
        recordings = []
        for _ in range(3):
            without_plans(cache)
            recordings.append(run(network, stimulus))
    finally:
        gc.enable()
    assert all("generate" in recording.timing for recording in recordings)
    assert same_spikes(recordings[1], recordings[0])
    assert same_spikes(recordings[2], recordings[0])
    assert recordings[0].raster("exc").sum() > 20


def test_copies_without_a_trial_stand_still(cache, tmp_path):
    """Three trials in a run of four copies, then four: the first three do the same, the fourth moves only in the second run."""
    network = noisy_network(np.random.default_rng(5), sigma=0 * mV)
    stimulus, probes = random_stimulus(np.random.default_rng(6), 4, 3, n_frames=4, frame=5e-3), (Probe("exc", "v"),)
    rows, spikes = [], []
    for chunk in (Chunk(0, 0, 3, 4), Chunk(0, 0, 4, 4)):
        job = job_of_chunk(inputs_of(network, stimulus, 5e-4), 1, probes, chunk, synapse_values(network, 1, 5e-4))
        outcome = running.run_cpp(job, 1, lambda *told: None, tmp_path, "double")
        rows.append(outcome.traces["exc.v"][:].reshape(40, 4, 40))
        spikes.append(outcome.spikes["exc"][0][:] // 40)
    np.testing.assert_array_equal(rows[0][:, :3], rows[1][:, :3])
    np.testing.assert_array_equal(rows[0][:, 3], rows[0][:1, 3].repeat(40, axis=0))
    assert np.ptp(rows[1][:, 3], axis=0).min() > 0
    assert set(spikes[0]) == {0, 1, 2}
    assert set(spikes[1]) == {0, 1, 2, 3}
    assert len(programs(cache)) == 1


def flipped(path, rng):
    content = bytearray(path.read_bytes())
    content[rng.integers(len(content))] ^= 1 << int(rng.integers(8))
    path.write_bytes(content)


@pytest.mark.parametrize("n_flips", [2, pytest.param(100, marks=pytest.mark.slow)])
def test_a_flipped_bit_of_program_or_plan_changes_no_result(cache, n_flips):
    """One bit of any file of plan or program is flipped before each run."""
    rng = np.random.default_rng(12)
    network, stimulus = noisy(12, 2)
    whole = run(network, stimulus)
    for k in range(n_flips):
        (folder,) = (plans if k % 2 else programs)(cache)
        files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)
        flipped(files[rng.integers(len(files))], rng)
        again = run(network, stimulus)
        assert ("generate" if k % 2 else "compile") in again.timing
        assert same_spikes(again, whole)


def test_a_size_that_brian2_has_otherwise_is_an_error(cache, monkeypatch):
    numbers = running.jobs.numbers_of_job
    monkeypatch.setattr(running.jobs, "numbers_of_job", lambda job: numbers(job) | {"<exc+1>": 40})
    without_plans(cache)
    with pytest.raises(SimulationError, match=r"Brian2 has a size of 41 where <exc\+1> = 40 is due; please report this"):
        run(*noisy(13))


def test_arrays_that_brian2_keeps_beside_a_plan_are_an_error(cache, monkeypatch):
    settled = running.jobs._settled
    kept_array = ("set_by_array", ("_array_exc_v", "_static_array_exc_v", False))
    monkeypatch.setattr(running.jobs, "_settled", lambda *arguments: [kept_array, *settled(*arguments)])
    without_plans(cache)
    with pytest.raises(
        SimulationError, match="Brian2 sets _array_exc_v from an array that a plan does not keep; please report this"
    ):
        run(*noisy(13))


def test_what_is_kept_is_described(cache):
    assert set(map(str, cached())) == {"5 functions", "plan for exc, inh; 3 projections", "the engine"}


def test_a_program_of_no_functions_is_none():
    assert functions.functions_text([]) == ""
