"""A purge day by day, and on after a kill: rows, pictures, the index's own copies, then proof that nothing is left.

Here: what happens outside the destroying transactions. Not here: those (`destroying`), plans (`planning`).
Asked again it goes on: a day whose rows are gone is not destroyed again, its pictures that are still there are unlinked, what was not
verified is. A day counts as verified when its rows were looked for by their keys, and its pictures by their names, and none was found. Before that the key
of its pictures is destroyed; what is held is sealed with a new one first. So no copy of a destroyed picture opens, a backup's included.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, func, insert, select, update

from alpr_assets.access.acting import Office, acting
from alpr_assets.access.people import SYSTEM
from alpr_assets.access.secret_key import SecretKey
from alpr_assets.errors import IllegalMoveError, VerificationError
from alpr_assets.lifecycle.purge import certificates, drops
from alpr_assets.lifecycle.purge.clocks import ClockSeen, require_right
from alpr_assets.lifecycle.purge.destroying import Destroyed, destroy_day
from alpr_assets.lifecycle.purge.lots import Gone, destroy_lot
from alpr_assets.lifecycle.purge.lots import n_left as lots_left
from alpr_assets.lifecycle.purge.manifests import Lot, Manifest
from alpr_assets.lifecycle.purge.planning import locked, lots_of, manifests_of
from alpr_assets.policy import Policy
from alpr_assets.store import schema, trigrams
from alpr_assets.store.conditions import among
from alpr_assets.store.engine import Store, reading, writing
from alpr_assets.store.purges import purge_day, purge_decision, purge_lot, purge_plan
from alpr_assets.store.sealed import sync_folder

Progress = Callable[[int, int], None]
"""Told after each day: days done, days to do."""


@dataclass(frozen=True, slots=True)
class Executed:
    """What a purge did, all its runs together."""

    plan_id: int
    days: tuple[Destroyed, ...]
    lots: tuple[Gone, ...]

    @property
    def n_destroyed(self) -> int:
        return sum(one.n_destroyed for one in self.days)

    @property
    def n_kept(self) -> int:
        return sum(one.n_kept for one in self.days)


def execute(
    store: Store,
    plan_id: int,
    *,
    policy: Policy,
    key: SecretKey,
    office: Office,
    clock: Callable[[], datetime],
    seen: Callable[[], ClockSeen],
    progress: Progress | None = None,
) -> Executed:
    """Carry a purge that has begun to its end.

    Parameters
    ----------
    office : whose record is told of the end, with the certificate's hash
    clock : aware UTC now
    seen : what there is to hold it against; asked before each day, since what is due is judged by it

    Raises
    ------
    RecordUnavailableError : the end could not be recorded; asked again, it is
    IllegalMoveError : it has not begun, or was cancelled; or the clock may be wrong: then no further day is destroyed
    VerificationError : a manifest is not the one that was planned, or something is left that should be gone; what was done stays done
    """
    with reading(store.engine) as connection:
        row = connection.execute(select(purge_plan).where(purge_plan.c.plan_id == plan_id)).one_or_none()
        if row is None or row.status not in {"executing", "done"}:
            raise IllegalMoveError(f"purge {plan_id} has not begun", remedy="approve it, and begin it")
        plans, lots = manifests_of(connection, plan_id), lots_of(connection, plan_id)
    told = []
    for done, of in enumerate(plans, start=1):
        told.append(_one_day(store, plan_id, of, policy=policy, key=key, clock=clock, seen=seen))
        if progress is not None:
            progress(done, len(plans))
    gone = [_one_lot(store, plan_id, lot, policy=policy, key=key, clock=clock, seen=seen) for lot in lots]
    if row.status == "executing":
        with reading(store.engine) as connection:
            drops.remove_folders(connection)
        _rewrite(store)
        _finish(plan_id, office, clock())
    return Executed(plan_id, tuple(told), tuple(gone))


def n_left(connection: Connection, plan_id: int, key: SecretKey) -> int:
    """Captures and items that a purge destroyed and that some table knows all the same, counted anew by their keys; 0 is as it should be.

    Raises VerificationError where a manifest is not the one that was planned.
    """
    columns, n = purge_day.c, 0
    for of in manifests_of(connection, plan_id):
        n_kept = connection.scalar(select(columns.n_kept).where(columns.plan_id == plan_id, columns.day == of.day)) or 0
        n += max(0, max(_left(connection, of.day, of.captures(key)).values()) - n_kept)
    return n + sum(lots_left(connection, plan_id, lot, key) for lot in lots_of(connection, plan_id))


def _one_day(
    store: Store,
    plan_id: int,
    of: Manifest,
    *,
    policy: Policy,
    key: SecretKey,
    clock: Callable[[], datetime],
    seen: Callable[[], ClockSeen],
) -> Destroyed:
    if (before := _verified(store, plan_id, of.day)) is not None:
        return before
    planned = of.captures(key)
    at = clock()
    require_right(seen(), at, policy)
    with writing(store.engine) as connection:
        on = at.astimezone(policy.zone).date()
        said = destroy_day(connection, plan_id, of, planned, policy=policy, on=on, at=at)
    if said.n_destroyed:  # else captures may land on the day still, and their pictures come before their rows
        _unlink(store, of.day)
        store.images.change_key(of.day)
        store.received.change_key(of.day)  # stores from before pictures had keys of their own: one key opened both
    _verify(store, plan_id, planned, said, at=clock())
    return said


def _one_lot(
    store: Store,
    plan_id: int,
    lot: Lot,
    *,
    policy: Policy,
    key: SecretKey,
    clock: Callable[[], datetime],
    seen: Callable[[], ClockSeen],
) -> Gone:
    with reading(store.engine) as connection:
        columns = purge_lot.c
        row = connection.execute(select(purge_lot).where(columns.plan_id == plan_id, columns.kind == lot.kind)).one()
    if row.verified_at is not None:
        return Gone(lot.kind, row.n_destroyed, row.n_kept, row.n_gone)
    at = clock()
    require_right(seen(), at, policy)
    return destroy_lot(store, plan_id, lot, policy=policy, key=key, on=at.astimezone(policy.zone).date(), at=at)


def _verified(store: Store, plan_id: int, day: date) -> Destroyed | None:
    """What was done on a day, where it was verified: it is not looked at again, since later purges may have had what it kept."""
    columns = purge_day.c
    with reading(store.engine) as connection:
        row = connection.execute(select(purge_day).where(columns.plan_id == plan_id, columns.day == day)).one()
    return None if row.verified_at is None else Destroyed(day, row.n_destroyed, row.n_kept, row.n_gone)


def _unlink(store: Store, day: date) -> int:
    """Remove the day's pictures that no capture has any more; returns how many. Killed in between, the next run does it again.

    Also what a landing that was killed left behind. One that is under way is refused at its end: the day is purged.
    """
    with reading(store.engine) as connection:
        known = set(connection.scalars(select(schema.capture.c.image_sha256).where(schema.capture.c.day == day)))
    folder, n = store.images.folder / day.isoformat(), 0
    for part in sorted(folder.iterdir()) if folder.exists() else ():
        gone = [path for path in part.iterdir() if not path.name.startswith(".") and path.name not in known]
        for path in gone:
            path.unlink(missing_ok=True)
        if gone:
            n += len(gone)
            sync_folder(part)
            with contextlib.suppress(OSError):  # other pictures are in it
                part.rmdir()
    return n


def _verify(store: Store, plan_id: int, planned: set[int], said: Destroyed, *, at: datetime) -> None:
    """Look for what was planned by its keys: exactly what was kept is left. Raises VerificationError."""
    columns, day = purge_day.c, said.day
    with reading(store.engine) as connection:
        left = _left(connection, day, planned)
    of_others = max(n for name, n in left.items() if name != "capture")
    n_pictures = _unlink(store, day) if said.n_destroyed else 0
    if left["capture"] != said.n_kept or of_others > said.n_kept or n_pictures:
        raise VerificationError(
            f"purge {plan_id}: after {day} was destroyed, {left['capture']} of its captures are left where {said.n_kept} were kept",
            remedy="look at what else writes into this database, then execute the purge again",
        )
    with writing(store.engine) as connection:
        mine = (columns.plan_id == plan_id) & (columns.day == day)
        connection.execute(update(purge_day).where(mine, columns.verified_at.is_(None)).values(verified_at=at))


def _left(connection: Connection, day: date, planned: set[int]) -> dict[str, int]:
    """Captures of a plan that are still known, by the table that knows them."""
    left = {}
    for name, table in _BY_CAPTURE.items():
        wanted = among(connection.dialect.name, table.c.capture_id, sorted(planned))
        n = select(func.count(table.c.capture_id.distinct())).where(table.c.day == day, wanted)
        left[name] = connection.scalar(n) or 0
    return left


_BY_CAPTURE = {
    "capture": schema.capture, "read": schema.read, "recognition": schema.recognition, "identity": schema.capture_identity,
}  # fmt: skip


def _rewrite(store: Store) -> None:
    """Have the index of plates forget, and the database's log given back to the disk. SQLite: see `trigrams.forget`."""
    if store.engine.dialect.name != "sqlite":
        return
    with writing(store.engine) as connection:
        trigrams.forget(connection)
    raw = store.engine.raw_connection()
    try:
        busy, *_ = raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        raw.close()
    if busy:
        raise VerificationError(
            "somebody reads the database, so that its log still holds what was destroyed",
            remedy="execute the purge again",
        )


