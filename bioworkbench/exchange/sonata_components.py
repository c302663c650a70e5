"""Parameters of point neurons, and ports of synapses, in the component files that types of SONATA circuits name."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bioworkbench.exchange.sonata_config import SonataConfig, read_json
from bioworkbench.exchange.sonata_edges import SonataLinks
from bioworkbench.exchange.sonata_glif import GLIF, glif_content
from bioworkbench.exchange.sonata_nodes import SonataNodes
from bioworkbench.exchange.sonata_templates import TEMPLATES
from bioworkbench.neurons import NeuronModel
from bioworkbench.records.errors import ResultError

__all__ = ["node_parameters", "ports_of_links"]

_NONE = ("", "NULL")


def node_parameters(parts: Sequence[SonataConfig], nodes: SonataNodes, template: str, where: str) -> dict[str, np.ndarray]:
    """Parameters (n_nodes,) of point neurons: from the files that types name, and from HDF5, which wins.

    Parameters
    ----------
    parts : sequence of SonataConfig
        One of which names the folder of the files.
    nodes : SonataNodes
    template : str
        One of `TEMPLATES`; nodes may have several of GLIF neurons.
    where : str
        Configuration and population, for messages.

    Returns
    -------
    mapping from name to array (n_nodes,)
        NaN for a node without.

    Raises
    ------
    ResultError
        If a file is missing, or holds something else than numbers.
    """
    files, named = (
        np.array([str(one) for one in nodes.table.get(key, [default] * nodes.size)])
        for key, default in (("dynamics_params", ""), ("model_template", template))
    )
    found: dict[str, np.ndarray] = {}
    for file, own in sorted(set(zip(files.tolist(), named.tolist(), strict=True))):
        mine = (files == file) & (named == own)
        for key, value in _content(parts, file, own, where).items():
            found.setdefault(key, np.full(nodes.size, np.nan))[mine] = float(value)
    for key in (*TEMPLATES[template].defaults, "V_m"):
        column = nodes.table.get(key)
        if column is not None and column.dtype.kind == "f":
            found[key] = np.where(np.isnan(column), found.get(key, np.nan), column)
    return found


def _content(parts: Sequence[SonataConfig], file: str, template: str, where: str) -> Mapping[str, float]:
    if file in _NONE and template not in GLIF:
        return {}
    content = {} if file in _NONE else read_json(_component(parts, file, "point_neuron_models_dir", where))
    if template in GLIF and isinstance(content, Mapping):
        return glif_content(template, content, f"{where}: {file}" if file not in _NONE else where)
    if not isinstance(content, Mapping) or not all(isinstance(value, int | float) for value in content.values()):
        raise ResultError(f"{where}: {file} holds {content!r:.60}; parameters of a point neuron are a table of numbers")
    return content


def _component(parts: Sequence[SonataConfig], file: str, key: str, where: str) -> Path:
    """Path of a file of parameters, in the folder that a part of the configuration names."""
    for part in parts:
        folder = part.content.get("components", {}).get(key)
        if folder:
            return part.file(f"{folder}/{file}")
    raise ResultError(f"{where} has dynamics_params = {file}; the configuration names no {key} that holds it")


def ports_of_links(
    parts: Sequence[SonataConfig], links: SonataLinks, used: np.ndarray, model: NeuronModel, where: str
) -> Iterator[tuple[str, np.ndarray, str]]:
    """Links of neurons that receive through ports, port by port.

    Parameters
    ----------
    parts : sequence of SonataConfig
    links : SonataLinks
    used : bool array (n_edges,)
        Which are meant.
    model : NeuronModel
        Of the target, with variables ``x_1``, ``x_2``, ...
    where : str
        Configuration and edge population, for messages.

    Yields
    ------
    receives : str
    kept : bool array (n_edges,)
    ending : str
        Of the projection's name.

    Raises
    ------
    ResultError
        If an edge says no port and there are several, or says one that the neurons do not have.
    """
    n_ports = sum(name.startswith("x_") for name in model.parsed.names)
    port = np.full(links.sources.size, np.nan) if links.receptors is None else links.receptors
    for one in np.unique(links.types[used]).tolist():
        mine = (links.types == one) & np.isnan(port)
        if mine.any():
            port = np.where(mine, _port_of_type(parts, links.dynamics.get(one, ""), n_ports, where), port)
    known = np.unique(port[used])
    bad = [one for one in known.tolist() if one not in range(1, n_ports + 1)]
    if bad:
        edge = np.flatnonzero(used & ~np.isin(port, np.arange(1, n_ports + 1)))[0]
        raise ResultError(
            f"{where}: edge {edge} of type {links.types[edge]} has receptor_type = {bad[0]:g}; the neurons have the ports 1 to {n_ports}, "
            "one for each entry of their tau_syn"
        )
    for one in known.astype(int).tolist() or [1]:
        yield f"x_{one}", used & (port == one), f"_{one}" if len(known) > 1 else ""


def _port_of_type(parts: Sequence[SonataConfig], file: str, n_ports: int, where: str) -> float:
    content: Any = {} if file in _NONE else read_json(_component(parts, file, "synaptic_models_dir", where))
    given = content.get("receptor_type") if isinstance(content, Mapping) else None
    if given is None:
        return 1.0 if n_ports == 1 else np.nan
    if not isinstance(given, int):
        raise ResultError(f"{where}: {file} has receptor_type = {given!r:.60}; it is the number of a port")
    return float(given)
