"""A notebook's session at the live console: its state is its own, and the folders that it must not touch lie empty."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from alpr_assets.access.roles import Role
from alpr_assets.notebook import Session, sign_in
from alpr_assets.policy import Policy
from alpr_assets.sample import case
from alpr_assets.sample.places import sample_places
from alpr_assets.settings import settings
from tests.live import CASE, PURPOSE, Live, live_console


@pytest.fixture(scope="session")
def detective(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> Iterator[Live]:
    """A console as `live`, and behind it the sample's case: weeks of a simulated city, long before the drive."""
    folder = tmp_path_factory.mktemp("case")
    with live_console(folder, policy) as opened:
        of = case.size(date(2025, 9, 1))
        case.load_case(
            opened.console.services.store.engine, of, folder, sure_confidence=policy.recognition.sure_confidence
        )
        sample_places(folder / "data", seed=case.SEED, at=opened.clock.now)
        yield opened


@pytest.fixture
def desk(detective: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The same as `environment`, at the detective's console."""
    monkeypatch.setenv("ALPR_SAMPLE_CASE", str(detective.console.folder / case.FILE))
    yield from _kernels(detective, tmp_path, monkeypatch)


@pytest.fixture
def environment(live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where a kernel finds the console, and folders of ours that it must not touch."""
    yield from _kernels(live, tmp_path, monkeypatch)


def _kernels(live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
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
