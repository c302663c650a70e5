"""Ctrl-C, SIGTERM and SIGHUP end a command: with a message, without temporary folders, with the exit code 128 + n."""

import gc
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
    (143, 'ended by SIGTERM; finished runs are kept, and the same command does not repeat them')
    """
    number = error.number if isinstance(error, Ended) else int(signal.SIGINT)
    how = "interrupted" if number == signal.SIGINT else f"ended by {signal.Signals(number).name}"
    return 128 + number, f"{how}; finished runs are kept, and the same command does not repeat them"


def _send_again(number: int) -> None:
    again = threading.Timer(_SECONDS_TO_TRY_AGAIN, os.kill, (os.getpid(), number))
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
    came: list[int] = []

    def end(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        raise Ended(number)

    def on_unraisable(about: "sys.UnraisableHookArgs") -> None:
        # In a `__del__`, or a callback from C, Python cannot raise, and would go on as if no signal had come.
        if isinstance(about.exc_value, Ended):
            _send_again(about.exc_value.number)
        elif not came:  # afterward, objects that were half made when it came lack what their `__del__` looks for
            sys.__unraisablehook__(about)

    known = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in known if signal.getsignal(number) is not signal.SIG_IGN}
    for number in before:
        signal.signal(number, end)
    hook, sys.unraisablehook = sys.unraisablehook, on_unraisable
    try:
        yield
    finally:
        if came:
            gc.collect()  # half-made objects, while nothing is said of them
        sys.unraisablehook = hook
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
