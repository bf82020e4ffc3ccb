"""Keeping a process there: begun again where it ends by itself, more seldom each time, with an alarm until it is at work again.

For what others can do without for a minute. Where the worker is away, Dagster's runs do its work, later; so its end is no reason to
stop the console. What it ended with is in its log.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from subprocess import Popen
from typing import Final

from alpr_assets.access.record import alarms
from alpr_assets.lifecycle.patience import Patience

LONGEST_SECONDS: Final = 60.0
STEADY_SECONDS: Final = 300.0  # who worked for so long begins with no delay the next time


class Kept:
    """One process, and how to begin it.

    start : begins it in a session of its own, and returns it
    alarm : (name, text) raised when it ends by itself; over once the process itself says so
    """

    def __init__(
        self,
        start: Callable[[], Popen[bytes]],
        *,
        data: Path,
        alarm: tuple[str, str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._start, self._data, self._alarm, self._clock = start, data, alarm, clock
        self._patience = Patience(clock, LONGEST_SECONDS)
        self._ended = False
        self._began_at = clock()
        self.process = start()

    def tend(self) -> None:
        """To be called every second or so: sees that it has ended, and begins it again when its time has come."""
        if self.process.poll() is None:
            return
        if not self._ended:
            self._ended = True
            # What it left behind in its session: a recogniser's processes are as large as itself.
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            alarms.raise_alarm(self._data, *self._alarm)
            if self._clock() - self._began_at > STEADY_SECONDS:
                self._patience.done(self)
            self._patience.failed(self)
        if self._patience.allows(self):
            self._ended = False
            self._began_at = self._clock()
            self.process = self._start()