def _finish(plan_id: int, office: Office, at: datetime) -> None:
    """All of it is destroyed and verified: the purge is done, its certificate issued, and the record has the certificate's hash."""
    with acting(office, "purge_done", SYSTEM, at=at, details={"purge": plan_id}) as act:
        row = locked(act.connection, plan_id)
        days = purge_day.c
        open_days = select(func.count()).where(days.plan_id == plan_id, days.verified_at.is_(None))
        open_lots = select(func.count()).where(purge_lot.c.plan_id == plan_id, purge_lot.c.verified_at.is_(None))
        if row.status != "executing" or act.connection.scalar(open_days) or act.connection.scalar(open_lots):
            raise IllegalMoveError(
                f"purge {plan_id} is {row.status}, or a day or lot of it is not verified", remedy="execute it again"
            )
        begun = select(purge_decision.c.member_id).where(
            purge_decision.c.plan_id == plan_id, purge_decision.c.kind == "begun"
        )
        decided = {
            "plan_id": plan_id, "seq": row.n_decisions + 1, "kind": "done", "decided_at": at,
            "member_id": act.connection.execute(begun).scalar_one(), "reason": "all of it is destroyed and verified",
        }  # fmt: skip
        act.connection.execute(insert(purge_decision), decided)
        done = {"status": "done", "n_decisions": row.n_decisions + 1}
        act.connection.execute(update(purge_plan).where(purge_plan.c.plan_id == plan_id).values(done))
        issued = certificates.issue(act.connection, plan_id, policy=office.policy, at=at)
        act.note(certificate_sha256=issued.sha256)
