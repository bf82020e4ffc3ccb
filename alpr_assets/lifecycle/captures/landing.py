"""Landing: a closed drop becomes captures, a receipt and, for what is wrong, quarantine (422.5).

Order, so that a kill at any moment leaves a state from which landing again ends the same:
(1) every image is sealed under its day, by content hash, and is on the disk;
(2) one transaction writes drop, captures, quarantine and receipt, or none of them;
(3) the copies leave the watched folder;
(4) the receipt is written beside the manifest: a landed manifest without its receipt is pending still.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from alpr_assets.access.record.alarms import end_alarm, raise_alarm
from alpr_assets.errors import DropRefusedError
from alpr_assets.lifecycle.captures import copies, devices, operators
from alpr_assets.lifecycle.captures.arrivals import Arrival, Rejected
from alpr_assets.lifecycle.captures.ciphers import AGE, DropKeyError, DropKeys
from alpr_assets.lifecycle.captures.deciding import (
    Duplicate,
    Landing,
    Missing,
    Outcome,
    decide,
    decide_bad_line,
    held_captures,
    known_captures,
    purged,
    purged_days,
)
from alpr_assets.lifecycle.captures.manifests import (
    CAPTURES,
    MANIFEST,
    RECEIPT,
    BadLine,
    CaptureLine,
    Manifest,
    read_lines,
    read_manifest,
)
from alpr_assets.lifecycle.captures.pending import pending_drops, refusal_origin
from alpr_assets.lifecycle.captures.receipts import Receipt
from alpr_assets.policy import Policy
from alpr_assets.store import schema
from alpr_assets.store.cells import cell_of
from alpr_assets.store.engine import Store, insert_new, issue_numbers, lock_day, one_writer, reading, writing
from alpr_assets.store.sealed import sha256_hex

Progress = Callable[[int, int], None]
SEALING_THREADS = 8  # they wait for the disk most of the time
KEY_ALARM = "drop_key_missing"


def land_drop(
    store: Store, folder: Path, *, policy: Policy, now: datetime, progress: Progress | None = None
) -> Receipt:
    """Land the closed drop in `folder` and return its receipt; landing it again changes nothing.

    Files that were missing and have arrived since are landed then, and the drop gets another receipt over all of it.
    `progress` is called with (files decided, files to decide).

    Raises DropRefusedError when the manifest, or its list of captures, is not what it must be: the drop is quarantined as a
    whole and stays in its folder. DropKeyError, with an alarm, when it is encrypted and our key is not there: it waits.
    """
    keys, data = DropKeys.of(store), store.images.folder.parent
    try:
        receipt = _land(store, folder.resolve(), keys, policy=policy, now=now, progress=progress)
    except DropKeyError as error:
        raise_alarm(data, KEY_ALARM, error.diagnostics())
        raise
    with suppress(DropKeyError):
        keys.require()
        end_alarm(data, KEY_ALARM)
    return receipt


def _land(
    store: Store, folder: Path, keys: DropKeys, *, policy: Policy, now: datetime, progress: Progress | None
) -> Receipt:
    try:
        manifest = read_manifest(folder / MANIFEST)
        listing, listing_in_clear = _listing(folder, manifest, keys)
        lines, bad_lines = _sorted_lines(listing, manifest)
    except DropRefusedError as error:
        _quarantine_drop(store, folder, keys, error, policy=policy, now=now)
        raise
    with reading(store.engine) as connection:
        issued = _issued(connection, manifest)
        known = known_captures(connection, manifest.files.values())
        held = held_captures(connection, manifest.files.values())
        registered, purged_on = devices.registry(connection), purged_days(connection)
    landing = Landing(
        store, folder, manifest, lines, listing_in_clear, keys, registered, known, held, purged_on, policy, now
    )  # fmt: skip
    outcomes = _outcomes(landing, bad_lines, issued, progress)
    if issued is None or outcomes:
        issued = _commit(landing, outcomes, issued)
    if policy.captures.remove_landed_files:
        _remove_landed(folder, issued, keys)
    issued.write(folder)
    return issued


def _outcomes(
    landing: Landing, bad_lines: list[BadLine], issued: Receipt | None, progress: Progress | None
) -> list[Outcome]:
    """Decide on every file; where a receipt was issued, on those only that were missing and are there now."""
    outcomes: list[Outcome] = []
    if issued is None:
        rejected = [decide_bad_line(landing, bad) for bad in bad_lines]
        outcomes += rejected
        spoken_for = {item.item for item in rejected}
        files = [name for name in landing.manifest.files if name != CAPTURES and name not in spoken_for]
    else:
        files = [name for name in issued.missing if copies.is_there(landing.folder, name)]
    with ThreadPoolExecutor(SEALING_THREADS) as pool:
        for done, outcome in enumerate(pool.map(lambda name: decide(landing, name), files), start=1):
            outcomes.append(outcome)
            if progress:
                progress(done, len(files))
    return outcomes


def land_pending(
    store: Store, drops: Path, *, policy: Policy, now: datetime, progress: Progress | None = None
) -> tuple[list[Receipt], list[DropRefusedError]]:
    """Land every closed drop below `drops` that waits for it.

    A refused drop does not stop the others, nor does one that fails (a file that cannot be read, say): its error is raised
    when the others have landed.
    """
    receipts, refused = [], []
    failed: list[Exception] = []
    for drop in pending_drops(store, drops, policy=policy):
        try:
            receipts.append(land_drop(store, drop.folder, policy=policy, now=now, progress=progress))
        except DropRefusedError as error:
            refused.append(error)
        except Exception as error:  # noqa: BLE001 - raised below
            failed.append(error)
    if failed:
        raise failed[0]
    return receipts, refused


# ── reading the drop ───────────────────────────────────────────────────────────────────────────────────────────────


def _listing(folder: Path, manifest: Manifest, keys: DropKeys) -> tuple[bytes, bool]:
    """captures.jsonl as declared, and whether it lies there in clear; empty where the drop has none.

    The images of a drop without a list are dated by EXIF or receipt.
    """
    if CAPTURES not in manifest.files:
        return b"", False
    path = folder / CAPTURES
    found = copies.read(folder, CAPTURES, manifest.files[CAPTURES], keys)
    if found is None:
        raise DropRefusedError(f"{path} is declared and not there", remedy="the unit sends the drop again")
    if found.trouble is not None:
        raise DropRefusedError(f"{folder}: {found.trouble}", remedy=found.trouble.remedy)
    if found.sha256 != manifest.files[CAPTURES]:
        raise DropRefusedError(
            f"{path} is not the file that the manifest declares (SHA-256 differs)",
            remedy="the unit sends the drop again",
        )
    return found.content, found.in_clear


def _sorted_lines(listing: bytes, manifest: Manifest) -> tuple[dict[str, CaptureLine], list[BadLine]]:
    """Lines by file, and those that cannot be followed: no capture, a file named twice, a file that is not declared."""
    lines: dict[str, CaptureLine] = {}
    bad: list[BadLine] = []
    for line in read_lines(listing):
        if isinstance(line, BadLine):
            bad.append(line)
        elif line.file not in manifest.files:
            reason = f"{CAPTURES} names {line.file}, which the manifest does not declare"
            bad.append(BadLine(line.file, None, "undeclared", reason, line.content))
        elif line.file in lines and lines[line.file].content != line.content:
            reason = f"{CAPTURES} names {line.file} twice, differently"
            bad.append(BadLine(line.file, line.file, "named_twice", reason, {"lines": [line.content]}))
        else:
            lines[line.file] = line
    return lines, bad


def _issued(connection: Connection, manifest: Manifest) -> Receipt | None:
    content = connection.scalar(select(schema.drop.c.receipt).where(schema.drop.c.manifest_sha256 == manifest.sha256))
    return None if content is None else Receipt.from_content(content)


# ── committing ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _commit(landing: Landing, outcomes: list[Outcome], before: Receipt | None) -> Receipt:
    """Write the outcomes and the receipt over them; `before` is the receipt that they supplement."""
    with writing(landing.store.engine) as connection:
        one_writer(connection, "landing")
        issued = _issued(connection, landing.manifest)
        if issued is not None and (before is None or issued.sha256() != before.sha256()):
            return issued  # another process landed it meanwhile
        outcomes = _still_missing(connection, landing, outcomes)
        fresh, twice = _not_landed(connection, [o for o in outcomes if isinstance(o, Arrival)])
        fresh = operators.flagged(connection, fresh, landing.manifest.operator, landing.policy)
        drop_id = before.drop_id if before else _open_drop(connection, landing)
        insert_captures(connection, fresh, drop_id=drop_id, landed_at=landing.now, cause=landing.manifest.sha256)
        rejected = [o for o in outcomes if isinstance(o, Rejected)]
        insert_new(connection, schema.quarantine, [_quarantine_row(landing, drop_id, r) for r in rejected])
        receipt = _receipt(landing, drop_id, fresh, twice, outcomes)
        if before:
            receipt = before.supplemented_by(receipt)
        _issue(connection, receipt)
    return receipt


def _open_drop(connection: Connection, landing: Landing) -> int:
    statement = schema.drop.insert().returning(schema.drop.c.drop_id)
    drop_id: int = connection.execute(statement, _drop_row(landing)).scalar_one()
    return drop_id


def _issue(connection: Connection, receipt: Receipt) -> None:
    """Append the receipt, and let the drop's row say what its newest receipt says."""
    said = {"receipt": receipt.content(), "receipt_sha256": receipt.sha256()}
    connection.execute(
        schema.drop_receipt.insert().values(drop_id=receipt.drop_id, issued_at=receipt.landed_at, **said)
    )
    connection.execute(
        schema.drop.update()
        .where(schema.drop.c.drop_id == receipt.drop_id)
        .values(
            n_landed=receipt.n_landed,
            n_duplicate=receipt.n_duplicate,
            n_quarantined=receipt.n_quarantined,
            n_missing=receipt.n_missing,
            **said,
        )
    )


