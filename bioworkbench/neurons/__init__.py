"""Neuron models: one function per model, each returning a `NeuronModel`."""

from collections.abc import Callable, Mapping

from bioworkbench.neurons.conductance_based import conductance_lif, hodgkin_huxley
from bioworkbench.neurons.custom import custom
from bioworkbench.neurons.discrete_time import discrete_lif, soft_reset_if
from bioworkbench.neurons.integrate_and_fire import adaptive_lif, adex, exponential_if, noisy_lif
from bioworkbench.neurons.izhikevich_model import izhikevich
from bioworkbench.neurons.model import NeuronModel, Start
from bioworkbench.neurons.poisson import poisson_source
from bioworkbench.neurons.spike_response import spike_response

__all__ = [
    "NEURON_MODELS",
    "NeuronModel",
    "Start",
    "adaptive_lif",
    "adex",
    "conductance_lif",
    "custom",
    "discrete_lif",
    "exponential_if",
    "hodgkin_huxley",
    "izhikevich",
    "noisy_lif",
    "poisson_source",
    "soft_reset_if",
    "spike_response",
]

NEURON_MODELS: Mapping[str, Callable[..., NeuronModel]] = {
    "adaptive_lif": adaptive_lif,
    "adex": adex,
    "conductance_lif": conductance_lif,
    "custom": custom,
    "discrete_lif": discrete_lif,
    "exponential_if": exponential_if,
    "hodgkin_huxley": hodgkin_huxley,
    "izhikevich": izhikevich,
    "noisy_lif": noisy_lif,
    "poisson_source": poisson_source,
    "soft_reset_if": soft_reset_if,
    "spike_response": spike_response,
}
"""Models that a spec can name."""
