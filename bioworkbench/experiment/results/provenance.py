"""Where a result comes from: versions, machine, commit, command."""

import hashlib
import importlib.metadata
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["PACKAGES", "code", "provenance", "versions"]

PACKAGES = ("bioworkbench", "brian2", "numpy", "scipy", "scikit-learn", "networkx", "numba", "jax", "h5py", "matplotlib")


def provenance() -> dict[str, Any]:
    """What is needed to repeat a run, apart from its spec: versions, sources, machine, git commit, command and time."""
    return {
        "versions": dict(versions()),
        "code": code(),
        "machine": {"system": platform.platform(), "processor": platform.machine(), "n_cores": os.cpu_count()},
        "git": _git(),
        "command": " ".join([os.path.basename(sys.argv[0]), *sys.argv[1:]]),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }


@cache
def versions() -> dict[str, str | None]:
    """Versions of Python and of the packages that results depend on; None for one that is not installed."""
    return {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES}


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


@cache
def code() -> str:
    """SHA-256 of the package's sources, whose defaults are part of every fingerprint."""
    sources = sorted(Path(__file__).parents[2].rglob("*.py"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()


@cache
def _git() -> dict[str, Any] | None:
    """Commit of the working directory, when first asked for, and whether files differ from it; None outside a repository."""
    commit = _output("git", "rev-parse", "HEAD")
    return None if commit is None else {"commit": commit, "changed": bool(_output("git", "status", "--porcelain", "-uno"))}


def _output(*command: str) -> str | None:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
