"""The C++ compiler of this machine, and how a command of it or another compiler is run."""

import contextlib
import shutil
import subprocess
from functools import cache
from pathlib import Path

from bioworkbench.records.errors import SimulationError
from bioworkbench.records.posix import fcntl
from bioworkbench.simulation.processes import completed

__all__ = ["compile_in", "compiler", "compiler_version", "flags", "missing_compiler"]


def compiler() -> str | None:
    """Path of the C++ compiler, if there is one."""
    return shutil.which("g++") or shutil.which("c++") or shutil.which("clang++")


def missing_compiler() -> str:
    """Name what compiled programs need and this machine lacks, and the way to get it; empty if it has all."""
    if fcntl is None:
        return "a POSIX system, whose locks keep its programs whole (on Windows, run bioworkbench in WSL)"
    return "" if compiler() else "a C++ compiler such as g++ (apt install g++)"


@cache
def compiler_version() -> str:
    """Version of the compiler and abilities of the processor, on which programs depend that are compiled for this machine."""
    version = subprocess.run([str(compiler()), "--version"], capture_output=True, text=True, check=False).stdout
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    return version + next((line for line in lines if line.startswith("flags")), "")


@cache
def flags() -> tuple[str, ...]:
    """Flags of all programs: for this very processor, where the compiler knows how to say so, as some on Macs do not."""
    native = (flag for flag in ("-march=native", "-mcpu=native") if _is_known(flag))
    return ("-w", "-O3", *[flag for flag in [next(native, "")] if flag], "-std=c++17", "-pthread")


def _is_known(flag: str) -> bool:
    """Whether the compiler takes a flag."""
    command = [str(compiler()), flag, "-Werror", "-x", "c++", "-fsyntax-only", "-"]
    return subprocess.run(command, input="int main() {}\n", capture_output=True, text=True, check=False).returncode == 0


def compile_in(folder: Path, command: list[str], log: Path) -> None:
    """Run a compiler.

    Parameters
    ----------
    folder : Path
        In which it runs.
    command : list of str
    log : Path
        Gets the command and all that the compiler says if it fails; beside the folder of the build, which is removed then.

    Raises
    ------
    SimulationError
        If it fails, with its first error.
    """
    done = completed(command, folder, {"TMPDIR": str(folder)})  # where a killed compiler's files go with the folder
    if done.returncode:
        with contextlib.suppress(OSError):  # a full disk is in the compiler's own words
            log.write_text(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
        first = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr[-300:])
        raise SimulationError(f"the compiler failed: {first}\nThe whole log is in {log}")
