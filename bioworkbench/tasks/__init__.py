"""Tasks: what a network is asked to do, as functions that return a `Task`, and their names for specs."""

from collections.abc import Callable, Mapping

from bioworkbench.tasks.images import digits, mnist
from bioworkbench.tasks.task import Encode, Task, Trials

__all__ = ["TASKS", "Encode", "Task", "Trials"]

TASKS: Mapping[str, Callable[..., Task]] = {
    "digits": digits,
    "mnist": mnist,
}
"""Tasks by the name that a spec uses; each is ``f(rng, *, ...) -> Task``."""
