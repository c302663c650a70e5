"""``run.h5``: what a run recorded and trained, in one HDF5 file.

========================  ==========================================================================================
``/spikes/<population>``  SONATA layout: ``timestamps`` (ms, from the start of the trial) and ``node_ids``; the spikes of
                          trial k are entries ``trial_bounds[k]`` to ``trial_bounds[k + 1]``
``/traces/<name>``        (n_trials, n_steps, n_recorded) in SI units, ``<name>`` being "population.variable"; attributes: ``unit``,
                          and ``interval`` between values, the first of which is that at 0 (seconds)
``/traced_neurons``       which neurons of the population a trace of that name is of
``/final_weights``        (n_trials, n_synapses) of projections whose synapses change their weights, in the order of the links
``/network``              neuron models, and links by row as in CSR (``indptr``, ``indices``, ``weights``, ``delay`` in seconds)
``/readout``              coefficients, intercepts; ``/history``: one array per quantity followed during training
``/answers``              targets and predictions of the test trials
``/state``                where the spec keeps it: what another run goes on from; values of variables (n_trials, n), spikes on their way
``/fit``                  settings that were fitted to a recording, all sets that were tried (SI units), and the recording
``/start``                projections that training changed, as ``/network`` has them, before it did
========================  ==========================================================================================

SONATA: Dai et al. 2020, doi 10.1371/journal.pcbi.1007696.
"""

# pyright: reportIndexIssue=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false, reportArgumentType=false
# pyright: reportOperatorIssue=false, reportCallIssue=false, reportOptionalSubscript=false, reportReturnType=false
# pyright: reportInvalidTypeArguments=false
# h5py does not type what a file holds

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from bioworkbench.discrete.kinds import discrete_model, kind_and_fields
from bioworkbench.experiment.results.fit_file import fit_in, write_fit
from bioworkbench.experiment.results.record import Answers, RunData
from bioworkbench.experiment.results.recording_file import UNREADABLE, recording_in, sizes_in, write_array, write_recording
from bioworkbench.experiment.results.state_file import state_in, write_state
from bioworkbench.neurons import NeuronModel
from bioworkbench.records.background import Background
from bioworkbench.records.choice import Choice
from bioworkbench.records.distributions import Distribution
from bioworkbench.records.drawn import DrawnLinks, LinkRule
from bioworkbench.records.errors import ResultError
from bioworkbench.records.functions import name_of
from bioworkbench.records.hdf5 import opened
from bioworkbench.records.linear_readout import LinearReadout
from bioworkbench.records.links import Links
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.synapse import PULSE, SynapseModel
from bioworkbench.records.trained import TrainedNetwork
from bioworkbench.records.units import Quantity, format_quantity, parse_quantity

__all__ = ["read_run", "write_run"]

_SONATA_MAGIC = 0x0A7A
_TEXTS = ("equations", "threshold", "reset", "receives", "method", "update", "reference")
_SYNAPSE_TEXTS, _SYNAPSE_VALUES = ("equations", "method", "reference", "bound"), ("constants", "start", "delays")


def write_run(path: Path, data: RunData) -> None:
    """Write everything to a new HDF5 file.

    Parameters
    ----------
    path : Path
    data : RunData

    Raises
    ------
    OSError
        If the file exists or cannot be written.
    """
    with h5py.File(path, "x") as file:
        file.attrs["magic"] = np.uint32(_SONATA_MAGIC)
        file.attrs["version"] = np.array([0, 1], dtype=np.uint32)
        write_recording(file, data.recording)
        populations = file.create_group("network/populations", track_order=True)
        for population in data.network.populations:
            _write_population(populations.create_group(population.name), population)
        projections = file.create_group("network/projections", track_order=True)
        for projection in data.network.projections:
            _write_projection(projections.create_group(projection.name), projection)
        if data.trained is not None:
            _write_trained(file, data.trained)
        if data.answers is not None:
            write_array(file, "answers/targets", data.answers.targets)
            write_array(file, "answers/predictions", data.answers.predictions)
        if data.fit is not None:
            write_fit(file, data.fit)
        if data.recording.final is not None:
            write_state(file, data.recording.final)
        if data.start is not None:
            group = file.create_group("start", track_order=True)
            for before, after in zip(data.start.projections, data.network.projections, strict=True):
                if before is not after:
                    _write_projection(group.create_group(before.name), before)


