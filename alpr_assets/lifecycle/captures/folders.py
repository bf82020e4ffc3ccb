"""A plain folder of pictures becomes a drop: for hand-held cameras, old collections and first tries.

The pictures are copied into the watched folder, never moved: the folder stays as it was. EXIF says when and where; a place given
by hand is used where a picture has none.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alpr_assets.errors import AlprError, MalformedError
from alpr_assets.lifecycle.captures import pictures
from alpr_assets.lifecycle.captures.arrivals import require_plausible_place, require_plausible_time
from alpr_assets.lifecycle.captures.manifests import MANIFEST, is_safe, write_drop
from alpr_assets.policy import Policy

SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})


def drop_from_folder(
    folder: Path,
    drops: Path,
    *,
    device_id: str,
    policy: Policy,
    place: tuple[float, float] | None = None,
    distrust_impossible_clocks: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Copy the pictures of `folder` (and below) into a closed drop under `drops`; returns the drop's folder.

    The same pictures with the same options give the same drop, so that landing a folder again changes nothing, and landing it
    with the options put right lands what was quarantined for them. `place` in degrees, WGS 84.
    `distrust_impossible_clocks`: a picture whose own time cannot be is dated by its receipt, and flagged so, instead of being
    quarantined.

    Raises AlprError when there is no picture in it, or a name of device or file that no drop can hold; MalformedError when the
    policy's captures are taken elsewhere than at `place`.
    """
    if not (0 < len(device_id) <= 64 and is_safe(device_id) and device_id == Path(device_id).name):
        raise AlprError(f"{device_id!r} cannot be a device", remedy="use 1 to 64 characters, none of them / or \\")
    if (folder / MANIFEST).is_file():
        raise AlprError(
            f"{folder} is a drop already (it has a {MANIFEST})", remedy="copy it below the watched folder instead"
        )
    if place is not None:
        require_plausible_place(*place, policy)
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    if not found:
        raise AlprError(f"no JPEG or PNG pictures in {folder}", remedy="name a folder that holds some")
    names = [path.relative_to(folder).as_posix() for path in found]
    if unsafe := next((name for name in names if not is_safe(name)), None):
        raise AlprError(f"{unsafe!r} cannot be the name of a file in a drop", remedy="rename it")
    digest = hashlib.sha256(f"{device_id} {place} {distrust_impossible_clocks}".encode())
    for name, path in zip(names, found, strict=True):
        digest.update(name.encode() + hashlib.sha256(path.read_bytes()).digest())
    target = drops / device_id / f"folder-{digest.hexdigest()[:12]}"
    if (target / MANIFEST).exists():
        return target
    lines = []
    for done, (name, path) in enumerate(zip(names, found, strict=True), start=1):
        (target / name).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.copyfile(path, target / name)
        lines.append(
            {"file": name, "device_id": device_id, **_besides_exif(path, policy, place, distrust_impossible_clocks)}
        )
        if progress:
            progress(done, len(found))
    write_drop(target, unit=device_id, shift=target.name, captures=lines)
    return target


def _besides_exif(
    path: Path, policy: Policy, place: tuple[float, float] | None, distrust_impossible_clocks: bool
) -> dict[str, Any]:
    """What the line says where the picture itself says nothing, or nothing that can be."""
    try:
        picture = pictures.inspect(path.read_bytes(), policy.zone)
    except MalformedError:
        return {}  # landing will say what is wrong with it
    said: dict[str, Any] = {}
    if place is not None and picture.place is None:
        said |= {"latitude": place[0], "longitude": place[1]}
    if distrust_impossible_clocks and picture.time is not None:
        try:
            require_plausible_time(picture.time.at, None, policy, datetime.now(UTC))
        except MalformedError:
            said["clock"] = "receipt"
    return said
