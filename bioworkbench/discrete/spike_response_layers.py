"""Spike-response networks in NumPy: kernels, one layer step by step, and a fast run of feed-forward networks.

The neurons are those of `bioworkbench.discrete.spike_response`: times are counted in steps, sums over the past are strictly causal.
`spike_response_layer` is the readable twin that Brian2 is tested against; `simulate_spike_response` takes the arguments of
``simulate`` and runs compiled code (numba), so that many sampled networks can be compared without a simulator.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from bioworkbench.discrete.simulate import check_inputs
from bioworkbench.discrete.spike_response import KERNELS, spike_response_arguments
from bioworkbench.records.arrays import Booleans, Floats, count, finite, shaped
from bioworkbench.records.errors import unknown_name
from bioworkbench.records.lazily import later
from bioworkbench.records.network import Network, Projection
from bioworkbench.records.recording import Recording, Spikes
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.records.times import whole_steps

__all__ = [
    "feed_forward_order",
    "filtered_signal",
    "kernel_area",
    "psp_kernel",
    "simulate_spike_response",
    "spike_response_layer",
]


_fast_layer = later("bioworkbench.discrete.spike_response_kernel:fast_layer")  # brings numba, which checks of specs do without


def psp_kernel(lag: ArrayLike, sigma: ArrayLike, kernel: str = "alpha") -> Floats:
    """Postsynaptic kernel k(lag / sigma), zero for lags of 0 and less.

    Parameters
    ----------
    lag : array, steps
        Time since a spike arrived.
    sigma : float or array, steps
        Width; fits the shape of `lag`.
    kernel : {"alpha", "exponential"}
        s e^(1 - s), which peaks at 1 for s = 1, or e^(-s).

    Returns
    -------
    float array

    Raises
    ------
    ValueError
        If the kernel is unknown.

    Examples
    --------
    >>> psp_kernel([0, 4], 4.0).tolist()
    [0.0, 1.0]
    """
    _known(kernel)
    lags = np.asarray(lag, dtype=float)
    s = np.maximum(lags, 0) / sigma
    shape = s * np.exp(1 - s) if kernel == "alpha" else np.exp(-s)
    return np.where(lags > 0, shape, 0.0)


def kernel_area(sigma: ArrayLike, kernel: str = "alpha") -> Floats:
    """Sum of `psp_kernel` over the lags 1, 2, ...: the response to a constant input of 1.

    With r = exp(-1 / sigma) it is (e / sigma) r / (1 - r)^2 for alpha and r / (1 - r) for exponential kernels.

    Parameters
    ----------
    sigma : float or array, steps
        Width.
    kernel : {"alpha", "exponential"}

    Returns
    -------
    float array
        Of the shape of `sigma`.

    Raises
    ------
    ValueError
        If the kernel is unknown.

    Examples
    --------
    >>> kernel_area([1.0, 4.0]).round(5).tolist()
    [2.50265, 10.81667]
    """
    _known(kernel)
    widths = np.asarray(sigma, dtype=float)
    r = np.exp(-1 / widths)
    return np.e / widths * r / (1 - r) ** 2 if kernel == "alpha" else r / (1 - r)


def _known(kernel: str) -> None:
    if kernel not in KERNELS:
        raise ValueError(unknown_name(kernel, "kernel", KERNELS))


def filtered_signal(signal: Floats, *, sigma: ArrayLike, tau: int = 0, kernel: str = "alpha") -> Floats:
    """Signal filtered with the postsynaptic kernel: ``sum_{m<n} k((n - m - tau) / sigma) signal[m]``.

    Parameters
    ----------
    signal : array (n_trials, n_steps, n_channels)
    sigma : float or array (n_channels,), steps
    tau : int, steps
    kernel : {"alpha", "exponential"}

    Returns
    -------
    array (n_trials, n_steps, n_channels)

    Raises
    ------
    ValueError
        If the signal is not finite or has not three axes, or the kernel is unknown.
    """
    _known(kernel)
    signal = shaped("signal", finite("signal", signal), (None, None, None))
    response = _Response(np.asarray(sigma, dtype=float), kernel, signal[:, 0].shape)
    filtered = np.zeros(signal.shape)
    for step in range(tau + 1, signal.shape[1]):
        filtered[:, step] = response.advanced(signal[:, step - 1 - tau])
    return filtered


class _Response:
    """Recursion whose value is the sum of kernels of everything that came in before."""

    def __init__(self, sigma: Floats, kernel: str, shape: tuple[int, ...]) -> None:
        self.decay, self.gain, self.alpha = np.exp(-1 / sigma), np.e / sigma, kernel == "alpha"
        self.a, self.g = np.zeros(shape), np.zeros(shape)

    def advanced(self, received: Floats) -> Floats:
        """Value one step after something came in."""
        self.a = self.decay * (self.a + received)
        if not self.alpha:
            return self.a
        self.g = self.decay * self.g + self.a
        return self.gain * self.g


def spike_response_layer(
    current: Floats,
    *,
    sigma: ArrayLike,
    tau: ArrayLike = 0,
    c: ArrayLike = -1.0,
    varsigma: ArrayLike = 2.0,
    bias: ArrayLike = 0.0,
    threshold: ArrayLike | None = 1.0,
    kernel: str = "alpha",
) -> tuple[Booleans, Floats]:
    """Spikes and potentials of one layer.

    Parameters
    ----------
    current : array (n_trials, n_steps, n_neurons)
        Weighted input, before the kernel.
    sigma, tau, c, varsigma, bias, threshold, kernel
        See `bioworkbench.discrete.spike_response`; numbers or arrays (n_neurons,).

    Returns
    -------
    spikes : bool array (n_trials, n_steps, n_neurons)
    potentials : array (n_trials, n_steps, n_neurons)

    Raises
    ------
    ValueError
        If the current is not finite or has not three axes, or the kernel is unknown.

    Examples
    --------
    >>> spikes, u = spike_response_layer(np.full((1, 4, 1), 2.0), sigma=1.0, c=-4.0, kernel="exponential")
    >>> spikes.ravel().astype(int).tolist(), u.ravel().round(3).tolist()
    ([0, 0, 1, 0], [0.0, 0.736, 1.006, -1.32])
    """
    _known(kernel)
    current = _shifted(shaped("current", finite("current", current), (None, None, None)), tau)
    response = _Response(np.asarray(sigma, dtype=float), kernel, current[:, 0].shape)
    recovery, cost, offset = np.exp(-1 / np.asarray(varsigma, dtype=float)), np.asarray(c), np.asarray(bias)
    spikes, potentials = np.zeros(current.shape, dtype=bool), np.zeros(current.shape)
    own, received = np.zeros(current[:, 0].shape), np.zeros(current[:, 0].shape)
    for step in range(current.shape[1]):
        # order matters: a spike of this step acts on its own neuron from the next one on
        own = recovery * own
        potentials[:, step] = response.advanced(received) + cost * own + offset
        received = current[:, step]
        if threshold is not None:
            spikes[:, step] = potentials[:, step] >= np.asarray(threshold)
            own = own + spikes[:, step]
    return spikes, potentials


def _shifted(current: Floats, tau: ArrayLike) -> Floats:
    """Current with each neuron's delayed by its number of steps."""
    delays = np.broadcast_to(np.asarray(tau, dtype=int), current.shape[2:])
    if not delays.any():
        return current
    shifted = np.zeros(current.shape)
    for delay in np.unique(delays):
        lag = min(delay, current.shape[1])  # what is delayed longer than the trial never arrives
        shifted[:, lag:, delays == delay] = current[:, : current.shape[1] - lag, delays == delay]
    return shifted


