"""SONATA circuits as networks, with the spikes that their virtual nodes are given."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bioworkbench.discrete.kinds import discrete_model
from bioworkbench.exchange.checksums import check_folder
from bioworkbench.exchange.damage import damage_told
from bioworkbench.exchange.plain_models import synapse_of, value_of
from bioworkbench.exchange.sonata import COMPONENTS, TEXTS, synapse_file
from bioworkbench.exchange.sonata_clamps import Clamps, circuit_clamps
from bioworkbench.exchange.sonata_components import node_parameters, ports_of_links
from bioworkbench.exchange.sonata_config import SonataConfig, read_config, read_json
from bioworkbench.exchange.sonata_edges import SonataLinks, sonata_links
from bioworkbench.exchange.sonata_glif import GLIF
from bioworkbench.exchange.sonata_inputs import circuit_stimuli, simulated_times
from bioworkbench.exchange.sonata_nodes import SonataNodes, read_nodes
from bioworkbench.exchange.sonata_templates import TEMPLATES, Template, template_model
from bioworkbench.exchange.sonata_types import NO_TYPES, Types, read_types
from bioworkbench.neurons import NeuronModel
from bioworkbench.records.arrays import as_indices
from bioworkbench.records.background import Background
from bioworkbench.records.errors import ResultError, unknown_name
from bioworkbench.records.hdf5 import opened
from bioworkbench.records.links import Links
from bioworkbench.records.names import as_identifier, is_plain
from bioworkbench.records.network import INPUT, Network, Population, Projection
from bioworkbench.records.stimulus import SpikeTrains, Stimulus
from bioworkbench.records.synapse import PULSE, SynapseModel
from bioworkbench.records.units import Quantity, dimension_name, parse_quantity

__all__ = ["SonataCircuit", "read_sonata_circuit", "read_sonata_network"]


@dataclass(frozen=True)
class SonataCircuit:
    """A circuit and what drives it.

    Parameters
    ----------
    network : Network
    stimuli : tuple of SpikeTrains and Stimulus
        Of the virtual nodes, from the input files of the simulation; and its current clamps.
    nodes : mapping from node population to its attributes, arrays (n_nodes,)
        Everything that files and types say of each node.
    duration, dt : float, seconds, optional
        Of the simulation, where the configuration says.
    lost : tuple of str
        What the files say and the network and stimuli do not carry.
    """

    network: Network
    stimuli: tuple[SpikeTrains | Stimulus, ...]
    nodes: Mapping[str, Mapping[str, np.ndarray]]
    duration: float | None
    dt: float | None
    lost: tuple[str, ...]


def read_sonata_network(
    path: str | Path,
    models: Mapping[str, NeuronModel] | None = None,
    *,
    weight_unit: str | Mapping[str, str] = "",
    root: str | Path | None = None,
    manifest: Mapping[str, str] | None = None,
) -> Network:
    """Network of a SONATA circuit; `read_sonata_circuit` also reads its inputs, and says what is not carried.

    Parameters
    ----------
    path : str or path
        A configuration of any name, of the circuit or of a simulation; or its folder.
    models : mapping from node population to NeuronModel, optional
        For circuits of other tools, whose neurons are defined elsewhere; those that ``bioworkbench export`` wrote bring theirs.
        Populations of virtual nodes without a model are stimuli of spike trains.
    weight_unit : str or mapping from edge population to str
        Such as ``"pA"``, where the model receives something with a unit and the file does not say which one its weights have.
    root : str or path, optional
        Folder that all files must lie in; by default that of the configuration.
    manifest : mapping from variable to text, optional
        In place of what the manifests say, for circuits that were moved: ``{"$NETWORK_DIR": "network"}``.

    Returns
    -------
    Network
        A projection per edge population. The weight of an edge is that of all synapses it stands for (``nsyns``).

    Raises
    ------
    ResultError
        If a file is missing, damaged or outside the folder, a table lacks a type, a population has no model, or a unit is missing.
    """
    return _guarded(path, lambda: _circuit(path, models, weight_unit, root, manifest, with_inputs=False)).network


def read_sonata_circuit(
    path: str | Path,
    models: Mapping[str, NeuronModel] | None = None,
    *,
    weight_unit: str | Mapping[str, str] = "",
    root: str | Path | None = None,
    manifest: Mapping[str, str] | None = None,
    current_unit: str = "",
    frame: float | None = None,
) -> SonataCircuit:
    """A SONATA circuit with the spikes of its virtual nodes, and a list of what is not carried.

    Parameters
    ----------
    path : str or path
        A configuration of any name, of the circuit or of a simulation; or its folder, where that has only one.
    models : mapping from node population to NeuronModel, optional
    weight_unit : str or mapping from edge population to str
    root : str or path, optional
    manifest : mapping from variable to text, optional
        All as in `read_sonata_network`.
    current_unit : str
        Of current clamps: the format says "nA", point neurons in NEST take "pA". Without it they are listed as lost, but for currents of
        files that have a unit.
    frame : float, seconds, optional
        Of currents from recordings, whose means are taken; by default the step of the simulation, or the interval of the recording.

    Returns
    -------
    SonataCircuit

    Raises
    ------
    ResultError
        As `read_sonata_network`, or if an input file is missing or damaged, or a node set is unknown.
    """
    return _guarded(
        path,
        lambda: _circuit(path, models, weight_unit, root, manifest, with_inputs=True, current_unit=current_unit, frame=frame),
    )


def _guarded(path: str | Path, read: Any) -> SonataCircuit:
    with damage_told(f"{path} is not a SONATA circuit that can be read"):
        return read()


def _circuit(
    path: str | Path,
    models: Mapping[str, NeuronModel] | None,
    weight_unit: str | Mapping[str, str],
    root: str | Path | None,
    manifest: Mapping[str, str] | None,
    *,
    with_inputs: bool,
    current_unit: str = "",
    frame: float | None = None,
) -> SonataCircuit:
    parts = read_config(path, root=root, manifest=manifest, one_simulation=with_inputs)
    config = next((part for part in parts if "networks" in part.content), None)
    if config is None:
        raise ResultError(
            f"{parts[0].path} names no networks, and no network file that does; name the configuration of the circuit"
        )
    check_folder(config.path.parent)
    given = dict(models or {})
    nodes = {one.population: one for entry in config.content["networks"]["nodes"] for one in _nodes(config, entry, given)}
    if missing := [name for name in given if name not in nodes]:
        raise ResultError(f"models: {unknown_name(missing[0], f'node population of {config.path}', nodes)}")
    names = _names(nodes)
    lost, projections, populations = list[str](), list[Projection](), list[Population]()
    templates: dict[str, Template] = {}
    for one in (one for one in nodes.values() if not one.virtual):
        named = _own_template(config, one, given)
        if named:
            templates[one.population] = TEMPLATES[named]
            populations.append(_of_template(config, parts, one, names[one.population], named, lost))
        else:
            populations.append(_population(config, one, names[one.population], given))
    network = Network(tuple(populations))
    for links in _edges(config):
        projections += _projections(config, parts, links, nodes, names, network, weight_unit, templates)
        lost += _lost(links)
    network = Network(network.populations, tuple(projections))
    # files of single cells and of circuits say the same things in different places: parts are asked in their order
    duration, dt = simulated_times(parts)
    stimuli, others = circuit_stimuli(parts, nodes, names, duration) if with_inputs else ([], [])
    clamps = circuit_clamps(parts, nodes, names, network, current_unit, duration, frame or dt) if with_inputs else Clamps()
    network = Network(network.populations, (*network.projections, *clamps.projections))
    tables = {name: one.table for name, one in nodes.items()}
    return SonataCircuit(network, (*stimuli, *clamps.stimuli), tables, duration, dt, (*lost, *others, *clamps.lost))


def _nodes(config: SonataConfig, entry: Mapping[str, Any], models: Mapping[str, NeuronModel]) -> Iterator[SonataNodes]:
    """Populations of a file; virtual ones are those that types or configuration say, unless they have a model."""
    for one in read_nodes(config.file(entry["nodes_file"]), _types(config, entry, "node")):
        said = (
            one.virtual
            or one.population == INPUT
            or entry.get("populations", {}).get(one.population, {}).get("type") == "virtual"
        )
        yield SonataNodes(one.population, one.size, said and one.population not in models, one.table)


def _types(config: SonataConfig, entry: Mapping[str, Any], kind: str) -> Types:
    given = entry.get(f"{kind}_types_file")
    return NO_TYPES[kind] if not given or given == "NULL" else read_types(config.file(given), kind)


def _names(nodes: Mapping[str, SonataNodes]) -> dict[str, str]:
    """Names of populations as identifiers."""
    names = {name: as_identifier("population", name) for name in nodes}
    if len(set(names.values())) < len(names):
        raise ResultError(f"node populations {', '.join(names)} become the same names; rename them with letters, digits and '_'")
    return names


def _own_template(config: SonataConfig, nodes: SonataNodes, models: Mapping[str, NeuronModel]) -> str:
    """The one template that all nodes of a population without another model have; "" where there are several, or it is unknown."""
    named = set(map(str, nodes.table.get("model_template", ())))
    if nodes.population in models or _written(config, nodes.population):
        return ""
    if named and named <= set(GLIF):  # levels of one model
        return GLIF[0]
    return next(iter(named & set(TEMPLATES)), "") if len(named) == 1 else ""


def _written(config: SonataConfig, population: str) -> Path | None:
    """The model that bioworkbench wrote for a population, if it did."""
    path = config.path.parent / COMPONENTS / f"{population}.json"
    return path if population.isidentifier() and path.is_file() else None


def _of_template(
    config: SonataConfig, parts: Sequence[SonataConfig], nodes: SonataNodes, name: str, template: str, lost: list[str]
) -> Population:
    where = f"{config.path}: node population '{nodes.population}'"
    model, others = template_model(template, node_parameters(parts, nodes, template, where), where)
    lost += [f"parameter '{other}' of node population '{nodes.population}'" for other in others]
    return Population(name, nodes.size, model)


def _population(config: SonataConfig, nodes: SonataNodes, name: str, models: Mapping[str, NeuronModel]) -> Population:
    given = nodes.population
    if given in models:
        return Population(name, nodes.size, models[given])
    path = _written(config, given)
    if path is None:
        templates = sorted(set(map(str, nodes.table.get("model_template", ()))) - {""})
        told = f"; its types say {', '.join(templates)}" if templates else ""
        raise ResultError(f"{config.path}: node population '{given}' brings no model; give one as {_place_of_model(given)}{told}")
    content = read_json(path)
    background = tuple(Background(*values) for values in content.get("background", ()))
    return Population(name, nodes.size, _model(content), int(content["layer"]), background)


def _place_of_model(population: str) -> str:
    """Where a model is given, in a spec and in a script."""
    return f"[populations.{population}] in a spec, or models = {{'{population}': ...}} in Python"


def _model(content: Mapping[str, Any]) -> NeuronModel:
    discrete = content.get("discrete")
    if discrete is not None:
        return discrete_model(str(discrete["neuron"]), {key: value_of(value) for key, value in discrete["fields"].items()})
    parts: dict[str, Any] = {
        part: {key: value_of(value) for key, value in content[part].items()} for part in ("constants", "start")
    }
    refractory = None if content["refractory"] is None else value_of(content["refractory"])
    texts: dict[str, Any] = {text: str(content[text]) for text in TEXTS}
    return NeuronModel(**texts, **parts, refractory=refractory)


def _edges(config: SonataConfig) -> Iterator[SonataLinks]:
    for entry in config.content["networks"].get("edges", []):
        if entry.get("enabled", True) is False:
            continue
        path, types = config.file(entry["edges_file"]), _types(config, entry, "edge")
        with opened(path) as file:
            names = list(file["edges"])  # pyright: ignore[reportArgumentType]
        for name in names:
            yield sonata_links(path, name, types=types)


def _projections(
    config: SonataConfig,
    parts: Sequence[SonataConfig],
    links: SonataLinks,
    nodes: Mapping[str, SonataNodes],
    names: Mapping[str, str],
    network: Network,
    weight_unit: str | Mapping[str, str],
    templates: Mapping[str, Template],
) -> list[Projection]:
    """Projection of links, named as the edge population where that is an identifier; two where weights of each sign act elsewhere."""
    for end in (links.source_population, links.target_population):
        if end not in nodes:
            raise ResultError(
                f"{config.path}: edge population '{links.population}': {unknown_name(end, 'node population', nodes)}"
            )
    if nodes[links.target_population].virtual:
        raise ResultError(
            f"{config.path}: edge population '{links.population}' ends at '{links.target_population}', whose nodes are virtual; they "
            f"receive nothing; give them a model as {_place_of_model(links.target_population)}"
        )
    missing = np.flatnonzero(np.isnan(links.weights))
    if missing.size:
        raise ResultError(
            f"{config.path}: edge population '{links.population}' has edges without syn_weight, the first is edge {missing[0]} of type "
            f"{links.types[missing[0]]}; give it one in HDF5, or in the row of its type"
        )
    target = nodes[links.target_population]
    model = network.population(names[links.target_population]).model
    template = templates.get(links.target_population)
    # an edge of several synapses is one synapse of their joint weight: they have one delay, and add up
    weights = links.weights * links.counts * _unit(config, links, model, weight_unit, template)
    delays = np.nan_to_num(links.delays)
    # one delay for all is a number: engines keep no delay per synapse then
    same = delays.size == 0 or (delays == delays[0]).all()
    shape = (nodes[links.source_population].size, target.size)
    name = links.population if is_plain(links.population) else ""
    made = []
    for receives, kept, ending in _by_variable(config, parts, links, model, template):
        sources, targets = (
            as_indices("sources", links.sources[kept], shape[0]),
            as_indices("targets", links.targets[kept], shape[1]),
        )
        late = float(delays.max(initial=0.0)) if same else delays[kept]
        about = {"receives": receives, "name": name and name + ending, "synapse": _synapse(config, name)}
        drawn = Links(sources, targets, shape, weights[kept], late)
        made.append(Projection(names[links.source_population], names[links.target_population], drawn, **about))
    return made


def _by_variable(
    config: SonataConfig, parts: Sequence[SonataConfig], links: SonataLinks, model: NeuronModel, template: Template | None
) -> Iterator[tuple[str, np.ndarray, str]]:
    """Variable that links act on, which links, and the end of the projection's name."""
    used = links.counts > 0
    if template is None or len(template.receives) == 1:
        if template is None or template.receives[0] != "x_1":
            yield links.receives, used, ""
            return
        yield from ports_of_links(parts, links, used, model, f"{config.path}: edge population '{links.population}'")
        return
    above, below = used & (links.weights >= 0), used & (links.weights < 0)
    if above.any() or not below.any():
        yield template.receives[0], above, ""
    if below.any():
        yield template.receives[1], below, "_in" if above.any() else ""


