"""The capture drop: a folder with images, `captures.jsonl` and, written last, `manifest.json`.

Here: reading the two files and writing a drop. Not here: what becomes of it (landing.py).
A folder without its manifest is still in transfer. A unit may close a manifest every few minutes, adding to the same folder;
each closed manifest is landed, and what was there before is recognised.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from alpr_assets.errors import DropRefusedError, MalformedError
from alpr_assets.lifecycle.captures.ciphers import AGE, encrypt, encrypt_file
from alpr_assets.store.sealed import sha256_hex, write_durably

MANIFEST = "manifest.json"
CAPTURES = "captures.jsonl"
RECEIPT = "receipt.json"
FIELDS = frozenset(
    {"file", "sha256", "captured_at", "clock", "latitude", "longitude", "lat", "lon", "heading", "device_id", "kind"}
)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the unit declares. `files` maps every file's name to its SHA-256; `sha256` is the manifest's own."""

    unit: str
    shift: str
    operator: str | None
    files: dict[str, str]
    n_images: int
    sha256: str


@dataclass(frozen=True, slots=True)
class CaptureLine:
    """One line of captures.jsonl; None where it says nothing. `content` is the object as it came.

    `distrusts_clock`: the line says `"clock": "receipt"`, so that no clock of the picture's own dates it.
    """

    file: str
    sha256: str | None
    captured_at: datetime | None
    source_time: str | None
    latitude_deg: float | None
    longitude_deg: float | None
    heading_deg: float | None
    device_id: str | None
    kind: str | None
    distrusts_clock: bool
    content: dict[str, Any]


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is not a capture: quarantined under `item` with `code` and `reason`."""

    item: str
    file: str | None
    code: str
    reason: str
    content: dict[str, Any]


def list_manifests(drops: Path) -> list[Path]:
    """Manifests below the watched folder, oldest first. Reads directory entries only."""
    found = [path for path in drops.rglob(MANIFEST) if path.is_file() and not path.is_symlink()]
    return sorted(found, key=lambda path: (path.stat().st_mtime_ns, str(path)))


def read_manifest(path: Path) -> Manifest:
    """Read one manifest.json.

    Raises DropRefusedError when it is no manifest, names a file outside its folder, or its count disagrees with its list.
    """
    raw = path.read_bytes()
    try:
        content = json.loads(raw)
        unit, shift = _text(content, "unit"), _text(content, "shift")
        files = _files(content["files"])
        n_images = int(content["counts"]["images"])
        operator = _operator(content)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise DropRefusedError(
            f"{path} is not a manifest: {error if isinstance(error, ValueError) else f'no {error}'}",
            remedy="the unit closes the drop again: unit, shift, counts.images and files {name: sha256}",
        ) from error
    declared = sum(1 for name in files if name != CAPTURES)
    if declared != n_images:
        raise DropRefusedError(
            f"{path}: counts.images says {n_images}, files lists {declared}", remedy="the unit closes the drop again"
        )
    return Manifest(unit, shift, operator, files, n_images, sha256_hex(raw))


def _text(content: dict[str, Any], key: str) -> str:
    value = content[key]
    if not isinstance(value, str) or not value.strip() or len(value) > 64 or not is_storable(value):
        raise ValueError(f"{key} must be a text of 1 to 64 characters")
    return value


def _operator(content: dict[str, Any]) -> str | None:
    operator = content.get("operator")
    if operator is not None and not is_storable(str(operator)):
        raise ValueError("operator must be a text")
    return None if operator is None else str(operator)


def _files(listed: dict[str, str]) -> dict[str, str]:
    for name, sha256 in listed.items():
        if not is_safe(name):
            raise ValueError(f"file name {name!r} leads out of the drop")
        if name.endswith(AGE):
            raise ValueError(f"{name!r} is the name of an encrypted copy: declared are name and hash of the plain file")
        if not isinstance(sha256, str) or len(sha256) != 64 or set(sha256.lower()) - set("0123456789abcdef"):
            raise ValueError(f"the hash of {name!r} is not a SHA-256")
    return {name: sha256.lower() for name, sha256 in listed.items()}


def is_storable(text: str) -> bool:
    """Whether both databases can hold a text: PostgreSQL refuses NUL, and half a surrogate pair is no character."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def is_safe(name: str) -> bool:
    """Whether a declared name stays inside its drop and is not one of the drop's own files."""
    path = PurePosixPath(name)
    return (
        bool(name)
        and "\\" not in name
        and is_storable(name)
        and not path.is_absolute()
        and ".." not in path.parts
        and name not in (MANIFEST, RECEIPT)
    )


def read_lines(raw: bytes) -> Iterator[CaptureLine | BadLine]:
    """Each line of captures.jsonl as a capture or with the reason why it is none; blank lines are skipped."""
    # Not splitlines(): it also splits at U+2028 and other characters that JSON texts may hold.
    for number, line in enumerate(raw.decode("utf-8-sig", errors="replace").split("\n"), start=1):
        if not line.strip():
            continue
        item = f"{CAPTURES}:{number}"
        content: dict[str, Any] = {"text": line}
        try:
            content = _object(line)
            yield parse_capture(content)
        except MalformedError as error:
            yield BadLine(item, _file_named(content, line), error.code, f"{item}: {error}", content)


