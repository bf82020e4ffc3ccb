"""All that any recogniser version ever read in one picture, with candidates: why a read says what it says.

Here: reads of every version, those superseded too. Not here: the picture (`images`), what a person read (`history`).
"""

from __future__ import annotations

from datetime import date
from typing import Final

import pandas as pd
from sqlalchemy import Engine, select

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.roles import Action
from alpr_assets.errors import NotFoundError
from alpr_assets.search import reads
from alpr_assets.store import schema
from alpr_assets.store.engine import reading

COLUMNS: Final = {
    "day": "UTC day of the capture",
    "read_id": "id of the read",
    "capture_id": "id of the picture, within its day",
    "captured_at": "instant, UTC",
    "version_id": "recogniser version",
    "recogniser": "detector and reader of that version; missing: not on record",
    "recognised_at": "instant, UTC; missing: not on record",
    "in_force": "whether searches see this read",
    "rank": "0: the picture's most plate-like text",
    "raw": "the reader's text before anything was dropped from it",
    "plate": "characters as read",
    "confidence": "probability 0–1 that every character is right",
    "sure": "whether it reached the policy's figure when it was stored",
    "characters": "[[character, confidence], …]",
    "candidates": "[[plate, confidence], …], best first",
    "region": "state read on the plate, two letters in lower case; missing: unknown",
    "region_confidence": "0–1",
    "box": "[x, y, width, height] in pixels of the picture as stored",
}
"""Columns of `read_versions`, in order."""


def read_versions(grant: Grant, engine: Engine, *, day: date, capture_id: int) -> Found[pd.DataFrame]:
    """Every read of one picture by every version, the version in force first, then the newest.

    Returns
    -------
    DataFrame (n, 18): see COLUMNS

    Raises
    ------
    AccessRefusedError : the grant is for another ask
    NotFoundError : there is no such capture

    Source: 422.4(a), 422.4(f)
    """
    grant.require(Action.PLATE_HISTORY)
    read, capture, looked, version = (
        schema.read.c, schema.capture.c, schema.recognition.c, schema.recogniser_version.c,
    )  # fmt: skip
    statement = (
        select(
            read.day, read.read_id, read.capture_id, read.captured_at, read.version_id, version.detector, version.reader,
            looked.recognised_at, (read.version_id == capture.current_version).label("in_force"), read.rank, read.raw,
            read.plate, read.confidence, read.sure, read.characters, read.candidates, read.region, read.region_confidence,
            read.box_x, read.box_y, read.box_width, read.box_height,
        )
        .join(schema.capture, (capture.day == read.day) & (capture.capture_id == read.capture_id))
        .outerjoin(
            schema.recognition,
            (looked.day == read.day) & (looked.capture_id == read.capture_id) & (looked.version_id == read.version_id),
        )
        .outerjoin(schema.recogniser_version, version.version_id == read.version_id)
        .where(read.day == day, read.capture_id == capture_id)
    )  # fmt: skip
    with reading(engine) as connection:
        there = select(capture.capture_id).where(capture.day == day, capture.capture_id == capture_id)
        if connection.scalar(there) is None:
            raise NotFoundError(f"there is no capture {capture_id} on {day}")
        rows = list(map(tuple, connection.execute(statement)))
    frame = pd.DataFrame(rows, columns=list(statement.selected_columns.keys()))
    frame = frame.assign(
        in_force=frame["in_force"].fillna(value=False).astype(bool),
        recogniser=(frame["detector"] + " + " + frame["reader"]).where(frame["detector"].notna(), None),
        box=pd.Series(frame[["box_x", "box_y", "box_width", "box_height"]].to_numpy().tolist(), dtype=object),
    ).sort_values(
        ["in_force", "recognised_at", "version_id", "rank"], ascending=[False, False, True, True], kind="stable"
    )
    ordered = frame[list(COLUMNS)].reset_index(drop=True)
    return Found(ordered, reads.ids_of(ordered))
