"""What the backend "cuda" needs and where it is found: brian2cuda, nvcc, cuRAND and a GPU."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bioworkbench.records.errors import SimulationError

__all__ = [
    "Gpu",
    "brian2cuda_version",
    "budget",
    "curand",
    "explained",
    "gpu",
    "missing_for_cuda",
    "missing_to_build",
    "nvcc",
    "nvcc_version",
    "sm",
]

OLDEST_NVCC = (12, 0)
OLDEST_GPU = 7.0
_MOST_BYTES = 16e9  # of a run: no array has more elements then than an int can count
_FULL = ("out of memory", "bad_alloc", "ALLOCATION_FAILED", "while allocating")
_OLD_DRIVER = ("driver version is insufficient", "no kernel image", "unsupported toolchain")


@dataclass(frozen=True)
class Gpu:
    """An NVIDIA GPU.

    Parameters
    ----------
    name : str
    capability : float
        Compute capability, such as 9.0.
    memory, free : int, bytes
    driver : str
    """

    name: str
    capability: float
    memory: int
    free: int
    driver: str

    def __str__(self) -> str:
        """Name, compute capability, memory and driver."""
        return f"{self.name}, compute capability {self.capability}, {self.memory / 1e9:.3g} GB, driver {self.driver}"


def gpu() -> Gpu | None:
    """The GPU that programs run on: the first of CUDA_VISIBLE_DEVICES, or of this machine; None if there is none."""
    program = shutil.which("nvidia-smi")
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if program is None or visible == "":
        return None
    asked = "name,compute_cap,memory.total,memory.free,driver_version"
    command = [
        program,
        f"--query-gpu={asked}",
        "--format=csv,noheader,nounits",
        f"--id={visible.split(',')[0]}" if visible else "",
    ]
    try:
        done = subprocess.run([part for part in command if part], capture_output=True, text=True, timeout=60, check=True)
        name, capability, memory, free, driver = (part.strip() for part in done.stdout.splitlines()[0].split(","))
        return Gpu(name, float(capability), int(memory) * 2**20, int(free) * 2**20, driver)
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None


def nvcc() -> Path | None:
    """CUDA's compiler: on the PATH, or below CUDA_HOME, CUDA_PATH or /usr/local/cuda; None if there is none."""
    found = shutil.which("nvcc")
    if found:
        return Path(found)
    places = [Path(os.environ[name]) for name in ("CUDA_HOME", "CUDA_PATH") if name in os.environ]
    return next((p / "bin" / "nvcc" for p in [*places, Path("/usr/local/cuda")] if (p / "bin" / "nvcc").exists()), None)


def nvcc_version() -> str:
    """Version of CUDA's compiler, such as "13.0.88"; empty if there is none."""
    program = nvcc()
    found = re.search(r"\bV(\d+\.\d+\.\d+)", _output(str(program), "--version")) if program else None
    return found.group(1) if found else ""


