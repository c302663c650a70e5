"""Chunks and the arrays that go into a run."""

import numpy as np
import pytest

from bioworkbench.signals import Stimulus
from bioworkbench.simulation.collect import spikes_of_copies, trace_of_copies
from bioworkbench.simulation.trials import Chunk, bytes_per_trial, chunks, job_of_chunk
from tests.simulation.networks import noisy_network, random_stimulus


def test_chunks_cover_all_trials_once():
    parts = chunks(1000, bytes_of_one=10**6, memory=10**9)
    assert {part.n_copies for part in parts} == {64}
    assert [part.first for part in parts] == list(range(0, 1000, 64))
    assert sum(part.n_trials for part in parts) == 1000


def test_few_trials_are_one_chunk():
    assert chunks(7, 10, 10**9) == [Chunk(0, 0, 7, 7)]


def test_a_trial_too_large_is_refused():
    with pytest.raises(ValueError, match=r"memory = 1 GB: one trial needs about 2 GB"):
        chunks(7, 2 * 10**9, 10**9)


def test_synapses_of_copies_stay_in_their_copy():
    rng = np.random.default_rng(0)
    network, stimulus = noisy_network(rng), random_stimulus(rng, 3, 3)
    job = job_of_chunk(network, stimulus, 1, 0.5e-3, (), Chunk(0, 0, 3, 4))
    i, j = job.values["exc_inh_synapses.i"], job.values["exc_inh_synapses.j"]
    np.testing.assert_array_equal(i // 40, j // 10)
    assert i.dtype == j.dtype == np.int32
    assert len(i) == 4 * network.projections[2].n_synapses
    assert job.values["exc_exc_synapses.delay"].shape == (4 * network.projections[1].n_synapses,)
    assert job.values["exc_inh_synapses.delay"].shape == (1,)


def test_drive_is_the_matrix_product():
    rng = np.random.default_rng(1)
    network, stimulus = noisy_network(rng), random_stimulus(rng, 3, 3)
    table = job_of_chunk(network, stimulus, 1, 0.5e-3, (), Chunk(0, 0, 3, 4)).values["exc.frames"].reshape(12, 4, 40)
    np.testing.assert_allclose(table[:, :3], np.einsum("mfc,cn->fmn", stimulus.values, network.projections[0].weights.toarray()))
    assert not table[:, 3].any()


def test_spike_counts_arrive_in_the_first_step_of_their_frame():
    rng = np.random.default_rng(2)
    network, values = noisy_network(rng), rng.integers(0, 3, (2, 4, 3))
    table = job_of_chunk(network, Stimulus(values, 1e-3, "spikes"), 1, 0.5e-3, (), Chunk(0, 0, 2, 2)).values["exc.kicks"]
    table = table.reshape(8, 2, 40)
    assert not table[1::2].any()
    np.testing.assert_allclose(table[::2], np.einsum("mfc,cn->fmn", values, network.projections[0].weights.toarray()))


def test_start_values_of_chunks_differ():
    rng = np.random.default_rng(3)
    network, stimulus = noisy_network(rng), random_stimulus(rng, 4, 3)
    starts = [job_of_chunk(network, stimulus, 1, 0.5e-3, (), Chunk(k, 2 * k, 2, 2)).values["exc.v"] for k in (0, 1, 0)]
    np.testing.assert_array_equal(starts[0], starts[2])
    assert not np.array_equal(starts[0], starts[1])
    assert -70e-3 <= starts[0].min() <= starts[0].max() <= -55e-3


def test_memory_estimate_grows_with_steps_and_synapses():
    rng = np.random.default_rng(4)
    network = noisy_network(rng)
    short, long = (bytes_per_trial(network, random_stimulus(rng, 1, 3, n_frames=n), 0.5e-3, ()) for n in (10, 1000))
    assert long - short == 8 * 40 * 990


def test_surplus_copies_are_thrown_away():
    spikes = spikes_of_copies(np.array([5, 0, 3, 9, 2]), np.array([0.1, 0.1, 0.1, 0.2, 0.3]), 3, first_trial=10, n_trials=2)
    np.testing.assert_array_equal(spikes.trial, [10, 10, 11, 11])
    np.testing.assert_array_equal(spikes.neuron, [0, 2, 0, 2])
    np.testing.assert_array_equal(spikes.time, [0.1, 0.3, 0.1, 0.1])


def test_traces_of_copies():
    rows = np.arange(24).reshape(2, 12)  # 2 steps, 4 copies of 3 neurons
    trace = trace_of_copies(rows, n_copies=4, n_trials=3)
    assert trace.shape == (3, 2, 3)
    np.testing.assert_array_equal(trace[1, 0], [3, 4, 5])
