"""Networks whose links are drawn where they are used, with background: the same spikes for any threads, and on other backends."""

from dataclasses import replace

import numpy as np
import pytest
from brian2 import Hz, ms, mV

from bioworkbench.neurons import NeuronModel
from bioworkbench.records.background import Background
from bioworkbench.records.distributions import parse_distribution
from bioworkbench.records.drawn import DrawnLinks, LinkRule
from bioworkbench.records.execution import Execution
from bioworkbench.records.network import Network, Population, Projection, with_links
from bioworkbench.records.stimulus import silence
from bioworkbench.simulation import simulate
from tests.simulation.backends.cpp.engine import compiled

needs_compiler = pytest.mark.skipif(compiled.compiler() is None, reason="needs a C++ compiler")

MODEL = NeuronModel(
    "dv/dt = (rest - v + ge + gi)/tau : volt (unless refractory)\ndge/dt = -ge/tau_e : volt\ndgi/dt = -gi/tau_i : volt",
    "v > limit",
    "v = rest",
    {"rest": -60 * mV, "tau": 20 * ms, "tau_e": 5 * ms, "tau_i": 10 * ms, "limit": -50 * mV},
    {"v": "uniform(-60 mV, -50 mV)"},
    receives="ge",
    refractory=2 * ms,
    method="exact",
)
DELAYS = parse_distribution("normal(1.5 ms, 0.75 ms, low = 0.1 ms)")
EXCITING, INHIBITING = parse_distribution("normal(0.5 mV, 0.05 mV, low = 0 mV)"), parse_distribution("-3 mV")


