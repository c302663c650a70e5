"""Trials one after another in a single long one."""

import numpy as np

from bioworkbench.records.stimulus import Stimulus

__all__ = ["one_after_another"]

_TICK = 1e-6  # seconds


def one_after_another(stimulus: Stimulus, pause: float) -> Stimulus:
    """All trials of a stimulus as one, each followed by a pause without input.

    Parameters
    ----------
    stimulus : Stimulus
    pause : float, seconds
        Whole microseconds; of impulses, whole frames.

    Returns
    -------
    Stimulus
        Of one trial, with frames that divide those given and the pause.

    Raises
    ------
    ValueError
        If a pause between impulses is no whole number of frames.

    Examples
    --------
    >>> joined = one_after_another(Stimulus([[[1.0]], [[2.0]]], 0.002), 0.001)
    >>> joined.values.ravel().tolist(), joined.frame
    ([1.0, 1.0, 0.0, 2.0, 2.0, 0.0], 0.001)
    """
    frame, silent = round(stimulus.frame / _TICK), round(pause / _TICK)
    unit = int(np.gcd(frame, silent))
    if stimulus.kind == "spikes" and unit != frame:
        raise ValueError(f"pause = {pause} s: between impulses it must be a multiple of their frame, {stimulus.frame} s")
    held = np.repeat(stimulus.values, frame // unit, axis=1)
    padded = np.pad(held, ((0, 0), (0, silent // unit), (0, 0)))
    return Stimulus(padded.reshape(1, -1, padded.shape[2]), unit * _TICK, stimulus.kind)
