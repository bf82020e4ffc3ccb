"""Files at rest: encrypted with one key per UTC day, named by the hash of their content, written atomically.

AES-256-GCM (NIST SP 800-38D). The nonce is random (96 bits) and precedes the ciphertext; the file's name is authenticated with it,
so that one sealed file cannot be put in another's place. Destroying a day's key destroys the day (NIST SP 800-88r2, cryptographic erase):
see `day_keys`.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from contextlib import suppress
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from alpr_assets.errors import VerificationError

if TYPE_CHECKING:
    from alpr_assets.store.day_keys import DayKeys

NONCE_BYTES = 12
ATTEMPTS = 3


def sha256_hex(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, read once for as long as its name, inode, size and change time stay: sensors ask every few seconds."""
    stat = path.stat()
    return _file_sha256(path, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


@lru_cache(maxsize=100_000)
def _file_sha256(path: Path, *_state: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class SealedFolder:
    """Encrypted files under `folder/<day>/<first two>/<sha256>`; the hash is of the plain content."""

    def __init__(self, folder: Path, keys: DayKeys) -> None:
        self.folder = folder
        self.keys = keys

    def path(self, day: date, sha256: str) -> Path:
        return self.folder / day.isoformat() / sha256[:2] / sha256

    def seal(self, day: date, content: bytes) -> str:
        """Keep `content` under a UTC day and return its SHA-256; does nothing when it is kept already.

        When this returns, the bytes and the name are on the disk: a unit may delete its copy on our word.
        """
        sha256 = sha256_hex(content)
        target = self.path(day, sha256)
        if target.exists():
            return sha256
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = nonce + AESGCM(self.keys.key(day)).encrypt(nonce, content, sha256.encode())
        write_durably(target, sealed)
        return sha256

    def open(self, day: date, sha256: str) -> bytes:
        """The plain content. Raises VerificationError when it is not there, or not what was sealed."""
        path = self.path(day, sha256)
        try:
            sealed = path.read_bytes()
        except FileNotFoundError as error:
            raise VerificationError(
                f"sealed file {day}/{sha256} is missing", remedy="restore it from a backup"
            ) from error
        for fresh in (False, True):  # another process may have changed the key meanwhile
            for key in self.keys.existing(day, fresh=fresh):
                with suppress(InvalidTag, ValueError):
                    return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], sha256.encode())
        raise VerificationError(
            f"sealed file {day}/{sha256} was altered or its key is another", remedy="restore it from a backup"
        )

    def change_key(self, day: date) -> int:
        """Seal what is kept under a day with a new key, and destroy the one before; returns how many files. None is left: no key is.

        Killed in between and asked again, it goes on: until the end both keys open. Drafts that a killed writer left are removed, whose
        names say what they were of.

        Raises VerificationError : a file does not open; then the key before stays
        """
        for draft in (self.folder / day.isoformat()).glob("??/.*"):
            draft.unlink(missing_ok=True)
        if not self._names(day):
            self.keys.destroy(day)
            return 0
        key, done = self.keys.begin_change(day), set[str]()
        # Who did not know of the new key yet may have sealed one meanwhile.
        while coming := sorted(self._names(day) - done):
            for sha256 in coming:
                content, nonce = self.open(day, sha256), secrets.token_bytes(NONCE_BYTES)
                write_durably(self.path(day, sha256), nonce + AESGCM(key).encrypt(nonce, content, sha256.encode()))
            done.update(coming)
        self.keys.end_change(day)
        return len(done)

    def _names(self, day: date) -> set[str]:
        return {path.name for path in (self.folder / day.isoformat()).glob("??/*") if not path.name.startswith(".")}


def write_durably(target: Path, content: bytes, *, mode: int = 0o600, alone: bool = False) -> None:
    """Write a file so that after a crash it is there whole or not at all: temporary name, fsync, rename, fsync of the folder.

    Parameters
    ----------
    alone : nobody else writes this file meanwhile, so that what a killed writer left half written goes

    A purge that clears up after killed processes may take the temporary name or the empty folder away: then it is written again.
    """
    if alone and target.parent.is_dir():
        ours = re.compile(rf"\.{re.escape(target.name)}\.[0-9a-f]{{8}}\.part")  # and nobody's `.master.key.20261130`
        for draft in [path for path in target.parent.iterdir() if ours.fullmatch(path.name)]:
            draft.unlink(missing_ok=True)
    for _ in range(ATTEMPTS - 1):
        with suppress(FileNotFoundError):
            _write(target, content, mode)
            return
    _write(target, content, mode)


def _write(target: Path, content: bytes, mode: int) -> None:
    _make_folder(target.parent)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = error.filename or str(target)  # a full disk does not say whose
        raise
    sync_folder(target.parent)


def write_once(target: Path, content: bytes) -> None:
    """Write a file unless it is there. Several may at once: the link decides whose it is, and nobody sees half of one."""
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}.draft")
    write_durably(draft, content)
    with suppress(FileExistsError):
        os.link(draft, target)
    draft.unlink()
    sync_folder(target.parent)


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it; each new name is on the disk before this returns."""
    if folder.exists():
        return
    _make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """The names in a folder outlive a power cut: what was made, renamed or removed there."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
