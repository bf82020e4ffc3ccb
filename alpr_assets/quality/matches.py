"""Hits: each was raised for the reason it states, from a read and a list version that are there.

What a failure means: a person is shown a reason to stop a car that the evidence does not bear out; a restricted entry is
passed on without being logged; a hit that no read or list version can explain in court.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd
from sqlalchemy import Connection, func, select

from alpr_assets.policy import Policy
from alpr_assets.quality.frames import SECOND, Fold, load, microseconds, with_numbering
from alpr_assets.quality.quiet import great_expectations
from alpr_assets.store import schema, verdicts

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

KEY = ["row_day", "sighting_id", "source", "plate", "state", "list_type"]
KINDS = ("exact", "folded", "edit1")
EITHER = "either_value_is_missing"


def matches_frame(connection: Connection, day: date, *, fold: Fold) -> tuple[pd.DataFrame, int]:
    """Hits of a UTC day of sightings with their reads, sightings, entries and imports; a row a hit that comes from a list.

    What a person corrected stands as he read it.

    Expected are as many as the hits counted alone.
    """
    of_a_list = schema.hit.c.entry_id.is_not(None)
    frame = with_numbering(load(connection, _statement(day).where(of_a_list)), "sighting_id", day)
    exact, n_differences = frame["match_kind"] == "exact", frame["differences"].map(_length)
    frame = frame.assign(
        kind_of_spelling=_kinds_of_spelling(frame, fold),
        is_explained=(exact & (n_differences == 0)) | (~exact & (n_differences > 0)),
        state_of_edit1=frame["state_agrees"].astype(object).where(frame["match_kind"] == "edit1", None),
        raised_after_s=(frame["raised_at_us"] - frame["captured_at_us"]) / SECOND,
        strengthened_after_s=(frame["strengthened_at_us"].astype("float64") - frame["raised_at_us"]) / SECOND,
    ).drop(columns="differences")
    counted = select(func.count()).select_from(schema.hit).where(schema.hit.c.day == day, of_a_list)
    return frame, connection.execute(counted).scalar_one()


def suite_matches(policy: Policy) -> ExpectationSuite:
    """What must be true of `matches_frame`, with the purposes and the clock tolerance of the policy."""
    ge = great_expectations()
    e = ge.expectations
    # A camera's clock may be ahead by this much, and a hit is raised within seconds.
    tolerance_s = policy.captures.future_tolerance.total_seconds()
    allowed = [purpose.code for purpose in policy.purposes if purpose.code not in policy.refused_purposes]
    expectations = [
        e.ExpectCompoundColumnsToBeUnique(column_list=KEY, description="a pass raises one hit a listed plate and source"),
        e.ExpectColumnValuesToBeInSet(column="category", value_set=allowed, description="raised for a purpose of the policy"),
        e.ExpectColumnValuesToBeBetween(
            column="raised_after_s", min_value=-tolerance_s,
            description="raised after the capture, but for the policy's tolerance",
        ),
        e.ExpectColumnValuesToBeBetween(
            column="strengthened_after_s", min_value=0, description="strengthened after it was raised"
        ),
        *_about_the_match(e),
        *_about_the_read(e),
        *_about_the_entry(e),
    ]  # fmt: skip
    return ge.ExpectationSuite(name="matches", expectations=expectations)


def kind_of(read: str, listed: str, fold: Fold) -> str:
    """How two plates match, found without the index that raised the hit: exact, folded, edit1 or none."""
    if read == listed:
        return "exact"
    one, other = sorted((fold(read), fold(listed)), key=len)
    if one == other:
        return "folded"
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    behind = one[start + 1 :] if len(one) == len(other) else one[start:]
    return "edit1" if len(other) - len(one) <= 1 and behind == other[start + 1 :] else "none"


def _kinds_of_spelling(frame: pd.DataFrame, fold: Fold) -> pd.Series[Any]:
    pairs = zip(frame["read_plate"], frame["plate"], strict=True)
    kinds: list[Any] = [None if pd.isna(read) else kind_of(read, listed, fold) for read, listed in pairs]
    return pd.Series(kinds, index=frame.index, dtype=object)


def _length(differences: Any) -> int:
    return len(differences) if isinstance(differences, list) else -1


def _about_the_match(e: Any) -> list[Any]:
    return [
        e.ExpectColumnValuesToBeInSet(column="match_kind", value_set=list(KINDS), description="the kind of match is known"),
        e.ExpectColumnPairValuesToBeEqual(
            column_A="match_kind", column_B="kind_of_spelling", ignore_row_if=EITHER,
            description="read and listed plate differ as the kind of match says",
        ),
        e.ExpectColumnValuesToBeInSet(
            column="is_explained", value_set=[True],
            description="a person is shown the characters that differ, and none for an exact match",
        ),
        e.ExpectColumnValuesToBeInSet(
            column="state_of_edit1", value_set=[True], description="no hit rests on two weak agreements"
        ),
        e.ExpectColumnValuesToNotBeNull(column="confidence", description="the hit says how sure its read is"),
        e.ExpectColumnValuesToBeBetween(
            column="confidence", min_value=0, max_value=1, description="the confidence is a probability"
        ),
    ]  # fmt: skip


def _about_the_read(e: Any) -> list[Any]:
    def as_read(column: str, description: str) -> Any:
        return e.ExpectColumnPairValuesToBeEqual(
            column_A=column, column_B=f"read_{column}", ignore_row_if=EITHER, description=description
        )

    return [
        e.ExpectColumnValuesToNotBeNull(column="read_plate", description="the read it was raised from is there"),
        as_read("confidence", "the confidence is the read's"),
        as_read("sure", "the hit is as sure as its read, and shown so"),
        as_read("captured_at_us", "the hit is dated as its read"),
        as_read("version_id", "the hit names the recogniser version of its read"),
        e.ExpectColumnPairValuesToBeEqual(
            column_A="sighting_of_read", column_B="sighting_id", description="the read belongs to the hit's pass"
        ),
        e.ExpectColumnPairValuesToBeEqual(
            column_A="id_day", column_B="row_day", description="the pass belongs to the day the hit is kept under"
        ),
        e.ExpectColumnValuesToNotBeNull(column="n_reads", description="the pass is there"),
    ]


def _about_the_entry(e: Any) -> list[Any]:
    def as_listed(column: str, description: str) -> Any:
        return e.ExpectColumnPairValuesToBeEqual(
            column_A=column, column_B=f"entry_{column}", ignore_row_if="neither", description=description
        )

    return [
        as_listed("plate", "the plate is as listed"),
        as_listed("state", "the state is as listed"),
        as_listed("list_type", "the type is as listed"),
        as_listed("restricted", "what is restricted is known to be: its dissemination is logged"),
        e.ExpectColumnValuesToBeInSet(
            column="import_accepted", value_set=[True], description="the list version was accepted"
        ),
        e.ExpectColumnPairValuesToBeEqual(
            column_A="import_list_id", column_B="entry_list_id", description="entry and list version are of one list"
        ),
        e.ExpectColumnPairValuesToBeEqual(
            column_A="list_source", column_B="source", description="the source, and so who may see it, is the list's"
        ),
        e.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="import_id", column_B="from_import_id", or_equal=True, ignore_row_if="neither",
            description="the list version had the entry already",
        ),
        e.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="to_import_id", column_B="import_id", ignore_row_if=EITHER,
            description="the list version had the entry still",
        ),
    ]  # fmt: skip


def _statement(day: date) -> Any:
    hit, read, member, sighting = schema.hit.c, schema.read.c, schema.sighting_read.c, schema.sighting.c
    correction = verdicts.read_correction.c
    entry, version, hotlist = schema.hotlist_entry.c, schema.hotlist_import.c, schema.hotlist.c
    return (
        select(
            hit.sighting_id, hit.source, hit.plate, hit.state, hit.list_type, hit.category, hit.restricted,
            hit.match_kind, hit.state_agrees, hit.differences, hit.confidence, hit.sure, hit.version_id, hit.import_id,
            microseconds(hit.captured_at), microseconds(hit.raised_at), microseconds(hit.strengthened_at),
            func.coalesce(correction.plate, read.plate).label("read_plate"), read.confidence.label("read_confidence"),
            read.sure.label("read_sure"),
            read.version_id.label("read_version_id"), microseconds(read.captured_at).label("read_captured_at_us"),
            member.sighting_id.label("sighting_of_read"), sighting.n_reads,
            entry.plate.label("entry_plate"), entry.state.label("entry_state"),
            entry.list_type.label("entry_list_type"), entry.restricted.label("entry_restricted"),
            entry.list_id.label("entry_list_id"), entry.from_import_id, entry.to_import_id,
            version.accepted.label("import_accepted"), version.list_id.label("import_list_id"),
            hotlist.source.label("list_source"),
        )
        .select_from(schema.hit)
        .outerjoin(schema.read, (read.day == hit.read_day) & (read.read_id == hit.read_id))
        .outerjoin(verdicts.read_correction, correction.correction_id == hit.correction_id)
        .outerjoin(schema.sighting_read, (member.day == hit.read_day) & (member.read_id == hit.read_id))
        .outerjoin(schema.sighting, (sighting.day == hit.day) & (sighting.sighting_id == hit.sighting_id))
        .outerjoin(schema.hotlist_entry, entry.entry_id == hit.entry_id)
        .outerjoin(schema.hotlist_import, version.import_id == hit.import_id)
        .outerjoin(schema.hotlist, hotlist.list_id == version.list_id)
        .where(hit.day == day)
    )  # fmt: skip
