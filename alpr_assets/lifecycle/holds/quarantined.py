"""Which quarantined pictures holds may mean that are not settled: nobody read them, and what is known of them may be wrong (422.5).

Here: the doubt, for the hold. Not here: captures that landed (`covering`), destroying.
A description of a reader, an area or a time keeps each picture that it does not exclude: what is not known, excludes nothing. A claimed time
counts only where it can be true. A plate alone says nothing of a picture that nobody read. A hold that names captures keeps what the same
reader sent of the same day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, Row, select

from alpr_assets.errors import MalformedError
from alpr_assets.lifecycle.captures.manifests import CaptureLine, parse_capture
from alpr_assets.lifecycle.holds.covering import selector_of
from alpr_assets.lifecycle.holds.selectors import Selector
from alpr_assets.policy import Policy
from alpr_assets.store import schema
from alpr_assets.store.holds import hold, hold_item

DOUBTED: Final = ("conflicting_time", "before_installation")
"""Why an item is quarantined of which the claimed time is in doubt though it is possible."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """What is known of a quarantined picture; None: nothing that can be relied on. came_at: it was taken before."""

    device_id: str | None
    at: datetime | None
    place: tuple[float, float] | None
    came_at: datetime


def held_items(connection: Connection, items: Sequence[Row[Any]], *, policy: Policy) -> set[int]:
    """Ids of the quarantined pictures that a hold may mean which is not settled; `items`: rows of quarantine."""
    standing = connection.execute(select(hold).where(hold.c.settled_at.is_(None), hold.c.n_items == 0)).all()
    wanted = [one for one in map(selector_of, standing) if one.area or one.device_id or one.since or one.until]
    named = _named(connection)
    return {item.quarantine_id for item in items if item.kind == "capture" and _is_held(item, wanted, named, policy)}


def claimed(item: Row[Any], policy: Policy) -> Claimed:
    """What a quarantined picture's drop said of it, as far as it can be true."""
    told = item.content if isinstance(item.content, dict) else {}
    device, place = _part(told, "device_id").device_id, _part(told, "latitude", "longitude", "lat", "lon")
    at = _part(told, "captured_at").captured_at
    if at is None or not policy.captures.oldest_at <= at <= item.opened_at or item.code in DOUBTED:
        at = None
    lat, lon = place.latitude_deg, place.longitude_deg
    is_here = lat is not None and lon is not None and policy.captures.area.contains(lat, lon)
    return Claimed(device, at, (lat, lon) if is_here and lat is not None and lon is not None else None, item.opened_at)


def _is_held(item: Row[Any], wanted: list[Selector], named: set[tuple[str, date]], policy: Policy) -> bool:
    known = claimed(item, policy)
    day = (known.at or known.came_at).astimezone(UTC).date()
    return (known.device_id, day) in named or any(_may_mean(one, known) for one in wanted)


def _may_mean(wanted: Selector, known: Claimed) -> bool:
    if wanted.device_id and known.device_id not in (None, wanted.device_id):
        return False
    if wanted.area and known.place:
        lat, lon = (np.array([degrees], np.float64) for degrees in known.place)
        if not wanted.area.contains(lat, lon)[0]:
            return False
    if wanted.since and (known.at or known.came_at) < wanted.since:
        return False
    return not (wanted.until and known.at and known.at >= wanted.until)


def _named(connection: Connection) -> set[tuple[str, date]]:
    """Reader and UTC day of the captures that holds name."""
    capture, item = schema.capture.c, hold_item.c
    rows = connection.execute(
        select(capture.device_id, capture.day)
        .join(hold_item, (item.day == capture.day) & (item.capture_id == capture.capture_id))
        .join(hold, hold.c.hold_id == item.hold_id)
        .where(hold.c.settled_at.is_(None))
        .distinct()
    ).tuples()
    return set(rows)


def _part(told: dict[str, Any], *fields: str) -> CaptureLine:
    """These fields of a line, as landing reads them; without those that are not what they must be."""
    try:
        return parse_capture({"file": "item", **{name: told[name] for name in fields if name in told}})
    except MalformedError:
        return parse_capture({"file": "item"})
