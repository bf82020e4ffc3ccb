"""Plate history: where and when a plate was read.

Here: the exact characters, on the reads that the recogniser version in force made of each capture, and on what a person read
instead. Not here: look-alikes, partial plates, other versions' reads.

A correction stands beside its read, never over it (Civ. Code 1798.90.51): the read is found by what the recogniser read and by its
newest correction, and shows both.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import pandas as pd
from sqlalchemy import Engine, Row, Select, exists, func, select, union

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action
from alpr_assets.search import querying
from alpr_assets.search.plates import typed
from alpr_assets.store import schema, verdicts

COLUMNS: Final = {
    "day": "UTC day of the capture",
    "read_id": "id of the read",
    "capture_id": "id of the picture it was read from, within its day",
    "captured_at": "instant, UTC",
    "plate": "characters as read",
    "region": "state read on the plate, two letters in lower case; missing: unknown",
    "confidence": "probability 0–1 that every character is right",
    "sure": "whether it reached the policy's figure; an unsure read is a lead, not a finding",
    "device_id": "the reader",
    "device": "what people call it",
    "latitude_deg": "WGS 84; missing: unknown",
    "longitude_deg": "WGS 84",
    "heading_deg": "0 north, 90 east; missing: unknown",
    "clock": "whose clock dated the capture: camera, gps, exif, receipt or redated",
    "sighting_id": "id of the pass that the read belongs to, with sighting_day",
    "sighting_day": "UTC day of the pass",
    "version_id": "recogniser version",
    "corrected_plate": "characters as a person read them in the picture, the newest correction; missing: none",
    "corrected_region": "state as that person read it, two letters in lower case; missing: not corrected",
}
"""Columns of `plate_history`, in order."""


def plate_history(
    grant: Grant,
    engine: Engine,
    *,
    plate: str,
    since: datetime | None = None,
    until: datetime | None = None,
    state: str | None = None,
) -> Found[pd.DataFrame]:
    """All reads of exactly these characters, as read or as corrected, the newest first.

    Parameters
    ----------
    plate : as typed; spaces, dashes and case do not count
    since, until : aware instants, `until` excluded; None: no limit
    state : two letters, of the correction where it has one; reads of another state are left out, those without one kept; None: any

    Returns
    -------
    DataFrame (n, 19): see COLUMNS

    Raises
    ------
    AccessRefusedError : the grant is for another ask
    MalformedError : no plate

    Source: 422.4(a)
    """
    return querying.found(engine, history_query(grant, plate=plate, since=since, until=until, state=state))


def history_query(
    grant: Grant,
    *,
    plate: str,
    since: datetime | None = None,
    until: datetime | None = None,
    state: str | None = None,
) -> querying.Query:
    """The same, to be spooled or exported."""
    grant.require(Action.PLATE_HISTORY)
    read, capture, device, member = schema.read.c, schema.capture.c, schema.device.c, schema.sighting_read.c
    newest = _newest_corrections().subquery("correction")
    correction = newest.c
    wanted = typed(plate)
    # Each half by its own index, then the reads by their key: an OR of the two would look at every read.
    keys = union(
        select(read.day, read.read_id).where(read.plate == wanted),
        _newest_corrections("day", "read_id").where(verdicts.read_correction.c.plate == wanted),
    ).subquery("wanted")
    statement = (
        select(
            read.day, read.read_id, read.capture_id, read.captured_at, read.plate, read.region, read.confidence, read.sure,
            read.device_id, device.name.label("device"), read.latitude_deg, read.longitude_deg, capture.heading_deg,
            capture.clock, member.sighting_id, member.sighting_day, read.version_id,
            correction.plate.label("corrected_plate"), correction.region.label("corrected_region"),
        )
        .join(keys, (keys.c.day == read.day) & (keys.c.read_id == read.read_id))
        .join(schema.capture, (capture.day == read.day) & (capture.capture_id == read.capture_id))
        .outerjoin(schema.device, device.device_id == read.device_id)
        .outerjoin(schema.sighting_read, (member.day == read.day) & (member.read_id == read.read_id))
        .outerjoin(newest, (correction.day == read.day) & (correction.read_id == read.read_id))
        .where(read.version_id == capture.current_version)
        .order_by(read.captured_at.desc(), read.read_id.desc())
    )  # fmt: skip
    if since is not None:
        statement = statement.where(read.captured_at >= since)
    if until is not None:
        statement = statement.where(read.captured_at < until)
    if state is not None:
        region = func.coalesce(correction.region, read.region)
        statement = statement.where((region == state.lower()) | region.is_(None))
    return querying.Query(statement, _identify, _finish)


def _newest_corrections(*names: str) -> Select[Any]:
    """Of each corrected read the newest correction: these columns of it; none named: all that are shown."""
    correction, newer = verdicts.read_correction.c, verdicts.read_correction.alias("newer").c
    superseded = exists().where(
        newer.day == correction.day, newer.read_id == correction.read_id, newer.correction_id > correction.correction_id
    )
    return select(*(correction[name] for name in names or ("day", "read_id", "plate", "region"))).where(~superseded)


def _identify(row: Row[Any]) -> ResultId:
    return ResultId("read", row.day, row.read_id)


def _finish(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[list(COLUMNS)]
