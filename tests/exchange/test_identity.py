"""For every format that is written: what our readers find in it is what was written, or a loss that the export names."""

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from bioworkbench.exchange import FORMATS, export
from bioworkbench.exchange.connectomes import read_graph, write_graph
from bioworkbench.exchange.contents import contents
from bioworkbench.exchange.neo import recording_of
from bioworkbench.exchange.recorded import read_block
from bioworkbench.exchange.sonata_spikes import read_sonata_spikes
from bioworkbench.exchange.stimuli import neo_recording, nwb, sonata_report, sonata_spikes, spike_table, value_table
from bioworkbench.experiment.results.record import RunData
from bioworkbench.neurons import discrete_lif
from bioworkbench.records.network import INPUT, Network, Population, Projection
from bioworkbench.records.randomness import stream
from bioworkbench.records.recording import Spikes, Trace
from tests.exchange.test_round_trips import recording, same_spikes
from tests.run_records import record_alone, record_with_task

SEEDS = given(seed=st.integers(0, 10**6))


def record(seed):
    """A run of random numbers: two populations, trials, spikes, traces of some neurons."""
    rng = stream(seed, "sizes")
    sizes = {"exc": int(rng.integers(1, 7)), "inh": int(rng.integers(1, 4))}
    ours = recording(seed, sizes)
    every = int(rng.integers(1, 4))
    n_steps = max(2, round(ours.duration / ours.dt) // every)
    traces = {}
    for name, size in sizes.items():
        neurons = np.sort(rng.permutation(size)[: int(rng.integers(1, size + 1))])
        values = rng.normal(-0.06, 0.01, (ours.n_trials, n_steps, neurons.size))
        traces[f"{name}.v"] = Trace(values, np.arange(n_steps) * ours.duration / n_steps, neurons, "volt")
    made = record_alone()
    network = Network(tuple(Population(name, size, discrete_lif(leak=0.9)) for name, size in sizes.items()))
    return replace(made, data=RunData(network, replace(ours, traces=traces)))


def by_train(trial, channel, time):
    """Times of each trial and channel, sorted."""
    found = {}
    for one, other, when in zip(np.asarray(trial).tolist(), np.asarray(channel).tolist(), np.asarray(time).tolist(), strict=True):
        found.setdefault((one, other), []).append(when)
    return {key: sorted(times) for key, times in found.items()}


def same_trains(spikes: Spikes, found, offset=0):
    ours = by_train(spikes.trial, spikes.neuron + offset, spikes.time)
    assert found.keys() == ours.keys()
    for key, times in ours.items():
        np.testing.assert_allclose(found[key], times, rtol=0, atol=1e-12)


def chosen(trains, first, size):
    """Trains of the channels of one population."""
    kept = (trains.channel >= first) & (trains.channel < first + size)
    return by_train(trains.trial[kept], trains.channel[kept], trains.time[kept])


@settings(max_examples=4, deadline=None)
@SEEDS
@pytest.mark.parametrize("to", ["neo", "nwb"])
def test_formats_of_recordings(tmp_path_factory, to, seed):
    """Trains of all neurons by their place in the file, trials apart; traces with their unit."""
    pytest.importorskip({"neo": "neo", "nwb": "pynwb"}[to])
    made = record(seed)
    ours, path = made.data.recording, export(made, to=to, output=tmp_path_factory.mktemp("x") / f"x{FORMATS[to].suffix}").path
    trains = nwb("x", file=path, trials=True) if to == "nwb" else neo_recording("x", file=path)
    first = 0
    for name, spikes in ours.spikes.items():
        same_trains(spikes, chosen(trains, first, ours.sizes[name]), first)
        first += ours.sizes[name]
    for name, trace in ours.traces.items():
        if to == "nwb":
            signal = nwb("x", file=path, series=name).values.reshape(trace.shape)
        else:
            signal = neo_recording("x", file=path, signal=name).values
        np.testing.assert_allclose(signal, trace.values, rtol=1e-9)
    if to == "neo":
        same_spikes(ours, recording_of(read_block(path), ours.dt))


@settings(max_examples=4, deadline=None)
@SEEDS
def test_sonata(tmp_path_factory, seed):
    """Traces lose digits, and the export says so."""
    made = record(seed)
    written = export(made, to="sonata", output=tmp_path_factory.mktemp("x") / "x.sonata")
    ours = made.data.recording
    same_spikes(ours, read_sonata_spikes(written.path / "spikes.h5"))
    for name, spikes in ours.spikes.items():
        trains = sonata_spikes("x", file=written.path / "spikes.h5", population=name)
        joined = Spikes(np.zeros_like(spikes.trial), spikes.neuron, spikes.trial * ours.duration + spikes.time)
        same_trains(joined, by_train(trains.trial, trains.channel, trains.time))
    for name, trace in ours.traces.items():
        found = sonata_report("x", file=written.path / "reports" / f"{name}.h5", population=name.partition(".")[0])
        np.testing.assert_allclose(found.values.reshape(trace.shape), trace.values, rtol=1e-6)
        assert found.unit == "volt"
        assert f"digits of the traces of {name}: SONATA holds them in single precision" in written.lost


@settings(max_examples=4, deadline=None)
@SEEDS
def test_tables(tmp_path_factory, seed):
    """As the readers of any table find them."""
    made = record(seed)
    path, ours = export(made, to="csv", output=tmp_path_factory.mktemp("x") / "t").path, made.data.recording
    for name, spikes in ours.spikes.items():
        if len(spikes):
            trains = spike_table("x", file=path / "spikes.csv", channel="neuron", population=name)
            same_trains(spikes, by_train(trains.trial, trains.channel, trains.time))
    for name, trace in ours.traces.items():
        found = value_table("x", file=path / f"{name}.csv", frame=trace.interval or ours.dt)
        np.testing.assert_array_equal(found.values, trace.values)


def discrete_network(seed):
    """Leaky neurons in steps, with thresholds and leaks of their own, as a chain with a loop."""
    rng = stream(seed, "nir")
    n, m = (int(rng.integers(1, 6)) for _ in range(2))

    def cells(size):
        return discrete_lif(leak=rng.uniform(0.1, 0.95, size), threshold=rng.uniform(0.5, 2, size), reset="zero", strict=True)

    def weights(*shape):
        return sparse.csr_array(rng.normal(size=shape) * (rng.random(shape) < 0.7))

    return Network(
        (Population("first", n, cells(n)), Population("second", m, cells(m), layer=1)),
        (
            Projection(INPUT, "first", weights(2, n)),
            Projection("first", "second", weights(n, m)),
            Projection("second", "second", weights(m, m)),
        ),
    )


@settings(max_examples=8, deadline=None)
@SEEDS
def test_nir(tmp_path_factory, seed):
    """Written, read and written again is the same graph: every parameter, weight and edge."""
    nir = pytest.importorskip("nir")
    from bioworkbench.exchange.nir_reader import read_nir  # noqa: PLC0415

    folder, made = tmp_path_factory.mktemp("x"), record_alone()
    made = replace(made, data=replace(made.data, network=discrete_network(seed)))
    one = export(made, to="nir", output=folder / "a.nir")
    again = replace(made, data=replace(made.data, network=read_nir(one.path, dt=1e-4)))
    two = export(again, to="nir", output=folder / "b.nir")
    first, second = nir.read(one.path), nir.read(two.path)
    ends = [{(a, b) for a, b in graph.edges if "output" not in b} for graph in (first, second)]
    kinds = [sorted(type(node).__name__ for node in graph.nodes.values()) for graph in (first, second)]
    assert kinds[0] == kinds[1]
    assert len(ends[0]) == len(ends[1])
    for name in ("first", "second"):
        for field in ("tau", "r", "v_leak", "v_threshold", "v_reset"):
            ours, theirs = (np.asarray(getattr(graph.nodes[name], field)) for graph in (first, second))
            np.testing.assert_allclose(theirs, ours, rtol=1e-6)
    weights = [
        sorted(np.abs(node.weight).sum() for node in graph.nodes.values() if hasattr(node, "weight")) for graph in (first, second)
    ]
    np.testing.assert_allclose(weights[0], weights[1], rtol=1e-6)


@settings(max_examples=20, deadline=None)
@given(
    links=st.dictionaries(
        st.tuples(st.text("ab,\"\n' é:=", min_size=1, max_size=4), st.text("ab<&>c", min_size=1, max_size=4)),
        st.floats(-1e6, 1e6, allow_subnormal=False),
        min_size=1,
        max_size=8,
    ),
    directed=st.booleans(),
    suffix=st.sampled_from([".graphml", ".csv", ".tsv"]),
)
def test_graphs(tmp_path_factory, links, directed, suffix):
    """Any names of nodes, and weights to the last digit; tables are directed, and lose what `write_graph` says."""
    if suffix != ".graphml":
        directed, links = (
            True,
            {tuple(f"<{name.replace(chr(10), '')}>" for name in (u, v)): weight for (u, v), weight in links.items()},
        )
    graph = nx.DiGraph() if directed else nx.Graph()
    for (u, v), weight in links.items():
        graph.add_edge(u, v, weight=weight)
    path = tmp_path_factory.mktemp("x") / f"g{suffix}"
    write_graph(graph, path)
    back = read_graph(path)
    assert back.is_directed() == directed
    assert dict(back.nodes(data=True)) == dict(graph.nodes(data=True))
    ours, theirs = (
        {frozenset((u, v)) if not directed else (u, v): d for u, v, d in one.edges(data=True)} for one in (graph, back)
    )
    assert ours == theirs


@pytest.mark.parametrize("to", list(FORMATS))
@pytest.mark.usefixtures("frozen")
def test_what_is_not_carried_is_named(tmp_path, to):
    """Every part of a run is in the table of its format, or in the list of an export."""
    if (package := {"neo": "neo", "nir": "nir", "nwb": "pynwb"}.get(to)) is not None:
        pytest.importorskip(package)
    made = record_with_task()
    if to == "nir":  # refuses networks that it has no neurons for
        made = replace(made, data=replace(made.data, network=discrete_network(1)))
    written = export(made, to=to, output=tmp_path / "out")
    for key, text in contents(made).items():
        assert (key in FORMATS[to].carries) != (text in written.lost), key
