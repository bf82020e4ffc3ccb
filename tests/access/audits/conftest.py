"""A department with its record, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from alpr_assets.policy import Policy
from alpr_assets.store.engine import Store
from tests.access.audits.acts import Department, department


@pytest.fixture
def agency(store: Store, policy: Policy, tmp_path: Path) -> Iterator[Department]:
    """Store and record on the same kind of database; on PostgreSQL the record has its own schema in the same one."""
    is_postgresql = store.engine.dialect.name == "postgresql"
    made = department(
        store, tmp_path, policy, store.engine.url.render_as_string(hide_password=False) if is_postgresql else ""
    )
    yield made
    made.record.close()
    made.place.engine.dispose()
