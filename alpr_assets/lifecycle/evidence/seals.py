"""The seal of a bag: the hashes of its tag manifests and its time stamp, signed with the department's key for evidence.

Here: the key and the seal. Not here: checking one (`verifying`). The key is Ed25519 (RFC 8032), in a file of its own beside the others
and outside data backups, made when it is first used; its public half is in every bag, its id in the access record.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from alpr_assets.errors import VerificationError
from alpr_assets.lifecycle.evidence.verifying import SEAL, SIGNATURE
from alpr_assets.settings import Settings
from alpr_assets.store.sealed import sha256_hex, write_once

FILE: Final = "evidence_signing.pem"


def line(name: str, content: bytes) -> str:
    """What a seal says of a file, as sha256sum does."""
    return f"{sha256_hex(content)}  {name}\n"


class Sealer:
    """The department's key for evidence."""

    def __init__(self, folder: Path) -> None:
        """`folder` : of the keys."""
        self.path = folder / FILE

    @classmethod
    def of(cls, configured: Settings) -> Sealer:
        """The key of the settings."""
        return cls(configured.path("keys"))

    def seal(self, lines: str) -> dict[str, bytes]:
        """seal.txt and its signature. Raises VerificationError: the key file is none.

        Parameters
        ----------
        lines : of what it seals, see `line`
        """
        return {SEAL: lines.encode(), SIGNATURE: self._key().sign(lines.encode())}

    def public(self) -> bytes:
        """The public half, PEM. Raises as `seal`."""
        return self._key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def key_id(self) -> str:
        """SHA-256 of the public key's 32 bytes. Raises as `seal`."""
        return hashlib.sha256(self._key().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()

    def _key(self) -> Ed25519PrivateKey:
        if not self.path.exists():
            private = Ed25519PrivateKey.generate()
            write_once(self.path, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        try:
            key = load_pem_private_key(self.path.read_bytes(), password=None)
        except ValueError:
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            raise VerificationError(f"the key file {self.path} is not one", remedy="restore it from its own backup")
        return key
