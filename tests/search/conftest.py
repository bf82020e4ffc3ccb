"""A patrol behind the gate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from alpr_assets.access.gate import Answer, Ask
from alpr_assets.access.people import Member
from tests.patrols import Patrol
from tests.people import MemoryRecorder, gate_for, session


@pytest.fixture
def patrol(store, tmp_path, policy, now):
    return Patrol(store, tmp_path, policy, now)


@pytest.fixture
def recorder() -> MemoryRecorder:
    return MemoryRecorder()


@pytest.fixture
def through(policy, recorder) -> Callable[[Member, Ask, Any], Answer[Any]]:
    """Run a search through the gate: `through(member, ask, search)`."""

    def run(who: Member, asked: Ask, search: Any) -> Answer[Any]:
        return gate_for(policy, who, recorder=recorder).answer(session(who), asked, search)

    return run
