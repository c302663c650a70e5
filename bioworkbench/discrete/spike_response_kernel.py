"""The compiled step loop of spike-response networks."""

import numba
import numpy as np

__all__ = ["fast_layer"]


@numba.njit(cache=True)
def fast_layer(current: np.ndarray, constants: np.ndarray, alpha: bool, spikes: np.ndarray) -> None:
    """As `spike_response_layers.spike_response_layer`, with the same operations in the same order.

    Parameters
    ----------
    current : float array (n_trials, n_steps, n_neurons)
    constants : float array (6, n_neurons)
        Decay, gain, recovery, c, bias, threshold.
    alpha : bool
        Whether kernels are alpha functions; exponential otherwise.
    spikes : bool array (n_trials, n_steps, n_neurons)
        Is filled.
    """
    n_trials, n_steps, n_neurons = current.shape
    decay, gain, recovery, c, bias, threshold = constants
    for trial in range(n_trials):
        a, g, own = np.zeros(n_neurons), np.zeros(n_neurons), np.zeros(n_neurons)
        for step in range(n_steps):
            for i in range(n_neurons):
                # what came in one step ago, since kernels are strictly causal; then the two cascaded decays of the alpha kernel
                a[i] = decay[i] * (a[i] + (current[trial, step - 1, i] if step else 0.0))
                g[i] = decay[i] * g[i] + a[i] if alpha else a[i]
                own[i] = recovery[i] * own[i]
                u = gain[i] * g[i] + c[i] * own[i] + bias[i]
                spikes[trial, step, i] = u >= threshold[i]
                own[i] += spikes[trial, step, i]
