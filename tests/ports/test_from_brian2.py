"""Scripts in plain Brian2, converted to records: the same neurons spike in the same steps, and weights end alike."""

import numpy as np
import pytest

from bioworkbench import from_brian2, simulate
from tests.ports.coupled_ports import PORTS as COUPLED
from tests.ports.described import SEED, in_plain_brian2, plain_objects
from tests.ports.network_ports import PORTS as NETWORKS
from tests.ports.plain import spikes_in

PORTS = {port.example.rpartition("/")[2]: port for port in (*NETWORKS, *COUPLED)}
QUICK = ("Tsodyks_Uziel_Markram_2000", "Vogels_et_al_2011", "Graupner_Brunel_2012", "nonlinear", "gapjunctions", "jeffress")


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name not in QUICK)) for name in PORTS])
def test_a_converted_script_has_the_same_spikes(name):
    port = PORTS[name]
    theirs, weights = in_plain_brian2(port)
    groups, made, monitors = plain_objects(port)
    script = from_brian2([*groups.values(), *made, *monitors.values()], port.duration)
    ours = simulate(script.network, script.stimuli, SEED, dt=script.dt, backend="numpy")
    assert {population: spikes_in(ours, population) for population in theirs} == theirs
    for one, expected in zip(made, weights, strict=True):
        if one.name in ours.weights:
            order = np.lexsort((np.array(one.j), np.array(one.i)))
            np.testing.assert_allclose(ours.weights[one.name][0], expected[order], rtol=1e-9)