def _still_missing(connection: Connection, landing: Landing, outcomes: list[Outcome]) -> list[Outcome]:
    """The outcomes; a file that another process landed from this folder meanwhile is no gap."""
    missing = [landing.manifest.files[o.file] for o in outcomes if isinstance(o, Missing)]
    if not missing:
        return outcomes
    now = replace(landing, known=known_captures(connection, missing), held=held_captures(connection, missing))
    return [decide(now, o.file) if isinstance(o, Missing) else o for o in outcomes]


def _not_landed(connection: Connection, arrivals: list[Arrival]) -> tuple[list[Arrival], list[Arrival]]:
    """Arrivals that are new, and those that landed meanwhile or stand twice in the drop."""
    known = set(known_captures(connection, [a.sha256 for a in arrivals]))
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
    Raises MalformedError : `purged_day`: captures of a day were destroyed; nothing is written then.
    """
    ids: list[int] = []
    for day in sorted({arrival.day for arrival in arrivals}):
        of_day = [arrival for arrival in arrivals if arrival.day == day]
        lock_day(connection, day)
        if day in purged_days(connection):  # meanwhile: the next try quarantines it
            raise purged(day)
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
        _mark_landed(connection, day, cause, landed_at)
        ids += numbers
    return ids


def _mark_landed(connection: Connection, day: date, cause: str, landed_at: datetime) -> None:
    table = schema.capture_day
    before = connection.execute(select(table.c.landed_digest, table.c.last_landed_at).where(table.c.day == day)).one()
    chained = sha256_hex(f"{before.landed_digest or ''}{cause}".encode())
    last = max(landed_at, before.last_landed_at or landed_at)  # another process may have been given an earlier time
    connection.execute(table.update().where(table.c.day == day).values(landed_digest=chained, last_landed_at=last))


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


def _drop_row(landing: Landing) -> dict[str, Any]:
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


def _quarantine_row(landing: Landing, drop_id: int, rejected: Rejected) -> dict[str, Any]:
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
    landing: Landing, drop_id: int, fresh: list[Arrival], twice: list[Arrival], outcomes: list[Outcome]
) -> Receipt:
    files: dict[str, list[str]] = {}
    for outcome in outcomes:
        match outcome:
            case Missing(file):
                files[file] = ["missing", landing.manifest.files[file]]
            case Duplicate(file, sha256):
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
        undeclared=sorted(there - _declared(landing) - {MANIFEST, RECEIPT} | _strays(landing, files)),
    )


def _declared(landing: Landing) -> set[str]:
    """Names of the declared files and of their encrypted copies."""
    names = {CAPTURES, *landing.manifest.files}
    return names | {f"{name}{AGE}" for name in names}


def _strays(landing: Landing, files: dict[str, list[str]]) -> set[str]:
    """Second copies that hold something else than the file that the receipt answers; they stay."""
    return {
        str(path.relative_to(landing.folder))
        for name, (_, sha256) in files.items()
        for path in copies.strays(landing.folder, name, sha256, landing.keys)
    }


def _quarantine_drop(
    store: Store, folder: Path, keys: DropKeys, error: DropRefusedError, *, policy: Policy, now: datetime
) -> None:
    row = {
        "kind": "drop",
        "origin": refusal_origin(folder, keys),
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


def _remove_landed(folder: Path, receipt: Receipt, keys: DropKeys) -> None:
    """Remove the copies of the files that the receipt names, each only if it still is the file that was sealed."""
    for name in receipt.deletable:
        for copy in copies.copies(folder, name):
            with suppress(FileNotFoundError):  # another process removes them too
                if not copy.path.is_symlink() and copies.is_copy_of(copy, receipt.files[name][1], keys):
                    copy.path.unlink()
