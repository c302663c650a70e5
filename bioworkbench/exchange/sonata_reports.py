"""Reports of SONATA: variables of nodes in time, as signals."""

# pyright: reportIndexIssue=false, reportAttributeAccessIssue=false, reportArgumentType=false, reportCallIssue=false
# h5py does not type what a file holds

from pathlib import Path

import h5py
import numpy as np

from bioworkbench.exchange.damage import damage_told
from bioworkbench.exchange.signals import Signal
from bioworkbench.exchange.sonata_edges import seconds_each
from bioworkbench.records.data_paths import existing_file
from bioworkbench.records.errors import ResultError, unknown_name
from bioworkbench.records.hdf5 import opened, text_of

__all__ = ["sonata_signal"]


def sonata_signal(file: str | Path, population: str = "") -> Signal:
    """The values of one population in a report of nodes.

    Parameters
    ----------
    file : str or path
        HDF5 with ``/report/<population>/{data, mapping}``.
    population : str
        May be left out if the file has only one.

    Returns
    -------
    Signal
        A channel for each node, in the order of their ids.

    Raises
    ------
    ResultError
        If the file is not a report, is damaged, has no such population, or several values of one node: those of its parts.
    """
    path = existing_file(file)
    with damage_told(f"{path} is not a SONATA report that can be read"), opened(path) as found:
        reports = found.get("report")
        if not isinstance(reports, h5py.Group) or not len(reports):
            raise ResultError(f"{path} has no group 'report' with a population; it holds {', '.join(found) or 'nothing'}")
        name = population or next(iter(reports))
        if name not in reports or (not population and len(reports) > 1):
            raise ResultError(f"{path}: {unknown_name(population, 'population of the report', reports)}")
        return _signal(path, reports[name], name)


def _signal(path: Path, group: h5py.Group, name: str) -> Signal:
    mapping, data = group["mapping"], group["data"]
    nodes, times = mapping["node_ids"][()].astype(np.int64), mapping["time"][()].astype(float)
    if data.ndim != 2 or times.shape != (3,) or not (times[2] > 0 and times[1] > times[0]):
        raise ResultError(f"{path}: '{name}' has values of shape {data.shape} and times {times}; times are [begin, end, step]")
    if data.shape[1] != nodes.size or (np.diff(mapping["index_pointers"][()].astype(np.int64)) != 1).any():
        raise ResultError(
            f"{path}: '{name}' has {data.shape[1]} values of {nodes.size} nodes at each time; only reports with one of each are read"
        )
    if len(set(nodes.tolist())) < len(nodes):
        raise ResultError(f"{path}: '{name}' lists a node twice; each has one value at a time")
    scale = seconds_each(text_of(mapping["time"], "units"), f"{path}: the time of '{name}'")
    begins = (times[0] + times[2] * np.arange(data.shape[0])) * scale
    values = data[()].astype(float)[:, np.argsort(nodes)]
    return Signal(begins, values, f"{path}, report of '{name}'", text_of(data, "units"))
