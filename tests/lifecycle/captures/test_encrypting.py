"""422.6(a): what a mobile workstation does to its drops; killed at any moment it loses no picture, and can be done again."""

from __future__ import annotations

import multiprocessing
import random
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alpr_assets.errors import AlprError
from alpr_assets.lifecycle.captures.ciphers import AGE, DropKeys, encrypt, encrypt_file
from alpr_assets.lifecycle.captures.encrypting import encrypt_drop
from alpr_assets.lifecycle.captures.landing import land_drop
from alpr_assets.lifecycle.captures.manifests import CAPTURES, MANIFEST, RECEIPT, write_drop
from alpr_assets.policy import Policy
from alpr_assets.store.engine import Store
from tests.builders import drop, jpeg, line

AT = datetime(2026, 6, 15, 4, 0, tzinfo=UTC)


def shift(folder: Path, n: int) -> dict[str, bytes]:
    pictures = {f"{i:04}.jpg": jpeg(i) for i in range(n)}
    drop(folder, pictures, [line(name, AT + timedelta(seconds=i)) for i, name in enumerate(pictures)])
    return {**pictures, CAPTURES: (folder / CAPTURES).read_bytes()}


def in_clear(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file() and path.suffix != AGE}


@pytest.fixture
def keys(tmp_path: Path) -> DropKeys:
    return DropKeys(tmp_path / "keys")


@pytest.mark.clause("422.6(a)")
def test_a_folder_is_encrypted_where_it_lies_but_for_its_manifest_and_receipt(tmp_path: Path, keys: DropKeys) -> None:
    folder = tmp_path / "drop"
    files = shift(folder, 3)
    (folder / RECEIPT).write_text("{}")
    (folder / "deeper").mkdir()
    (folder / "deeper" / "a.png").write_bytes(b"picture")
    told: list[tuple[int, int]] = []
    assert encrypt_drop(folder, keys.recipient(), progress=lambda *now: told.append(now)) == 5
    assert told == [(i, 5) for i in range(1, 6)]
    assert in_clear(folder) == {MANIFEST, RECEIPT}
    assert {name: keys.open((folder / f"{name}{AGE}").read_bytes()) for name in files} == files
    assert keys.open((folder / "deeper" / "a.png.age").read_bytes()) == b"picture"


def test_an_encrypted_folder_stays_as_it_is(tmp_path: Path, keys: DropKeys) -> None:
    shift(tmp_path / "drop", 2)
    encrypt_drop(tmp_path / "drop", keys.recipient())
    before = {path: path.read_bytes() for path in (tmp_path / "drop").iterdir()}
    assert encrypt_drop(tmp_path / "drop", keys.recipient()) == 0
    assert {path: path.read_bytes() for path in (tmp_path / "drop").iterdir()} == before


def test_what_is_there_in_clear_is_the_newest(tmp_path: Path, keys: DropKeys) -> None:
    """A growing drop writes its list anew over an encrypted older one."""
    folder = tmp_path / "drop"
    folder.mkdir()
    (folder / f"{CAPTURES}{AGE}").write_bytes(encrypt(b"old", keys.recipient()))
    (folder / CAPTURES).write_bytes(b"new")
    (folder / f".0001.jpg{AGE}.0123abcd").write_bytes(b"half")
    assert encrypt_drop(folder, keys.recipient()) == 1
    assert [path.name for path in folder.iterdir()] == [f"{CAPTURES}{AGE}"]
    assert keys.open((folder / f"{CAPTURES}{AGE}").read_bytes()) == b"new"


def test_a_link_is_left_alone(tmp_path: Path, keys: DropKeys) -> None:
    (tmp_path / "elsewhere").write_bytes(b"of somebody else")
    shift(tmp_path / "drop", 1)
    (tmp_path / "drop" / "a.jpg").symlink_to(tmp_path / "elsewhere")
    assert encrypt_drop(tmp_path / "drop", keys.recipient()) == 2
    assert (tmp_path / "drop" / "a.jpg").is_symlink()
    assert (tmp_path / "elsewhere").read_bytes() == b"of somebody else"


