"""The elements of a query, sealed: readable for as long as their month's key is there.

An entry holds a commitment to its elements (SHA-256 over a random salt and their canonical JSON) and the hash of their
ciphertext, so that destroying a month's key (Gov. Code 34090(d)) leaves everything verifiable. The salt is inside the
ciphertext: without the key nobody can try plates against the commitment.
Cipher: AES-256-GCM, random nonce first, the month authenticated with it; one key per UTC month.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from alpr_assets.errors import VerificationError
from alpr_assets.store import keyfile
from alpr_assets.store.sealed import NONCE_BYTES

SALT_BYTES = 16
_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


class Sealed(NamedTuple):
    """Sealed elements. `commitment` and `sha256` (of `blob`) in hex, as the leaf holds them."""

    month: str
    blob: bytes
    commitment: str
    sha256: str


def canonical(value: Any) -> str:
    """JSON in one form only: sorted keys, no spaces. Raises TypeError or ValueError for what JSON cannot hold."""
    text = _ENCODER.encode(value)
    text.encode("utf-8")  # a lone surrogate is no text
    return text


def commitment_to(text: str, salt: bytes) -> str:
    """The commitment to canonical elements."""
    return hashlib.sha256(salt + text.encode("utf-8")).hexdigest()


def seal(elements: Mapping[str, Any], month: str, cipher: AESGCM) -> Sealed:
    """Encrypt and commit to one query's elements, with the month's cipher."""
    drawn = secrets.token_bytes(SALT_BYTES + NONCE_BYTES)
    salt, nonce = drawn[:SALT_BYTES], drawn[SALT_BYTES:]
    text = canonical(elements)
    plain = f'{{"elements":{text},"salt":"{salt.hex()}"}}'.encode()
    blob = nonce + cipher.encrypt(nonce, plain, month.encode())
    return Sealed(month, blob, commitment_to(text, salt), hashlib.sha256(blob).hexdigest())


def unseal(blob: bytes, month: str, key: bytes, commitment: str) -> dict[str, Any]:
    """The elements, checked against the commitment. Raises VerificationError when they are not what was recorded."""
    try:
        plain = json.loads(AESGCM(key).decrypt(blob[:NONCE_BYTES], blob[NONCE_BYTES:], month.encode()))
        elements: dict[str, Any] = plain["elements"]
        is_same = hmac.compare_digest(commitment_to(canonical(elements), bytes.fromhex(plain["salt"])), commitment)
    except (InvalidTag, ValueError, KeyError, TypeError):
        is_same, elements = False, {}
    if not is_same:
        raise VerificationError(
            f"sealed elements of {month} are not what the record commits to", remedy="run `alpr record verify`"
        )
    return elements


_TABLE = "CREATE TABLE IF NOT EXISTS month_key (month TEXT PRIMARY KEY, key BLOB NOT NULL)"


class MonthKeys:
    """The key file: one 256-bit key per UTC month. Safe for several processes and threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._newest: tuple[str, bytes, AESGCM] | None = None
        self._lock = Lock()

    def key(self, month: str) -> bytes:
        """The month's key; made, and on the disk, before it is first used. Only the newest is remembered: others may be destroyed."""
        return self._known(month)[1]

    def cipher(self, month: str) -> AESGCM:
        """What seals with the month's key; see `key`."""
        return self._known(month)[2]

    def _known(self, month: str) -> tuple[str, bytes, AESGCM]:
        with self._lock:
            if self._newest is None or self._newest[0] != month:
                with keyfile.writing(self.path, _TABLE) as connection:
                    connection.execute(
                        "INSERT INTO month_key VALUES (?, ?) ON CONFLICT DO NOTHING", (month, secrets.token_bytes(32))
                    )
                    row = connection.execute("SELECT key FROM month_key WHERE month = ?", (month,)).fetchone()
                self._newest = (month, row[0], AESGCM(row[0]))
            return self._newest

    def existing(self, month: str) -> bytes:
        """The month's key, never making one. Raises VerificationError when there is none: its elements cannot be opened."""
        with keyfile.reading(self.path, _TABLE) as connection:
            row = connection.execute("SELECT key FROM month_key WHERE month = ?", (month,)).fetchone()
        if row is None:
            raise VerificationError(
                f"no key for the query elements of {month}",
                remedy=f"they expired; or restore {self.path.name} from its own backup",
            )
        key: bytes = row[0]
        return key

    def months(self) -> list[str]:
        """Months that can be opened."""
        with keyfile.reading(self.path, _TABLE) as connection:
            return [month for (month,) in connection.execute("SELECT month FROM month_key ORDER BY month")]

    def destroy(self, month: str) -> None:
        """Destroy a month's key, its traces in the database's pages and in the journal included (NIST SP 800-88r2)."""
        with self._lock:
            self._newest = None
            with keyfile.writing(self.path, _TABLE) as connection:
                connection.execute("DELETE FROM month_key WHERE month = ?", (month,))
