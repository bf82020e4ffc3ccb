"""A department that watches, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from alpr_assets.policy import Policy
from alpr_assets.store.engine import Store
from tests.lifecycle.watches.department import Department


@pytest.fixture
def department(store: Store, policy: Policy, tmp_path: Path) -> Department:
    return Department.of(store, policy, tmp_path)
