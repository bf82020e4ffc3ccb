"""Manifests: the exact captures of a day, and items of another class, that a purge may destroy, as numbers, with a keyed digest.

No plate, no hash of a picture.

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
        content = _packed([number - first for number in ids])
        return cls(day, len(ids), content, key.digest(_named(day.isoformat(), content)))

    def require(self, key: SecretKey) -> None:
        """Raise VerificationError when it is not what was planned."""
        _require_planned(self.day.isoformat(), self.content, self.digest, key)

    def captures(self, key: SecretKey) -> set[int]:
        """The ids. Raises VerificationError when it is not what was planned."""
        self.require(key)
        return {number + schema.numbered(self.day, 0) for number in _unpacked(self.content)}


@dataclass(frozen=True, slots=True)
class Lot:
    """Items of one class of the schedule that is not kept by the day. content: as a Manifest's, of their ids; digest: keyed."""

    kind: str
    n: int
    content: bytes
    digest: str

    @classmethod
    def of(cls, kind: str, items: Iterable[int], key: SecretKey) -> Lot:
        content = _packed(ids := sorted(items))
        return cls(kind, len(ids), content, key.digest(_named(kind, content)))

    def require(self, key: SecretKey) -> None:
        """Raise VerificationError when it is not what was planned."""
        _require_planned(self.kind, self.content, self.digest, key)

    def items(self, key: SecretKey) -> set[int]:
        """The ids. Raises VerificationError when it is not what was planned."""
        self.require(key)
        return set(_unpacked(self.content))


def digest_of(manifests: Iterable[Manifest], lots: Iterable[Lot], key: SecretKey) -> str:
    """Over all days and lots of a plan, in their order."""
    named = [*((one.day.isoformat(), one.digest) for one in manifests), *((one.kind, one.digest) for one in lots)]
    return key.digest(json.dumps(named).encode())


def _packed(numbers: list[int]) -> bytes:
    """Of sorted numbers of 32 bits."""
    return zlib.compress(np.diff(np.array(numbers, np.uint32), prepend=np.uint32(0)).astype("<u4").tobytes(), level=6)


def _unpacked(content: bytes) -> list[int]:
    numbers: list[int] = np.cumsum(np.frombuffer(zlib.decompress(content), "<u4").astype(np.int64)).tolist()
    return numbers


def _require_planned(name: str, content: bytes, digest: str, key: SecretKey) -> None:
    if key.digest(_named(name, content)) != digest:
        raise VerificationError(
            f"the manifest of {name} is not the one that was planned",
            remedy="cancel the plan, and look at the database's backups",
        )


def _named(name: str, content: bytes) -> bytes:
    return name.encode() + b" " + content
