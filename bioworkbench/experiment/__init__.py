"""`run`: from a spec to a results folder.

The names below are imported when they are first used, so that reading results imports no method.
"""

from typing import TYPE_CHECKING

from bioworkbench.records.lazily import facade, homes_within

if TYPE_CHECKING:
    from bioworkbench.experiment.running import Result, run

__all__ = ["Result", "run"]

__getattr__, __dir__ = facade(__name__, homes_within(__name__, {"running": ("Result", "run")}))
