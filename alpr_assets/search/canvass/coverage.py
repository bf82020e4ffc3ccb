"""What could have been seen at an incident at all: "not seen" is not "not there".

Here: which readers looked, which were silent, what has not landed, is not read yet, lies in quarantine or has no time. Counts only.
Not here: what was seen (`vehicles`).
Looked for are readers that stand in the area, and those that read anything there at such hours in the weeks around the incident.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Engine, func, select

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.roles import Action
from alpr_assets.policy import Policy
from alpr_assets.search import reads
from alpr_assets.search.canvass import habits
from alpr_assets.search.canvass.incidents import Incident, check
from alpr_assets.search.probes import Probe
from alpr_assets.search.reads import Window
from alpr_assets.store import schema
from alpr_assets.store.conditions import among
from alpr_assets.store.engine import searching
from alpr_assets.store.types import to_microseconds

_DEVICES: Final = Probe("DISTINCT r.device_id")
LATE: Final = timedelta(days=7)
"""How long after an incident what lacks a time, or files, may still be of it."""

COLUMNS: Final = {
    "incident": "name of the incident",
    "device_id": "the reader",
    "device": "what people call it; missing: not registered",
    "kind": "fixed or mobile; missing: not registered",
    "latitude_deg": "where a fixed reader stands, WGS 84 (EPSG:4326)",
    "longitude_deg": "of the same",
    "state": "here: it took pictures inside; elsewhere: only outside; silent: none at these times",
    "n_captures": "pictures inside",
    "n_unread": "of these, not read yet",
    "n_elsewhere": "pictures outside, or at an unknown place",
    "first_at": "instant of its first picture inside, UTC",
    "last_at": "instant of its last, UTC",
}
"""Columns of `Coverage.devices`, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What stands between "not seen" and "not there".

    devices : DataFrame (n, 12), a row an incident and reader, see COLUMNS
    n_unread : pictures inside that no recogniser has read yet
    n_quarantined : pictures in quarantine that claim these times, or no time
    n_refused_drops : drops in quarantine that came since; what is in them is not known
    n_missing : files that drops landed since declare, and that have not arrived
    n_undated : pictures landed since whose time is only that of their receipt
    n_waiting : closed drops that wait to be landed; None: not looked
    gaps : the same in sentences; empty where nothing is known to be missing
    """

    devices: pd.DataFrame
    n_unread: int
    n_quarantined: int
    n_refused_drops: int
    n_missing: int
    n_undated: int
    n_waiting: int | None
    gaps: tuple[str, ...]


def coverage(
    grant: Grant, engine: Engine, incidents: Sequence[Incident], *, policy: Policy, n_waiting: int | None = None
) -> Found[Coverage]:
    """What could have been seen at these incidents.

    Parameters
    ----------
    n_waiting : how many drops wait in the landing folder (`lifecycle.captures.pending`), where the caller sees it

    Raises
    ------
    AccessRefusedError : the grant is for another ask
    MalformedError : as `vehicles.canvass`

    Source: 422.4(c), 422.5
    """
    grant.require(Action.CANVASS)
    check(incidents, policy)
    with searching(engine) as connection:
        devices = pd.concat([_devices(connection, incident, policy) for incident in incidents], ignore_index=True)
        windows = [window for incident in incidents for window in incident.windows]
        quarantined, refused = _quarantined(connection, windows)
        counts = {
            "n_unread": int(devices["n_unread"].sum()), "n_quarantined": quarantined, "n_refused_drops": refused,
            "n_missing": _n_missing(connection, windows), "n_undated": _n_undated(connection, windows),
        }  # fmt: skip
    gaps = tuple(_gaps(devices, {**counts, "n_waiting": n_waiting or 0}))
    return Found(Coverage(devices=devices, **counts, n_waiting=n_waiting, gaps=gaps), [])


def _devices(connection: Connection, incident: Incident, policy: Policy) -> pd.DataFrame:
    known = {row.device_id: row for row in connection.execute(select(schema.device))}
    expected = _standing(list(known.values()), incident) | _usual(connection, incident, policy)
    taken = _captures(connection, incident, sorted(expected))
    inside = np.zeros(len(taken), np.bool_)
    for area in incident.areas:
        inside |= reads.inside(taken, area)
    rows = []
    for device_id in sorted(expected):
        own = (taken["device_id"] == device_id).to_numpy(np.bool_)
        here, row = taken[own & inside], known.get(device_id)
        n_elsewhere = int((own & ~inside).sum())
        rows.append({
            "incident": incident.name, "device_id": device_id, "device": row and row.name, "kind": row and row.kind,
            "latitude_deg": row and row.latitude_deg, "longitude_deg": row and row.longitude_deg,
            "state": "here" if len(here) else "elsewhere" if n_elsewhere else "silent", "n_captures": len(here),
            "n_unread": int(here["current_version"].isna().sum()), "n_elsewhere": n_elsewhere,
            "first_at": here["captured_at"].min(), "last_at": here["captured_at"].max(),
        })  # fmt: skip
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    times = dict.fromkeys(("first_at", "last_at"), "datetime64[us, UTC]")
    places = dict.fromkeys(("latitude_deg", "longitude_deg"), "float64")
    return frame.astype({**times, **places, "n_unread": "int64", "n_captures": "int64", "n_elsewhere": "int64"})


def _standing(devices: Sequence[Any], incident: Incident) -> set[str]:
    """Fixed readers that stand in the incident's places."""
    columns = ["device_id", "latitude_deg", "longitude_deg"]
    frame = pd.DataFrame([[getattr(row, name) for name in columns] for row in devices], columns=columns)
    return {one for area in incident.areas for one in frame["device_id"][reads.inside(frame, area)]}


