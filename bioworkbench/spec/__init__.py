"""Specs: experiments as TOML files, read into checked records before anything expensive starts."""

from bioworkbench.spec.reader import load, read, sweep_points, with_sweep

__all__ = ["load", "read", "sweep_points", "with_sweep"]
