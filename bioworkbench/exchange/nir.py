"""NIR: the neuromorphic intermediate representation, as leaky neurons and affine maps.

NIR writes neurons as differential equations; simulators take forward-Euler steps of them, in which a spike is a current of 1 for
one step. A step of dt is therefore ``v += dt/tau*(v_leak - v + r*I)``, which is the step of `discrete_lif` with leak 1 - dt/tau.
Potentials are written relative to where they start, because NIR starts at 0.

Reference: J. E. Pedersen et al. (2024), https://doi.org/10.1038/s41467-024-52259-9
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np

from bioworkbench.discrete.lif import DiscreteLIF, arguments_of
from bioworkbench.exchange.extras import extra
from bioworkbench.experiment.results.record import RunRecord
from bioworkbench.neurons.leaky import leaky_neuron
from bioworkbench.records.arrays import Floats, positive
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.synapse import PULSE

__all__ = ["MAX_WEIGHTS", "NIR_STEP", "nir_graph", "nir_losses", "write_nir"]

MAX_WEIGHTS = 10**8  # of a projection, as NIR stores them: all pairs
NIR_STEP = 1e-4
"""Step of simulators that do not ask for one (snnTorch), seconds."""


def write_nir(record: RunRecord, path: Path) -> Sequence[str]:
    """Write the network of a run as NIR.

    Networks in discrete time are written with steps of `NIR_STEP`, others with the step of the run.

    Parameters
    ----------
    record : RunRecord
    path : Path
        New file.

    Returns
    -------
    list of str
        What of the neurons NIR does not carry.

    Raises
    ------
    ValueError
        As `nir_graph`.
    ResultError
        If nir is not installed.
    """
    nir = extra("nir")
    network = record.data.network
    discrete = all(isinstance(population.model.discrete, DiscreteLIF) for population in network.populations)
    dt = NIR_STEP if discrete else record.data.recording.dt
    nir.write(path, nir_graph(network, dt=dt, stimulus=str(record.provenance.get("stimulus", "current"))))
    return [*nir_losses(network), f"the step: here it is {dt} s"]


@dataclass(frozen=True)
class _Neuron:
    """A neuron as NIR sees it: potentials relative to the start, arrays (n_neurons,)."""

    leak: Floats  # fraction of the potential that is left after a step; 1 - dt / tau
    target: Floats  # what it leaks to
    threshold: Floats
    reset: Floats
    bias: Floats
    kick: Floats  # NIR's weight of a spike, for one of 1
    drive: Floats  # NIR's weight of a current, for one of 1


def nir_graph(network: Network, *, dt: float, stimulus: str = "current") -> Any:
    """NIR graph of a network of `discrete_lif` neurons or other leaky ones, without their noise.

    Parameters
    ----------
    network : Network
    dt : float, seconds
        Step with which the graph will be simulated; it scales weights and, for `discrete_lif`, time constants.
    stimulus : {"current", "rate", "spikes"}
        Kind of the stimulus.

    Returns
    -------
    nir.NIRGraph
        Neurons are named as their populations, weights as their projections; "input" is the stimulus; the neurons of the
        highest layer go to "output" ("output_exc", "output_inh" where there are several).

    Raises
    ------
    ValueError
        If dt is not positive, neurons have other equations, synapses do more than add their weight, or a projection has more than
        `MAX_WEIGHTS` pairs.
    ResultError
        If nir is not installed.
    """
    nir = extra("nir")
    positive("dt", dt)
    _check_synapses(network)
    neurons = {population.name: _neuron(population, dt) for population in network.populations}
    nodes, edges, biased = {}, [], set()
    for name, n_channels in network.channels.items():
        nodes[name] = nir.Input(input_type=np.array([n_channels]))
    for population in network.populations:
        nodes[population.name] = _node(nir, neurons[population.name], dt)
    for projection in network.projections:
        neuron = neurons[projection.target]
        as_current = projection.source not in neurons and stimulus == "current"
        weight = _dense(projection).T * (neuron.drive if as_current else neuron.kick)[:, None]
        # NIR has no bias of neurons: the first projection to a population brings it, in the unit that its weights have
        bias = neuron.bias * neuron.kick * (projection.target not in biased)
        nodes[projection.name] = nir.Affine(weight, bias) if np.any(bias) else nir.Linear(weight)
        biased.add(projection.target)
        edges += [(projection.source, projection.name), (projection.name, projection.target)]
    silent = [name for name, neuron in neurons.items() if np.any(neuron.bias) and name not in biased]
    if silent:
        raise ValueError(f"populations {', '.join(silent)} have a bias and no projection to them; NIR has no place for it")
    if not network.channels:
        raise ValueError(
            f"no projection to {', '.join(network.sizes)} comes from a stimulus; a NIR graph begins with an input, so use --to sonata"
        )
    for name, source in _outputs(network):
        nodes[name] = nir.Output(output_type=np.array([network.sizes[source]]))
        edges.append((source, name))
    return nir.NIRGraph(nodes=nodes, edges=edges, metadata={"dt": dt})


def _check_synapses(network: Network) -> None:
    """Synapses are linear maps here; anything else would be another network."""
    others = [projection.name for projection in network.projections if projection.synapse != PULSE]
    if others:
        raise ValueError(
            f"synapses of {', '.join(others)} do more than add their weight; NIR has no place for it, and without it this is another "
            "network: use --to sonata"
        )
    aside = [p.name for p in network.projections if network.receiver(p) != network.population(p.target).model.receives]
    if aside:
        raise ValueError(
            f"spikes of {', '.join(aside)} add to another variable than others do; a neuron of NIR has one place for them: use --to sonata"
        )


def _outputs(network: Network) -> Iterator[tuple[str, str]]:
    highest = max(population.layer for population in network.populations)
    names = [population.name for population in network.populations if population.layer == highest]
    for name in names:
        yield ("output" if len(names) == 1 else f"output_{name}"), name


def _dense(projection: Projection) -> Floats:
    shape: Any = projection.weights.shape
    n_pairs = int(np.prod(shape))
    if n_pairs > MAX_WEIGHTS:
        raise ValueError(f"projection {projection.name} has {n_pairs} pairs; NIR stores them all, {MAX_WEIGHTS} at most")
    return projection.weights.toarray()


def _neuron(population: Population, dt: float) -> _Neuron:
    if isinstance(population.model.discrete, DiscreteLIF):
        given = arguments_of(population.model, population.name)
        leak, bias = given["leak"], given["bias"] + np.asarray(given["noise_mean"])
        potentials = (0.0, given["threshold"], 0.0)
        kick = drive = 1 / np.where(np.equal(leak, 1.0), 1.0, 1.0 - np.asarray(leak))  # 1 for perfect integrators: r = 1 / dt
        start = given["start"]
    else:
        found = leaky_neuron(population.model)
        if found is None:
            raise ValueError(
                f"population '{population.name}' has equations that NIR has no neuron for; it has leaky ones, such as discrete_lif and "
                "noisy_lif"
            )
        leak, bias = 1 - dt / found.tau, 0.0
        potentials = (found.rest, found.threshold, found.reset)
        kick, drive, start = found.tau / dt, found.gain, population.model.start.get(found.variable, 0.0)
    begin = 0.0 if isinstance(start, str) else np.asarray(start, dtype=float)
    values = (leak, *(np.asarray(value, dtype=float) - begin for value in potentials), bias, kick, drive)
    return _Neuron(*(np.broadcast_to(np.asarray(value, dtype=float), (population.size,)) for value in values))


def _node(nir: Any, neuron: _Neuron, dt: float) -> Any:
    if np.all(neuron.leak == 1.0):
        return nir.IF(r=np.full_like(neuron.leak, 1 / dt), v_threshold=neuron.threshold, v_reset=neuron.reset)
    if np.any(neuron.leak == 1.0):
        raise ValueError(f"leak = {neuron.leak}: NIR has neurons that leak and neurons that do not, not both in one population")
    tau = dt / (1.0 - neuron.leak)
    return nir.LIF(tau=tau, r=np.ones_like(tau), v_leak=neuron.target, v_threshold=neuron.threshold, v_reset=neuron.reset)


def _moved(network: Network) -> Iterator[str]:
    """Projections in discrete time whose spikes take a step here and none where the graph is read, or the other way round."""
    layers = {p.name: p.layer for p in network.populations if isinstance(p.model.discrete, DiscreteLIF)}
    inside = [p for p in network.projections if p.source in layers and p.target in layers]
    cycles = nx.condensation(nx.DiGraph([(p.source, p.target) for p in inside])).graph["mapping"]
    for projection in inside:
        ends = projection.source, projection.target
        # here spikes to a higher layer take no step; NIR has no layers, and its readers let spikes take one where they form a cycle
        if (layers[ends[0]] >= layers[ends[1]]) != (cycles[ends[0]] == cycles[ends[1]]):
            yield projection.name


def nir_losses(network: Network) -> list[str]:
    """What of `network` NIR does not carry: resets by subtraction, thresholds that may just be reached, floors, and layers."""
    losses = [f"the step in which spikes of {name} arrive" for name in _moved(network)]
    for population in network.populations:
        if isinstance(population.model.discrete, DiscreteLIF):
            given = arguments_of(population.model, population.name)
            traits = {
                f"reset '{given['reset']}'": given["reset"] != "zero",
                "threshold that may just be reached": not given["strict"],
                "floor": given["floor"] is not None,
            }
            losses += [f"the {trait} of {population.name}" for trait, held in traits.items() if held]
        else:
            losses.append(f"exact integration of {population.name}")
    return losses
