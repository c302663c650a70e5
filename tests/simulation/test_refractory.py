"""Refractory periods: one for all, one per neuron, or as long as a condition holds; each as Brian2 has it, in every trial."""

import numpy as np
import pytest
from brian2 import NeuronGroup, SpikeMonitor, ms, mV

import bioworkbench as bw
from bioworkbench.experiment.results.run_file import RunData, read_run, write_run
from bioworkbench.experiment.spec import read
from bioworkbench.experiment.spec.plan import construct
from bioworkbench.neurons import custom, noisy_lif
from bioworkbench.simulation.backends.choice import available_backends
from tests.ports.plain import plain, run_plain

EQUATIONS = "dv/dt = (30*mV - v)/(10*ms) : volt (unless refractory)\ndu/dt = (v - u)/(3*ms) : volt"
N, STEPS, DT = 5, 600, 1e-4
PAUSES = {
    "one": 2 * ms,
    "each": np.array([0.0, 1.0, 2.5, 4.0, 9.0]) * ms,
    "condition": "u > 4*mV",
    "of the neuron": "i > 2 and u > 4*mV",
    "time": "1*ms + i*ms",
}
SLOW = {"cython": pytest.mark.thorough}  # to compile
BACKENDS = [pytest.param(name, marks=SLOW.get(name, ())) for name in ("numpy", "cython", "cpp") if name in available_backends()]


def model(pause):
    return custom(equations=EQUATIONS, threshold="v > 12*mV", reset="v = 0*mV", refractory=pause)


def by_hand(pause):
    """Neurons and steps in plain Brian2."""
    plain(DT)
    each = np.ndim(pause) == 1
    equations = EQUATIONS + ("\npause : second" if each else "")
    group = NeuronGroup(
        N, equations, threshold="v > 12*mV", reset="v = 0*mV", refractory="pause" if each else pause, method="euler"
    )
    if each:
        group.pause = pause
    (spikes,) = run_plain(STEPS * DT, DT, group, SpikeMonitor(group))
    return spikes


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", PAUSES)
def test_spikes_are_those_of_plain_brian2_in_every_trial(kind, backend):
    network = bw.Network((bw.Population("cells", N, model(PAUSES[kind])),))
    spikes = bw.simulate(network, bw.silence(STEPS * DT, n_trials=3), 1, dt=DT, backend=backend).spikes["cells"]
    expected = by_hand(PAUSES[kind])
    assert len({neuron for neuron, _ in expected}) == N
    for trial in range(3):
        mine = spikes.trial == trial
        steps = np.rint(spikes.time[mine] / DT).astype(int)
        assert set(zip(spikes.neuron[mine].tolist(), steps.tolist(), strict=True)) == expected


@pytest.mark.parametrize("kind", PAUSES)
def test_they_are_kept_with_a_run(kind, tmp_path):
    network = bw.Network((bw.Population("cells", N, model(PAUSES[kind])),))
    recording = bw.simulate(network, bw.silence(0.01), 1, dt=DT, backend="numpy")
    write_run(tmp_path / "run.h5", RunData(network, recording))
    again = read_run(tmp_path / "run.h5").network.population("cells").model.refractory
    if isinstance(PAUSES[kind], str):
        assert again == PAUSES[kind]
    else:
        np.testing.assert_array_equal(again, PAUSES[kind])


def test_models_of_the_package_take_one_per_neuron():
    pauses = np.array([1.0, 20.0]) * ms
    both = bw.Network((bw.Population("cells", 2, noisy_lif(refractory=pauses, rest=-40 * mV, sigma=0 * mV)),))
    counts = np.bincount(bw.simulate(both, bw.silence(0.2), 1, dt=DT, backend="numpy").spikes["cells"].neuron)
    for neuron, pause in enumerate(pauses):
        one = bw.Network((bw.Population("cells", 1, noisy_lif(refractory=pause, rest=-40 * mV, sigma=0 * mV)),))
        assert len(bw.simulate(one, bw.silence(0.2), 1, dt=DT, backend="numpy").spikes["cells"]) == counts[neuron]


def test_in_a_spec():
    def pause(given, kind="custom"):
        own = {"equations": EQUATIONS, "threshold": "v > 12*mV", "reset": "v = 0*mV"} if kind == "custom" else {}
        cells = {"kind": kind, "size": 4, "refractory": given, **own}
        document = {"seed": 1, "dt": "0.1 ms", "duration": "10 ms", "populations": {"cells": cells}}
        return construct(read(document, "x")).network.population("cells").model.refractory

    assert pause("u > 4*mV") == "u > 4*mV"
    np.testing.assert_allclose(pause("1*ms + i*ms") / ms, [1, 2, 3, 4])
    np.testing.assert_allclose(pause("1*ms + i*ms", "noisy_lif") / ms, [1, 2, 3, 4])
    assert len(set(np.asarray(pause("normal(3 ms, 0.2 ms)")))) == 4


@pytest.mark.parametrize(
    ("pause", "words"),
    [
        ("v + 1*mV", r"refractory 'v \+ 1\*mV' is not a condition; write one such as"),
        ("w > 1*mV", "refractory 'w > 1\\*mV'.* 'w' is not"),
        (np.array([1.0, -1.0]) * ms, "refractory = .*cannot be negative"),
        (2 * mV, "refractory = 2 mV is a voltage"),
    ],
)
def test_what_is_refused(pause, words):
    with pytest.raises(ValueError, match=words):
        model(pause)


def test_there_must_be_one_for_each_neuron():
    with pytest.raises(ValueError, match=r"refractory of population 'cells' has shape \(2,\); it must be a scalar or \(3,\)"):
        bw.Population("cells", 3, model(np.array([1.0, 2.0]) * ms))