def _usual(connection: Connection, incident: Incident, policy: Policy) -> set[str]:
    """Readers that read anything in the cells of the incident at its time, or at such hours in the weeks around it."""
    _, cell, since, until = habits.probes(incident, policy.search.lookback_weeks)
    now = [(cell, *_edges(window)) for window in incident.windows for cell in habits.cells_of(incident)]
    more = np.array(now, np.int64).T
    joined = [np.concatenate(both) for both in zip((cell, since, until), more, strict=True)]
    return {str(row[0]) for row in _DEVICES.rows(connection, np.zeros(len(joined[0]), np.int64), *joined)}


def _edges(window: Window) -> tuple[int, int]:
    return to_microseconds(window.since), to_microseconds(window.until) - 1


def _captures(connection: Connection, incident: Incident, device_ids: list[str]) -> pd.DataFrame:
    """The pictures that these readers took at the incident's times, wherever."""
    capture = schema.capture.c
    columns = [
        capture.day, capture.capture_id, capture.device_id, capture.captured_at, capture.latitude_deg, capture.longitude_deg,
        capture.current_version,
    ]  # fmt: skip
    rows: list[Any] = []
    for window in incident.windows:  # one at a time: an OR of times would not use the index
        days = capture.day.between(window.since.astimezone(UTC).date(), window.until.astimezone(UTC).date())
        rows += connection.execute(
            select(*columns).where(
                among(connection.dialect.name, capture.device_id, device_ids),
                capture.captured_at >= window.since,
                capture.captured_at < window.until,
                days,
            )
        )
    frame = pd.DataFrame(list(map(tuple, rows)), columns=[column.name for column in columns])
    return frame.drop_duplicates(["day", "capture_id"])


def _quarantined(connection: Connection, windows: Sequence[Window]) -> tuple[int, int]:
    """Pictures in quarantine that may be of these times, and whole drops."""
    item = schema.quarantine.c
    since = min(window.since for window in windows)
    rows = connection.execute(
        select(item.kind, item.content).where(
            item.resolved_at.is_(None), item.kind.in_(["capture", "drop"]), item.opened_at >= since
        )
    ).all()
    captures = [_claimed(row.content) for row in rows if row.kind == "capture"]
    n_captures = sum(at is None or any(w.since <= at < w.until for w in windows) for at in captures)
    return n_captures, sum(row.kind == "drop" for row in rows)


def _claimed(content: Any) -> datetime | None:
    """When a quarantined picture says it was taken; None where it does not, or not in words that are a time with its zone."""
    told = content.get("captured_at") if isinstance(content, dict) else None
    try:
        at = datetime.fromisoformat(told) if isinstance(told, str) else None
    except ValueError:
        return None
    return at if at is not None and at.utcoffset() is not None else None


def _n_missing(connection: Connection, windows: Sequence[Window]) -> int:
    drop = schema.drop.c
    since, until = min(w.since for w in windows), max(w.until for w in windows) + LATE
    total = select(func.coalesce(func.sum(drop.n_missing), 0)).where(drop.landed_at >= since, drop.landed_at < until)
    return int(connection.execute(total).scalar_one())


def _n_undated(connection: Connection, windows: Sequence[Window]) -> int:
    capture = schema.capture.c
    since, until = min(w.since for w in windows), max(w.until for w in windows) + LATE
    days = capture.day.between(since.astimezone(UTC).date(), until.astimezone(UTC).date())
    undated = select(func.count()).where(capture.clock == "receipt", capture.captured_at >= since, days)
    return int(connection.execute(undated).scalar_one())


def _gaps(devices: pd.DataFrame, counts: dict[str, int]) -> list[str]:
    words = {
        "n_unread": "pictures taken there are not read yet",
        "n_quarantined": "quarantined pictures may be of these times",
        "n_refused_drops": "drops that came since are in quarantine whole",
        "n_missing": "files of drops that landed since have not arrived",
        "n_undated": "pictures landed since have no time of their own",
        "n_waiting": "drops wait to be landed",
    }
    gaps = [f"{counts[name]} {what}" for name, what in words.items() if counts[name]]
    for state, what in (("silent", "took no picture at these times"), ("elsewhere", "took pictures only elsewhere")):
        n_devices = int((devices["state"] == state).sum())
        readers = "reader that is" if n_devices == 1 else "readers that are"
        gaps += [f"{n_devices} {readers} often there {what}"] if n_devices else []
    if not (devices["state"] == "here").any():
        gaps.append("no reader looked there at all")
    return gaps
