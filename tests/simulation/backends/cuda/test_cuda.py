"""The backend "cuda": what it misses is named; with brian2cuda its programs are generated, with nvcc compiled, with a GPU run."""

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from brian2 import mV

from bioworkbench.records.errors import SimulationError
from bioworkbench.records.network import Network
from bioworkbench.records.probe import Probe
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.simulation import BACKENDS, choose_backend, simulate
from bioworkbench.simulation.backends.cuda import builds as cuda_builds
from bioworkbench.simulation.backends.cuda import host, programs
from bioworkbench.simulation.backends.cuda import source as cuda_source
from bioworkbench.simulation.backends.cuda import toolkit as cuda
from bioworkbench.simulation.chunk import Chunk, Need, chunks
from bioworkbench.simulation.inputs import inputs_of
from bioworkbench.simulation.trials import job_of_chunk, memory_need, synapse_values
from bioworkbench.simulation.values import ValueKind
from tests.simulation.networks import discrete_network, every_model, noisy_network, random_stimulus

H100 = cuda.Gpu("NVIDIA H100", 9.0, 80 * 2**30, 79 * 2**30, "580.1")
CHUNK = Chunk(0, 0, 4, 4)


@pytest.fixture
def complete(monkeypatch):
    """A machine that has all the backend needs."""
    monkeypatch.setattr(cuda.sys, "version_info", (3, 12, 1))
    found = {"brian2cuda_version": "1.0b1", "nvcc_version": "13.0.88", "curand": ("include", "libcurand.so.10"), "gpu": H100}
    for name, value in found.items():
        monkeypatch.setattr(cuda, name, lambda value=value: value)
    monkeypatch.setattr(cuda, "_output", lambda *command: "sm_80\nsm_90\n")
    return monkeypatch


def job_of(network, stimulus, dt, probes=()):
    return job_of_chunk(inputs_of(network, stimulus, dt), 1, probes, CHUNK, synapse_values(network, 1, dt))


def job_of_everything():
    network = every_model(np.random.default_rng(1))
    probes = (Probe("exc", "v"), Probe("inh", "v", (1, 2), 2e-3))
    return job_of(network, random_stimulus(np.random.default_rng(2), 4, 3, 4, 5e-3), 5e-5, probes)


def generated(folder, job, precision="double"):
    toolchain = cuda_builds.cuda_toolchain(9.0, precision)
    programs._generate(job, folder, toolchain)
    toolchain.source.unite(folder, job)
    return (folder / "program.cu").read_text()


def test_a_complete_machine_misses_nothing(complete):
    assert cuda.missing_for_cuda() == ""
    assert choose_backend("cuda").name == "cuda"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("brian2cuda_version", "", r"brian2cuda, which is not installed \(pip install"),
        ("nvcc_version", "", r"nvcc 12\.0 or later on the PATH .* none was found"),
        ("nvcc_version", "11.8.89", r"nvcc 12\.0 or later; .* is 11\.8\.89"),
        ("curand", None, r"cuRAND, .* \(pip install nvidia-curand\)"),
        ("gpu", None, "an NVIDIA GPU; none was found"),
        ("gpu", replace(H100, capability=6.1), r"compute capability 7\.0 or later; NVIDIA H100 has 6\.1"),
        ("gpu", replace(H100, capability=12.0), r"a CUDA toolkit that compiles for compute capability 12\.0"),
    ],
)
def test_what_is_missing_is_named(complete, name, value, words):
    complete.setattr(cuda, name, lambda: value)
    with pytest.raises(SimulationError, match=rf"backend 'cuda' needs .*{words}.*Nothing was simulated") as caught:
        choose_backend("cuda")
    assert caught.value.missing


def test_an_older_python_is_named(complete):
    complete.setattr(cuda.sys, "version_info", type("Version", (tuple,), {"major": 3, "minor": 11})((3, 11, 4)))
    assert cuda.missing_for_cuda() == "Python 3.12 or later; this is 3.11"


