"""Reads: every plate string is well formed, belongs to its picture, and will be found by whoever may search.

What a failure means: a plate that no list can match; a box that shows another car as evidence; a read dated or placed
unlike its picture; a read that a partial-plate search passes over; reads lost or written twice.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd
from sqlalchemy import Connection, Row, func, select

from alpr_assets.quality.frames import PLATE, Fold, folded, microseconds, with_numbering
from alpr_assets.quality.quiet import great_expectations
from alpr_assets.store import schema

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

GRAIN = ["capture_id", "version_id", "box_x", "box_y", "box_width", "box_height"]
PLACE = ("latitude_deg", "longitude_deg", "cell")
LISTS = ("characters", "candidates", "quad")
FLAT = ("spelled", "n_bad_characters", "n_bad_candidates", "plate_is_candidate", "n_corners")
CHUNK = 2_000
WELL_FORMED = re.compile(PLATE)


def reads_frame(connection: Connection, day: date, *, fold: Fold) -> tuple[pd.DataFrame, int]:
    """Reads of a UTC day by every recogniser version, with their captures, recognitions and dictionary rows; a row a read.

    Expected are as many as the day's recognitions say they found.
    """
    result = connection.execute(_statement(day), execution_options={"yield_per": CHUNK})
    plain = [name for name in result.keys() if name not in LISTS]  # noqa: SIM118 - no dictionary
    frame = pd.DataFrame([_flat(row) for row in result], columns=[*plain, *FLAT])
    frame = with_numbering(frame, "read_id", day)
    frame = frame.assign(
        fold_of_plate=folded(frame["plate"], fold),
        box_right=frame["box_x"] + frame["box_width"],
        box_bottom=frame["box_y"] + frame["box_height"],
        same_place=_same_place(frame),
        capture_has_version=frame["current_version"].notna().astype(object).where(frame["width_px"].notna(), None),
        n_reads_of_picture=frame.groupby(["capture_id", "version_id"])["read_id"].transform("size"),
        in_dictionary_days=_in_dictionary_days(frame, day),
        confidence_if_sure=frame["confidence"].where(frame["sure"].astype(bool), None),
    ).drop(columns=["first_day", "last_day"])
    found = select(func.coalesce(func.sum(schema.recognition.c.n_plates), 0)).where(schema.recognition.c.day == day)
    return frame, connection.execute(found).scalar_one()


def suite_reads() -> ExpectationSuite:
    """What must be true of `reads_frame`."""
    ge = great_expectations()
    e = ge.expectations
    expectations = [
        e.ExpectColumnValuesToBeUnique(column="read_id", description="each read is counted once"),
        e.ExpectColumnPairValuesToBeEqual(
            column_A="id_day", column_B="row_day", description="the id belongs to the day it is kept under"
        ),
        e.ExpectColumnValuesToBeBetween(column="number", min_value=1, description="the id carries a number"),
        e.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="n_issued", column_B="number", or_equal=True, ignore_row_if="neither",
            description="the day has issued the number",
        ),
        e.ExpectCompoundColumnsToBeUnique(column_list=GRAIN, description="one read a box and recogniser version"),
        e.ExpectColumnPairValuesToBeEqual(
            column_A="n_reads_of_picture", column_B="n_plates",
            description="the picture has as many reads as its recognition found plates",
        ),
        *_about_the_plate(e),
        *_about_the_picture(e),
    ]  # fmt: skip
    return ge.ExpectationSuite(name="reads", expectations=expectations)


def _about_the_plate(e: Any) -> list[Any]:
    return [
        e.ExpectColumnValuesToMatchRegex(
            column="plate", regex=PLATE, description="the plate is 1–16 of A–Z and 0–9: a list can match it"
        ),
        e.ExpectColumnPairValuesToBeEqual(
            column_A="plate_folded", column_B="fold_of_plate", description="look-alikes of the plate find it"
        ),
        e.ExpectColumnPairValuesToBeEqual(
            column_A="dictionary_folded", column_B="plate_folded",
            description="a search by partial plate knows the plate",
        ),
        e.ExpectColumnValuesToBeInSet(
            column="in_dictionary_days", value_set=[True],
            description="the days of the plate in the dictionary include this one",
        ),
        e.ExpectColumnValuesToNotBeNull(column="confidence", description="the read says how sure it is"),
        e.ExpectColumnValuesToBeBetween(
            column="confidence", min_value=0, max_value=1, description="the confidence is a probability"
        ),
        # No policy may set its figure lower; which one was in force when the read was stored is not kept.
        e.ExpectColumnValuesToBeBetween(
            column="confidence_if_sure", min_value=0.5, description="what is sure is rather right than wrong"
        ),
        e.ExpectColumnPairValuesToBeEqual(
            column_A="spelled", column_B="plate", description="the characters spell the plate, one each"
        ),
        e.ExpectColumnValuesToBeInSet(
            column="n_bad_characters", value_set=[0], description="each character's confidence is a probability"
        ),
        e.ExpectColumnValuesToBeInSet(
            column="n_bad_candidates", value_set=[0],
            description="each candidate is a plate, and its confidence a probability",
        ),
        e.ExpectColumnValuesToBeInSet(
            column="plate_is_candidate", value_set=[True], description="the plate is one of its candidates"
        ),
        e.ExpectColumnValuesToMatchRegex(
            column="region", regex=r"\A(?:us-)?[a-z]{2}\Z", description="the state is a code of two letters, or unknown"
        ),
        e.ExpectColumnValuesToBeBetween(
            column="region_confidence", min_value=0, max_value=1,
            description="the confidence in the state is a probability",
        ),
    ]  # fmt: skip


def _about_the_picture(e: Any) -> list[Any]:
    return [
        e.ExpectColumnValuesToNotBeNull(column="width_px", description="the capture it was read from is there"),
        e.ExpectColumnValuesToBeBetween(column="box_x", min_value=0, description="the box begins in the picture"),
        e.ExpectColumnValuesToBeBetween(column="box_y", min_value=0, description="the box begins in the picture"),
        e.ExpectColumnValuesToBeBetween(column="box_width", min_value=1, description="the box has a width"),
        e.ExpectColumnValuesToBeBetween(column="box_height", min_value=1, description="the box has a height"),
        e.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="width_px", column_B="box_right", or_equal=True, ignore_row_if="either_value_is_missing",
            description="the box ends in the picture",
        ),
        e.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="height_px", column_B="box_bottom", or_equal=True, ignore_row_if="either_value_is_missing",
            description="the box ends in the picture",
        ),
        e.ExpectColumnValuesToBeInSet(column="n_corners", value_set=[4], description="the plate's outline has corners"),
        e.ExpectColumnPairValuesToBeEqual(
            column_A="captured_at_us", column_B="capture_captured_at_us", ignore_row_if="either_value_is_missing",
            description="the read is dated as its capture",
        ),
        e.ExpectColumnPairValuesToBeEqual(
            column_A="device_id", column_B="capture_device_id", ignore_row_if="either_value_is_missing",
            description="the read names the device of its capture",
        ),
        e.ExpectColumnValuesToBeInSet(
            column="same_place", value_set=[True], description="the read is placed as its capture"
        ),
        e.ExpectColumnValuesToBeInSet(
            column="capture_has_version", value_set=[True],
            description="the capture names a recogniser version whose reads a search sees",
        ),
    ]  # fmt: skip


def _statement(day: date) -> Any:
    read, capture, looked_at = schema.read.c, schema.capture.c, schema.recognition.c
    known, issued = schema.plate.c, schema.capture_day.c
    return (
        select(
            read.read_id, read.capture_id, read.version_id, read.box_x, read.box_y, read.box_width, read.box_height,
            read.plate, read.plate_folded, read.confidence, read.sure, read.region,
            read.region_confidence, read.device_id, microseconds(read.captured_at), *(read[name] for name in PLACE),
            capture.width_px, capture.height_px, capture.device_id.label("capture_device_id"),
            microseconds(capture.captured_at).label("capture_captured_at_us"),
            *(capture[name].label(f"capture_{name}") for name in PLACE), capture.current_version,
            looked_at.n_plates, known.plate_folded.label("dictionary_folded"), known.first_day, known.last_day,
            issued.n_reads.label("n_issued"), *(read[name] for name in LISTS),
        )
        .select_from(schema.read)
        .outerjoin(schema.capture, (capture.day == read.day) & (capture.capture_id == read.capture_id))
        .outerjoin(
            schema.recognition,
            (looked_at.day == read.day)
            & (looked_at.capture_id == read.capture_id)
            & (looked_at.version_id == read.version_id),
        )
        .outerjoin(schema.plate, known.plate == read.plate)
        .outerjoin(schema.capture_day, issued.day == read.day)
        .where(read.day == day)
    )  # fmt: skip


def _flat(row: Row[Any]) -> tuple[Any, ...]:
    """A row with what is asked of its lists in place of them: kept for a whole day, they are gigabytes."""
    values = tuple(row)
    characters, candidates, quad = values[-len(LISTS) :]
    try:
        flat: tuple[Any, ...] = (
            "".join([character for character, _ in characters]),
            sum([not _sure(confidence) for _, confidence in characters]),
            sum([not (WELL_FORMED.match(plate) and _sure(confidence)) for plate, confidence in candidates]),
            any(plate == row.plate for plate, _ in candidates),
            len(quad),
        )
    except (TypeError, ValueError):
        flat = ("", -1, -1, False, -1)  # not even lists of pairs: nothing asked of them holds
    return (*values[: -len(LISTS)], *flat)


def _sure(confidence: Any) -> bool:
    return isinstance(confidence, int | float) and 0 <= confidence <= 1


def _in_dictionary_days(frame: pd.DataFrame, day: date) -> pd.Series[Any]:
    """(n,) whether the dictionary has seen the plate on this day; None where it does not know the plate."""
    first, last = frame["first_day"], frame["last_day"]
    known = first.notna()
    inside = (first[known] <= day) & (last[known] >= day)
    return inside.astype(object).reindex(frame.index).where(known, None)


def _same_place(frame: pd.DataFrame) -> pd.Series[Any]:
    """(n,) whether latitude, longitude and cell are the capture's, or missing in both; None where there is no capture."""
    same = pd.Series(data=True, index=frame.index)
    for name in PLACE:
        mine, its = frame[name], frame[f"capture_{name}"]
        same &= (mine == its) | (mine.isna() & its.isna())
    return same.astype(object).where(frame["width_px"].notna(), None)
