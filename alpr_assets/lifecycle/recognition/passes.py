"""Passes: which reads are of one vehicle going by one device.

Here: the rules, on reads in memory. Not here: the store, the vote.

A read joins a pass in one of two ways.
By its plate: it is spelled as one of the pass's reads, look-alikes being equal, and close in time.
By its track: it is one edit off, and its box goes on where the pass's last box was, a few seconds before or after. A track
says that two spellings are one plate, so it is refused wherever they may be two:
- two plates seen in one picture are two vehicles: neither joins the other's pass, in that picture or near it;
- where another plate was surely read at this place in between, the track has ended;
- spellings two edits apart share a pass only as unsure reads around one that is an edit from both; never where either is sure.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import combinations
from typing import NamedTuple

from alpr_assets.lifecycle.edits import within_one

TRACK = timedelta(seconds=3)  # between two boxes of a track; a camera takes several pictures meanwhile
SURE = 0.9  # confidence from which a spelling is taken to be on a plate
MAX_GROWTH = 1.6  # of a box between two pictures, in width and in height
MAX_MOVE = 1.5  # of a box's centre between two pictures, in widths of the larger one


class Look(NamedTuple):
    """One read, as far as tracking needs it. Boxes are in pixels; `current`: of its capture's current version."""

    at: datetime
    device_id: str
    capture_id: int
    version_id: str
    plate_folded: str
    confidence: float
    x: int
    y: int
    width: int
    height: int
    current: bool = True


@dataclass(slots=True, eq=False)
class Pass:
    """A sighting while its reads are gathered.

    weight, surest : confidence of each spelling's reads, together and at best
    pictures : the spelling by picture, which is a capture and the version that looked at it
    """

    day: date
    sighting_id: int
    first_at: datetime
    last_at: datetime
    weight: dict[str, float] = field(default_factory=dict)
    surest: dict[str, float] = field(default_factory=dict)
    pictures: dict[tuple[int, str], str] = field(default_factory=dict)

    def add(self, look: Look) -> None:
        self.first_at, self.last_at = min(self.first_at, look.at), max(self.last_at, look.at)
        plate = look.plate_folded
        self.weight[plate] = self.weight.get(plate, 0.0) + look.confidence
        self.surest[plate] = max(self.surest.get(plate, 0.0), look.confidence)
        self.pictures[look.capture_id, look.version_id] = plate

    def takes(self, look: Look, gap: timedelta) -> bool:
        """Whether a read spelled as one of these is of this pass. Two spellings in one picture are two vehicles."""
        in_picture = self.pictures.get((look.capture_id, look.version_id), look.plate_folded)
        near = self.first_at - gap <= look.at <= self.last_at + gap
        return near and in_picture == look.plate_folded and self._agrees(look)

    def may_spell(self, look: Look) -> bool:
        """Whether the read can be this pass's plate, spelled otherwise."""
        leading = max(self.weight, key=lambda spelling: (self.weight[spelling], spelling))
        return within_one(look.plate_folded, leading) and self._agrees(look)

    def _agrees(self, look: Look) -> bool:
        return all(
            within_one(look.plate_folded, other) or (look.confidence < SURE and surest < SURE)
            for other, surest in self.surest.items()
        )


class Passes:
    """The passes of any number of devices. Reads are found and added in the order of time."""

    def __init__(self, gap: timedelta) -> None:
        self._gap = gap
        self._by_plate: defaultdict[tuple[str, str], list[Pass]] = defaultdict(list)
        self._tracks: defaultdict[str, list[tuple[Look, Pass]]] = defaultdict(list)
        self._together: set[tuple[str, str, str]] = set()

    def apart(self, looks: Iterable[Look]) -> None:
        """Take note of plates that are both sure in one picture: they are two vehicles."""
        pictures: defaultdict[tuple[int, str], list[Look]] = defaultdict(list)
        for look in looks:
            if look.confidence >= SURE:
                pictures[look.capture_id, look.version_id].append(look)
        for sure in pictures.values():
            for one, other in combinations(sure, 2):
                if one.plate_folded != other.plate_folded:
                    self._together.add((one.device_id, one.plate_folded, other.plate_folded))
                    self._together.add((one.device_id, other.plate_folded, one.plate_folded))

    def add(self, passed: Pass, look: Look) -> None:
        """Put a read into a pass."""
        if look.plate_folded not in passed.weight:
            self._by_plate[look.device_id, look.plate_folded].append(passed)
        passed.add(look)
        track = self._tracks[look.device_id]
        if not track or track[-1][0].at <= look.at:
            track.append((look, passed))
        else:
            insort(track, (look, passed), key=_at)

    def find(self, look: Look) -> Pass | None:
        """The pass that a read belongs to, if there is one."""
        # The latest first: reads come in the order of time.
        same = reversed(self._by_plate.get((look.device_id, look.plate_folded), []))
        return next((passed for passed in same if passed.takes(look, self._gap)), None) or self._on_track(look)

    def _on_track(self, look: Look) -> Pass | None:
        track, reach = self._tracks.get(look.device_id, []), min(TRACK, self._gap)
        near = track[bisect_left(track, look.at - reach, key=_at) : bisect_right(track, look.at + reach, key=_at)]
        for other, passed in sorted(near, key=lambda member: (abs(member[0].at - look.at), _move(member[0], look))):
            if other.capture_id == look.capture_id:
                # Another version's read in the very same place is of the same plate, whether it is searched any more or not.
                if other.version_id != look.version_id and overlaps(other, look) and self._joins(passed, look):
                    return passed
            elif other.current and continues(other, look):
                if self._joins(passed, look):
                    return passed
                if other.confidence >= SURE:
                    return None  # another vehicle has taken the place
        return None

    def _joins(self, passed: Pass, look: Look) -> bool:
        return (
            (look.capture_id, look.version_id) not in passed.pictures
            and passed.may_spell(look)
            and not any((look.device_id, look.plate_folded, other) in self._together for other in passed.weight)
        )


def continues(one: Look, other: Look) -> bool:
    """Whether two boxes may be of one plate, a moment apart: of similar size, and overlapping or close."""
    wider, narrower = max(one.width, other.width), min(one.width, other.width)
    higher, lower = max(one.height, other.height), min(one.height, other.height)
    if wider > MAX_GROWTH * narrower or higher > MAX_GROWTH * lower:
        return False
    return _move(one, other) <= MAX_MOVE * wider


def overlaps(one: Look, other: Look) -> bool:
    """Whether the centre of either box lies in the other."""
    return abs(one.x + one.width / 2 - other.x - other.width / 2) <= max(one.width, other.width) / 2 and (
        abs(one.y + one.height / 2 - other.y - other.height / 2) <= max(one.height, other.height) / 2
    )


def _move(one: Look, other: Look) -> float:
    """Pixels between the centres of two boxes."""
    across = one.x + one.width / 2 - other.x - other.width / 2
    down = one.y + one.height / 2 - other.y - other.height / 2
    return float((across * across + down * down) ** 0.5)


def _at(member: tuple[Look, Pass]) -> datetime:
    return member[0].at
