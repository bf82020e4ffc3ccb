"""What goes into the access record, and what comes back once it is on the disk.

Here: value classes only. Not here: hashing (`merkle`), storing (`log`), signing (`heads`).
An entry never holds the characters of a plate outside of `elements`, which are sealed: the rest outlives them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from alpr_assets.errors import AlprError


class RecordUnavailableError(AlprError):
    """The access record cannot be written: nothing leaves, whatever was asked (422.6(a))."""


class Kind(StrEnum):
    """What an entry is about."""

    QUERY = "query"
    IMAGE = "image"
    EXPORT = "export"
    RELEASE = "release"
    SIGN_IN = "sign_in"
    ADMINISTRATION = "administration"
    PIPELINE = "pipeline"
    RECORD = "record"  # about the record itself: begun, key changed, elements expired, clock set back


class Outcome(StrEnum):
    """How an act ended."""

    ANSWERED = "answered"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


class ResultId(NamedTuple):
    """One returned row: `kind` such as read, capture or hit; `day` is the UTC day of a read or capture, else None."""

    kind: str
    day: date | None
    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acted, as he was then. `member_id` None: nobody known, or the system itself."""

    member_id: int | None
    name: str
    agency: str
    title: str
    role: str
    session_id: int | None = None
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the record, Civ. Code 1798.90.52: when, who, what was asked, for what purpose; and how it ended.

    action : of `roles.Action`, or another stable lower-case name such as sign_in
    reasons : short codes of why it was refused or failed, never values
    elements : the query verbatim, JSON values; sealed, with its own retention
    details : what else is to be kept in clear, JSON values, never plates
    results : what was returned; they are stored beside, the entry holds their number and Merkle root
    """

    at: datetime
    kind: Kind
    action: str
    outcome: Outcome
    actor: Actor
    purpose: str = ""
    case_number: str = ""
    reasons: tuple[str, ...] = ()
    elements: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    results: Sequence[ResultId] = ()


@dataclass(frozen=True, slots=True)
class Head:
    """What the record was at one size: a signed promise that an outsider can hold against it later (RFC 9162, 4.10).

    root : Merkle root over the first `size` entries, 32 bytes
    signature : Ed25519, 64 bytes, over `verifying.head_text`
    key_id : first 16 hex digits of the SHA-256 of the public key
    """

    log_id: str
    size: int
    root: bytes
    at: datetime
    key_id: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that an entry is on the disk: `record_id` counts from 0; `head` covers it."""

    record_id: int
    at: datetime
    leaf_hash: bytes
    results_root: bytes
    head: Head


class Recorder(Protocol):
    """What the rest of the system writes the record through; safe for threads."""

    def append(self, entry: Entry) -> Receipt:
        """Keep one entry; returns when it is on the disk. Raises RecordUnavailableError, then nothing may leave."""
        ...
