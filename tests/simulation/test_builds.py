"""Built programs: found again, never half-built, rebuilt when and only when the structure changes."""

import gc
import resource
import threading
from dataclasses import replace

import numpy as np
import pytest
from brian2 import ms, mV
from scipy import sparse

from bioworkbench.errors import SimulationError
from bioworkbench.network import Network, Population, Projection
from bioworkbench.signals import Probe, Stimulus, silence
from bioworkbench.simulation import builds, cpp_source, simulate
from bioworkbench.simulation.trials import Chunk, job_of_chunk, synapse_values
from tests.simulation.networks import leaky, noisy_network, random_stimulus


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("BIOWORKBENCH_CACHE", str(tmp_path / "programs"))
    return tmp_path / "programs"


def programs(cache):
    return sorted(path for path in cache.iterdir() if (path / "program.json").exists())


def run(network, stimulus, seed=1, **settings):
    return simulate(network, stimulus, seed, dt=0.5 * ms, backend="cpp", **settings)


def rewired(projection, rng):
    """As many synapses between other neurons, with other weights."""
    dense = projection.weights.toarray().ravel()
    return replace(projection, weights=sparse.csr_array(rng.permutation(dense).reshape(projection.weights.shape) * 2))


def test_values_change_without_a_build(cache):
    """Constants, weights, endpoints, delays, start values, stimuli and seeds are data of one program."""
    rng = np.random.default_rng(0)
    network, stimulus = noisy_network(rng), random_stimulus(rng, 4, 3, n_frames=4, frame=5e-3)
    first = run(network, stimulus)
    (program,) = programs(cache)
    built = (program / "main").stat().st_mtime_ns
    model = replace(network.populations[0].model, start={"v": -60 * mV})
    model = replace(model, constants={**model.constants, "tau": 10 * ms}, refractory=1 * ms)
    other = Network(
        tuple(replace(population, model=model) for population in network.populations),
        (*(rewired(p, rng) for p in network.projections[:3]), replace(network.projections[3], delay=2e-3)),
    )
    changed = run(other, random_stimulus(rng, 4, 3, n_frames=4, frame=5e-3), seed=2)
    assert [(p / "main").stat().st_mtime_ns for p in programs(cache)] == [built]
    assert "compile" in first.timing
    assert "compile" not in changed.timing
    fresh = simulate(other, Stimulus(changed_values(rng), 5e-3), 2, dt=0.5 * ms, backend="numpy")
    assert len(fresh.spikes["exc"]) > 0


def changed_values(rng):
    return 2 * rng.random((4, 4, 3))


def test_a_reused_program_gives_the_spikes_of_a_new_one(cache, tmp_path, monkeypatch):
    rng = np.random.default_rng(1)
    network, stimulus = noisy_network(rng), random_stimulus(rng, 4, 3, n_frames=4, frame=5e-3)
    other = Network(network.populations, tuple(rewired(p, rng) for p in network.projections))
    run(network, stimulus)
    reused = run(other, stimulus)
    monkeypatch.setenv("BIOWORKBENCH_CACHE", str(tmp_path / "fresh"))
    fresh = run(other, stimulus)
    assert "compile" not in reused.timing
    assert "compile" in fresh.timing
    for field in ("trial", "neuron", "time"):
        np.testing.assert_array_equal(getattr(reused.spikes["exc"], field), getattr(fresh.spikes["exc"], field))


@pytest.mark.parametrize("change", ["size", "equations", "synapses", "steps", "record"])
def test_structure_changes_the_key(change):
    rng = np.random.default_rng(2)
    network, stimulus = noisy_network(rng), random_stimulus(rng, 2, 3)
    if change == "size":
        other = Network((replace(network.populations[0], size=40), Population("more", 3, leaky())), network.projections[:2])
    elif change == "equations":
        model = replace(network.populations[0].model, reset="v = rest - 1*mV")
        other = Network((replace(network.populations[0], model=model), network.populations[1]), network.projections)
    elif change == "synapses":
        part = network.projections[2].weights.toarray() * (rng.random((40, 10)) < 0.5)
        fewer = Projection("exc", "inh", sparse.csr_array(part), 1.5e-3)
        other = Network(network.populations, (*network.projections[:2], fewer, network.projections[3]))
    else:
        other = network
    longer = random_stimulus(rng, 2, 3, n_frames=13) if change == "steps" else stimulus
    record = ["exc.v"] if change == "record" else []
    assert key_of(network, stimulus, []) != key_of(other, longer, record)


