"""Audits under test: a store and a record of one department, members of every part, and acts through the gate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from alpr_assets.access import register
from alpr_assets.access.acting import Office
from alpr_assets.access.audits import findings, judging, planning, sampling
from alpr_assets.access.audits.judging import Answer
from alpr_assets.access.audits.looks import Source
from alpr_assets.access.audits.planning import Frequency, Wanted
from alpr_assets.access.gate import Ask, Gate
from alpr_assets.access.people import Member
from alpr_assets.access.record.entries import Actor, Entry, Kind, Outcome, Receipt
from alpr_assets.access.record.log import AccessRecord
from alpr_assets.access.record.places import Place
from alpr_assets.access.roles import Action, Role
from alpr_assets.access.secret_key import SecretKey
from alpr_assets.policy import Policy
from alpr_assets.store.engine import Store
from tests.access.people import a_member, office_of
from tests.access.record.records import place_in
from tests.people import governed_by, session

NOW = datetime(2026, 6, 15, 18, 30, tzinfo=UTC)
YES = dict.fromkeys(judging.QUESTIONS, Answer.YES)


@dataclass
class Department:
    """Who plans, audits, approves and searches; and what they did."""

    store: Store
    place: Place
    policy: Policy
    office: Office
    source: Source
    record: AccessRecord
    now: datetime = NOW
    people: dict[Role, Member] = field(default_factory=dict)

    @property
    def engine(self) -> Engine:
        return self.store.engine

    def clock(self) -> datetime:
        return self.now

    def who(self, role: Role) -> Member:
        if role not in self.people:
            self.people[role] = a_member(self.office, role, at=NOW - timedelta(days=200), password=None)
        return self.people[role]

    def gate(self) -> Gate:
        def trained(member_id: int) -> Member:
            return replace(register.member(self.engine, member_id), trained_until=date(2027, 1, 31))

        return Gate(trained, self.record, self.policy, self.clock, lambda number: None, governed_by(self.policy))

    def act(self, who: Role | Member, action: Action, deed: Callable[..., Any], **ask: Any) -> Any:
        member = self.who(who) if isinstance(who, Role) else who
        wanted = Ask(action=action, purpose="", case_number="", **ask)
        return self.gate().act(session(member), wanted, self.engine, deed).rows

    def answer(self, who: Role | Member, action: Action, search: Callable[..., Any]) -> Any:
        member = self.who(who) if isinstance(who, Role) else who
        return self.gate().answer(session(member), Ask(action=action, purpose="", case_number=""), search).rows

    def look(
        self, member: Member, at: datetime, *, plate: str = "7ABC123", case: str = "26-01234", **more: Any
    ) -> Receipt:
        """A search as the gate would have recorded it."""
        actor = Actor(
            member_id=member.member_id,
            name=member.name,
            agency=member.agency,
            title=member.title,
            role=member.role.value,
        )
        values: dict[str, Any] = {
            "kind": Kind.QUERY, "action": "plate_history", "outcome": Outcome.ANSWERED, "purpose": "stolen_vehicle",
            "case_number": case, "elements": {"plate": plate}, **more,
        }  # fmt: skip
        before, self.now = self.now, at
        try:
            return self.record.append(Entry(at=at, actor=actor, **values))
        finally:
            self.now = before

    # ── an audit ───────────────────────────────────────────────────────────────────────────────────────────────────

    def wanted(self, **changes: Any) -> Wanted:
        usual: dict[str, Any] = {
            "frequency": Frequency.QUARTERLY, "auditor_id": self.who(Role.AUDITOR).member_id,
            "approver_id": self.who(Role.CUSTODIAN).member_id, "since_on": date(2026, 6, 1), "until_on": date(2026, 6, 14),
            "n_random": 3, "n_risk": 2,
        }  # fmt: skip
        return Wanted(**{**usual, **changes})

    def plan(self, who: Role = Role.COMMANDER, **changes: Any) -> int:
        deed = partial(planning.plan, wanted=self.wanted(**changes), policy=self.policy)
        return int(self.act(who, Action.PLAN_AUDIT, deed))

    def approve(self, audit_id: int, who: Role | Member = Role.CUSTODIAN) -> None:
        self.act(
            who, Action.APPROVE_AUDIT, partial(planning.approve, audit_id=audit_id, reason="as we do each quarter")
        )

    def sampled(self, audit_id: int) -> Any:
        with self.engine.connect() as connection:
            return sampling.sampled(connection, audit_id, self.source, policy=self.policy)

    def draw(self, audit_id: int) -> Any:
        sample = self.sampled(audit_id)
        self.act(Role.AUDITOR, Action.CONDUCT_AUDIT, partial(sampling.keep_sample, audit_id=audit_id, sample=sample))
        return sample

    def drawn(self, **changes: Any) -> int:
        audit_id = self.plan(**changes)
        self.approve(audit_id)
        self.draw(audit_id)
        return audit_id

    def judge(
        self, audit_id: int, record_id: int, who: Role | Member = Role.AUDITOR, note: str = "", **answers: Answer
    ) -> None:
        action = Action.CONDUCT_AUDIT if who is Role.AUDITOR else Action.APPROVE_AUDIT
        deed = partial(judging.judge, audit_id=audit_id, record_id=record_id, answers={**YES, **answers}, note=note)
        self.act(who, action, deed)

    def find(self, audit_id: int, record_id: int | None = None, who: Role = Role.AUDITOR, **changes: Any) -> int:
        usual: dict[str, Any] = {
            "record_id": record_id, "text": "the case number is of no case", "owner_id": self.who(Role.SUPERVISOR).member_id,
            "due_on": None, "policy": self.policy,
        }  # fmt: skip
        return int(
            self.act(who, Action.CONDUCT_AUDIT, partial(findings.find, audit_id=audit_id, **{**usual, **changes}))
        )

    def follow(self, finding_id: int, kind: str, who: Role | Member = Role.CUSTODIAN, **changes: Any) -> None:
        usual: dict[str, Any] = {"kind": kind, "note": "seen to", "due_on": None}
        self.act(who, Action.APPROVE_AUDIT, partial(findings.move, finding_id=finding_id, **{**usual, **changes}))

    def sign(self, audit_id: int, who: Role | Member = Role.CUSTODIAN) -> None:
        self.act(who, Action.APPROVE_AUDIT, partial(planning.sign, audit_id=audit_id, reason="read and agreed"))


def department(store: Store, folder: Path, policy: Policy, url: str = "") -> Department:
    """A department whose record lies beside its store. `url`: of the record's database on PostgreSQL."""
    place = place_in(folder, url)
    key = SecretKey(folder / "keys" / "audits.key")
    source = Source(place, lambda typed: key.digest(typed.upper().encode()), policy.zone)
    made = Department(store, place, policy, office_of(store, policy, folder), source, record=None)  # type: ignore[arg-type] - below
    made.record = AccessRecord(place, clock=made.clock)
    return made
