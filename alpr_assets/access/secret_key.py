"""The key that seals the members' second factors, in a file of its own beside the image keys and outside data backups.

AES-256-GCM (NIST SP 800-38D), random 96-bit nonce before the ciphertext. What a sealed value belongs to is authenticated with
it: one member's secret cannot be put in another's row.
"""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from alpr_assets.errors import VerificationError
from alpr_assets.store.sealed import NONCE_BYTES, write_once

KEY_BYTES = 32


class SecretKey:
    """A 256-bit key, made when it is first used. Safe for several processes and threads."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def seal(self, content: bytes, *, belongs_to: str) -> bytes:
        """Nonce and ciphertext."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + AESGCM(self._key(make=True)).encrypt(nonce, content, belongs_to.encode())

    def open(self, sealed: bytes, *, belongs_to: str) -> bytes:
        """The content. Raises VerificationError when it is not what was sealed, belongs elsewhere, or the key is another."""
        try:
            return AESGCM(self._key(make=False)).decrypt(
                sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], belongs_to.encode()
            )
        except (InvalidTag, ValueError) as error:
            raise VerificationError(
                f"the secret of {belongs_to} was altered or its key is another", remedy=f"restore {self.path}"
            ) from error

    def digest(self, content: bytes) -> str:
        """HMAC-SHA256 in hexadecimal digits, under a key of its own derived from this one: tells equals, and nothing else."""
        derived = hmac.digest(self._key(make=True), b"digest", "sha256")
        return hmac.digest(derived, content, "sha256").hex()

    def _key(self, *, make: bool) -> bytes:
        if not self.path.exists():
            if not make:
                raise VerificationError(f"the key file {self.path} is missing", remedy="restore it from its own backup")
            write_once(self.path, secrets.token_bytes(KEY_BYTES))
        key = self.path.read_bytes()
        if len(key) != KEY_BYTES:
            raise VerificationError(f"the key file {self.path} is not one", remedy="restore it from its own backup")
        return key
