"""What a package says of its captures: reads of every version, what people made of them, where all of it came from.

Here: rows into plain JSON values, times in UTC and in the department's zone. Not here: pictures (`pictures`), pages (`report`).
Hits are those that whoever packs may see, and never one of a restricted NCIC file: such data is not passed on with evidence (CJIS 4.2.2).
Of list entries, only the department's own words go with it, and those only when asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Table, select

from alpr_assets.access.gate import Grant
from alpr_assets.lifecycle.evidence.bases import Basis
from alpr_assets.lifecycle.evidence.telling import Record, Told
from alpr_assets.lifecycle.hits.entitlement import visible
from alpr_assets.lifecycle.holds.selectors import Named
from alpr_assets.store import schema, verdicts
from alpr_assets.store.conditions import among

OWN: Final = "department"


@dataclass(frozen=True, slots=True)
class Contents:
    """One package's records, each list in the order of days and ids.

    captures, reads, recognitions, versions, passes, hits : a dict a row
    basis : what they were packed for
    custody : what happened to the data up to now, in time's order
    n_restricted : hits left out, because they come from a restricted file or are not for whoever packs
    """

    captures: list[Record]
    reads: list[Record]
    recognitions: list[Record]
    versions: list[Record]
    passes: list[Record]
    hits: list[Record]
    basis: Basis
    custody: list[Record]
    n_restricted: int

    def files(self) -> dict[str, Any]:
        """As files of the bag."""
        lineage = {"recognitions": self.recognitions, "passes": self.passes, "recogniser_versions": self.versions}
        return {
            "captures.json": self.captures, "reads.json": self.reads, "hits.json": self.hits, "lineage.json": lineage,
            f"{self.basis.kind}.json": self.basis.said, "custody.json": self.custody,
        }  # fmt: skip


def gather(
    connection: Connection,
    grant: Grant,
    basis: Basis,
    captures: Sequence[Named],
    told: Told,
    *,
    with_entries: bool,
) -> Contents:
    """Read all that is known of these captures.

    Parameters
    ----------
    basis : what they are packed for
    with_entries : what the department's own lists say goes with their hits
    """
    taken = _captures(connection, captures, told)
    reads = _reads(connection, captures, told)
    looked = _of_captures(connection, schema.recognition, captures, told)
    used = sorted({one["version_id"] for one in looked})
    of_version = schema.recogniser_version
    known = connection.execute(
        select(of_version).where(of_version.c.version_id.in_(used)).order_by(of_version.c.version_id)
    )
    passes = _passes(connection, reads)
    hits, n_restricted = _hits(connection, grant, reads, told, with_entries=with_entries)
    return Contents(
        taken, reads, looked, [told.row(one) for one in known], passes, hits, basis, _custody(taken, basis, grant, told),
        n_restricted,
    )  # fmt: skip


def for_another_agency(gathered: Contents, *, with_hits: bool) -> Contents:
    """The same without hits, or with those of the department's own lists only; nothing tells that there are others."""
    own = [one for one in gathered.hits if with_hits and one["source"] == OWN and one["watch_id"] is None]
    return replace(gathered, hits=own, n_restricted=0)


def day_of(record: Record, name: str = "day") -> date:
    """The UTC day of a record."""
    return date.fromisoformat(record[name])


# ── parts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _each(
    connection: Connection, captures: Sequence[Named], statement: Callable[[Any, list[int]], Any]
) -> list[Row[Any]]:
    """Rows of these captures, a day at a time: a day is a partition."""
    by_day: dict[Any, list[int]] = {}
    for day, number in captures:
        by_day.setdefault(day, []).append(number)
    return [row for day, ids in sorted(by_day.items()) for row in connection.execute(statement(day, ids))]


def _of_captures(connection: Connection, table: Table, captures: Sequence[Named], told: Told) -> list[Record]:
    dialect, columns = connection.dialect.name, table.c
    order = [columns[name] for name in ("capture_id", "version_id")]
    rows = _each(
        connection, captures,
        lambda day, ids: select(table).where(columns.day == day, among(dialect, columns.capture_id, ids)).order_by(*order),
    )  # fmt: skip
    return [told.row(row) for row in rows]


def _captures(connection: Connection, captures: Sequence[Named], told: Told) -> list[Record]:
    """Each with its reader, and the drop and receipt that it came by."""
    capture, drop, device, dialect = schema.capture.c, schema.drop.c, schema.device.c, connection.dialect.name
    came = [drop.unit, drop.shift, drop.operator, drop.manifest_sha256, drop.receipt_sha256]

    def statement(day: Any, ids: list[int]) -> Any:
        return (
            select(schema.capture, device.name.label("device"), *came)
            .outerjoin(schema.device, device.device_id == capture.device_id)
            .outerjoin(schema.drop, drop.drop_id == capture.drop_id)
            .where(capture.day == day, among(dialect, capture.capture_id, ids))
            .order_by(capture.capture_id)
        )

    return [told.row(row, drop=("cell",)) for row in _each(connection, captures, statement)]


