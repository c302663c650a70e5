"""Figures of the project: one module per figure, with ``SPECS`` (the experiments it reads) and ``draw(results) -> Figure``."""
