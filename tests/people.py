"""Members, sessions and a recorder in memory: for tests of what stands before and behind the gate."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, insert

from alpr_assets.access.gate import Ask, Gate
from alpr_assets.access.governing import Standing
from alpr_assets.access.people import Member, Session, SessionKind, Source, Status
from alpr_assets.access.record.entries import Entry, Head, Receipt, RecordUnavailableError
from alpr_assets.access.roles import Action, Role
from alpr_assets.policy import Policy
from alpr_assets.store import people
from alpr_assets.store.engine import writing

NOW = datetime(2026, 6, 15, 18, 30, tzinfo=UTC)
CASE = "26-01234"
PURPOSE = "stolen_vehicle"


def member(role: Role = Role.ANALYST, **changes: Any) -> Member:
    """An active, trained member of the sample department."""
    usual = Member(
        member_id=7,
        user_name="kim",
        name="Kim Doe",
        agency="CA0000000",
        title="Crime Analyst",
        role=role,
        is_contractor=False,
        status=Status.ACTIVE,
        sources=frozenset({Source.DEPARTMENT, Source.STATE}),
        trained_until=date(2027, 1, 31),
        locked_at=None,
        last_active_at=NOW,
    )
    return replace(usual, **changes)


def session(of: Member, **changes: Any) -> Session:
    """An open session that owes nothing."""
    usual = Session(
        session_id=70 + of.member_id,
        member=of,
        kind=SessionKind.WEB,
        opened_at=NOW,
        last_active_at=NOW,
        expires_at=NOW + timedelta(hours=12),
        address="192.0.2.7",
    )
    return replace(usual, **changes)


def ask(action: Action = Action.PLATE_HISTORY, **changes: Any) -> Ask:
    usual = Ask(action=action, purpose=PURPOSE, case_number=CASE, elements={"plate": "7ABC123"})
    return replace(usual, **changes)


@dataclass
class MemoryRecorder:
    """Keeps entries; `broken` refuses as a full disk would."""

    entries: list[Entry] = field(default_factory=list)
    broken: bool = False

    def append(self, entry: Entry) -> Receipt:
        if self.broken:
            raise RecordUnavailableError("the access record cannot be written")
        self.entries.append(entry)
        root = hashlib.sha256(b"").digest()
        head = Head("test", len(self.entries), root, entry.at, "0" * 16, b"")
        return Receipt(len(self.entries) - 1, entry.at, root, root, head)


def gate_for(policy: Policy, *members: Member, recorder: Any = None, now: datetime = NOW) -> Gate:
    """A gate whose register holds these members."""
    register = {one.member_id: one for one in members}
    return Gate(
        register.__getitem__,
        recorder or MemoryRecorder(),
        policy,
        lambda: now,
        lambda number: None,
        governed_by(policy),
    )


def in_office(engine: Engine, from_on: date) -> int:
    """A designee from a date on, recorded by a member made for it; returns the designation's id."""
    with writing(engine) as connection:
        by = {
            "user_name": "chief-clerk", "name": "Pat Clerk", "agency": "CA0000000", "title": "Custodian of Records", "role": "custodian",
            "is_contractor": False, "status": "active", "status_at": NOW, "status_reason": "",
        }  # fmt: skip
        member_id = connection.execute(insert(people.member).returning(people.member.c.member_id), by).scalar_one()
        row = {
            "name": "Lee Doe", "title": "Captain", "from_on": from_on, "file_name": "designation.pdf", "sealed_day": from_on,
            "sealed_sha256": "0" * 64, "recorded_at": NOW, "recorded_by": member_id,
        }  # fmt: skip
        return int(
            connection.execute(insert(people.designee).returning(people.designee.c.designee_id), row).scalar_one()
        )


def governed_by(policy: Policy) -> Callable[[datetime], Standing]:
    """No version on record: the file counts by its own dates."""
    return lambda at: Standing(None, policy.in_force.why_not(at.astimezone(policy.zone).date()))
