"""``report.html``: one file that shows what a run did, readable in any browser without a network."""

from bioworkbench.report.page import Curve, Panel, render, write_report

__all__ = ["Curve", "Panel", "render", "write_report"]
