"""A desk on either database."""

from __future__ import annotations

import pytest

from tests.lifecycle.purge.desks import Desk


@pytest.fixture
def desk(store, policy, tmp_path):
    return Desk(store, policy, tmp_path)
