"""What becomes of each declared file of a drop: it may land, is known already, is missing, or is quarantined with its bytes.

Here: deciding, and sealing what may land or is quarantined. Not here: transactions and receipts (landing.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from alpr_assets.errors import MalformedError
from alpr_assets.lifecycle.captures import copies, pictures
from alpr_assets.lifecycle.captures.arrivals import Arrival, Rejected, judge
from alpr_assets.lifecycle.captures.ciphers import DropKeys
from alpr_assets.lifecycle.captures.copies import Content
from alpr_assets.lifecycle.captures.devices import Device
from alpr_assets.lifecycle.captures.manifests import BadLine, CaptureLine, Manifest
from alpr_assets.policy import Policy
from alpr_assets.store import schema
from alpr_assets.store.engine import Store
from alpr_assets.store.sealed import sha256_hex

CHUNK = 500


@dataclass(frozen=True, slots=True)
class Known:
    """A capture that landed before, found by device and image."""

    captured_at: datetime
    clock: str


@dataclass(frozen=True, slots=True)
class Missing:
    file: str


@dataclass(frozen=True, slots=True)
class Duplicate:
    file: str
    sha256: str


Outcome = Arrival | Rejected | Missing | Duplicate


@dataclass(frozen=True, slots=True)
class Landing:
    """What deciding on a file needs; built once a drop, read by the sealing threads.

    listing_in_clear : captures.jsonl, which says where the unit was when, was not encrypted
    purged : days of which captures were destroyed: what comes for them now is quarantined, not landed
    """

    store: Store
    folder: Path
    manifest: Manifest
    lines: Mapping[str, CaptureLine]
    listing_in_clear: bool
    keys: DropKeys
    devices: Mapping[str, Device]
    known: Mapping[tuple[str, str], Known]
    held: Mapping[tuple[str, str], Rejected]
    purged: frozenset[date]
    policy: Policy
    now: datetime


def known_captures(connection: Connection, hashes: Iterable[str]) -> dict[tuple[str, str], Known]:
    identity, capture = schema.capture_identity.c, schema.capture.c
    wanted = list(hashes)
    known = {}
    for start in range(0, len(wanted), CHUNK):
        rows = connection.execute(
            select(identity.device_id, identity.image_sha256, capture.captured_at, capture.clock)
            .join(
                schema.capture,
                (capture.day == identity.day) & (capture.capture_id == identity.capture_id),
            )
            .where(identity.image_sha256.in_(wanted[start : start + CHUNK]))
        )
        known.update({(row.device_id, row.image_sha256): Known(row.captured_at, row.clock) for row in rows})
    return known


def held_captures(connection: Connection, hashes: Iterable[str]) -> dict[tuple[str, str], Rejected]:
    """Quarantined captures whose bytes are kept, by item and SHA-256."""
    quarantine = schema.quarantine.c
    wanted = list(hashes)
    held = {}
    for start in range(0, len(wanted), CHUNK):
        rows = connection.execute(
            select(schema.quarantine)
            .where(quarantine.kind == "capture", quarantine.sealed_sha256.in_(wanted[start : start + CHUNK]))
            .order_by(quarantine.quarantine_id)
        )
        for row in rows:
            key = (row.item, row.sealed_sha256)
            held[key] = Rejected(row.item, row.code, row.reason, row.origin, row.content or {}, row.sealed_sha256)
    return held


def purged_days(connection: Connection) -> frozenset[date]:
    """Days of which captures were destroyed."""
    table = schema.capture_day.c
    return frozenset(connection.scalars(select(table.day).where(table.n_destroyed > 0)))


def purged(day: date) -> MalformedError:
    """Why nothing lands on a day any more: who knows whether it was there and was destroyed. It is kept, and people decide."""
    return MalformedError(
        "purged_day", f"captures of {day} were destroyed: what comes for that day now is kept apart",
        remedy="a person decides: it is held as evidence, or destroyed with the quarantine",
    )  # fmt: skip


def decide(landing: Landing, name: str) -> Outcome:
    line = landing.lines.get(name)
    device_id = (line.device_id if line else None) or landing.manifest.unit
    declared = landing.manifest.files[name]
    try:
        found = _found(landing, name)
    except MalformedError as error:
        return Rejected(name, error.code, str(error), origin=declared)
    if found is None:
        # Removed from the watched folder after an earlier manifest of this drop settled it, or never sent.
        if (device_id, declared) in landing.known:
            return Duplicate(name, declared)
        return landing.held.get((name, declared)) or Missing(name)
    sha256, content = found.sha256, found.content
    try:
        if found.trouble is not None:
            raise found.trouble
        _require_declared(sha256, declared, line)
        picture = pictures.inspect(content, landing.policy.zone)
        if (known := landing.known.get((device_id, sha256))) is not None:
            return _again(name, sha256, line, picture, known)
        arrival = judge(
            file=name,
            sha256=sha256,
            n_bytes=len(content),
            picture=picture,
            line=line,
            default_device=landing.manifest.unit,
            in_clear=_was_in_clear(landing, found),
            devices=landing.devices,
            policy=landing.policy,
            now=landing.now,
        )
        if arrival.day in landing.purged:
            raise purged(arrival.day)
    except MalformedError as error:
        landing.store.received.seal(landing.now.date(), content)
        reason = f"{name}: {error}{f'; {error.remedy}' if found.trouble else ''}"
        told = {"device_id": landing.manifest.unit, **(line.content if line else {}), **_came(landing, found, declared)}
        return Rejected(name, error.code, reason, sha256, told, sealed_sha256=sha256)
    landing.store.images.seal(arrival.day, content)
    return arrival


def _found(landing: Landing, name: str) -> Content | None:
    """What the drop holds for a declared file. Raises MalformedError when it is larger than the policy allows."""
    return copies.read(
        landing.folder,
        name,
        landing.manifest.files[name],
        landing.keys,
        max_bytes=landing.policy.captures.max_image_megabytes * 1_000_000,
    )


def _was_in_clear(landing: Landing, found: Content) -> bool:
    return found.in_clear or landing.listing_in_clear


def _came(landing: Landing, found: Content, declared: str) -> dict[str, Any]:
    """How the bytes of a quarantined file came, as re-landing it needs it."""
    came: dict[str, Any] = {"in_clear": _was_in_clear(landing, found)}
    return {**came, "declared_sha256": declared} if found.trouble else came


def decide_bad_line(landing: Landing, bad: BadLine) -> Rejected:
    """A line that is no capture; the bytes of its image, where it names one, are kept with it.

    An image that is not there, or too large to be kept, is decided on as one without a line.
    """
    declared = landing.manifest.files.get(bad.file or "")
    try:
        found = None if bad.file is None or declared is None else _found(landing, bad.file)
    except MalformedError:
        found = None
    if bad.file is not None and declared is not None and found is not None:
        sha256 = landing.store.received.seal(landing.now.date(), found.content)
        told = {**bad.content, **_came(landing, found, declared)}
        return Rejected(bad.file, bad.code, bad.reason, sha256, told, sealed_sha256=sha256)
    if bad.file is not None and declared is not None and (held := landing.held.get((bad.file, declared))):
        return held
    return Rejected(bad.item, bad.code, bad.reason, sha256_hex(repr(bad.content).encode()), bad.content)


def _require_declared(sha256: str, declared: str, line: CaptureLine | None) -> None:
    if sha256 != declared or (line and line.sha256 and line.sha256 != sha256):
        raise MalformedError("hash_mismatch", "SHA-256 is not the declared one: damaged in transfer, or replaced")


def _again(name: str, sha256: str, line: CaptureLine | None, picture: pictures.Picture, known: Known) -> Outcome:
    """The same image from the same device: the same capture, unless it now claims another time."""
    own = picture.time if picture.time and not (line and line.distrusts_clock) else None
    claimed = line.captured_at if line and line.captured_at else own.at if own else None
    if claimed is None or known.clock in ("receipt", "redated") or claimed == known.captured_at:
        return Duplicate(name, sha256)
    raise MalformedError(
        "conflicting_time", f"landed before as captured {known.captured_at.isoformat()}, now {claimed.isoformat()}"
    )
