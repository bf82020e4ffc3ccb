"""Co-travel: the vehicles that were repeatedly within seconds and metres of a given one (422.4(c)).

Here: the search. Not here: who passed close by (`probing`), what chance gives (`chance`).
A small q-value says that two vehicles did not meet by chance; why they met, it does not say: a bus and its stop's regulars do too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
from sqlalchemy import BigInteger, Connection, Engine, func, select, true, type_coerce

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action
from alpr_assets.errors import MalformedError
from alpr_assets.lifecycle.edits import within_one
from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.policy import Policy
from alpr_assets.search import corrected, reads
from alpr_assets.search.convoy import chance
from alpr_assets.search.convoy.probing import close_by
from alpr_assets.search.plates import typed
from alpr_assets.store import schema
from alpr_assets.store.engine import searching

COLUMNS: Final = {
    "plate": "characters as read, or as a person corrected them",
    "n_found": "occasions on which it was within the policy's metres and seconds",
    "n_expected": "occasions expected by chance, from what both do in other weeks",
    "p_value": "probability of as many or more by chance",
    "q_value": "the same, held against every plate of the dictionary (Benjamini–Hochberg)",
    "n_occasions": "occasions on which it was seen at all",
    "n_places": "readers before which they met",
    "first_at": "first instant at which it was seen close by, UTC",
    "last_at": "last instant, UTC",
    "may_be_same": "within one misread of the given plate: perhaps the given vehicle itself, read otherwise",
}
"""Columns of `CoTravel.companions`, in order."""

PASSES: Final = {
    "plate": "the companion's characters as read, or as a person corrected them",
    "occasion": "number of the occasion: reads of one number are of one trip of the companion",
    "captured_at": "instant of the companion's read, UTC",
    "day": "UTC day of the companion's read",
    "read_id": "id of the companion's read",
    "latitude_deg": "of the companion, WGS 84 (EPSG:4326)",
    "longitude_deg": "of the companion",
    "device_id": "the reader that saw it",
    "own_day": "UTC day of the given vehicle's read",
    "own_read_id": "id of the given vehicle's read",
    "gap_s": "seconds from the given vehicle's read, negative before",
    "gap_m": "metres from it",
}
"""Columns of `CoTravel.passes`, in order."""


@dataclass(frozen=True, slots=True)
class CoTravel:
    """Who travelled with a vehicle.

    companions : DataFrame (n, 10), a row a vehicle, the least likely by chance first; see COLUMNS
    passes : DataFrame (m, 12), a row a pair of reads close by, see PASSES
    n_own : reads of the given vehicle that have a place and a time
    n_tests : plates that the q-values are held against
    """

    companions: pd.DataFrame
    passes: pd.DataFrame
    n_own: int
    n_tests: int


def co_travel(
    grant: Grant,
    engine: Engine,
    *,
    plate: str,
    policy: Policy,
    since: datetime | None = None,
    until: datetime | None = None,
    at_least: int = 2,
) -> Found[CoTravel]:
    """Vehicles that were on at least so many occasions close to a given one.

    Parameters
    ----------
    plate : as typed
    since, until : aware instants, `until` excluded; None: no limit
    at_least : occasions, 2 or more: one is no repetition

    Raises
    ------
    AccessRefusedError : the grant is for another ask
    MalformedError : no plate, or less than two occasions

    Source: 422.4(c)
    """
    grant.require(Action.CO_TRAVEL)
    wanted, figures = typed(plate), policy.search
    if at_least < 2:
        raise MalformedError("co_travel", "one occasion is no repetition", remedy="ask for two or more")
    with searching(engine) as connection:
        given = _passes(connection, [wanted], since, until)
        pairs = close_by(connection, given, reach_m=figures.companion_m, seconds=figures.companion_seconds)
        pairs = _by_person(connection, pairs)
        pairs = pairs[pairs["plate"] != wanted]
        often = _often(pairs, at_least, figures.occasion_minutes)
        others = _passes(connection, often, since, until) if often else given.iloc[:0]
        n_tests = connection.scalar(select(func.count()).select_from(schema.plate)) or 0
    others = _keyed(others, figures.occasion_minutes)
    others["met"] = others["read_id"].isin(pairs["read_id"])
    passes = _met(pairs, given, others)
    n_found = passes.groupby("key")["occasion"].nunique()
    kept = n_found.index[n_found >= at_least]
    others, passes = (frame[frame["key"].isin(kept)].reset_index(drop=True) for frame in (others, passes))
    companions = _companions(passes, given, others, policy)
    companions["q_value"] = chance.false_discovery(companions["p_value"].to_numpy(np.float64), n_tests)
    companions["may_be_same"] = [within_one(fold(other), fold(wanted)) for other in companions["plate"]]
    ordered = companions.sort_values(
        ["may_be_same", "p_value", "n_found"], ascending=[True, True, False], kind="stable", ignore_index=True
    )
    found = CoTravel(ordered[list(COLUMNS)], passes[list(PASSES)], len(given), n_tests)
    return Found(found, _named(passes))


def _passes(connection: Connection, plates: list[str], since: datetime | None, until: datetime | None) -> pd.DataFrame:
    """Reads in force of these plates with a place and a time of their own, by plate and time."""
    read, capture = schema.read.c, schema.capture.c
    statement = (
        select(
            read.day, read.read_id, read.plate, type_coerce(read.captured_at, BigInteger).label("at_us"), read.latitude_deg,
            read.longitude_deg, read.device_id, func.coalesce(capture.device_kind != "fixed", true()).label("moving"),
        )
        .join(schema.capture, (capture.day == read.day) & (capture.capture_id == read.capture_id))
        .where(
            read.version_id == capture.current_version, capture.clock != "receipt", read.cell.is_not(None),
            corrected.of_plates(connection, plates), *reads.between(since, until),
        )
        .order_by(read.plate, read.captured_at, read.read_id)
    )  # fmt: skip
    rows = connection.execute(statement).all()
    frame = pd.DataFrame(list(map(tuple, rows)), columns=list(statement.selected_columns.keys()))
    frame = frame.astype({"at_us": "int64", "latitude_deg": "float64", "longitude_deg": "float64", "moving": "bool"})
    frame = _by_person(connection, frame)
    kept = frame[frame["plate"].isin(plates)]
    return kept.sort_values(["plate", "at_us", "read_id"], ignore_index=True)


def _by_person(connection: Connection, found: pd.DataFrame) -> pd.DataFrame:
    """Reads under the plate that a person read, where one did."""
    with_persons = corrected.beside(connection, found)
    return found.assign(plate=corrected.meant(with_persons))


def _often(pairs: pd.DataFrame, n: int, minutes: float) -> list[str]:
    """The plates that were close by at times so far apart that they may be so many occasions."""
    ordered = _keyed(pairs, minutes)
    per_plate = ordered.groupby("plate")["occasion"].nunique()
    return [str(plate) for plate in per_plate.index[per_plate >= n]]


def _keyed(passes: pd.DataFrame, minutes: float) -> pd.DataFrame:
    """Passes by plate and time, with the plate's number as `key` and the occasion's as `occasion`."""
    ordered = passes.sort_values(["plate", "at_us"], ignore_index=True)
    key = pd.factorize(ordered["plate"])[0].astype(np.int64)
    return ordered.assign(key=key, occasion=chance.occasions(key, ordered["at_us"].to_numpy(np.int64), minutes))


def _met(pairs: pd.DataFrame, given: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """Pairs of reads in force, by plate and time."""
    theirs = others[["read_id", "day", "device_id", "key", "occasion"]]
    own = given[["day", "read_id", "at_us"]].add_prefix("own_").assign(number=np.arange(len(given)))
    met = pairs.merge(theirs, on="read_id").merge(own, on="number")
    met = met.sort_values(["plate", "at_us", "own_at_us"], ignore_index=True)
    return met.assign(
        captured_at=pd.to_datetime(met["at_us"], unit="us", utc=True),
        gap_s=(met["at_us"] - met["own_at_us"]) / 1e6,
    )


def _companions(passes: pd.DataFrame, given: pd.DataFrame, others: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """A row a vehicle that met the given one, with what chance gives."""
    grouped, seen = passes.groupby("key", sort=True), others.groupby("key", sort=True)
    frame = pd.DataFrame({
        "plate": grouped["plate"].first(), "n_found": grouped["occasion"].nunique(),
        "n_occasions": seen["occasion"].nunique(), "n_places": grouped["device_id"].nunique(),
        "first_at": grouped["captured_at"].min(), "last_at": grouped["captured_at"].max(),
    }).reset_index(drop=True)  # fmt: skip
    if frame.empty:
        return frame.assign(n_expected=0.0, p_value=0.0)
    number = {name: pd.factorize(others[name], sort=True)[0] for name in ("key", "occasion")}
    figures = policy.search
    mean = chance.expected(
        given, others.assign(**number), reach_m=figures.companion_m, seconds=figures.companion_seconds, zone=policy.zone
    )
    return frame.assign(n_expected=mean, p_value=chance.at_least(frame["n_found"].to_numpy(np.int64), mean))


def _named(passes: pd.DataFrame) -> list[ResultId]:
    """Every read on either side, each once."""
    theirs = zip(passes["day"], passes["read_id"], strict=True)
    own = zip(passes["own_day"], passes["own_read_id"], strict=True)
    return [ResultId("read", day, int(number)) for day, number in dict.fromkeys([*theirs, *own])]
