"""A desk with a real access record: whoever traces there is recorded, and finds himself the next time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from alpr_assets.access.gate import Answer
from alpr_assets.access.people import Member
from alpr_assets.access.record.exporting import opened
from alpr_assets.access.record.log import AccessRecord
from alpr_assets.access.record.places import place_of
from alpr_assets.access.roles import Action, Role
from alpr_assets.access.secret_key import SecretKey
from alpr_assets.policy import Policy
from alpr_assets.search.lineage.steps import Lineage
from alpr_assets.search.lineage.tracing import lineage
from alpr_assets.settings import Settings
from alpr_assets.store.engine import Store
from tests.people import NOW, ask, gate_for, member, session

ROLES = (Role.ANALYST, Role.OFFICER, Role.SUPERVISOR, Role.COMMANDER, Role.CUSTODIAN, Role.AUDITOR)


class Desk:
    """Members of several roles, one of each, by a store and its record."""

    def __init__(self, store: Store, policy: Policy, folder: Path, key: SecretKey) -> None:
        self.store, self.policy, self.key = store, policy, key
        self.settings = Settings(data=folder / "data", keys=folder / "keys", record=folder / "record")
        for name in ("data", "keys", "record"):
            (folder / name).mkdir(exist_ok=True)
        self.record = AccessRecord(place_of(self.settings), clock=lambda: NOW)
        self.members = {role: member(role, member_id=20 + n, name=f"Pat {role}") for n, role in enumerate(ROLES)}

    def ask(self, who: Role | Member, search: Any, action: Action) -> Answer[Any]:
        """Through the gate, into the record."""
        by = self.members[who] if isinstance(who, Role) else who
        gate = gate_for(self.policy, by, recorder=self.record)
        return gate.answer(session(by), ask(action), search)

    def trace(self, who: Role | Member = Role.COMMANDER, **named: Any) -> Lineage:
        """The lineage of a read or picture."""
        search = partial(lineage, engine=self.store.engine, record=self._record, key=self.key, **named)
        found: Lineage = self.ask(who, search, Action.TRACE_READ).rows
        return found

    @contextmanager
    def _record(self) -> Iterator[Connection]:
        with opened(self.settings) as (_, connection):
            yield connection


def section(found: Lineage, name: str) -> Any:
    """One section's steps."""
    return next(one for one in found.sections if one.name == name).steps


def said(found: Lineage) -> str:
    """All that a lineage says."""
    return " ".join(
        f"{step.what} {step.by} {dict(step.facts)}" for one in found.sections for step in one.steps
    )  # fmt: skip
