"""Networks as records: every rule they check when made."""

import numpy as np
import pytest
from brian2 import hertz, ms
from scipy import sparse

from bioworkbench.network import Network, Population, Projection
from bioworkbench.neurons import discrete_lif, noisy_lif, poisson_source

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


def test_without_input_there_are_no_channels():
    assert Network((CELLS,)).n_channels == 0


@pytest.mark.parametrize("name", ["", "_x", "input", "a b", "1st"])
def test_names_of_populations_are_identifiers(name):
    with pytest.raises(ValueError, match=f"population name '{name}': must be a letter"):
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
    assert Projection("cells", "cells", links(3, 3), np.full(9, 1e-3)).delay.shape == (9,)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("cells", "cells", links(3, 3) * np.nan), "weights of projection cells -> cells has 9 values that are not finite"),
        (
            ("cells", "cells", links(3, 3), -1e-3),
            "delay of projection cells -> cells goes down to -0.001 s; it cannot be negative",
        ),
        (("cells", "cells", links(3, 3), np.zeros(4)), r"cells -> cells has 9 synapses and delays of shape \(4,\)"),
        (("cells", "cells", links(3, 3), np.inf), "delay of projection cells -> cells has 1 values that are not finite"),
        (("input", "cells", links(3, 3), 1e-3), "projection input -> cells has a delay; shift the stimulus instead"),
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
        ((CELLS,), (Projection("cell", "cells", links(3, 3)),), "'cell' is not a population; did you mean 'cells'"),
        ((CELLS,), (Projection("cells", "input", links(3, 3)),), "'input' is not a population"),
        ((CELLS,), (Projection("cells", "cells", links(3, 2)),), r"have shape \(3, 2\); it must be \(3, 3\)"),
        ((CELLS,), (Projection("input", "cells", links(5, 2)),), r"have shape \(5, 2\); it must be \(5, 3\)"),
        ((CELLS,), (Projection("cells", "cells", links(3, 3), receives="g"),), "'g' is not a variable; Known: drive"),
        (
            (CELLS, OTHERS),
            (Projection("input", "cells", links(4, 3)), Projection("input", "others", links(5, 2))),
            r"input projections expect \[4, 5\] channels; they must agree",
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
