"""Specs: experiments as TOML files, read into checked records before anything expensive starts.

The names below are imported when they are first used, so that what a spec can name is listed at once.
"""

from typing import TYPE_CHECKING

from bioworkbench.records.lazily import facade, homes_within

if TYPE_CHECKING:
    from bioworkbench.experiment.spec.reader import load, loaded, read, sweep_points, with_sweep

__all__ = ["load", "loaded", "read", "sweep_points", "with_sweep"]

__getattr__, __dir__ = facade(
    __name__, homes_within(__name__, {"reader": ("load", "loaded", "read", "sweep_points", "with_sweep")})
)
