"""Networks side by side: each does what it does alone, and those that are not alike are refused."""

import numpy as np
import pytest
from brian2 import ms, mV
from hypothesis import given, settings
from hypothesis import strategies as st

from bioworkbench.records.links import Links
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.neuron import NeuronModel
from bioworkbench.records.side_by_side import apart, side_by_side
from bioworkbench.records.stimulus import SpikeTrains
from bioworkbench.simulation.seam import simulate

DT, DURATION = 1e-4, 0.02
numbers = st.floats(0.5, 2.0)


def cell(tau, pull, v=0 * mV, **more):
    return NeuronModel(
        "dv/dt = (pull - v)/tau : volt (unless refractory)",
        threshold="v > 10*mV",
        reset="v = 0*mV",
        constants={"tau": tau, "pull": pull},
        start={"v": v, **more},
        refractory=1 * ms,
        method="exact",
    )


@st.composite
def links(draw, n_sources, n_targets):
    n = draw(st.integers(0, 6))
    ends = [draw(st.lists(st.integers(0, size - 1), min_size=n, max_size=n)) for size in (n_sources, n_targets)]
    weights = np.array(draw(st.lists(st.floats(-3e-3, 6e-3), min_size=n, max_size=n)))
    delays = draw(st.one_of(st.just(1e-3), st.lists(st.integers(1, 30), min_size=n, max_size=n)))
    return Links(
        *map(np.array, ends), (n_sources, n_targets), weights, np.array(delays) * DT if isinstance(delays, list) else delays
    )


@st.composite
def networks(draw):
    """Of one structure: two populations, a stimulus, links drawn for each."""
    size = draw(st.integers(1, 3))

    def made():
        # each neuron has constants of its own alone too: what neurons share is computed once, in another order
        pulls = np.array(draw(st.lists(st.floats(5.0, 25.0), min_size=2, max_size=2))) * mV
        first = cell(np.full(2, draw(numbers)) * 10 * ms, pulls)
        second = cell(np.full(size, draw(numbers)) * 8 * ms, np.full(size, 12.0) * mV, draw(numbers) * mV)
        cells = Population("a", 2, first), Population("b", size, second)
        ends = {"a": 2, "b": size, "outside": 1}
        pairs = [("a", "b"), ("b", "a"), ("b", "b"), ("outside", "a")]
        return Network(cells, tuple(Projection(s, t, draw(links(ends[s], ends[t]))) for s, t in pairs))

    return [made() for _ in range(draw(st.integers(1, 3)))]


TRAINS = SpikeTrains("outside", np.zeros(4, int), np.zeros(4, int), np.array([1.0, 3.0, 3.5, 12.0]) * 1e-3, DURATION)


def run(network):
    return simulate(network, TRAINS, 1, dt=DT, backend="numpy", record=("a.v", "b.v"))


@given(networks())
@settings(max_examples=4, deadline=None)
def test_every_network_does_what_it_does_alone(each):
    sizes = each[0].sizes
    for found, wanted in zip(apart(run(side_by_side(each)), sizes), map(run, each), strict=True):
        assert found.sizes == wanted.sizes
        for name in sizes:
            for column in ("trial", "neuron", "time"):
                np.testing.assert_array_equal(getattr(found.spikes[name], column), getattr(wanted.spikes[name], column))
            np.testing.assert_array_equal(found.traces[f"{name}.v"].values, wanted.traces[f"{name}.v"].values)
            assert found.traces[f"{name}.v"].neurons.tolist() == wanted.traces[f"{name}.v"].neurons.tolist()


def alone(model):
    return Network((Population("a", 2, model),))


def test_a_start_value_that_one_of_them_lacks_is_not_lost():
    """The first one decided which values there were: those of the others began at 0."""
    without = NeuronModel("dv/dt = -v/tau : 1", "v > 1", "v = 0", {"tau": 10 * ms})
    given = NeuronModel("dv/dt = -v/tau : 1", "v > 1", "v = 0", {"tau": 10 * ms}, start={"v": 0.5})
    for pair in ([without, given], [given, without]):
        with pytest.raises(ValueError, match=r"differ in names of start values of 'a': .*'v'.*; only numbers may differ"):
            side_by_side([alone(model) for model in pair])


def test_a_constant_that_one_of_them_has_as_a_start_value_is_told():
    text = "dv/dt = (b - v)/tau : 1\nb : 1"
    constant = NeuronModel(text, "v > 1", "v = 0", {"tau": 10 * ms, "b": 2.0})
    started = NeuronModel(text, "v > 1", "v = 0", {"tau": 10 * ms}, start={"b": 2.0})
    with pytest.raises(ValueError, match="differ in names of constants of 'a'"):
        side_by_side([alone(constant), alone(started)])