def _write_population(group: h5py.Group, population: Population) -> None:
    model = population.model
    group.attrs["size"], group.attrs["layer"] = population.size, population.layer
    group.attrs["background"] = json.dumps([[b.receives, b.n, b.rate, b.weight, b.regular] for b in population.background])
    if found := kind_and_fields(model):
        inside = group.create_group("discrete")
        inside.attrs["neuron"] = found[0]
        for name, value in found[1].items():
            _write_value(inside.require_group("fields"), name, value)
    for name in _TEXTS:
        group.attrs[name] = getattr(model, name)
    if model.refractory is not None:
        _write_value(group.create_group("refractory"), "time", model.refractory)
    for part in ("constants", "start"):
        inside = group.create_group(part, track_order=True)
        for name, value in getattr(model, part).items():
            _write_value(inside, name, value)


def _write_value(group: h5py.Group, name: str, value: Any) -> None:
    """A quantity, number, array or text; the dimension goes into an attribute."""
    if isinstance(value, str):
        group.attrs[name] = value
        return
    dataset = write_array(group, name, np.asarray(value, dtype=float))
    dataset.attrs["like"] = format_quantity(Quantity(1.0, dim=value.dim)) if isinstance(value, Quantity) else ""


def _write_projection(group: h5py.Group, projection: Projection) -> None:
    for name in ("source", "target", "receives"):
        group.attrs[name] = getattr(projection, name)
    if projection.synapse != PULSE:
        _write_synapse(group.create_group("synapse"), projection.synapse)
    links = projection.links
    group.attrs["n_source"] = links.shape[0]
    if projection.drawn is not None:
        group.attrs["drawn"] = json.dumps(_rule(projection.drawn))
        return
    columns = {"indptr": links.starts, "indices": links.targets, "weights": links.weights, "delay": links.delays}
    for name, values in columns.items():
        write_array(group, name, values)


def _write_synapse(group: h5py.Group, synapse: SynapseModel) -> None:
    for name in _SYNAPSE_TEXTS:
        group.attrs[name] = getattr(synapse, name)
    for end in ("on_pre", "on_post"):
        given = getattr(synapse, end)
        group.attrs[end] = given if isinstance(given, str) else json.dumps(dict(given))
    for part in _SYNAPSE_VALUES:
        inside = group.create_group(part, track_order=True)
        for name, value in getattr(synapse, part).items():
            _write_value(inside, name, value)


def _read_synapse(group: h5py.Group) -> SynapseModel:
    values = {part: _read_values(group[part]) for part in _SYNAPSE_VALUES if part in group}
    paths = {end: str(group.attrs[end]) for end in ("on_pre", "on_post")}
    several = {end: json.loads(text) for end, text in paths.items() if text.startswith('{"')}  # statements never begin so
    return SynapseModel(**values, **{text: str(group.attrs.get(text, "")) for text in _SYNAPSE_TEXTS}, **paths | several)


def _rule(links: DrawnLinks) -> dict[str, Any]:
    """What drawn links are drawn from."""
    rule = [links.rule.kind, links.rule.number, links.rule.repeated]
    found: dict[str, Any] = {"rule": rule, "key": links.key, "recurrent": links.recurrent}
    for name, of in (("weights", links.weights), ("delays", links.delays)):
        like = "" if of.dimension.is_dimensionless else format_quantity(Quantity(1.0, dim=of.dimension))
        found[name] = [of.kind, of.first, of.second, of.low, of.high, like]
    return found


def _write_trained(file: h5py.File, trained: TrainedNetwork) -> None:
    group = file.create_group("readout")
    group.attrs["rule"] = trained.readout.rule
    group.attrs["skip"] = trained.skip
    group.attrs["feature"] = json.dumps({"kind": name_of(trained.feature.kind), **trained.feature.arguments}, default=list)
    write_array(group, "coefficients", trained.readout.coefficients)
    write_array(group, "intercepts", trained.readout.intercepts)
    for name, values in trained.history.items():
        write_array(file, f"history/{name}", values)


