"""The plain ways: DuckDB scans the day files of the same reads, and PostGIS answers a canvass as its manual shows.

Here: their statements and the table that PostGIS needs. Not here: the clock.
A scan reads only the days that a question is about, and knows nothing of the access record, of pictures or of passes.
"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import duckdb
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from alpr_assets.errors import AlprError
from alpr_assets.lifecycle.watches.areas import EARTH_M, Circle
from alpr_assets.policy import policy
from alpr_assets.search.canvass.incidents import Incident
from alpr_assets.store.engine import reading, writing
from alpr_assets.store.types import to_microseconds
from benchmarks.search.building import files
from benchmarks.search.questions import Drawn

SHOWN: Final = (
    "day, read_id, capture_id, captured_at, plate, region, confidence, device_id, latitude_deg, longitude_deg"
)
_AWAY: Final = (
    "2 * {earth} * asin(sqrt(least(1, power(sin(radians({a}latitude_deg - {lat}) / 2), 2) + cos(radians({a}latitude_deg)) "
    "* cos(radians({lat})) * power(sin(radians({a}longitude_deg - {lon}) / 2), 2))))"
)
# The vehicles at the place in the window; of each, in how many weeks it came at such an hour and in how many hours at all.
_CANVASS: Final = """
WITH here AS (
    SELECT plate, captured_at FROM read_parquet($window_files)
    WHERE captured_at >= $since AND captured_at < $until AND {near}
), habit AS (
    SELECT plate, count(DISTINCT captured_at // 3600000000) AS n_any,
        count(DISTINCT captured_at // 604800000000) FILTER (WHERE abs((captured_at - $middle + 302400000000 + 604800000000 * 9999)
            % 604800000000 - 302400000000) <= 5400000000) AS n_same
    FROM read_parquet($habit_files)
    WHERE plate IN (SELECT plate FROM here) AND abs(captured_at - $middle) <= $around
        AND abs(captured_at - $middle) > 5400000000 AND {near} GROUP BY plate
)
SELECT here.plate, count(*) AS n, any_value(n_same), any_value(n_any) FROM here LEFT JOIN habit USING (plate)
GROUP BY here.plate ORDER BY 3, 4
"""
_POINTS: Final = (
    "plate, to_timestamp(captured_at / 1e6) AS captured_at, "
    "ST_Transform(ST_Point(longitude_deg, latitude_deg, 4326), 32610) AS place"
)
_POSTGIS: Final = """
WITH here AS (
    SELECT plate, captured_at FROM plain_read
    WHERE captured_at >= :since AND captured_at < :until AND ST_DWithin(place, ST_Transform(ST_Point(:lon, :lat, 4326), 32610), :radius)
), habit AS (
    SELECT plate, count(DISTINCT date_trunc('hour', captured_at)) AS n_any,
        count(DISTINCT date_trunc('week', captured_at)) FILTER (WHERE abs(mod(extract(epoch FROM captured_at - :middle)
            + 302400 + 604800::bigint * 9999, 604800) - 302400) <= 5400) AS n_same
    FROM plain_read
    WHERE plate IN (SELECT plate FROM here) AND captured_at BETWEEN :middle - :around AND :middle + :around
        AND abs(extract(epoch FROM captured_at - :middle)) > 5400
        AND ST_DWithin(place, ST_Transform(ST_Point(:lon, :lat, 4326), 32610), :radius) GROUP BY plate
)
SELECT here.plate, count(*) AS n, max(n_same), max(n_any) FROM here LEFT JOIN habit USING (plate) GROUP BY here.plate ORDER BY 3, 4
"""
_COMPANY: Final = f"""
WITH own AS (SELECT captured_at, latitude_deg, longitude_deg, cell FROM read_parquet($files) WHERE plate = $plate)
SELECT r.plate, count(DISTINCT own.captured_at // 1800000000) AS n FROM read_parquet($files) AS r JOIN own ON r.cell = own.cell
AND r.captured_at BETWEEN own.captured_at - $wide AND own.captured_at + $wide AND r.plate <> $plate
WHERE {_AWAY.format(earth=EARTH_M, a="r.", lat="own.latitude_deg", lon="own.longitude_deg")} <= $reach
GROUP BY r.plate HAVING count(DISTINCT own.captured_at // 1800000000) >= 2 ORDER BY 2 DESC
"""


class Scans:
    """DuckDB, on all cores, over a folder of day files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._database = duckdb.connect(config={"threads": os.cpu_count() or 1})

    def _rows(self, statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        return self._database.execute(statement, values).fetchall()

    def _year(self, drawn: Drawn) -> list[str]:
        return files(self.folder, drawn.first_day, drawn.last_day)

    def history(self, plate: str, drawn: Drawn) -> int:
        """Reads found."""
        statement = f"SELECT {SHOWN} FROM read_parquet($files) WHERE plate = $plate ORDER BY captured_at DESC"
        return len(self._rows(statement, {"files": self._year(drawn), "plate": plate}))

    def partial(self, pattern: str, drawn: Drawn) -> int:
        """Reads found. A pattern without alternatives is a glob."""
        statement = f"SELECT {SHOWN} FROM read_parquet($files) WHERE plate GLOB $glob ORDER BY captured_at DESC"
        return len(self._rows(statement, {"files": self._year(drawn), "glob": pattern}))

    def canvass(self, incident: Incident, _: Drawn) -> int:
        """Reads at the incident."""
        circle, window = _only(incident)
        around = timedelta(weeks=policy().search.lookback_weeks)
        near = (
            _box(circle)
            + " AND "
            + _AWAY.format(earth=EARTH_M, a="", lat=circle.latitude_deg, lon=circle.longitude_deg)
            + f" <= {circle.radius_m}"
        )
        values = {
            "window_files": files(self.folder, _day(window.since), _day(window.until)),
            "habit_files": files(self.folder, _day(window.since - around), _day(window.until + around)),
            "since": to_microseconds(window.since), "until": to_microseconds(window.until),
            "middle": to_microseconds(window.since + (window.until - window.since) / 2),
            "around": around // timedelta(microseconds=1),
        }  # fmt: skip
        return sum(row[1] for row in self._rows(_CANVASS.format(near=near), values))

    def co_travel(self, plate: str, drawn: Drawn) -> int:
        """Vehicles found; in the given one's own cells only, and without what chance gives."""
        figures = policy().search
        values = {"files": self._year(drawn), "plate": plate, "reach": figures.companion_m}
        return len(self._rows(_COMPANY, {**values, "wide": round(figures.companion_seconds * 1e6)}))


class PostGIS:
    """A table of points in metres (UTM zone 10), with a GiST index, and one by time and one by plate."""

    def __init__(self, engine: Engine) -> None:
        """Make the table, unless it is there. Raises AlprError where the server has no PostGIS."""
        self.engine = engine
        try:
            with writing(engine) as connection:
                connection.execute(text("CREATE EXTENSION IF NOT EXISTS postgis"))
        except (DBAPIError, AlprError) as error:
            raise AlprError(
                "this PostgreSQL has no PostGIS", remedy="install it, on Debian as postgresql-15-postgis-3"
            ) from error
        with reading(engine) as connection:
            there = connection.scalar(text("SELECT to_regclass('plain_read') IS NOT NULL"))
        if not there:
            with writing(engine) as connection:
                for statement in (
                    f"CREATE TABLE plain_read AS SELECT {_POINTS} FROM read ORDER BY day, read_id",
                    "CREATE INDEX plain_read_place ON plain_read USING gist (place)",
                    "CREATE INDEX plain_read_at ON plain_read (captured_at)",
                    "CREATE INDEX plain_read_plate ON plain_read (plate, captured_at)",
                    "ANALYZE plain_read",
                ):
                    connection.execute(text(statement))

    def canvass(self, incident: Incident, _: Drawn) -> int:
        """Reads at the incident."""
        circle, window = _only(incident)
        values = {
            "since": window.since, "until": window.until, "lat": circle.latitude_deg, "lon": circle.longitude_deg,
            "radius": circle.radius_m, "middle": window.since + (window.until - window.since) / 2,
            "around": timedelta(weeks=policy().search.lookback_weeks),
        }  # fmt: skip
        with reading(self.engine) as connection:
            return sum(row[1] for row in connection.execute(text(_POSTGIS), values))


def _only(incident: Incident) -> tuple[Circle, Any]:
    (circle,), (window,) = incident.areas, incident.windows
    assert isinstance(circle, Circle)
    return circle, window


def _box(circle: Circle) -> str:
    """Latitudes and longitudes around a circle, by which Parquet may leave out row groups."""
    up, sideways = circle.radius_m / 111_000, circle.radius_m / 85_000
    lat, lon = circle.latitude_deg, circle.longitude_deg
    return f"latitude_deg BETWEEN {lat - up} AND {lat + up} AND longitude_deg BETWEEN {lon - sideways} AND {lon + sideways}"


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()
