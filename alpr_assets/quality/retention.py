"""Retention: nothing counts as due that is younger than the law's minimum, nothing is lost between the counts, and what is held is there.

What a failure means: evidence could be destroyed too soon; captures vanished that no purge accounts for; a hold that keeps nothing.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pandas as pd
from sqlalchemy import Connection, func, select

from alpr_assets.errors import VerificationError
from alpr_assets.policy import Policy
from alpr_assets.quality.quiet import great_expectations
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, reading
from alpr_assets.store.holds import hold, hold_item

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite


def retention_frame(
    connection: Connection, judged: pd.DataFrame, *, policy: Policy, on: date
) -> tuple[pd.DataFrame, int]:
    """Every capture day as it was judged on the department's date, beside what its captures say themselves; a row a day.

    Expected are as many as there are days with captures, counted from the captures.

    Parameters
    ----------
    judged : DataFrame (n, ≥ 6): day, n_captures, n_young, n_held, n_eligible, n_conflict
    """
    capture = schema.capture.c
    told = connection.execute(
        select(
            capture.day, func.count(), func.min(capture.captured_at), func.max(capture.captured_at), func.min(capture.landed_at),
            func.max(capture.landed_at),
        ).group_by(capture.day)
    ).all()  # fmt: skip
    rows = []
    for day, n, *instants in told:
        first, last, landed_first, landed_last = (at.astimezone(policy.zone).date() for at in instants)
        rows.append(
            (day, n, _is_past(max(first, landed_first), on, policy), _is_past(max(last, landed_last), on, policy))
        )
    counted = pd.DataFrame(rows, columns=["day", "n_counted", "oldest_is_past", "newest_is_past"])
    counts = ["n_young", "n_held", "n_eligible", "n_conflict"]
    frame = judged[["day", "n_captures", *counts]].merge(counted, on="day", how="outer")
    frame["n_summed"] = frame[counts].sum(axis=1)
    # Where any is due the oldest is past its years, and where all are, the newest is: by this path, not by the schedule's.
    frame["due_oldest"] = frame["oldest_is_past"].where(frame["n_eligible"] + frame["n_held"] > 0)
    frame["due_newest"] = frame["newest_is_past"].where(frame["n_young"] + frame["n_conflict"] == 0)
    return frame.drop(columns=["day", "oldest_is_past", "newest_is_past"]), len(counted)


def _is_past(day: date, on: date, policy: Policy) -> int:
    """1 where the minimum's calendar years have gone by; of 29 February, on 1 March."""
    years = policy.retention["reads"].minimum_years
    return int((day.year + years, day.month, day.day) < (on.year, on.month, on.day))


def suite_retention(_policy: Policy) -> ExpectationSuite:
    """What must be true of `retention_frame`."""
    ge = great_expectations()
    e = ge.expectations
    expectations = [
        e.ExpectColumnPairValuesToBeEqual(
            column_A="n_captures",
            column_B="n_counted",
            description="the day's own row counts the captures that are there",
        ),
        e.ExpectColumnPairValuesToBeEqual(
            column_A="n_summed",
            column_B="n_counted",
            description="each capture is young, held, due or in conflict, and once",
        ),
        e.ExpectColumnValuesToBeBetween(
            column="due_oldest", min_value=1, description="nothing is due before the law's minimum is over"
        ),
        e.ExpectColumnValuesToBeBetween(
            column="due_newest", min_value=1, description="a day that is due whole has no capture that is too young"
        ),
        e.ExpectColumnValuesToBeBetween(column="n_eligible", min_value=0, description="no more is held than is there"),
    ]
    return ge.ExpectationSuite(name="retention", expectations=expectations)


def held_frame(store: Store, *, without_picture: str) -> tuple[pd.DataFrame, int]:
    """Every capture that a hold names which is not settled, and whether it and its picture are there and are what was landed; a row a capture.

    Expected are as many as the holds name. What a hold only describes is not looked at here: it names nothing that could be missing.

    Parameters
    ----------
    without_picture : flag of captures that never had one
    """
    with reading(store.engine) as connection:
        named = connection.execute(
            select(hold_item.c.day, hold_item.c.capture_id)
            .join(hold, hold.c.hold_id == hold_item.c.hold_id)
            .where(hold.c.settled_at.is_(None))
            .distinct()
        ).all()
        rows = [_looked_at(connection, store, day, number, without_picture) for day, number in named]
    frame = pd.DataFrame(rows, columns=["capture_id", "is_there", "picture_is_there"])
    return frame.astype({"capture_id": "int64", "is_there": "bool", "picture_is_there": "bool"}), len(named)


def suite_held(_policy: Policy) -> ExpectationSuite:
    """What must be true of `held_frame`."""
    ge = great_expectations()
    e = ge.expectations
    expectations = [
        e.ExpectColumnValuesToBeUnique(column="capture_id", description="each capture once"),
        e.ExpectColumnValuesToBeInSet(
            column="is_there", value_set=[True], description="what is held was not destroyed"
        ),
        e.ExpectColumnValuesToBeInSet(
            column="picture_is_there",
            value_set=[True],
            description="its picture is there, and has the hash that landed",
        ),
    ]
    return ge.ExpectationSuite(name="held", expectations=expectations)


def _looked_at(
    connection: Connection, store: Store, day: date, number: int, without_picture: str
) -> tuple[int, bool, bool]:
    capture = schema.capture.c
    row = connection.execute(
        select(capture.image_sha256, capture.flags).where(capture.day == day, capture.capture_id == number)
    ).one_or_none()
    if row is None:
        return number, False, False
    if without_picture in row.flags:
        return number, True, True
    try:
        store.images.picture(day, row.image_sha256)
    except VerificationError:
        return number, True, False
    return number, True, True
