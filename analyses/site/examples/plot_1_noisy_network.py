"""
A noisy network in a script
===========================

No spec, no task: neurons with white noise, random links, one call of `simulate`.
"""

import matplotlib.pyplot as plt
import numpy as np
from brian2 import ms, mV

import bioworkbench as bw
from bioworkbench.neurons import noisy_lif
from bioworkbench.plots.panels import population_rates, raster
from bioworkbench.readout.spike_statistics import cv_isi, mean_rate, synchrony
from bioworkbench.topology.generators import fixed_in_degree

# %%
# Two populations of leaky integrate-and-fire neurons that fire because of their noise, and four projections. Weights are in volts, delays
# in seconds; random numbers come from a generator that you give.

rng = np.random.default_rng(1)
neurons = noisy_lif(tau=20 * ms, rest=-52 * mV, sigma=4 * mV)
populations = (bw.Population("exc", 400, neurons), bw.Population("inh", 100, neurons))


def project(source, target, weight):
    sizes = {"exc": 400, "inh": 100}
    links = fixed_in_degree(sizes[source], sizes[target], rng, n_inputs=20, recurrent=source == target)
    return bw.Projection(source, target, links * weight, delay=1.5e-3)


projections = (
    project("exc", "exc", 0.5e-3),
    project("exc", "inh", 0.5e-3),
    project("inh", "exc", -2.0e-3),
    project("inh", "inh", -2.0e-3),
)
network = bw.Network(populations, projections)

# %%
# Simulate a second. The first call builds a program for this structure; the next one with other weights or another seed does not.

recording = bw.simulate(network, bw.silence(duration=1.0), seed=1, dt=0.1 * ms)
for name in ("exc", "inh"):
    print(
        f"{name}: {mean_rate(recording, name):.1f} Hz, CV of inter-spike intervals {cv_isi(recording, name):.2f}, "
        f"synchrony {synchrony(recording, name):.3f}"
    )

# %%
# Spikes and rates.

figure, (top, bottom) = plt.subplots(2, 1, figsize=(7, 5), layout="constrained", height_ratios=(2, 1), sharex=True)
raster(top, recording)
population_rates(bottom, recording)
