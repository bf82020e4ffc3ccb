"""Places for a record on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from alpr_assets.access.record.places import Place
from tests.access.record.records import place_in


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Nothing is made yet: every test that takes it runs on both databases."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    made = place_in(tmp_path, url)
    yield made
    made.engine.dispose()


@pytest.fixture
def sqlite_place(tmp_path: Path) -> Iterator[Place]:
    made = place_in(tmp_path)
    yield made
    made.engine.dispose()
