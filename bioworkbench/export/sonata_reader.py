"""SONATA circuits as networks, and SONATA spikes as recordings."""

# pyright: reportIndexIssue=false, reportAttributeAccessIssue=false, reportArgumentType=false, reportCallIssue=false, reportOperatorIssue=false
# h5py does not type what a file holds

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from scipy import sparse

from bioworkbench.arrays import count, positive
from bioworkbench.errors import ResultError
from bioworkbench.export.sonata import COMPONENTS, TEXTS
from bioworkbench.hdf5 import opened, text_of
from bioworkbench.network import INPUT, Network, Population, Projection
from bioworkbench.neurons import NeuronModel
from bioworkbench.quantities import Quantity, parse_quantity
from bioworkbench.signals import Recording, Spikes
from bioworkbench.topology.sonata import SonataLinks, sonata_links

__all__ = ["read_sonata_network", "read_sonata_spikes"]

MAX_BYTES = 2**24  # of a JSON file

_DAMAGE = (OSError, KeyError, ValueError, TypeError, IndexError, AttributeError, RuntimeError)


def read_sonata_network(folder: str | Path, models: Mapping[str, NeuronModel] | None = None) -> Network:
    """Network of a SONATA circuit.

    Parameters
    ----------
    folder : str or path
        With ``circuit_config.json``; all files that it names must lie inside.
    models : mapping from node population to NeuronModel, optional
        For circuits of other tools, whose neurons are defined elsewhere; those that ``bioworkbench export`` wrote bring theirs.
        The population "input" is the stimulus.

    Raises
    ------
    ResultError
        If a file is missing or damaged, lies outside the folder, or a population has no model.
    """
    folder = Path(folder)
    try:
        config = _json(folder / "circuit_config.json")
        networks, populations, sizes = config["networks"], [], {}
        for entry in networks["nodes"]:
            with opened(_inside(folder, config, entry["nodes_file"])) as file:
                nodes = dict(file["nodes"].items())
                sizes |= {name: count(f"size of {name}", group["node_type_id"].shape[0]) for name, group in nodes.items()}
                populations += [_population(folder, name, n, dict(models or {})) for name, n in sizes.items() if name in nodes]
        populations = [population for population in populations if population is not None]
        paths = [_inside(folder, config, entry["edges_file"]) for entry in networks.get("edges", [])]
        return Network(tuple(populations), tuple(p for path in paths for p in _projections(path, sizes)))
    except ResultError:
        raise
    except _DAMAGE as error:
        raise ResultError(f"{folder} is not a SONATA circuit that can be read: {error}") from error


def _json(path: Path) -> Any:
    if path.stat().st_size > MAX_BYTES:
        raise ResultError(f"{path} has {path.stat().st_size} bytes; more than {MAX_BYTES} are not read")
    return json.loads(path.read_text(encoding="utf-8"))


def _inside(folder: Path, config: Mapping[str, Any], text: str) -> Path:
    """Path that a configuration names, its variables replaced."""
    for _ in range(10):
        for name, value in config.get("manifest", {}).items():
            text = text.replace(name, str(value))
    path = (folder / text).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ResultError(f"{folder}/circuit_config.json names '{text}', which is outside; only files of the folder are read")
    return path


def _population(folder: Path, name: str, size: int, models: Mapping[str, NeuronModel]) -> Population | None:
    """Population of that name; None for the stimulus."""
    if name == INPUT:
        return None
    if name in models:
        return Population(name, size, models[name])
    path = folder / COMPONENTS / f"{name}.json"
    if not name.isidentifier() or not path.is_file():
        raise ResultError(f"{folder}: node population '{name}' brings no model; give one with models = {{'{name}': ...}}")
    content = _json(path)
    parts = {part: {key: _value(value) for key, value in content[part].items()} for part in ("constants", "start")}
    refractory = None if content["refractory"] is None else _value(content["refractory"])
    texts = {text: str(content[text]) for text in TEXTS}
    return Population(name, size, NeuronModel(**texts, **parts, refractory=refractory), int(content["layer"]))


def _value(given: Any) -> Any:
    if isinstance(given, str):
        return given
    value = np.asarray(given["value"], dtype=float)
    if given["unit"]:
        unit = parse_quantity(f"1 {given['unit']}") if given["unit"] != "1" else Quantity(1.0)
        return Quantity(value, dim=unit.dim)
    return value if value.ndim else float(value)


