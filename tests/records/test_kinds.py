"""What is of another kind than a record or `simulate` takes: each message names the field, the value and the rule."""

import numpy as np
import pytest
from brian2 import Hz, ms, mV, nA

from bioworkbench.neurons import noisy_lif
from bioworkbench.records.errors import SimulationError
from bioworkbench.records.execution import Execution
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.neuron import NeuronModel
from bioworkbench.records.probe import Probe
from bioworkbench.records.protocol import Phase
from bioworkbench.records.randomness import stream
from bioworkbench.records.stimulus import silence
from bioworkbench.records.synapse import SynapseModel
from bioworkbench.simulation import simulate
from bioworkbench.topology.rewiring import Rewiring, rewire

CELLS = Population("cells", 2, noisy_lif())
WEIGHTS = np.ones((2, 2))
EQUATIONS = {"equations": "dv/dt = -v/tau : 1", "threshold": "v > 1", "reset": "v = 0"}


def run(network=None, stimuli=None, **settings):
    """A run of two neurons with what is given."""
    network = Network((CELLS,)) if network is None else network
    return simulate(network, silence(2 * ms) if stimuli is None else stimuli, 1, dt=1 * ms, backend="numpy", **settings)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Population("a", 5, "noisy_lif"), "model of population 'a' = 'noisy_lif': must be a NeuronModel"),
        (lambda: Population("a", 5, noisy_lif), "model of population 'a' = <function noisy_lif"),
        (lambda: Population(3, 5, noisy_lif()), "population name 3: must be an ASCII letter"),
        (lambda: Population("a", 5, noisy_lif(), background=5 * Hz), "background of population 'a' = 5"),
        (
            lambda: Population("a", 5, noisy_lif(), background="x"),
            "background of population 'a' = 'x': must be a tuple of Background",
        ),
        (lambda: Network(CELLS), "populations = a Population: must be a tuple of Population"),
        (lambda: Network("a"), "populations = 'a'"),
        (lambda: Network(None), "populations = None"),
        (lambda: Network(("a",)), "populations holds 'a'; it must be a tuple of Population"),
        (lambda: Network((CELLS,), Projection("cells", "cells", WEIGHTS)), "projections = a Projection: must be a tuple"),
        (lambda: Network((CELLS,), WEIGHTS), "projections holds array"),
        (lambda: Projection(CELLS, CELLS, WEIGHTS), "source of a projection = a Population: must be a text"),
        (lambda: Projection("a", "a", WEIGHTS, receives=3), "receives of a projection = 3"),
        (
            lambda: Projection("a", "b", WEIGHTS, synapse="pair_stdp"),
            "synapse of projection a -> b = 'pair_stdp': must be a SynapseModel",
        ),
        (lambda: NeuronModel(**EQUATIONS | {"reset": None}), "reset = None: must be a text"),
        (lambda: NeuronModel(**EQUATIONS, constants=[3]), r"constants = \[3\]: must be a mapping"),
        (
            lambda: NeuronModel(**EQUATIONS, constants={"tau": "20 ms"}),
            "constant 'tau' = '20 ms': must be a number, or a quantity",
        ),
        (lambda: SynapseModel(None), "equations = None: must be a text"),
        (lambda: SynapseModel(on_pre=None), "on_pre = None: must be statements, or a mapping"),
        (lambda: SynapseModel(on_pre="v_post += g", constants={"g": "1 mV"}), "constant 'g' = '1 mV': must be a number"),
        (lambda: SynapseModel(delays=1 * ms), r"delays = 1\. \* msecond: must be a mapping"),
        (lambda: Probe("cells", "v", neurons=3), "neurons of the probe of cells.v = 3: must be a list of indices"),
        (lambda: Probe("cells", "v", neurons=(0.5,)), "neurons of the probe of cells.v"),
        (lambda: Probe("cells", 3), "variable of a probe = 3: must be a name"),
        (lambda: Phase(2 * ms, "x"), "stimuli of a phase = 'x'"),
        (lambda: Phase(2 * ms, constants=[3]), "constants of a phase"),
        (lambda: Phase(2 * ms, constants={3: 4}), "a name in the constants of a phase = 3"),
    ],
)
def test_a_record_names_the_field_of_another_kind(make, message):
    with pytest.raises(ValueError, match=message):
        make()


