"""One department on either database, and one on SQLite where the database does not matter."""

from __future__ import annotations

import pytest

from tests.lifecycle.releases.desks import ReleaseDesk


@pytest.fixture
def desk(store, policy, tmp_path):
    return ReleaseDesk(store, policy, tmp_path)


@pytest.fixture
def one_desk(sqlite_store, policy, tmp_path):
    return ReleaseDesk(sqlite_store, policy, tmp_path)