def _projections(path: Path, sizes: Mapping[str, int]) -> Iterator[Projection]:
    with opened(path) as file:
        receives = {name: text_of(group, "receives") for name, group in file["edges"].items()}
    for name, variable in receives.items():
        links = sonata_links(path, name)
        shape = (sizes[links.source_population], sizes[links.target_population])
        yield _projection(links, shape, variable)


def _projection(links: SonataLinks, shape: tuple[int, int], receives: str) -> Projection:
    """Projection of links; parallel synapses become one with the sum of their weights."""
    order = np.lexsort((links.targets, links.sources))
    sources, targets = links.sources[order], links.targets[order]
    if np.isnan(links.weights).any():
        raise ValueError(f"edge population '{links.population}' has edges without syn_weight; a projection needs weights")
    delays = np.nan_to_num(links.delays[order])
    first = np.ones(sources.size, dtype=bool)
    first[1:] = (np.diff(sources) != 0) | (np.diff(targets) != 0)
    if not np.array_equal(delays[~first], delays[np.flatnonzero(~first) - 1]):
        raise ValueError(f"edge population '{links.population}' has parallel synapses of different delays; join them first")
    weights = sparse.csr_array((links.weights[order], (sources, targets)), shape=shape)
    kept = delays[first]
    same = kept.size == 0 or (kept == kept[0]).all()
    delay = (float(kept[0]) if kept.size else 0.0) if same else kept
    return Projection(links.source_population, links.target_population, weights, delay, receives)


def read_sonata_spikes(
    path: str | Path,
    *,
    sizes: Mapping[str, int] | None = None,
    duration: float | None = None,
    dt: float | None = None,
) -> Recording:
    """Recording of a SONATA spike file.

    Parameters
    ----------
    path : str or path
    sizes : mapping from population to number of neurons, optional
    duration, dt : float, seconds, optional
        Of a trial and of a step, to whose multiples times are rounded. Files that ``bioworkbench export`` wrote bring all three.

    Returns
    -------
    Recording
        Without traces; of one trial where the file does not say otherwise.

    Raises
    ------
    ResultError
        If the file is not SONATA or is damaged, or lacks something that was not given.
    """
    try:
        with opened(path) as file:
            about = file["spikes"].attrs
            n_trials = count("n_trials", int(about.get("n_trials", 1)))
            length = positive("duration", float(about["duration"] if duration is None else duration))
            step = positive("dt", float(about["dt"] if dt is None else dt))
            known = {name: int(group.attrs.get("size", 0)) for name, group in file["spikes"].items()} | dict(sizes or {})
            spikes = {name: _spikes(group, known[name], n_trials, length, step) for name, group in file["spikes"].items()}
        return Recording(spikes, {}, known, n_trials, length, step, 0, "sonata")
    except _DAMAGE as error:
        raise ResultError(
            f"{path} is not a SONATA spike file that can be read, or needs sizes, duration or dt: {error}"
        ) from error


def _spikes(group: h5py.Group, size: int, n_trials: int, duration: float, dt: float) -> Spikes:
    units = text_of(group["timestamps"], "units", "ms")
    scale = {"ms": 1e-3, "milliseconds": 1e-3, "s": 1.0, "seconds": 1.0}[units]
    steps, per_trial = np.rint(group["timestamps"][()] * scale / dt), round(duration / dt)
    neuron = group["node_ids"][()].astype(np.int64)
    if neuron.shape != steps.shape or neuron.ndim != 1:
        raise ValueError(f"{group.name} has {steps.shape} times and {neuron.shape} node ids; they must be equally long lists")
    if not np.isfinite(steps).all() or (steps < 0).any() or (steps >= n_trials * per_trial).any():
        raise ValueError(f"{group.name} has times outside {n_trials} trials of {duration} s")
    if neuron.size and (neuron.min() < 0 or neuron.max() >= size):
        raise ValueError(f"{group.name} has node ids up to {neuron.max()} for {size} neurons")
    trial, step = np.divmod(steps.astype(np.int64), per_trial)
    order = np.lexsort((neuron, step, trial))
    return Spikes(trial[order], neuron[order], step[order] * dt)
