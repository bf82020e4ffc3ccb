"""Lots: what of other classes than captures a plan destroys (422.5, Gov. Code 34090).

Here: one lot in one transaction, its sealed files after it. Not here: which items of a class may go (`due`), plans, the order of a purge.
Items are known by their numbers. SQLite gives a number anew once the newest row is gone, so an item that came after the plan was made is
none of the plan's.

Killed at any moment, it goes on: the sealed files to unlink are written down in the transaction that forgets their rows. Once they are
gone, the day's other files are sealed anew, and the key that a backup would need is destroyed (NIST SP 800-88r2, cryptographic erase).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Engine, delete, null, select, text, update

from alpr_assets.access.secret_key import SecretKey
from alpr_assets.errors import VerificationError
from alpr_assets.lifecycle.purge import drops
from alpr_assets.lifecycle.purge.due import DUE, HOLDS, HOTLIST_ENTRIES, HOTLIST_FILES, QUARANTINE, TITLES, WATCHES
from alpr_assets.lifecycle.purge.manifests import Lot
from alpr_assets.policy import Policy
from alpr_assets.store import schema
from alpr_assets.store.conditions import among
from alpr_assets.store.engine import Store, one_writer, reading, writing
from alpr_assets.store.holds import hold, hold_item
from alpr_assets.store.purges import purge_lot, purge_plan
from alpr_assets.store.sealed import sync_folder
from alpr_assets.store.watches import watch, watch_decision

_KEYS: Final[dict[str, Any]] = {
    QUARANTINE: schema.quarantine.c.quarantine_id,
    HOTLIST_FILES: schema.hotlist_import.c.import_id,
    HOTLIST_ENTRIES: schema.hotlist_entry.c.entry_id,
    WATCHES: watch.c.watch_id,
    HOLDS: hold.c.hold_id,
}
_CAME: Final[dict[str, Any]] = {
    QUARANTINE: schema.quarantine.c.opened_at,
    HOTLIST_FILES: schema.hotlist_import.c.imported_at,
    HOTLIST_ENTRIES: select(schema.hotlist_import.c.imported_at)
    .where(schema.hotlist_import.c.import_id == schema.hotlist_entry.c.from_import_id)
    .scalar_subquery(),
    WATCHES: watch.c.placed_at,
    HOLDS: hold.c.placed_at,
}
"""When an item came into the store."""

_WRITERS: Final = {
    QUARANTINE: "landing",
    HOTLIST_FILES: "hot-list import",
    HOTLIST_ENTRIES: "hot-list import",
    WATCHES: "watches",
    HOLDS: "holds",
}
"""Whom a lot shuts out while it goes."""

Sealed = tuple[date, str]
"""Where a file is sealed: day and SHA-256."""


@dataclass(frozen=True, slots=True)
class Gone:
    """One lot: items destroyed, kept after all, and gone before."""

    kind: str
    n_destroyed: int
    n_kept: int
    n_gone: int


def lots(engine: Engine, *, policy: Policy, on: date, key: SecretKey) -> list[Lot]:
    """What of each class is due and not kept on the department's date; classes without any are left out. Nothing is written."""
    with reading(engine) as connection:
        found = {kind: of(connection, policy, on) for kind, of in DUE.items()}
    return [Lot.of(kind, ids, key) for kind, ids in found.items() if ids]


def destroy_lot(
    store: Store, plan_id: int, lot: Lot, *, policy: Policy, key: SecretKey, on: date, at: datetime
) -> Gone:
    """Destroy what of a lot may still go, its files too, and look for it; done before, it says so again.

    Raises VerificationError when something is left that should be gone.
    """
    planned = lot.items(key)
    with writing(store.engine) as connection:
        said = _forget(connection, plan_id, lot.kind, planned, policy=policy, on=on, at=at)
    _unlink(store, plan_id, lot.kind)
    _verify(store, plan_id, said, planned, at)
    return said


