"""Builders: a department with a supervisor and a commander, destinations that they decide on, hits, and rounds of deliveries."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any

from sqlalchemy import Row, select

from alpr_assets.access.acting import Office
from alpr_assets.access.people import Member, Source
from alpr_assets.access.roles import Role
from alpr_assets.lifecycle.alerts import destinations, outbox
from alpr_assets.lifecycle.alerts.deliveries import deliver_due
from alpr_assets.lifecycle.alerts.destinations import Proposed, secret_key
from alpr_assets.lifecycle.alerts.leases import Counts
from alpr_assets.lifecycle.alerts.wanted import Wanted
from alpr_assets.policy import Policy
from alpr_assets.settings import Settings
from alpr_assets.store import alerts, schema, verdicts
from alpr_assets.store import watches as watch_tables
from alpr_assets.store.engine import Store, reading, writing
from tests.access.people import Kept, a_member, actor, granted, office_of

NOW = datetime.now(UTC).replace(microsecond=0)
"""When these tests play; the real present, since a process that is killed in one goes by its own clock."""
DAY = date(2026, 6, 15)
PLATE = "7ABC123"


def alerting(policy: Policy, **figures: Any) -> Policy:
    """The policy with other figures of its alerts; the receivers of the tests are inside the department."""
    usual = {"inside": ("localhost",), "timeout_seconds": 5, "attempts": 4, **figures}
    return policy.model_copy(update={"alerts": policy.alerts.model_copy(update=usual)})


@dataclass
class Desk:
    """One department over a store."""

    store: Store
    policy: Policy
    settings: Settings
    office: Office
    supervisor: Member
    commander: Member
    secrets: dict[int, str] = field(default_factory=dict)
    _number: Any = field(default_factory=lambda: count(1))

    @classmethod
    def of(cls, store: Store, policy: Policy, folder: Path, *, ca_file: Path | None = None, **more: Any) -> Desk:
        policy = alerting(policy)
        settings = Settings(
            data=folder / "data", keys=folder / "keys", console_url="https://alpr.pd.example:8422",
            receiver_ca_file=ca_file, **more,
        )  # fmt: skip
        office = office_of(store, policy, folder)
        supervisor = granted(office, a_member(office, Role.SUPERVISOR), Source.DEPARTMENT, Source.STATE, at=NOW)
        commander = granted(office, a_member(office, Role.COMMANDER), Source.DEPARTMENT, Source.STATE, at=NOW)
        desk = cls(store, policy, settings, office, supervisor, commander)
        desk._list()
        return desk

    @property
    def record(self) -> Kept:
        assert isinstance(self.office.recorder, Kept)
        return self.office.recorder

    # ── destinations ───────────────────────────────────────────────────────────────────────────────────────────

    def wanted(self, address: str, **changes: Any) -> Wanted:
        usual = {
            "name": "CAD", "kind": "email" if "://" not in address else "webhook", "address": address,
            "sources": frozenset({"department", "state"}), "categories": frozenset({"stolen_vehicle"}),
        }  # fmt: skip
        return Wanted(**{**usual, **changes})

    def propose(
        self, address: str, *, by: Member | None = None, at: datetime = NOW, replaces: int | None = None, **changes: Any
    ) -> Proposed:
        proposed = destinations.propose(
            self.office, secret_key(self.settings), self.wanted(address, **changes), replaces=replaces,
            by=actor(by or self.supervisor), at=at,
        )  # fmt: skip
        if proposed.secret:
            self.secrets[proposed.destination_id] = proposed.secret
        return proposed

    def approve(self, destination_id: int, *, by: Member | None = None, at: datetime = NOW) -> None:
        destinations.approve(self.office, destination_id, by=actor(by or self.commander), at=at)

    def approved(self, address: str, *, at: datetime = NOW, **changes: Any) -> int:
        destination_id = self.propose(address, at=at, **changes).destination_id
        self.approve(destination_id, at=at)
        return destination_id

    def withdraw(self, destination_id: int, *, at: datetime = NOW) -> None:
        destinations.withdraw(self.office, destination_id, by=actor(self.supervisor), at=at)

    # ── hits ───────────────────────────────────────────────────────────────────────────────────────────────────

    def hit(self, *, raised_at: datetime = NOW + timedelta(seconds=1), **changes: Any) -> int:
        number = next(self._number)
        values = {
            "day": DAY, "sighting_id": number, "source": "department", "plate": PLATE, "state": "", "list_type": "watch",
            "category": "stolen_vehicle", "restricted": False, "match_kind": "exact", "differences": [], "confidence": 0.9,
            "sure": True, "read_day": DAY, "read_id": number, "version_id": "v", "captured_at": raised_at,
            "raised_at": raised_at, "alerted": True, "entry_id": 1, "import_id": 1, **changes,
        }  # fmt: skip
        with writing(self.store.engine) as connection:
            return int(connection.execute(schema.hit.insert().returning(schema.hit.c.hit_id), values).scalar_one())

    def watch_hit(self, audience: str) -> int:
        """A hit of a watch with this audience."""
        values = {
            "kind": "watch", "pattern": PLATE, "is_partial": False, "state": "", "purpose": "stolen_vehicle",
            "category": "stolen_vehicle", "case_number": "26-01234", "reason": "seen there", "owner_id": 90,
            "audience": audience, "supervisor_id": 91, "status": "approved", "n_decisions": 1, "placed_at": NOW,
            "approve_by_at": NOW, "expires_at": NOW + timedelta(days=9),
        }  # fmt: skip
        with writing(self.store.engine) as connection:
            table = watch_tables.watch
            watch_id = connection.execute(table.insert().returning(table.c.watch_id), values).scalar_one()
        return self.hit(entry_id=None, import_id=None, watch_id=watch_id)

    def dismiss(self, hit_id: int) -> None:
        """Somebody decides that the hit is none."""
        move = {
            "hit_id": hit_id, "seq": 1, "from_status": "raised", "to_status": "dismissed", "kind": "dismiss",
            "moved_at": NOW, "member_id": 90, "reason": "a mistake",
        }  # fmt: skip
        with writing(self.store.engine) as connection:
            connection.execute(verdicts.hit_move.insert(), move)

    def _list(self) -> None:
        with writing(self.store.engine) as connection:
            connection.execute(schema.hotlist.insert(), {"list_id": 1, "name": "watch", "source": "department"})
            connection.execute(
                schema.hotlist_import.insert(),
                {
                    "import_id": 1, "list_id": 1, "sha256": "0", "file_name": "watch.csv", "format": "csv",
                    "imported_at": NOW, "accepted": True, "n_lines": 1, "n_entries": 1, "n_quarantined": 0,
                    "receipt": {}, "sealed_day": DAY,
                },
            )  # fmt: skip
            connection.execute(
                schema.hotlist_entry.insert(),
                {
                    "entry_id": 1, "list_id": 1, "plate": PLATE, "plate_folded": "7A8C123", "state": "",
                    "list_type": "watch", "category": "stolen_vehicle", "restricted": False, "details": {},
                    "digest": "0", "from_import_id": 1,
                },
            )  # fmt: skip

    # ── rounds ─────────────────────────────────────────────────────────────────────────────────────────────────

    def fill(self, *, after: float = 1) -> int:
        return outbox.fill(self.store, policy=self.policy, now=NOW + timedelta(seconds=after))

    def deliver(self, *, after: float = 1, recorder: Any = None, ending: Event | None = None) -> Counts:
        """A round, so many seconds after NOW."""
        return deliver_due(
            self.store, recorder or self.record, policy=self.policy, settings=self.settings,
            now=NOW + timedelta(seconds=after), ending=ending or Event(),
        )  # fmt: skip

    def rows(self) -> list[Row[Any]]:
        with reading(self.store.engine) as connection:
            return list(connection.execute(select(alerts.outbox).order_by(alerts.outbox.c.outbox_id)))

    def states(self) -> list[str]:
        return [row.state for row in self.rows()]

    def sent(self) -> list[Any]:
        return [entry for entry in self.record.entries if entry.action == "deliver_alert"]
