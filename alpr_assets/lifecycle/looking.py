"""The watched folder of drops, looked at twice a second: a drop that closes is landed at once.

Here: when to look closely, and landing what waits. Not here: what a drop is and how it lands (`captures`).
Which drops wait is decided by reading every manifest there is, and thousands of them stay in the folder. So that is asked only once
something moved, and every few seconds for what moves unseen, such as a manifest that is written over.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from alpr_assets.lifecycle.captures.landing import Progress, land_pending
from alpr_assets.lifecycle.captures.pending import pending_drops
from alpr_assets.policy import Policy
from alpr_assets.store.engine import Store

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 5.0
PAUSE_SECONDS: Final = 2.0  # after a failure: trying itself may move something in the folder


@dataclass(frozen=True, slots=True)
class Landed:
    """Drops landed and refused; `failed`: one of them could not be landed, and waits."""

    n_landed: int = 0
    n_refused: int = 0
    failed: bool = False


@dataclass(slots=True)
class Lookout:
    """What is known of the folder since the last look; losing that costs a look."""

    store: Store
    drops: Path
    policy: Policy
    clock: Callable[[], float] = time.monotonic
    _moved: list[tuple[str, int]] | None = None
    _looked_at: float = 0.0
    _failed_at: float = -PAUSE_SECONDS
    _waits: bool = False

    def land(self, now: datetime, *, progress: Progress | None = None) -> Landed:
        """Land what waits, if anything does. One drop that fails keeps neither the others waiting, nor what comes after it."""
        try:
            if not self.waits():
                return Landed()
            self._waits = False
            receipts, refused = land_pending(self.store, self.drops, policy=self.policy, now=now, progress=progress)
        except Exception as error:  # noqa: BLE001 - what landed beside it must be read all the same
            # By its class: the text of an error may hold a plate.
            log.error("landing failed: %s", type(error).__name__)  # noqa: TRY400
            self._failed_at = self.clock()
            return Landed(failed=True)
        return Landed(len(receipts), len(refused))

    def waits(self) -> bool:
        """Whether a drop waits to be landed."""
        if self._waits:
            return True
        if self.clock() - self._failed_at < PAUSE_SECONDS:
            return False
        moved = _moved(self.drops)  # looked at first: what moves from now on is seen the next time
        if moved == self._moved and self.clock() - self._looked_at < LOOK_SECONDS:
            return False
        self._moved, self._looked_at = moved, self.clock()
        self._waits = bool(pending_drops(self.store, self.drops, policy=self.policy))
        return self._waits


def _moved(drops: Path) -> list[tuple[str, int]]:
    """The folder and all below it, with the instants (ns) at which an entry of theirs came or went."""
    found: list[tuple[str, int]] = []
    folders = [str(drops)]
    while folders:
        folder = folders.pop()
        try:
            found.append((folder, os.stat(folder).st_mtime_ns))  # noqa: PTH116 - 3,000 folders twice a second
            with os.scandir(folder) as entries:
                folders += [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:  # it went meanwhile, or is not ours to look at: landing says so
            continue
    return found
