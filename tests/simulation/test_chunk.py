"""Chunks that run together: fewer runs, and the very same numbers."""

from dataclasses import replace

import numpy as np
import pytest
from brian2 import mV
from hypothesis import given
from hypothesis import strategies as st

from bioworkbench.records.execution import Execution
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.simulation import BACKENDS, seam, simulate
from bioworkbench.simulation.chunk import Chunk, Need, chunks, chunks_of, joined_chunks
from bioworkbench.simulation.inputs import inputs_of
from bioworkbench.simulation.trials import memory_need
from bioworkbench.synapses.plasticity import pair_stdp
from tests.simulation.backends.cpp.engine import compiled
from tests.simulation.networks import noisy_network, random_stimulus

needs_compiler = pytest.mark.skipif(compiled.compiler() is None, reason="needs a C++ compiler")
TINY = 300_000  # bytes: one or two trials in a chunk


@given(st.integers(1, 3000), st.integers(1, 300), st.integers(1, 9), st.integers(0, 10**6), st.integers(10, 10**6))
def test_joined_chunks_hold_every_block_once_and_fit(n_trials, size, jobs, shared, each):
    parts, need = chunks_of(n_trials, min(size, n_trials)), Need(shared, each)
    joined = joined_chunks(parts, need, 10**8, jobs, 1024)
    blocks = [block for chunk in joined for block in chunk.blocks() if block.n_trials]
    assert blocks == parts
    assert sum(chunk.n_trials for chunk in joined) == n_trials
    assert len({chunk.n_copies for chunk in joined}) == 1
    assert len(joined) >= min(jobs, len(parts)) or joined[0].n_copies * (len(joined) - 1) < n_trials
    block, copies = parts[0].n_copies, joined[0].n_copies
    assert copies == block or (copies <= 1024 and need.of(copies) <= 10**8 // 2 // jobs)


def test_chunks_join_by_memory_and_jobs():
    parts = chunks(1437, Need(0, 400_000), 2 * 10**9)
    assert [part.n_trials for part in parts] == [256] * 5 + [157]
    assert joined_chunks(parts, Need(0, 400_000), 2 * 10**9, 1, 16384) == [Chunk(0, 0, 1437, 1536, 256)]
    assert [chunk.n_trials for chunk in joined_chunks(parts, Need(0, 400_000), 2 * 10**9, 2, 16384)] == [768, 669]
    assert [chunk.n_copies for chunk in joined_chunks(parts, Need(0, 400_000), 2 * 10**9, 1, 1024)] == [768, 768]
    assert [chunk.n_copies for chunk in joined_chunks(parts, Need(0, 10**8), 2 * 10**9, 1, 1024)] == [256] * 6


def test_large_tables_of_input_are_not_joined():
    """Rates become a row of each step, which this process holds: as much of it as one chunk may take, and not half of the budget."""
    network = noisy_network(np.random.default_rng(1))
    values, memory, joined = np.ones((600, 1, 3)), 3 * 10**8, {}
    for kind in ("current", "rate"):
        inputs = inputs_of(network, Stimulus(values, 0.2, kind), 1e-4)
        need = memory_need(inputs, (), BACKENDS["cpp"])
        joined[kind] = [chunk.n_copies for chunk in seam._parts(inputs, need, memory, BACKENDS["cpp"], 1, counts=True)]
        assert joined[kind][0] * inputs.bytes_per_trial < memory // 8
    assert joined == {"current": [768], "rate": [32] * 19}


@needs_compiler
@pytest.mark.parametrize("kind", ["current", "rate"])
@pytest.mark.parametrize("more", [{}, {"jobs": 2}, {"counts": True}], ids=str)
def test_chunks_that_run_together_give_the_spikes_of_chunks_one_by_one(kind, more, monkeypatch):
    rng, tiny = np.random.default_rng(1), TINY if kind == "current" else 3 * TINY  # a table with a row for each step is larger
    network, stimulus = noisy_network(rng), random_stimulus(rng, 7, 3)
    if kind == "rate":
        stimulus = Stimulus(rng.uniform(0, 400, (7, 12, 3)), 1e-3, "rate")
    runs = []

    def run(budget, jobs=1, counts=False):
        used = []
        execution = Execution(jobs=jobs, memory=budget, progress=lambda *words: used.append(words))
        recording = simulate(network, stimulus, 1, dt=1e-4, backend="cpp", counts=counts, execution=execution)
        runs.append(max(total for phase, _, total in used if phase == "simulate"))
        return recording

    joined = run(tiny, **more)
    other = run(4 * tiny, **more)
    monkeypatch.setattr(seam, "joined_chunks", lambda parts, *_: parts)
    apart = run(tiny, **more)
    assert runs[0] < runs[2] > 2
    for name in network.sizes:
        if "counts" in more:
            assert np.array_equal(joined.counts[name], apart.counts[name])
            continue
        for column in ("trial", "neuron", "time"):
            assert np.array_equal(getattr(joined.spikes[name], column), getattr(apart.spikes[name], column))
    assert "counts" in more or len(joined.spikes["exc"]) > 20
    # Input spikes belong to a chunk: the twin that must fail has others.
    if "counts" not in more:
        same = np.array_equal(other.spikes["exc"].neuron, apart.spikes["exc"].neuron)
        assert same == (kind == "current")


@needs_compiler
def test_synapses_of_each_copy_and_their_weights_are_those_of_chunks_one_by_one(monkeypatch):
    rng = np.random.default_rng(2)
    network = noisy_network(rng)
    plastic = pair_stdp(largest=3 * mV)
    projections = tuple(
        replace(p, synapse=plastic, links=p.links.with_values(weights=abs(p.links.weights))) if p.name == "exc_exc" else p
        for p in network.projections
    )
    network, stimulus = replace(network, projections=projections), random_stimulus(rng, 5, 3)
    joined = simulate(network, stimulus, 1, dt=1e-4, backend="cpp", execution=Execution(memory=10 * TINY))
    monkeypatch.setattr(seam, "joined_chunks", lambda parts, *_: parts)
    apart = simulate(network, stimulus, 1, dt=1e-4, backend="cpp", execution=Execution(memory=10 * TINY))
    assert np.array_equal(joined.weights["exc_exc"], apart.weights["exc_exc"])
    assert (joined.weights["exc_exc"] != network.projections[1].links.weights).any()
