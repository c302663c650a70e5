"""Named random streams: every use of randomness has a name, and a new name never shifts an old stream."""

import hashlib

import numpy as np

from bioworkbench.arrays import count

__all__ = ["stream", "streams"]


def stream(seed: int, name: str) -> np.random.Generator:
    """Random generator that depends on the seed and the name alone.

    Parameters
    ----------
    seed : int
        Not negative. Nothing in the package has a default seed.
    name : str
        What the numbers are for, such as ``"topology exc_inh"``.

    Examples
    --------
    >>> stream(1, "weights").integers(100) == stream(1, "weights").integers(100)
    np.True_
    """
    digest = hashlib.sha256(name.encode()).digest()
    key = np.frombuffer(digest[:16], dtype="<u4")
    return np.random.default_rng(np.random.SeedSequence(count("seed", seed, least=0), spawn_key=tuple(map(int, key))))


def streams(seed: int, *names: str) -> tuple[np.random.Generator, ...]:
    """One generator per name; see `stream`.

    Raises
    ------
    ValueError
        If a name is given twice: two uses would share their numbers.
    """
    if len(set(names)) < len(names):
        raise ValueError(f"stream names {names} repeat; every use of randomness needs a name of its own")
    return tuple(stream(seed, name) for name in names)
