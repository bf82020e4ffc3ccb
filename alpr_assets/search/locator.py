"""Locator: where and when a plate is usually seen, and how sure that is, for a felony or a missing person.

Here: asking a supervisor, the check that he agreed, places with their shares, likelihoods by hour of the week. Not here: deciding on
the request (`access.exports.decide`: one list of requests for all that a supervisor approves).

What is estimated is where the vehicle is SEEN: where no reader looks it is never seen, however often it is there.

Visits: reads in one square of PLACE_DEG (about 200 m) less than `occasion_minutes` apart. With wᵢ the weight of visit i at an hour,
a normal kernel of SPREAD_H hours on the clock's circle, times 1 on the same weekday, ½ on another of its kind (working day, weekend)
and ⅕ on the others, the likelihood of a place is

    (Σ wᵢ of its visits + its share of all visits) / (Σ wᵢ + 1) · (1 − u)

u, the likelihood of a place where it was never seen: visits to places seen once, and one, of all visits and two (Good and Turing).
Intervals are Wilson's, 95 %, with as many visits as the weights are worth: (Σ wᵢ)² / Σ wᵢ².
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, Row, insert, select

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action
from alpr_assets.access.secret_key import SecretKey
from alpr_assets.errors import AccessRefusedError
from alpr_assets.intervals import wilson
from alpr_assets.policy import Policy
from alpr_assets.search import corrected, reads
from alpr_assets.search.plates import typed
from alpr_assets.store import schema
from alpr_assets.store.engine import searching

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PLACES: Final = {
    "place": "number of the place, 0 the most visited",
    "latitude_deg": "mean of its reads, WGS 84 (EPSG:4326)",
    "longitude_deg": "mean of its reads",
    "n_visits": "visits",
    "share": "of all visits, 0–1",
    "share_low": "of its 95 % interval",
    "share_high": "of its 95 % interval",
    "n_days": "dates of the department on which it was there",
    "peak_hour": "hour of the day, the department's, with most visits; the earliest of several",
    "first_at": "instant of the first visit, UTC",
    "last_at": "instant of the last, UTC",
}
"""Columns of `Located.places`, in order."""

HOURS: Final = {
    "weekday": "0 Monday … 6 Sunday, the department's",
    "hour": "0–23, the department's",
    "place": "number of the place; −1: where it was never seen",
    "likelihood": "that it is there when it is seen in this hour, 0–1; an hour's sum to 1",
    "low": "of its 95 % interval; missing for −1",
    "high": "of its 95 % interval; missing for −1",
}
"""Columns of `Located.hours`, in order."""

ELSEWHERE: Final = -1
PLACE_DEG: Final = 0.002
SPREAD_H: Final = 1.5


@dataclass(frozen=True, slots=True)
class Located:
    """Where a plate is usually seen.

    places : DataFrame (n, 11), a row a place, see PLACES
    hours : DataFrame (168 · (n + 1), 6), a row an hour of the week and place, see HOURS; empty where it was never seen
    n_visits, n_reads : what it rests on
    """

    places: pd.DataFrame
    hours: pd.DataFrame
    n_visits: int
    n_reads: int


def request(grant: Grant, connection: Connection, *, plate: str, policy: Policy, key: SecretKey) -> Found[int]:
    """Ask a supervisor; returns the request's number. Asked again while it waits, it stays the same request.

    A deed for `Gate.act`. The request is known by a keyed digest: it holds no plate.

    Raises
    ------
    AccessRefusedError : the grant is for another ask, or its purpose is none that a vehicle is located for
    """
    _require(grant, policy)
    table = schema.export_request
    digest = _digest(grant, plate, key)
    waiting = select(table.c.request_id).where(table.c.digest == digest, table.c.decided_at.is_(None))
    number = connection.scalar(waiting)
    if number is None:
        row = {
            "member_id": grant.member.member_id, "action": Action.LOCATE.value, "purpose": grant.ask.purpose,
            "case_number": grant.ask.case_number, "format": "none", "digest": digest, "n_rows": 0, "asked_at": grant.at,
        }  # fmt: skip
        number = connection.execute(insert(table).returning(table.c.request_id), row).scalar_one()
    return Found(int(number), [ResultId("request", None, int(number))])


def requests_of(connection: Connection, member_id: int) -> list[Row[Any]]:
    """A member's requests, the newest first: request_id, purpose, case_number, asked_at, decided_at, approved, note. No plate."""
    table = schema.export_request.c
    statement = (
        select(
            table.request_id, table.purpose, table.case_number, table.asked_at, table.decided_at, table.approved, table.note
        )
        .where(table.member_id == member_id, table.action == Action.LOCATE.value)
        .order_by(table.asked_at.desc(), table.request_id.desc())
    )  # fmt: skip
    return list(connection.execute(statement))


