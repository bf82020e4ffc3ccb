"""Freezing an answer into a case file, so that it can be told later whether the same question still has the same answer.

Here: what is kept, and comparing. Not here: the searches, where a case file lies.
Kept are the question (sealed: it names a plate), the id of its entry in the access record, and a keyed digest of each row beside the
row's id. No row is kept: what a purge destroys is destroyed here too, and what is left says only that it was there. Without the
department's key a digest tells nothing, and none can be made up.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

import numpy as np
import pandas as pd
from sqlalchemy import Engine, select

from alpr_assets.access.gate import Answer, Found, Grant
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.secret_key import SecretKey
from alpr_assets.errors import VerificationError
from alpr_assets.store import schema
from alpr_assets.store.conditions import among
from alpr_assets.store.engine import reading

FORMAT: Final = 1
DIGITS: Final = 9  # of a number: the last ones of a computed figure depend on the machine

Row = tuple[str | None, int | None, str]
"""UTC day and id of a read (None: a row that is not one read), and the row's digest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """One frozen answer.

    search : name of the search, such as plate_history
    parameters : how it was asked, sealed
    record_id : of the answer's entry in the access record
    """

    search: str
    parameters: bytes
    record_id: int
    purpose: str
    case_number: str
    frozen_at: datetime
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def to_bytes(self, key: SecretKey) -> bytes:
        """As a file: JSON, with a keyed digest over all of it."""
        content = {
            "format": FORMAT, "search": self.search, "parameters": base64.b64encode(self.parameters).decode(),
            "record_id": self.record_id, "purpose": self.purpose, "case_number": self.case_number,
            "frozen_at": self.frozen_at.astimezone(UTC).isoformat(), "columns": list(self.columns),
            "rows": [list(row) for row in self.rows],
        }  # fmt: skip
        return json.dumps({**content, "digest": _signature(content, key)}, indent=1).encode()

    @classmethod
    def from_bytes(cls, file: bytes, key: SecretKey) -> Frozen:
        """Raises VerificationError : it is none, or not as it was frozen, or under another key."""
        try:
            content = json.loads(file)
            digest = content.pop("digest")
            known = hmac.compare_digest(digest, _signature(content, key)) and content["format"] == FORMAT
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise VerificationError(
                "the file is no frozen answer", remedy="take it from the case file again"
            ) from error
        if not known:
            raise VerificationError(
                "the frozen answer was altered, or its key is another", remedy="take it from the case file again"
            )
        return cls(
            search=content["search"], parameters=base64.b64decode(content["parameters"]), record_id=content["record_id"],
            purpose=content["purpose"], case_number=content["case_number"],
            frozen_at=datetime.fromisoformat(content["frozen_at"]), columns=tuple(content["columns"]),
            rows=tuple((day, number, one) for day, number, one in content["rows"]),
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """The same question asked again.

    rows : its answer now
    same : every row as it was, in the same order
    n_same : rows that are as they were
    purged : reads that were found then and are destroyed since
    changed : reads that are there and read otherwise, or are found no longer: another recogniser version, a correction
    added : reads that are found now and were not then
    n_others : rows that are not one read each, and are not as they were
    """

    rows: pd.DataFrame
    same: bool
    n_same: int
    purged: tuple[ResultId, ...]
    changed: tuple[ResultId, ...]
    added: tuple[ResultId, ...]
    n_others: int


def freeze(
    answer: Answer[pd.DataFrame], *, search: str, parameters: Mapping[str, Any], grant: Grant, key: SecretKey
) -> Frozen:
    """Freeze an answer that the gate gave.

    Parameters
    ----------
    answer : the rows and the receipt of their record
    parameters : how it was asked, JSON values
    grant : under which it was found: purpose, case number, time
    """
    sealed = key.seal(
        json.dumps(dict(parameters), sort_keys=True).encode(), belongs_to=_owner(answer.receipt.record_id)
    )
    return Frozen(
        search=search,
        parameters=sealed,
        record_id=answer.receipt.record_id,
        purpose=grant.ask.purpose,
        case_number=grant.ask.case_number,
        frozen_at=grant.at,
        columns=tuple(answer.rows.columns),
        rows=_rows(answer.rows, answer.receipt.record_id, key),
    )


def question(frozen: Frozen, key: SecretKey) -> dict[str, Any]:
    """How a frozen answer was asked. Raises VerificationError : altered, or another key."""
    parameters: dict[str, Any] = json.loads(key.open(frozen.parameters, belongs_to=_owner(frozen.record_id)))
    return parameters


def reproduce(
    grant: Grant, engine: Engine, frozen: Frozen, search: Callable[[Grant], Found[pd.DataFrame]], *, key: SecretKey
) -> Found[Reproduction]:
    """Ask a frozen question again, and compare.

    Parameters
    ----------
    search : the same search with `question`'s parameters; it checks the grant itself
    """
    found = search(grant)
    now = _rows(found.rows[list(frozen.columns)], frozen.record_id, key)
    then_reads, now_reads = ({(day, number): one for day, number, one in rows if number} for rows in (frozen.rows, now))
    gone = [known for known in then_reads if known not in now_reads]
    there = _there(engine, gone)
    altered = [known for known, one in then_reads.items() if known in now_reads and now_reads[known] != one]
    others = [sorted(one for _, number, one in rows if not number) for rows in (frozen.rows, now)]
    kept = set(frozen.rows) & set(now)
    return Found(
        Reproduction(
            rows=found.rows,
            same=frozen.rows == now,
            n_same=len(kept),
            purged=_named(known for known in gone if known not in there),
            changed=_named([*(known for known in gone if known in there), *altered]),
            added=_named(known for known in now_reads if known not in then_reads),
            n_others=len(set(others[0]) ^ set(others[1])),
        ),
        found.ids,
    )


def _there(engine: Engine, known: Sequence[tuple[Any, Any]]) -> set[tuple[str, int]]:
    """Which of these reads the store still holds."""
    if not known:
        return set()
    read = schema.read.c
    days = sorted({date.fromisoformat(day) for day, _ in known})
    statement = select(read.day, read.read_id).where(
        read.day.in_(days),
        among(engine.dialect.name, read.read_id, [number for _, number in known]),
    )
    with reading(engine) as connection:
        return {(day.isoformat(), number) for day, number in connection.execute(statement)}


def _named(known: Any) -> tuple[ResultId, ...]:
    return tuple(ResultId("read", date.fromisoformat(day), number) for day, number in known)


def _rows(frame: pd.DataFrame, record_id: int, key: SecretKey) -> tuple[Row, ...]:
    """Each row's read and digest, in order. The key is of this answer only: equal rows of two answers tell nothing."""
    own = bytes.fromhex(key.digest(f"frozen rows of record {record_id}".encode()))
    texts = [json.dumps(list(map(_plain, row)), sort_keys=True) for row in frame.itertuples(index=False, name=None)]
    digests = [hmac.digest(own, text.encode(), "sha256").hex() for text in texts]
    if not {"day", "read_id"} <= set(frame.columns):
        return tuple((None, None, digest) for digest in digests)
    named = zip(frame["day"], frame["read_id"], digests, strict=True)
    return tuple((day.isoformat(), int(number), digest) for day, number, digest in named)


def _plain(value: Any) -> Any:
    """One value as JSON, the same whatever pandas keeps it in."""
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(one) for one in value]
    if value is None or pd.isna(value):
        return None
    if isinstance(value, date):
        return _instant(value) if isinstance(value, datetime) else value.isoformat()
    if isinstance(value, np.generic):
        value = value.item()
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _owner(record_id: int) -> str:
    return f"frozen answer {record_id}"


def _signature(content: Mapping[str, Any], key: SecretKey) -> str:
    return key.digest(hashlib.sha256(json.dumps(content, sort_keys=True).encode()).digest())
