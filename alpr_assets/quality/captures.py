"""Captures: every image of a day is dated, placed, counted once and will be found again.

What a failure means: a wrong day purges too early or too late; a wrong cell is never found by a canvass; a capture
without its identity lands twice; a number beyond those issued makes the next landing collide.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pandas as pd
from sqlalchemy import Connection, func, select, union

from alpr_assets.policy import Policy
from alpr_assets.quality.frames import SECOND, SHA256, cell_of_place, epoch_day, load, microseconds, with_numbering
from alpr_assets.quality.quiet import great_expectations
from alpr_assets.store import schema

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

CLOCKS = ("camera", "gps", "exif", "receipt", "redated")
PLACE_SOURCES = ("manifest", "exif", "device", "given")
PLACE = ["latitude_deg", "longitude_deg", "place_source", "cell"]
DAY_S = 86_400


def captures_frame(connection: Connection, day: date) -> tuple[pd.DataFrame, int]:
    """Captures of a UTC day with their identities, a row a capture.

    Expected are as many as captures and identities name together: an identity without its capture is an image that was
    landed, is lost, and would be taken for a duplicate if it were sent again.
    """
    capture, identity, issued = schema.capture.c, schema.capture_identity.c, schema.capture_day.c
    statement = (
        select(
            capture.capture_id, capture.image_sha256, capture.n_bytes, capture.media_type, capture.width_px,
            capture.height_px, microseconds(capture.captured_at), microseconds(capture.landed_at), capture.clock,
            capture.latitude_deg, capture.longitude_deg, capture.place_source, capture.cell, capture.heading_deg,
            identity.capture_id.label("identity_capture_id"), issued.n_captures.label("n_issued"),
        )
        .select_from(schema.capture)
        .outerjoin(
            schema.capture_identity,
            (identity.device_id == capture.device_id)
            & (identity.image_sha256 == capture.image_sha256)
            & (identity.day == capture.day),
        )
        .outerjoin(schema.capture_day, issued.day == capture.day)
        .where(capture.day == day)
    )  # fmt: skip
    frame = with_numbering(load(connection, statement), "capture_id", day)
    captured, landed = frame["captured_at_us"].astype("int64"), frame["landed_at_us"].astype("int64")
    frame = frame.assign(
        captured_s=captured / SECOND,
        into_day_s=captured / SECOND - epoch_day(day) * DAY_S,
        landed_after_s=(landed - captured) / SECOND,
        n_place_parts=frame[PLACE].notna().sum(axis=1),
        cell_of_place=cell_of_place(frame),
    )
    named = union(
        select(capture.capture_id).where(capture.day == day), select(identity.capture_id).where(identity.day == day)
    ).subquery()
    return frame, connection.execute(select(func.count()).select_from(named)).scalar_one()


def suite_captures(policy: Policy) -> ExpectationSuite:
    """What must be true of `captures_frame`, with the area, the oldest day and the clock tolerance of the policy."""
    ge, area = great_expectations(), policy.captures.area
    e = ge.expectations
    tolerance_s = policy.captures.future_tolerance.total_seconds()
    expectations = [
        e.ExpectColumnValuesToBeUnique(column="capture_id", description="each capture is counted once"),
        e.ExpectColumnPairValuesToBeEqual(
            column_A="id_day", column_B="row_day", description="the id belongs to the day it is kept under"
        ),
        e.ExpectColumnValuesToBeBetween(column="number", min_value=1, description="the id carries a number"),
        e.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="n_issued", column_B="number", or_equal=True, ignore_row_if="neither",
            description="the day has issued the number",
        ),
        e.ExpectColumnPairValuesToBeEqual(
            column_A="identity_capture_id", column_B="capture_id",
            description="sent again, the image is known as this capture",
        ),
        e.ExpectColumnValuesToBeBetween(
            column="into_day_s", min_value=0, max_value=DAY_S, strict_max=True, description="captured on this UTC day"
        ),
        e.ExpectColumnValuesToBeBetween(
            column="captured_s", min_value=policy.captures.oldest_at.timestamp(),
            description="not captured before ALPR was in use here",
        ),
        e.ExpectColumnValuesToBeBetween(
            column="landed_after_s", min_value=-tolerance_s,
            description="not captured after it landed, but for the policy's tolerance",
        ),
        e.ExpectColumnValuesToBeInSet(column="clock", value_set=list(CLOCKS), description="known whose clock dated it"),
        e.ExpectColumnValuesToMatchRegex(
            column="image_sha256", regex=SHA256, description="the image is named by its SHA-256"
        ),
        e.ExpectColumnValuesToBeBetween(column="n_bytes", min_value=1, description="the image has content"),
        e.ExpectColumnValuesToBeBetween(column="width_px", min_value=1, description="the image has a width"),
        e.ExpectColumnValuesToBeBetween(column="height_px", min_value=1, description="the image has a height"),
        e.ExpectColumnValuesToMatchRegex(
            column="media_type", regex=r"\Aimage/[a-z]+\Z", description="it is a picture of a known format"
        ),
        e.ExpectColumnValuesToBeInSet(
            column="n_place_parts", value_set=[0, len(PLACE)],
            description="latitude, longitude, their source and the cell are all there, or none",
        ),
        e.ExpectColumnValuesToBeBetween(
            column="latitude_deg", min_value=area.south, max_value=area.north, description="inside the policy's area"
        ),
        e.ExpectColumnValuesToBeBetween(
            column="longitude_deg", min_value=area.west, max_value=area.east, description="inside the policy's area"
        ),
        e.ExpectColumnValuesToBeInSet(
            column="place_source", value_set=list(PLACE_SOURCES), description="known who says where it was taken"
        ),
        e.ExpectColumnPairValuesToBeEqual(
            column_A="cell", column_B="cell_of_place", ignore_row_if="either_value_is_missing",
            description="a search by area finds it where it was taken",
        ),
        e.ExpectColumnValuesToBeBetween(
            column="heading_deg", min_value=0, max_value=360, description="the heading is a direction"
        ),
    ]  # fmt: skip
    return ge.ExpectationSuite(name="captures", expectations=expectations)
