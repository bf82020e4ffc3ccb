"""Two recogniser versions side by side: what a newer one reads unchanged, otherwise, more or less than the one before.

Here: counts, a UTC day at a time. Not here: plates; a table of them belongs behind the gate. Nothing is written.
A read of one version and a read of the other are of the same plate when their boxes in the picture overlap.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from alpr_assets.lifecycle.edits import distance
from alpr_assets.lifecycle.recognition.recogniser import Box
from alpr_assets.store import schema

# Plates do not overlap each other, but one detector outlines the characters and another the whole plate.
SAME_PLACE_IOU = 0.1
EDITS = {1: "1 character", 2: "2 characters", 3: "3 or more"}
MANY = max(EDITS)  # edits: as many or more are counted together


class Spelled(NamedTuple):
    """One plate of a picture and where it was read."""

    plate: str
    box: Box


@dataclass(frozen=True, slots=True)
class Comparison:
    """Reads of `n_captures` pictures that both versions looked at.

    n_by_edits : of the changed ones, by the number of characters that differ; the keys are those of EDITS
    """

    n_captures: int = 0
    n_unchanged: int = 0
    n_changed: int = 0
    n_gained: int = 0
    n_lost: int = 0
    n_by_edits: Mapping[int, int] = field(default_factory=dict)

    def __add__(self, other: Comparison) -> Comparison:
        return Comparison(
            self.n_captures + other.n_captures,
            self.n_unchanged + other.n_unchanged,
            self.n_changed + other.n_changed,
            self.n_gained + other.n_gained,
            self.n_lost + other.n_lost,
            dict(Counter(self.n_by_edits) + Counter(other.n_by_edits)),
        )


def compare_day(connection: Connection, day: date, *, old: str | None = None, new: str | None = None) -> Comparison:
    """Compare what two versions read in a UTC day's captures.

    Parameters
    ----------
    old : a version; None: of each capture the one that looked at it last, besides `new`
    new : a version; None: of each capture its current one

    Captures that only one of the two has looked at are left out.
    """
    pairs = versions_compared(connection, day, old, new)
    if not pairs:
        return Comparison()
    reads = _reads(connection, day, {version for pair in pairs.values() for version in pair})
    total = Comparison()
    for capture_id, (before, after) in pairs.items():
        total += compare(reads[capture_id, before], reads[capture_id, after])
    return total


def compare(old: Iterable[Spelled], new: Iterable[Spelled]) -> Comparison:
    """Compare two versions' reads of one picture."""
    before, after = list(old), list(new)
    same = paired(before, after)
    edits = Counter(min(distance(before[i].plate, after[j].plate), MANY) for i, j in same.items())
    n_unchanged = edits.pop(0, 0)
    return Comparison(
        1, n_unchanged, len(same) - n_unchanged, len(after) - len(same), len(before) - len(same), dict(edits)
    )


def paired(before: Sequence[Spelled], after: Sequence[Spelled]) -> dict[int, int]:
    """Which of two versions' reads of one picture are of the same plate, those that overlap most first: position before → after."""
    overlaps = sorted(
        ((iou(a.box, b.box), a.plate == b.plate, i, j) for i, a in enumerate(before) for j, b in enumerate(after)),
        key=lambda pair: (-pair[0], not pair[1], pair[2], pair[3]),
    )
    same: dict[int, int] = {}
    for overlap, _, i, j in overlaps:
        if overlap >= SAME_PLACE_IOU and i not in same and j not in same.values():
            same[i] = j
    return same


def iou(one: Box, other: Box) -> float:
    """Intersection over union of two boxes."""
    across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    shared = max(across, 0) * max(down, 0)
    return shared / (one.width * one.height + other.width * other.height - shared)


def versions_compared(
    connection: Connection, day: date, old: str | None = None, new: str | None = None
) -> dict[int, tuple[str, str]]:
    """The two versions to compare, of every capture that both have looked at."""
    capture, looked_at = schema.capture.c, schema.recognition.c
    rows = connection.execute(
        select(looked_at.capture_id, looked_at.version_id, capture.current_version)
        .join(schema.capture, (capture.day == looked_at.day) & (capture.capture_id == looked_at.capture_id))
        .where(looked_at.day == day, capture.day == day)
        .order_by(looked_at.capture_id, looked_at.recognised_at, looked_at.version_id)
    )
    known: defaultdict[int, list[str]] = defaultdict(list)
    current: dict[int, str] = {}
    for row in rows:
        known[row.capture_id].append(row.version_id)
        current[row.capture_id] = row.current_version
    pairs = {}
    for capture_id, versions in known.items():
        after = new or current[capture_id]
        before = old or next((version for version in reversed(versions) if version != after), None)
        if after in versions and before in versions and before != after:
            pairs[capture_id] = (before, after)
    return pairs


def _reads(connection: Connection, day: date, versions: set[str]) -> defaultdict[tuple[int, str], list[Spelled]]:
    read = schema.read.c
    statement: Any = select(
        read.capture_id, read.version_id, read.plate, read.box_x, read.box_y, read.box_width, read.box_height
    ).where(read.day == day, read.version_id.in_(versions))
    found: defaultdict[tuple[int, str], list[Spelled]] = defaultdict(list)
    for capture_id, version_id, plate, x, y, width, height in connection.execute(statement):
        found[capture_id, version_id].append(Spelled(plate, Box(x, y, width, height)))
    return found
