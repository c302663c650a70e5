"""A cache of one's own for a test, with the engine that other tests have compiled: compiling it takes many seconds."""

import shutil
from pathlib import Path

from bioworkbench.simulation.backends.cpp.programs import programs


def seeded(place: Path) -> Path:
    """Put the compiled engines of the tests' cache, if there are any yet, into a new folder for programs."""
    place.mkdir(parents=True, exist_ok=True)
    for program in programs():
        if "engine" in program.structure:
            shutil.copytree(program.folder, place / program.folder.name)
    return place
