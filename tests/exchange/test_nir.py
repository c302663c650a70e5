"""NIR graphs become networks that spike as forward-Euler steps of them do, and networks become NIR graphs."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from brian2 import ms, mV
from scipy import sparse

from bioworkbench.discrete.simulate import simulate_discrete
from bioworkbench.exchange import export
from bioworkbench.exchange.nir import nir_graph, nir_losses
from bioworkbench.exchange.nir_reader import network_of, read_nir
from bioworkbench.experiment.results.record import RunData
from bioworkbench.neurons import NeuronModel, adaptive_lif, discrete_lif, noisy_lif
from bioworkbench.records.errors import ResultError
from bioworkbench.records.network import INPUT, Network, Population, Projection
from bioworkbench.records.randomness import stream
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.simulation import simulate
from tests.exchange.test_round_trips import same_spikes
from tests.run_records import record_alone

nir = pytest.importorskip("nir")
DT = 1e-4


def euler(graph, values, order, dt=DT):
    """Spikes (n_steps, n) of the neurons of a flat graph: the equations as NIR writes them, a step at a time, in this order."""
    last = {name: np.zeros(int(np.prod(next(iter(node.output_type.values()))))) for name, node in graph.nodes.items()}
    state = {name: [np.zeros_like(z), np.zeros_like(z)] for name, z in last.items()}
    spikes = {name: [] for name, node in graph.nodes.items() if type(node).__name__ in ("LIF", "IF", "CubaLIF")}
    for value in values:
        now = dict(last)
        for name in order:
            node, kind = graph.nodes[name], type(graph.nodes[name]).__name__
            current = sum(now[a] for a, b in graph.edges if b == name) if kind != "Input" else value
            if kind in ("Linear", "Affine"):
                now[name] = node.weight @ current + getattr(node, "bias", 0.0)
            elif kind in ("Input", "Scale"):
                now[name] = current * getattr(node, "scale", 1.0)
            else:
                v, synaptic = state[name]
                if kind == "CubaLIF":
                    synaptic = synaptic + dt / node.tau_syn * (node.w_in * current - synaptic)
                    current = synaptic
                tau = {"LIF": "tau", "CubaLIF": "tau_mem"}.get(kind)
                v = v + (dt * node.r * current if tau is None else dt / getattr(node, tau) * (node.v_leak - v + node.r * current))
                now[name] = (v > node.v_threshold).astype(float)
                state[name] = [np.where(v > node.v_threshold, node.v_reset, v), synaptic]
                spikes[name].append(now[name])
        last = now
    return {name: np.array(rows, dtype=bool) for name, rows in spikes.items()}


def node(kind, n, rng, **more):
    values = {"r": rng.uniform(0.5, 2, n), "v_threshold": rng.uniform(0.2, 0.5, n), "v_reset": rng.uniform(-0.2, 0.1, n), **more}
    if kind is nir.LIF:
        values |= {"tau": rng.uniform(5 * DT, 20 * DT, n), "v_leak": rng.uniform(-0.1, 0.1, n)}
    if kind is nir.CubaLIF:
        values |= {"tau_mem": rng.uniform(5 * DT, 20 * DT, n), "tau_syn": rng.uniform(3 * DT, 9 * DT, n)}
        values |= {"v_leak": rng.uniform(-0.1, 0.1, n), "w_in": rng.uniform(1, 2, n)}
    if kind is nir.IF:
        values["r"] = values["r"] / (10 * DT)
    return kind(**values)


def chain(kind, rng):
    """Input - affine - neurons - linear - scale - neurons - output."""
    nodes = {
        "input": nir.Input(input_type=np.array([3])),
        "in": nir.Affine(rng.normal(0, 1, (6, 3)), rng.normal(0, 0.1, 6)),
        "1.lif": node(kind, 6, rng),
        "map": nir.Linear(rng.normal(1, 4, (4, 6))),
        "gain": nir.Scale(rng.uniform(1, 2, 4)),
        "2.lif": node(nir.LIF, 4, rng),
        "output": nir.Output(output_type=np.array([4])),
    }
    names = list(nodes)
    return nir.NIRGraph(nodes=nodes, edges=list(itertools.pairwise(names)))


@pytest.mark.parametrize("kind", [nir.LIF, nir.IF])
def test_a_chain_spikes_as_its_equations(tmp_path, kind):
    rng = stream(1, "nir")
    graph, values = chain(kind, rng), rng.normal(2, 6, (80, 3))
    nir.write(tmp_path / "x.nir", graph)
    network = read_nir(tmp_path / "x.nir", dt=DT)
    wanted = euler(graph, values, list(graph.nodes)[:-1])
    found = simulate_discrete(network, Stimulus(values[None], DT))
    assert [(p.name, p.layer) for p in network.populations] == [("n_1_lif", 0), ("n_2_lif", 1)]
    for name, rows in wanted.items():
        assert 0 < rows.mean() < 1
        np.testing.assert_array_equal(found.raster(f"n_{name.replace('.', '_')}")[0], rows)


def test_synaptic_currents_in_brian2():
    rng = stream(2, "nir")
    graph, values = chain(nir.CubaLIF, rng), rng.normal(2, 6, (60, 3))
    wanted = euler(graph, values, list(graph.nodes)[:-1])
    found = simulate(network_of(graph, dt=DT), Stimulus(values[None], DT), 1, dt=DT, backend="numpy")
    for name, rows in wanted.items():
        assert 0 < rows.mean() < 1
        np.testing.assert_array_equal(found.raster(f"n_{name.replace('.', '_')}")[0], rows)


@pytest.mark.parametrize(("reset", "strict"), [("subtract", True), ("delayed_subtract", False)])
def test_synaptic_currents_with_other_resets(reset, strict):
    """As snnTorch has them: the threshold is taken off in the step of the spike, or in the one after it."""
    rng, n = stream(4, "nir"), 5
    neuron = node(nir.CubaLIF, n, rng, v_reset=np.zeros(n))
    nodes = {"input": nir.Input(input_type=np.array([n])), "lif": neuron, "output": nir.Output(output_type=np.array([n]))}
    graph = nir.NIRGraph(nodes=nodes, edges=[("input", "lif"), ("lif", "output")])
    values = rng.normal(1, 3, (80, n))
    v, synaptic, late, wanted = np.zeros(n), np.zeros(n), np.zeros(n), []
    for value in values:
        synaptic = synaptic + DT / neuron.tau_syn * (neuron.w_in * value - synaptic)
        v = v + DT / neuron.tau_mem * (neuron.v_leak - v + neuron.r * synaptic) - late
        spiked = v > neuron.v_threshold
        wanted.append(spiked)
        late = spiked * neuron.v_threshold * (reset == "delayed_subtract")
        v = v - spiked * neuron.v_threshold * (reset == "subtract")
    network = network_of(graph, dt=DT, reset=reset, strict=strict)
    found = simulate(network, Stimulus(values[None], DT), 1, dt=DT, backend="numpy")
    assert 0 < np.mean(wanted) < 1
    np.testing.assert_array_equal(found.raster("lif")[0], np.array(wanted))
    neuron.tau_mem[0] = DT
    if reset == "delayed_subtract":
        with pytest.raises(ValueError, match=r"leak = 0\.0: reset 'delayed_subtract' divides by it"):
            network_of(graph, dt=DT, reset=reset)


def test_a_recurrent_graph_inside_a_graph():
    """As snnTorch writes a recurrent layer; spikes to the own layer take a step."""
    rng = stream(3, "nir")
    lif = node(nir.LIF, 5, rng)
    inner = nir.NIRGraph(
        nodes={
            "input": nir.Input(input_type=np.array([5])),
            "w_rec": nir.Linear(rng.normal(0, 1, (5, 5))),
            "lif": lif,
            "output": nir.Output(output_type=np.array([5])),
        },
        edges=[("input", "lif"), ("lif", "w_rec"), ("w_rec", "lif"), ("lif", "output")],
    )
    outer = nir.NIRGraph(
        nodes={
            "input": nir.Input(input_type=np.array([2])),
            "fc": nir.Linear(rng.normal(0, 2, (5, 2))),
            "rec": inner,
            "output": nir.Output(output_type=np.array([5])),
        },
        edges=[("input", "fc"), ("fc", "rec"), ("rec", "output")],
    )
    values = rng.normal(0.5, 1, (60, 2))
    network = network_of(outer, dt=DT)
    assert [p.name for p in network.projections] == ["input_rec_lif", "rec_lif_rec_lif"]
    v, z, rows = np.zeros(5), np.zeros(5), []
    for value in values:
        current = outer.nodes["fc"].weight @ value + inner.nodes["w_rec"].weight @ z
        v = v + DT / lif.tau * (lif.v_leak - v + lif.r * current)
        z = (v > lif.v_threshold).astype(float)
        v = np.where(z > 0, lif.v_reset, v)
        rows.append(z)
    raster = simulate_discrete(network, Stimulus(values[None], DT)).raster("rec_lif")[0]
    assert raster.any()
    np.testing.assert_array_equal(raster, np.array(rows, dtype=bool))


def ours(rng, **settings):
    traits = {"reset": "zero", "strict": True, **settings}
    return Network(
        (
            Population("a", 8, discrete_lif(leak=rng.uniform(0.5, 0.95, 8), bias=rng.normal(0, 0.1, 8), **traits)),
            Population("b", 5, discrete_lif(leak=0.8, threshold=0.7, **traits), layer=1),
            Population("c", 3, discrete_lif(leak=1.0, **traits), layer=1),
        ),
        (
            Projection(INPUT, "a", sparse.csr_array(rng.normal(0, 1, (4, 8)))),
            Projection("a", "b", sparse.csr_array(rng.normal(0, 0.8, (8, 5)))),
            Projection("a", "c", sparse.csr_array(rng.normal(0, 0.8, (8, 3)))),
            Projection("b", "b", sparse.csr_array(rng.normal(0, 0.5, (5, 5)))),
        ),
    )


@pytest.mark.parametrize(("reset", "strict"), [("zero", True), ("subtract", False)])
def test_our_networks_come_back(tmp_path, reset, strict):
    rng = stream(4, "nir")
    network = ours(rng, reset=reset, strict=strict)
    stimulus = Stimulus(rng.normal(0.3, 1, (2, 60, 4)), DT)
    made = replace(record_alone(), data=RunData(network, simulate_discrete(network, stimulus)))
    written = export(made, to="nir", output=tmp_path / "x.nir")
    named = "the reset 'subtract' of a" in written.lost and "the threshold that may just be reached of b" in written.lost
    assert named == (reset == "subtract")
    back = read_nir(written.path, reset=reset, strict=strict)
    assert {p.name: p.layer for p in back.populations} == {"a": 0, "b": 1, "c": 1}
    for projection in network.projections:
        other = next(p for p in back.projections if p.name == projection.name)
        np.testing.assert_allclose(other.weights.toarray(), projection.weights.toarray(), rtol=1e-12)
    same_spikes(made.data.recording, simulate_discrete(back, stimulus))
    if strict:
        rasters = euler(nir.read(written.path), stimulus.values[0], ["input", "input_a", "a", "a_b", "a_c", "b_b", "b", "c"])
        np.testing.assert_array_equal(rasters["c"], made.data.recording.raster("c")[0])


def test_steps_that_layers_decide_are_named():
    """From b to a and within a layer, spikes take a step here; where NIR is read, they do in cycles, and only there."""
    cells = discrete_lif(leak=0.9, reset="zero", strict=True)

    def lost(layers, *ends):
        populations = [Population(name, 2, cells, layer) for name, layer in layers.items()]
        projections = [
            Projection(source, target, np.eye(2), name=f"{source}_{target}") for source, target in (("input", "a"), *ends)
        ]
        return nir_losses(Network(tuple(populations), tuple(projections)))

    assert lost({"a": 0, "b": 1, "c": 2}, ("a", "b"), ("b", "c"), ("a", "c"), ("b", "b")) == []
    assert lost({"a": 0, "b": 0}, ("a", "b"), ("b", "a")) == []
    assert lost({"a": 0, "b": 0}, ("a", "b"), ("a", "a")) == ["the step in which spikes of a_b arrive"]
    assert lost({"a": 0, "b": 1}, ("a", "b"), ("b", "a")) == ["the step in which spikes of a_b arrive"]
    assert lost({"a": 1, "b": 0}, ("a", "b")) == ["the step in which spikes of a_b arrive"]


def test_spikes_onto_another_variable_have_no_place():
    model = NeuronModel(
        "dv/dt = -v/(10*ms) + x/ms : 1\ndx/dt = -x/ms + xi/ms**0.5 : 1", "v > 1", "v = 0", start={"v": 0, "x": 0}, receives="v"
    )
    ends = Projection("input", "a", np.eye(2)), Projection("a", "a", np.eye(2), receives="x")
    with pytest.raises(ValueError, match="spikes of a_a_x add to another variable than others do; a neuron of NIR has one place"):
        nir_graph(Network((Population("a", 2, model),), ends), dt=DT)


def test_continuous_neurons_spike_nearly_as_their_euler_steps():
    """Exact integration and Euler's rule with a hundredth of the time constant: counts within 3 %."""
    rng = stream(5, "nir")
    model = noisy_lif(tau=10 * ms, sigma=0 * mV, refractory=0 * ms)
    weights = sparse.csr_array(rng.uniform(0.02, 0.04, (1, 20)))
    recurrent = sparse.csr_array(rng.normal(0, 5e-4, (20, 20)))
    network = Network((Population("a", 20, model),), (Projection(INPUT, "a", weights), Projection("a", "a", recurrent)))
    stimulus = Stimulus(np.ones((1, 1, 1)), 0.2)
    exact = simulate(network, stimulus, 1, dt=DT, backend="numpy")
    steps = network_of(nir_graph(network, dt=DT), dt=DT)
    found = simulate_discrete(steps, stimulus, dt=DT)
    assert len(exact.spikes["a"]) > 200
    assert len(found.spikes["a"]) == pytest.approx(len(exact.spikes["a"]), rel=0.03)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (adaptive_lif(), "population 'a' has equations that NIR has no neuron for"),
        (discrete_lif(leak=[0.5, 1.0]), "not both in one population"),
        (discrete_lif(leak=0.5, bias=0.1), "populations a have a bias and no projection to them"),
        (discrete_lif(leak=0.5), "no projection to a comes from a stimulus; a NIR graph begins with an input"),
    ],
)
def test_networks_that_nir_has_no_words_for(model, words):
    with pytest.raises(ValueError, match=words):
        nir_graph(Network((Population("a", 2, model),)), dt=DT)


