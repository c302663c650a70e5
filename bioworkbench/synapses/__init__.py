"""Synapse models: one function per model, each returning a `SynapseModel`."""

from bioworkbench.records.functions import Functions
from bioworkbench.records.synapse import PULSE, SynapseModel
from bioworkbench.synapses.continuous import gap_junction, graded
from bioworkbench.synapses.custom_model import custom, pulse
from bioworkbench.synapses.kinetic_receptors import ampa, gaba_a, gaba_b
from bioworkbench.synapses.modulated import dopamine_stdp, homeostatic_scaling, voltage_stdp
from bioworkbench.synapses.plasticity import inhibitory_stdp, pair_stdp, triplet_stdp
from bioworkbench.synapses.receptors import alpha, biexponential, exponential, nmda
from bioworkbench.synapses.short_term import stochastic_release, tsodyks_markram

__all__ = [
    "PULSE",
    "SYNAPSE_MODELS",
    "SynapseModel",
    "alpha",
    "ampa",
    "biexponential",
    "custom",
    "dopamine_stdp",
    "exponential",
    "gaba_a",
    "gaba_b",
    "gap_junction",
    "graded",
    "homeostatic_scaling",
    "inhibitory_stdp",
    "nmda",
    "pair_stdp",
    "pulse",
    "stochastic_release",
    "triplet_stdp",
    "tsodyks_markram",
    "voltage_stdp",
]

SYNAPSE_MODELS = Functions(
    "synapses",
    {
        "alpha": alpha,
        "ampa": ampa,
        "biexponential": biexponential,
        "custom": custom,
        "dopamine_stdp": dopamine_stdp,
        "exponential": exponential,
        "gaba_a": gaba_a,
        "gaba_b": gaba_b,
        "gap_junction": gap_junction,
        "graded": graded,
        "homeostatic_scaling": homeostatic_scaling,
        "inhibitory_stdp": inhibitory_stdp,
        "nmda": nmda,
        "pair_stdp": pair_stdp,
        "pulse": pulse,
        "stochastic_release": stochastic_release,
        "triplet_stdp": triplet_stdp,
        "tsodyks_markram": tsodyks_markram,
        "voltage_stdp": voltage_stdp,
    },
)
"""Models that a spec can name."""
