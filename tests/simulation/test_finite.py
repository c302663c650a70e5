"""NaN and infinity end a simulation on every backend, in the same words, recorded or not."""

import numpy as np
import pytest
from brian2 import ms

from bioworkbench.neurons import NeuronModel
from bioworkbench.records.errors import SimulationError
from bioworkbench.records.network import Network, Population
from bioworkbench.records.probe import Probe
from bioworkbench.records.stimulus import silence
from bioworkbench.simulation import simulate
from bioworkbench.simulation.chunk import Chunk
from bioworkbench.simulation.collect import GatheredTrace
from bioworkbench.simulation.finite import NotFinite, not_finite_in

BACKENDS = ["numpy", "cpp", pytest.param("cython", marks=pytest.mark.slow), pytest.param("cuda", marks=pytest.mark.cuda)]

UNSTABLE = {  # what becomes infinite, by where it does
    "equation": NeuronModel("dv/dt = v**3/ms : 1\ncalm : 1", "v > 1", "", start={"v": 3.0, "calm": 0.0}),
    "second equation": NeuronModel("dcalm/dt = -calm/ms : 1\ndv/dt = v**3/ms : 1", "", "", start={"v": 3.0}),
    "update": NeuronModel("v : 1\ncalm : 1", "", "", start={"v": 3.0, "calm": 0.0}, update="v = v*1e200"),
    "reset": NeuronModel("dcalm/dt = 1/ms : 1\nv : 1", "calm > 1", "v = 1e200*(v + 1)", receives="v"),
    "shared": NeuronModel("dcalm/dt = -calm/ms : 1\nv : 1 (shared)", "", "", start={"v": 3.0}, update="v = v*1e200"),
    "not a number": NeuronModel("v : 1\ncalm : 1", "", "", start={"v": -3.0, "calm": 0.0}, update="v = sqrt(v)"),
}


def run(model, backend, duration=0.02, record=(), n_trials=2):
    others = Population("quiet", 3, NeuronModel("dx/dt = -x/ms : 1", "", "", receives="x"))
    network = Network((others, Population("cells", 2, model)))
    return simulate(network, silence(duration, n_trials), 1, dt=1 * ms, backend=backend, record=record)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("record", [(), ("cells.v",)], ids=["not recorded", "recorded"])
@pytest.mark.parametrize("model", UNSTABLE.values(), ids=UNSTABLE)
def test_it_is_an_error_that_names_population_variable_and_time(model, record, backend):
    with pytest.raises(SimulationError, match=r"^cells\.v became NaN or infinite before t = 0\.020000 s; a smaller dt"):
        run(model, backend, record=record)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("backend", BACKENDS)
def test_variables_of_neurons_keep_the_names_that_those_of_synapses_have_in_brian2(backend):
    with pytest.raises(SimulationError, match=r"^cells\.synaptic_v became NaN or infinite"):
        run(
            NeuronModel("v : 1\nsynaptic_v : 1", "", "", start={"v": 0.0, "synaptic_v": 3.0}, update="synaptic_v *= 1e200"),
            backend,
        )


def test_what_libraries_write_before_the_error_is_passed_over():
    found = not_finite_in("a library warns: this is slow\nneurons cells v 0.02 1\n")
    assert found == NotFinite("cells", "v", of_synapses=False, time=0.02, index=1)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("backend", BACKENDS)
def test_long_runs_end_early(backend):
    """The state is looked at every 2000 steps: a fault in the third second ends a run at the fourth."""
    model = NeuronModel(
        "v : 1", "", "", start={"v": 1.0}, update="v = 1/(2.5 - t/second)*int(t < 2.5*second) + 1e300**(t/second)"
    )
    with pytest.raises(SimulationError, match=r"cells\.v became NaN or infinite before t = 2\.000000 s"):
        run(model, backend, duration=30.0)


@pytest.mark.parametrize("backend", BACKENDS)
def test_infinity_that_a_reset_takes_back_is_a_spike(backend):
    """The membrane of an exponential neuron passes through infinity in the step in which it spikes."""
    model = NeuronModel("dv/dt = (1 + exp(v))/ms : 1", "v > 30", "v = 0", receives="v", start={"v": 8.0})
    assert len(run(model, backend).spikes["cells"]) > 2


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("backend", BACKENDS)
def test_recorded_expressions_are_looked_at_too(backend):
    model = NeuronModel("dv/dt = 1/ms : 1\nx = 1/(v - 3) : 1", "", "", receives="v", start={"v": 0.0})
    with pytest.raises(SimulationError, match=r"cells\.x became NaN or infinite: it is inf in neuron 0 of trial 0 at t = 0\.003"):
        run(model, backend, record=[Probe("cells", "x", (0, 1))])


def test_surplus_copies_may_hold_anything():
    """Only copies with a trial count; the last chunk of a run may have more."""
    gathered = GatheredTrace(Probe("exc", "v", (4, 7)), 1e-3)
    rows = np.zeros((5, 4))
    rows[:, 2:] = np.nan
    gathered.add(Chunk(0, 0, 1, 2), rows)
    assert gathered.trace().shape == (1, 5, 2)
    rows[3, 1] = np.inf
    with pytest.raises(SimulationError, match=r"it is inf in neuron 7 of trial 1 at t = 0\.003000 s"):
        gathered.add(Chunk(1, 1, 1, 2), rows)