def key_of(network, stimulus, record):
    probes = tuple(Probe(*name.split(".")) for name in record)
    return job_of_chunk(network, stimulus, 1, 0.5e-3, probes, Chunk(0, 0, 2, 2), synapse_values(network, 1, 0.5e-3)).key()


def test_a_failed_compilation_leaves_no_program_and_shows_the_message(cache, monkeypatch):
    rng = np.random.default_rng(3)
    monkeypatch.setattr(builds, "_FLAGS", ("-no-such-flag",))
    with pytest.raises(SimulationError, match=r"the compiler failed: .*no-such-flag.*\nThe whole log is in"):
        run(noisy_network(rng), random_stimulus(rng, 1, 3))
    assert programs(cache) == []
    (log,) = cache.glob("*.log")
    assert "no-such-flag" in log.read_text()


def test_a_half_built_folder_is_built_again(cache):
    rng = np.random.default_rng(4)
    network, stimulus = noisy_network(rng), random_stimulus(rng, 1, 3)
    whole = run(network, stimulus)
    (program,) = programs(cache)
    (program / "program.json").unlink()
    (program / "main").write_bytes(b"half")
    assert np.array_equal(run(network, stimulus).raster("exc"), whole.raster("exc"))


def test_threads_share_one_build(cache):
    rng = np.random.default_rng(5)
    network, stimulus = noisy_network(rng), random_stimulus(rng, 2, 3)
    rasters: list = []
    threads = [threading.Thread(target=lambda: rasters.append(run(network, stimulus).raster("exc"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(rasters) == 4
    assert all(np.array_equal(raster, rasters[0]) for raster in rasters)
    assert len(programs(cache)) == 1


def test_a_cache_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("BIOWORKBENCH_CACHE", str(blocked / "programs"))
    rng = np.random.default_rng(6)
    with pytest.raises(SimulationError, match="set BIOWORKBENCH_CACHE to a folder that can be written"):
        run(noisy_network(rng), random_stimulus(rng, 1, 3))


def test_a_program_that_fails_says_so(cache):
    rng = np.random.default_rng(7)
    network, stimulus = noisy_network(rng), random_stimulus(rng, 1, 3)
    run(network, stimulus)
    (program,) = programs(cache)
    (program / "main").write_text("#!/bin/sh\necho broken >&2\nexit 9\n")
    with pytest.raises(SimulationError, match="the simulation program ended with code 9: broken"):
        run(network, stimulus)
    (program / "main").write_text("#!/bin/sh\necho cannot write exc.i >&2\nexit 6\n")
    with pytest.raises(SimulationError, match=r"the simulation program cannot write exc\.i; free disk space, or set TMPDIR"):
        run(network, stimulus)
    (program / "main").write_text("#!/bin/sh\nkill -9 $$\n")
    with pytest.raises(SimulationError, match="was ended by SIGKILL; if the machine ran out of memory, lower"):
        run(network, stimulus)


def test_a_full_disk_during_a_run_is_named(cache, monkeypatch):
    """Results go to /dev/full, which takes nothing."""
    rng = np.random.default_rng(7)
    write_inputs = builds._write_inputs

    def onto_a_full_disk(job, program, folder):
        write_inputs(job, program, folder)
        (folder / "results" / "exc.i").symlink_to("/dev/full")

    network, stimulus = noisy_network(rng), random_stimulus(rng, 1, 3, n_frames=10, frame=5e-3)
    monkeypatch.setattr(builds, "_write_inputs", onto_a_full_disk)
    with pytest.raises(SimulationError, match=r"the simulation program cannot write exc\.i; free disk space"):
        run(network, stimulus)


def test_inputs_that_cannot_be_written_are_named(cache, monkeypatch):
    rng = np.random.default_rng(7)
    network, stimulus = noisy_network(rng), random_stimulus(rng, 1, 3)
    run(network, stimulus)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(SimulationError, match=r"cannot write the inputs of a run to .* free disk space"):
            run(network, stimulus)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_only_floating_point_variables_can_be_given_values(cache):
    model = replace(leaky(), equations=leaky().equations + "\nmark : integer", start={"v": -70 * mV, "mark": 1.0})
    network = Network((Population("exc", 2, model),), (Projection("input", "exc", sparse.csr_array(np.ones((3, 2)))),))
    with pytest.raises(ValueError, match=r"exc\.mark is a variable of type .*int.*only floating point"):
        run(network, random_stimulus(np.random.default_rng(8), 1, 3))


def test_runs_cut_into_segments_are_whole(cache, monkeypatch):
    """Segments of 7 steps, across frames of 5 ms and trace rows every 2 ms, give what one segment gives."""
    rng = np.random.default_rng(9)
    network, stimulus = noisy_network(rng), random_stimulus(rng, 3, 3, n_frames=10, frame=5e-3)
    record = ["inh.v", Probe("exc", "v", (1, 2), 2e-3)]
    whole = run(network, stimulus, record=record)
    monkeypatch.setenv("BIOWORKBENCH_CACHE", str(cache / "short"))
    monkeypatch.setattr("bioworkbench.simulation.cpp_source.SEGMENT_STEPS", 7)
    parts = run(network, stimulus, record=record)
    assert "compile" in parts.timing
    np.testing.assert_array_equal(parts.raster("exc"), whole.raster("exc"))
    for name, trace in whole.traces.items():
        np.testing.assert_array_equal(parts.traces[name], trace)


def test_builds_beside_objects_of_earlier_ones_are_the_same(cache, monkeypatch):
    """Brian2 numbers the names of code objects while others of that name live; without garbage collection they do."""
    rng = np.random.default_rng(10)
    network, stimulus = noisy_network(rng), random_stimulus(rng, 3, 3, n_frames=4, frame=5e-3)
    gc.disable()
    try:
        rasters = []
        for name in ("one", "two", "three"):
            monkeypatch.setenv("BIOWORKBENCH_CACHE", str(cache / name))
            rasters.append(run(network, stimulus).raster("exc"))
    finally:
        gc.enable()
    np.testing.assert_array_equal(rasters[1], rasters[0])
    np.testing.assert_array_equal(rasters[2], rasters[0])
    assert rasters[0].sum() > 20


def test_a_brian2_that_creates_synapses_otherwise_is_refused(cache, monkeypatch):
    replace_creation = cpp_source.replace_creation
    monkeypatch.setattr(cpp_source, "replace_creation", lambda owner, lines: replace_creation(f"other_{owner}", lines))
    rng = np.random.default_rng(11)
    with pytest.raises(SimulationError, match="creates the synapses of other_exc_exc_synapses in a way that is not known here"):
        run(noisy_network(rng), random_stimulus(rng, 1, 3))


def test_a_brian2_with_another_generator_is_refused(tmp_path):
    (tmp_path / "objects.h").write_text("class Another {};")
    with pytest.raises(SimulationError, match="writes its random generator in a way that is not known here"):
        cpp_source._replace_headers(tmp_path)


def test_a_brian2_that_compares_clocks_otherwise_is_refused(tmp_path):
    (tmp_path / "network.cpp").write_text("#define Clock_epsilon 1e-10")
    network = Network((Population("exc", 1, leaky()),))
    job = job_of_chunk(network, silence(0.01), 1, 1e-3, (), Chunk(0, 0, 1, 1), {})
    with pytest.raises(SimulationError, match="compares clocks in a way that is not known here"):
        cpp_source._let_clocks_meet(tmp_path / "network.cpp", job)


def test_copies_without_a_trial_stand_still(cache, tmp_path):
    """Three trials in a program of four copies, then four: the first three do the same, the fourth moves only in the second run."""
    network = noisy_network(np.random.default_rng(5), sigma=0 * mV)
    stimulus, probes = random_stimulus(np.random.default_rng(6), 4, 3, n_frames=4, frame=5e-3), (Probe("exc", "v"),)
    rows, spikes = [], []
    for chunk in (Chunk(0, 0, 3, 4), Chunk(0, 0, 4, 4)):
        job = job_of_chunk(network, stimulus, 1, 5e-4, probes, chunk, synapse_values(network, 1, 5e-4))
        outcome = builds.run_program(job, 1, lambda *told: None, tmp_path)
        rows.append(outcome.traces["exc.v"][:].reshape(40, 4, 40))
        spikes.append(outcome.spikes["exc"][0][:] // 40)
    np.testing.assert_array_equal(rows[0][:, :3], rows[1][:, :3])
    np.testing.assert_array_equal(rows[0][:, 3], rows[0][:1, 3].repeat(40, axis=0))
    assert np.ptp(rows[1][:, 3], axis=0).min() > 0
    assert set(spikes[0]) == {0, 1, 2}
    assert set(spikes[1]) == {0, 1, 2, 3}
    assert len(programs(cache)) == 1
