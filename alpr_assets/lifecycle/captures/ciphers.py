"""Encryption of drops in the age format, and the department's key that opens them (422.6(a)).

Here: the key file, encrypting to its public half, opening. Not here: where encrypted files lie in a drop (copies.py).
Format: age-encryption.org/v1 with X25519 keys, binary or armoured: what `age`, `rage` and age's libraries write. A unit holds the
public half only, so that what it has encrypted it cannot open: neither can who takes its workstation.
"""

from __future__ import annotations

import fcntl
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pyrage

from alpr_assets.errors import AlprError, MalformedError, VerificationError
from alpr_assets.store.engine import Store
from alpr_assets.store.sealed import file_sha256, write_durably

AGE: Final = ".age"
KEY_FILE: Final = "drops.age-identity"
UNDECRYPTABLE: Final = "undecryptable"
BEGINNINGS: Final = (b"age-encryption.org/", b"-----BEGIN AGE ENCRYPTED FILE-----")


class DropKeyError(VerificationError):
    """The department's key for drops is not there, or is none: what it would open waits."""


class DropKeys:
    """The key file, as `age-keygen` writes it: one key a line, the current one first, older ones below. Safe for several processes."""

    def __init__(self, folder: Path) -> None:
        """`folder` : of the keys, outside data backups."""
        self.path = folder / KEY_FILE

    @classmethod
    def of(cls, store: Store) -> DropKeys:
        """Beside the image keys of a store."""
        return cls(store.images.keys.path.parent)

    def recipient(self) -> str:
        """The current key's public half (`age1…`), which units encrypt to; a key is made, and on the disk, where there is none.

        Raises DropKeyError when the file is no key file.
        """
        with self._alone():
            if not self.path.exists():
                self._write([pyrage.x25519.Identity.generate()])
            return str(self._identities()[0].to_public())

    def rotate(self) -> str:
        """Make another key the current one and return its public half; drops to the older keys open still.

        Raises DropKeyError when the file is no key file.
        """
        with self._alone():
            older = self._identities() if self.path.exists() else []
            new = pyrage.x25519.Identity.generate()
            self._write([new, *older])
            return str(new.to_public())

    def state(self) -> str:
        """Changes whenever the key file does: what waits for a key may be tried again then."""
        try:
            return file_sha256(self.path)
        except OSError:
            return "no key"

    def require(self) -> None:
        """Raise DropKeyError when nothing could be opened."""
        self._identities()

    def open(self, ciphertext: bytes, *, max_bytes: int | None = None) -> bytes:
        """What was encrypted, in memory and nowhere else.

        max_bytes : of the plain content; what holds more is given up as soon as it does

        Raises MalformedError `undecryptable` when it is for another key or not whole, `too_large`; DropKeyError.
        """
        identities, plain = self._identities(), _Bounded(max_bytes)
        try:
            pyrage.decrypt_io(io.BytesIO(ciphertext), plain, identities)
        except (pyrage.DecryptError, OSError) as error:  # of the header; of the content after it
            raise _undecryptable(error) from error
        return plain.getvalue()

    def _identities(self) -> list[Any]:
        try:
            lines = [line.strip() for line in self.path.read_text("ascii").splitlines()]
            found = [pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
        except OSError as error:
            raise DropKeyError(
                f"encrypted drops wait: the key file {self.path} cannot be read ({os.strerror(error.errno or 0)})",
                remedy="restore it from its own backup, readable by this user; the drops then land by themselves",
            ) from error
        except (ValueError, pyrage.IdentityError):
            found = []
        if not found:  # not from the error above: what stands in the file is nobody's to see
            raise DropKeyError(
                f"encrypted drops wait: {self.path} is not a key file of age",
                remedy="restore it from its own backup; the drops then land by themselves",
            )
        return found

    def _write(self, identities: list[Any]) -> None:
        made = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        lines = [f"# public key: {identity.to_public()}\n{identity}\n" for identity in identities]
        said = f"# written: {made}; the first key is the current one\n{''.join(lines)}"
        write_durably(self.path, said.encode(), alone=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Two processes that make a key at once would print two, and keep one."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


class _Bounded(io.BytesIO):
    def __init__(self, max_bytes: int | None) -> None:
        super().__init__()
        self.max_bytes = max_bytes

    def write(self, chunk: Any) -> int:
        if self.max_bytes is not None and self.tell() + len(chunk) > self.max_bytes:
            raise MalformedError("too_large", "larger than the policy allows")
        return super().write(chunk)


def _undecryptable(error: Exception) -> MalformedError:
    if "No matching keys" in str(error):
        return MalformedError(
            UNDECRYPTABLE,
            "encrypted to another key than the department's",
            remedy="the unit encrypts to what `alpr drops recipient` prints, and sends again; where it is an old key that is "
            "lost from the key file, restore that and re-land",
        )
    return MalformedError(
        UNDECRYPTABLE, "encrypted, and damaged or cut short", remedy="the unit sends it again; or dismiss it"
    )


def is_encrypted(content: bytes) -> bool:
    """Whether these bytes begin as an age file does. No picture does."""
    return content.startswith(BEGINNINGS)


def encrypt(content: bytes, recipient: str) -> bytes:
    """Encrypt to a public key (`age1…`).

    Raises AlprError when it is none.
    """
    try:
        key = pyrage.x25519.Recipient.from_str(recipient.strip())
    except pyrage.RecipientError:  # not from it, and not quoted: a secret key is easily pasted in its place
        key = None
    if key is None:
        raise AlprError(
            "this is not the public key of an age key",
            remedy="give what `alpr drops recipient` prints: it begins with age1",
        )
    sealed: bytes = pyrage.encrypt(content, [key])
    return sealed


def encrypt_file(path: Path, recipient: str) -> Path:
    """Put `x.age` in the place of `x`, and return its path.

    Killed on the way, the file is there in clear, or encrypted and whole, or both; done again, it ends the same.
    """
    target = path.with_name(f"{path.name}{AGE}")
    write_durably(target, encrypt(path.read_bytes(), recipient))
    path.unlink()
    return target
