"""An office on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from alpr_assets.access.acting import Office
from alpr_assets.policy import Policy
from alpr_assets.store.engine import Store
from tests.access.people import office_of


@pytest.fixture
def office(store: Store, policy: Policy, tmp_path: Path) -> Office:
    return office_of(store, policy, tmp_path)


@pytest.fixture
def sqlite_office(sqlite_store: Store, policy: Policy, tmp_path: Path) -> Office:
    return office_of(sqlite_store, policy, tmp_path)
