"""Tasks: what a network is asked to do, as functions that return a `Task`, and their names for specs."""

from bioworkbench.tasks.task import Encode, Task, Trials

__all__ = ["Encode", "Task", "Trials"]
