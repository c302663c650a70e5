"""Standard networks of simulator comparisons, as records and as index arrays: CUBA and COBA (Vogels & Abbott 2005) and Brunel (2000)."""

import numpy as np
from brian2 import ms, mV
from scipy import sparse

from bioworkbench.neurons import NeuronModel
from bioworkbench.records.network import Network, Population, Projection

CUBA_EQUATIONS = """
dv/dt = (ge + gi - (v - rest))/tau : volt (unless refractory)
dge/dt = -ge/tau_e : volt
dgi/dt = -gi/tau_i : volt
"""
CUBA_CONSTANTS = {"rest": -49 * mV, "tau": 20 * ms, "tau_e": 5 * ms, "tau_i": 10 * ms, "limit": -50 * mV, "bottom": -60 * mV}
COBA_EQUATIONS = """
dv/dt = (ge*(excite - v) + gi*(inhibit - v) + rest - v)/tau : volt (unless refractory)
dge/dt = -ge/tau_e : 1
dgi/dt = -gi/tau_i : 1
"""
COBA_CONSTANTS = CUBA_CONSTANTS | {"rest": -60 * mV, "excite": 0 * mV, "inhibit": -80 * mV}
BRUNEL_EQUATIONS = """
dv/dt = -v/tau + mean/tau + deviation*sqrt(1/tau)*xi : volt (unless refractory)
"""
BRUNEL_CONSTANTS = {"tau": 20 * ms, "mean": 24 * mV, "deviation": 1 * mV, "limit": 20 * mV, "bottom": 10 * mV}


def cuba(n, rng):
    """n neurons, four fifths excitatory, 80 synapses per neuron on average as at n = 4000 with 2 %."""
    model = NeuronModel(
        CUBA_EQUATIONS,
        "v > limit",
        "v = bottom",
        CUBA_CONSTANTS,
        {"v": (-60 + 10 * rng.random(n)) * mV},
        refractory=5 * ms,
        method="exact",
    )
    links = random_links(n, n, 80 / n, rng)
    excitatory = np.repeat(np.arange(n), np.diff(links.indptr)) < 0.8 * n
    parts = [(excitatory, 1.62e-3, "ge"), (~excitatory, -9e-3, "gi")]
    return Network(
        (Population("cells", n, model),),
        tuple(Projection("cells", "cells", part(links, keep, weight), receives=name) for keep, weight, name in parts),
    )


def coba(n, rng):
    """As `cuba`, with conductances relative to the leak."""
    start = {"v": (-60 + 10 * rng.random(n)) * mV, "ge": 0.4 + 0.15 * rng.normal(size=n), "gi": 2 + 1.2 * rng.normal(size=n)}
    model = NeuronModel(
        COBA_EQUATIONS, "v > limit", "v = bottom", COBA_CONSTANTS, start, refractory=5 * ms, method="exponential_euler"
    )
    links = random_links(n, n, 80 / n, rng)
    excitatory = np.repeat(np.arange(n), np.diff(links.indptr)) < 0.8 * n
    parts = [(excitatory, 0.6, "ge"), (~excitatory, 6.7, "gi")]
    return Network(
        (Population("cells", n, model),),
        tuple(Projection("cells", "cells", part(links, keep, weight), receives=name) for keep, weight, name in parts),
    )


def brunel(n, rng):
    """n neurons, 10 % connected, weights 0.1 mV and -0.5 mV, 1.5 ms delay, noise in place of external spikes."""
    model = NeuronModel(
        BRUNEL_EQUATIONS, "v > limit", "v = bottom", BRUNEL_CONSTANTS, {"v": 20 * rng.random(n) * mV}, refractory=2 * ms
    )
    links = random_links(n, n, 0.1, rng)
    excitatory = np.repeat(np.arange(n), np.diff(links.indptr)) < 0.8 * n
    weights = sparse.csr_array((np.where(excitatory, 0.1e-3, -0.5e-3), links.indices, links.indptr), shape=links.shape)
    return Network((Population("cells", n, model),), (Projection("cells", "cells", weights, 1.5e-3),))


def random_links(n_source, n_target, p, rng):
    """Bernoulli links, drawn row by row."""
    counts = rng.binomial(n_target, p, n_source)
    indices = np.concatenate([np.sort(rng.choice(n_target, count, replace=False)) for count in counts])
    return sparse.csr_array(
        (np.ones(len(indices)), indices, np.concatenate([[0], np.cumsum(counts)])), shape=(n_source, n_target)
    )


def part(links, keep, weight):
    """The links where `keep` is true, with one weight."""
    rows = np.repeat(np.arange(links.shape[0]), np.diff(links.indptr))[keep]
    return sparse.csr_array((np.full(keep.sum(), weight), (rows, links.indices[keep])), shape=links.shape)
