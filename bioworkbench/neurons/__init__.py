"""Neuron models: one function per model, each returning a `NeuronModel`."""

from bioworkbench.neurons.model import NeuronModel, Start

__all__ = ["NeuronModel", "Start"]
