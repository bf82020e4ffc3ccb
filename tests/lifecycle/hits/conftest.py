"""A patrol with one exact hit, and a gate to move hits through."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alpr_assets.access.gate import Answer
from alpr_assets.access.people import Member
from alpr_assets.access.roles import Action
from alpr_assets.policy import Policy
from alpr_assets.store.engine import Store
from tests.patrols import Patrol, seen, watch
from tests.people import MemoryRecorder, ask, gate_for, member, session

SOON = timedelta(minutes=5)  # after the raise
Act = Callable[..., Answer[Any]]


@pytest.fixture
def patrol(store: Store, tmp_path: Path, policy: Policy, now: datetime) -> Patrol:
    return Patrol(store, tmp_path, policy, now)


@pytest.fixture
def alone(sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime) -> Patrol:
    """On SQLite only."""
    return Patrol(sqlite_store, tmp_path, policy, now)


@pytest.fixture
def recorder() -> MemoryRecorder:
    return MemoryRecorder()


@pytest.fixture
def act(policy: Policy, recorder: MemoryRecorder) -> Act:
    """Do a deed through the gate: `act(patrol, deed, *what, who=…, after=…)`; `after`: since the patrol's now."""

    def run(
        patrol: Patrol, deed: Any, *what: Any, who: Member | None = None, after: timedelta = SOON,
        action: Action = Action.VERIFY_HIT, **more: Any,
    ) -> Answer[Any]:  # fmt: skip
        who = who or member()
        gate = gate_for(policy, who, recorder=recorder, now=patrol.now + after)
        return gate.act(
            session(who),
            ask(action, elements={}),
            patrol.store.engine,
            lambda grant, connection: deed(grant, connection, *what, policy=policy, **more),
        )

    return run


@pytest.fixture
def hit_id(patrol: Patrol) -> int:
    """One exact hit, raised at the patrol's now."""
    return raised(patrol)


def raised(patrol: Patrol, plate: str = "7ABC123", *others: str) -> int:
    patrol.take(watch(plate, *others))
    patrol.read(seen(plate))
    patrol.match()
    return int(patrol.hits()[-1].hit_id)
