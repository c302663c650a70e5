"""Weights of a leaky integrate-and-fire neuron from all of its spikes: a linear program, because the resets are then known."""

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from bioworkbench.arrays import Floats, finite, fraction, positive, shaped

__all__ = ["weights_from_raster"]


def weights_from_raster(
    values: Floats, raster: NDArray[np.bool_], *, leak: float, reset: str = "subtract", bound: float = 10.0
) -> tuple[Floats, float, float]:
    """Weights and bias with which a neuron of threshold 1 shows a given raster, with the largest margin.

    Given the spikes, the potential is linear in the weights: input summed with the leak, since the first step and less the spikes'
    resets ("subtract"), or since the step after the last spike ("zero"). The program maximizes the smallest distance of the
    potential from the threshold, on the right side, over all trials and steps.

    Parameters
    ----------
    values : array (n_trials, n_steps, n_channels)
    raster : bool array (n_trials, n_steps)
    leak : float
    reset : {"subtract", "zero"}
    bound : float
        Largest absolute weight and bias.

    Returns
    -------
    weights : array (n_channels,)
    bias : float
    margin : float

    Raises
    ------
    ValueError
        If no weights within the bound show the raster; the message tells the best margin.
    """
    values = shaped("values", finite("values", values), (None, None, None))
    shaped("raster", np.asarray(raster), values.shape[:2])
    fraction("leak", leak)
    if reset not in ("subtract", "zero"):
        raise ValueError(f"reset = {reset!r}: must be 'subtract' or 'zero'")
    sums, own = _linear_in_the_weights(values, np.asarray(raster, dtype=float), leak, reset)
    n_channels, sign = sums.shape[2], np.where(raster, 1.0, -1.0).ravel()
    rows = -sign[:, None] * sums.reshape(-1, n_channels)
    limits = [(-positive("bound", bound), bound)] * n_channels + [(None, None)]
    found = optimize.linprog(
        np.r_[np.zeros(n_channels), -1.0], np.c_[rows, np.ones(len(rows))], -sign * (1 + own.ravel()), bounds=limits
    )
    weights, margin = found.x[:-1], float(found.x[-1])
    if margin <= 0:
        raise ValueError(f"no weights between -{bound} and {bound} show this raster; the best margin is {margin:.3g}")
    return weights[:-1], float(weights[-1]), margin


def _linear_in_the_weights(values: Floats, spikes: Floats, leak: float, reset: str) -> tuple[Floats, Floats]:
    """What multiplies weights and bias (n_trials, n_steps, n_channels + 1), and what own spikes take off (n_trials, n_steps)."""
    fed = np.concatenate([values, np.ones((*values.shape[:2], 1))], axis=2)
    sums, own = np.zeros(fed.shape), np.zeros(spikes.shape)
    total, taken = np.zeros(fed[:, 0].shape), np.zeros(len(fed))
    for step in range(fed.shape[1]):
        total = leak * total + fed[:, step]
        sums[:, step], own[:, step] = total, leak * taken
        taken = leak * taken + spikes[:, step]
        if reset == "zero":
            total, taken = total * (1 - spikes[:, step, None]), np.zeros(len(fed))
    return sums, own
