"""Signed heads: the key, signing, and one key following another.

The key is made with a record's first entry and never again: a record whose key is gone is not gone on with, and a key
whose record is gone begins no other, for either would hide what went before. A new key is written beside the old one,
takes its place once the entry about it is on the disk, and was signed for by the old one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from alpr_assets.access.record.entries import Head, RecordUnavailableError
from alpr_assets.access.record.leaves import instant
from alpr_assets.access.record.verifying import Claim, head_text, key_change_text, key_id
from alpr_assets.store.sealed import write_durably

FILE: Final = "record_signing.pem"
COMING: Final = "record_signing.new.pem"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 key. `public`: 32 bytes; `id`: how heads name it."""

    private: Ed25519PrivateKey
    public: bytes
    id: str

    @classmethod
    def of(cls, private: Ed25519PrivateKey) -> SigningKey:
        public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return cls(private, public, key_id(public))

    def head(self, log_id: str, size: int, root: bytes, at: datetime) -> Head:
        """Sign what the record is now."""
        signature = self.private.sign(head_text(log_id, size, root, instant(at), self.id))
        return Head(log_id, size, root, at, self.id, signature)

    def follow(self, new: SigningKey, log_id: str, position: int) -> bytes:
        """Sign for the key that comes after this one from the entry at `position` on."""
        return self.private.sign(key_change_text(log_id, position, new.public))


def begin_key(folder: Path) -> SigningKey:
    """A new key for a record that begins, not yet in force.

    Raises RecordUnavailableError when there is a key already: its record is missing.
    """
    if (folder / FILE).exists():
        raise RecordUnavailableError(
            f"the access record is empty, but its signing key {FILE} is there: a record was removed",
            remedy=f"restore the record from its backup; to begin another one, move {folder / FILE} away and tell the witnesses",
        )
    return coming_key(folder)


def coming_key(folder: Path) -> SigningKey:
    """Make a key that is to follow, on the disk before it signs anything."""
    private = Ed25519PrivateKey.generate()
    write_durably(folder / COMING, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return SigningKey.of(private)


def settle(folder: Path) -> None:
    """Put the coming key in force: its entry is on the disk."""
    (folder / COMING).replace(folder / FILE)


def key_in_force(folder: Path, signer: str) -> SigningKey:
    """The key that signed the newest head; finishes a change that a crash cut short.

    Raises RecordUnavailableError when it is not there: another one would be a replaced key.
    """
    for name in (FILE, COMING):
        try:
            private = load_pem_private_key((folder / name).read_bytes(), password=None)
        except (FileNotFoundError, ValueError):
            continue
        if isinstance(private, Ed25519PrivateKey) and (key := SigningKey.of(private)).id == signer:
            if name == COMING:
                settle(folder)
            return key
    raise RecordUnavailableError(
        f"the key {signer} that signs the access record is not in {folder / FILE}",
        remedy=f"restore {FILE} from the backup of the keys",
    )


def head_json(head: Head, public_key: bytes) -> dict[str, Any]:
    """A head as whoever keeps it reads it."""
    return {
        "format": "alpr access record head 1",
        "log_id": head.log_id,
        "size": head.size,
        "root": head.root.hex(),
        "at": instant(head.at),
        "key_id": head.key_id,
        "signature": head.signature.hex(),
        "public_key": public_key.hex(),
    }


def claim(head: Head, public_key: bytes = b"", name: str = "") -> Claim:
    """A head as the verification takes it."""
    return Claim(
        head.log_id,
        head.size,
        head.root,
        instant(head.at),
        head.key_id,
        head.signature,
        public_key=public_key,
        name=name,
    )
