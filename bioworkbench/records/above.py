"""What rooms above make of a record: pictures, HTML, data frames; and how they show progress.

Records import nothing from above. The methods that show one ask the package for the function, which is imported at that moment.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import bioworkbench

__all__ = ["in_a_notebook", "made_above", "shown_progress", "view"]


def made_above(name: str, *arguments: Any) -> Any:
    """Result of a function of the rooms above, which the package finds by its name.

    Parameters
    ----------
    name : str
        One of those in ``bioworkbench.VIEWS``.
    *arguments
        For the function; the record first.

    Returns
    -------
    object
        What that function returns: a figure, HTML, a data frame.
    """
    return view(name)(*arguments)


def view(name: str) -> Callable[..., Any]:
    """Function of the rooms above by its name, its module imported.

    Parameters
    ----------
    name : str
        One of those in ``bioworkbench.VIEWS``.

    Returns
    -------
    callable
    """
    return getattr(bioworkbench, name)


@contextmanager
def shown_progress(given: Callable[..., None] | None) -> Iterator[Callable[..., None] | None]:
    """The callback that was given; without one, in a notebook, bars that go when the work is done; else none.

    Parameters
    ----------
    given : callable, optional

    Yields
    ------
    callable (phase, done, total), or as it was given, or None
    """
    if given is not None or not in_a_notebook():
        yield given
        return
    with made_above("notebook_bars") as notify:
        yield notify


def in_a_notebook() -> bool:
    """Whether a kernel runs this; nothing is imported to find out, since a kernel has imported IPython."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return getattr(shell, "kernel", None) is not None
