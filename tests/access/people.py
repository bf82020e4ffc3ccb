"""Builders: an office with a quick hasher, members in every role, and a recorder that keeps entries in memory or is down."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from pyotp import TOTP
from sqlalchemy import insert

from alpr_assets.access import register, sessions, signing_in
from alpr_assets.access.acting import Office
from alpr_assets.access.people import Member, Source, Status, actor_of
from alpr_assets.access.record.entries import Actor, Entry, Head, Receipt, RecordUnavailableError
from alpr_assets.access.roles import Role
from alpr_assets.access.secret_key import SecretKey
from alpr_assets.policy import Policy
from alpr_assets.store import people
from alpr_assets.store.engine import Store, writing

NOW = datetime(2026, 6, 15, 18, 30, tzinfo=UTC)
TODAY = date(2026, 6, 15)
HERE = "192.0.2.7"
PASSWORD = "seven grey herons over Contra Loma"
TITLES = {
    Role.OFFICER: "Police Officer",
    Role.DISPATCHER: "Dispatcher",
    Role.ANALYST: "Detective",
    Role.SUPERVISOR: "Police Sergeant",
    Role.COMMANDER: "Community Policing Bureau Commander",
    Role.CUSTODIAN: "Custodian of Records",
    Role.ATTORNEY: "City Attorney",
    Role.TRAINING_COORDINATOR: "Training Coordinator",
    Role.ENGINEER: "Information Systems Engineer",
    Role.AUDITOR: "Auditor",
    Role.ADMINISTRATOR: "System Administrator",
}


@dataclass
class Kept:
    """Entries in memory; the record's own tests are elsewhere. `down`: it cannot be written; `fault`: it breaks."""

    entries: list[Entry] = field(default_factory=list)
    down: bool = False
    fault: Exception | None = None

    def append(self, entry: Entry) -> Receipt:
        if self.fault:
            raise self.fault
        if self.down:
            raise RecordUnavailableError("the access record cannot be written")
        self.entries.append(entry)
        leaf = hashlib.sha256(repr(entry).encode()).digest()
        head = Head("test", len(self.entries), leaf, entry.at, "0" * 16, b"")
        return Receipt(len(self.entries) - 1, entry.at, leaf, b"", head)

    @property
    def last(self) -> Entry:
        return self.entries[-1]


def office_of(store: Store, policy: Policy, folder: Path, **more: Any) -> Office:
    """An office whose hashes take microseconds instead of a tenth of a second."""
    return Office(
        engine=store.engine,
        recorder=Kept(),
        policy=policy,
        key=SecretKey(folder / "keys" / "member_secrets.key"),
        hasher=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1),
        **more,
    )


def kept(office: Office) -> Kept:
    assert isinstance(office.recorder, Kept)
    return office.recorder


def a_member(
    office: Office,
    role: Role = Role.OFFICER,
    user_name: str = "",
    *,
    status: Status = Status.ACTIVE,
    at: datetime = NOW - timedelta(days=1),
    password: str | None = PASSWORD,
    agency: str = "",
) -> Member:
    """A member put into the register as the acts would have, without their approvals."""
    user_name = user_name or f"{role.value}{len(register.members(office.engine))}"
    with writing(office.engine) as connection:
        member_id = connection.execute(
            insert(people.member).returning(people.member.c.member_id),
            {
                "user_name": user_name, "name": f"Person {user_name}", "agency": agency or office.policy.policy.ori,
                "title": TITLES[role], "role": role.value, "is_contractor": False, "status": status.value,
                "status_at": at, "status_reason": "",
            },
        ).scalar_one()  # fmt: skip
        if password is not None:
            connection.execute(
                insert(people.member_password),
                {"member_id": member_id, "hash": office.hasher.hash(password), "set_at": at, "expires_at": None},
            )
    return register.member(office.engine, member_id)


def actor(member: Member) -> Actor:
    return actor_of(member, session_id=1, address=HERE)


def enrolled(office: Office, member: Member, *, at: datetime = NOW) -> TOTP:
    """The member's app, enrolled half an hour ago so that none of today's codes was used."""
    app = TOTP("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    sealed = office.key.seal(app.secret.encode(), belongs_to=f"second factor of member {member.member_id}")
    with writing(office.engine) as connection:
        connection.execute(
            insert(people.member_second_factor),
            {"member_id": member.member_id, "sealed": sealed, "made_at": at, "enrolled_at": at, "last_step": None},
        )
    return app


def signed_in(office: Office, member: Member, *, at: datetime = NOW) -> sessions.Opened:
    """A complete session of an enrolled member."""
    app = enrolled(office, member, at=at)
    first = signing_in.sign_in(office, member.user_name, PASSWORD, address=HERE, at=at)
    opened = signing_in.verify_code(office, first.token, app.at(at), at=at)
    sessions.acknowledge(office, opened.session, at=at)
    session = sessions.find(office, opened.token, at=at, touch=False)
    assert session is not None
    assert session.is_complete
    return sessions.Opened(session, opened.token)


def granted(office: Office, member: Member, *sources: Source, at: datetime = NOW) -> Member:
    """The member with sources that somebody granted."""
    with writing(office.engine) as connection:
        for source in sources:
            connection.execute(
                insert(people.member_source),
                {
                    "member_id": member.member_id,
                    "source": source.value,
                    "granted_at": at,
                    "granted_by": member.member_id,
                },
            )
    return register.member(office.engine, member.member_id)