def _fast_spikes(current: Floats, arguments: dict[str, Any]) -> Booleans:
    size, alpha = current.shape[2], arguments["kernel"] == "alpha"
    sigma = np.asarray(arguments["sigma"], dtype=float)
    threshold = np.inf if arguments["threshold"] is None else arguments["threshold"]
    rows = [
        np.exp(-1 / sigma),
        np.e / sigma if alpha else 1.0,
        np.exp(-1 / np.asarray(arguments["varsigma"], dtype=float)),
        arguments["c"],
        arguments["bias"],
        threshold,
    ]
    constants = np.stack([np.broadcast_to(np.asarray(row, dtype=float), (size,)) for row in rows])
    spikes = np.zeros(current.shape, dtype=np.bool_)
    _fast_layer(_shifted(current, arguments["tau"]), constants, alpha, spikes)
    return spikes


def simulate_spike_response(
    network: Network, stimulus: Stimulus, seed: int = 0, *, dt: float | None = None, chunk: int = 256
) -> Recording:
    """Run a feed-forward network of `spike_response` populations without Brian2.

    Parameters
    ----------
    network : Network
        Populations in any order, without loops.
    stimulus : Stimulus
        Of kind "current".
    seed : int
        Nothing is random here; it is noted in the recording, as ``simulate`` does.
    dt : float, seconds, optional
        Duration of a step; None takes the stimulus frame.
    chunk : int
        Trials at a time; bounds the memory.

    Returns
    -------
    Recording
        Spikes of all populations that have a threshold; no traces.

    Raises
    ------
    ValueError
        If the network has a loop, another neuron model, background input or a synapse that does more than add its weight, a projection
        acts on another variable than its target receives spikes in, a projection of the stimulus has a delay, the stimulus is of
        another kind or does not fit the input weights, or the frame or a delay is not a whole number of steps.
    """
    step = stimulus.frame if dt is None else dt
    arguments = {p.name: spike_response_arguments(p.model, p.name) for p in network.populations}
    check_inputs(network)
    order, per_frame = feed_forward_order(network), whole_steps("stimulus frame", stimulus.frame, step)
    if stimulus.kind != "current" or network.n_channels != stimulus.values.shape[2]:
        raise ValueError(
            f"stimulus of kind '{stimulus.kind}' with {stimulus.values.shape[2]} channels: "
            f"this network needs kind 'current' and {network.n_channels} channels"
        )
    found: dict[str, list[tuple[Any, ...]]] = {name: [] for name in order}
    for first in range(0, stimulus.n_trials, count("chunk", chunk)):
        values = stimulus.values[first : first + chunk]
        rasters: dict[str, Booleans] = {}
        for name in order:
            current = np.zeros((len(values), per_frame * values.shape[1], network.sizes[name]))
            for projection in (p for p in network.projections if p.target == name):
                current += _current(projection, values, rasters, step, per_frame)
            rasters[name] = _fast_spikes(current, arguments[name])
            trial, at, neuron = np.nonzero(rasters[name])
            found[name].append((trial + first, neuron, at * step))
    spikes = {
        name: Spikes(*map(np.concatenate, zip(*parts, strict=True)))
        for name, parts in found.items()
        if arguments[name]["threshold"] is not None
    }
    return Recording(spikes, {}, network.sizes, stimulus.n_trials, stimulus.duration, step, seed, "spike_response")


