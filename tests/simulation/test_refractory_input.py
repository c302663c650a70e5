"""What arrives at a refractory neuron is lost, as in Brian2, whatever it comes from and on every backend."""

import numpy as np
import pytest
from brian2 import NeuronGroup, PoissonInput, StateMonitor, ms

from bioworkbench.neurons import NeuronModel
from bioworkbench.records.background import Background
from bioworkbench.records.distributions import parse_distribution
from bioworkbench.records.drawn import DrawnLinks, LinkRule
from bioworkbench.records.execution import Execution
from bioworkbench.records.network import Network, Population, Projection, with_links
from bioworkbench.records.stimulus import SpikeTrains, silence
from bioworkbench.simulation import simulate
from bioworkbench.simulation.backends.choice import available_backends
from tests.ports.plain import plain, run_plain
from tests.simulation.test_refractory import BACKENDS

DT, STEPS = 1e-3, 15
HELD = NeuronModel("dv/dt = 0/second : 1 (unless refractory)", "v > 2.5", "v = 0", refractory=4 * ms)
CLOCK = Population("clock", 1, NeuronModel("dx/dt = 1/ms : 1", "x > 0.5", "x = 0", receives="x"))
EACH_STEP = Background("v", 1, 1 / DT, 1.0, regular=True)
SILENCE = silence(STEPS * DT)


def drawn(weight):
    """A link to the only neuron that the program draws."""
    return DrawnLinks(LinkRule("all_to_all"), (1, 1), 1, parse_distribution(weight), parse_distribution("1 ms"))


def one(*projections, background=(), others=(CLOCK,)):
    return Network((Population("cell", 1, HELD, background=background), *others), projections)


NETWORKS = {
    "links": (one(Projection("clock", "cell", np.ones((1, 1)), DT)), SILENCE),
    "drawn links": (one(Projection("clock", "cell", drawn("1"))), SILENCE),
    "background": (one(background=(EACH_STEP,), others=()), SILENCE),
    "background beside drawn links": (one(Projection("clock", "clock", drawn("0")), background=(EACH_STEP,)), SILENCE),
    "trains": (
        one(Projection("light", "cell", np.ones((1, 1)), 0.0), others=()),
        SpikeTrains("light", np.zeros(STEPS, int), np.zeros(STEPS, int), np.arange(STEPS) * DT, duration=STEPS * DT),
    ),
}


def by_hand():
    """The membrane in plain Brian2 with one spike in every step."""
    plain(DT)
    cell = NeuronGroup(1, HELD.equations, threshold=HELD.threshold, reset=HELD.reset, refractory=4 * ms, method="euler")
    trace = StateMonitor(cell, "v", record=True)
    run_plain(STEPS * DT, DT, cell, PoissonInput(cell, "v", 1, 1 / ms, 1.0), trace)
    return trace.v[0].round(6).tolist()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", NETWORKS)
def test_nothing_reaches_a_refractory_neuron(kind, backend):
    network, stimulus = NETWORKS[kind]
    values = simulate(network, stimulus, 1, dt=DT, backend=backend, record=["cell.v"]).traces["cell.v"].values[0, :, 0]
    late = 1 if "links" in kind and "background" not in kind else 0  # spikes of the other population take a step
    assert values.tolist() == ([0.0] * late + by_hand())[:STEPS]


@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.skipif("cpp" not in available_backends(), reason="needs g++")
def test_drawn_and_given_links_agree_for_many_neurons(precision):
    """With parts of populations that threads own, background, and neurons of which only some are refractory."""
    model = NeuronModel(
        "dv/dt = (drive0 - v)/(10*ms) : 1 (unless refractory)\ndrive0 : 1",
        "v > 1",
        "v = 0",
        {"drive0": np.linspace(0.5, 2.5, 40)},
        refractory="(1 + i % 5)*ms",
    )
    links = DrawnLinks(
        LinkRule("bernoulli", 0.3), (40, 40), 3, parse_distribution("0.03"), parse_distribution("uniform(0.5 ms, 3 ms)")
    )
    cells = Population("cells", 40, model, background=(Background("v", 10, 20, 0.0417),))
    network = Network((cells,), (Projection("cells", "cells", links),))
    wanted = simulate(with_links(network, 1e-4), silence(0.05, 2), 1, dt=1e-4, backend="numpy").spikes["cells"]
    for threads in (1, 2):
        execution = Execution(threads=threads, precision=precision)
        found = simulate(network, silence(0.05, 2), 1, dt=1e-4, backend="cpp", execution=execution).spikes["cells"]
        if precision == "double":
            assert found.neuron.tolist() == wanted.neuron.tolist()
            assert np.allclose(found.time, wanted.time)
        assert len(found) == pytest.approx(len(wanted), rel=0.03)
