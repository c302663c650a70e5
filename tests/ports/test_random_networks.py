"""Networks made at random: plain Brian2, our records on every backend, and the records of the script have the same spikes."""

import numpy as np
import pytest

from bioworkbench import from_brian2, simulate
from bioworkbench.records.execution import Execution
from bioworkbench.records.stimulus import SpikeTrains, silence
from tests.ports.described import SEED, in_bioworkbench, in_plain_brian2, plain_objects, records_of
from tests.ports.plain import spikes_in
from tests.ports.random_ports import DT, DURATION, random_port
from tests.sampled import every

N_STEPS, CUT = round(DURATION / DT), 47


@pytest.mark.parametrize("number", every(15, range(60)))
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_records_and_scripts_equal_plain_brian2(number):
    port = random_port(number)
    theirs, weights = in_plain_brian2(port)
    ours, found = in_bioworkbench(port)
    assert ours == theirs
    for one, other in zip(found, weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)
    groups, made, monitors = plain_objects(port)
    script = from_brian2([*groups.values(), *made, *monitors.values()], port.duration)
    converted = simulate(script.network, script.stimuli, SEED, dt=script.dt, backend="numpy")
    assert {name: spikes_in(converted, name) for name in theirs} == theirs


@pytest.mark.parametrize("number", every(30, range(60, 90)))
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_copies_threads_and_parts_of_a_run_change_nothing(number):
    port = random_port(number)
    theirs, weights = in_plain_brian2(port)
    network, stimuli = records_of(port)
    settings = {"dt": DT, "backend": "cpp"}
    copies = simulate(network, [_of_trials(one, 3) for one in _listed(stimuli)], SEED, **settings, execution=Execution(threads=2))
    assert all({name: spikes_in(copies, name, trial) for name in theirs} == theirs for trial in range(3))
    for projection, expected in zip(network.projections, weights, strict=True):
        for found in copies.weights.get(projection.name, [projection.links.weights]):
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    first = simulate(network, [_part(one, 0, CUT) for one in _listed(stimuli)], SEED, **settings, keep_state=True)
    second = simulate(network, [_part(one, CUT, N_STEPS) for one in _listed(stimuli)], SEED, **settings, start=first.final)
    both = {name: spikes_in(first, name) | {(k, step + CUT) for k, step in spikes_in(second, name)} for name in theirs}
    assert both == theirs


def test_networks_made_at_random_spike():
    assert sum(map(len, in_plain_brian2(random_port(0))[0].values())) >= 20


def _listed(stimuli):
    return stimuli if isinstance(stimuli, list) else [stimuli]


def _of_trials(stimulus, n):
    """The same in every trial."""
    if not isinstance(stimulus, SpikeTrains):
        return silence(DURATION, n)
    trial = np.repeat(np.arange(n), len(stimulus.channel))
    return SpikeTrains(
        stimulus.name, trial, np.tile(stimulus.channel, n), np.tile(stimulus.time, n), DURATION, n, stimulus.n_channels
    )


def _part(stimulus, first, last):
    """Steps from `first` on, before `last`."""
    duration = (last - first) * DT
    if not isinstance(stimulus, SpikeTrains):
        return silence(duration)
    step = np.rint(np.asarray(stimulus.time) / DT).astype(int)
    inside = (step >= first) & (step < last)
    channel, time = np.asarray(stimulus.channel)[inside], (step[inside] - first) * DT
    return SpikeTrains(stimulus.name, np.zeros(len(channel), int), channel, time, duration, 1, stimulus.n_channels)
