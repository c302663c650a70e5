"""Chunks and the arrays that go into a run."""

import numpy as np
import pytest

from bioworkbench.records.probe import Probe
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.simulation import BACKENDS
from bioworkbench.simulation.chunk import Chunk, Need, chunks
from bioworkbench.simulation.inputs import inputs_of
from bioworkbench.simulation.trials import job_of_chunk, memory_need, synapse_values
from bioworkbench.simulation.values import ValueKind
from tests.simulation.networks import noisy_network, random_stimulus


def job(network, stimulus, chunk, n_copies=1):
    return job_of_chunk(inputs_of(network, stimulus, 0.5e-3), 1, (), chunk, synapse_values(network, n_copies, 0.5e-3))


def test_chunks_cover_all_trials_once():
    parts = chunks(1000, Need(0, 10**6), memory=10**9)
    assert {part.n_copies for part in parts} == {64}
    assert [part.first for part in parts] == list(range(0, 1000, 64))
    assert sum(part.n_trials for part in parts) == 1000


def test_few_trials_are_one_chunk():
    assert chunks(7, Need(0, 10), 10**9) == [Chunk(0, 0, 7, 7)]


def test_what_copies_share_counts_once():
    assert chunks(1000, Need(10**8, 10**6), memory=10**9)[0].n_copies == 16
    assert Need(100, 10).of(5) == 150


def test_a_trial_too_large_is_refused():
    with pytest.raises(ValueError, match=r"memory = 1 GB: one trial needs about 2 GB"):
        chunks(7, Need(10**9, 10**9), 10**9)


def test_synapses_of_copies_stay_in_their_copy():
    rng = np.random.default_rng(0)
    network, stimulus = noisy_network(rng), random_stimulus(rng, 3, 3)
    values = job(network, stimulus, Chunk(0, 0, 3, 4), n_copies=4).values
    i, j = (values[ValueKind.SYNAPSES.of("exc_inh", end)] for end in ("i", "j"))
    np.testing.assert_array_equal(i // 40, j // 10)
    assert i.dtype == j.dtype == np.int32
    assert len(i) == 4 * network.projections[2].n_synapses
    assert values[ValueKind.SYNAPSES.of("exc_exc", "delay")].shape == (4 * network.projections[1].n_synapses,)
    assert values[ValueKind.SYNAPSES.of("exc_inh", "delay")].shape == (1,)


def test_drive_is_the_matrix_product():
    rng = np.random.default_rng(1)
    network, stimulus = noisy_network(rng), random_stimulus(rng, 3, 3)
    table = job(network, stimulus, Chunk(0, 0, 3, 4)).values[ValueKind.TABLE.of("input_exc", "frames")].reshape(12, 4, 40)
    np.testing.assert_allclose(table[:, :3], np.einsum("mfc,cn->fmn", stimulus.values, network.projections[0].weights.toarray()))
    assert not table[:, 3].any()


def test_spike_counts_arrive_in_the_first_step_of_their_frame():
    rng = np.random.default_rng(2)
    network, values = noisy_network(rng), rng.integers(0, 3, (2, 4, 3))
    found = job(network, Stimulus(values, 1e-3, "spikes"), Chunk(0, 0, 2, 2)).values
    table = found[ValueKind.TABLE.of("input_exc", "impulses")].reshape(8, 2, 40)
    assert not table[1::2].any()
    np.testing.assert_allclose(table[::2], np.einsum("mfc,cn->fmn", values, network.projections[0].weights.toarray()))


def test_start_values_of_chunks_differ():
    rng = np.random.default_rng(3)
    network, stimulus = noisy_network(rng), random_stimulus(rng, 4, 3)
    starts = [job(network, stimulus, Chunk(k, 2 * k, 2, 2)).values[ValueKind.NEURONS.of("exc", "v")] for k in (0, 1, 0)]
    np.testing.assert_array_equal(starts[0], starts[2])
    assert not np.array_equal(starts[0], starts[1])
    assert -70e-3 <= starts[0].min() <= starts[0].max() <= -55e-3


def test_memory_estimate_grows_with_steps_and_synapses():
    rng = np.random.default_rng(4)
    network = noisy_network(rng)
    short, long = (need(network, random_stimulus(rng, 1, 3, n_frames=n), "cpp") for n in (10, 1000))
    assert long.each - short.each == 8 * 40 * 990
    assert long.shared == short.shared == 40 * sum(p.n_synapses for p in network.projections[1:])
    copied = need(network, random_stimulus(rng, 1, 3, n_frames=10), "numpy")
    assert copied == Need(0, short.each + short.shared)


def need(network, stimulus, backend, probes=()):
    return memory_need(inputs_of(network, stimulus, 0.5e-3), probes, BACKENDS[backend])


def test_recorded_steps_count_until_they_are_flushed():
    network = noisy_network(np.random.default_rng(5))
    growth, long = {}, Stimulus(np.zeros((1, 1, 3)), 100.0)
    for backend in ("cpp", "numpy"):
        with_probe, without = (need(network, long, backend, probes) for probes in ((Probe("inh", "v"),), ()))
        growth[backend] = with_probe.each - without.each
    assert growth == {"cpp": 8 * 10 * 2000, "numpy": 8 * 10 * 200_000}
