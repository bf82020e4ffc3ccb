"""A plain folder of pictures becomes a drop: for hand-held cameras, old collections and first tries.

The pictures are copied into the watched folder, never moved: the folder stays as it was. EXIF says when and where; a place given
by hand is used where a picture has none.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alpr_assets.errors import AlprError, MalformedError
from alpr_assets.lifecycle.captures import pictures
from alpr_assets.lifecycle.captures.manifests import MANIFEST, write_drop
from alpr_assets.policy import Policy

SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})


def drop_from_folder(
    folder: Path,
    drops: Path,
    *,
    device_id: str,
    policy: Policy,
    place: tuple[float, float] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Copy the pictures of `folder` (and below) into a closed drop under `drops`; returns the drop's folder.

    The same pictures give the same drop, so that landing a folder again changes nothing. `place` in degrees, WGS 84.

    Raises AlprError when there is no picture in it.
    """
    if (folder / MANIFEST).is_file():
        raise AlprError(
            f"{folder} is a drop already (it has a {MANIFEST})", remedy="copy it below the watched folder instead"
        )
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    if not found:
        raise AlprError(f"no JPEG or PNG pictures in {folder}", remedy="name a folder that holds some")
    names = [path.relative_to(folder).as_posix() for path in found]
    digest = hashlib.sha256(device_id.encode())
    for name, path in zip(names, found, strict=True):
        digest.update(name.encode() + hashlib.sha256(path.read_bytes()).digest())
    target = drops / device_id / f"folder-{digest.hexdigest()[:12]}"
    if (target / MANIFEST).exists():
        return target
    lines = []
    for done, (name, path) in enumerate(zip(names, found, strict=True), start=1):
        (target / name).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.copyfile(path, target / name)
        lines.append(_line(name, path, device_id, policy, place))
        if progress:
            progress(done, len(found))
    write_drop(target, unit=device_id, shift=target.name, captures=lines)
    return target


def _line(name: str, path: Path, device_id: str, policy: Policy, place: tuple[float, float] | None) -> dict[str, Any]:
    line: dict[str, Any] = {"file": name, "device_id": device_id}
    if place is not None and _has_no_place(path, policy):
        line |= {"latitude": place[0], "longitude": place[1]}
    return line


def _has_no_place(path: Path, policy: Policy) -> bool:
    try:
        return pictures.inspect(path.read_bytes(), policy.zone).place is None
    except MalformedError:
        return True  # landing will say what is wrong with it
