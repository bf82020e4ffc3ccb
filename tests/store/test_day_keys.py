"""Day keys are wrapped by a master key, and what is destroyed, replaced or taken over leaves no byte."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from alpr_assets.errors import ConfigurationError, NotFoundError, VerificationError
from alpr_assets.settings import Settings
from alpr_assets.store import keyfile
from alpr_assets.store.day_keys import CLEAR, DayKeys, rotate
from alpr_assets.store.engine import open_keys
from alpr_assets.store.masters import LocalKey, MasterKey, MasterKeyError, Masters
from alpr_assets.store.sealed import SealedFolder

DAY = date(2026, 6, 15)
DAYS = [DAY + timedelta(days=n) for n in range(60)]
OLD, NEW = "0a" * 32, "0b" * 32


def opened(tmp_path: Path, environment: str = "", services: tuple[MasterKey, ...] = ()) -> DayKeys:
    """As another process opens them."""
    masters = Masters(tmp_path / "master.key", environment=environment, services=services)
    return DayKeys(tmp_path / "image_keys.sqlite", masters)


def from_before(tmp_path: Path, name: str = "image_keys") -> dict[date, bytes]:
    """A key database as it was before keys were wrapped."""
    made = {day: os.urandom(32) for day in DAYS}
    with sqlite3.connect(tmp_path / f"{name}.sqlite") as connection:
        for table in ("day_key", "coming_key"):
            connection.execute(f"CREATE TABLE {table} (day TEXT PRIMARY KEY, key BLOB NOT NULL)")
        connection.executemany("INSERT INTO day_key VALUES (?, ?)", [(str(day), key) for day, key in made.items()])
    connection.close()
    return made


def bytes_in(folder: Path) -> bytes:
    """Every byte of the key database and whatever lies beside it."""
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()) if path.name != "master.key")


def wrapped(keys: DayKeys, day: date = DAY) -> bytes:
    with keyfile.reading(keys.path, "SELECT 1") as connection:
        row = connection.execute("SELECT wrapped FROM wrapped_key WHERE day = ?", (str(day),)).fetchone()
    return bytes(row[0])


def killed(act: Callable[[], object]) -> None:
    """Do something in a process that kills itself on the way."""
    if not (child := os.fork()):
        act()
        os._exit(1)  # it came to its end: no test of a kill
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


class Deadly:
    """A master key at whose n-th wrapping the process is killed."""

    where = "nowhere"

    def __init__(self, key: str, left: int) -> None:
        self._key, self._left = LocalKey(bytes.fromhex(key), self.where), left
        self.key_id = self._key.key_id
        self.unwrap = self._key.unwrap

    def wrap(self, key: bytes, *, context: bytes) -> bytes:
        self._left -= 1
        if self._left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return self._key.wrap(key, context=context)


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_key_lies_nowhere_in_clear_and_its_master_key_is_the_owner_s_only(tmp_path: Path) -> None:
    key = opened(tmp_path).key(DAY)
    assert key not in bytes_in(tmp_path)
    assert (tmp_path / "master.key").stat().st_mode & 0o077 == 0
    assert opened(tmp_path).key(DAY) == key


def test_a_key_from_before_is_taken_over_and_no_byte_of_it_is_left(tmp_path: Path) -> None:
    before = from_before(tmp_path)
    assert opened(tmp_path).n_by_master() == {CLEAR: len(DAYS)}
    keys = opened(tmp_path)
    assert {day: keys.existing(day) for day in DAYS} == {day: (key,) for day, key in before.items()}
    content = bytes_in(tmp_path)
    assert not [day for day, key in before.items() if key in content]
    assert keys.n_by_master() == {keys.masters.current().key_id: len(DAYS)}


def test_keys_from_before_may_be_rotated_at_once(tmp_path: Path) -> None:
    before, keys = from_before(tmp_path), opened(tmp_path)
    assert rotate([keys], keys.masters).n_wrapped == len(DAYS)
    assert {day: opened(tmp_path).key(day) for day in DAYS} == before


def test_a_change_under_way_is_taken_over_with_both_keys(tmp_path: Path) -> None:
    before = from_before(tmp_path)[DAY]
    with sqlite3.connect(tmp_path / "image_keys.sqlite") as connection:
        connection.execute("INSERT INTO coming_key VALUES (?, ?)", (str(DAY), b"c" * 32))
    connection.close()
    assert opened(tmp_path).existing(DAY) == (b"c" * 32, before)


@pytest.mark.parametrize("n", [0, 1, 30, 59])
def test_a_take_over_that_is_killed_goes_on_and_leaves_no_byte_in_clear(tmp_path: Path, n: int) -> None:
    before = from_before(tmp_path)
    killed(lambda: opened(tmp_path, services=(Deadly(OLD, n),)).key(DAY))
    keys = opened(tmp_path, OLD)
    assert {day: keys.key(day) for day in DAYS} == before
    content = bytes_in(tmp_path)
    assert not [day for day, key in before.items() if key in content]


def test_a_take_over_killed_before_its_journal_is_overwritten_is_ended_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = from_before(tmp_path)
    with monkeypatch.context() as broken:
        broken.setattr(keyfile, "_overwrite_journal", die)
        killed(lambda: opened(tmp_path, OLD).key(DAY))
    assert before[DAY] in bytes_in(tmp_path)  # else this test would show nothing
    keys = opened(tmp_path, OLD)
    assert keys.key(DAY) == before[DAY]
    content = bytes_in(tmp_path)
    assert not [day for day, key in before.items() if key in content]


@pytest.mark.clause("422.5")
def test_a_destroyed_key_leaves_no_byte_in_the_database_or_beside_it(tmp_path: Path) -> None:
    keys = opened(tmp_path)
    for day in DAYS:
        keys.key(day)
    gone, kept = wrapped(keys), wrapped(keys, DAYS[1])
    assert gone in bytes_in(tmp_path)
    keys.destroy(DAY)
    content = bytes_in(tmp_path)
    assert not [n for n in range(len(gone) - 8) if gone[n : n + 8] in content]
    assert kept in content
    with pytest.raises(VerificationError, match="no key"):
        keys.existing(DAY)


def test_a_destroyed_key_whose_process_was_killed_leaves_none_when_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = opened(tmp_path)
    keys.key(DAY)
    gone = wrapped(keys)
    with monkeypatch.context() as broken:
        broken.setattr(keyfile, "_overwrite_journal", die)
        killed(lambda: keys.destroy(DAY))
    assert gone in bytes_in(tmp_path)
    opened(tmp_path).destroy(DAY)
    assert gone not in bytes_in(tmp_path)


@pytest.mark.clause("422.5")
def test_what_is_held_opens_under_a_new_key_and_the_one_before_leaves_no_byte(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    keys = opened(tmp_path / "keys")
    sealed = SealedFolder(tmp_path / "images", keys)
    held = sealed.seal(DAY, b"held")
    before, key = wrapped(keys), keys.key(DAY)
    sealed.change_key(DAY)
    assert SealedFolder(tmp_path / "images", opened(tmp_path / "keys")).open(DAY, held) == b"held"
    assert keys.key(DAY) != key
    assert before not in bytes_in(tmp_path / "keys")


def test_a_wrapped_key_moved_to_another_day_or_database_opens_nothing(tmp_path: Path) -> None:
    keys, other = opened(tmp_path), DayKeys(tmp_path / "day_keys.sqlite", Masters(tmp_path / "master.key"))
    for one in (keys, other):
        one.key(DAY)
        one.key(DAYS[1])
    moved = wrapped(keys)
    for one, day in ((keys, DAYS[1]), (other, DAY)):
        with keyfile.writing(one.path, "SELECT 1") as connection:
            connection.execute("UPDATE wrapped_key SET wrapped = ? WHERE day = ?", (moved, str(day)))
        with pytest.raises(MasterKeyError, match="altered, or is another's"):
            one.existing(day, fresh=True)


@pytest.mark.parametrize("environment", ["", NEW])
def test_without_its_master_key_nothing_opens_and_no_other_is_made(tmp_path: Path, environment: str) -> None:
    opened(tmp_path).key(DAY)
    (tmp_path / "master.key").unlink()
    for day in (DAY, DAYS[1]):
        with pytest.raises(MasterKeyError, match="which is not here") as caught:
            opened(tmp_path, environment).key(day)
        assert "ALPR_MASTER_KEY_FILE" in caught.value.remedy
    beside = DayKeys(tmp_path / "day_keys.sqlite", opened(tmp_path).masters)
    with pytest.raises(MasterKeyError, match="there is no master key in"):
        beside.key(DAY)
    assert not (tmp_path / "master.key").exists()


@pytest.mark.parametrize("content", ["", "rubbish\n", "0a" * 31 + "\n", "é"])
def test_a_master_key_file_that_is_none_is_said_and_not_shown(tmp_path: Path, content: str) -> None:
    opened(tmp_path).key(DAY)
    (tmp_path / "master.key").write_text(content)
    with pytest.raises(MasterKeyError) as caught:
        opened(tmp_path).existing(DAY)
    assert caught.value.remedy
    assert not content.strip() or content.strip() not in caught.value.diagnostics()


def test_a_master_key_of_the_environment_makes_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALPR_MASTER_KEY", OLD)
    configured = Settings(keys=tmp_path)
    images, received = open_keys(configured)
    assert images.key(DAY) != received.key(DAY)
    assert not (tmp_path / "master.key").exists()
    assert OLD not in repr(configured)
    assert opened(tmp_path, OLD).key(DAY) == images.key(DAY)


def test_a_rotated_master_key_opens_all_and_the_one_before_nothing(tmp_path: Path) -> None:
    keys = opened(tmp_path)
    known = {day: keys.key(day) for day in DAYS}
    before, master = wrapped(keys), (tmp_path / "master.key").read_bytes()
    done = rotate([keys], keys.masters)
    assert (done.n_wrapped, done.needless) == (len(DAYS), ())
    assert opened(tmp_path).n_by_master() == {done.key_id: len(DAYS)}
    assert {day: opened(tmp_path).key(day) for day in DAYS} == known
    assert before not in bytes_in(tmp_path)
    assert master.strip() not in (tmp_path / "master.key").read_bytes()
    (tmp_path / "master.key").write_bytes(master)
    with pytest.raises(MasterKeyError, match="not here"):
        opened(tmp_path).key(DAY)


@pytest.mark.parametrize("where", ["add", "wrap_anew", "_overwrite_journal", "drop_older"])
def test_a_rotation_that_is_killed_goes_on_and_all_opens_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    keys = opened(tmp_path)
    known = {day: keys.key(day) for day in DAYS}
    before, real = keys.masters.current().key_id, Masters.add
    with monkeypatch.context() as broken:
        for owner in (DayKeys, keyfile, Masters):
            if hasattr(owner, where):
                broken.setattr(owner, where, die if where != "add" else lambda masters: die(real(masters)))
        killed(lambda: rotate([keys], keys.masters))
    assert {day: opened(tmp_path).key(day) for day in DAYS} == known
    coming = opened(tmp_path).masters.current().key_id
    again = opened(tmp_path)
    done = rotate([again], again.masters)
    assert done.key_id != before
    assert coming in {done.key_id, before}  # it goes on with the new one where there is one
    assert (tmp_path / "master.key").read_text().count("\n") == 1
    assert {day: opened(tmp_path).key(day) for day in DAYS} == known


@pytest.mark.parametrize("n", [0, 10, 55])
def test_a_rotation_to_another_place_that_is_killed_goes_on(tmp_path: Path, n: int) -> None:
    keys = opened(tmp_path)
    known = {day: keys.key(day) for day in DAYS}

    def die_on_the_way() -> None:
        moving = opened(tmp_path, services=(Deadly(NEW, n),))
        rotate([moving], moving.masters)

    killed(die_on_the_way)
    moving = opened(tmp_path, NEW)
    assert {day: moving.key(day) for day in DAYS} == known
    done = rotate([moving], moving.masters)
    assert [one.where for one in done.needless] == [str(tmp_path / "master.key")]
    (tmp_path / "master.key").unlink()
    assert {day: opened(tmp_path, NEW).key(day) for day in DAYS} == known


def test_a_rotation_needs_a_new_key_where_it_cannot_make_one(tmp_path: Path) -> None:
    keys = opened(tmp_path, OLD)
    with pytest.raises(NotFoundError):
        rotate([keys], keys.masters)
    key = keys.key(DAY)
    with pytest.raises(ConfigurationError, match="no new one is given"):
        rotate([keys], keys.masters)
    both = opened(tmp_path, f"{NEW},{OLD}")
    assert [one.where for one in rotate([both], both.masters).needless] == ["ALPR_MASTER_KEY"]
    assert opened(tmp_path, NEW).key(DAY) == key
