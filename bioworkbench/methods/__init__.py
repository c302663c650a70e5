"""Training methods by name; each is ``train(task, network, simulate, rng, *, ...) -> TrainedNetwork`` in a module of its own."""

from collections.abc import Callable, Mapping

from bioworkbench.methods import ch_snn, noise_single_step, ransnn, reconstruction, rewired_reservoir, s_swim
from bioworkbench.trained import TrainedNetwork

__all__ = ["METHODS"]

METHODS: Mapping[str, Callable[..., TrainedNetwork]] = {
    "ch_snn": ch_snn.train,
    "noise_single_step": noise_single_step.train,
    "ransnn": ransnn.train,
    "reconstruction": reconstruction.train,
    "rewired_reservoir": rewired_reservoir.train,
    "s_swim": s_swim.train,
}
"""Methods that a spec can name."""
