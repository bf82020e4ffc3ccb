"""Files at rest are unreadable without their day's key, and are there whole or not at all."""

from __future__ import annotations

import os
import shutil
from datetime import date
from pathlib import Path

import pytest

from alpr_assets.errors import VerificationError
from alpr_assets.store.day_keys import DayKeys
from alpr_assets.store.masters import Masters
from alpr_assets.store.sealed import SealedFolder, write_durably

DAY = date(2026, 6, 15)
CONTENT = b"\xff\xd8 a picture of 7ABC123 " * 100


def folder(tmp_path: Path) -> SealedFolder:
    return SealedFolder(tmp_path / "images", keys_in(tmp_path / "keys"))


def keys_in(folder: Path) -> DayKeys:
    return DayKeys(folder / "day_keys.sqlite", Masters(folder / "master.key"))


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
    keys = keys_in(tmp_path)
    assert keys.key(DAY) != keys.key(date(2026, 6, 16))
    assert keys_in(tmp_path).key(DAY) == keys.key(DAY)


def test_a_changed_key_opens_what_was_kept_and_nothing_of_before(tmp_path: Path) -> None:
    sealed = folder(tmp_path)
    kept, gone = sealed.seal(DAY, CONTENT), sealed.seal(DAY, b"another")
    before = {one: sealed.path(DAY, one).read_bytes() for one in (kept, gone)}
    other = folder(tmp_path)  # as another process has it
    assert other.open(DAY, kept) == CONTENT
    sealed.path(DAY, gone).unlink()
    assert sealed.change_key(DAY) == 1
    assert sealed.open(DAY, kept) == other.open(DAY, kept) == CONTENT
    for one, content in before.items():
        sealed.path(DAY, one).write_bytes(content)
        with pytest.raises(VerificationError, match="another"):
            sealed.open(DAY, one)
    assert sealed.open(DAY, sealed.seal(DAY, b"new")) == b"new"


def test_a_change_that_was_killed_goes_on_and_both_keys_open_until_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = folder(tmp_path)
    names = [sealed.seal(DAY, content) for content in (CONTENT, b"another", b"third")]
    real, calls = sealed.open, []

    def killed(day: date, sha256: str) -> bytes:
        calls.append(sha256)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(day, sha256)

    with monkeypatch.context() as broken:
        broken.setattr(sealed, "open", killed)
        with pytest.raises(KeyboardInterrupt):
            sealed.change_key(DAY)
    assert [len(folder(tmp_path).open(DAY, one)) for one in names] == [len(CONTENT), 7, 5]
    assert folder(tmp_path).change_key(DAY) == 3
    assert [len(folder(tmp_path).open(DAY, one)) for one in names] == [len(CONTENT), 7, 5]


def test_what_a_killed_process_left_half_written_goes_with_the_change(tmp_path: Path) -> None:
    sealed = folder(tmp_path)
    kept = sealed.path(DAY, sealed.seal(DAY, CONTENT))
    kept.with_name(f".{kept.name}.0a1b2c3d.part").write_bytes(b"half")
    lonely = sealed.path(DAY, "ff" + "0" * 62)
    lonely.parent.mkdir()
    lonely.with_name(f".{lonely.name}.0a1b2c3d.part").write_bytes(b"half")
    assert sealed.change_key(DAY) == 1
    assert [path for path in sealed.folder.rglob("*") if path.is_file()] == [kept]


def test_who_seals_while_the_key_changes_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process still knows the key before when its file appears, as the last of those that were there is sealed anew."""
    sealed, other = folder(tmp_path), folder(tmp_path)
    first, late = sealed.seal(DAY, CONTENT), []
    assert other.open(DAY, first) == CONTENT
    real = sealed.open

    def meanwhile(day: date, sha256: str) -> bytes:
        late.extend([] if late else [other.seal(DAY, b"late")])
        return real(day, sha256)

    monkeypatch.setattr(sealed, "open", meanwhile)
    assert sealed.change_key(DAY) == 2
    assert folder(tmp_path).open(DAY, late[0]) == b"late"


def test_who_writes_a_file_alone_clears_up_after_a_killed_writer(tmp_path: Path) -> None:
    (tmp_path / ".master.key.0a1b2c3d.part").write_bytes(b"half")
    others = {".master.key.copy", ".master.key.20261130", "master.key.0a1b2c3d.part", ".other.key.0a1b2c3d.part"}
    for name in others:
        (tmp_path / name).write_bytes(b"somebody's")
    write_durably(tmp_path / "master.key", b"{}")
    assert len(list(tmp_path.iterdir())) == 6
    write_durably(tmp_path / "master.key", b"{}", alone=True)
    assert {path.name for path in tmp_path.iterdir()} == {"master.key", *others}


def test_a_file_is_written_again_when_its_draft_or_folder_is_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, synced = tmp_path / "day" / "file", []
    real = os.fsync

    def cleared(descriptor: int) -> None:
        real(descriptor)
        if not synced and target.parent.exists() and list(target.parent.iterdir()):
            synced.append(descriptor)
            shutil.rmtree(target.parent)

    monkeypatch.setattr(os, "fsync", cleared)
    write_durably(target, CONTENT)
    assert synced
    assert [path.name for path in target.parent.iterdir()] == ["file"]
    assert target.read_bytes() == CONTENT


def test_a_day_of_which_nothing_is_left_has_no_key(tmp_path: Path) -> None:
    sealed = folder(tmp_path)
    path = sealed.path(DAY, sealed.seal(DAY, CONTENT))
    before = path.read_bytes()
    path.unlink()
    assert sealed.change_key(DAY) == 0
    path.write_bytes(before)
    with pytest.raises(VerificationError, match="no key"):
        sealed.open(DAY, path.name)


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
