"""Networks as records: every rule they check when made."""

from dataclasses import replace

import numpy as np
import pytest
from brian2 import hertz, ms, mV, nS
from scipy import sparse

from bioworkbench.neurons import NeuronModel, discrete_lif, noisy_lif, poisson_source
from bioworkbench.records.background import Background
from bioworkbench.records.links import Links
from bioworkbench.records.network import Network, Population, Projection

CELLS = Population("cells", 3, noisy_lif())
OTHERS = Population("others", 2, discrete_lif(leak=0.9), layer=1)


def links(n_source, n_target):
    return sparse.csr_array(np.ones((n_source, n_target)))


def test_a_network_knows_its_sizes_channels_and_populations():
    network = Network([CELLS, OTHERS], [Projection("input", "cells", links(4, 3)), Projection("cells", "others", links(3, 2))])
    assert network.sizes == {"cells": 3, "others": 2}
    assert network.n_channels == 4
    assert network.population("others") is OTHERS
    assert [p.name for p in network.projections] == ["input_cells", "cells_others"]
    assert network.projections[1].n_synapses == 6


def test_a_network_knows_its_stimuli():
    widths = {"light": 4, "touch": 2, "cells": 3}
    parts = tuple(Projection(name, "cells", links(n, 3)) for name, n in widths.items())
    network = Network((CELLS,), parts)
    assert network.inputs == parts[:2]
    assert network.channels == {"light": 4, "touch": 2}
    with pytest.raises(ValueError, match="the network has the stimuli light, touch; this is for networks with one"):
        network.n_channels  # noqa: B018


def test_without_input_there_are_no_channels():
    assert Network((CELLS,)).n_channels == 0


@pytest.mark.parametrize("name", ["", "_x", "input", "a b", "1st"])
def test_names_of_populations_are_identifiers(name):
    with pytest.raises(ValueError, match=f"population name '{name}': must be an ASCII letter"):
        Population(name, 3, noisy_lif())


@pytest.mark.parametrize(
    ("size", "layer", "message"), [(0, 0, "size of population 'a' = 0"), (1, -1, "layer of population 'a' = -1")]
)
def test_sizes_and_layers_are_counts(size, layer, message):
    with pytest.raises(ValueError, match=message):
        Population("a", size, noisy_lif(), layer)


def test_arrays_of_a_model_must_fit_the_population():
    with pytest.raises(ValueError, match=r"tau of population 'a' has shape \(2,\); it must be a scalar or \(3,\)"):
        Population("a", 3, noisy_lif(tau=np.array([10, 20]) * ms))


def test_repeated_entries_of_weights_are_summed():
    doubled = sparse.coo_array((np.ones(2), ([0, 0], [1, 1])), shape=(3, 3))
    assert Projection("cells", "cells", doubled.tocsr()).weights[0, 1] == 2


def test_delays_are_one_or_one_per_synapse():
    assert Projection("cells", "cells", links(3, 3), 1e-3).delay == 1e-3
    assert Projection("cells", "cells", links(3, 3), 1.5 * ms).delay == 1.5e-3
    assert Projection("cells", "cells", links(3, 3), np.full(9, 1e-3)).delay.shape == (9,)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("cells", "cells", links(3, 3) * np.nan), "projection cells -> cells: weights has 9 values that are not finite"),
        (
            ("cells", "cells", links(3, 3), -1e-3),
            r"projection cells -> cells: delays go down to -0\.001 s; they cannot be negative",
        ),
        (
            ("cells", "cells", links(3, 3), np.zeros(4)),
            r"cells -> cells: delays have shape \(4,\) for 9 synapses; give one",
        ),
        (("cells", "cells", links(3, 3), np.inf), "projection cells -> cells: delays has 1 value that is not finite"),
        (
            ("cells", "cells", links(3, 3), 1.5 * mV),
            r"projection cells -> cells: delays = 1\.5 mV is a voltage; it must be a time",
        ),
    ],
)
def test_projections_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        Projection(*arguments)