def n_left(connection: Connection, plan_id: int, lot: Lot, key: SecretKey) -> int:
    """Items of a lot that were destroyed and that are known all the same; 0 is as it should be."""
    row = _row(connection, plan_id, lot.kind)
    return max(0, len(_there(connection, plan_id, lot.kind, lot.items(key))) - (row.n_kept or 0))


# ── parts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _row(connection: Connection, plan_id: int, kind: str) -> Any:
    return connection.execute(select(purge_lot).where(purge_lot.c.plan_id == plan_id, purge_lot.c.kind == kind)).one()


def _mine(plan_id: int, kind: str) -> Any:
    return (purge_lot.c.plan_id == plan_id) & (purge_lot.c.kind == kind)


def _there(connection: Connection, plan_id: int, kind: str, ids: set[int]) -> set[int]:
    """Of these those that are there, and were when they were planned."""
    key, made_at = _KEYS[kind], select(purge_plan.c.made_at).where(purge_plan.c.plan_id == plan_id).scalar_subquery()
    wanted = select(key).where(among(connection.dialect.name, key, sorted(ids)), _CAME[kind] <= made_at)
    if kind == HOTLIST_FILES:
        wanted = wanted.where(schema.hotlist_import.c.file_destroyed_at.is_(None))
    if kind == HOLDS:  # that there was one stays
        named = select(hold_item.c.hold_id).where(hold_item.c.hold_id == hold.c.hold_id).exists()
        wanted = wanted.where(hold.c.forgotten_at.is_(None) | (hold.c.pattern != "") | named)
    return set(connection.scalars(wanted))


def _forget(
    connection: Connection, plan_id: int, kind: str, planned: set[int], *, policy: Policy, on: date, at: datetime
) -> Gone:
    """(1) nobody re-lands, imports or holds meanwhile; (2) what is due is judged again; (3) rows go, their files are written down."""
    one_writer(connection, _WRITERS[kind])
    if connection.dialect.name == "postgresql":  # a hold that is being placed is waited for, and the next one waits
        connection.execute(text("LOCK TABLE hold IN SHARE MODE"))
    row = _row(connection, plan_id, kind)
    if row.destroyed_at is not None:
        return Gone(kind, row.n_destroyed, row.n_kept, row.n_gone)
    there = _there(connection, plan_id, kind, planned)
    doomed = there & DUE[kind](connection, policy, on)
    these = among(connection.dialect.name, _KEYS[kind], sorted(doomed))
    files = {file for file in _FORGET[kind](connection, these, plan_id, at) if not _is_needed(connection, file)}
    said = Gone(kind, len(doomed), len(there - doomed), len(planned - there))
    told = {
        "destroyed_at": at, "n_destroyed": said.n_destroyed, "n_kept": said.n_kept, "n_gone": said.n_gone,
        "files": [[day.isoformat(), sha256] for day, sha256 in sorted(files)] or None,
    }  # fmt: skip
    connection.execute(update(purge_lot).where(_mine(plan_id, kind)).values(told))
    return said


def _forget_quarantine(connection: Connection, these: ColumnElement[bool], _plan_id: int, _at: datetime) -> set[Sealed]:
    item = schema.quarantine.c
    rows = connection.execute(
        select(item.drop_id, item.sealed_day, item.sealed_sha256).where(these, item.sealed_sha256.is_not(None))
    ).all()
    of_drops: dict[int, set[str]] = {}
    for row in rows:
        of_drops.setdefault(row.drop_id, set()).add(row.sealed_sha256)
    drops.forget(connection, of_drops)
    connection.execute(delete(schema.quarantine).where(these))
    return {(row.sealed_day, row.sealed_sha256) for row in rows}


def _forget_hotlist_files(
    connection: Connection, these: ColumnElement[bool], _plan_id: int, at: datetime
) -> set[Sealed]:
    made = schema.hotlist_import.c
    files = set(connection.execute(select(made.sealed_day, made.sha256).where(these)).tuples())
    connection.execute(update(schema.hotlist_import).where(these).values(file_destroyed_at=at))
    return files


