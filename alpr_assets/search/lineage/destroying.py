"""Whether and by which purge it was destroyed, and where the certificate is (422.5, Gov. Code 34090.6).

A purge's manifest names captures by their numbers within the day. A read's number is another, and which capture it was of went with its
row: of a read whose capture nobody names, the purges of its day are told, and how many captures each destroyed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Column, Row, select

from alpr_assets.access.record import reading
from alpr_assets.access.record.entries import ResultId
from alpr_assets.errors import NotFoundError
from alpr_assets.lifecycle.purge.manifests import Manifest
from alpr_assets.search.lineage.steps import Step, Traced, known
from alpr_assets.store import schema
from alpr_assets.store.purges import purge_certificate, purge_day, purge_decision, purge_plan

NEAR: Final = timedelta(minutes=5)
"""How long after a certificate its entry may come: the record's clock is its own."""

STANDING: Final = {
    "planned": "It is on the list of purge {}, which nobody has approved yet",
    "approved": "It is on the list of purge {}, which may be begun",
    "executing": "It is on the list of purge {}, which is under way",
    "done": "It was on the list of purge {}, and was kept: held, or no longer due",
    "cancelled": "It was on the list of purge {}, which was cancelled",
}
"""What a plan's status means for what is there still."""


def purges(traced: Traced) -> Iterator[Step]:
    """Each purge that has, had or destroyed it, the oldest first.

    Raises VerificationError where a manifest is not the one that was planned.
    """
    there = _is_there(traced)
    for row in _of_day(traced):
        named = traced.capture_id is None or traced.capture_id in _manifest(row).captures(traced.key)
        if there:
            if named:
                yield _step(traced, row, STANDING[row.status].format(row.plan_id))
        elif row.n_destroyed and named:
            yield _step(traced, row, _destroyed(traced, row))


def told_of_gone(traced: Traced) -> str:
    """What can be said of what is not in the store, and no more than that. Raises NotFoundError where it never was."""
    what, number, column = _asked(traced)
    issued = traced.connection.scalar(select(column).where(schema.capture_day.c.day == traced.day)) or 0
    if not 0 < number - schema.numbered(traced.day, 0) <= issued:
        raise NotFoundError(f"there never was a {what} {number}", remedy="numbers are given out in order: look it up")
    rows = [row for row in _of_day(traced) if row.n_destroyed]
    if traced.capture_id is not None:
        rows = [row for row in rows if traced.capture_id in _manifest(row).captures(traced.key)]
    which = " or ".join(f"purge {row.plan_id}" for row in rows)
    if not rows:
        return f"The {what} is not in the store, and no purge accounts for it: look at the database's backups."
    if traced.capture_id is not None:
        return f"The {what} is destroyed: {which} has the picture on its list."
    return (
        f"The read is not in the store any more, and {which} destroyed captures of its day. Which picture it was of went with its "
        "row: where an entry of the record or a file has the picture's number, give it too, and the list says whether it was that."
    )


def _asked(traced: Traced) -> tuple[str, int, Column[int]]:
    """What was asked for, its number, and the column that says how many were given out on its day."""
    if traced.read_id is not None:
        return "read", traced.read_id, schema.capture_day.c.n_reads
    assert traced.capture_id is not None
    return "picture", traced.capture_id, schema.capture_day.c.n_captures


def _destroyed(traced: Traced, row: Row[Any]) -> str:
    if traced.capture_id is not None:
        return f"It was destroyed by purge {row.plan_id}"
    return f"Purge {row.plan_id} destroyed {row.n_destroyed:,} captures of that day: the read's own may be among them"


def _is_there(traced: Traced) -> bool:
    capture = schema.capture.c
    there = select(capture.capture_id).where(capture.day == traced.day, capture.capture_id == traced.capture_id)
    return traced.capture_id is not None and traced.connection.scalar(there) is not None


def _of_day(traced: Traced) -> list[Row[Any]]:
    """The purges whose list has captures of that day, each with its certificate where it is done."""
    days = purge_day.c
    statement = (
        select(purge_day, purge_plan.c.status, purge_plan.c.made_at, purge_certificate.c.sha256,
               purge_certificate.c.issued_at)
        .join(purge_plan, purge_plan.c.plan_id == days.plan_id)
        .outerjoin(purge_certificate, purge_certificate.c.plan_id == days.plan_id)
        .where(days.day == traced.day)
        .order_by(days.plan_id)
    )  # fmt: skip
    return list(traced.connection.execute(statement))


def _manifest(row: Row[Any]) -> Manifest:
    return Manifest(row.day, row.n_planned, row.manifest, row.digest)


def _step(traced: Traced, row: Row[Any], what: str) -> Step:
    decision = purge_decision.c
    approved = traced.connection.execute(
        select(decision.capacity, decision.member_id)
        .where(decision.plan_id == row.plan_id, decision.kind == "approved")
        .order_by(decision.seq)
    ).tuples()
    return Step(
        what=what,
        at=row.destroyed_at or row.made_at,
        facts=known(
            purge=row.plan_id, approved_by=[f"{traced.name(one)} as {capacity}" for capacity, one in approved] or None,
            destroyed_that_day=row.n_destroyed, kept_that_day=row.n_kept, verified_at=row.verified_at,
            certificate_sha256=row.sha256, certificate_at=row.issued_at, certificate_entry=_entry(traced, row),
        ),
        ids=(ResultId("purge", None, row.plan_id),),
    )  # fmt: skip


def _entry(traced: Traced, row: Row[Any]) -> int | None:
    """The entry of the access record that holds the certificate's hash."""
    if row.issued_at is None:
        return None
    since, until = row.issued_at - NEAR, row.issued_at + NEAR
    lines = reading.entries(traced.record, since=since, until=until, action="purge_done")
    return next((line.record_id for line in lines if line.details.get("certificate_sha256") == row.sha256), None)
