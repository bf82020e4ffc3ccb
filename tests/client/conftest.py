"""A user of the live console: state of his own, and no token in his environment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from alpr_assets.settings import settings
from tests.live import Live


@pytest.fixture
def user(live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Name of an enrolled analyst; the environment says where the console is."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("ALPR_CONSOLE_URL", live.url)
    monkeypatch.delenv("ALPR_TOKEN", raising=False)
    settings.cache_clear()
    yield live.enrolled()
    settings.cache_clear()