def network(n=700, rate=5.0, background=True):
    """Two populations, two receiving variables, one of the weights constant."""
    drive = (Background("ge", 1000, rate * Hz, 0.6 * mV), Background("gi", 100, rate * Hz, -0.5 * mV)) if background else ()
    sizes = {"exc": n, "inh": n // 4}
    rule = {"exc": LinkRule("fixed_total", 20 * n, repeated=True), "inh": LinkRule("fixed_in_degree", 10)}
    projections = tuple(
        Projection(
            source,
            target,
            DrawnLinks(rule[source], (sizes[source], sizes[target]), 17 * k, EXCITING if source == "exc" else INHIBITING, DELAYS),
            receives="ge" if source == "exc" else "gi",
        )
        for k, (source, target) in enumerate((s, t) for s in sizes for t in sizes)
    )
    return Network(tuple(Population(name, size, MODEL, background=drive) for name, size in sizes.items()), projections)


def spikes(recording):
    return {name: (s.trial.tolist(), s.neuron.tolist(), np.rint(s.time * 1e4).tolist()) for name, s in recording.spikes.items()}


def run(net, backend, **named):
    return simulate(net, silence(0.02, 2), 5, dt=1e-4, backend=backend, record=("exc.v",), **named)


@needs_compiler
def test_any_number_of_threads_gives_the_same_spikes_and_traces():
    one, *others = (run(network(), "cpp", execution=Execution(threads=threads)) for threads in (1, 2, 3))
    assert all(len(s) for s in one.spikes.values())
    for other in others:
        assert spikes(other) == spikes(one)
        assert (np.asarray(other.traces["exc.v"].values) == np.asarray(one.traces["exc.v"].values)).all()
    assert spikes(simulate(network(), silence(0.02, 2), 6, dt=1e-4, backend="cpp")) != spikes(one)


@pytest.mark.slow
@needs_compiler
def test_numpy_simulates_the_network_that_the_program_draws():
    """Links, start values and background are the same numbers; sums are added in another order, so membranes differ by rounding."""
    ours, twin = (run(network(60), backend) for backend in ("cpp", "numpy"))
    here, there = (np.asarray(r.traces["exc.v"].values) for r in (ours, twin))
    assert np.abs(here[:, :200] - there[:, :200]).max() < 1e-12
    assert spikes(ours) == spikes(twin)
    assert sum(len(s) for s in twin.spikes.values()) > 10


HELD = "dv/dt = (limit - v)/(10*ms) : 1 (unless refractory)\ndw/dt = -w/(50*ms) : 1\nlimit : 1\n"
TWINS = {  # refractoriness of two populations of the same equations, then more equations and statements
    "texts": (("1*ms*(1 + w)", "4*ms*(1 + w)"), "", ""),
    "a time and times": ((2 * ms, np.arange(6) * ms), "", ""),
    "a time and a condition": ((2 * ms, "v > -1"), "", ""),
    "held numbers": ((2 * ms, 2 * ms), "z = int(v > 0.5) : 1 (constant over dt)\nm : 1", "m = m*0.99 + z"),
}


@needs_compiler
@pytest.mark.parametrize("kind", TWINS)
def test_populations_of_like_equations_keep_what_is_their_own(kind):
    """Functions are written once for populations that share them."""
    pauses, more, update = TWINS[kind]
    start = {"m": 0.0} if more else {}
    models = [
        NeuronModel(
            HELD + more, "v > 1", "v = 0\nw += 0.5", {"limit": np.linspace(1.5, 4, 6)}, start, refractory=pause, update=update
        )
        for pause in pauses
    ]
    cells = tuple(Population(name, 6, model) for name, model in zip("ab", models, strict=True))
    delay, weight = parse_distribution("1 ms"), parse_distribution("0.0917")
    links = [DrawnLinks(LinkRule("bernoulli", 0.5), (6, 6), k, weight, delay) for k in range(2)]
    net = Network(cells, tuple(Projection(name, name, each) for name, each in zip("ab", links, strict=True)))
    record = ["b.m"] if more else ["b.v"]
    ours, twin = (simulate(net, silence(0.02), 1, dt=1e-4, backend=backend, record=record) for backend in ("cpp", "numpy"))
    assert spikes(ours) == spikes(twin)
    assert np.allclose(ours.traces[record[0]].values, twin.traces[record[0]].values, atol=1e-4)
    assert twin.spikes["b"].neuron.size > 5


@needs_compiler
def test_regular_and_random_background_are_different_programs():
    """Also where all other numbers are the same."""
    for regular in (False, True):
        source = Background("ge", 10, 20 * Hz, 0.1 * mV, regular=regular)
        net = Network((Population("cells", 3, quiet(), background=(source,)),))
        values = simulate(net, silence(0.02), 1, dt=1e-4, backend="cpp", record=["cells.ge"]).traces["cells.ge"].values[0, -1]
        assert (np.ptp(values) == 0) == regular


@pytest.mark.slow
@needs_compiler
def test_single_precision_gives_the_same_activity():
    double, single = (run(network(), "cpp", execution=Execution(precision=precision)) for precision in ("double", "single"))
    for name in ("exc", "inh"):
        assert len(single.spikes[name]) == pytest.approx(len(double.spikes[name]), rel=0.15)


@pytest.mark.thorough
@needs_compiler
def test_trials_have_input_of_their_own_and_do_not_depend_on_each_other():
    net = network()
    bare = Network(tuple(replace(p, model=replace(MODEL, start={"v": -55 * mV})) for p in net.populations), net.projections)
    two, one = (simulate(bare, silence(0.03, n), 5, dt=1e-4, backend="cpp").spikes["exc"] for n in (2, 1))
    trials = [two.neuron[two.trial == k].tolist() for k in (0, 1)]
    assert trials[0] != trials[1]
    assert trials[0] == one.neuron.tolist()


@needs_compiler
@pytest.mark.slow
@pytest.mark.parametrize("backend", ["numpy", "cpp"])
def test_background_is_that_of_brian2(backend):
    """Mean and variance of the free membrane, against those of a Poisson process filtered twice (Campbell's theorem)."""
    tau, tau_e, rate, weight = 0.02, 0.005, 5000.0, 0.1e-3
    free = Network((Population("exc", 500, quiet(), background=(Background("ge", 1000, 5 * Hz, 0.1 * mV),)),))
    traces = simulate(free, silence(0.4), 3, dt=1e-4, backend=backend, record=("exc.v",)).traces["exc.v"]
    settled = np.asarray(traces.values)[0, 2500::100]
    mean, variance = -60e-3 + weight * rate * tau_e, weight**2 * rate * tau_e**2 / (2 * (tau + tau_e))
    assert settled.mean() == pytest.approx(mean, abs=5 * np.sqrt(variance / settled.size * 10))
    assert settled.var() == pytest.approx(variance, rel=0.12)
    assert settled.var() != pytest.approx(2 * variance, rel=0.12)


def quiet():
    return NeuronModel(
        MODEL.equations, "v > limit", "v = rest", {**MODEL.constants, "limit": 0 * mV}, {"v": -60 * mV}, receives="ge",
        refractory=2 * ms, method="exact",
    )  # fmt: skip


def test_links_can_be_drawn_one_by_one():
    net = network(100)
    given = with_links(net, 1e-4)
    assert [p.n_synapses for p in given.projections] == [p.n_synapses for p in net.projections]
    assert not any(p.is_drawn for p in given.projections)
    steps = given.projections[0].links.delays / 1e-4
    assert np.allclose(steps, np.rint(steps))
    assert with_links(given, 1e-4) is given


def test_threads_on_a_backend_without_them_are_refused():
    with pytest.raises(ValueError, match="threads = 2: several threads need backend 'cpp'; backend is 'numpy'"):
        simulate(with_links(network(50), 1e-4), silence(0.01), 1, dt=1e-4, backend="numpy", execution=Execution(threads=2))


@pytest.mark.slow
@needs_compiler
def test_more_threads_than_cores_are_warned_of():
    with pytest.warns(RuntimeWarning, match="threads = 1000: this machine has"):
        simulate(network(1000), silence(1e-4), 1, dt=1e-4, backend="cpp", execution=Execution(threads=1000))


@needs_compiler
def test_more_memory_than_there_is_is_refused_before_drawing():
    with pytest.raises(ValueError, match="memory = 1e-05 GB: one trial needs about"):
        simulate(network(), silence(0.1), 1, dt=1e-4, backend="cpp", execution=Execution(memory=1e4))


@needs_compiler
def test_state_that_becomes_infinite_is_an_error():
    runaway = NeuronModel("dv/dt = v**3/ms/mV**2 : volt", "v < -1*volt", "v = 0*volt", {}, {"v": 50 * mV}, receives="v")
    links = DrawnLinks(LinkRule("all_to_all"), (10, 10), 1, EXCITING, DELAYS)
    net = Network((Population("exc", 10, runaway),), (Projection("exc", "exc", links),))
    with pytest.raises(RuntimeError, match=r"exc\.v became NaN or infinite"):
        simulate(net, silence(0.01), 1, dt=1e-4, backend="cpp")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("gg", 10, 5 * Hz, 1 * mV), "background of population 'exc': 'gg' is not a variable"),
        (("ge", 10, 5 * Hz, 1 * ms), "weight of the background of population 'exc' is a time; 'ge' is a voltage"),
        (("ge", -1, 5 * Hz, 1 * mV), "n of the background of 'ge' = -1"),
        (("ge", 10, -5 * Hz, 1 * mV), "rate of the background of 'ge' = -5"),
        (("ge", 10, 5 * ms, 1 * mV), "rate of the background of 'ge'"),
    ],
)
def test_background_that_cannot_be_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        Population("exc", 10, MODEL, background=(Background(*arguments),))


def test_links_from_a_stimulus_cannot_be_drawn():
    links = DrawnLinks(LinkRule("all_to_all"), (3, 10), 1, EXCITING, parse_distribution("0 ms"))
    with pytest.raises(ValueError, match="links from 'input' cannot be drawn"):
        Network((Population("exc", 10, MODEL),), (Projection("input", "exc", links),))
