"""The device registry: which readers the department has, where, and who installed and maintained them (422.3 ¶2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from alpr_assets.errors import AlprError
from alpr_assets.lifecycle.captures.manifests import is_storable
from alpr_assets.store import schema

SERVICES = ("installed", "maintained", "moved", "removed")


@dataclass(frozen=True, slots=True)
class Device:
    """A registered reader. `place` in degrees (WGS 84), of a fixed one; `installed_at` None: no installation on record."""

    device_id: str
    kind: str
    place: tuple[float, float] | None
    installed_at: datetime | None


def registry(connection: Connection) -> Mapping[str, Device]:
    """All registered devices by id."""
    installed = (
        select(schema.device_service.c.device_id, func.min(schema.device_service.c.done_at).label("installed_at"))
        .where(schema.device_service.c.kind == "installed")
        .group_by(schema.device_service.c.device_id)
        .subquery()
    )
    rows = connection.execute(
        select(schema.device, installed.c.installed_at).outerjoin(
            installed, installed.c.device_id == schema.device.c.device_id
        )
    )
    return {
        row.device_id: Device(
            row.device_id,
            row.kind,
            None if row.latitude_deg is None else (row.latitude_deg, row.longitude_deg),
            row.installed_at,
        )
        for row in rows
    }


def register(
    connection: Connection,
    *,
    device_id: str,
    kind: str,
    name: str,
    place: tuple[float, float] | None,
    at: datetime,
) -> None:
    """Add a device, or change the name, kind and place of a registered one.

    Raises AlprError when its id is none that a capture can name, or a fixed device has no place: its captures would be nowhere.
    """
    if not (0 < len(device_id) <= 64 and is_storable(device_id)):
        raise AlprError(f"{device_id!r} cannot be a device", remedy="use 1 to 64 characters")
    if kind == "fixed" and place is None:
        raise AlprError(f"fixed device {device_id} has no place", remedy="give --at LAT,LON")
    values = {
        "kind": kind,
        "name": name,
        "latitude_deg": None if place is None else place[0],
        "longitude_deg": None if place is None else place[1],
    }
    changed = connection.execute(
        schema.device.update().where(schema.device.c.device_id == device_id).values(values)
    ).rowcount
    if not changed:
        connection.execute(schema.device.insert().values(device_id=device_id, registered_at=at, **values))


def record_service(
    connection: Connection, *, device_id: str, kind: str, done_at: datetime, done_by: str, note: str = ""
) -> None:
    """Append an installation, maintenance, move or removal.

    Raises AlprError for a device that is not registered or a kind of service that is not one.
    """
    if kind not in SERVICES:
        raise AlprError(f"{kind} is not a service", remedy=f"one of {', '.join(SERVICES)}")
    if connection.scalar(select(schema.device.c.device_id).where(schema.device.c.device_id == device_id)) is None:
        raise AlprError(f"device {device_id} is not registered", remedy="alpr device add, first")
    connection.execute(
        schema.device_service.insert().values(
            device_id=device_id, kind=kind, done_at=done_at, done_by=done_by, note=note
        )
    )
