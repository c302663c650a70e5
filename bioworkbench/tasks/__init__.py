"""Tasks: what a network is asked to do, as functions that return a `Task`, and their names for specs.

The names below are imported when they are first used, so that a list of them costs nothing.
"""

from typing import TYPE_CHECKING

from bioworkbench.records.functions import Functions
from bioworkbench.records.lazily import facade

if TYPE_CHECKING:
    from bioworkbench.tasks.arithmetic import addition_with_carry
    from bioworkbench.tasks.event_cameras import events
    from bioworkbench.tasks.images import cifar10, digits, mnist
    from bioworkbench.tasks.recorded import recording
    from bioworkbench.tasks.sequences import addition, delayed_xor, first_last_xor, mackey_glass, memory_capacity, narma10
    from bioworkbench.tasks.sounds import spoken_digits
    from bioworkbench.tasks.task import Encode, Task, Trials, held_out
    from bioworkbench.tasks.time_series import etth1, exchange_rate, series, table

__all__ = [
    "TASKS",
    "Encode",
    "Task",
    "Trials",
    "addition",
    "addition_with_carry",
    "cifar10",
    "delayed_xor",
    "digits",
    "etth1",
    "events",
    "exchange_rate",
    "first_last_xor",
    "held_out",
    "mackey_glass",
    "memory_capacity",
    "mnist",
    "narma10",
    "recording",
    "series",
    "spoken_digits",
    "table",
]

TASKS = Functions(
    "tasks",
    {
        "addition": "bioworkbench.tasks.sequences:addition",
        "addition_with_carry": "bioworkbench.tasks.arithmetic:addition_with_carry",
        "cifar10": "bioworkbench.tasks.images:cifar10",
        "delayed_xor": "bioworkbench.tasks.sequences:delayed_xor",
        "digits": "bioworkbench.tasks.images:digits",
        "etth1": "bioworkbench.tasks.time_series:etth1",
        "events": "bioworkbench.tasks.event_cameras:events",
        "exchange_rate": "bioworkbench.tasks.time_series:exchange_rate",
        "first_last_xor": "bioworkbench.tasks.sequences:first_last_xor",
        "mackey_glass": "bioworkbench.tasks.sequences:mackey_glass",
        "memory_capacity": "bioworkbench.tasks.sequences:memory_capacity",
        "mnist": "bioworkbench.tasks.images:mnist",
        "narma10": "bioworkbench.tasks.sequences:narma10",
        "recording": "bioworkbench.tasks.recorded:recording",
        "series": "bioworkbench.tasks.time_series:series",
        "spoken_digits": "bioworkbench.tasks.sounds:spoken_digits",
        "table": "bioworkbench.tasks.time_series:table",
    },
)
"""Tasks by the name that a spec uses; each is ``f(rng, *, ...) -> Task``, but for `recording`, to which a network is fitted."""

_OTHERS = {
    "Encode": "bioworkbench.tasks.task:Encode",
    "Task": "bioworkbench.tasks.task:Task",
    "Trials": "bioworkbench.tasks.task:Trials",
    "held_out": "bioworkbench.tasks.task:held_out",
}

__getattr__, __dir__ = facade(__name__, {**TASKS.data, **_OTHERS})
