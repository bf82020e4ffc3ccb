"""Files at rest are unreadable without their day's key, and are there whole or not at all."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from alpr_assets.errors import VerificationError
from alpr_assets.store.sealed import DayKeys, SealedFolder

DAY = date(2026, 6, 15)
CONTENT = b"\xff\xd8 a picture of 7ABC123 " * 100


def folder(tmp_path: Path) -> SealedFolder:
    return SealedFolder(tmp_path / "images", DayKeys(tmp_path / "keys" / "day_keys.sqlite"))


def test_what_was_sealed_opens_and_is_nowhere_in_the_clear(tmp_path: Path) -> None:
    sealed = folder(tmp_path)
    sha256 = sealed.seal(DAY, CONTENT)
    assert sealed.open(DAY, sha256) == CONTENT
    assert b"7ABC123" not in sealed.path(DAY, sha256).read_bytes()


def test_sealing_again_writes_nothing(tmp_path: Path) -> None:
    sealed = folder(tmp_path)
    sha256 = sealed.seal(DAY, CONTENT)
    before = sealed.path(DAY, sha256).read_bytes()
    assert sealed.seal(DAY, CONTENT) == sha256
    assert sealed.path(DAY, sha256).read_bytes() == before


def test_one_changed_byte_is_found(tmp_path: Path) -> None:
    sealed = folder(tmp_path)
    path = sealed.path(DAY, sealed.seal(DAY, CONTENT))
    raw = bytearray(path.read_bytes())
    raw[20] ^= 1
    path.write_bytes(raw)
    with pytest.raises(VerificationError, match="altered"):
        sealed.open(DAY, path.name)


def test_a_sealed_file_cannot_stand_in_for_another(tmp_path: Path) -> None:
    sealed = folder(tmp_path)
    first, second = sealed.seal(DAY, CONTENT), sealed.seal(DAY, b"another")
    sealed.path(DAY, second).replace(sealed.path(DAY, first))
    with pytest.raises(VerificationError):
        sealed.open(DAY, first)


def test_without_its_key_a_day_cannot_be_opened(tmp_path: Path) -> None:
    sha256 = folder(tmp_path).seal(DAY, CONTENT)
    (tmp_path / "keys" / "day_keys.sqlite").unlink()
    with pytest.raises(VerificationError, match="no key"):
        folder(tmp_path).open(DAY, sha256)


def test_each_day_has_a_key_of_its_own_and_keeps_it(tmp_path: Path) -> None:
    keys = DayKeys(tmp_path / "k" / "day_keys.sqlite")
    assert keys.key(DAY) != keys.key(date(2026, 6, 16))
    assert DayKeys(keys.path).key(DAY) == keys.key(DAY)


def test_keys_and_sealed_files_are_the_owner_s_only(tmp_path: Path) -> None:
    sealed = folder(tmp_path)
    path = sealed.path(DAY, sealed.seal(DAY, CONTENT))
    assert path.stat().st_mode & 0o077 == 0
    assert sealed.keys.path.stat().st_mode & 0o077 == 0


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    sealed = folder(tmp_path)
    path = sealed.path(DAY, sealed.seal(DAY, CONTENT))
    path.unlink()
    with pytest.raises(VerificationError, match="missing"):
        sealed.open(DAY, path.name)
