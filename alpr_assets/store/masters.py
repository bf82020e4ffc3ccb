"""Master keys: what the day keys are wrapped by, from a file, the environment or a key service (KMS, HSM).

Here: who may wrap and unwrap, where each comes from, a new one in the file. Not here: the day keys (`day_keys`), services (`kms`).
Cipher of file and environment: AES-256-GCM, which NIST SP 800-38F approves for key wrapping, random 96-bit nonce first. What a key
belongs to is authenticated with it, so that one day's wrapped key cannot be put in another's place.
"""

from __future__ import annotations

import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from alpr_assets.errors import ConfigurationError
from alpr_assets.store.sealed import NONCE_BYTES, write_durably, write_once

KEY_BYTES: Final = 32
MASTER_FILE: Final = "master.key"
RESTORE: Final = (
    "bring the master key back, from its own backup, by ALPR_MASTER_KEY_FILE, ALPR_MASTER_KEY or ALPR_KMS_KEYS; "
    "another one opens nothing"
)


class MasterKeyError(ConfigurationError):
    """A master key is not there, is none, or is not the one that wrapped: what it would open waits."""


class MasterKey(Protocol):
    """One master key. A key service's class is made with the key's id there, and wraps 32 bytes."""

    @property
    def key_id(self) -> str:
        """Short and stable, kept beside what it wrapped; tells nothing of the key."""

    @property
    def where(self) -> str:
        """For people."""

    def wrap(self, key: bytes, *, context: bytes) -> bytes:
        """The key, encrypted, `context` authenticated with it. Raises MasterKeyError."""

    def unwrap(self, wrapped: bytes, *, context: bytes) -> bytes:
        """The key again. Raises MasterKeyError when it was altered, or wrapped by another key or under another context."""


@dataclass(frozen=True, slots=True)
class LocalKey:
    """A master key that this process holds."""

    key: bytes = field(repr=False)
    where: str

    @property
    def key_id(self) -> str:
        return hmac.digest(self.key, b"alpr master key id", "sha256").hex()[:16]

    def wrap(self, key: bytes, *, context: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + AESGCM(self.key).encrypt(nonce, key, context)

    def unwrap(self, wrapped: bytes, *, context: bytes) -> bytes:
        try:
            return AESGCM(self.key).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], context)
        except (InvalidTag, ValueError) as error:
            raise MasterKeyError(
                f"what master key {self.key_id} wrapped for {context.decode()} was altered, or is another's",
                remedy="restore the key database from its own backup",
            ) from error


class Masters:
    """The master keys that are here: the first wraps, each unwraps what it wrapped. The file is read anew at each use."""

    def __init__(self, file: Path, *, environment: str = "", services: tuple[MasterKey, ...] = ()) -> None:
        """
        Parameters
        ----------
        file : one key a line, 64 hex digits, the newest first
        environment : keys likewise, separated by commas; they come before the file's
        services : keys at a key service; they come before all others
        """
        self.file = file
        self._given: tuple[MasterKey, ...] = (*services, *_local(environment.split(","), "ALPR_MASTER_KEY"))

    def here(self) -> tuple[MasterKey, ...]:
        """All of them. Raises MasterKeyError when the file is none."""
        return self._given + self._in_file()

    def current(self, *, make: bool = False) -> MasterKey:
        """The one that wraps; made in the file where there is none and `make`. Raises MasterKeyError."""
        if make and not self.here():
            write_once(self.file, _lines([secrets.token_bytes(KEY_BYTES)]))
        here = self.here()
        if not here:
            raise MasterKeyError(f"there is no master key in {self.file}", remedy=RESTORE)
        return here[0]

    def named(self, key_id: str) -> MasterKey:
        """Raises MasterKeyError when it is not here."""
        here = self.here()
        for one in here:
            if one.key_id == key_id:
                return one
        said = ", ".join(f"{one.key_id} in {one.where}" for one in here) or f"none in {self.file}"
        raise MasterKeyError(f"day keys are wrapped by master key {key_id}, which is not here ({said})", remedy=RESTORE)

    def unwrap(self, key_id: str, wrapped: bytes, *, context: bytes) -> bytes:
        """Raises MasterKeyError."""
        key = self.named(key_id).unwrap(wrapped, context=context)
        if len(key) != KEY_BYTES:
            raise MasterKeyError(f"master key {key_id} unwrapped {len(key)} bytes, which is no key", remedy=RESTORE)
        return key

    def wrap(self, key: bytes, *, context: bytes, make: bool = False) -> tuple[str, bytes]:
        """The current master key's id and the wrapped key, which was unwrapped again: a service that cannot must not have the only copy.

        Raises MasterKeyError.
        """
        master = self.current(make=make)
        wrapped = master.wrap(key, context=context)
        if not hmac.compare_digest(self.unwrap(master.key_id, wrapped, context=context), key):
            raise MasterKeyError(
                f"master key {master.key_id} does not give back what it wrapped", remedy=f"look at {master.where}"
            )
        return master.key_id, wrapped

    def is_ours_to_replace(self) -> bool:
        """Whether the current one lies in the file."""
        return not self._given

    def older_in_file(self) -> tuple[MasterKey, ...]:
        """Those in the file that wrap no more."""
        return self._in_file()[1:] if self.is_ours_to_replace() else ()

    def add(self) -> None:
        """Put a new key before the others in the file. Call it alone, and where `is_ours_to_replace`."""
        write_durably(
            self.file, _lines([secrets.token_bytes(KEY_BYTES), *(one.key for one in self._in_file())]), alone=True
        )

    def drop_older(self) -> None:
        """Leave the current key only in the file, and overwrite the others. Call it alone."""
        with self.file.open("r+b") as before:
            write_durably(self.file, _lines([one.key for one in self._in_file()[:1]]), alone=True)
            before.write(bytes(os.fstat(before.fileno()).st_size))  # of the file that had this name
            before.flush()
            os.fsync(before.fileno())

    def _in_file(self) -> tuple[LocalKey, ...]:
        try:
            return _local(self.file.read_text("ascii").splitlines(), str(self.file))
        except FileNotFoundError:
            return ()
        except (OSError, ValueError) as error:
            raise MasterKeyError(f"the master key file {self.file} cannot be read", remedy=RESTORE) from error


def _local(lines: list[str], where: str) -> tuple[LocalKey, ...]:
    """Raises MasterKeyError, and says nothing of what stood there."""
    keys = []
    for line in filter(None, map(str.strip, lines)):
        try:
            key = bytes.fromhex(line)
        except ValueError:
            key = b""
        if len(key) != KEY_BYTES:
            raise MasterKeyError(
                f"{where} holds no master key",
                remedy=f"give {2 * KEY_BYTES} hex digits, as `openssl rand -hex {KEY_BYTES}` makes them",
            )
        keys.append(LocalKey(key, where))
    return tuple(keys)


def _lines(keys: list[bytes]) -> bytes:
    return b"".join(key.hex().encode() + b"\n" for key in keys)
