"""`alpr keys`: which master key is in force, and another one, as an operator types it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alpr_assets.access.record import reading
from alpr_assets.access.record.exporting import snapshot
from alpr_assets.access.record.places import place_of
from alpr_assets.cli import main
from alpr_assets.settings import settings
from alpr_assets.store.engine import open_keys

DAY = date(2026, 6, 15)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("DATA", "KEYS"):
        monkeypatch.setenv(f"ALPR_{name}", str(tmp_path / name.lower()))
    settings.cache_clear()
    return tmp_path / "keys"


def alpr(*arguments: str) -> Result:
    settings.cache_clear()
    return CliRunner().invoke(main, arguments)


def test_status_tells_how_many_keys_and_which_master_key_and_shows_neither(folder: Path) -> None:
    assert "no keys yet" in alpr("keys", "status").output
    images, _ = open_keys(settings())
    key = images.key(DAY)
    told = alpr("keys", "status")
    key_id = images.masters.current().key_id
    assert told.exit_code == 0
    assert f"image_keys.sqlite: 1 keys wrapped by master key {key_id}" in told.output
    assert f"master key {key_id} in {folder / 'master.key'}, in force" in told.output
    assert key.hex() not in told.output
    assert (folder / "master.key").read_text().strip() not in told.output


def test_status_says_which_master_key_is_missing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_keys(settings())[0].key(DAY)
    (folder / "master.key").unlink()
    monkeypatch.setenv("ALPR_MASTER_KEY", "0a" * 32)
    told = alpr("keys", "status")
    assert told.exit_code == 1
    assert "NOT HERE" in told.output


def test_a_rotated_master_key_is_told_and_recorded(folder: Path) -> None:
    images, received = open_keys(settings())
    known = images.key(DAY), received.key(DAY)
    before = images.masters.current().key_id
    told = alpr("keys", "rotate")
    assert told.exit_code == 0, told.output
    assert "2 keys wrapped anew" in told.output
    assert before not in told.output
    images, received = open_keys(settings())
    assert (images.key(DAY), received.key(DAY)) == known
    with snapshot(place_of(settings()).engine) as connection:
        (line,) = reading.entries(connection, action="master_key_changed")
    assert line.details == {"master_key": images.masters.current().key_id, "wrapped": 2}


def test_a_wrong_master_key_is_refused_with_its_remedy(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_keys(settings())[0].key(DAY)
    (folder / "master.key").unlink()
    monkeypatch.setenv("ALPR_MASTER_KEY", "0a" * 32)
    told = alpr("keys", "rotate")
    assert told.exit_code == 1
    assert "ALPR_MASTER_KEY_FILE" in told.output
