"""Named random streams: every use of randomness has a name, and a new name never shifts an old stream."""

import hashlib

import numpy as np

from bioworkbench.records.arrays import count

__all__ = ["check_generator", "derived_seed", "seed_of", "stream", "streams"]


def stream(seed: int, name: str) -> np.random.Generator:
    """Random generator that depends on the seed and the name alone.

    Parameters
    ----------
    seed : int
        Not negative. No network and no simulation has a default seed.
    name : str
        What the numbers are for, such as ``"topology exc_inh"``.

    Returns
    -------
    Generator

    Examples
    --------
    >>> stream(1, "weights").integers(100) == stream(1, "weights").integers(100)
    np.True_
    """
    digest = hashlib.sha256(name.encode()).digest()
    key = np.frombuffer(digest[:16], dtype="<u4")
    return np.random.default_rng(np.random.SeedSequence(count("seed", seed, least=0), spawn_key=tuple(map(int, key))))


def check_generator(rng: object) -> None:
    """Refuse seeds and older generators in the place of a generator.

    Parameters
    ----------
    rng : object
        That is to be a Generator.

    Raises
    ------
    ValueError
        If it is something else.

    Examples
    --------
    >>> check_generator(1)
    Traceback (most recent call last):
    ...
    ValueError: rng = 1: must be a random generator, such as numpy.random.default_rng(1)
    """
    if not isinstance(rng, np.random.Generator):
        raise ValueError(f"rng = {rng!r}: must be a random generator, such as numpy.random.default_rng(1)")


def derived_seed(rng: np.random.Generator) -> int:
    """Seed of 64 bits drawn from a generator, for what takes a seed of its own.

    Parameters
    ----------
    rng : Generator
        Goes on by one draw.

    Returns
    -------
    int
        From 0 to 2**64 - 1; two of them are equal by chance once in 2**64.

    Examples
    --------
    >>> derived_seed(np.random.default_rng(1)) == derived_seed(np.random.default_rng(1))
    True
    """
    return int(rng.integers(2**64, dtype=np.uint64))


def seed_of(seed: int, name: str) -> int:
    """The 64 bits of a named stream, as a seed; see `stream`.

    Parameters
    ----------
    seed : int
    name : str

    Returns
    -------
    int
        From 0 to 2**64 - 1.
    """
    return derived_seed(stream(seed, name))


def streams(seed: int, *names: str) -> tuple[np.random.Generator, ...]:
    """One generator per name; see `stream`.

    Parameters
    ----------
    seed : int
        Not negative.
    *names : str
        Uses of randomness, each different.

    Returns
    -------
    tuple of Generator
        In the order of the names.

    Raises
    ------
    ValueError
        If a name is given twice: two uses would share their numbers.
    """
    if len(set(names)) < len(names):
        raise ValueError(f"stream names {names} repeat; every use of randomness needs a name of its own")
    return tuple(stream(seed, name) for name in names)
