"""Ctrl-C ends a simulation with an error, never with a recording that looks finished."""

import os
import signal
import threading

import pytest
from brian2 import prefs

from bioworkbench.network import Network, Population
from bioworkbench.neurons import noisy_lif
from bioworkbench.signals import silence
from bioworkbench.simulation import simulate


def test_an_interrupted_run_raises():
    network = Network((Population("exc", 10, noisy_lif()),))
    before = prefs.core.stop_on_keyboard_interrupt
    timer = threading.Timer(2.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt, match=""):
            simulate(network, silence(1000.0), 1, dt=1e-4, backend="numpy")
    finally:
        timer.cancel()
    assert prefs.core.stop_on_keyboard_interrupt == before
