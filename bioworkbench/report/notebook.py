"""Progress in a notebook: a bar per phase under the cell, gone when the work is done."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from time import monotonic
from typing import Any

from bioworkbench.report.pages import rendered

__all__ = ["notebook_bars"]

_SECONDS_BETWEEN = 0.2  # that a page is not flooded with messages


@contextmanager
def notebook_bars() -> Iterator[Callable[[str, int, int], None]]:
    """Callback (phase, done, total) that draws under the cell; it needs IPython, which every kernel has.

    Yields
    ------
    callable (phase, done, total)
    """
    ipython: Any = import_module("IPython.display")
    phases: dict[str, tuple[int, int]] = {}
    handle, last = ipython.display(ipython.HTML(""), display_id=True), 0.0

    def notify(phase: str, done: int, total: int) -> None:
        nonlocal last
        known = phase in phases
        phases[phase] = (done, total)
        if not known or done >= total or monotonic() - last > _SECONDS_BETWEEN:
            last = monotonic()
            handle.update(ipython.HTML(rendered("progress.html.jinja", phases=phases)))

    try:
        yield notify
    finally:
        handle.update(ipython.HTML(""))
