"""Holds as they stand, for the people who look after them (422.5). Not here: acts (`placing`)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, select

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action
from alpr_assets.store.engine import reading
from alpr_assets.store.holds import hold, hold_decision

ROWS: Final = 500
"""Holds that are shown at once."""


def holds(grant: Grant, engine: Engine, *, on: date, hold_id: int | None = None) -> Found[list[dict[str, Any]]]:
    """Holds, those whose review is overdue first, then standing ones by their review, then lifted ones; the first `ROWS`.

    Parameters
    ----------
    on : the department's date
    hold_id : one hold only

    Returns
    -------
    A dict a hold: its columns, `overdue`, and `decisions`, the newest last, each a dict of hold_decision's columns
    """
    grant.require(Action.PLACE_HOLD)
    where = [] if hold_id is None else [hold.c.hold_id == hold_id]
    with reading(engine) as connection:
        order = (hold.c.status.desc(), hold.c.review_on, hold.c.hold_id)  # standing before lifted
        rows = [
            dict(row) for row in connection.execute(select(hold).where(*where).order_by(*order).limit(ROWS)).mappings()
        ]
        decisions = _decisions(connection, [row["hold_id"] for row in rows])
    for row in rows:
        row["overdue"] = row["status"] == "standing" and row["review_on"] < on
        row["decisions"] = decisions[row["hold_id"]]
    return Found(rows, [ResultId("hold", None, row["hold_id"]) for row in rows])


def standing(connection: Connection) -> list[Row[Any]]:
    """Every standing hold's row, for counts: who looks at it has no grant, so what it holds is not passed on."""
    columns = hold.c
    statement = select(columns.hold_id, columns.ground, columns.n_items, columns.review_on, columns.placed_at)
    return list(connection.execute(statement.where(columns.status == "standing").order_by(columns.hold_id)))


def overdue(connection: Connection, on: date, *, days: int = 0) -> list[int]:
    """Standing holds whose review is overdue for more than so many days: told to those who lift them, and higher up where it is long."""
    late = select(hold.c.hold_id).where(hold.c.status == "standing", hold.c.review_on < on - timedelta(days=days))
    return list(connection.scalars(late.order_by(hold.c.hold_id)))


def _decisions(connection: Connection, ids: list[int]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {number: [] for number in ids}
    statement = select(hold_decision).where(hold_decision.c.hold_id.in_(ids)).order_by(hold_decision.c.seq)
    for row in connection.execute(statement).mappings():
        found[row["hold_id"]].append(dict(row))
    return found
