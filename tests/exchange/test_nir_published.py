"""Graphs of the NIR paper that are at hand: the spikes that other programs published, or those of the equations stepped by hand.

Of the paper's nine, four are beside the data: two of one neuron, a convolutional network (in `test_nir_maps`) and one for reading Braille.
The test set of the Braille task is not among them, so its accuracy is not computed here; every spike for random input is compared.

Reference: J. E. Pedersen et al. (2024), https://doi.org/10.1038/s41467-024-52259-9
"""

import os
from pathlib import Path

import numpy as np
import pytest

from bioworkbench.discrete.simulate import simulate_discrete
from bioworkbench.exchange.nir_reader import read_nir
from bioworkbench.records.randomness import stream
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.simulation import simulate

nir = pytest.importorskip("nir")
PUBLIC = Path(os.environ.get("BIOWORKBENCH_DATA", "nowhere")).parent / "public" / "nir"
pytestmark = pytest.mark.skipif(not PUBLIC.is_dir(), reason=f"{PUBLIC} is not there: graphs of other programs")
DT = 1e-4


def spike_steps(path, current):
    network = read_nir(path, dt=DT)
    (channel,) = network.channels
    found = simulate_discrete(network, Stimulus(current[None, :, None], DT, "current", channel))
    (name,) = network.sizes
    return np.flatnonzero(found.raster(name)[0, :, 0])


@pytest.mark.parametrize("simulator", ["exact", "norse", "snntorch", "nengo", "spinnaker2"])
def test_one_neuron_as_in_five_simulators(simulator):
    """Input, potential and spikes of each simulator are published; spikes are in the same steps."""
    table = np.loadtxt(PUBLIC / f"lif_{simulator}.csv", delimiter=",")
    wanted = np.flatnonzero(table[:, 2])
    assert len(wanted) == 4
    np.testing.assert_array_equal(spike_steps(PUBLIC / "lif_norse.nir", table[:, 0]), wanted)
    assert not len(spike_steps(PUBLIC / "lif_norse.nir", 0.2 * table[:, 0]))


def test_one_neuron_with_a_gain_of_its_own():
    """Rockpool's file has a weight and a resistance whose product is .96: its neuron spikes later, as its equation says."""
    nodes = nir.read(PUBLIC / "lif_rockpool.nir", type_check=False).nodes
    weight, cell = float(nodes["0_LinearTorch"].weight[0, 0]), nodes["1_LIFNeuronTorch"]
    current = np.loadtxt(PUBLIC / "lif_exact.csv", delimiter=",")[:, 0]
    potential, wanted = 0.0, []
    for k, value in enumerate(current):
        potential += DT / float(cell.tau[0]) * (float(cell.r[0]) * weight * value - potential)
        if potential > float(cell.v_threshold[0]):
            wanted.append(k)
            potential = 0.0
    assert 2 < len(wanted) < len(current)
    np.testing.assert_array_equal(spike_steps(PUBLIC / "lif_rockpool.nir", current), wanted)


def braille(nodes, values, dt):
    """Spikes (n_steps, n) of both layers: forward-Euler steps of the paper's equations; loops take the spikes of the step before."""
    layers = {
        name: [np.zeros(nodes[name].r.size) for _ in range(3)] for name in ("lif1.lif", "lif2")
    }  # current, potential, spikes
    rows = {name: [] for name in layers}

    def step(name, arriving):
        node, (current, potential, _) = nodes[name], layers[name]
        current = current + dt / node.tau_syn * (node.w_in * arriving - current)
        potential = potential + dt / node.tau_mem * (node.v_leak - potential + node.r * current)
        spikes = (potential > node.v_threshold).astype(float)
        layers[name] = [current, np.where(spikes > 0, node.v_reset, potential), spikes]
        rows[name].append(spikes)
        return spikes

    for value in values:
        loop = nodes["lif1.w_rec"].weight @ layers["lif1.lif"][2] + nodes["lif1.w_rec"].bias
        first = step("lif1.lif", nodes["fc1"].weight @ value + nodes["fc1"].bias + loop)
        step("lif2", nodes["fc2"].weight @ first + nodes["fc2"].bias)
    return {name: np.array(found) for name, found in rows.items()}


def test_the_network_for_braille():
    """38 neurons with a loop, and 7: every spike of 256 steps."""
    path = PUBLIC / "braille_noDelay_bias_zero.nir"
    values = (stream(1, "braille").random((256, 12)) < 0.3).astype(float)
    wanted = braille(nir.read(path).nodes, values, DT)
    found = simulate(read_nir(path, dt=DT), Stimulus(values[None], DT), 1, dt=DT, backend="numpy")
    for name, ours in (("lif1.lif", "lif1_lif"), ("lif2", "lif2")):
        assert wanted[name].sum() > 20
        np.testing.assert_array_equal(found.raster(ours)[0], wanted[name] > 0)
