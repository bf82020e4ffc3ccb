"""Trying again what fails, more seldom each time, without holding up anything else."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

LONGEST_SECONDS: Final = 300.0


@dataclass(slots=True)
class Patience:
    """What failed is allowed again after 1, 2, 4, … seconds, at the latest after `longest`.

    clock : seconds, monotonic
    """

    clock: Callable[[], float] = time.monotonic
    longest: float = LONGEST_SECONDS
    _failed: dict[object, tuple[int, float]] = field(default_factory=dict)

    def allows(self, task: object) -> bool:
        return task not in self._failed or self.clock() >= self._failed[task][1]

    def failed(self, task: object) -> None:
        n, _ = self._failed.get(task, (0, 0.0))
        self._failed[task] = n + 1, self.clock() + min(2.0 ** min(n, 60), self.longest)

    def done(self, task: object) -> None:
        self._failed.pop(task, None)
