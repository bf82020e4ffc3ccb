"""A sign of life while the console answers: after a second, how long it has been at it. Gone once the answer is there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Any, Final

SHOWN_AFTER_S: Final = 1.0
EVERY_S: Final = 1.0


@contextmanager
def waiting(display: Any = None) -> Iterator[None]:
    """Show that something is under way, should it last. Outside a notebook it shows nothing.

    Parameters
    ----------
    display : IPython's `display`; None: that of the notebook that runs this, if one does
    """
    shown = _display() if display is None else display
    if shown is None:
        yield
        return
    done = Event()
    watching = Thread(target=_watch, args=(shown, done), daemon=True)
    watching.start()
    try:
        yield
    finally:
        done.set()
        watching.join()


def _watch(display: Any, done: Event) -> None:
    begun, handle = time.monotonic(), None
    if done.wait(SHOWN_AFTER_S):
        return
    with suppress(Exception):  # a sign of life that fails is none, and no reason to fail
        while True:
            told = _Told(f"the console is at work, {time.monotonic() - begun:.0f} s …")
            handle = display(told, display_id=True) if handle is None else handle.update(told) or handle
            if done.wait(EVERY_S):
                break
        if handle is not None:
            handle.update(_Told(""))


class _Told:
    def __init__(self, words: str) -> None:
        self.words = words

    def __repr__(self) -> str:
        return self.words

    def _repr_html_(self) -> str:
        return f"<progress></progress> <small>{self.words}</small>" if self.words else ""


def _display() -> Any:
    """Of the notebook that runs this; None: there is none."""
    try:
        from IPython import get_ipython  # noqa: PLC0415 - not needed outside notebooks
        from IPython.display import display  # noqa: PLC0415
    except ImportError:
        return None
    shell = get_ipython()
    return display if shell is not None and hasattr(shell, "kernel") else None