def test_networks_that_are_too_large(monkeypatch):
    monkeypatch.setattr("bioworkbench.exchange.nir.MAX_WEIGHTS", 30)
    with pytest.raises(ValueError, match="projection input_a has 32 pairs; NIR stores them all, 30 at most"):
        nir_graph(ours(stream(1, "x")), dt=DT)


def other(change):
    """The chain, changed."""
    graph = chain(nir.LIF, stream(6, "nir"))
    change(graph)
    return graph


def no_neurons(graph):
    graph.nodes.pop("1.lif"), graph.nodes.pop("2.lif")
    graph.edges = [("input", "in"), ("in", "map")]


def two_ends(kind):
    """A graph inside, between "1.lif" and "map", that has two nodes of a kind where edges enter or leave it."""

    def change(graph):
        ends = {
            f"{name}{k}": one(np.array([6]))
            for name, one in (("in", nir.Input), ("out", nir.Output))
            for k in range(1 + (name == kind))
        }
        edges = [(a, b) for a in ends for b in ends if a.startswith("in") and b.startswith("out")]
        graph.nodes["both"] = nir.NIRGraph(nodes=ends, edges=edges, type_check=False)
        graph.edges = [edge for edge in graph.edges if edge[0] != "1.lif"] + [("1.lif", "both"), ("both", "map")]

    return change


