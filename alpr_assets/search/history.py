"""Plate history: where and when a plate was read.

Here: the exact characters, on the reads that the recogniser version in force made of each capture, and on what a person read
instead. Not here: look-alikes, partial plates, other versions' reads.

A correction stands beside its read, never over it (Civ. Code 1798.90.51): the read is found by what the recogniser read and by its
newest correction, and shows both.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import pandas as pd
from sqlalchemy import Engine, select, union

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.roles import Action
from alpr_assets.search import querying, reads
from alpr_assets.search.plates import typed
from alpr_assets.store import schema, verdicts

COLUMNS: Final = {
    **reads.COLUMNS,
    "sighting_id": "id of the pass that the read belongs to, with sighting_day",
    "sighting_day": "UTC day of the pass",
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
    read, member = schema.read.c, schema.sighting_read.c
    newest = reads.newest_corrections().subquery("correction")
    wanted = typed(plate)
    # Each half by its own index, then the reads by their key: an OR of the two would look at every read.
    corrected = reads.newest_corrections().where(verdicts.read_correction.c.plate == wanted)
    keys = union(
        select(read.day, read.read_id).where(read.plate == wanted),
        corrected.with_only_columns(verdicts.read_correction.c.day, verdicts.read_correction.c.read_id),
    ).subquery("wanted")
    conditions = [*reads.between(since, until), *reads.of_state(state, newest)]
    statement = (
        reads.reads_in_force(*conditions)
        .add_columns(
            member.sighting_id, member.sighting_day, newest.c.plate.label("corrected_plate"),
            newest.c.region.label("corrected_region"),
        )
        .join(keys, (keys.c.day == read.day) & (keys.c.read_id == read.read_id))
        .outerjoin(schema.sighting_read, (member.day == read.day) & (member.read_id == read.read_id))
        .outerjoin(newest, (newest.c.day == read.day) & (newest.c.read_id == read.read_id))
        .order_by(read.captured_at.desc(), read.read_id.desc())
    )  # fmt: skip
    return querying.Query(statement, reads.identify, _finish)


def _finish(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[list(COLUMNS)]
