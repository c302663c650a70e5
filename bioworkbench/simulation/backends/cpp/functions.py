"""From texts of functions to a program: compiled once per set of texts, linked with the engine, kept in the program cache.

The engine itself is compiled once per machine, compiler and flags, and kept there too.
"""

import hashlib
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import brian2
import numpy as np
from brian2.codegen.generators.cpp_generator import CPPCodeGenerator

from bioworkbench.records.errors import SimulationError
from bioworkbench.records.normals import normal_coefficients
from bioworkbench.simulation.backends.cpp.programs import cache_folder, program_in_use
from bioworkbench.simulation.backends.cpp.toolchain import compile_in, compiler, compiler_version, missing_compiler

__all__ = ["AS_WRITTEN", "CONTINUOUS", "ENGINE", "FAST_MATH", "functions_text", "name_of_text", "normal_table", "program_of"]

FAST_MATH = ("-ffast-math", "-fno-finite-math-only")  # as Brian2 compiles
# Of functions, besides. Vectors have 256 bits also where there are wider ones, whose stores and conversions take longer than they save;
# compilers choose so themselves for processors of Intel.
CONTINUOUS = (*FAST_MATH, *(("-mprefer-vector-width=256",) if platform.machine() in ("x86_64", "AMD64") else ()))
AS_WRITTEN = ("-ffp-contract=off",)  # of the engine, and of functions of models in discrete time: they compute what is written

ENGINE = Path(__file__).parent / "engine"
_SOURCES = tuple(path.name for path in sorted(ENGINE.glob("*.cpp")))


def name_of_text(text: str, file: str = "functions") -> str:
    """Name of a function, which its `text` and the `file` that it is in decide."""
    return f"f_{hashlib.sha256(f'{file} {text}'.encode()).hexdigest()[:24]}"


def functions_text(functions: Iterable[tuple[str, str]], file: str = "functions") -> str:
    """Source of functions that are compiled together.

    Parameters
    ----------
    functions : iterable of (text, types)
        A function called ``run``, and the types of its arguments (`codeobject.types_of`). Equal ones are written once.
    file : str
        Name of the file; functions in different files may be compiled with different flags.

    Returns
    -------
    str
        Empty if there are no functions.
    """
    distinct = {name_of_text(text, file): (text, types) for text, types in functions}
    creates = any("_growing__synaptic_pre" in text for text, _ in distinct.values())
    prints = any("cout" in text for text, _ in distinct.values())
    parts = [
        *(f"#include <{header}>" for header in (["map", "set"] if creates else []) + (["iostream"] if prints or creates else [])),
        '#include "engine.h"',
        "using namespace std;",
        "using namespace bioworkbench;",
        CPPCodeGenerator.universal_support_code,
        *(f"namespace {name} {{\n{text}\nstatic const Function known(\"{name}\", \"{types}\", run);\n}}"
          for name, (text, types) in sorted(distinct.items())),
    ]  # fmt: skip
    return "\n".join(parts) + "\n" if distinct else ""


@cache
def normal_table() -> str:
    """Header of the table from which the engine draws normal numbers: bits of single-precision coefficients, by power and octave."""
    rows = ",\n".join("{" + ", ".join(f"{bits:#010x}u" for bits in row) + "}" for row in normal_coefficients().view(np.uint32))
    return f"alignas(64) static const uint32_t NORMAL_TABLE[][{normal_coefficients().shape[1]}] = {{\n{rows}}};\n"


@cache
def _engine_sources() -> str:
    return "\n".join(path.read_text() for path in sorted(ENGINE.iterdir()))


def _key(*parts: str) -> str:
    return hashlib.sha256("\0".join((brian2.__version__, platform.machine(), compiler_version(), *parts)).encode()).hexdigest()[
        :32
    ]


@contextmanager
def program_of(
    texts: Mapping[str, str],
    flags: tuple[str, ...],
    more: Mapping[str, tuple[str, ...]],
    made: Callable[[Callable[[], None]], None] = lambda make: make(),
) -> Iterator[Path]:
    """The program of some functions, from the cache if it was built before; nobody removes it meanwhile.

    Parameters
    ----------
    texts : mapping from name to text
        Each from `functions_text`; empty ones are left out.
    flags : tuple of str
        Of the compiler, for the engine and for all functions.
    more : mapping from name to tuple of str
        Flags for the functions of that name besides.
    made : callable (make)
        Called when something is compiled, and calls `make`, which does it.

    Yields
    ------
    Path
        Of the program.

    Raises
    ------
    SimulationError
        If there is no compiler, or it fails.
    """
    if lacking := missing_compiler():
        raise SimulationError(f"Brian2's device 'bioworkbench' needs {lacking}", missing=lacking)
    engine_key = _key(_engine_sources(), normal_table(), *flags)
    sources = [(name, text, more.get(name, ())) for name, text in sorted(texts.items()) if text]

    def build_engine(folder: Path) -> Mapping[str, Any]:
        (folder / "normal_table.h").write_text(normal_table())
        with ThreadPoolExecutor(len(_SOURCES)) as compilers:  # side by side: it is what a first run waits for
            done = [
                compilers.submit(_compile, [*flags, *AS_WRITTEN, "-I.", "-c", str(ENGINE / source)], folder, engine_key)
                for source in _SOURCES
            ]
        for compiled in done:
            compiled.result()
        return {"engine": list(flags)}

    def build_program(folder: Path) -> Mapping[str, Any]:
        made(lambda: compile_program(folder))
        return {"functions": sum(text.count("namespace f_") for _, text, _ in sources)}

    def compile_program(folder: Path) -> None:
        with program_in_use(engine_key, build_engine) as engine:
            # The engine is a program of the cache too, and in use while this one is linked, so that nobody removes it.
            objects = [str(engine / source.replace(".cpp", ".o")) for source in _SOURCES]
            for name, text, own in sources:
                (folder / f"{name}.cpp").write_text(text)
                # With flags of their own, files are compiled one by one and then linked; one alone goes straight into the
                # program.
                if len(sources) > 1:
                    _compile([*flags, *own, f"-I{ENGINE}", "-c", f"{name}.cpp"], folder, key)
            own = (
                [*sources[0][2], f"-I{ENGINE}", f"{sources[0][0]}.cpp"] if len(sources) == 1 else [f"{n}.o" for n, *_ in sources]
            )
            _compile([*flags, *own, *objects, "-o", "main"], folder, key)
        for compiled in folder.glob("*.o"):
            compiled.unlink()

    key = _key(engine_key, *(word for name, text, own in sources for word in (name, text, *own)))
    with program_in_use(key, build_program) as program:
        yield program / "main"


def _compile(arguments: list[str], folder: Path, key: str) -> None:
    compile_in(folder, [str(compiler()), *arguments], cache_folder() / f"{key}.log")