def _file_named(content: dict[str, Any], line: str) -> str | None:
    """The image that a bad line is about, so that it is quarantined with it and not dated as if nothing had been said."""
    file = content.get("file")
    if isinstance(file, str):
        return file
    found = re.search(r'"file"\s*:\s*"([^"\\]+)"', line)
    return found[1] if found else None


def _object(line: str) -> dict[str, Any]:
    try:
        content = json.loads(line, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise MalformedError("not_json", f"not JSON ({error})") from error
    if not isinstance(content, dict):
        raise MalformedError("not_json", "not a JSON object")
    return content


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")


def parse_capture(content: dict[str, Any]) -> CaptureLine:
    """One object of captures.jsonl. Raises MalformedError naming the field that is not what it must be."""
    if unknown := sorted(set(content) - FIELDS):
        raise MalformedError("unknown_field", f"unknown fields {', '.join(map(ascii, unknown))}")
    file = content.get("file")
    if not isinstance(file, str) or not is_safe(file):
        raise MalformedError("no_file", "names no file inside the drop")
    source_time = content.get("captured_at")
    kind = content.get("kind")
    if kind not in (None, "fixed", "mobile"):
        raise MalformedError("bad_value", "kind is neither fixed nor mobile")
    device_id = content.get("device_id")
    if device_id is not None and not (
        isinstance(device_id, str) and 0 < len(device_id) <= 64 and is_storable(device_id)
    ):
        raise MalformedError("bad_value", "device_id is not a text of 1 to 64 characters")
    clock = content.get("clock")
    if clock not in (None, "receipt") or (clock and source_time is not None):
        raise MalformedError("bad_value", "clock can only be receipt, and only without captured_at")
    sha256 = content.get("sha256")
    if sha256 is not None and not isinstance(sha256, str):
        raise MalformedError("bad_value", "sha256 is not a text")
    return CaptureLine(
        file=file,
        sha256=sha256.lower() if sha256 else None,
        captured_at=None if source_time is None else _instant(source_time),
        source_time=None if source_time is None else str(source_time),
        latitude_deg=_number(content, "latitude", "lat"),
        longitude_deg=_number(content, "longitude", "lon"),
        heading_deg=_number(content, "heading"),
        device_id=device_id,
        kind=kind,
        distrusts_clock=clock is not None,
        content=content,
    )


def _instant(value: Any) -> datetime:
    try:
        at = datetime.fromisoformat(value)
        storable = is_storable(value)  # any character may stand between day and time
    except (TypeError, ValueError) as error:
        raise MalformedError("bad_time", "captured_at is not an ISO 8601 time") from error
    if at.utcoffset() is None:
        raise MalformedError("time_without_zone", "captured_at has no offset from UTC")
    try:
        at.astimezone(UTC)
    except OverflowError:
        storable = False  # a year 1 or 9999 that leaves the calendar in UTC
    if not storable:
        raise MalformedError("bad_time", "captured_at is not an ISO 8601 time")
    return at


def _number(content: dict[str, Any], *names: str) -> float | None:
    for name in names:
        value = content.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise MalformedError("bad_value", f"{name} is not a number")
        try:
            return float(value)
        except OverflowError as error:
            raise MalformedError("bad_value", f"{name} is not a number of this world") from error
    return None


def write_drop(
    folder: Path,
    *,
    unit: str,
    shift: str,
    captures: Iterable[dict[str, Any]],
    operator: str | None = None,
    recipient: str | None = None,
) -> Path:
    """Close a drop over images that already lie in `folder`; returns the manifest's path.

    captures : objects of captures.jsonl with at least `file`; hashes are filled in
    recipient : public key of the department (`age1…`): every image is replaced by its encrypted copy, and the list is written as
        one. What lies there encrypted from an earlier closing must bring its `sha256`: here it cannot be opened

    manifest.json is written last and whole, so a reader never sees an open drop as a closed one. It stays in clear, and with it
    the images' names: they must not say a plate.

    Raises AlprError when the recipient is none; FileNotFoundError when an image is not there.
    """
    files: dict[str, str] = {}
    lines = []
    for capture in captures:
        sha256 = _hash_of(folder, capture, recipient)
        files[capture["file"]] = sha256
        lines.append(json.dumps({**capture, "sha256": sha256}))
    listing = "".join(f"{line}\n" for line in lines).encode()
    if recipient is None:
        write_durably(folder / CAPTURES, listing)
    else:
        write_durably(folder / f"{CAPTURES}{AGE}", encrypt(listing, recipient))
        (folder / CAPTURES).unlink(missing_ok=True)  # of an earlier closing
        for path in (folder / name for name in files):
            if path.exists():
                encrypt_file(path, recipient)
    manifest = {
        "unit": unit,
        "shift": shift,
        "operator": operator,
        "counts": {"images": len(files)},
        "files": {**files, CAPTURES: sha256_hex(listing)},
    }
    write_durably(folder / MANIFEST, json.dumps(manifest, indent=1).encode())
    return folder / MANIFEST


def _hash_of(folder: Path, capture: dict[str, Any], recipient: str | None) -> str:
    path = folder / capture["file"]
    if recipient is not None and "sha256" in capture and not path.exists() and Path(f"{path}{AGE}").exists():
        return str(capture["sha256"])
    return sha256_hex(path.read_bytes())
