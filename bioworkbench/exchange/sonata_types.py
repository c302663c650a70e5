"""Tables of types in SONATA, and attributes joined from both places: a node or edge inherits from its type what HDF5 does not give it.

Reference: K. Dai et al. (2020), https://doi.org/10.1371/journal.pcbi.1007696
"""

# pyright: reportIndexIssue=false, reportAttributeAccessIssue=false, reportArgumentType=false, reportCallIssue=false
# h5py does not type what a file holds

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import h5py
import numpy as np

from bioworkbench.records.arrays import Floats, Integers
from bioworkbench.records.errors import TopologyError
from bioworkbench.records.hdf5 import text_of
from bioworkbench.records.tables import MISSING, CsvTable, read_table

__all__ = ["NO_TYPES", "SYNAPSE_TEMPLATE", "Elements", "Types", "dataset", "integers", "read_types"]


@dataclass(frozen=True)
class Types:
    """A table of types; without a table, nothing is inherited.

    Parameters
    ----------
    kind : {"node", "edge"}
    table : CsvTable, optional
    rows : mapping from type id to row
    """

    kind: str
    table: CsvTable | None = None
    rows: Mapping[int, int] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Columns of the table."""
        return () if self.table is None else self.table.names

    def texts(self, name: str, ids: Integers) -> list[str]:
        """Cell of the column `name` for each of the `ids`; "" where it is missing, or the table lacks the column."""
        if self.table is None or name not in self.table.names:
            return [""] * ids.size
        cells = ["" if cell in MISSING else cell for cell in self.table.texts(name)]
        return [cells[self.rows[one]] for one in ids.tolist()]

    def numbers(self, name: str, ids: Integers) -> Floats:
        """Number (n,) in the column `name` for each of the `ids`; NaN where it is missing, or the table lacks the column."""
        if self.table is None or name not in self.table.names:
            return np.full(ids.size, np.nan)
        try:
            column = self.table.numbers((name,))[:, 0]
        except ValueError as error:
            raise TopologyError(str(error)) from error
        known, places = np.unique(ids, return_inverse=True)
        return column[[self.rows[one] for one in known.tolist()]][places] if ids.size else np.zeros(0)

    def check(self, ids: Integers, where: str) -> None:
        """Refuse `ids` that the table has no row for; `where` names file and population."""
        if self.table is None:
            return
        known, first = np.unique(ids, return_index=True)
        for one, place in zip(known.tolist(), first.tolist(), strict=True):
            if one not in self.rows:
                raise TopologyError(
                    f"{self.table.path} has no row with {self.kind}_type_id = {one}, the type of {self.kind} {place} of {where}; "
                    "add the row"
                )


SYNAPSE_TEMPLATE = "bioworkbench:SynapseModel"  # model_template of edges whose model lies among the components
NO_TYPES = {kind: Types(kind) for kind in ("node", "edge")}


def read_types(path: Path, kind: str) -> Types:
    """Table of types from a file with columns separated by spaces.

    Parameters
    ----------
    path : Path
    kind : {"node", "edge"}
        Of what.

    Returns
    -------
    Types

    Raises
    ------
    TopologyError
        If it is not a table, has no column of ids, or an id is not an integer or given twice.
    """
    try:
        table = read_table(path, separator=" ")
        ids = table.numbers((f"{kind}_type_id",))[:, 0]
    except ValueError as error:
        raise TopologyError(f"{path} is not a table of {kind} types: {error}") from error
    rows: dict[int, int] = {}
    for row, value in enumerate(ids.tolist()):
        place = table.where(row, f"{kind}_type_id")
        if value != value or value != int(value):
            raise TopologyError(f"{place}: '{value}' is not an integer; types are numbered")
        if int(value) in rows:
            raise TopologyError(f"{place}: type {int(value)} has a row already; give every type one row")
        rows[int(value)] = row
    return Types(kind, table, rows)


@dataclass(frozen=True)
class Elements:
    """Nodes or edges of one population, with their types.

    Parameters
    ----------
    path : Path
    group : h5py.Group
        The population, in an open file.
    n : int
    types : Types
    ids : int array (n,)
        Types of the nodes or edges.
    """

    path: Path
    group: h5py.Group
    n: int
    types: Types
    ids: Integers

    @classmethod
    def of(cls, path: Path, group: h5py.Group, n: int, types: Types) -> "Elements":
        """Elements of a population; every one must have a type that is in the table, where there is a table.

        Parameters
        ----------
        path : Path
            For messages.
        group : h5py Group
            Of the population.
        n : int
            How many they are.
        types : Types

        Returns
        -------
        Elements

        Raises
        ------
        TopologyError
            If there are not as many types as elements, or the table lacks one.
        """
        name = f"{types.kind}_type_id"
        if types.table is None and name not in group:
            return cls(path, group, n, types, np.zeros(n, dtype=np.int64))
        ids = integers(path, dataset(path, group, name), least=None)
        if ids.shape != (n,):
            raise TopologyError(f"{path}: {group.name}/{name} has shape {ids.shape}; {n} {types.kind}s need one type each")
        types.check(ids, f"{path}, {group.name}")
        return cls(path, group, n, types, ids)

    def numbers(self, name: str, scale: Callable[[str], float] = lambda unit: 1.0) -> Floats:
        """Numbers of an attribute: from HDF5 where it is there, else from the type.

        Parameters
        ----------
        name : str
            Of the attribute.
        scale : callable (unit) to float
            What numbers are multiplied by; each dataset has a unit for itself, and a table of types none ("").

        Returns
        -------
        float array (n,)
            NaN where neither has it.
        """
        values = self.types.numbers(name, self.ids) * scale("")
        for mine, data, index in self._parts(name):
            if data.dtype.kind not in "iuf":
                each = _many(self.types.kind)
                raise TopologyError(f"{self.path}: {data.name} has type {data.dtype}; a number for each of its {each} is needed")
            given = data[:].astype(float)[index] * scale(text_of(data, "units"))
            values[mine] = np.where(np.isnan(given), values[mine], given)
        return values

    def texts(self, name: str) -> list[str]:
        """Texts of the attribute `name`: from HDF5 where it is there, else from the type; "" where neither has it."""
        values = np.array(self.types.texts(name, self.ids), dtype=object)
        for mine, data, index in self._parts(name):
            values[mine] = _words(self, name, data)[index]
        return values.tolist()

    def unit(self, name: str) -> str:
        """Unit that HDF5 gives the attribute `name`; "" where it gives none. TopologyError if its groups have several."""
        units = list(dict.fromkeys(text_of(data, "units") for _, data, _ in self._parts(name)))
        if len(units) > 1:
            told = ", ".join(f"'{unit}'" for unit in units)
            raise TopologyError(f"{self.path}: groups of {self.group.name} have {name} in the units {told}; give all the same")
        return units[0] if units else ""

    def names(self) -> list[str]:
        """Attributes that the population's groups hold."""
        groups = [item for key, item in self.group.items() if key.isdigit() and isinstance(item, h5py.Group)]
        groups += [item for item in (group.get("dynamics_params") for group in groups) if isinstance(item, h5py.Group)]
        return list(dict.fromkeys(key for group in groups for key, item in group.items() if isinstance(item, h5py.Dataset)))

    def is_text(self, name: str) -> bool:
        """Whether HDF5 gives the attribute `name` as texts, or as places in a library of texts."""
        return any(data.dtype.kind in "OS" or _library(self.group, name, data) is not None for _, data, _ in self._parts(name))

    def _parts(self, name: str) -> list[tuple[np.ndarray, h5py.Dataset, Integers]]:
        """Where an attribute is in HDF5: which elements, the dataset, and their places in it."""
        kind = self.types.kind
        if f"{kind}_group_id" not in self.group:
            return []
        owner, index = (integers(self.path, dataset(self.path, self.group, f"{kind}_group_{key}")) for key in ("id", "index"))
        if owner.size != self.n or index.size != self.n:
            raise TopologyError(
                f"{self.path}: {kind}_group_id has {owner.size} and {kind}_group_index {index.size} entries for {self.n} {_many(kind)}"
            )
        # elements of a population may be in several groups, each with attributes of its own; those of dynamics stand one level deeper
        found = []
        for number in np.unique(owner).tolist():
            data = self.group.get(f"{number}/{name}", self.group.get(f"{number}/dynamics_params/{name}"))
            if isinstance(data, h5py.Dataset):
                mine = owner == number
                _check(self, data, index[mine])
                found.append((mine, data, index[mine]))
        return found


