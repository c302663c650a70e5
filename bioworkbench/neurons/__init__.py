"""Neuron models: one function per model, each returning a `NeuronModel`.

The names below are imported when they are first used, so that a list of them costs nothing.
"""

from typing import TYPE_CHECKING

from bioworkbench.records.functions import Functions
from bioworkbench.records.lazily import facade

if TYPE_CHECKING:
    from bioworkbench.discrete.lif import discrete_lif, soft_reset_if
    from bioworkbench.discrete.spike_response import spike_response
    from bioworkbench.neurons.conductance_based import conductance_lif, hodgkin_huxley
    from bioworkbench.neurons.custom_model import custom
    from bioworkbench.neurons.integrate_and_fire import adaptive_lif, adex, exponential_if, noisy_lif
    from bioworkbench.neurons.izhikevich_model import izhikevich
    from bioworkbench.neurons.poisson import poisson_source
    from bioworkbench.records.neuron import NeuronModel
    from bioworkbench.records.units import Start

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

NEURON_MODELS = Functions(
    "neurons",
    {
        "adaptive_lif": "bioworkbench.neurons.integrate_and_fire:adaptive_lif",
        "adex": "bioworkbench.neurons.integrate_and_fire:adex",
        "conductance_lif": "bioworkbench.neurons.conductance_based:conductance_lif",
        "custom": "bioworkbench.neurons.custom_model:custom",
        "discrete_lif": "bioworkbench.discrete.lif:discrete_lif",
        "exponential_if": "bioworkbench.neurons.integrate_and_fire:exponential_if",
        "hodgkin_huxley": "bioworkbench.neurons.conductance_based:hodgkin_huxley",
        "izhikevich": "bioworkbench.neurons.izhikevich_model:izhikevich",
        "noisy_lif": "bioworkbench.neurons.integrate_and_fire:noisy_lif",
        "poisson_source": "bioworkbench.neurons.poisson:poisson_source",
        "soft_reset_if": "bioworkbench.discrete.lif:soft_reset_if",
        "spike_response": "bioworkbench.discrete.spike_response:spike_response",
    },
)
"""Models that a spec can name."""

_OTHERS = {
    "NeuronModel": "bioworkbench.records.neuron:NeuronModel",
    "Start": "bioworkbench.records.units:Start",
}

__getattr__, __dir__ = facade(__name__, {**NEURON_MODELS.data, **_OTHERS})
