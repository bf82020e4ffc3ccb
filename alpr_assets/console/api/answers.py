"""What the data API answers beside rows: receipts, the member, the notice, proofs of the record."""

from __future__ import annotations

import base64
from datetime import date, datetime
from typing import Any, Final

from pydantic import BaseModel, Field

from alpr_assets.access.people import SessionKind, Source
from alpr_assets.access.record import entries
from alpr_assets.access.record.leaves import instant
from alpr_assets.access.roles import Action, Role

RECEIPT_HEADER: Final = "ALPR-Receipt"
"""The receipt as base64 of its JSON, on every answer that the record lets leave; the only place where the answer is no JSON."""


class Head(BaseModel):
    """A signed head of the access record: keep it, and hold a later one against it."""

    log_id: str
    size: int = Field(description="entries that it covers")
    root: str = Field(description="Merkle root over them, hex")
    at: str = Field(description="UTC, as the signature covers it", examples=["2026-06-15T18:30:00.000000Z"])
    key_id: str
    signature: str = Field(description="Ed25519, hex")

    @classmethod
    def of(cls, head: entries.Head) -> Head:
        return cls(
            log_id=head.log_id, size=head.size, root=head.root.hex(), at=instant(head.at), key_id=head.key_id,
            signature=head.signature.hex(),
        )  # fmt: skip


class Receipt(BaseModel):
    """That this answer is in the access record, and a head that covers it."""

    record_id: int
    at: datetime
    leaf_hash: str = Field(description="hex")
    results_root: str = Field(description="Merkle root over the ids of what was returned, hex")
    head: Head

    @classmethod
    def of(cls, receipt: entries.Receipt) -> Receipt:
        return cls(
            record_id=receipt.record_id, at=receipt.at, leaf_hash=receipt.leaf_hash.hex(),
            results_root=receipt.results_root.hex(), head=Head.of(receipt.head),
        )  # fmt: skip

    def header(self) -> dict[str, str]:
        """As a response's header."""
        return {RECEIPT_HEADER: base64.b64encode(self.model_dump_json().encode()).decode()}


class Column(BaseModel):
    """One documented column."""

    name: str
    type: str
    unit: str
    description: str


class Rows(BaseModel):
    """An answer as JSON. As Arrow and GeoParquet the receipt is in the header, units and descriptions in the fields' metadata."""

    receipt: Receipt
    columns: list[Column]
    rows: list[dict[str, Any]] = Field(description="an object a row; the columns are its keys")


class Table(BaseModel):
    """One of an answer's tables."""

    columns: list[Column]
    rows: list[dict[str, Any]] = Field(description="an object a row; the columns are its keys")


class Coverage(BaseModel):
    """What stands between "not seen" and "not there"."""

    n_unread: int = Field(description="pictures inside that are not read yet")
    n_quarantined: int = Field(description="pictures in quarantine that claim these times, or no time")
    n_refused_drops: int = Field(description="drops in quarantine that came since; what is in them is not known")
    n_missing: int = Field(description="files that drops landed since declare, and that have not arrived")
    n_undated: int = Field(description="pictures landed since whose time is only that of their receipt")
    n_waiting: int | None = Field(description="closed drops that wait to be landed; null: not looked")
    gaps: list[str] = Field(description="the same in sentences; empty where nothing is known to be missing")
    devices: Table = Field(description="a row an incident and reader")


class Canvassed(BaseModel):
    """What a canvass found. A rank is a lead, no finding; "not seen" is not "not there"."""

    receipt: Receipt
    n_seen: int = Field(description="vehicles that were seen at any of the incidents")
    vehicles: Table = Field(description="a row a vehicle, the most telling first")
    reads: Table = Field(description="their reads at the incidents")
    coverage: Coverage


class CoTravel(BaseModel):
    """Who travelled with a vehicle. A small q-value says that they did not meet by chance; why they met, it does not say."""

    receipt: Receipt
    n_own: int = Field(description="reads of the given vehicle that have a place and a time")
    n_tests: int = Field(description="plates that the q-values are held against")
    companions: Table = Field(description="a row a vehicle, the least likely by chance first")
    passes: Table = Field(description="a row a pair of reads close by")


class Differences(BaseModel):
    """What two recogniser versions read of the same pictures."""

    receipt: Receipt
    n_captures: int = Field(description="pictures that both looked at")
    n_unchanged: int = Field(description="reads that are the same in both")
    n_changed: int = Field(description="reads that one spelled otherwise")
    n_gained: int = Field(description="reads of the newer only")
    n_lost: int = Field(description="reads of the older only")
    reads: Table = Field(description="a row a read that is not the same in both, in the order of time")


class LocateRequested(BaseModel):
    """A supervisor has been asked."""

    receipt: Receipt
    request_id: int


class LocateRequest(BaseModel):
    """A request to locate a vehicle; which one, it does not say."""

    request_id: int
    purpose: str
    case_number: str
    asked_at: datetime
    decided_at: datetime | None = Field(description="null: it waits")
    approved: bool | None
    note: str | None = Field(description="the supervisor's")


class LocateRequests(BaseModel):
    """Your requests, the newest first."""

    requests: list[LocateRequest]


class Located(BaseModel):
    """Where and when a plate is usually seen. Where no reader looks it is never seen, however often it is there."""

    receipt: Receipt
    n_visits: int = Field(description="visits that it rests on")
    n_reads: int
    places: Table = Field(description="a row a place, the most visited first")
    hours: Table = Field(description="a row an hour of the week and place")