@pytest.mark.parametrize(
    ("change", "settings", "words"),
    [
        (two_ends("in"), {}, "the graph 'both' inside has both.in0, both.in1 as input; an edge to or from it needs exactly one"),
        (two_ends("out"), {}, "the graph 'both' inside has both.out0, both.out1 as output; an edge to or from it needs"),
        (lambda g: g.nodes.update(map=nir.Threshold(np.ones(4))), {}, "node 'map' is a Threshold; known are LIF"),
        (lambda g: g.nodes.update(more=nir.Input(input_type=np.array([3]))), {}, "the inputs input, more; a network has one"),
        (lambda g: g.edges.append(("map", "nowhere")), {}, "map - nowhere has an end that is not a node"),
        (lambda g: g.edges.append(("gain", "map")), {}, "form a cycle without a neuron"),
        (lambda g: g.nodes.update(map=nir.Linear(np.ones((4, 7)))), {}, r"node 'map' maps 7 values; \[6\] arrive"),
        (lambda g: g.nodes.update(map=nir.Linear(np.full((4, 6), np.nan))), {}, "weights of node 'map' has 24 values"),
        (no_neurons, {}, "has no neurons; a network needs LIF, IF, CubaLIF"),
        (lambda g: None, {"dt": 1e-2}, "tau of node '1.lif' goes down to .* must be shorter"),
        (lambda g: g.nodes.update({"2.lif": node(nir.LIF, 3, stream(1, "x"))}), {}, "of node '2.lif' has 3 values for 4 neurons"),
        (lambda g: g.nodes.update({"2-lif": g.nodes["2.lif"]}), {}, "become the same names"),
    ],
)
def test_graphs_that_are_no_networks(change, settings, words):
    with pytest.raises(ValueError, match=words):
        network_of(other(change), **{"dt": DT, **settings})


def test_axes_of_batch_and_time(tmp_path):
    graph = nir.NIRGraph(
        nodes={
            "input": nir.Input(input_type=np.array([3])),
            "fc": nir.Linear(np.ones((2, 3))),
            "lif": node(nir.LIF, 2, stream(1, "x")),
            "output": nir.Output(output_type=np.array([1, 1, 2])),
        },
        edges=[("input", "fc"), ("fc", "lif"), ("lif", "output")],
        type_check=False,
    )
    nir.write(tmp_path / "x.nir", graph)
    assert read_nir(tmp_path / "x.nir", dt=DT).sizes == {"lif": 2}


def test_files_that_are_no_graphs(tmp_path):
    path = tmp_path / "x.nir"
    path.write_text("no HDF5")
    with pytest.raises(ResultError, match=r"x\.nir is not a NIR graph, or is damaged"):
        read_nir(path)
    nir.write(path, other(lambda g: g.nodes.update(gain=nir.Threshold(np.ones(4)))))
    with pytest.raises(ValueError, match=r"x\.nir.*node 'gain' is a Threshold"):
        read_nir(path)
