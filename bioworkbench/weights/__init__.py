"""Weight laws: how strong the synapses are that a topology allows."""

from bioworkbench.weights.laws import (
    WEIGHT_LAWS,
    constant,
    gaussian,
    lognormal,
    rescaled,
    scaled_to_spectral_radius,
    smooth_fields,
    spectral_radius,
    uniform,
    uniform_fan_in,
)

__all__ = [
    "WEIGHT_LAWS",
    "constant",
    "gaussian",
    "lognormal",
    "rescaled",
    "scaled_to_spectral_radius",
    "smooth_fields",
    "spectral_radius",
    "uniform",
    "uniform_fan_in",
]