def _reads(connection: Connection, captures: Sequence[Named], told: Told) -> list[Record]:
    """Every version's, with what people read instead."""
    read, corrected, dialect = schema.read.c, verdicts.read_correction.c, connection.dialect.name
    rows = _each(
        connection, captures,
        lambda day, ids: select(schema.read).where(read.day == day, among(dialect, read.capture_id, ids)).order_by(read.read_id),
    )  # fmt: skip
    ids = [row.read_id for row in rows]
    corrections: dict[int, list[Record]] = {}
    wanted = among(dialect, corrected.read_id, ids)
    for row in connection.execute(select(verdicts.read_correction).where(wanted).order_by(corrected.correction_id)):
        said = told.row(row, drop=("member_id", "day", "plate_folded")) | {"by": told.who(row.member_id)}
        corrections.setdefault(row.read_id, []).append(said)
    return [
        told.row(row, drop=("cell", "plate_folded")) | {"corrections": corrections.get(row.read_id, [])} for row in rows
    ]


def _passes(connection: Connection, reads: Sequence[Record]) -> list[Record]:
    member, dialect = schema.sighting_read.c, connection.dialect.name
    rows = connection.execute(
        select(schema.sighting_read)
        .where(among(dialect, member.read_id, [one["read_id"] for one in reads]))
        .order_by(member.sighting_id, member.read_id)
    )
    found: dict[tuple[str, int], list[int]] = {}
    for row in rows:
        found.setdefault((row.sighting_day.isoformat(), row.sighting_id), []).append(row.read_id)
    return [{"day": day, "sighting_id": number, "read_ids": ids} for (day, number), ids in sorted(found.items())]


def _hits(
    connection: Connection, grant: Grant, reads: Sequence[Record], told: Told, *, with_entries: bool
) -> tuple[list[Record], int]:
    hit, move, entry, dialect = schema.hit.c, verdicts.hit_move.c, schema.hotlist_entry.c, connection.dialect.name
    of_reads = among(dialect, hit.read_id, [one["read_id"] for one in reads])
    every = set(connection.scalars(select(hit.hit_id).where(of_reads)))
    rows = connection.execute(
        select(schema.hit, entry.details.label("entry_says"))
        .outerjoin(schema.hotlist_entry, entry.entry_id == hit.entry_id)
        .where(of_reads, *visible(grant), ~hit.restricted)
        .order_by(hit.hit_id)
    ).all()
    moves: dict[int, list[Record]] = {}
    mine = among(dialect, move.hit_id, [row.hit_id for row in rows])
    for row in connection.execute(select(verdicts.hit_move).where(mine).order_by(move.hit_id, move.seq)):
        said = told.row(row, drop=("hit_id", "move_id", "member_id")) | {"by": told.who(row.member_id)}
        moves.setdefault(row.hit_id, []).append({name: value for name, value in said.items() if value is not None})
    found = []
    for row in rows:
        said = told.row(row, drop=("entry_says", "n_moves")) | {"moves": moves.get(row.hit_id, [])}
        if with_entries and row.source == OWN and row.entry_says:
            said["entry"] = row.entry_says
        found.append(said)
    return found, len(every) - len(found)


def _custody(captures: Sequence[Record], basis: Basis, grant: Grant, told: Told) -> list[Record]:
    """From the unit to this package: who had the data when, as far as this system knows."""
    steps: list[tuple[str, str, str]] = []
    for one in captures:
        what = f"capture {one['capture_id']} taken by reader {one['device_id']} (clock: {one['clock']})"
        steps.append((one["captured_at"], what, one["device"] or one["device_id"]))
    landed: dict[tuple[Any, ...], list[int]] = {}
    for one in captures:
        came = (one["landed_at"], one["unit"], one["shift"], one["operator"], one["receipt_sha256"])
        landed.setdefault(came, []).append(one["capture_id"])
    for (at, unit, shift, operator, receipt), ids in landed.items():
        what = f"{len(ids)} {'capture' if len(ids) == 1 else 'captures'} landed from unit {unit}, shift {shift} and encrypted; receipt {receipt}"
        steps.append((at, what, operator or "operator not named"))
    steps += basis.steps
    steps.append((grant.at.isoformat(), "packed into this bag", told.who(grant.member.member_id)))
    return [
        {"at": at, "local": datetime.fromisoformat(at).astimezone(told.zone).isoformat(), "what": what, "who": who}
        for at, what, who in sorted(steps, key=lambda step: step[0])
    ]