def _library(group: h5py.Group, name: str, data: h5py.Dataset) -> h5py.Dataset | None:
    """Texts that the whole numbers of a dataset stand for."""
    found = group.get(f"{str(data.parent.name).rsplit('/', 1)[-1]}/@library/{name}")
    return found if data.dtype.kind in "iu" and isinstance(found, h5py.Dataset) else None


def _words(elements: Elements, name: str, data: h5py.Dataset) -> np.ndarray:
    """Texts of a dataset; whole numbers are places in the library of the same name."""
    library = _library(elements.group, name, data)
    if library is not None:
        words, places = cast("np.ndarray", library.asstr()[:]), integers(elements.path, data)
        if places.size and places.max() >= words.size:
            raise TopologyError(f"{elements.path}: {data.name} goes up to {places.max()}; its library has {words.size} entries")
        return words[places]
    if data.dtype.kind in "OS":
        return cast("np.ndarray", data.asstr()[:])
    return data[:].astype(str).astype(object)


def _check(elements: Elements, data: h5py.Dataset, index: Integers) -> None:
    if len(data.shape) != 1 or index.max() >= data.shape[0]:
        each = _many(elements.types.kind)
        raise TopologyError(
            f"{elements.path}: {data.name} has type {data.dtype}, shape {data.shape}; a number for each of its {each} is needed"
        )


def _many(kind: str) -> str:
    return {"edge": "links", "node": "nodes"}[kind]


def dataset(path: Path, group: h5py.Group, name: str) -> h5py.Dataset:
    """Data set called `name` that the population `group` must have; TopologyError, which names the file `path`, if it lacks it."""
    data = group.get(name)
    if not isinstance(data, h5py.Dataset):
        raise TopologyError(f"{path}: {str(group.name).split('/')[1][:-1]} population {group.name} has no dataset '{name}'")
    return data


def integers(path: Path, data: h5py.Dataset, least: int | None = 0) -> Integers:
    """Integers of `data`, none below `least` if that is given; TopologyError, which names the file `path`, if they are not."""
    if data.dtype.kind not in "iu":
        raise TopologyError(f"{path}: {data.name} has the type {data.dtype}; ids and counts are integers")
    ids = data[:].astype(np.int64)
    if least is not None and ids.size and ids.min() < least:
        raise TopologyError(f"{path}: {data.name} goes down to {ids.min()}; {least} is the least")
    return ids
