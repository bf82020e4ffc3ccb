"""The outbox: which hits are to be told to which destinations, each once (422.4(f)).

    due ──► delivered            due ──► dead ──► due (a person sends it again)
     └────► void                          └─────► void (kept long enough)

Here: filling it, and dead letters. Not here: sending (`deliveries`). Told are hits that alert people in the console, stand at no end, and
were raised after the destination's approval. Never told: hits of restricted files, and those of covert watches, which are shown to
named people only.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Engine, exists, func, or_, select, update

from alpr_assets.access.acting import Office, acting
from alpr_assets.access.people import Member
from alpr_assets.access.record import alarms
from alpr_assets.access.record.entries import Actor
from alpr_assets.errors import IllegalMoveError, NotFoundError
from alpr_assets.lifecycle.alerts.destinations import Destination, destinations, who_decides
from alpr_assets.lifecycle.hits.entitlement import visible_to
from alpr_assets.lifecycle.hits.moves import ANYWHERE
from alpr_assets.lifecycle.hits.ranking import POSSIBLE
from alpr_assets.policy import Policy
from alpr_assets.store import alerts, schema
from alpr_assets.store.engine import Store, insert_new, reading, writing
from alpr_assets.store.watches import watch

AT_ONCE: Final = 5_000
"""Rows of one sweep: the next one takes the rest."""
SLACK: Final = timedelta(days=1)
ALARM: Final = "dead letters of destination "

_box = alerts.outbox
_changed_at = func.coalesce(schema.hit.c.strengthened_at, schema.hit.c.raised_at)
"""When a hit was raised, or became a better match, which may be what makes it alert."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """One alert that did not arrive after all attempts. `last_error`: class or status of the last one."""

    outbox_id: int
    hit_id: int
    destination_id: int
    destination: str
    attempts: int
    last_error: str
    ended_at: datetime


def fill(store: Store, *, policy: Policy, now: datetime) -> int:
    """Put what is to be told into the outbox; how many rows are new. Idempotent, and safe for several processes at once.

    Dead letters that were kept for the policy's days become void.
    """
    with reading(store.engine) as connection:
        rows = [
            row for found in destinations(connection, status="approved") for row in _missing(connection, found, now)
        ]
        old = _old_dead(policy, now)
        has_old = connection.scalar(select(exists().where(*old)))
    if not rows and not has_old:
        return 0
    more = {
        "state": "due", "attempts": 0, "dead_after": policy.alerts.attempts, "created_at": now, "next_attempt_at": now,
    }  # fmt: skip
    with writing(store.engine) as connection:
        connection.execute(update(_box).where(*old).values(state="void"))
        # Asked anew: a destination may have been withdrawn, and a hit purged, since they were read.
        approved = {found.destination_id for found in destinations(connection, status="approved")}
        hits = _standing(connection, {hit_id for hit_id, _ in rows})
        new = [
            {"hit_id": hit_id, "destination_id": destination_id, "delivery_id": str(uuid.uuid4()), **more}
            for hit_id, destination_id in rows
            if hit_id in hits and destination_id in approved
        ]
        return len(insert_new(connection, _box, new, returning=True))


def told(found: Destination) -> list[ColumnElement[bool]]:
    """Conditions on `hit` that leave what a destination may be told of, now."""
    hit = schema.hit.c
    covert = exists().where(watch.c.watch_id == hit.watch_id, watch.c.audience != "normal")
    conditions: list[ColumnElement[bool]] = [
        hit.alerted,
        ~hit.restricted,
        or_(hit.watch_id.is_(None), ~covert),
        hit.status.in_([status.value for status in ANYWHERE]),
        hit.source.in_(sorted(found.sources)),
        hit.category.in_(sorted(found.categories)),
    ]
    if not found.tolerant:
        conditions.append(hit.match_kind.not_in(sorted(POSSIBLE)))
    return conditions


def dead_letters(engine: Engine, member: Member) -> list[DeadLetter]:
    """Alerts that did not arrive, newest first, of hits that the member may see."""
    table = alerts.destination
    statement = (
        select(
            _box.c.outbox_id, _box.c.hit_id, _box.c.destination_id, table.c.name.label("destination"), _box.c.attempts,
            _box.c.last_error, _box.c.ended_at,
        )
        .join(table, table.c.destination_id == _box.c.destination_id)
        .join(schema.hit, schema.hit.c.hit_id == _box.c.hit_id)
        .where(_box.c.state == "dead", table.c.status == "approved", *visible_to(member))
        .order_by(_box.c.ended_at.desc(), _box.c.outbox_id)
    )  # fmt: skip
    with reading(engine) as connection:
        return [DeadLetter(**row._mapping) for row in connection.execute(statement)]  # noqa: SLF001 - SQLAlchemy's own API


def counts(connection: Connection) -> dict[str, int]:
    """Rows by state, for who runs the system: of all sources together."""
    rows = connection.execute(select(_box.c.state, func.count()).group_by(_box.c.state))
    return {state: n for state, n in rows}  # noqa: C416 - rows are no pairs to mypy


def send_again(office: Office, outbox_id: int, *, by: Actor, at: datetime) -> None:
    """Let a dead letter be tried again from now on, as often as the policy tries a new one; its delivery id stays.

    Raises AccessRefusedError; NotFoundError: there is none that he may see; IllegalMoveError: its destination is told no more.
    """
    with acting(office, "send_alert_again", by, at=at, details={"outbox_id": outbox_id}) as act:
        member = who_decides(act, office.policy)
        statement = (
            select(_box, alerts.destination.c.status)
            .join(alerts.destination, alerts.destination.c.destination_id == _box.c.destination_id)
            .join(schema.hit, schema.hit.c.hit_id == _box.c.hit_id)
            .where(_box.c.outbox_id == outbox_id, _box.c.state == "dead", *visible_to(member))
        )
        row = act.connection.execute(statement).one_or_none()
        if row is None:
            raise NotFoundError(f"no dead letter {outbox_id}")
        if row.status != "approved":
            raise IllegalMoveError(f"destination {row.destination_id} is {row.status}")
        act.note(hit_id=row.hit_id, destination_id=row.destination_id, delivery_id=row.delivery_id)
        this = update(_box).where(_box.c.outbox_id == outbox_id, _box.c.state == "dead")
        again = {
            "state": "due", "ended_at": None, "next_attempt_at": at,
            "dead_after": row.attempts + office.policy.alerts.attempts,
        }  # fmt: skip
        if not act.connection.execute(this.values(again)).rowcount:
            raise IllegalMoveError(f"dead letter {outbox_id} is sent again already")


def keep_alarms(engine: Engine, data: Path, now: datetime) -> None:
    """Raise an alarm for each approved destination with dead letters, and end those of the others."""
    table = alerts.destination
    statement = (
        select(table.c.destination_id, table.c.name)
        .where(table.c.status == "approved", exists().where(_box.c.destination_id == table.c.destination_id, _box.c.state == "dead"))
    )  # fmt: skip
    with reading(engine) as connection:
        bad = {f"{ALARM}{row.destination_id}": row for row in connection.execute(statement)}
    for alarm in alarms.open_alarms(data):
        if alarm.name.startswith(ALARM) and alarm.name not in bad:
            alarms.end_alarm(data, alarm.name, at=now)
    for name, row in bad.items():
        text = f"alerts did not reach destination {row.destination_id} ({row.name}): see Destinations"
        alarms.raise_alarm(data, name, text, at=now)


def _missing(connection: Connection, found: Destination, now: datetime) -> list[tuple[int, int]]:
    """(hit, destination) of what is to be told and is not in the outbox; the oldest first."""
    hit = schema.hit.c
    there = exists().where(_box.c.hit_id == hit.hit_id, _box.c.destination_id == found.destination_id)
    since = _looked_to(connection, found, now)
    statement = select(hit.hit_id).where(hit.raised_at > found.hits_from_at, _changed_at > since, *told(found), ~there)
    ids = connection.scalars(statement.order_by(_changed_at, hit.hit_id).limit(AT_ONCE))
    return [(hit_id, found.destination_id) for hit_id in ids]


def _looked_to(connection: Connection, found: Destination, now: datetime) -> Any:
    """From when on hits are looked at: those before are in the outbox, which is filled in the order of their changes.

    Sweeping all that stand would take a third of a second at 100,000, every second. A hit may be committed long after its instant,
    and the clock may have been ahead: a day is looked at in any case.
    """
    last = (
        select(_changed_at)
        .join(_box, _box.c.hit_id == schema.hit.c.hit_id)
        .where(_box.c.destination_id == found.destination_id)
        .order_by(_box.c.outbox_id.desc())
        .limit(1)
    )
    told_to = connection.scalar(last)
    if told_to is None:
        return found.hits_from_at
    return min(told_to, now) - SLACK


def _standing(connection: Connection, hit_ids: set[int]) -> set[int]:
    """Those hits that are still there, and that no purge takes away before this transaction ends."""
    hit = schema.hit.c
    wanted = sorted(hit_ids)
    found: set[int] = set()
    for first in range(0, len(wanted), 500):
        part = select(hit.hit_id).where(hit.hit_id.in_(wanted[first : first + 500]))
        found |= set(connection.scalars(part.with_for_update(read=True, key_share=True)))
    return found


def _old_dead(policy: Policy, now: datetime) -> tuple[Any, ...]:
    kept = timedelta(days=policy.alerts.dead_letter_days)
    return _box.c.state == "dead", _box.c.ended_at < now - kept