@cache
def _output(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


def curand() -> tuple[Path, Path] | None:
    """Folder of cuRAND's headers and file of its library: of nvcc's toolkit, or of the package nvidia-curand; None if not installed."""
    program = nvcc()
    top = re.search(r"^#\$ TOP=(.*)$", _dry_run(str(program)), re.MULTILINE) if program else None
    places = [Path(top.group(1))] if top else []
    package = importlib.util.find_spec("nvidia")
    for root in (package.submodule_search_locations or []) if package else []:
        places += sorted(Path(root).iterdir(), reverse=True)
    for place in places:
        folders = (place / "lib64", place / "lib", *place.glob("targets/*/lib"))
        headers = [
            folder for folder in (place / "include", *place.glob("targets/*/include")) if (folder / "curand_kernel.h").exists()
        ]
        libraries = [library for folder in folders for library in sorted(folder.glob("libcurand.so*"))]
        if headers and libraries:
            return headers[0], libraries[0]
    return None


@cache
def _dry_run(program: str) -> str:
    done = subprocess.run([program, "--dryrun", "-x", "cu", "/dev/null"], capture_output=True, text=True, check=False)
    return done.stderr + done.stdout


def brian2cuda_version() -> str:
    """Version of brian2cuda; empty if it is not installed."""
    try:
        return version("brian2cuda")
    except PackageNotFoundError:
        return ""


def missing_to_build() -> str:
    """What this machine lacks to generate and compile CUDA programs, with the way to get it; empty if nothing."""
    if sys.version_info < (3, 12):
        return f"Python 3.12 or later; this is {sys.version_info.major}.{sys.version_info.minor}"
    if not brian2cuda_version():
        return 'brian2cuda, which is not installed (pip install "bioworkbench[cuda]")'
    found = nvcc_version()
    oldest = ".".join(map(str, OLDEST_NVCC))
    if not found:
        return f"CUDA's compiler nvcc {oldest} or later on the PATH or below CUDA_HOME; none was found (install the CUDA toolkit)"
    if tuple(map(int, found.split(".")[:2])) < OLDEST_NVCC:
        return f"CUDA's compiler nvcc {oldest} or later; {nvcc()} is {found} (install a newer CUDA toolkit)"
    if curand() is None:
        return "cuRAND, which is neither in the CUDA toolkit nor installed as a package (pip install nvidia-curand)"
    return ""


def missing_for_cuda() -> str:
    """What this machine lacks for the backend "cuda", with the way to get it; empty if nothing."""
    lacking = missing_to_build()
    if lacking:
        return lacking
    found = gpu()
    if found is None:
        return "an NVIDIA GPU; none was found (nvidia-smi lists none, or CUDA_VISIBLE_DEVICES is empty)"
    if found.capability < OLDEST_GPU:
        return f"a GPU of compute capability {OLDEST_GPU} or later; {found.name} has {found.capability}"
    known = _output(str(nvcc()), "--list-gpu-code")
    if known and sm(found.capability) not in known.split():
        return f"a CUDA toolkit that compiles for compute capability {found.capability} ({found.name}); nvcc {nvcc_version()} does not"
    return ""


def sm(capability: float) -> str:
    """Name that nvcc has for a compute capability.

    Parameters
    ----------
    capability : float

    Returns
    -------
    str

    Examples
    --------
    >>> sm(9.0)
    'sm_90'
    """
    return "sm_" + f"{capability:.1f}".replace(".", "")


def budget(memory: float | None) -> int:
    """Memory of one run on the GPU, bytes: as given, or half of the GPU's, and 16 GB at most.

    Parameters
    ----------
    memory : float, bytes, or None

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If the GPU has less than was asked for.
    """
    found = gpu()
    if found is None:
        return int(min(memory or _MOST_BYTES, _MOST_BYTES))
    if memory is not None and memory > found.memory:
        raise ValueError(f"memory = {memory / 1e9:.3g} GB: {found.name} has {found.memory / 1e9:.3g} GB; lower it")
    return int(min(memory or found.memory / 2, _MOST_BYTES))


def explained(error: SimulationError, found: Gpu) -> SimulationError:
    """The error of a program, in words of the GPU if it is about its memory or driver.

    Parameters
    ----------
    error : SimulationError
    found : Gpu

    Returns
    -------
    SimulationError
    """
    words = str(error)
    if any(sign in words for sign in _FULL):
        return SimulationError(
            f"the memory of {found.name} is full ({found.free / 1e9:.3g} of {found.memory / 1e9:.3g} GB were free); lower memory, "
            f"record fewer neurons, or end what else runs there. Nothing was recorded.\n{words}",
            missing="GPU memory",
        )
    if any(sign in words for sign in _OLD_DRIVER):
        return SimulationError(
            f"driver {found.driver} of {found.name} is too old for CUDA {nvcc_version()}; install a newer driver or an older "
            f"toolkit. Nothing was simulated.\n{words}",
            missing="a newer NVIDIA driver",
        )
    return error
