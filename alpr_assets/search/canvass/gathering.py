"""The reads at an incident: inside its places, within its times, as described.

Here: from cells and windows, by their index, to reads with how near they are. Not here: what they mean (`weighing`).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection, Select

from alpr_assets.lifecycle.watches import areas
from alpr_assets.lifecycle.watches.areas import Circle
from alpr_assets.search import corrected, reads
from alpr_assets.search.canvass.incidents import HEADING_TOLERANCE_DEG, Description, Incident
from alpr_assets.search.distances import metres
from alpr_assets.search.reads import Window
from alpr_assets.store import schema
from alpr_assets.store.conditions import among

COLUMNS: Final = {
    "incident": "name of the incident",
    "vehicle": "characters of the pass: as a person corrected one of its reads, else the vote of them",
    "distance_m": "from the nearest circle's centre; missing: inside a drawn area",
    "offset_s": "seconds from when it happened, negative before; missing: not known when",
    "near": "1 at the place and the time, halved towards the edge of either; see `weighing`",
    **reads.COLUMNS,
    "corrected_plate": "characters as a person read them in the picture, the newest correction; missing: none",
}
"""Columns of reads at incidents, in order; followed by `reads.EVIDENCE`."""


def reads_at(connection: Connection, incident: Incident, described: Description) -> pd.DataFrame:
    """The reads in force at one incident, each once, the earliest first."""
    cells = sorted({cell for area in incident.areas for cell in areas.cells_of(area)})
    frames = []
    for window in incident.windows:
        statement = _statement(connection.dialect.name, cells, window, described)
        rows = connection.execute(statement).all()
        frames.append(pd.DataFrame(list(map(tuple, rows)), columns=list(statement.selected_columns.keys())))
    found = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    found = found.drop_duplicates(["day", "read_id"])
    inside = np.zeros(len(found), np.bool_)
    for area in incident.areas:
        inside |= reads.inside(found, area)
    found = corrected.beside(connection, found[inside & _as_described(found, described)])
    found = corrected.of_state(found, described.state).sort_values(["captured_at", "read_id"])
    found = found.assign(
        incident=incident.name,
        vehicle=_vehicle(found),
        distance_m=_distance_m(found, incident),
        offset_s=_offset_s(found, incident),
    )
    found["near"] = _near(found, incident)
    return found[[*COLUMNS, *reads.EVIDENCE]].reset_index(drop=True)


def _statement(dialect: str, cells: list[int], window: Window, described: Description) -> Select[Any]:
    read, member, sighting = schema.read.c, schema.sighting_read.c, schema.sighting.c
    conditions = [among(dialect, read.cell, cells), *reads.between(window.since, window.until)]
    if described.devices:
        conditions.append(read.device_id.in_(described.devices))
    return (
        reads.reads_in_force(*conditions, evidence=True)
        .add_columns(sighting.plate.label("voted"), member.sighting_id)
        .outerjoin(schema.sighting_read, (member.day == read.day) & (member.read_id == read.read_id))
        .outerjoin(
            schema.sighting, (sighting.day == member.sighting_day) & (sighting.sighting_id == member.sighting_id)
        )
    )


def _vehicle(found: pd.DataFrame) -> pd.Series[Any]:
    """(n,) characters of each read's pass: one vehicle, so what a person read in one picture of it goes for all."""
    corrected_last = found.dropna(subset=["corrected_plate", "sighting_id"]).drop_duplicates("sighting_id", keep="last")
    of_pass = found["sighting_id"].map(corrected_last.set_index("sighting_id")["corrected_plate"])
    vehicle = found["corrected_plate"].astype(object)
    for known in (of_pass, found["voted"], found["plate"]):
        vehicle = vehicle.where(vehicle.notna(), known)
    return vehicle


def _as_described(found: pd.DataFrame, described: Description) -> NDArray[np.bool_]:
    """(n,) whether a read's heading is as described, or unknown."""
    if described.heading_deg is None:
        return np.ones(len(found), np.bool_)
    heading = found["heading_deg"].to_numpy(np.float64, na_value=np.nan)
    apart = np.abs((heading - described.heading_deg + 180) % 360 - 180)
    return ~(apart > HEADING_TOLERANCE_DEG)


def _distance_m(found: pd.DataFrame, incident: Incident) -> NDArray[np.floating[Any]]:
    lat, lon = (found[name].to_numpy(np.float64, na_value=np.nan) for name in ("latitude_deg", "longitude_deg"))
    nearest: NDArray[np.floating[Any]] = np.full(len(found), np.nan)
    for area in incident.areas:
        if isinstance(area, Circle):
            away = metres(lat, lon, area.latitude_deg, area.longitude_deg)
            nearest = np.fmin(nearest, np.where(area.contains(lat, lon), away, np.nan))
    return nearest


def _offset_s(found: pd.DataFrame, incident: Incident) -> NDArray[np.float64]:
    if incident.at is None or found.empty:
        return np.full(len(found), np.nan)
    seconds = (found["captured_at"] - incident.at).dt.total_seconds()
    return np.asarray(seconds, dtype=np.float64)


def _near(found: pd.DataFrame, incident: Incident) -> NDArray[np.float64]:
    """Two to the power of minus the share of the way to the edge, in space and in time; 1 where either is not known."""
    radius = max((area.radius_m for area in incident.areas if isinstance(area, Circle)), default=1.0)
    reach = 1.0
    if incident.at is not None:
        edges = [edge for window in incident.windows for edge in (window.since, window.until)]
        reach = max(abs((edge - incident.at).total_seconds()) for edge in edges)
    space = np.nan_to_num(found["distance_m"].to_numpy(np.float64) / radius)
    time = np.nan_to_num(np.abs(found["offset_s"].to_numpy(np.float64)) / max(reach, 1.0))
    near: NDArray[np.float64] = 2.0 ** -(np.minimum(space, 1) + np.minimum(time, 1))
    return near