def _synapse(config: SonataConfig, name: str) -> SynapseModel:
    """The model of a projection's synapses, where bioworkbench wrote one beside the neurons."""
    path = config.path.parent / COMPONENTS / synapse_file(name)
    return synapse_of(read_json(path)) if name and path.is_file() else PULSE


def _unit(
    config: SonataConfig, links: SonataLinks, model: NeuronModel, given: str | Mapping[str, str], template: Template | None
) -> float | Quantity:
    """What weights are multiplied with: their unit, which must be known unless the model receives plain numbers."""
    wanted = given if isinstance(given, str) else given.get(links.population, "")
    text = wanted or links.unit or (template.weight_unit if template else "")
    variable = links.receives or model.receives
    if text == "SI":
        return 1.0
    if text:
        return parse_quantity(f"1 {text}")
    dimension = model.parsed[variable].dim if variable in model.parsed else None
    if dimension is None or dimension.is_dimensionless or not links.sources.size:
        return 1.0
    raise ResultError(
        f"{config.path}: the weights of edge population '{links.population}' have no unit, and '{links.target_population}' receives "
        f"{variable} ({dimension_name(dimension)}); give weight_unit, such as 'pA' or 'mV'"
    )


def _lost(links: SonataLinks) -> Iterator[str]:
    where = f"of edge population '{links.population}'"
    for what in links.ignored:
        yield f"{what} {where}: its synapses add a fixed weight"
    n_without = int(np.isnan(links.delays).sum())
    if n_without:
        yield f"delays of {n_without} edges {where}: the files give none, 0 is taken"
