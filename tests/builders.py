"""Builders shared by the tests: small pictures, drops, lists."""

from __future__ import annotations

import io
import json
import socket
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from alpr_assets.lifecycle.captures.manifests import write_drop
from alpr_assets.policy import Policy


def jpeg(
    seed: int = 0, *, width: int = 64, height: int = 48, exif: Image.Exif | None = None, comment: Any = None
) -> bytes:
    """A small JPEG whose pixels depend on the seed; `comment` goes in as JSON, for the light recogniser."""
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    out = io.BytesIO()
    options: dict[str, Any] = {}
    if exif is not None:
        options["exif"] = exif
    if comment is not None:
        options["comment"] = json.dumps(comment)
    Image.fromarray(pixels).save(out, "JPEG", quality=70, **options)
    return out.getvalue()


def line(file: str, at: datetime, *, device_id: str = "unit-12-front", **more: Any) -> dict[str, Any]:
    """One object of captures.jsonl, in Antioch."""
    return {
        "file": file,
        "captured_at": at.isoformat(),
        "latitude": 38.005,
        "longitude": -121.806,
        "heading": 90.0,
        "device_id": device_id,
        "kind": "mobile",
        **more,
    }


def drop(
    folder: Path,
    pictures: dict[str, bytes],
    lines: list[dict[str, Any]],
    *,
    unit: str = "unit-12",
    shift: str = "night",
    operator: str | None = None,
    recipient: str | None = None,
) -> Path:
    """A closed drop, encrypted where there is a recipient; returns its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in pictures.items():
        (folder / name).write_bytes(content)
    write_drop(folder, unit=unit, shift=shift, operator=operator, captures=lines, recipient=recipient)
    return folder


OWN_HEADER = "Plate Number,Description,State/Province,Owner,Case Number,Reason,Expires On,Approved By"


def own_list(*lines: str, on: date = date(2026, 6, 15)) -> bytes:
    """A department's own list of `plate,description,state`, every entry answered for until a fortnight after `on`."""
    answers = f"A. Ruiz,26-01234,stolen tools,{on + timedelta(days=14)},Lt. Okada"
    return "\n".join([OWN_HEADER, *(f"{line},{answers}" for line in lines), ""]).encode()


def today() -> date:
    """For `own_list` where the system under test has the real time."""
    return datetime.now(UTC).date()


def impatient(policy: Policy) -> Policy:
    """The policy without waiting for files to settle: the tests' files are whole when they are there."""
    at_once = {"settle_seconds": 0}
    return policy.model_copy(
        update={
            "captures": policy.captures.model_copy(update=at_once),
            "hotlists": policy.hotlists.model_copy(update=at_once),
        }
    )


def free_port() -> int:
    """A loopback port that nothing listens on: the console's own may be in use by a system that runs beside the tests."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