def test_a_folder_that_is_no_drop_is_left_alone(tmp_path: Path, keys: DropKeys) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("Dear …")
    with pytest.raises(AlprError, match="is no drop"):
        encrypt_drop(tmp_path / "home", keys.recipient())
    assert in_clear(tmp_path / "home") == {"letter.txt"}


def test_a_wrong_key_touches_nothing(tmp_path: Path) -> None:
    shift(tmp_path / "drop", 2)
    before = in_clear(tmp_path / "drop")
    with pytest.raises(AlprError, match="not the public key"):
        encrypt_drop(tmp_path / "drop", "age1wrong")
    assert in_clear(tmp_path / "drop") == before


@pytest.mark.clause("422.6(a)")
def test_a_growing_drop_is_closed_again_over_what_is_encrypted_already(
    sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    """A unit cannot open what it encrypted: it remembers the hashes."""
    recipient, folder = DropKeys.of(sqlite_store).recipient(), tmp_path / "drop"
    lines = [line("a.jpg", AT)]
    drop(folder, {"a.jpg": jpeg(1)}, lines, recipient=recipient)
    first = land_drop(sqlite_store, folder, policy=policy, now=now)
    lines = [{**lines[0], "sha256": first.files["a.jpg"][1]}, line("b.jpg", AT + timedelta(seconds=1))]
    (folder / "a.jpg").write_bytes(jpeg(1))
    encrypt_file(folder / "a.jpg", recipient)
    (folder / "b.jpg").write_bytes(jpeg(2))
    write_drop(folder, unit="unit-12", shift="night", captures=lines, recipient=recipient)
    assert in_clear(folder) == {MANIFEST, RECEIPT}
    second = land_drop(sqlite_store, folder, policy=policy, now=now)
    assert (second.n_landed, second.n_duplicate, second.n_missing) == (1, 1, 0)


def test_a_picture_that_is_not_there_in_clear_and_has_no_hash_is_no_capture(tmp_path: Path, keys: DropKeys) -> None:
    (tmp_path / "a.jpg.age").write_bytes(encrypt(jpeg(1), keys.recipient()))
    with pytest.raises(FileNotFoundError):
        write_drop(tmp_path, unit="u", shift="s", captures=[{"file": "a.jpg"}], recipient=keys.recipient())


FORK = multiprocessing.get_context("fork")


@pytest.mark.clause("422.6(a)")
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_at_any_moment_it_ends_the_same_when_done_again(tmp_path: Path, keys: DropKeys, seed: int) -> None:
    """SIGKILL: every picture is there in clear, or encrypted and whole, or both."""
    recipient, share = keys.recipient(), random.Random(seed).random()
    files = shift(tmp_path / "drop", 60)
    shutil.copytree(tmp_path / "drop", tmp_path / "rehearsal")
    began = time.monotonic()
    encrypt_drop(tmp_path / "rehearsal", recipient)
    seconds = time.monotonic() - began
    folder = tmp_path / "killed"
    while True:
        shutil.copytree(tmp_path / "drop", folder)
        child = FORK.Process(target=encrypt_drop, args=(folder, recipient))
        child.start()
        time.sleep(share * seconds)
        child.kill()
        child.join()
        if child.exitcode != 0:
            break
        shutil.rmtree(folder)
        share *= 0.7
    for name, content in files.items():
        plain, sealed = folder / name, folder / f"{name}{AGE}"
        assert not plain.exists() or plain.read_bytes() == content
        assert not sealed.exists() or keys.open(sealed.read_bytes()) == content
        assert plain.exists() or sealed.exists()
    encrypt_drop(folder, recipient)
    assert in_clear(folder) == {MANIFEST}
    assert {name: keys.open((folder / f"{name}{AGE}").read_bytes()) for name in files} == files
