"""Brian2's global state, kept from others."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from brian2 import prefs
from brian2.core.base import BrianObjectException
from brian2.core.clocks import defaultclock
from brian2.devices.device import device, get_device, reset_device
from brian2.units import second

from bioworkbench.records.errors import SimulationError
from bioworkbench.records.language import one_line
from bioworkbench.simulation.backends.brian2_warnings import without_idle_warnings

__all__ = ["brian2_to_ourselves"]

_ours = threading.Lock()  # Brian2's device, clock and preferences are global


@contextmanager
def brian2_to_ourselves() -> Iterator[None]:
    """Use Brian2's global state and leave it as it was: device, default clock, code generation target, NumPy's random state."""
    with _ours:
        if type(get_device()).__name__ != "RuntimeDevice":
            raise SimulationError(
                "Brian2's device is set to another than 'runtime'; call brian2.set_device('runtime') before simulate"
            )
        dt, target, state = float(defaultclock.dt), prefs.codegen.target, np.random.get_state()  # noqa: NPY002
        stops = prefs.core.stop_on_keyboard_interrupt
        prefs.core.stop_on_keyboard_interrupt = False  # else Ctrl-C ends a run early and it looks finished
        try:
            with without_idle_warnings():
                yield
        except BrianObjectException as error:
            raise SimulationError(_told(error)) from error
        finally:
            if type(get_device()).__name__ != "RuntimeDevice":
                device.reinit()
                reset_device()
            defaultclock.dt = dt * second
            prefs.codegen.target = target
            prefs.core.stop_on_keyboard_interrupt = stops
            np.random.set_state(state)  # noqa: NPY002


def _told(error: Exception) -> str:
    """What Brian2 found wrong with which object; its own first words are where in our code the object was made."""
    named, cause = re.search(r"object named '([^']*)'", str(error)), error
    while isinstance(cause.__cause__, Exception):
        cause = cause.__cause__
    return f"Brian2 cannot build '{named[1] if named else 'the network'}': {one_line(cause)}"
