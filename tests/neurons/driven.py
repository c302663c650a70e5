"""Neurons that are driven one by one: what the tests of models and of theory share."""

import numpy as np
from scipy import sparse

from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.stimulus import Stimulus, silence
from bioworkbench.simulation import simulate


def driven(model, drives, duration, dt, record=(), seed=1, kind="current", receives=""):
    """Recording of one neuron per drive (SI units), held for the duration in seconds; without synapses."""
    n = len(drives)
    inputs = Projection("input", "cells", sparse.eye_array(n, format="csr"), receives=receives)
    stimulus = Stimulus(np.reshape(np.asarray(drives, dtype=float), (1, 1, n)), duration, kind)
    network = Network((Population("cells", n, model),), (inputs,))
    return simulate(network, stimulus, seed, dt=dt, backend="numpy", record=record)


def alone(model, n_neurons, duration, dt, record=(), seed=1, n_trials=1):
    """Recording of neurons without any input."""
    network = Network((Population("cells", n_neurons, model),))
    return simulate(network, silence(duration, n_trials), seed, dt=dt, backend="numpy", record=record)


def rates(recording):
    """Spikes per second of every neuron, hertz."""
    return np.bincount(recording.spikes["cells"].neuron, minlength=recording.sizes["cells"]) / recording.duration


def intervals(recording, neuron=0):
    """Interspike intervals of one neuron, seconds."""
    spikes = recording.spikes["cells"]
    return np.diff(spikes.time[spikes.neuron == neuron])
