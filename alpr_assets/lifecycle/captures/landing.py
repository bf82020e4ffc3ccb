"""Landing: a closed drop becomes captures, a receipt and, for what is wrong, quarantine (422.5).

Order, so that a kill at any moment leaves a state from which landing again ends the same:
(1) every image is sealed under its day, by content hash, and is on the disk;
(2) one transaction writes drop, captures, quarantine and receipt, or none of them;
(3) the plain copies leave the watched folder;
(4) the receipt is written beside the manifest: a landed manifest without its receipt is pending still.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from alpr_assets.errors import DropRefusedError, MalformedError
from alpr_assets.lifecycle.captures import devices, pictures
from alpr_assets.lifecycle.captures.arrivals import Arrival, Rejected, judge
from alpr_assets.lifecycle.captures.manifests import (
    CAPTURES,
    MANIFEST,
    RECEIPT,
    BadLine,
    CaptureLine,
    Manifest,
    list_manifests,
    read_lines,
    read_manifest,
)
from alpr_assets.lifecycle.captures.receipts import Receipt, answers
from alpr_assets.policy import Policy
from alpr_assets.store import schema
from alpr_assets.store.cells import cell_of
from alpr_assets.store.engine import Store, insert_new, issue_numbers, lock_day, one_writer, reading, writing
from alpr_assets.store.sealed import file_sha256, sha256_hex

Progress = Callable[[int, int], None]
SEALING_THREADS = 8  # they wait for the disk most of the time
CHUNK = 500


@dataclass(frozen=True, slots=True)
class _Known:
    """A capture that landed before, found by device and image."""

    captured_at: datetime
    clock: str


@dataclass(frozen=True, slots=True)
class _Missing:
    file: str


@dataclass(frozen=True, slots=True)
class _Duplicate:
    file: str
    sha256: str


_Outcome = Arrival | Rejected | _Missing | _Duplicate


@dataclass(frozen=True, slots=True)
class _Landing:
    """What deciding on a file needs; built once a drop, read by the sealing threads."""

    store: Store
    folder: Path
    manifest: Manifest
    lines: Mapping[str, CaptureLine]
    devices: Mapping[str, devices.Device]
    known: Mapping[tuple[str, str], _Known]
    held: Mapping[tuple[str, str], Rejected]
    policy: Policy
    now: datetime


def land_drop(
    store: Store, folder: Path, *, policy: Policy, now: datetime, progress: Progress | None = None
) -> Receipt:
    """Land the closed drop in `folder`; landing it again changes nothing and returns the receipt that was issued.

    `progress` is called with (files decided, files declared).

    Raises DropRefusedError when the manifest, or its list of captures, is not what it must be: the drop is quarantined as a
    whole and stays in its folder.
    """
    folder = folder.resolve()
    try:
        manifest = read_manifest(folder / MANIFEST)
        listing = _listing(folder, manifest)
    except DropRefusedError as error:
        _quarantine_drop(store, folder, error, policy, now)
        raise
    with reading(store.engine) as connection:
        issued = _issued(connection, manifest)
        known = _known(connection, manifest.files.values())
        held = _held(connection, manifest.files.values())
        registered = devices.registry(connection)
    if issued is None:
        lines, bad_lines = _sorted_lines(listing)
        landing = _Landing(store, folder, manifest, lines, registered, known, held, policy, now)
        rejected = [_bad_line(landing, bad) for bad in bad_lines]
        spoken_for = {item.item for item in rejected}
        outcomes: list[_Outcome] = [*rejected]
        files = [name for name in manifest.files if name != CAPTURES and name not in spoken_for]
        with ThreadPoolExecutor(SEALING_THREADS) as pool:
            for done, outcome in enumerate(pool.map(lambda name: _decide(landing, name), files), start=1):
                outcomes.append(outcome)
                if progress:
                    progress(done, len(files))
        issued = _commit(landing, outcomes)
    if policy.captures.remove_landed_files:
        _remove_landed(folder, issued)
    issued.write(folder)
    return issued


def land_pending(
    store: Store, drops: Path, *, policy: Policy, now: datetime, progress: Progress | None = None
) -> tuple[list[Receipt], list[DropRefusedError]]:
    """Land every closed drop below `drops` that has no receipt yet.

    A refused drop does not stop the others, nor does one that fails (a file that cannot be read, say): its error is raised
    when the others have landed.
    """
    receipts, refused = [], []
    failed: list[Exception] = []
    for path in pending_manifests(store, drops):
        try:
            receipts.append(land_drop(store, path.parent, policy=policy, now=now, progress=progress))
        except DropRefusedError as error:
            refused.append(error)
        except Exception as error:  # noqa: BLE001 - raised below
            failed.append(error)
    if failed:
        raise failed[0]
    return receipts, refused


def pending_manifests(store: Store, drops: Path) -> list[Path]:
    """Closed manifests below `drops` that were neither refused nor landed with their receipt beside them, oldest first."""
    if not drops.is_dir():
        return []
    found = {path: file_sha256(path) for path in list_manifests(drops)}
    with reading(store.engine) as connection:
        landed = set(connection.scalars(select(schema.drop.c.manifest_sha256)))
        refused = set(connection.scalars(select(schema.quarantine.c.origin).where(schema.quarantine.c.kind == "drop")))
    return [
        path
        for path, sha256 in found.items()
        if (not answers(path.parent, sha256) if sha256 in landed else _refusal_origin(path.parent) not in refused)
    ]


# ── reading the drop ───────────────────────────────────────────────────────────────────────────────────────────────


def _listing(folder: Path, manifest: Manifest) -> bytes:
    """captures.jsonl as declared; empty where the drop has none (its images are dated by EXIF or receipt)."""
    if CAPTURES not in manifest.files:
        return b""
    path = folder / CAPTURES
    if not path.is_file():
        raise DropRefusedError(f"{path} is declared and not there", remedy="the unit sends the drop again")
    raw = path.read_bytes()
    if sha256_hex(raw) != manifest.files[CAPTURES]:
        raise DropRefusedError(
            f"{path} is not the file that the manifest declares (SHA-256 differs)",
            remedy="the unit sends the drop again",
        )
    return raw


def _sorted_lines(listing: bytes) -> tuple[dict[str, CaptureLine], list[BadLine]]:
    lines: dict[str, CaptureLine] = {}
    bad: list[BadLine] = []
    for line in read_lines(listing):
        if isinstance(line, BadLine):
            bad.append(line)
        elif line.file in lines and lines[line.file].content != line.content:
            reason = f"{CAPTURES} names {line.file} twice, differently"
            bad.append(BadLine(line.file, line.file, "named_twice", reason, {"lines": [line.content]}))
        else:
            lines[line.file] = line
    return lines, bad


def _issued(connection: Connection, manifest: Manifest) -> Receipt | None:
    content = connection.scalar(select(schema.drop.c.receipt).where(schema.drop.c.manifest_sha256 == manifest.sha256))
    return None if content is None else Receipt.from_content(content)


def _known(connection: Connection, hashes: Iterable[str]) -> dict[tuple[str, str], _Known]:
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
        known.update({(row.device_id, row.image_sha256): _Known(row.captured_at, row.clock) for row in rows})
    return known


def _held(connection: Connection, hashes: Iterable[str]) -> dict[tuple[str, str], Rejected]:
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


# ── deciding on one file ───────────────────────────────────────────────────────────────────────────────────────────


def _decide(landing: _Landing, name: str) -> _Outcome:
    line = landing.lines.get(name)
    device_id = (line.device_id if line else None) or landing.manifest.unit
    declared = landing.manifest.files[name]
    try:
        content = _content(landing, name)
    except MalformedError as error:
        return Rejected(name, error.code, str(error), origin=declared)
    if content is None:
        # Removed from the watched folder after an earlier manifest of this drop settled it, or never sent.
        if (device_id, declared) in landing.known:
            return _Duplicate(name, declared)
        return landing.held.get((name, declared)) or _Missing(name)
    sha256 = sha256_hex(content)
    try:
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
            devices=landing.devices,
            policy=landing.policy,
            now=landing.now,
        )
    except MalformedError as error:
        landing.store.received.seal(landing.now.date(), content)
        return Rejected(name, error.code, f"{name}: {error}", sha256, _told(landing, line), sealed_sha256=sha256)
    landing.store.images.seal(arrival.day, content)
    return arrival


def _content(landing: _Landing, name: str) -> bytes | None:
    """The bytes of a declared file; None where it is not there, or a link that leads out of the drop.

    Raises MalformedError when it is larger than the policy allows.
    """
    path = landing.folder / name
    try:
        if not path.is_file() or not path.resolve().is_relative_to(landing.folder):
            return None
        if path.stat().st_size > landing.policy.captures.max_image_megabytes * 1_000_000:
            raise MalformedError("too_large", f"{name} is larger than the policy allows")
        return path.read_bytes()
    except FileNotFoundError:  # another process landed it this moment
        return None


def _told(landing: _Landing, line: CaptureLine | None) -> dict[str, Any]:
    """What the drop said of a capture, as re-landing it needs it."""
    return {"device_id": landing.manifest.unit, **(line.content if line else {})}


def _bad_line(landing: _Landing, bad: BadLine) -> Rejected:
    """A line that is no capture; the bytes of its image, where it names one, are kept with it.

    An image that is not there, or too large to be kept, is decided on as one without a line.
    """
    declared = landing.manifest.files.get(bad.file or "")
    try:
        content = None if bad.file is None or declared is None else _content(landing, bad.file)
    except MalformedError:
        content = None
    if bad.file is not None and content is not None:
        sha256 = landing.store.received.seal(landing.now.date(), content)
        return Rejected(bad.file, bad.code, bad.reason, sha256, bad.content, sealed_sha256=sha256)
    if bad.file is not None and declared is not None and (held := landing.held.get((bad.file, declared))):
        return held
    return Rejected(bad.item, bad.code, bad.reason, sha256_hex(repr(bad.content).encode()), bad.content)


def _require_declared(sha256: str, declared: str, line: CaptureLine | None) -> None:
    if sha256 != declared or (line and line.sha256 and line.sha256 != sha256):
        raise MalformedError("hash_mismatch", "SHA-256 is not the declared one: damaged in transfer, or replaced")


def _again(name: str, sha256: str, line: CaptureLine | None, picture: pictures.Picture, known: _Known) -> _Outcome:
    """The same image from the same device: the same capture, unless it now claims another time."""
    own = picture.time if picture.time and not (line and line.distrusts_clock) else None
    claimed = line.captured_at if line and line.captured_at else own.at if own else None
    if claimed is None or known.clock in ("receipt", "redated") or claimed == known.captured_at:
        return _Duplicate(name, sha256)
    raise MalformedError(
        "conflicting_time", f"landed before as captured {known.captured_at.isoformat()}, now {claimed.isoformat()}"
    )


# ── committing ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _commit(landing: _Landing, outcomes: list[_Outcome]) -> Receipt:
    with writing(landing.store.engine) as connection:
        one_writer(connection, "landing")
        if (issued := _issued(connection, landing.manifest)) is not None:
            return issued  # another process landed it meanwhile
        outcomes = _still_missing(connection, landing, outcomes)
        fresh, twice = _not_landed(connection, [o for o in outcomes if isinstance(o, Arrival)])
        drop_id: int = connection.execute(
            schema.drop.insert().returning(schema.drop.c.drop_id), _drop_row(landing)
        ).scalar_one()
        insert_captures(connection, fresh, drop_id=drop_id, landed_at=landing.now, cause=landing.manifest.sha256)
        rejected = [o for o in outcomes if isinstance(o, Rejected)]
        insert_new(connection, schema.quarantine, [_quarantine_row(landing, drop_id, r) for r in rejected])
        receipt = _receipt(landing, drop_id, fresh, twice, outcomes)
        connection.execute(
            schema.drop.update()
            .where(schema.drop.c.drop_id == drop_id)
            .values(
                n_landed=receipt.n_landed,
                n_duplicate=receipt.n_duplicate,
                n_quarantined=receipt.n_quarantined,
                n_missing=receipt.n_missing,
                receipt=receipt.content(),
                receipt_sha256=receipt.sha256(),
            )
        )
    return receipt


def _still_missing(connection: Connection, landing: _Landing, outcomes: list[_Outcome]) -> list[_Outcome]:
    """The outcomes; a file that another process landed from this folder meanwhile is no gap."""
    missing = [landing.manifest.files[o.file] for o in outcomes if isinstance(o, _Missing)]
    if not missing:
        return outcomes
    now = replace(landing, known=_known(connection, missing), held=_held(connection, missing))
    return [_decide(now, o.file) if isinstance(o, _Missing) else o for o in outcomes]


def _not_landed(connection: Connection, arrivals: list[Arrival]) -> tuple[list[Arrival], list[Arrival]]:
    """Arrivals that are new, and those that landed meanwhile or stand twice in the drop."""
    known = set(_known(connection, [a.sha256 for a in arrivals]))
    fresh: list[Arrival] = []
    twice: list[Arrival] = []
    for arrival in arrivals:
        key = (arrival.device_id, arrival.sha256)
        (twice if key in known else fresh).append(arrival)
        known.add(key)
    return fresh, twice


def insert_captures(
    connection: Connection, arrivals: list[Arrival], *, drop_id: int, landed_at: datetime, cause: str
) -> list[int]:
    """Write new captures into their days and mark the days as changed by `cause` (a manifest's hash, say).

    The caller has made sure that none of them landed before. Returns the capture ids, in the order of the days.
    """
    ids: list[int] = []
    for day in sorted({arrival.day for arrival in arrivals}):
        of_day = [arrival for arrival in arrivals if arrival.day == day]
        lock_day(connection, day)
        numbers = issue_numbers(connection, day, "n_captures", len(of_day))
        connection.execute(
            schema.capture_identity.insert(),
            [
                {"device_id": a.device_id, "image_sha256": a.sha256, "day": day, "capture_id": number}
                for number, a in zip(numbers, of_day, strict=True)
            ],
        )
        connection.execute(
            schema.capture.insert(),
            [_capture_row(number, a, drop_id, landed_at) for number, a in zip(numbers, of_day, strict=True)],
        )
        _mark_landed(connection, day, cause)
        ids += numbers
    return ids


def _mark_landed(connection: Connection, day: date, cause: str) -> None:
    row = schema.capture_day.c.day == day
    before = connection.scalar(select(schema.capture_day.c.landed_digest).where(row)) or ""
    connection.execute(
        schema.capture_day.update().where(row).values(landed_digest=sha256_hex(f"{before}{cause}".encode()))
    )


def _capture_row(capture_id: int, arrival: Arrival, drop_id: int, landed_at: datetime) -> dict[str, Any]:
    lat, lon = arrival.place or (None, None)
    return {
        "day": arrival.day,
        "capture_id": capture_id,
        "drop_id": drop_id,
        "device_id": arrival.device_id,
        "device_kind": arrival.device_kind,
        "image_sha256": arrival.sha256,
        "n_bytes": arrival.n_bytes,
        "media_type": arrival.media_type,
        "width_px": arrival.width_px,
        "height_px": arrival.height_px,
        "captured_at": arrival.captured_at,
        "clock": arrival.clock,
        "source_time": arrival.source_time,
        "latitude_deg": lat,
        "longitude_deg": lon,
        "place_source": arrival.place_source,
        "cell": cell_of(lat, lon),
        "heading_deg": arrival.heading_deg,
        "landed_at": landed_at,
        "flags": list(arrival.flags),
    }


def _drop_row(landing: _Landing) -> dict[str, Any]:
    manifest = landing.manifest
    return {
        "manifest_sha256": manifest.sha256,
        "folder": _shown(landing.folder),
        "unit": manifest.unit,
        "shift": manifest.shift,
        "operator": manifest.operator,
        "landed_at": landing.now,
        "n_declared": manifest.n_images,
        "n_landed": 0,
        "n_duplicate": 0,
        "n_quarantined": 0,
        "n_missing": 0,
        "receipt": {},
        "receipt_sha256": "",
    }


def _quarantine_row(landing: _Landing, drop_id: int, rejected: Rejected) -> dict[str, Any]:
    return {
        "kind": "capture",
        "origin": rejected.origin,
        "item": rejected.item,
        "drop_id": drop_id,
        "code": rejected.code,
        "reason": rejected.reason,
        "owner": landing.policy.captures.owner,
        "content": rejected.content,
        "sealed_day": landing.now.date() if rejected.sealed_sha256 else None,
        "sealed_sha256": rejected.sealed_sha256,
        "opened_at": landing.now,
    }


def _receipt(
    landing: _Landing, drop_id: int, fresh: list[Arrival], twice: list[Arrival], outcomes: list[_Outcome]
) -> Receipt:
    files: dict[str, list[str]] = {}
    for outcome in outcomes:
        match outcome:
            case _Missing(file):
                files[file] = ["missing", landing.manifest.files[file]]
            case _Duplicate(file, sha256):
                files[file] = ["duplicate", sha256]
            case Rejected(item=item, sealed_sha256=str(sha256)):
                files[item] = ["quarantined", sha256]
    files |= {a.file: ["landed", a.sha256] for a in fresh} | {a.file: ["duplicate", a.sha256] for a in twice}
    rejected = [o for o in outcomes if isinstance(o, Rejected)]
    there = {str(path.relative_to(landing.folder)) for path in landing.folder.rglob("*") if path.is_file()}
    counts = Counter(outcome for outcome, _ in files.values())
    return Receipt(
        drop_id=drop_id,
        unit=landing.manifest.unit,
        shift=landing.manifest.shift,
        manifest_sha256=landing.manifest.sha256,
        landed_at=landing.now,
        n_declared=landing.manifest.n_images,
        n_landed=counts["landed"],
        n_duplicate=counts["duplicate"],
        n_quarantined=len(rejected),
        n_missing=counts["missing"],
        n_by_day=dict(Counter(a.day for a in fresh)),
        files=files,
        quarantined=[{"item": r.item, "code": r.code, "reason": r.reason} for r in rejected],
        undeclared=sorted(there - set(landing.manifest.files) - {MANIFEST, RECEIPT, CAPTURES}),
    )


def _refusal_origin(folder: Path) -> str:
    """What a refused drop is known by. Its two files: with either of them sent again and right, it is another."""
    digest = hashlib.sha256()
    for path in (folder / MANIFEST, folder / CAPTURES):
        digest.update((file_sha256(path) if path.is_file() else "none").encode())
    return digest.hexdigest()


def _quarantine_drop(store: Store, folder: Path, error: DropRefusedError, policy: Policy, now: datetime) -> None:
    row = {
        "kind": "drop",
        "origin": _refusal_origin(folder),
        "item": _shown(folder),
        "code": "refused",
        "reason": _shown(error),
        "owner": policy.captures.owner,
        "opened_at": now,
    }
    with writing(store.engine) as connection:
        insert_new(connection, schema.quarantine, [row])


def _shown(said: object) -> str:
    """Text that can be stored of what may hold a folder's name that is not UTF-8."""
    return str(said).encode("utf-8", "replace").decode()


def _remove_landed(folder: Path, receipt: Receipt) -> None:
    """Remove the plain copies that the receipt names, each only if it still is the file that was sealed."""
    for name in receipt.deletable:
        path = folder / name
        with suppress(FileNotFoundError):  # another process removes them too
            if not path.is_symlink() and path.is_file() and sha256_hex(path.read_bytes()) == receipt.files[name][1]:
                path.unlink()
