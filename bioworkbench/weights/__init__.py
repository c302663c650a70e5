"""Distributions of weights: how strong the synapses are that a topology allows."""