def feed_forward_order(network: Network) -> list[str]:
    """Names of the populations, each after all that project to it.

    Parameters
    ----------
    network : Network

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        If there is a loop.
    """
    waiting = {name: {p.source for p in network.projections if p.target == name} & set(network.sizes) for name in network.sizes}
    order: list[str] = []
    while waiting:
        ready = [name for name, sources in waiting.items() if sources <= set(order)]
        if not ready:
            raise ValueError(f"populations {', '.join(waiting)} form a loop; simulate such a network with Brian2")
        order += ready
        waiting = {name: sources for name, sources in waiting.items() if name not in ready}
    return order


def _current(projection: Projection, values: Floats, rasters: dict[str, Booleans], dt: float, per_frame: int) -> Floats:
    """What a projection brings to its target, (n_trials, n_steps, n_neurons)."""
    weights = projection.weights
    if projection.source not in rasters:
        return np.repeat(values @ weights.toarray(), per_frame, axis=1)
    raster = rasters[projection.source]
    flat = raster.reshape(-1, raster.shape[2]).astype(float)
    delays = np.broadcast_to(projection.delay, weights.data.shape)
    current = np.zeros((*raster.shape[:2], weights.shape[1]))
    for delay in np.unique(delays):
        lag, part = whole_steps(f"delay of projection {projection.name}", float(delay), dt, least=0), weights.copy()
        lag = min(lag, raster.shape[1])  # what is delayed longer than the trial never arrives
        part.data = np.where(delays == delay, weights.data, 0.0)
        current[:, lag:] += (flat @ part).reshape(current.shape)[:, : raster.shape[1] - lag]
    return current
