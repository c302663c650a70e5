"""NIR graphs as networks: integrate-and-fire neurons in forward-Euler steps, affine maps between them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
from scipy import sparse

from bioworkbench.discrete.lif import RESETS, Reset, discrete_lif
from bioworkbench.exchange.extras import extra
from bioworkbench.exchange.nir import NIR_STEP
from bioworkbench.exchange.nir_maps import MAPS, bias_of_map, matrix_of_map
from bioworkbench.neurons import NeuronModel
from bioworkbench.records.arrays import Floats, finite, positive
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import ResultError
from bioworkbench.records.hdf5 import opened
from bioworkbench.records.names import as_identifier
from bioworkbench.records.network import INPUT, Network, Population, Projection

__all__ = ["network_of", "read_nir"]

_NEURONS, _MAPS = ("LIF", "IF", "CubaLIF"), (*MAPS, "Flatten", "Input", "Output")
_MOST_NODES = 10_000


def read_nir(path: str | Path, *, dt: float = NIR_STEP, reset: Reset = "zero", strict: bool = True) -> Network:
    """Network of a NIR file; see `network_of`.

    Parameters
    ----------
    path : str or path
    dt, reset, strict
        As of `network_of`.

    Returns
    -------
    Network

    Raises
    ------
    ResultError
        If the file is not NIR or is damaged, or nir is not installed.
    ValueError
        As `network_of`.
    """
    nir = extra("nir")
    try:
        with opened(path):
            try:
                graph = nir.read(path)
            except ValueError:  # shapes of some writers have axes of batch and time, which hold nothing
                graph = nir.read(path, type_check=False)
    except (OSError, KeyError, ValueError, TypeError, AttributeError, IndexError, RuntimeError, AssertionError) as error:
        raise ResultError(f"{path} is not a NIR graph, or is damaged: {error}") from error
    try:
        return network_of(graph, dt=dt, reset=reset, strict=strict)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def network_of(graph: Any, *, dt: float = NIR_STEP, reset: Reset = "zero", strict: bool = True) -> Network:
    """Network of a NIR graph, which spikes as simulators that take forward-Euler steps of it.

    Parameters
    ----------
    graph : nir.NIRGraph
        Neurons LIF, IF and CubaLIF; maps Linear, Affine, Scale, Conv1d, Conv2d, SumPool2d, AvgPool2d and Flatten, which are multiplied
        out between neurons; graphs inside it. One input. Where neurons form a cycle, their spikes to each other take a step.
    dt : float, seconds
        Of a step; potentials start at 0.
    reset : {"zero", "subtract", "delayed_subtract"}
        "zero" is NIR's: to its ``v_reset``. The others are what some simulators do with a graph that cannot say so.
    strict : bool
        Whether a neuron must exceed its threshold, as NIR says, or may just reach it.

    Returns
    -------
    Network
        Of `discrete_lif` populations, named as the nodes; simulate it with a stimulus of kind "current", a frame per step.

    Raises
    ------
    ValueError
        If a node is of another type, shapes do not fit, dt is longer than a time constant, or there are several inputs.
    """
    wiring = _wiring(graph)
    step = positive("dt", dt)
    names = {node: _population_name(node) for node in wiring.neurons}
    if len(set(names.values())) < len(names):
        raise ValueError(f"nodes {', '.join(names)} become the same names; rename them with letters, digits and '_'")
    layers = _layers(wiring)
    populations, projections = [], []
    for node in wiring.neurons:
        arrivals = wiring.arrivals(node)
        neuron = wiring.nodes[node]
        size = next((m.shape[1] for m in arrivals.weights.values()), np.size(neuron.v_threshold))
        euler = _euler_step(node, neuron, size, step)
        model = euler.model(np.broadcast_to(arrivals.bias, (size,)), reset, strict)
        populations.append(Population(names[node], size, model, layers[node]))
        for source, matrix in arrivals.weights.items():
            weights = sparse.csr_array(matrix @ sparse.diags_array(euler.gain))
            weights.eliminate_zeros()
            projections.append(Projection(names.get(source, INPUT), names[node], weights))
    return Network(tuple(populations), tuple(projections))


@dataclass(frozen=True)
class _EulerStep:
    """Euler step of a neuron: ``v = leak*v + gain*I + bias``; arrays (n_neurons,), potentials relative to the reset."""

    leak: Floats
    gain: Floats
    bias: Floats
    threshold: Floats
    start: Floats
    synaptic_leak: Floats | None

    def model(self, arriving: Floats, reset: Reset, strict: bool) -> NeuronModel:
        """Neuron that also gets a constant current."""
        bias = self.bias + self.gain * arriving
        if self.synaptic_leak is None:
            settings: dict[str, Any] = {"reset": reset, "strict": strict, "start": self.start}
            return discrete_lif(leak=self.leak, threshold=self.threshold, bias=bias, **settings)
        if reset == "delayed_subtract" and self.leak.min() <= 0:
            raise ValueError(
                f"leak = {self.leak.min()}: reset 'delayed_subtract' divides by it; use 'subtract' where tau_mem is a step"
            )
        constants = {"leak": self.leak, "synaptic_leak": self.synaptic_leak, "theta": self.threshold}
        constants |= {"pull": self.bias, "bias": self.gain * arriving}
        return NeuronModel(
            equations="v : 1\nsynaptic : 1\ncurrent : 1\ndrive : 1\n" + "".join(f"{c} : 1 (constant)\n" for c in constants),
            threshold="v > theta" if strict else "v >= theta",
            reset=RESETS[reset],
            constants=constants,
            start={"v": self.start},  # pyright: ignore[reportArgumentType]
            receives="current",
            update="synaptic = synaptic_leak*synaptic + drive + current + bias\nv = leak*v + synaptic + pull\ncurrent = 0",
            reference="Pedersen et al., Nature Communications 15, 2024, doi 10.1038/s41467-024-52259-9",
        )


def _euler_step(node: str, neuron: Any, size: int, dt: float) -> _EulerStep:
    kind = type(neuron).__name__

    def value(name: str) -> Floats:
        given = finite(f"{name} of node '{node}'", getattr(neuron, name)).ravel()
        if given.size not in (1, size):
            raise ValueError(f"{name} of node '{node}' has {counted(given.size, 'value')} for {counted(size, 'neuron')}")
        return np.broadcast_to(given, (size,)).astype(float)

    tau = {"LIF": "tau", "CubaLIF": "tau_mem"}.get(kind)
    lost = np.zeros(size) if tau is None else _lost(node, tau, value(tau), dt)
    low = value("v_reset")
    gain, synaptic = value("r") * (dt if tau is None else lost), None
    if kind == "CubaLIF":
        arriving = _lost(node, "tau_syn", value("tau_syn"), dt)
        gain, synaptic = gain * arriving * value("w_in"), 1.0 - arriving
    bias = np.zeros(size) if tau is None else lost * (value("v_leak") - low)
    return _EulerStep(1.0 - lost, gain, bias, value("v_threshold") - low, -low, synaptic)


def _lost(node: str, name: str, tau: Floats, dt: float) -> Floats:
    """Fraction of a potential that a step takes away."""
    if tau.min() < dt * (1 - 1e-9):
        raise ValueError(f"{name} of node '{node}' goes down to {tau.min()} s; a step of dt = {dt} s must be shorter")
    return np.minimum(dt / tau, 1.0)


def _population_name(node: str) -> str:
    name = as_identifier("population", node)
    return f"n_{name}" if name == INPUT else name


@dataclass(frozen=True)
class _Arrivals:
    """What reaches a node: weights (n_source, n) by neurons or input, a constant (n,) or (), and the shape of the n values."""

    weights: Mapping[str, sparse.csr_array]
    bias: Floats
    shape: tuple[int, ...] = ()


@dataclass(frozen=True)
class _Wiring:
    """A NIR graph without graphs inside."""

    nodes: Mapping[str, Any]
    before: Mapping[str, list[str]]
    known: dict[str, _Arrivals] = field(default_factory=dict)

    @property
    def neurons(self) -> list[str]:
        """Nodes that spike."""
        return [name for name, node in self.nodes.items() if type(node).__name__ in _NEURONS]

    def arrivals(self, name: str, trail: tuple[str, ...] = ()) -> _Arrivals:
        """What reaches a node, all maps on the way multiplied out."""
        if name in self.known:
            return self.known[name]
        # depth first through the maps until a neuron or the input; each node is multiplied out once, however many paths lead to it
        if name in trail:
            raise ValueError(f"nodes {', '.join(trail)} form a cycle without a neuron")
        weights: dict[str, sparse.csr_array] = {}
        bias, shape = np.zeros(()), ()
        for source in self.before.get(name, []):
            part = self._leaving(source, (*trail, name))
            for origin, matrix in part.weights.items():
                weights[origin] = sparse.csr_array(weights[origin] + matrix) if origin in weights else matrix
            bias, shape = bias + part.bias, max(shape, part.shape, key=len)  # feature maps say more than their number of values
        self.known[name] = _Arrivals(weights, bias, shape)
        return self.known[name]

    def _leaving(self, name: str, trail: tuple[str, ...]) -> _Arrivals:
        node, kind = self.nodes[name], type(self.nodes[name]).__name__
        if kind in _NEURONS or (kind == "Input" and not self.before.get(name)):
            shape = _shape(node) if kind == "Input" else self._neurons_of(name, trail)
            return _Arrivals({name: sparse.csr_array(sparse.eye_array(int(np.prod(shape))))}, np.zeros(()), shape)
        arriving = self.arrivals(name, trail)
        if kind in ("Input", "Output", "Flatten"):
            return replace(arriving, shape=(int(np.prod(arriving.shape)),)) if kind == "Flatten" else arriving
        return _mapped(name, arriving, node)

    def _neurons_of(self, name: str, trail: tuple[str, ...]) -> tuple[int, ...]:
        """Shape of the neurons: of the parameters, or where these are single numbers of what the maps before them give."""
        shape = np.shape(self.nodes[name].v_threshold)
        if np.prod(shape) > 1:
            return shape
        # a look at the map itself ends where neurons project onto themselves; feature maps have to be followed to their size
        before = [self.nodes[source] for source in self.before.get(name, [])]
        rows = [len(node.weight) for node in before if type(node).__name__ in ("Linear", "Affine")]
        followed = any(type(node).__name__ in MAPS for node in before) and not rows
        return self.arrivals(name, trail).shape if followed else (rows[0] if rows else 1,)


def _mapped(name: str, arriving: _Arrivals, node: Any) -> _Arrivals:
    """What leaves a map."""
    matrix, shape = matrix_of_map(name, node, arriving.shape)
    widths = {weights.shape[1] for weights in arriving.weights.values()} - {matrix.shape[0]}
    if widths:
        raise ValueError(f"node '{name}' maps {counted(matrix.shape[0], 'value')}; {sorted(widths)} arrive")
    constant = np.broadcast_to(arriving.bias, (matrix.shape[0],)) @ matrix + bias_of_map(name, node, shape)
    return _Arrivals(
        {origin: sparse.csr_array(weights @ matrix) for origin, weights in arriving.weights.items()}, constant, shape
    )


def _shape(node: Any) -> tuple[int, ...]:
    """Shape of an input."""
    return tuple(int(n) for n in np.ravel(next(iter(node.input_type.values()))))


def _wiring(graph: Any) -> _Wiring:
    nodes, edges = _flat(graph, "")
    for name, node in nodes.items():
        if type(node).__name__ not in (*_NEURONS, *_MAPS):
            known = ", ".join((*_NEURONS, *_MAPS))
            raise ValueError(f"node '{name}' is a {type(node).__name__}; known are {known}")
    before: dict[str, list[str]] = {}
    for source, target in edges:
        if source not in nodes or target not in nodes:
            raise ValueError(f"the edge {source} - {target} has an end that is not a node")
        before.setdefault(target, []).append(source)
    inputs = [name for name, node in nodes.items() if type(node).__name__ == "Input" and name not in before]
    if len(inputs) > 1:
        raise ValueError(f"the graph has the inputs {', '.join(inputs)}; a network has one")
    wiring = _Wiring(nodes, before)
    if not wiring.neurons:
        raise ValueError(f"the graph of {counted(len(nodes), 'node')} has no neurons; a network needs {', '.join(_NEURONS)}")
    return wiring


def _flat(graph: Any, prefix: str) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Nodes and edges, those of graphs inside it named with the name of the graph before them."""
    nodes: dict[str, Any] = {}
    edges: list[tuple[str, str]] = []
    ends: dict[str, dict[str, list[str]]] = {}
    for name, node in graph.nodes.items():
        if type(node).__name__ != "NIRGraph":
            nodes[prefix + name] = node
            continue
        inside, links = _flat(node, f"{prefix}{name}.")
        nodes |= inside
        edges += links
        own = [key for key in inside if key.count(".") == f"{prefix}{name}.".count(".")]
        ends[name] = {kind: [key for key in own if type(inside[key]).__name__ == kind] for kind in ("Input", "Output")}
    if len(nodes) > _MOST_NODES:
        raise ValueError(f"the graph has {counted(len(nodes), 'node')}; more than {_MOST_NODES} are not read")
    for source, target in graph.edges:
        source = _only_end(source, "Output", ends[source]) if source in ends else prefix + source
        target = _only_end(target, "Input", ends[target]) if target in ends else prefix + target
        edges.append((source, target))
    return nodes, edges


def _only_end(name: str, kind: str, ends: Mapping[str, list[str]]) -> str:
    """The node by which edges enter or leave a graph inside a graph."""
    if len(ends[kind]) != 1:
        found = ", ".join(ends[kind]) or "none"
        raise ValueError(f"the graph '{name}' inside has {found} as {kind.lower()}; an edge to or from it needs exactly one")
    return ends[kind][0]


def _layers(wiring: _Wiring) -> dict[str, int]:
    """Layer of every neuron node: those of a cycle share one, all others lie above what they receive from."""
    graph = nx.DiGraph()
    graph.add_nodes_from(wiring.neurons)
    for name in wiring.neurons:
        graph.add_edges_from((source, name) for source in wiring.arrivals(name).weights if source in graph)
    # cycles become single nodes; the longest path to each is its layer
    joined = nx.condensation(graph)
    layers: dict[str, int] = {}
    heights: dict[int, int] = {}
    for group in nx.topological_sort(joined):
        heights[group] = max((heights[below] + 1 for below in joined.predecessors(group)), default=0)
        layers |= dict.fromkeys(joined.nodes[group]["members"], heights[group])
    return layers
