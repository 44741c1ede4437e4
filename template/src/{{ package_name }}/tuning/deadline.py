"""A limit of time for any fit: none of the libraries has one that all of its estimators heed."""

import ctypes
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

AGAIN = 1.0  # seconds after which a fit that has swallowed the exception is told once more


class OutOfTimeError(Exception):
    """The time was up before the end."""


@contextmanager
def until(end: float | None) -> Iterator[None]:
    """Raise an `OutOfTimeError` in what runs inside, in this thread, once the clock has passed `end`.

    It comes between two steps of Python code, which for all but few estimators means between two trees or iterations. A
    single call into compiled code, such as the whole fit of a support vector machine, is waited for.

    Args:
        end: by `time.monotonic`; None sets no limit.
    """
    if end is None:
        yield
        return
    thread, done, rest = ctypes.c_ulong(threading.get_ident()), threading.Event(), end - time.monotonic()
    if rest <= 0:
        raise OutOfTimeError

    def watch() -> None:
        wait = rest
        while not done.wait(wait):
            ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(OutOfTimeError))
            wait = AGAIN

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
        ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, None)  # one that was on its way comes too late
