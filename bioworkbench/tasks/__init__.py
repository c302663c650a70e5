"""Tasks: what a network is asked to do, as functions that return a `Task`, and their names for specs."""

from collections.abc import Callable, Mapping

from bioworkbench.tasks.images import digits, mnist
from bioworkbench.tasks.sequences import addition, delayed_xor, first_last_xor, mackey_glass, memory_capacity, narma10
from bioworkbench.tasks.series import etth1, exchange_rate, series, table
from bioworkbench.tasks.sounds import spoken_digits
from bioworkbench.tasks.task import Encode, Task, Trials, held_out

__all__ = ["TASKS", "Encode", "Task", "Trials", "held_out"]

TASKS: Mapping[str, Callable[..., Task]] = {
    "addition": addition,
    "delayed_xor": delayed_xor,
    "digits": digits,
    "etth1": etth1,
    "exchange_rate": exchange_rate,
    "first_last_xor": first_last_xor,
    "mackey_glass": mackey_glass,
    "memory_capacity": memory_capacity,
    "mnist": mnist,
    "narma10": narma10,
    "series": series,
    "spoken_digits": spoken_digits,
    "table": table,
}
"""Tasks by the name that a spec uses; each is ``f(rng, *, ...) -> Task``."""
