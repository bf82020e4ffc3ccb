"""The way back from quarantine: re-land an item, with a corrected time or place where that was wrong, or dismiss it.

Nothing in quarantine is changed or removed by this: the row keeps what came and says who decided what, when and why.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Row, select

from alpr_assets.errors import AlprError, MalformedError
from alpr_assets.lifecycle.captures import devices, operators, pictures
from alpr_assets.lifecycle.captures.arrivals import Arrival, judge
from alpr_assets.lifecycle.captures.ciphers import DropKeys, is_encrypted
from alpr_assets.lifecycle.captures.landing import insert_captures
from alpr_assets.lifecycle.captures.manifests import FIELDS, CaptureLine, parse_capture
from alpr_assets.policy import Policy
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, one_writer, reading, writing
from alpr_assets.store.sealed import sha256_hex

TABLE = schema.quarantine.c


def open_items(connection: Connection) -> pd.DataFrame:
    """Unresolved items, oldest first: quarantine_id, kind, item, code, reason, owner, opened_at (UTC)."""
    columns = (TABLE.quarantine_id, TABLE.kind, TABLE.item, TABLE.code, TABLE.reason, TABLE.owner, TABLE.opened_at)
    rows = connection.execute(select(*columns).where(TABLE.resolved_at.is_(None)).order_by(TABLE.quarantine_id))
    return pd.DataFrame(rows.all(), columns=[column.name for column in columns])


def reland(
    store: Store,
    quarantine_id: int,
    *,
    by: str,
    reason: str,
    policy: Policy,
    now: datetime,
    captured_at: datetime | None = None,
    place: tuple[float, float] | None = None,
    forget_place: bool = False,
) -> int:
    """Land a quarantined capture after all and return its capture id.

    captured_at : the right instant, aware, where the claimed one was impossible (its clock is then `redated`). Where nothing
        says when it was taken, it stays dated by its receipt: the day it came, not the day it is landed
    place : the right place in degrees, WGS 84; `forget_place`: land without one

    A picture that could not be decrypted is opened with the keys that are there now.

    Raises AlprError when the item is no capture, is resolved, has no picture, landed meanwhile, or still cannot be true.
    """
    with reading(store.engine) as connection:
        item = _unresolved(connection, quarantine_id)
        unit = connection.scalar(select(schema.drop.c.unit).where(schema.drop.c.drop_id == item.drop_id))
        registered = devices.registry(connection)
    if item.kind != "capture" or item.sealed_sha256 is None:
        raise AlprError(
            f"quarantine item {quarantine_id} is a {item.kind} without a picture of its own",
            remedy="have the unit send the drop again, or dismiss the item",
        )
    told = item.content or {}
    line = _line(item)
    if captured_at is not None:
        line = replace(line, captured_at=captured_at)
    if place is not None:
        line = replace(line, latitude_deg=place[0], longitude_deg=place[1])
    try:
        content = _picture_of(store, item, policy)
        arrival = judge(
            file=item.item,
            sha256=sha256_hex(content),
            n_bytes=len(content),
            picture=_placeless(pictures.inspect(content, policy.zone), forget_place),
            line=_lineless_place(line, forget_place),
            default_device=unit or "unknown",
            in_clear=told.get("in_clear") is not False,
            devices=registered,
            policy=policy,
            now=item.opened_at,
        )
    except MalformedError as error:
        raise AlprError(
            f"quarantine item {quarantine_id} still cannot land: {error}",
            remedy=error.remedy or "give the right --time or --place, or dismiss it with a reason",
        ) from error
    arrival = _corrected(arrival, line, captured_at, place)
    store.images.seal(arrival.day, content)
    with writing(store.engine) as connection:
        one_writer(connection, "landing")
        _unresolved(connection, quarantine_id)
        _require_new(connection, arrival)
        operator = connection.scalar(select(schema.drop.c.operator).where(schema.drop.c.drop_id == item.drop_id))
        arrivals = operators.flagged(connection, [arrival], operator, policy)
        (capture_id,) = insert_captures(
            connection, arrivals, drop_id=item.drop_id, landed_at=now, cause=f"quarantine item {quarantine_id}"
        )
        _resolve(connection, quarantine_id, by=by, resolution=f"landed as capture {capture_id}: {reason}", now=now)
    return capture_id


def dismiss(store: Store, quarantine_id: int, *, by: str, reason: str, now: datetime) -> None:
    """Close an item that will not land; its bytes stay as long as quarantine is retained.

    Raises AlprError when it is resolved already.
    """
    with writing(store.engine) as connection:
        _unresolved(connection, quarantine_id)
        _resolve(connection, quarantine_id, by=by, resolution=f"dismissed: {reason}", now=now)


def _unresolved(connection: Connection, quarantine_id: int) -> Row[Any]:
    row = connection.execute(select(schema.quarantine).where(TABLE.quarantine_id == quarantine_id)).one_or_none()
    if row is None:
        raise AlprError(f"no quarantine item {quarantine_id}", remedy="alpr quarantine list shows the open ones")
    if row.resolved_at is not None:
        raise AlprError(
            f"quarantine item {quarantine_id} was resolved: {row.resolution}",
            remedy="alpr quarantine list shows the open ones",
        )
    return row


def _line(item: Row[Any]) -> CaptureLine:
    """What the drop said, less what it should not have said; the item keeps all of it."""
    told = {key: value for key, value in (item.content or {}).items() if key in FIELDS}
    for key in ("captured_at", "kind", "device_id", "latitude", "longitude", "lat", "lon", "heading"):
        try:
            parse_capture({"file": item.item, key: told.get(key)})
        except MalformedError:
            told.pop(key, None)
    return parse_capture({**told, "file": item.item, "sha256": item.sealed_sha256})


def _picture_of(store: Store, item: Row[Any], policy: Policy) -> bytes:
    """The picture's bytes; of one that could not be decrypted when it came, opened with a key that was restored since.

    Raises MalformedError when it cannot be opened still, or is not what its manifest declared; DropKeyError.
    """
    content = store.received.open(item.sealed_day, item.sealed_sha256)
    if not is_encrypted(content):
        return content
    plain = DropKeys.of(store).open(content, max_bytes=policy.captures.max_image_megabytes * 1_000_000)
    if sha256_hex(plain) != (item.content or {}).get("declared_sha256"):
        raise MalformedError("hash_mismatch", "what it holds is not what the manifest declared")
    return plain


def _placeless(picture: pictures.Picture, forget: bool) -> pictures.Picture:
    return replace(picture, place=None) if forget else picture


def _lineless_place(line: CaptureLine, forget: bool) -> CaptureLine:
    return replace(line, latitude_deg=None, longitude_deg=None) if forget else line


def _corrected(
    arrival: Arrival, line: CaptureLine, captured_at: datetime | None, place: tuple[float, float] | None
) -> Arrival:
    if captured_at is not None:
        arrival = replace(
            arrival, captured_at=captured_at.astimezone(UTC), clock="redated", source_time=line.source_time
        )
    return arrival if place is None else replace(arrival, place_source="given")


def _require_new(connection: Connection, arrival: Arrival) -> None:
    identity = schema.capture_identity.c
    known = connection.scalar(
        select(identity.capture_id).where(
            identity.device_id == arrival.device_id, identity.image_sha256 == arrival.sha256
        )
    )
    if known is not None:
        raise AlprError(f"this picture landed meanwhile as capture {known}", remedy="dismiss the item")


def _resolve(connection: Connection, quarantine_id: int, *, by: str, resolution: str, now: datetime) -> None:
    connection.execute(
        schema.quarantine.update()
        .where(TABLE.quarantine_id == quarantine_id)
        .values(resolved_at=now, resolved_by=by, resolution=resolution)
    )
