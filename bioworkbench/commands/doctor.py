"""``bioworkbench doctor``: what this machine has and lacks."""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from bioworkbench.commands.terminal import MISSING, labeled, output, with_exit_codes, words
from bioworkbench.experiment.results.provenance import versions
from bioworkbench.neurons import noisy_lif
from bioworkbench.records.errors import SimulationError
from bioworkbench.records.network import Network, Population
from bioworkbench.records.stimulus import silence
from bioworkbench.simulation import BACKENDS, simulate
from bioworkbench.simulation.backends.cpp.toolchain import compiler, flags
from bioworkbench.simulation.backends.cuda.toolkit import brian2cuda_version, curand, gpu, missing_for_cuda, nvcc, nvcc_version

__all__ = ["Finding", "doctor_command", "findings", "probed"]

_EXTRAS = {"jax": 'pip install "bioworkbench[gradients]", for training by gradients'}


@dataclass(frozen=True)
class Finding:
    """What was looked for, what was found, and how to fix it.

    Parameters
    ----------
    what : str
    found : str
        Empty if it is missing.
    fix : str
    needed : bool
        Whether nothing works without it.
    """

    what: str
    found: str
    fix: str
    needed: bool = False


@with_exit_codes
def doctor_command(
    probe: Annotated[bool, typer.Option("--probe")] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Look for Python, packages, compiler, CUDA and data, and say how to get what is missing.

    Parameters
    ----------
    probe : bool
        Build and run a tiny network on each backend; a minute or so.
    as_json : bool
        Print the findings as JSON.
    """
    found = findings() + (probed() if probe else [])
    if as_json:
        output.print_json(json.dumps([asdict(finding) for finding in found]))
    else:
        for finding in found:
            state, style = ("fine", "green") if finding.found else ("missing", "red") if finding.needed else ("without", "yellow")
            output.print(labeled(f"{state:7}", f"{finding.what}: {finding.found or finding.fix}", style))
        output.print("Next: bioworkbench new my_experiment")
    if any(finding.needed and not finding.found for finding in found):
        raise typer.Exit(MISSING)


def findings() -> list[Finding]:
    """Everything that matters on this machine, what is needed first."""
    python = platform.python_version() if sys.version_info >= (3, 11) else ""
    return [
        Finding("Python", python, "install Python 3.11 or later", needed=True),
        *_packages(),
        Finding(
            "C++ compiler",
            _compiler(),
            "install one, such as g++ (apt install g++), for the backends cpp and cython",
            needed=True,
        ),
        Finding("C++ flags", " ".join(flags()) if compiler() else "", "they are tried once there is a compiler"),
        Finding("data folder", _data(), "set BIOWORKBENCH_DATA to the folder with mnist.npz and other data; digits need none"),
        *_cuda(),
    ]


def _cuda() -> list[Finding]:
    device, library = gpu(), curand()
    extra = 'pip install "bioworkbench[cuda]" with Python 3.12 or later, for backend cuda'
    return [
        Finding("brian2cuda", brian2cuda_version(), extra),
        Finding(
            "nvcc",
            f"{nvcc_version()} ({nvcc()})" if nvcc_version() else "",
            "install the CUDA toolkit, 12.0 or later, for backend cuda",
        ),
        Finding("cuRAND", str(library[1]) if library else "", f"it comes with the CUDA toolkit, or {extra}"),
        Finding("NVIDIA GPU", str(device or ""), "backend cuda needs one, with its driver (nvidia-smi lists it)"),
        Finding("backend cuda", "" if missing_for_cuda() else "has all it needs", f"it needs {missing_for_cuda()}"),
    ]


def probed() -> list[Finding]:
    """Whether a tiny network can be built and run on each backend, and what that takes; programs are built again."""
    with tempfile.TemporaryDirectory() as folder:
        kept = os.environ.get("BIOWORKBENCH_CACHE")
        os.environ["BIOWORKBENCH_CACHE"] = folder
        try:
            return [Finding(f"backend {backend}", *_probe(backend)) for backend in BACKENDS]
        finally:
            os.environ.pop("BIOWORKBENCH_CACHE")
            os.environ.update({} if kept is None else {"BIOWORKBENCH_CACHE": kept})


def _probe(backend: str) -> tuple[str, str]:
    """What a backend did, or what it lacks."""
    words.print(f"trying backend {backend}")
    network = Network((Population("cells", 10, noisy_lif()),))
    started = time.perf_counter()
    try:
        recording = simulate(network, silence(0.05, n_trials=2), 1, dt=1e-3, backend=backend, record=["cells.v"])
    except SimulationError as error:
        return "", f"install {error.missing}" if error.missing else f"fails: {error}"
    if recording.traces["cells.v"].shape != (2, 50, 10):
        return "", f"recorded {recording.traces['cells.v'].shape} in place of (2, 50, 10) values; please report this"
    return f"built and ran a network in {time.perf_counter() - started:.1f} s", ""


def _packages() -> list[Finding]:
    return [
        Finding(name, version or "", _EXTRAS.get(name, f"pip install {name}"), needed=name not in _EXTRAS)
        for name, version in versions().items()
        if name != "python"
    ]


def _compiler() -> str:
    path = compiler()
    return "" if path is None else _first_line(path, "--version") or path


def _data() -> str:
    folder = os.environ.get("BIOWORKBENCH_DATA", "")
    return folder if folder and Path(folder).is_dir() else ""


def _first_line(*command: str) -> str:
    """The first line of what a program prints; empty if it is missing or fails."""
    if shutil.which(command[0]) is None:
        return ""
    try:
        lines = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout.strip().splitlines()
    except (OSError, subprocess.SubprocessError):
        return ""
    return lines[0].strip() if lines else ""
