"""`i` and `N` mean a neuron's place in its population, in its own trial, on every backend."""

import numpy as np
import pytest
from brian2 import ms, mV
from brian2.equations.equations import Equations
from hypothesis import given
from hypothesis import strategies as st

from bioworkbench.neurons import NeuronModel
from bioworkbench.records.expressions import drawn_values, neuron_indices
from bioworkbench.records.links import Links
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.randomness import stream
from bioworkbench.records.stimulus import silence
from bioworkbench.records.synapse import SynapseModel
from bioworkbench.simulation import simulate
from bioworkbench.simulation.chunk import Chunk
from bioworkbench.simulation.indices import index_values, indices_used, own_indices, with_own_indices
from bioworkbench.simulation.inputs import inputs_of
from bioworkbench.simulation.trials import job_of_chunk, synapse_values
from bioworkbench.simulation.values import ValueKind

BACKENDS = [
    "numpy",
    "cpp",
    pytest.param("cython", marks=pytest.mark.slow),
    pytest.param("cuda", marks=pytest.mark.cuda),
]
SIZE, TRIALS, STEPS = 9, 3, 8


def spikes(model, backend, **settings):
    """Raster (trials, steps, neurons) of a population that lies behind another one, simulated in three trials."""
    network = Network((Population("before", 4, NeuronModel("v : 1", "", "")), Population("cells", SIZE, model)))
    return simulate(network, silence(STEPS * 1e-3, TRIALS), 1, dt=1 * ms, backend=backend, **settings)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_threshold_may_name_them(backend):
    """The first five of nine neurons spike in every step of every trial."""
    raster = spikes(NeuronModel("v : 1", "v > 1 and i < N - 4", "", start={"v": 2.0}), backend).raster("cells")
    expected = np.broadcast_to(np.arange(SIZE) < 5, raster.shape)
    np.testing.assert_array_equal(raster, expected)


@pytest.mark.parametrize("backend", BACKENDS)
def test_start_values_may_name_them(backend):
    """All backends are given the same numbers, drawn from a stream of each trial; the program is that of the test before."""
    text = "2*(i >= N - 7) + 2*(rand() < 0.5) + randn()/100"
    raster = spikes(NeuronModel("v : 1", "v > 1 and i < N - 4", "", start={"v": text}), backend).raster("cells")
    rngs = [stream(1, f"start cells.v of trial {trial}") for trial in range(TRIALS)]
    starts = drawn_values(text, SIZE, rngs, neuron_indices(SIZE))
    expected = (starts > 1) & (np.arange(SIZE) < 5)
    np.testing.assert_array_equal(raster, np.repeat(expected[:, None], STEPS, axis=1))
    assert 0 < expected[:, :2].sum() < 2 * TRIALS
    assert expected[:, 2:5].all()


@pytest.mark.parametrize("start", ["rest + rand()*(limit - rest) + i*volt/10**6", "uniform(-70 mV, -60 mV)"])
def test_start_values_of_a_trial_do_not_depend_on_its_chunk(start):
    constants = {"rest": -70 * mV, "limit": np.linspace(-60, -50, SIZE) * mV}
    model = NeuronModel("dv/dt = (rest - v)/ms : volt", "v > limit", "v = rest", constants=constants, start={"v": start})
    inputs = inputs_of(Network((Population("cells", SIZE, model),)), silence(1e-3, 5), 1e-3)
    v = ValueKind.NEURONS.of("cells", "v")
    whole = job_of_chunk(inputs, 1, (), Chunk(0, 0, 5, 5), {}).values[v].reshape(5, SIZE)
    part = job_of_chunk(inputs, 1, (), Chunk(1, 2, 3, 4), {}).values[v].reshape(4, SIZE)
    np.testing.assert_array_equal(part[:3], whole[2:])
    assert len(np.unique(whole)) == whole.size
    assert (whole >= -0.07).all()
    assert (whole < -0.05).all()


def test_start_values_of_synapses_name_both_ends():
    links = Links([0, 1, 1], [2, 0, 1], (2, 3), delays=[2e-3, 1e-3, 0.0])
    synapse = SynapseModel(
        "x : 1\nu : 1 (shared)", "v_post += x*u", start={"x": "10*i + j + N_pre/10 + N_post/100", "u": "N_post - 1"}
    )
    cells = NeuronModel("v : 1", "v > 1", "", start={"v": 2.0})
    projection = Projection("cells", "others", links, synapse=synapse)
    network = Network((Population("cells", 2, cells), Population("others", 3, cells)), (projection,))
    inputs = inputs_of(network, silence(1e-3, 2), 1e-3)
    values = job_of_chunk(inputs, 1, (), Chunk(0, 0, 2, 2), synapse_values(network, 2, 1e-3)).values
    x, u = (values[ValueKind.STATE.of("cells_others", name)] for name in ("x", "u"))
    np.testing.assert_allclose(x, np.tile([2.23, 11.23, 10.23], 2))  # by delay, then target
    assert u == [2.0]


RANDOM = [
    NeuronModel("x : 1 (shared)\nv : 1", "v > x", "", start={"v": 0.0}, update="y = 2\nx = y*randn()"),
    NeuronModel("x = rand() : 1 (shared, constant over dt)\nv : 1", "v > x", "", start={"v": 0.0}, receives="v"),
    NeuronModel("x : 1 (shared)\nv : 1", "v > x", "", start={"v": 0.0, "x": "uniform(0, 1)"}),
]


