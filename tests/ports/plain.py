"""What the ports share: plain Brian2 on NumPy, and its spikes beside a recording's."""

import numpy as np
from brian2 import Network, defaultclock, prefs, second
from brian2.devices.device import reset_device

from bioworkbench import simulate
from bioworkbench.records.stimulus import silence


def spikes_of(monitor, dt):
    """Pairs (neuron, step) of a Brian2 monitor."""
    return set(zip(np.asarray(monitor.i).tolist(), np.rint(np.asarray(monitor.t) / dt).astype(int).tolist(), strict=True))


def spikes_in(recording, population, trial=0):
    """Pairs (neuron, step) of a trial."""
    spikes = recording.spikes[population]
    of_trial = spikes.trial == trial
    steps = np.rint(spikes.time[of_trial] / recording.dt).astype(int)
    return set(zip(spikes.neuron[of_trial].tolist(), steps.tolist(), strict=True))


def run_plain(duration, dt, *objects):
    """Run Brian2 objects that were made after `plain` was entered."""
    Network(*objects).run(duration * second, namespace={})
    return [spikes_of(thing, dt) for thing in objects if type(thing).__name__ == "SpikeMonitor"]


def plain(dt):
    """Set Brian2 to NumPy and a step, as each port begins."""
    reset_device()
    prefs.codegen.target = "numpy"
    defaultclock.dt = dt * second


def run_ours(network, duration, dt, backend="numpy", **settings):
    """Simulate a network that runs by itself."""
    return simulate(network, silence(duration), 1, dt=dt, backend=backend, **settings)