def _forget_hotlist_entries(
    connection: Connection, these: ColumnElement[bool], _plan_id: int, _at: datetime
) -> set[Sealed]:
    connection.execute(delete(schema.hotlist_entry).where(these))
    return set()


def _forget_watches(connection: Connection, these: ColumnElement[bool], _plan_id: int, _at: datetime) -> set[Sealed]:
    ended = select(watch.c.watch_id).where(these)
    connection.execute(delete(watch_decision).where(watch_decision.c.watch_id.in_(ended)))
    connection.execute(delete(watch).where(these))
    return set()


def _forget_holds(connection: Connection, these: ColumnElement[bool], plan_id: int, at: datetime) -> set[Sealed]:
    """What each described, and the captures that it named; its case number, its decisions and how many it named stay."""
    described = (hold.c.plate_folded, hold.c.area, hold.c.device_id, hold.c.since_at, hold.c.until_at)
    nothing = {**dict.fromkeys((one.name for one in described), null()), "pattern": ""}
    settled = connection.scalars(select(hold.c.hold_id).where(these)).all()
    connection.execute(update(hold).where(these).values(nothing | {"forgotten_at": at, "forgotten_by": plan_id}))
    named = among(connection.dialect.name, hold_item.c.hold_id, sorted(settled))
    connection.execute(delete(hold_item).where(named))
    return set()


_FORGET: Final[dict[str, Callable[[Connection, ColumnElement[bool], int, datetime], set[Sealed]]]] = {
    QUARANTINE: _forget_quarantine,
    HOTLIST_FILES: _forget_hotlist_files,
    HOTLIST_ENTRIES: _forget_hotlist_entries,
    WATCHES: _forget_watches,
    HOLDS: _forget_holds,
}
"""By class: forgets items for a plan, and returns their sealed files."""


def _is_needed(connection: Connection, file: Sealed) -> bool:
    """Whether an item or a list's file that stays is sealed there too."""
    made, item, (day, sha256) = schema.hotlist_import.c, schema.quarantine.c, file
    listed = select(made.import_id).where(
        made.sealed_day == day, made.sha256 == sha256, made.file_destroyed_at.is_(None)
    )
    kept = select(item.quarantine_id).where(item.sealed_day == day, item.sealed_sha256 == sha256)
    return any(connection.execute(one.limit(1)).one_or_none() for one in (listed, kept))


def _unlink(store: Store, plan_id: int, kind: str) -> None:
    """Unlink the files that were written down, give their days another key, and forget them. Killed in between, it is done again."""
    with reading(store.engine) as connection:
        files = _row(connection, plan_id, kind).files or []
    paths = [store.received.path(date.fromisoformat(day), sha256) for day, sha256 in files]
    for path in paths:
        path.unlink(missing_ok=True)
    for folder in sorted({path.parent for path in paths if path.parent.is_dir()}):
        sync_folder(folder)
    for day in sorted({day for day, _ in files}):
        store.received.change_key(date.fromisoformat(day))
    with writing(store.engine) as connection:
        connection.execute(
            update(purge_lot).where(_mine(plan_id, kind), purge_lot.c.files.is_not(None)).values(files=None)
        )
    if left := sum(path.exists() for path in paths):
        raise VerificationError(
            f"purge {plan_id}: {left} files of its {TITLES[kind]} are there again",
            remedy="look at what else writes into the data folder, then execute the purge again",
        )


def _verify(store: Store, plan_id: int, said: Gone, planned: set[int], at: datetime) -> None:
    """Look for what was planned: exactly what was kept is left. Raises VerificationError."""
    with writing(store.engine) as connection:
        row = _row(connection, plan_id, said.kind)
        if row.verified_at is not None:
            return
        if (n := len(_there(connection, plan_id, said.kind, planned))) != said.n_kept:
            raise VerificationError(
                f"purge {plan_id}: {n} of its {TITLES[said.kind]} are left where {said.n_kept} were kept",
                remedy="look at what else writes into this database, then execute the purge again",
            )
        connection.execute(update(purge_lot).where(_mine(plan_id, said.kind)).values(verified_at=at))