@pytest.mark.parametrize("model", RANDOM)
def test_random_shared_variables_are_refused_where_trials_would_share_them(model):
    with pytest.raises(
        ValueError, match=r"shared variable 'x' of population 'cells' is drawn at random \(.*\), and 3 trials would all"
    ):
        spikes(model, "numpy")
    network = Network((Population("cells", SIZE, model),))
    assert simulate(network, silence(1e-3), 1, dt=1 * ms, backend="numpy").n_trials == 1


def test_shared_variables_that_change_alike_are_right():
    model = NeuronModel("x : 1 (shared)\nv : 1", "v > x", "", start={"v": 6.5, "x": "N/3"}, update="x += 1")
    raster = spikes(model, "numpy").raster("cells")
    np.testing.assert_array_equal(raster, np.broadcast_to((np.arange(1, STEPS + 1) + 3 < 6.5)[:, None], raster.shape))


def test_numbers_that_a_trial_has_in_common():
    """What the message about random shared variables advises."""
    model = NeuronModel(
        "x : 1\nv : 1\nshared_noise : second**-0.5", "v > 1", "", start={"v": 0.0}, update="x = shared_noise*sqrt(dt)"
    )
    x = spikes(model, "numpy", record=["cells.x"]).traces["cells.x"].values[:, 2:]
    assert (x == x[:, :, :1]).all()
    assert len(np.unique(x)) == TRIALS * (STEPS - 2)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("method", ["euler", "exact"])
def test_equations_reset_and_update_may_name_them(backend, method):
    model = NeuronModel(
        "dv/dt = (i + 1 - v)/(N*ms) : 1\nw : 1\nx = w + i*N : 1",
        "v > 0.5",
        "v = 0; w += i",
        receives="v",
        update="w += N",
        method=method,
    )
    trace = spikes(model, backend, record=["cells.v", "cells.x"]).traces
    v, w = np.zeros(SIZE), np.zeros(SIZE)
    index = np.arange(SIZE)
    for step in range(STEPS):
        np.testing.assert_allclose(trace["cells.v"][:, step], np.tile(v, (TRIALS, 1)), rtol=1e-12)
        np.testing.assert_allclose(trace["cells.x"][:, step], np.tile(w + index * SIZE, (TRIALS, 1)), rtol=1e-12)
        share = 1 / SIZE if method == "euler" else 1 - np.exp(-1 / SIZE)
        v, w = v + (index + 1 - v) * share, w + SIZE
        v, w = np.where(v > 0.5, 0, v), np.where(v > 0.5, w + index, w)


def test_a_trial_does_not_depend_on_how_many_there_are():
    """The spikes of the first trial are the same alone and beside others."""
    model = NeuronModel("dv/dt = (1 + sin(i))/(5*ms) : 1", "v > 1", "v = 0", receives="v")
    network = Network((Population("cells", SIZE, model),))
    alone, three = (simulate(network, silence(0.05, n), 1, dt=0.1 * ms, backend="numpy").raster("cells") for n in (1, 3))
    np.testing.assert_array_equal(three[0], alone[0])
    np.testing.assert_array_equal(three[2], alone[0])
    assert alone.any()


@given(st.text("iN+-*/()<> xv12i_\n;=,", max_size=40))
def test_only_whole_names_are_replaced(text):
    replaced = own_indices(text)
    assert replaced.replace("index_in_population", "i").replace("size_of_population", "N") == text
    assert own_indices(replaced) == replaced


@pytest.mark.parametrize(
    ("equations", "threshold", "used"),
    [
        ("v : 1", "v > pi", []),
        ("v : 1", "v > int(v)", []),
        ("v : 1", "v > i", ["i"]),
        ("v = N*1.0 : 1", "", ["N"]),
        ("di_in/dt = -i_in/ms : 1\nN2 : 1", "i_in > N2", []),
    ],
)
def test_names_that_hold_an_i_are_not_i(equations, threshold, used):
    start = dict.fromkeys(Equations(equations).parameter_names, 0.0)
    model = NeuronModel(equations, threshold, "", start=start, receives="")
    assert indices_used(model) == used
    assert len(with_own_indices(model.parsed, used)) == len(model.parsed) + len(used)
    assert len(index_values(model, 3, 2)) == len(used)


def test_equations_without_them_stay_as_they_are():
    equations = Equations("dv/dt = -v/ms : 1")
    assert with_own_indices(equations, []) is equations


@pytest.mark.parametrize("where", ["equations", "constants"])
def test_their_replacements_are_taken(where):
    given = {"index_in_population": 0.0} if where == "equations" else {}
    equations = "v : 1\nindex_in_population : 1" if given else "v : 1"
    name, constants = ("index_in_population", {}) if given else ("size_of_population", {"size_of_population": 1.0})
    model = NeuronModel(equations, f"v > {name}", "", constants=constants, start={"v": 0.0, **given}, receives="")
    with pytest.raises(ValueError, match=r"'(index_in|size_of)_population' is what i or N becomes .*rename"):
        indices_used(model)
