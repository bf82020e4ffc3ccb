"""Builders: a real register and a gate before it, with trained members, and watches placed by them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from alpr_assets.access import register
from alpr_assets.access.gate import Ask, Gate
from alpr_assets.access.people import Member, Source
from alpr_assets.access.roles import Action, Role
from alpr_assets.lifecycle.watches import listing, watches
from alpr_assets.lifecycle.watches.preview import Preview, preview
from alpr_assets.lifecycle.watches.watches import Wanted, elements
from alpr_assets.policy import Policy
from alpr_assets.store.engine import Store
from tests.access.people import Kept, a_member, office_of
from tests.people import CASE, NOW, PURPOSE, governed_by, session

DAY = timedelta(days=1)


def wanted(pattern: str = "7?A*23", **changes: Any) -> Wanted:
    usual = Wanted(pattern=pattern, reason="seen leaving the scene", expires_at=NOW + 10 * DAY)
    return replace(usual, **changes)


@dataclass
class Department:
    """Members in their roles, a clock that is set, and the record of the acts."""

    store: Store
    policy: Policy
    office: Any
    now: datetime = NOW

    @classmethod
    def of(cls, store: Store, policy: Policy, folder: Path) -> Department:
        return cls(store, policy, office_of(store, policy, folder))

    @property
    def record(self) -> Kept:
        kept = self.office.recorder
        assert isinstance(kept, Kept)
        return kept

    def member(self, role: Role = Role.ANALYST) -> Member:
        return a_member(self.office, role, at=NOW - DAY)

    def _gate(self) -> Gate:
        def trained(member_id: int) -> Member:
            now = register.member(self.store.engine, member_id)
            return replace(now, trained_until=date(2027, 6, 1), sources=frozenset({Source.DEPARTMENT}))

        return Gate(
            trained, self.office.recorder, self.policy, lambda: self.now, lambda number: None, governed_by(self.policy)
        )

    def _ask(self, action: Action, **more: Any) -> Ask:
        return Ask(action=action, purpose=more.pop("purpose", PURPOSE), case_number=CASE, **more)

    def act(self, by: Member, action: Action, deed: Any, **more: Any) -> Any:
        return self._gate().act(session(by), self._ask(action, **more), self.store.engine, deed).rows

    def place(self, by: Member, what: Wanted | None = None, **more: Any) -> int:
        what = what or wanted()
        more = {"elements": elements(what), **more}
        watch_id: int = self.act(
            by, Action.PLACE_WATCH, lambda g, c: watches.place(g, c, what, policy=self.policy), **more
        )
        return watch_id

    def approve(self, by: Member, watch_id: int) -> None:
        self.act(by, Action.APPROVE_WATCH, lambda g, c: watches.approve(g, c, watch_id, reason="grounds are given"))

    def decline(self, by: Member, watch_id: int) -> None:
        self.act(by, Action.APPROVE_WATCH, lambda g, c: watches.decline(g, c, watch_id, reason="too few grounds"))

    def end(self, by: Member, watch_id: int, action: Action = Action.PLACE_WATCH) -> None:
        self.act(by, action, lambda g, c: watches.end(g, c, watch_id, reason="the car was found"))

    def extend(self, by: Member, watch_id: int, until: datetime) -> None:
        self.act(
            by,
            Action.APPROVE_WATCH,
            lambda g, c: watches.extend(
                g, c, watch_id, expires_at=until, reason="still wanted here", policy=self.policy
            ),
        )

    def listed(self, by: Member, action: Action = Action.VIEW_HITS, **more: Any) -> dict[int, str]:
        """Watches that the member sees, with where they stand."""
        found = self._gate().answer(
            session(by), self._ask(action), lambda g: listing.watches(g, self.store.engine, **more)
        )
        return dict(zip(found.rows["watch_id"], found.rows["standing"], strict=True))

    def tallies(self, by: Member) -> dict[int, tuple[int, int]]:
        """Watches that the member sees, with how many hits they found and how many of these are open."""
        found = self._gate().answer(
            session(by), self._ask(Action.VIEW_HITS), lambda g: listing.watches(g, self.store.engine)
        )
        return {row.watch_id: (row.n_hits, row.n_open) for row in found.rows.itertuples()}

    def preview(self, by: Member, pattern: str) -> Preview:
        ask = self._ask(Action.PLACE_WATCH, elements={"pattern": pattern})
        found = self._gate().answer(
            session(by), ask, lambda g: preview(g, self.store.engine, pattern, policy=self.policy)
        )
        return found.rows

    def decided(self, by: Member, watch_id: int) -> list[str]:
        ask = self._ask(Action.VIEW_HITS)
        found = self._gate().answer(session(by), ask, lambda g: listing.decisions(g, self.store.engine, watch_id))
        return [decision["kind"] for decision in found.rows]
