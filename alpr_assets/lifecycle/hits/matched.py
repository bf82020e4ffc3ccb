"""From reads and lists to what a hit says: which reads match which entries, and the best reason of each key.

Here: loading both, matching, choosing. Not here: how plates match (`lifecycle.matching`), writing anything (`raising`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import Connection, case, exists, func, select

from alpr_assets.lifecycle.matching import PlateIndex
from alpr_assets.policy import Policy
from alpr_assets.store import schema, verdicts
from alpr_assets.store.engine import Store, reading

STRENGTH: Final = {"exact": 0, "folded": 1, "edit1": 2, "partial": 3}
"""Match kinds, the strongest first."""

CHANGES: Final = (
    "match_kind", "state_agrees", "differences", "confidence", "sure", "read_day", "read_id", "version_id",
    "entry_id", "import_id", "category", "restricted", "captured_at", "correction_id",
)  # fmt: skip
"""What says why a hit was raised: replaced together when a later read of the pass matches better."""

KEY: Final = ("day", "sighting_id", "source", "plate", "state", "list_type")


@dataclass(frozen=True, slots=True)
class ListsInForce:
    """All entries in force, indexed for matching; built once and used for many days."""

    index: PlateIndex
    entries: pd.DataFrame

    @property
    def n_entries(self) -> int:
        return len(self.entries)


def lists_in_force(store: Store, policy: Policy) -> ListsInForce:
    """The entries of every list in force, those that have expired too: an index may be used for longer than a day.

    `entries` is indexed by entry_id with the columns plate, plate_folded, state, list_type, category, restricted, source,
    expires_on (last day in force, the department's date; None: as long as the list has it), import_id (the version in force,
    whatever import first brought the line).
    """
    with reading(store.engine) as connection:
        entries = _frame(connection, _entries())
    return _indexed(entries, policy)


def lists_of(connection: Connection, plate_folded: str, policy: Policy) -> ListsInForce:
    """Only the entries in force whose plate is this one once look-alikes are merged: for a single plate."""
    return _indexed(_frame(connection, _entries().where(schema.hotlist_entry.c.plate_folded == plate_folded)), policy)


def reads_of(
    connection: Connection, day: date, read_id: int | None = None, *, after: int | None = None
) -> pd.DataFrame:
    """A day's reads of the current version with their sightings, whose day may be the one before; or one read of any version.

    after : only reads whose id is larger
    Where a person corrected a read, its newest correction says plate and state.
    """
    statement = _current_reads(day, read_id)
    return _frame(connection, statement if after is None else statement.where(schema.read.c.read_id > after))


def best_matches(reads: pd.DataFrame, lists: ListsInForce, policy: Policy, *, now: datetime) -> list[dict[str, Any]]:
    """One row of `hit` per key: the strongest match, a sure read first, then an agreeing state, then the surest read.

    Entries whose last day was over at `now`, or when the picture was taken, match nothing.

    Parameters
    ----------
    reads : of `reads_of`
    """
    pairs = _unexpired(_pairs(_matches(reads, lists, policy), reads, lists), policy.zone, now)
    return _best_per_key(pairs)


def _indexed(entries: pd.DataFrame, policy: Policy) -> ListsInForce:
    index = PlateIndex.build(entries, edit1_min_length=policy.matching.edit1_min_length)
    return ListsInForce(index, entries.set_index("entry_id"))


def _entries() -> Any:
    entry, hotlist = schema.hotlist_entry.c, schema.hotlist.c
    return (
        select(
            entry.entry_id, entry.plate, entry.plate_folded, entry.state, entry.list_type, entry.category,
            entry.restricted, entry.expires_on, hotlist.source, hotlist.current_import_id.label("import_id"),
        )
        .join(schema.hotlist, hotlist.list_id == entry.list_id)
        .where(entry.to_import_id.is_(None))
        .order_by(entry.entry_id)
    )  # fmt: skip


def strength(kind: str, *, sure: bool) -> tuple[int, bool]:
    """Smaller is stronger. The kind comes first: a sure read of another spelling is no better reason for the listed plate."""
    return STRENGTH[kind], not sure


def _frame(connection: Connection, statement: Any) -> pd.DataFrame:
    result = connection.execute(statement)
    # Plain tuples: pandas asks every Row for attributes that it does not have, which takes longer than the query.
    return pd.DataFrame(list(map(tuple, result)), columns=list(result.keys()))


def _current_reads(day: date, read_id: int | None = None) -> Any:
    read, capture, member = schema.read.c, schema.capture.c, schema.sighting_read.c
    correction, newer = verdicts.read_correction.c, verdicts.read_correction.alias("newer").c
    superseded = exists().where(
        newer.day == correction.day, newer.read_id == correction.read_id, newer.correction_id > correction.correction_id
    )
    statement = (
        select(
            read.day, read.read_id, member.sighting_day, member.sighting_id,
            func.coalesce(correction.plate, read.plate).label("plate"),
            func.coalesce(correction.region, read.region).label("region"),
            case((correction.region.is_not(None), 1.0), else_=read.region_confidence).label("region_confidence"),
            read.confidence, read.sure, read.captured_at, read.version_id, correction.correction_id,
        )
        .join(schema.sighting_read, (member.day == read.day) & (member.read_id == read.read_id))
        .join(schema.capture, (capture.day == read.day) & (capture.capture_id == read.capture_id))
        .outerjoin(
            verdicts.read_correction,
            (correction.day == read.day) & (correction.read_id == read.read_id) & ~superseded,
        )
        .where(read.day == day, member.day == day, capture.day == day)
        .order_by(read.read_id)
    )  # fmt: skip
    if read_id is not None:
        return statement.where(read.read_id == read_id)
    return statement.where(read.version_id == capture.current_version)


def _matches(reads: pd.DataFrame, lists: ListsInForce, policy: Policy) -> pd.DataFrame:
    sure = reads["region_confidence"].astype("float64") >= policy.matching.region_confidence
    region = reads["region"].where(sure, None)
    return lists.index.match(reads[["read_id", "plate"]].assign(region=region))


def _pairs(matches: pd.DataFrame, reads: pd.DataFrame, lists: ListsInForce) -> pd.DataFrame:
    """Each match with what is known of its read and of its entry."""
    pairs = matches.merge(
        reads[
            [
                "read_id",
                "day",
                "sighting_day",
                "sighting_id",
                "confidence",
                "sure",
                "version_id",
                "captured_at",
                "correction_id",
            ]
        ],
        on="read_id",
    ).rename(columns={"day": "read_day", "sighting_day": "day", "kind": "match_kind"})
    return pairs.merge(lists.entries.drop(columns="plate_folded"), left_on="entry_id", right_index=True)


def _unexpired(pairs: pd.DataFrame, zone: ZoneInfo, now: datetime) -> pd.DataFrame:
    """Pairs whose entry is in force, by the department's date. Dates are compared: no midnight has to exist for that."""
    expiring = pairs["expires_on"].notna().to_numpy()
    if not expiring.any():
        return pairs
    today = now.astimezone(zone).date()
    some = pairs.loc[expiring, ["expires_on", "captured_at"]]
    in_force = ~expiring
    in_force[expiring] = [
        max(today, captured_at.astimezone(zone).date()) <= expires_on
        for expires_on, captured_at in some.itertuples(index=False)
    ]
    return pairs[in_force]


def _best_per_key(pairs: pd.DataFrame) -> list[dict[str, Any]]:
    agreement = pairs["state_agrees"].astype("Float64")
    order = pd.DataFrame(
        {
            "strength": pairs["match_kind"].map(STRENGTH),
            "unsure": ~pairs["sure"].astype(bool),
            "state": -agreement.fillna(0.5),
            "confidence": -pairs["confidence"],
            "read": pairs["read_id"],
            "entry": pairs["entry_id"],
        }
    ).sort_values(["strength", "unsure", "state", "confidence", "read", "entry"])
    best = pairs.loc[order.index].drop_duplicates(list(KEY)).astype(object)
    rows: list[dict[str, Any]] = best[[*KEY, *CHANGES]].to_dict("records")  # type: ignore[assignment]
    for row in rows:
        row["state_agrees"] = None if pd.isna(row["state_agrees"]) else bool(row["state_agrees"])
        row["restricted"], row["sure"] = bool(row["restricted"]), bool(row["sure"])
        row["correction_id"] = None if pd.isna(row["correction_id"]) else int(row["correction_id"])
    return rows
