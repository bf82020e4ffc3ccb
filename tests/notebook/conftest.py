"""A notebook's session at the live console: its state is its own, and the folders that it must not touch lie empty."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from alpr_assets.access.roles import Role
from alpr_assets.notebook import Session, sign_in
from alpr_assets.settings import settings
from tests.live import CASE, PURPOSE, Live


@pytest.fixture
def environment(live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where a kernel finds the console, and folders of ours that it must not touch."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("ALPR_CONSOLE_URL", live.url)
    monkeypatch.setenv("ALPR_TOKEN", live.token(Role.ANALYST))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    for name in ("data", "keys", "record"):
        monkeypatch.setenv(f"ALPR_{name.upper()}", str(tmp_path / "ours" / name))
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


@pytest.fixture
def session(environment: Path) -> Iterator[Session]:
    with sign_in(purpose=PURPOSE, case_number=CASE) as opened:
        yield opened