COUNTING = {"equations": "dv/dt = -v/(5*ms) : volt\nn : integer", "threshold": "v > 1*mV", "reset": "v = 0*mV\nn += 1"}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Population("a", 2, NeuronModel(**COUNTING, start={"v": 5 * nA})),
            "start of 'v' of population 'a' is a current; the equations define it as 'dv/dt",
        ),
        (lambda: NeuronModel(**COUNTING, start={"n": 1.5}), "start of 'n' = 1.5: .*'n : 1', which holds whole numbers"),
        (lambda: NeuronModel(**COUNTING, start={"n": [1.0, 1.5]}), "start of 'n' = .*whole numbers"),
        (
            lambda: SynapseModel("k : integer", on_pre="v_post += weight; k += 1", start={"k": 0.5}),
            "start of 'k' = 0.5: .*whole numbers",
        ),
        (
            lambda: run(
                Network((Population("a", 2, NeuronModel(**COUNTING, start={"n": 1})),)),
                [Phase(2 * ms), Phase(2 * ms, constants={"a.n": 0.5})],
            ),
            "phase '1': a.n = 0.5: .*whole numbers",
        ),
    ],
)
def test_start_values_have_the_unit_and_kind_of_their_variable(make, message):
    """A current as a potential and a half as a whole number were taken without a word."""
    with pytest.raises(ValueError, match=message):
        make()
    assert NeuronModel(**COUNTING, start={"v": 0.005, "n": 2.0}).start["n"] == 2.0


@pytest.mark.parametrize(
    ("synapse", "receives", "taking"),
    [
        (SynapseModel(), "n", "n_post"),
        (SynapseModel("weight : 1", on_pre="n_post += weight"), "", "n_post"),
        (SynapseModel("weight : 1\nk : integer", on_pre="v_post += 1*mV; k += weight", start={"k": 0}), "", "k"),
        (SynapseModel("weight : integer", on_pre="v_post += weight*mV"), "", "weight"),
    ],
)
def test_weights_that_whole_numbers_take_are_whole(synapse, receives, taking):
    """Half of one was lost at each spike."""
    cells = Population("a", 2, NeuronModel(**COUNTING, start={"v": 0, "n": 0}, receives="v"))

    def joined(weights):
        return Network((cells,), (Projection("a", "a", weights, receives=receives, synapse=synapse, name="joins"),))

    assert joined(2 * WEIGHTS).projections
    with pytest.raises(ValueError, match=f"projection joins: a weight is 2.5, and '{taking}', which takes it, is an integer"):
        joined(2.5 * WEIGHTS)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"equations": "dv/dt = -v/tau : volt"}, "Brian2 cannot build 'a.*': .*has unit"),
        ({"reset": "v = q"}, "Brian2 cannot build 'a_spike_resetter': .*q.* could not be resolved"),
        ({"method": "foo"}, "Brian2 cannot build 'a_stateupdater'"),
    ],
)
def test_models_that_brian2_refuses_are_told_in_one_line(changes, message):
    model = NeuronModel(**EQUATIONS | {"constants": {"tau": 20 * ms}} | changes)
    with pytest.raises(SimulationError, match=message) as told:
        run(Network((Population("a", 2, model),)))
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"network": CELLS}, "network = a Population: must be a Network"),
        ({"stimuli": 10 * ms}, "stimuli = 10. . msecond: must be a Stimulus"),
        ({"stimuli": Phase(2 * ms)}, "stimuli = a Phase: must be .*a list of Phases"),
        ({"stimuli": [silence(2 * ms), "x"]}, "stimuli holds 'x'"),
        ({"stimuli": [Phase(2 * ms, constants={"cells.tau": "20 ms"})]}, "phase '0': constants: cells.tau = '20 ms'"),
        ({"record": "cells.v"}, r"record = 'cells.v': must be a list of Probes and names, such as \['exc.v'\]"),
        ({"record": Probe("cells", "v")}, "record = a Probe: must be a list"),
        ({"record": [("cells", "v")]}, r"record holds \('cells', 'v'\)"),
        ({"record": ["cells.v", Probe("cells", "v", neurons=(1,))]}, "'cells.v': is recorded twice"),
        ({"execution": {"jobs": 2}}, "execution = {'jobs': 2}: must be an Execution"),
        ({"start": "x"}, "start = 'x': must be a RunState"),
    ],
)
def test_a_simulation_names_the_argument_of_another_kind(given, message):
    with pytest.raises(ValueError, match=message):
        run(**given)


def test_arrays_of_indices_and_lists_pass():
    recording = run(record=(Probe("cells", "v", neurons=np.array([1])),), execution=Execution())
    assert recording.traces["cells.v"].neurons.tolist() == [1]
    assert Network([Population("a", 2, NeuronModel(**EQUATIONS, constants={"tau": [20 * ms, 30 * ms]}))]).sizes == {"a": 2}


def test_weights_without_a_list_of_layers_are_not_rewired():
    with pytest.raises(ValueError, match=r"weights = a \w+: must be a list of layers, such as \[weights\] for one"):
        rewire(WEIGHTS * mV, Rewiring(0.3), stream(1, "rewiring"))
