"""Which entries of hot lists holds may mean that are not settled (422.5).

Here: the doubt, for the hold. Not here: captures (`covering`), destroying. What a hit was raised from is kept with its hit.
A hold that describes a plate, or a part of one, keeps each entry of such a plate, wherever and whenever else it narrows: that a plate was
listed, and since when, is evidence of a stop as well. A hold of a case keeps the lines of the department's own lists under its numbers.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from alpr_assets.lifecycle.holds import cases
from alpr_assets.lifecycle.watches.patterns import parse
from alpr_assets.store import schema
from alpr_assets.store.conditions import among
from alpr_assets.store.holds import hold


def may_mean(connection: Connection) -> ColumnElement[bool] | None:
    """Whether an entry is one that such a hold may mean, as a condition on `hotlist_entry`; None: there is no such hold."""
    entry, dialect, standing = schema.hotlist_entry.c, connection.dialect.name, hold.c.settled_at.is_(None)
    means: list[ColumnElement[bool]] = []
    described = connection.execute(
        select(hold.c.pattern, hold.c.plate_folded).where(standing, hold.c.pattern.is_not(None)).distinct()
    ).all()
    if whole := sorted({row.plate_folded for row in described if row.plate_folded is not None}):
        means.append(among(dialect, entry.plate_folded, whole))
    for pattern in (parse(row.pattern) for row in described if row.plate_folded is None):
        spelt = entry.plate.bool_op("GLOB")(pattern.glob()), entry.plate.bool_op("~")(pattern.regex())
        means.append(spelt[dialect != "sqlite"])
    if held := cases.held(connection, [standing]):
        numbers = sorted(cases.numbers_of(connection, held))
        # In another's list a number is not ours.
        means.append(and_(entry.expires_on.is_not(None), entry.details["case_number"].as_string().in_(numbers)))
    return or_(*means) if means else None