def read_run(path: Path) -> RunData:
    """Read a file that `write_run` wrote, and whose checksum has been compared.

    Parameters
    ----------
    path : Path

    Returns
    -------
    RunData

    Raises
    ------
    ResultError
        If it is not such a file, or damaged.
    """
    try:
        with opened(path, unchanged=True) as file:
            sizes = sizes_in(file)
            network = Network(
                tuple(_read_population(name, group) for name, group in file["network/populations"].items()),
                tuple(_read_projection(name, group, sizes) for name, group in file["network/projections"].items()),
            )
            answers = file.get("answers")
            return RunData(
                network,
                replace(recording_in(file), final=state_in(file)),
                _read_trained(file, network) if "readout" in file else None,
                None if answers is None else Answers(answers["targets"][()], answers["predictions"][()]),
                _read_start(file["start"], network, sizes) if "start" in file else None,
                fit_in(file),
            )
    except UNREADABLE as error:
        raise ResultError(f"{path} is not a run that bioworkbench wrote, or is damaged: {error}") from error


def _read_population(name: str, group: h5py.Group) -> Population:
    background = tuple(Background(*values) for values in json.loads(group.attrs.get("background", "[]")))
    return Population(name, int(group.attrs["size"]), _read_model(group), int(group.attrs["layer"]), background)


def _read_model(group: h5py.Group) -> NeuronModel:
    if "discrete" in group:
        return discrete_model(str(group["discrete"].attrs["neuron"]), _read_values(group["discrete/fields"]))
    refractory = _read_values(group["refractory"])["time"] if "refractory" in group else None
    return NeuronModel(
        constants=_read_values(group["constants"]),
        start=_read_values(group["start"]),
        refractory=refractory,
        **{text: str(group.attrs[text]) for text in _TEXTS},
    )


def _read_values(group: h5py.Group) -> dict[str, Any]:
    texts = {name: str(value) for name, value in group.attrs.items()}
    return texts | {name: _read_value(dataset) for name, dataset in group.items()}


def _read_value(dataset: h5py.Dataset) -> Any:
    like = str(dataset.attrs["like"])
    if like:
        return Quantity(dataset[()], dim=parse_quantity(like).dim)
    return dataset[()] if dataset.ndim else float(dataset[()])


def _read_projection(name: str, group: h5py.Group, sizes: Mapping[str, int]) -> Projection:
    source, target, receives = (str(group.attrs[key]) for key in ("source", "target", "receives"))
    if "drawn" in group.attrs:
        links = _drawn_links(json.loads(group.attrs["drawn"]), (int(group.attrs["n_source"]), sizes[target]))
        return Projection(source, target, links, receives=receives, name=name)
    starts, targets, weights, delays = (group[key][()] for key in ("indptr", "indices", "weights", "delay"))
    shape = (int(group.attrs["n_source"]), sizes[target])
    if starts.shape != (shape[0] + 1,) or starts[0] != 0 or starts[-1] != targets.size or (np.diff(starts) < 0).any():
        raise ValueError(f"the {targets.size} links of '{name}' are counted from {starts[:1]} to {starts[-1:]}")
    links = Links(np.repeat(np.arange(shape[0], dtype=np.int32), np.diff(starts)), targets, shape, weights, delays)
    synapse = _read_synapse(group["synapse"]) if "synapse" in group else PULSE
    return Projection(source, target, links, receives=receives, name=name, synapse=synapse)


def _drawn_links(rule: dict[str, Any], shape: tuple[int, int]) -> DrawnLinks:
    weights, delays = (
        Distribution(*rule[name][:-1], dimension=parse_quantity(rule[name][-1] or 1).dim) for name in ("weights", "delays")
    )
    return DrawnLinks(LinkRule(*rule["rule"]), shape, rule["key"], weights, delays, rule["recurrent"])


def _read_start(group: h5py.Group, network: Network, sizes: Mapping[str, int]) -> Network:
    """The network with the projections that training changed as they were before."""
    kept = (_read_projection(p.name, group[p.name], sizes) if p.name in group else p for p in network.projections)
    return replace(network, projections=tuple(kept))


def _read_trained(file: h5py.File, network: Network) -> TrainedNetwork:
    group = file["readout"]
    feature = json.loads(group.attrs["feature"])
    rule = str(group.attrs["rule"])
    return TrainedNetwork(
        network,
        Choice(feature.pop("kind"), feature),
        LinearReadout(group["coefficients"][()], group["intercepts"][()], rule),  # pyright: ignore[reportArgumentType]
        {name: values[()] for name, values in file.get("history", {}).items()},
        bool(group.attrs.get("skip", False)),
    )
