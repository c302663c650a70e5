"""Ctrl-C ends a simulation with an error, never with a recording that looks finished."""

import os
import signal
import threading

import brian2
import pytest
from brian2 import prefs

from bioworkbench.neurons import noisy_lif
from bioworkbench.records.network import Network, Population
from bioworkbench.records.stimulus import silence
from bioworkbench.simulation import simulate


def test_an_interrupted_run_raises(monkeypatch):
    """Ctrl-C while Brian2 runs; while it builds, a callback that cannot raise may swallow it."""
    network = Network((Population("exc", 10, noisy_lif()),))
    stops, handler = prefs.core.stop_on_keyboard_interrupt, signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    run = brian2.Network.run

    def press_and_run(*args, **kwargs):
        timer.start()
        return run(*args, **kwargs)

    monkeypatch.setattr(brian2.Network, "run", press_and_run)
    try:
        with pytest.raises(KeyboardInterrupt, match=""):
            simulate(network, silence(1000.0), 1, dt=1e-4, backend="numpy")
    finally:
        timer.cancel()
        signal.signal(signal.SIGINT, handler)
    assert prefs.core.stop_on_keyboard_interrupt == stops
