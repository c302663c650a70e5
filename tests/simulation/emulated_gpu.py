"""CUDA programs on the CPU: the sources that nvcc would compile, compiled by g++ with a GPU in a few lines (emulated_gpu.h)."""

import re
import subprocess
from pathlib import Path
from types import SimpleNamespace

from bioworkbench.simulation.backends.cpp.programs import own_sources
from bioworkbench.simulation.backends.cuda import builds as cuda_builds
from bioworkbench.simulation.backends.cuda import source as cuda_source
from bioworkbench.simulation.backends.cuda import toolkit as cuda
from bioworkbench.simulation.backends.cuda.programs import Toolchain

SHIM = Path(__file__).with_name("emulated_gpu.h")
PROVIDED = ("thrust/", "curand", "cuda")  # by the shim


def emulate(monkeypatch):
    """Let the backend "cuda" run its programs on the CPU."""
    device = cuda.Gpu("emulated GPU", 9.0, 8 * 2**30, 8 * 2**30, "none")
    for module in (cuda, cuda_builds):
        monkeypatch.setattr(module, "gpu", lambda: device)
    real = cuda_builds.cuda_toolchain
    monkeypatch.setattr(cuda_builds, "cuda_toolchain", lambda *arguments: toolchain(real(*arguments)))


def toolchain(real):
    """The toolchain of a GPU, with g++ in place of nvcc."""
    source = SimpleNamespace(**{name: getattr(cuda_source, name) for name in ("load_value", "load_indices", "insert_segments")})
    source.unite = unite
    thrust = [f"-I{folder}" for folder in thrust_folders()]
    flags = ["-std=c++17", "-w", "-O0", "-ffp-contract=off", "-DTHRUST_DEVICE_SYSTEM=THRUST_DEVICE_SYSTEM_CPP", *thrust]

    def command(job):
        return ["g++", *flags, "-I.", "-include", str(SHIM), "program.cpp", "-o", "main"]

    return Toolchain(real.device, source, command, lambda: (*real.surroundings(), SHIM.read_text(), own_sources()), real.set_up)


def thrust_folders():
    """Where nvcc looks for Thrust."""
    words = subprocess.run([str(cuda.nvcc()), "--dryrun", "-x", "cu", "/dev/null"], capture_output=True, text=True).stderr
    top = Path(re.search(r"^#\$ TOP=(.*)$", words, re.MULTILINE).group(1))
    return [folder for folder in (top / "include" / "cccl", top / "include") if (folder / "thrust").is_dir()]


def unite(folder, job):
    """The united source, with launches of kernels as loops."""
    cuda_source.unite(folder, job)
    text = (folder / "program.cu").read_text()
    text = re.sub(r'^#include\s*[<"](?:' + "|".join(PROVIDED) + r').*[>"]$', "", text, flags=re.MULTILINE)
    text = re.sub(r"(\w+)<<<([^,>]+),([^,>]+)(?:,[^>]+)?>>>\(", r"for (Launch _launch(\2, \3); _launch.next();) \1(", text)
    (folder / "program.cpp").write_text(text)
    for header in [*folder.glob("*.h"), *(folder / "brianlib").glob("*.h")]:
        words = re.sub(
            r'^\s*#\s*include\s*[<"](?:' + "|".join(PROVIDED) + r')(?!_utils|Vector).*[>"]',
            "",
            header.read_text(),
            flags=re.MULTILINE,
        )
        header.write_text(words)