class Reproduced(BaseModel):
    """A frozen question asked again."""

    receipt: Receipt
    search: str
    frozen_record_id: int = Field(description="of the frozen answer, in the access record")
    frozen_at: datetime
    same: bool = Field(description="every row as it was, in the same order")
    n_then: int = Field(description="rows of the frozen answer")
    n_now: int = Field(description="rows of today's")
    n_same: int = Field(description="rows that are as they were")
    n_others: int = Field(description="rows that are not one read each, and are not as they were")
    purged: Table = Field(description="reads that were found then and are destroyed since")
    changed: Table = Field(description="reads that are there and read otherwise, or are found no longer")
    added: Table = Field(description="reads that are found now and were not then")
    found: Table = Field(description="today's answer; columns as of the search itself")


class Character(BaseModel):
    """One character as read; empty: one that the read lacks."""

    character: str
    differs: bool = Field(description="it is not the listed one")


class PastMove(BaseModel):
    """One move of a hit; what was not asked is null."""

    seq: int
    kind: str
    to_status: str
    moved_at: datetime
    member: str | None = Field(description="who; null: the system")
    plate_agrees: bool | None
    state_agrees: bool | None
    vehicle_agrees: bool | None
    reason: str | None
    note: str | None = Field(description="what was seen")
    clets_reference: str | None
    clets_operator: str | None
    clets_at: datetime | None
    clets_result: str | None
    duplicate_of: int | None = Field(description="the hit that is acted on instead")


class HitCase(BaseModel):
    """One hit as a case. It asks a person to look; it is no fact. Deciding is a person's, in the console."""

    receipt: Receipt
    hit: dict[str, Any] = Field(description="keys: the columns of POST /hits")
    characters: list[Character] = Field(description="of the plate as read, or as a person corrected it")
    is_possible: bool = Field(description="what was read is not the listed plate: never shown as the plate itself")
    status: str
    listed_on: date | None = Field(description="of the entry; null: a watch's hit, or the list does not say")
    details: dict[str, Any] = Field(description="of the entry as its list has it")
    list_age_hours: float | None = Field(description="of the list in force; null: a watch's hit, or unknown")
    list_is_stale: bool = Field(description="nobody acts unconfirmed on a list this old")
    moves: list[PastMove]
    possible: list[str] = Field(description="moves that a person may make from here, in the console")


class Step(BaseModel):
    """One thing that is so, or happened, in a read's lineage."""

    what: str = Field(description="without any plate")
    at: datetime | None = Field(description="null: it has no time")
    by: str | None = Field(description="who; null: nobody, or the system")
    facts: dict[str, Any] = Field(
        description="by name, those known; plates and people's words only for who may see plates"
    )


class Section(BaseModel):
    """One part of a lineage."""

    name: str
    title: str
    empty: str = Field(description="what it means that there is no step")
    steps: list[Step]


class Lineage(BaseModel):
    """All that is known of one read, or of one picture with all its reads."""

    receipt: Receipt
    day: date = Field(description="UTC day of the capture")
    read_id: int | None = Field(description="null: a picture was asked for")
    capture_id: int | None = Field(description="null: of a read that is gone, not known any more")
    is_there: bool = Field(description="whether its row is in the store")
    told: str = Field(description="what can be said of it as a whole")
    sections: list[Section]


class Notice(BaseModel):
    """How to sign in, and what going on means."""

    agency: str
    notice: str
    adopted: date | None = Field(description="of the policy; null: a sample, not adopted")
    time_zone: str = Field(description="the department's, IANA")
    passwords: bool = Field(
        description="false: sign in at the console by the identity provider, and make a token there"
    )
    token_minutes: int = Field(description="the longest that a token is good for")


class Token(BaseModel):
    """A bearer token: send it as `Authorization: Bearer …`. It is told once, and kept nowhere."""

    token: str
    session_id: int
    expires_at: datetime


class Me(BaseModel):
    """Who asks, as the register has him now."""

    user: str
    name: str
    title: str
    role: Role
    agency: str
    sources: list[Source]
    trained_until: date | None = Field(description="last department date on which the training counts; null: untrained")
    actions: list[Action] = Field(
        description="what this session may ask; purpose and case number are looked at besides"
    )
    kind: SessionKind
    label: str
    opened_at: datetime
    expires_at: datetime


class Purpose(BaseModel):
    code: str
    title: str


class Purposes(BaseModel):
    """What a question may be for (422.4(a))."""

    purposes: list[Purpose]
    case_number: str = Field(description="regular expression of case, incident and administrative numbers")


class SigningKey(BaseModel):
    """A key that signed heads of this record, from an entry on."""

    public_key: str = Field(description="Ed25519, 32 bytes, hex")
    first: int = Field(description="the entry from which on it signs")
    signature: str = Field(description="the key before it signs for it, hex; empty: the first key")


class NewestHead(BaseModel):
    """The newest head, and the keys that signed the record, first to last."""

    head: Head
    keys: list[SigningKey]


class Inclusion(BaseModel):
    """That an entry is in the record under a head (RFC 9162, 2.1.3)."""

    record_id: int
    leaf_hash: str
    hashes: list[str] = Field(description="hex, from the leaf upwards")
    head: Head


class Consistency(BaseModel):
    """That a later record begins with an earlier one (RFC 9162, 2.1.4)."""

    old: int
    new: int
    hashes: list[str] = Field(description="hex")
