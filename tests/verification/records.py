"""What a verification test found, kept as a file that the page of reproduced claims is made from.

Where `BIOWORKBENCH_RECORDS` names a folder, `record` writes the scores of a row there; without it, tests only print. How the files become
the page: `tests.verification.reproduced`.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bioworkbench.records.averages import mean_and_error

__all__ = ["arms", "joined", "record", "seeds", "with_error"]


def seeds(default: int, first: int = 1) -> tuple[int, ...]:
    """Seeds to run: as many as `BIOWORKBENCH_SEEDS` says, or those that it lists ("3,4", "5,"), so that a row can grow on another day.

    Parameters
    ----------
    default : int
        How many without the variable.
    first : int
        The first of them.

    Returns
    -------
    tuple of int
    """
    given = os.environ.get("BIOWORKBENCH_SEEDS", str(default))
    return tuple(int(seed) for seed in given.split(",") if seed) if "," in given else tuple(range(first, first + int(given)))


def arms(known: Iterable[str]) -> tuple[str, ...]:
    """Arms to run: all, or those that `BIOWORKBENCH_ARMS` lists ("convex,gradients"), where a row needs no others.

    Parameters
    ----------
    known : iterable of str
        Those that the test has.

    Returns
    -------
    tuple of str
        In the order of the test.

    Raises
    ------
    ValueError
        If a name is not one of them.
    """
    every = tuple(known)
    wanted = [name.strip() for name in os.environ.get("BIOWORKBENCH_ARMS", ",".join(every)).split(",")]
    if unknown := sorted(set(wanted) - set(every)):
        raise ValueError(f"BIOWORKBENCH_ARMS names {', '.join(unknown)}; this test has {', '.join(every)}")
    return tuple(name for name in every if name in wanted)


def with_error(values: Sequence[float]) -> str:
    """Mean and standard error of scores in words; a single score has no error.

    Parameters
    ----------
    values : sequence of float
        One for each seed.

    Returns
    -------
    str
    """
    mean, error = mean_and_error(values)
    return f"{mean:.4f}" if error is None else f"{mean:.4f} +- {error:.4f}"


def record(row: str, of_seeds: Sequence[int], scores: Mapping[str, Sequence[float]], scale: float = 1.0) -> None:
    """Keep the scores of a row, if a folder is named for them.

    Parameters
    ----------
    row : str
        Name of the row in ``analyses/site/reproduced.toml``.
    of_seeds : sequence of int
        What the runs differ by.
    scores : mapping of name to sequence of float (n_seeds,)
        Of every arm, paired by seed.
    scale : float
        Factor to the unit of the row, such as 100 from fractions to percent.

    Raises
    ------
    ValueError
        If an arm has another number of scores than there are seeds, or one is not finite.
    """
    kept = {}
    for arm, values in scores.items():
        found = scale * np.asarray(values, dtype=float)
        if found.shape != (len(of_seeds),) or not np.isfinite(found).all():
            raise ValueError(
                f"scores of '{arm}' = {list(values)}: a finite number is needed for each of the {len(of_seeds)} seeds"
            )
        kept[arm] = [float(f"{value:.8g}") for value in found]
    if folder := os.environ.get("BIOWORKBENCH_RECORDS"):
        file, new = Path(folder) / f"{row}.json", {"seeds": [int(seed) for seed in of_seeds], "scores": kept}
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.is_file():
            new = joined(json.loads(file.read_text(encoding="utf-8")), new)
        file.write_text(json.dumps(new, indent=1) + "\n", encoding="utf-8")


def joined(old: Mapping[str, Any], new: Mapping[str, Any]) -> Mapping[str, Any]:
    """Scores of both, those of the newer run where a seed is in both; the newer ones alone where the arms are not the same.

    Parameters
    ----------
    old, new : mapping
        "seeds" and "scores" by arm.

    Returns
    -------
    mapping
    """
    if set(old["scores"]) != set(new["scores"]):
        return new
    by_seed = {
        seed: {arm: own["scores"][arm][k] for arm in own["scores"]} for own in (old, new) for k, seed in enumerate(own["seeds"])
    }
    order = sorted(by_seed)
    return {"seeds": order, "scores": {arm: [by_seed[seed][arm] for seed in order] for arm in new["scores"]}}
