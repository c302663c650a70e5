"""What sets of parameters may change, and which of them can share a simulation."""

from collections.abc import Iterable, Sequence
from dataclasses import fields

import numpy as np

from bioworkbench.records.stimulus import SpikeTrains, Stimulus

__all__ = ["check_parameters", "sets_alike"]

_CHANGED = ("populations", "projections", "models", "stimuli", "network", "downscaling")


def check_parameters(names: Iterable[str]) -> None:
    """Refuse parameters that no set could have for itself: those of the simulation, the task or the recording.

    Parameters
    ----------
    names : iterable of str
        Dotted fields of a spec.

    Raises
    ------
    ValueError
        Naming the first.
    """
    other = [name for name in names if name.split(".")[0] not in _CHANGED or "." not in name]
    if other:
        raise ValueError(
            f"'{other[0]}' is the same for all sets of parameters; those that differ begin with {', '.join(_CHANGED)}"
        )


def sets_alike(stimuli: Sequence[Sequence[Stimulus | SpikeTrains]]) -> list[list[int]]:
    """Sets of parameters in groups with the same stimuli, which copies of a network share.

    Parameters
    ----------
    stimuli : sequence of sequence of Stimulus or SpikeTrains
        Of each set.

    Returns
    -------
    list of list of int
        Places of the sets.
    """
    groups: list[list[int]] = []
    for place, given in enumerate(stimuli):
        group = next((group for group in groups if _alike(stimuli[group[0]], given)), None)
        if group is None:
            groups.append([place])
        else:
            group.append(place)
    return groups


def _alike(one: Sequence[Stimulus | SpikeTrains], other: Sequence[Stimulus | SpikeTrains]) -> bool:
    return len(one) == len(other) and all(
        type(a) is type(b) and all(np.array_equal(getattr(a, field.name), getattr(b, field.name)) for field in fields(a))
        for a, b in zip(one, other, strict=True)
    )