def locate(
    grant: Grant,
    engine: Engine,
    *,
    plate: str,
    policy: Policy,
    key: SecretKey,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Found[Located]:
    """Where and when a plate is usually seen.

    Parameters
    ----------
    since, until : aware instants, `until` excluded; None: no limit

    Raises
    ------
    AccessRefusedError : the grant is for another ask; its purpose is none that a vehicle is located for (`locate_purpose`); no
        supervisor approved just this, lately enough (`approval`)
    MalformedError : no plate

    Source: 422.4(c)
    """
    _require(grant, policy)
    read, capture, wanted = schema.read.c, schema.capture.c, typed(plate)
    with searching(engine) as connection:
        _require_approval(grant, connection, _digest(grant, plate, key), policy)
        statement = reads.reads_in_force(
            corrected.of_plates(connection, [wanted]), read.cell.is_not(None), capture.clock != "receipt",
            *reads.between(since, until),
        ).order_by(read.captured_at)  # fmt: skip
        rows = connection.execute(statement).all()
        frame = pd.DataFrame(list(map(tuple, rows)), columns=list(reads.COLUMNS))
        frame = corrected.beside(connection, frame)
    frame = frame[corrected.meant(frame) == wanted].reset_index(drop=True)
    return Found(located(frame, policy), reads.ids_of(frame))


def _require(grant: Grant, policy: Policy) -> None:
    grant.require(Action.LOCATE)
    if grant.ask.purpose not in policy.search.locate_purposes:
        purposes = ", ".join(policy.search.locate_purposes)
        raise AccessRefusedError(
            ("a vehicle is not located for this purpose",), codes=("locate_purpose",), remedy=purposes
        )


def _require_approval(grant: Grant, connection: Connection, digest: str, policy: Policy) -> None:
    table = schema.export_request.c
    oldest = grant.at - timedelta(hours=policy.access.approval_hours)
    given = select(table.request_id).where(
        table.digest == digest, table.approved.is_(True), table.decided_at > oldest, table.decided_by != table.member_id
    )
    if connection.scalar(given.limit(1)) is None:
        raise AccessRefusedError(
            ("a supervisor approves first where a vehicle is to be located",),
            codes=("approval",),
            remedy="ask for the approval; it is for this plate, purpose and case number",
        )


def _digest(grant: Grant, plate: str, key: SecretKey) -> str:
    said = [grant.member.member_id, Action.LOCATE.value, grant.ask.purpose, grant.ask.case_number, typed(plate)]
    return key.digest(json.dumps(said).encode())


# ── estimating ─────────────────────────────────────────────────────────────────────────────────────────────────────


def located(seen: pd.DataFrame, policy: Policy) -> Located:
    """Places and hours from a plate's reads in the order of time, each with a place: day, captured_at, latitude_deg, longitude_deg."""
    visits = _visits(seen, policy)
    places = _places(visits)
    return Located(places, _hours(visits, places), int(visits["visit"].nunique()), len(seen))


def _visits(seen: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """The reads with their place's square, their visit and the department's time."""
    row, column = (
        np.floor(seen[name].to_numpy(np.float64) / PLACE_DEG).astype(np.int64)
        for name in ("latitude_deg", "longitude_deg")
    )
    at = pd.DatetimeIndex(seen["captured_at"].astype("datetime64[us, UTC]"))
    frame = pd.DataFrame({
        "square": row * 1_000_000 + column, "at": at, "latitude_deg": seen["latitude_deg"].to_numpy(np.float64),
        "longitude_deg": seen["longitude_deg"].to_numpy(np.float64),
    }).sort_values(["square", "at"], kind="stable", ignore_index=True)  # fmt: skip
    apart = frame["at"].diff() >= timedelta(minutes=policy.search.occasion_minutes)
    fresh = apart | (frame["square"] != frame["square"].shift())
    local = pd.DatetimeIndex(frame["at"]).tz_convert(policy.zone)
    clock = local.hour + local.minute / 60
    return frame.assign(visit=fresh.cumsum(), local=local, clock=clock, weekday=local.weekday)


def _places(visits: pd.DataFrame) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    n_all = visits["visit"].nunique()
    for square, group in visits.groupby("square"):
        first = group.drop_duplicates("visit")
        low, high = wilson(len(first), n_all)
        rows.append({
            "square": square, "latitude_deg": group["latitude_deg"].mean(), "longitude_deg": group["longitude_deg"].mean(),
            "n_visits": len(first), "share": len(first) / n_all, "share_low": low, "share_high": high,
            "n_days": first["local"].dt.date.nunique(), "peak_hour": int(np.bincount(first["local"].dt.hour, minlength=24).argmax()),
            "first_at": group["at"].min(), "last_at": group["at"].max(),
        })  # fmt: skip
    frame = pd.DataFrame(rows, columns=["square", *list(PLACES)[1:]])
    ordered = frame.sort_values(["n_visits", "last_at"], ascending=False, kind="stable", ignore_index=True)
    ordered.insert(1, "place", np.arange(len(ordered)))
    return ordered.astype(dict.fromkeys(("first_at", "last_at"), "datetime64[us, UTC]")).set_index("square")


def _hours(visits: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """Likelihoods of each place in each hour of the week."""
    if visits.empty:
        return pd.DataFrame(columns=list(HOURS))
    each = visits.drop_duplicates("visit")
    place = places["place"].reindex(each["square"]).to_numpy(np.int64)
    weight = _weights(each["clock"].to_numpy(np.float64), each["weekday"].to_numpy(np.int64))
    there = np.stack([np.bincount(place, weights=row, minlength=len(places)) for row in weight])
    total, worth = weight.sum(axis=1), (weight**2).sum(axis=1)
    unseen = (int((places["n_visits"] == 1).sum()) + 1) / (len(each) + 2)
    share = places["share"].to_numpy(np.float64)
    known = (there + share) / (total[:, None] + 1) * (1 - unseen)
    n_worth = total**2 / np.maximum(worth, 1e-12)
    rows = []
    for hour_of_week in range(168):
        weekday, hour = divmod(hour_of_week, 24)
        for number, likelihood in enumerate(known[hour_of_week].tolist()):
            n = float(n_worth[hour_of_week])
            rows.append((weekday, hour, number, likelihood, *wilson(likelihood * n, n)))
        rows.append((weekday, hour, ELSEWHERE, unseen, np.nan, np.nan))
    return pd.DataFrame(rows, columns=list(HOURS))


def _weights(clock: Floats, weekday: Ints) -> Floats:
    """(168, n) how much each visit says about each hour of the week."""
    hours = np.arange(168)
    off = np.abs((hours[:, None] % 24 + 0.5 - clock + 12) % 24 - 12)
    day = hours[:, None] // 24
    same_kind = (day >= 5) == (weekday >= 5)
    kind = np.where(day == weekday, 1.0, np.where(same_kind, 0.5, 0.2))
    weight: Floats = np.exp(-0.5 * (off / SPREAD_H) ** 2) * kind
    return weight
