"""How long the phases of a run took, in words."""

from collections.abc import Mapping

__all__ = ["phases_taken"]

_PHASES = ("build", "train", "fit", "compile", "simulate")


def phases_taken(timing: Mapping[str, float]) -> str:
    """Seconds of the phases of a run that a reader knows, in their order.

    Parameters
    ----------
    timing : mapping from phase to seconds
        As ``metrics.json`` has it.

    Returns
    -------
    str

    Examples
    --------
    >>> phases_taken({"simulate": 1.25, "build": 0.1, "simulate_load": 0.5})
    'build 0.1, simulate 1.2'
    """
    return ", ".join(f"{phase} {timing[phase]:.1f}" for phase in _PHASES if phase in timing)
