"""An entry as the record holds it: one line of canonical JSON, and what lies beside it.

Here: everything that can be done before the entry has its number, so that threads do it side by side. Not here: numbering,
hashing into the tree, storing (`log`).
Each line has a random salt: witnesses are given its hash, and could otherwise try what it says.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime
from typing import Any, Final

from alpr_assets.access.record.entries import Actor, Entry, Kind, Outcome, ResultId
from alpr_assets.access.record.sealing import MonthKeys, Sealed, canonical, seal
from alpr_assets.access.record.verifying import EMPTY, root_of

FORMAT: Final = 1
ACTOR: Final = tuple(field.name for field in fields(Actor))
KIND = re.compile(r"[a-z][a-z_]{0,31}")


@dataclass(frozen=True, slots=True)
class Prepared:
    """An entry that only lacks its time and number. `parts`: its JSON around these two; `arrived`: monotonic seconds."""

    entry: Entry
    body: Mapping[str, Any]
    parts: tuple[str, str, str]
    results_root: bytes
    sealed: Sealed | None
    arrived: float


def instant(at: datetime) -> str:
    """UTC with microseconds, always of one width: 2026-06-15T18:30:00.000000Z. Raises ValueError for a naive time."""
    if at.tzinfo is None or at.utcoffset() is None:
        raise ValueError("a naive time: every recorded instant needs its zone")
    # `strftime` takes five times as long, and leaves out the zeros of years before 1000.
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def instant_of(text: str) -> datetime:
    """The reverse of `instant`."""
    return datetime.fromisoformat(text)


def result_text(result: ResultId) -> str:
    """What of a returned row is hashed."""
    if not KIND.fullmatch(result.kind):
        raise ValueError("a kind of result is a lower-case name")
    return f"{result.kind}:{result.day.isoformat() if result.day else ''}:{int(result.id)}"


def prepare(entry: Entry, keys: MonthKeys) -> Prepared:
    """Seal the elements and hash the results. Raises TypeError or ValueError for what JSON cannot hold."""
    arrived = time.monotonic()
    at = instant(entry.at)
    sealed = seal(entry.elements, at[:7], keys.cipher(at[:7])) if entry.elements else None
    root = root_of(map(result_text, entry.results)) if entry.results else EMPTY
    body = {
        "format": FORMAT,
        "kind": entry.kind.value,
        "action": entry.action,
        "outcome": entry.outcome.value,
        "actor": _actor(entry.actor),
        "purpose": entry.purpose,
        "case_number": entry.case_number,
        "reasons": list(entry.reasons),
        "details": dict(entry.details),
        "elements": {"month": sealed.month, "commitment": sealed.commitment, "sealed": sealed.sha256}
        if sealed
        else None,
        "n_results": len(entry.results),
        "results_root": root.hex(),
        "salt": secrets.token_hex(16),
    }
    # Written out here, side by side with others, and what JSON cannot hold is refused before others could fail with it.
    return Prepared(entry, body, parts_of(body), root, sealed, arrived)


def parts_of(body: Mapping[str, Any]) -> tuple[str, str, str]:
    """The canonical JSON of an entry, cut where its time and its number will stand by the order of their names."""
    mark = secrets.token_hex(16)  # nobody who fills in an entry can guess it
    before, between, behind = canonical({**body, "at": mark, "record_id": mark}).split(f'"{mark}"')
    return before, between, behind


def leaf_text(prepared: Prepared, record_id: int, at: datetime, clock_set_back: float | None = None) -> str:
    """The line that is hashed. `clock_set_back`: by how many seconds its time lies before its predecessor's."""
    before, between, behind = prepared.parts
    if clock_set_back is not None:
        details = {**prepared.body["details"], "clock_set_back": {"seconds": round(clock_set_back, 6)}}
        before, between, behind = parts_of({**prepared.body, "details": details})
    return f'{before}"{instant(at)}"{between}{record_id}{behind}'


def _actor(actor: Actor) -> dict[str, Any]:
    return {name: getattr(actor, name) for name in ACTOR}


def entry_json(entry: Entry) -> dict[str, Any]:
    """An entry as JSON values, for another process."""
    return {
        "at": instant(entry.at),
        "kind": entry.kind.value,
        "action": entry.action,
        "outcome": entry.outcome.value,
        "actor": asdict(entry.actor),
        "purpose": entry.purpose,
        "case_number": entry.case_number,
        "reasons": list(entry.reasons),
        "elements": dict(entry.elements),
        "details": dict(entry.details),
        "results": [(kind, day.isoformat() if day else None, id_) for kind, day, id_ in entry.results],
    }


def entry_of(sent: Mapping[str, Any]) -> Entry:
    """The reverse of `entry_json`. Raises KeyError, TypeError or ValueError when it is none."""
    return Entry(
        at=instant_of(sent["at"]),
        kind=Kind(sent["kind"]),
        action=sent["action"],
        outcome=Outcome(sent["outcome"]),
        actor=Actor(**sent["actor"]),
        purpose=sent["purpose"],
        case_number=sent["case_number"],
        reasons=tuple(sent["reasons"]),
        elements=sent["elements"],
        details=sent["details"],
        results=[ResultId(kind, date.fromisoformat(day) if day else None, id_) for kind, day, id_ in sent["results"]],
    )
