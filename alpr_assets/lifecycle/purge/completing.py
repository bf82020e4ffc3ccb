"""Completing a purge on PostgreSQL: what was removed is destroyed once the files that held it were rewritten (422.5, NIST SP 800-88r2).

Here: for which purges, which tables, and saying so. Not here: rewriting (`store.rewriting`).
A certificate is never changed: the completion is a second paper, with a hash of its own in the access record. It takes each table's lock
while that is written, so it is done at a quiet hour, and once for all purges that wait.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, insert, select

from alpr_assets.access.acting import Office, acting
from alpr_assets.access.people import SYSTEM
from alpr_assets.access.record.sealing import canonical
from alpr_assets.errors import NotFoundError
from alpr_assets.store.engine import Store, reading
from alpr_assets.store.purges import purge_certificate, purge_completion, purge_day
from alpr_assets.store.rewriting import months_of, rewrite
from alpr_assets.store.sealed import sha256_hex

FORMAT: Final = 1
TABLES: Final = (
    "capture_identity", "plate", "hit", "hit_move", "hit_notice", "alert_outbox", "read_correction", "capture_drop", "capture_drop_receipt",
    "quarantine", "hotlist_entry", "watch", "watch_decision", "hold",
    "hold_item", "purge_lot",
)  # fmt: skip
"""What a purge deletes from or writes over, besides the partitions of its months."""

METHOD: Final = (
    "each table and its indexes written anew, the files before dropped (VACUUM FULL; empty partitions dropped), and the statistics "
    "that name values renewed; what the server's log and its archive still hold goes as they are recycled"
)


@dataclass(frozen=True, slots=True)
class Completion:
    """A completion as it stands. content: canonical JSON"""

    plan_id: int
    content: str
    sha256: str
    completed_at: datetime


def waiting(connection: Connection) -> list[int]:
    """Purges that are certified as removed and not as destroyed, the oldest first. None on SQLite, which overwrites at once."""
    if connection.dialect.name == "sqlite":
        return []
    columns = purge_certificate.c
    done = select(purge_completion.c.plan_id)
    return list(
        connection.scalars(select(columns.plan_id).where(columns.plan_id.not_in(done)).order_by(columns.plan_id))
    )


def complete(store: Store, *, office: Office, clock: Callable[[], datetime]) -> list[Completion]:
    """Rewrite what the purges that wait were removed from, and complete their certificates; killed in between, it is done again.

    Raises
    ------
    StorageError, VerificationError : see `store.rewriting.rewrite`; then no certificate is completed
    RecordUnavailableError : a completion could not be recorded; asked again, it is
    """
    with reading(store.engine) as connection:
        plans = waiting(connection)
        days = select(purge_day.c.day).where(purge_day.c.plan_id.in_(plans), purge_day.c.n_destroyed > 0)
        # A pass over midnight lies on the day before.
        touched = [day - timedelta(days=back) for day in connection.scalars(days) for back in (0, 1)]
    if not plans:
        return []
    rewritten = rewrite(store.engine, months_of(touched), TABLES)
    return [_completed(office, plan_id, rewritten, clock()) for plan_id in plans]


def completion(engine: Engine, plan_id: int) -> Completion:
    """A purge's completion. Raises NotFoundError: it has none, or needs none."""
    with reading(engine) as connection:
        row = connection.execute(select(purge_completion).where(purge_completion.c.plan_id == plan_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"purge {plan_id} has no completion", remedy="on PostgreSQL: alpr purge rewrite")
    return Completion(**row._mapping)  # noqa: SLF001 - SQLAlchemy's own API


def _completed(office: Office, plan_id: int, rewritten: Sequence[str], at: datetime) -> Completion:
    with acting(office, "purge_completed", SYSTEM, at=at, details={"purge": plan_id}) as act:
        columns = purge_certificate.c
        certified = act.connection.execute(select(columns.sha256).where(columns.plan_id == plan_id)).scalar_one()
        said: dict[str, Any] = {
            "format": FORMAT, "purge": plan_id, "certificate_sha256": certified, "status": "destroyed", "completed_at": at.isoformat(),
            "rewritten": list(rewritten), "method": METHOD,
        }  # fmt: skip
        content = canonical(said)
        made = Completion(plan_id, content, sha256_hex(content.encode()), at)
        act.connection.execute(insert(purge_completion), {name: getattr(made, name) for name in made.__slots__})
        act.note(completion_sha256=made.sha256)
    return made
