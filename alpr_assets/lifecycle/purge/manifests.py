"""Manifests: the exact captures of a day that a purge may destroy, as numbers, with a keyed digest. No plate, no hash of a picture.

Here: from numbers to bytes and back. Not here: choosing them (`planning`).
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np

from alpr_assets.access.secret_key import SecretKey
from alpr_assets.errors import VerificationError
from alpr_assets.store import schema


@dataclass(frozen=True, slots=True)
class Manifest:
    """A day's captures. content: differences of the sorted numbers, 32 bits each, little-endian, deflated; digest: keyed."""

    day: date
    n: int
    content: bytes
    digest: str

    @classmethod
    def of(cls, day: date, captures: Iterable[int], key: SecretKey) -> Manifest:
        """From ids of captures of that day. Raises ValueError for one of another day."""
        ids = sorted(captures)
        first = schema.numbered(day, 0)
        if ids and not (first < ids[0] and ids[-1] < first + (1 << schema.NUMBER_BITS)):
            raise ValueError("a capture of another day")
        numbers = np.array([number - first for number in ids], np.uint32)
        content = zlib.compress(np.diff(numbers, prepend=np.uint32(0)).astype("<u4").tobytes(), level=6)
        return cls(day, len(ids), content, key.digest(_named(day, content)))

    def captures(self, key: SecretKey) -> set[int]:
        """The ids. Raises VerificationError when it is not what was planned."""
        if key.digest(_named(self.day, self.content)) != self.digest:
            raise VerificationError(
                f"the manifest of {self.day} is not the one that was planned",
                remedy="cancel the plan, and look at the database's backups",
            )
        numbers = np.cumsum(np.frombuffer(zlib.decompress(self.content), "<u4").astype(np.int64))
        return set((numbers + schema.numbered(self.day, 0)).tolist())


def digest_of(manifests: Iterable[Manifest], key: SecretKey) -> str:
    """Over all days of a plan, in their order."""
    return key.digest(json.dumps([[one.day.isoformat(), one.digest] for one in manifests]).encode())


def _named(day: date, content: bytes) -> bytes:
    return day.isoformat().encode() + b" " + content
