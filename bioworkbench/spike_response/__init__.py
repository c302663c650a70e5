"""Spike-response networks in NumPy: kernels, one layer step by step, and a fast run of feed-forward networks."""

from bioworkbench.spike_response.layers import (
    feed_forward_order,
    filtered_signal,
    kernel_area,
    psp_kernel,
    simulate_spike_response,
    spike_response_layer,
)

__all__ = [
    "feed_forward_order",
    "filtered_signal",
    "kernel_area",
    "psp_kernel",
    "simulate_spike_response",
    "spike_response_layer",
]
