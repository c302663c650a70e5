"""Configurations of SONATA: which files a circuit and its simulation consist of, under any name and in any folder."""

import json
import re
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import Any

from bioworkbench.records.errors import ResultError, unknown_name

__all__ = ["MAX_BYTES", "SonataConfig", "read_config", "read_json"]

MAX_BYTES = 2**24  # of a JSON file

_USUAL = ("config.json", "circuit_config.json", "config.circuit.json", "simulation_config.json", "config.simulation.json")
_VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")
_DEEPEST = 10  # variables that name variables


@dataclass(frozen=True)
class SonataConfig:
    """One file of a configuration.

    Parameters
    ----------
    path : Path
    root : Path
        Folder that all files must lie in.
    content : mapping
    variables : mapping from str to str
        Of the manifest, without ``$``.
    """

    path: Path
    root: Path
    content: Mapping[str, Any]
    variables: Mapping[str, str]

    def text(self, given: str) -> str:
        """A text with its variables replaced.

        Parameters
        ----------
        given : str
            As in the configuration.

        Returns
        -------
        str

        Raises
        ------
        ResultError
            If a variable is not in the manifest, or variables name each other in a circle.
        """
        text = given
        for _ in range(_DEEPEST):
            if not _VARIABLE.search(text):
                return text
            text = _VARIABLE.sub(self._value, text)
        raise ResultError(f"{self.path}: the variables of '{given}' name each other more than {_DEEPEST} deep; write them out")

    def _value(self, match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name not in self.variables:
            raise ResultError(
                f"{self.path}: {unknown_name(f'${name}', 'manifest variable', [f'${known}' for known in self.variables])}"
            )
        return self.variables[name]

    def file(self, given: str) -> Path:
        """Path of a file that the configuration names; relative to the folder of the configuration.

        Parameters
        ----------
        given : str
            As in the configuration.

        Returns
        -------
        Path

        Raises
        ------
        ResultError
            If there is none, or it lies outside the root folder.

        Warns
        -----
        UserWarning
            If it is not where the configuration says, and the only file of its name below the folder is taken.
        """
        text = self.text(str(given))
        path = (self.path.parent / text).resolve()
        inside = path.is_relative_to(self.root)
        if inside and path.is_file():
            return path
        moved = [
            one
            for one in sorted(self.path.parent.rglob(escape(path.name) or "no name"))
            if one.resolve().is_relative_to(self.root) and one.is_file()
        ]
        if len(moved) == 1:
            warnings.warn(
                f"{self.path} names '{text}', which is not there; {moved[0]} is read instead", UserWarning, stacklevel=2
            )
            return moved[0].resolve()
        if not inside:
            raise ResultError(
                f"{self.path} names '{text}', which is outside; only files of the folder are read; move it inside, or give root = the "
                "folder that holds all, in Python"
            )
        raise ResultError(
            f"{self.path} names '{text}', which is not a file; fetch it, or change the manifest (in Python, manifest = {{'$NAME': folder}})"
        )

    def folder(self, given: str) -> Path | None:
        """Path of the folder that the configuration names as `given`; None where there is none inside the root folder."""
        path = (self.path.parent / self.text(str(given))).resolve()
        return path if path.is_dir() and path.is_relative_to(self.root) else None


def read_config(
    path: str | Path,
    *,
    root: str | Path | None = None,
    manifest: Mapping[str, str] | None = None,
    one_simulation: bool = False,
) -> tuple[SonataConfig, ...]:
    """All files of a configuration.

    Parameters
    ----------
    path : str or path
        A configuration, or a folder with one.
    root : str or path, optional
        Folder that all files must lie in; by default that of the configuration.
    manifest : mapping from variable to text, optional
        In place of what the manifests say: ``{"$NETWORK_DIR": "network"}``.
    one_simulation : bool
        Refuse a folder with several configurations of simulations also where all have the same networks.

    Returns
    -------
    tuple of SonataConfig
        The file itself, and those that its ``network`` and ``simulation`` name.

    Raises
    ------
    ResultError
        If a file is missing, too large, outside, or not a configuration; or a folder has none, or several.
    """
    path = Path(path)
    path = _configuration(path, one_simulation) if path.is_dir() else path
    top = Path(root if root is not None else path.parent).resolve()
    changed = {_bare(name): str(value) for name, value in (manifest or {}).items()}
    found: list[SonataConfig] = []
    waiting = [path]
    while waiting:
        part = _part(waiting.pop(0), top, changed)
        found.append(part)
        if len(found) > _DEEPEST:
            raise ResultError(
                f"{path} names {len(found)} configurations, each in the one before; more than {_DEEPEST} are not read"
            )
        waiting += [part.file(part.content[key]) for key in ("network", "simulation") if isinstance(part.content.get(key), str)]
    return tuple(found)


def _part(path: Path, root: Path, changed: Mapping[str, str]) -> SonataConfig:
    content = read_json(path)
    if not isinstance(content, dict) or not isinstance(content.get("manifest", {}), dict):
        raise ResultError(
            f"{path} holds a {type(content).__name__}; a configuration is a table of networks, network or simulation"
        )
    given = {_bare(name): str(value) for name, value in content.get("manifest", {}).items()}
    return SonataConfig(path, root, content, {"configdir": str(path.parent.resolve()), **given, **changed})


def _bare(name: str) -> str:
    """Name of a variable without ``$`` and braces."""
    return name.strip("${}")


def read_json(path: Path) -> Any:
    """Content of a JSON file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    object

    Raises
    ------
    ResultError
        If it is missing, too large, or not JSON.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ResultError(f"{path} has {size} bytes; more than {MAX_BYTES} are not read")
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ResultError(f"{path} cannot be read ({error.strerror or error}); name a configuration or its folder") from error
    except (ValueError, RecursionError) as error:
        if isinstance(error, ResultError):
            raise
        raise ResultError(f"{path} is not JSON: {error}; fetch it again") from error


def _configuration(folder: Path, one_simulation: bool) -> Path:
    """The configuration of a folder: one of the usual name, else the only one with networks."""
    usual = [folder / name for name in _USUAL if (folder / name).is_file()]
    if usual:
        return usual[0]
    found = dict(_with_networks(sorted(folder.glob("*.json"))))
    if not found:
        raise ResultError(
            f"{folder} has no configuration: no JSON file with networks, and none of {', '.join(_USUAL)}; name the file"
        )
    alike = len({json.dumps(networks, sort_keys=True) for networks in found.values()}) == 1
    if len(found) > 1 and (one_simulation or not alike):
        raise ResultError(f"{folder} has the configurations {', '.join(path.name for path in found)}; name the one that is meant")
    return next(iter(found))


def _with_networks(paths: Iterable[Path]) -> Iterable[tuple[Path, Any]]:
    for path in paths:
        try:
            content = read_json(path)
        except ResultError:
            continue
        if isinstance(content, dict) and ("networks" in content or "network" in content):
            yield path, content.get("networks", content.get("network"))