@pytest.mark.parametrize(
    ("populations", "projections", "message"),
    [
        ((), (), "the network has no population"),
        ((CELLS, CELLS), (), "population names repeat: cells"),
        ((CELLS,), (Projection("cells", "cells", links(3, 3)),) * 2, "projection names repeat: cells_cells"),
        (
            (CELLS,),
            (Projection("cells", "cells", links(3, 3), name="a b"),),
            "projection name 'a b': must be an ASCII letter followed",
        ),
        (
            (CELLS,),
            (Projection("cells", "cells", links(3, 3), name="(c"),),
            "must be an ASCII letter followed",
        ),
        (
            (CELLS,),
            (Projection("cells", "cells", links(3, 3), name="dé"),),
            "projection name 'dé': must be an ASCII letter followed",
        ),
        (
            (CELLS,),
            (Projection("cells", "cells", np.ones((3, 3)) * nS),),
            "weights of projection cells_cells are a conductance; they act on 'v', a voltage",
        ),
        (
            (CELLS,),
            (Projection("input", "cells", np.ones((3, 3)) * nS),),
            "weights of projection input_cells are a conductance; they act on 'v', a voltage or 'drive', a voltage",
        ),
        ((CELLS,), (Projection("cells", "input", links(3, 3)),), "'input' is not a population"),
        ((CELLS,), (Projection("cells", "cells", links(3, 2)),), r"have shape \(3, 2\); it must be \(3, 3\)"),
        ((CELLS,), (Projection("input", "cells", links(5, 2)),), r"have shape \(5, 2\); it must be \(5, 3\)"),
        ((CELLS,), (Projection("cells", "cells", links(3, 3), receives="g"),), "'g' is not a variable; known: drive"),
        (
            (CELLS, OTHERS),
            (Projection("input", "cells", links(4, 3)), Projection("input", "others", links(5, 2))),
            r"projections from the stimulus 'input' expect \[4, 5\] channels; they must agree",
        ),
    ],
)
def test_networks_are_checked(populations, projections, message):
    with pytest.raises(ValueError, match=message):
        Network(populations, projections)


def test_a_population_that_is_not_there_is_named():
    with pytest.raises(KeyError, match="'cels' is not a population; did you mean 'cells'"):
        Network((CELLS,)).population("cels")


def test_a_projection_acts_on_what_it_names_or_on_what_the_model_names():
    network = Network((CELLS,), (Projection("cells", "cells", links(3, 3), receives="drive"),))
    assert network.receiver(network.projections[0]) == "drive"
    assert network.receiver(Projection("cells", "cells", links(3, 3))) == "v"


def test_neurons_that_receive_nothing_are_no_target():
    sources = Population("sources", 3, poisson_source(rate=10 * hertz))
    with pytest.raises(ValueError, match="projection cells_sources: neurons of 'sources' receive no spikes"):
        Network((CELLS, sources), (Projection("cells", "sources", links(3, 3)),))


def test_weights_are_numbers_or_quantities_of_what_they_act_on():
    dense = np.ones((3, 3)) * 0.5
    for given in (dense * mV, Links.from_csr(dense != 0, weights=0.5 * mV), dense * 1e-3):
        (projection,) = Network((CELLS,), (Projection("cells", "cells", given),)).projections
        np.testing.assert_allclose(projection.weights.toarray(), dense * 1e-3)


def test_projections_keep_their_names():
    pair = (
        Projection("cells", "cells", links(3, 3), name="fast"),
        Projection("cells", "cells", links(3, 3), 1 * ms, name="slow"),
    )
    network = Network((CELLS,), pair)
    assert [p.name for p in network.projections] == ["fast", "slow"]
    assert replace(pair[0], source="others").name == "fast"
    assert Projection("cells", "cells", links(3, 3), receives="v").name == "cells_cells_v"


@pytest.mark.parametrize("name", ["twice", "rest"])
def test_spikes_add_to_what_can_change(name):
    model = NeuronModel("dv/dt = (rest - v)/(10*ms) : 1\nrest : 1\ntwice = 2*v : 1", "v > 1", "v = 0", {"rest": 0.5})
    cells = Population("cells", 2, model)
    with pytest.raises(ValueError, match=f"projection ab: nothing adds to '{name}.*', a constant or an expression"):
        Network((cells,), (Projection("cells", "cells", links(2, 2), receives=name, name="ab"),))


@pytest.mark.parametrize("name", ["twice", "n"])
def test_background_adds_to_what_can_change(name):
    model = NeuronModel("dv/dt = -v/(10*ms) : 1\nn : integer\ntwice = 2*v : 1", "v > 1", "v = 0", start={"n": 0})
    with pytest.raises(ValueError, match=f"background of population 'cells': '{name}' is defined as '{name}"):
        Population("cells", 2, model, background=(Background(name, 10, 5 * hertz, 1.0),))
