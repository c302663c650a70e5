"""Ctrl-C, SIGTERM and SIGHUP end a command: with a message, without temporary folders, with the exit code 128 + n."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Ended", "ending", "interruptible"]

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")  # the last is not on every system
_SECONDS_TO_TRY_AGAIN = 0.01


class Ended(KeyboardInterrupt):
    """A signal asks this process to end.

    Parameters
    ----------
    number : int
        Of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def ending(error: KeyboardInterrupt) -> tuple[int, str]:
    """Exit code and message of a command that was interrupted, by Ctrl-C or a signal.

    Parameters
    ----------
    error : KeyboardInterrupt

    Returns
    -------
    int, str

    Examples
    --------
    >>> ending(Ended(signal.SIGTERM))
    (143, 'ended by SIGTERM; what was finished is kept, and the same command goes on with the rest')
    """
    number = error.number if isinstance(error, Ended) else int(signal.SIGINT)
    how = "interrupted" if number == signal.SIGINT else f"ended by {signal.Signals(number).name}"
    return 128 + number, f"{how}; what was finished is kept, and the same command goes on with the rest"


def _end(number: int, _frame: FrameType | None) -> None:
    raise Ended(number)


def _again(unraisable: "sys.UnraisableHookArgs") -> None:
    """Send a signal again that came while Python could not raise: in a `__del__`, or a callback from C."""
    if not isinstance(unraisable.exc_value, Ended):
        sys.__unraisablehook__(unraisable)
        return
    again = threading.Timer(_SECONDS_TO_TRY_AGAIN, os.kill, (os.getpid(), unraisable.exc_value.number))
    again.daemon = True
    again.start()


@contextmanager
def interruptible() -> Iterator[None]:
    """Have these signals raise `Ended` inside, in the main thread; those that are ignored (``nohup``) stay so.

    SIGINT is among them since Python kills its own process at the end, and with it the exit code, if a `KeyboardInterrupt` of its
    own was raised in a text that `exec` ran, even where it was caught later; exceptions derived from it have no such meaning.
    """
    # Python lets the main thread alone set handlers, and runs them there.
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    known = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in known if signal.getsignal(number) is not signal.SIG_IGN}
    for number in before:
        signal.signal(number, _end)
    hook, sys.unraisablehook = sys.unraisablehook, _again
    try:
        yield
    finally:
        sys.unraisablehook = hook
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