def test_a_run_without_gpu_or_curand_is_refused(complete):
    complete.setattr(cuda_builds, "gpu", lambda: None)
    complete.setattr(cuda_builds, "curand", lambda: None)
    job = job_of(noisy_network(np.random.default_rng(1)), random_stimulus(np.random.default_rng(2), 4, 3), 5e-4)
    with pytest.raises(SimulationError, match="needs an NVIDIA GPU; none was found"):
        cuda_builds.run_on_gpu(job, 1, print, None, "double")
    with pytest.raises(SimulationError, match="cuRAND is not installed"):
        cuda_builds.cuda_toolchain(9.0).command(job)


def test_the_gpu_is_read_from_nvidia_smi(tmp_path, monkeypatch):
    program = tmp_path / "nvidia-smi"
    program.write_text('#!/bin/sh\necho "NVIDIA H100 80GB HBM3, 9.0, 81559, 81000, 580.1"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    found = cuda.gpu()
    assert found is not None
    assert (found.capability, found.memory) == (9.0, 81559 * 2**20)
    assert str(found) == "NVIDIA H100 80GB HBM3, compute capability 9.0, 85.5 GB, driver 580.1"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert cuda.gpu() is None
    program.write_text("#!/bin/sh\necho no devices were found\n")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert cuda.gpu() is None


@pytest.mark.parametrize(
    ("words", "expected", "missing"),
    [
        (
            "ERROR: cudaMalloc(...) failed at objects.cu:3 : out of memory",
            "the memory of NVIDIA H100 is full .* lower memory",
            "GPU memory",
        ),
        (
            "CUDA driver version is insufficient for CUDA runtime version",
            r"driver 580\.1 of NVIDIA H100 is too old",
            "a newer NVIDIA driver",
        ),
        ("exc.v became NaN", "^exc.v became NaN$", ""),
    ],
)
def test_errors_of_a_gpu_are_explained(words, expected, missing):
    found = cuda.explained(SimulationError(words), H100)
    assert re.search(expected, str(found))
    assert found.missing == missing


def test_copies_fill_the_memory_of_the_gpu(complete):
    assert cuda.budget(None) == 16_000_000_000
    complete.setattr(cuda, "gpu", lambda: replace(H100, memory=8 * 10**9))
    assert cuda.budget(None) == 4_000_000_000
    with pytest.raises(ValueError, match=r"memory = 9 GB: NVIDIA H100 has 8 GB; lower it"):
        cuda.budget(9e9)
    one, _ = chunks(5000, Need(10**6, 10**3), cuda.budget(None), 1, BACKENDS["cuda"].most_copies)
    assert one.n_copies == BACKENDS["cuda"].most_copies
    assert chunks(5000, Need(10**9, 10**7), cuda.budget(None), 1, BACKENDS["cuda"].most_copies)[0].n_copies == 256
    network, stimulus = noisy_network(np.random.default_rng(1)), random_stimulus(np.random.default_rng(2), 4, 3)
    on_gpu, on_cpu = (memory_need(inputs_of(network, stimulus, 5e-4), (), BACKENDS[backend]) for backend in ("cuda", "cpp"))
    assert on_gpu.each > on_cpu.each  # queues of the synapses with delays of their own


def test_sources_in_another_way_are_refused(tmp_path):
    source = tmp_path / "network.cu"
    source.write_text("#define Clock_epsilon 1e-10")
    with pytest.raises(SimulationError, match=r"brian2cuda writes network\.cu in a way that is not known here"):
        cuda_source._rewrite(source, ("Clock_epsilon 1e-14", "Clock_epsilon 1e-9", 1))


def test_a_brian2_that_creates_synapses_otherwise_is_refused(monkeypatch):
    monkeypatch.setattr(host, "device", SimpleNamespace(main_queue=[], static_arrays={}))
    with pytest.raises(SimulationError, match="creates the synapses of exc_exc_synapses in a way that is not known here"):
        host.replace_creation("exc_exc_synapses", [])


@pytest.mark.nvcc
@pytest.mark.parametrize("precision", ["double", "single"])
def test_programs_are_generated(tmp_path, precision):
    """Every model in one network, and layers with input spikes, pass all rewritings; no value is compiled in."""
    rng = np.random.default_rng(3)
    layers = job_of(discrete_network(rng), Stimulus(rng.integers(0, 3, (4, 12, 5)), 1e-3, "spikes"), 1e-3)
    for name, job in (("everything", job_of_everything()), ("layers", layers)):
        text = generated(tmp_path / name, job, precision)
        assert "defaultclock.timestep" not in text
        assert text.count("_load(") == len([value for value in job.values if value.kind is not ValueKind.TABLE])


@pytest.mark.nvcc
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("precision", ["double", "single"])
def test_programs_compile(precision):
    """One program of every neuron model and a full network; it stays in the cache until something it depends on changes.

    Without optimization, which takes a minute in place of two and a half and refuses the same sources.
    """
    toolchain = cuda_builds.cuda_toolchain(9.0, precision)
    quick = {"-O3": ["-O0", "-Xcicc", "-O0", "-Xptxas", "-O0"]}

    def command(job):
        return [part for flag in toolchain.command(job) for part in quick.get(flag, [flag])]

    program = programs.program_built(job_of_everything(), replace(toolchain, command=command))
    assert (program / "main").stat().st_size > 100_000


@pytest.mark.cuda
def test_spikes_equal_those_of_cpp():
    """Without noise: one delay for all, delays of their own and none, in several copies."""
    network, stimulus = (
        noisy_network(np.random.default_rng(4), sigma=0 * mV),
        random_stimulus(np.random.default_rng(5), 5, 3, 10, 5e-3),
    )
    ours, theirs = (simulate(network, stimulus, 1, dt=5e-4, backend=backend) for backend in ("cuda", "cpp"))
    assert len(ours.spikes["exc"]) > 50
    for name in ("exc", "inh"):
        np.testing.assert_array_equal(ours.raster(name), theirs.raster(name))


@pytest.mark.cuda
def test_rewiring_needs_no_build(tmp_path, monkeypatch):
    monkeypatch.setenv("BIOWORKBENCH_CACHE", str(tmp_path / "programs"))
    rng = np.random.default_rng(6)
    network, stimulus = noisy_network(rng, sigma=0 * mV), random_stimulus(rng, 5, 3, 10, 5e-3)
    simulate(network, stimulus, 1, dt=5e-4, backend="cuda")
    other = Network(
        network.populations, (network.projections[0], *(turned(projection) for projection in network.projections[1:]))
    )
    rewired, theirs = (simulate(other, stimulus, 2, dt=5e-4, backend=backend) for backend in ("cuda", "cpp"))
    assert "compile" not in rewired.timing
    np.testing.assert_array_equal(rewired.raster("exc"), theirs.raster("exc"))


def turned(projection):
    """As many synapses, from the neurons in reverse order."""
    return replace(projection, links=projection.weights[::-1], delay=projection.delay)


@pytest.mark.cuda
def test_segments_are_whole(tmp_path, monkeypatch):
    monkeypatch.setenv("BIOWORKBENCH_CACHE", str(tmp_path / "programs"))
    network, stimulus = (
        noisy_network(np.random.default_rng(7), sigma=0 * mV),
        random_stimulus(np.random.default_rng(8), 3, 3, 10, 5e-3),
    )
    record = ["inh.v", Probe("exc", "v", (1, 2), 2e-3)]
    theirs = simulate(network, stimulus, 1, dt=5e-4, backend="cpp", record=record)
    monkeypatch.setattr("bioworkbench.simulation.backends.cuda.host.SEGMENT_STEPS", 7)
    ours = simulate(network, stimulus, 1, dt=5e-4, backend="cuda", record=record)
    np.testing.assert_array_equal(ours.raster("exc"), theirs.raster("exc"))
    for name, trace in theirs.traces.items():
        np.testing.assert_allclose(ours.traces[name], trace, rtol=1e-9)


def test_a_program_over_the_limit_is_refused_before_it_is_compiled(tmp_path, monkeypatch):
    (tmp_path / "table").write_bytes(b"x" * 3000)
    programs._check_size(tmp_path)
    monkeypatch.setenv("BIOWORKBENCH_CACHE_LIMIT", "1e-6")
    with pytest.raises(SimulationError, match=r"the program takes 3e-06 GB, and BIOWORKBENCH_CACHE_LIMIT = 1e-06 GB; raise it"):
        programs._check_size(tmp_path)
