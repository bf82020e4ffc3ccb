"""The states of a hit, the legal moves between them, and what each move needs (422.4(f)).

raised ─ picture ─► picture_confirmed ─ CLETS ─► actionable ─ time ─► lapsed ─ CLETS ─► actionable
   └────────┴──────────────┴──────► wrong_state, misread, recovered, cancelled, duplicate, dismissed

Here: the one table of legal moves and the values a move is made of. Not here: who moves (`verifying`), the system's moves
(`ending`). Invariant: nothing is actionable whose picture was not confirmed, nor without a live CLETS result or a reason why it
was not practicable. The database holds the same table, and refuses what is not in it (migration 0005).
Green v. San Francisco (9th Cir. 2014): an unverified hit is no ground to act on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Protocol

from alpr_assets.errors import IllegalMoveError, MalformedError
from alpr_assets.store.verdicts import MAX_NOTE, MAX_REFERENCE

LEAST: Final = 3  # characters: less is no reason


class Status(StrEnum):
    """Where a hit stands."""

    RAISED = "raised"
    PICTURE_CONFIRMED = "picture_confirmed"
    ACTIONABLE = "actionable"
    LAPSED = "lapsed"
    WRONG_STATE = "wrong_state"
    MISREAD = "misread"
    RECOVERED = "recovered"
    CANCELLED = "cancelled"
    DUPLICATE = "duplicate"
    DISMISSED = "dismissed"


class Kind(StrEnum):
    """Kinds of moves."""

    CONFIRM_PICTURE = "confirm_picture"
    WRONG_STATE = "wrong_state"
    MISREAD = "misread"
    CLETS_CONFIRMED = "clets_confirmed"
    CLETS_RECOVERED = "clets_recovered"
    CLETS_CANCELLED = "clets_cancelled"
    NOT_PRACTICABLE = "not_practicable"
    DUPLICATE = "duplicate"
    DISMISS = "dismiss"
    LAPSE = "lapse"
    ENTRY_ENDED = "entry_ended"


OPEN: Final = (Status.RAISED, Status.PICTURE_CONFIRMED, Status.ACTIONABLE)
"""Somebody is to do something, or may."""

UNVERIFIED: Final = (Status.RAISED, Status.PICTURE_CONFIRMED)
ANYWHERE: Final = (*OPEN, Status.LAPSED)
"""Not at an end: a lapsed hit is actionable again by a newer CLETS result."""

TRANSITIONS: Final = frozenset(
    {
        (Status.RAISED, Status.PICTURE_CONFIRMED, Kind.CONFIRM_PICTURE),
        (Status.PICTURE_CONFIRMED, Status.ACTIONABLE, Kind.NOT_PRACTICABLE),
        (Status.ACTIONABLE, Status.LAPSED, Kind.LAPSE),
        *((status, Status.ACTIONABLE, Kind.CLETS_CONFIRMED) for status in ANYWHERE if status is not Status.RAISED),
        *((status, Status.RECOVERED, Kind.CLETS_RECOVERED) for status in ANYWHERE),
        *((status, Status.CANCELLED, Kind.CLETS_CANCELLED) for status in ANYWHERE),
        *((status, Status.WRONG_STATE, Kind.WRONG_STATE) for status in ANYWHERE),
        *((status, Status.MISREAD, Kind.MISREAD) for status in ANYWHERE),
        *((status, Status.DUPLICATE, Kind.DUPLICATE) for status in ANYWHERE),
        *((status, Status.DISMISSED, Kind.DISMISS) for status in ANYWHERE),
        *((status, Status.CANCELLED, Kind.ENTRY_ENDED) for status in OPEN),
    }
)
"""(from, to, kind): every legal move. A test holds it against the rows of `hit_transition`."""

ENDS: Final = {kind: to for _, to, kind in TRANSITIONS}
"""Where a kind of move leads: always to one state."""


class Result(StrEnum):
    """What CLETS said of the entry."""

    CONFIRMED = "confirmed"
    RECOVERED = "recovered"
    CANCELLED = "cancelled"
    NO_RECORD = "no_record"


_KIND_OF: Final = {
    Result.CONFIRMED: Kind.CLETS_CONFIRMED,
    Result.RECOVERED: Kind.CLETS_RECOVERED,
    Result.CANCELLED: Kind.CLETS_CANCELLED,
    Result.NO_RECORD: Kind.CLETS_CANCELLED,
}


class Move(Protocol):
    """One move: its kind, and what is stored of it besides."""

    @property
    def kind(self) -> Kind: ...

    def columns(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Answers:
    """The three questions, against the picture: the plate as on the list? the state? the vehicle?"""

    plate: bool
    state: bool
    vehicle: bool

    def columns(self) -> dict[str, Any]:
        return {"plate_agrees": self.plate, "state_agrees": self.state, "vehicle_agrees": self.vehicle}


@dataclass(frozen=True, slots=True)
class Seen:
    """A verdict on the picture; `note`: what was seen; `reason`: of a dismissal, which vehicle it is instead.

    Raises IllegalMoveError when the answers say otherwise than the verdict.
    """

    kind: Kind
    answers: Answers
    note: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        said = self.answers
        fits = {
            Kind.CONFIRM_PICTURE: said.plate and said.state and said.vehicle,
            Kind.WRONG_STATE: not said.state,
            Kind.MISREAD: not said.plate,
            Kind.DISMISS: said.plate and said.state and not said.vehicle,
        }
        if not fits.get(self.kind, False):
            raise IllegalMoveError(
                f"the answers do not bear out {self.kind}",
                remedy="a plate that is not the listed one is a misread, another state the wrong state; else dismiss it with a reason",
            )

    def columns(self) -> dict[str, Any]:
        why = {"reason": text("reason", self.reason, least=LEAST)} if self.kind is Kind.DISMISS else {}
        return {**self.answers.columns(), "note": text("note", self.note, least=0) or None, **why}


@dataclass(frozen=True, slots=True)
class Clets:
    """What CLETS said, when, to whom, under which reference; never its text, of which nothing is kept.

    Raises MalformedError : `reference`, `operator`: empty, too long, or of characters that none has
    """

    result: Result
    at: datetime
    operator: str
    reference: str

    def __post_init__(self) -> None:
        if not re.fullmatch(rf"[A-Za-z0-9][A-Za-z0-9./-]{{0,{MAX_REFERENCE - 1}}}", self.reference):
            raise MalformedError(
                "reference", f"a CLETS reference is 1–{MAX_REFERENCE} letters, digits, dots, dashes and strokes"
            )
        if not re.fullmatch(r"[^\W\d_][\w .,'’-]{0,63}", self.operator):
            raise MalformedError("operator", "the operator is a name of 1–64 characters")

    @property
    def kind(self) -> Kind:
        return _KIND_OF[self.result]

    def columns(self) -> dict[str, Any]:
        return {
            "clets_result": self.result.value, "clets_at": self.at, "clets_operator": self.operator,
            "clets_reference": self.reference,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reasoned:
    """`not_practicable` or `dismiss`. Raises MalformedError : `reason`: too short or too long."""

    kind: Kind
    reason: str

    def columns(self) -> dict[str, Any]:
        return {"reason": text("reason", self.reason, least=LEAST)}


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Another hit of the same vehicle is acted on instead."""

    of_hit: int
    kind: Kind = Kind.DUPLICATE

    def columns(self) -> dict[str, Any]:
        return {"duplicate_of": self.of_hit}


@dataclass(frozen=True, slots=True)
class BySystem:
    """`lapse` or `entry_ended`: the entry left its list, or the watch stopped."""

    kind: Kind

    def columns(self) -> dict[str, Any]:
        return {}


def text(name: str, said: str, *, least: int) -> str:
    """What a person wrote, in one line. Raises MalformedError (code `name`) when it is too short or too long."""
    said = " ".join(said.split())
    if not least <= len(said) <= MAX_NOTE:
        raise MalformedError(name, f"the {name} has {least}–{MAX_NOTE} characters")
    return said


def require_legal(hit_id: int, status: Status, kind: Kind) -> None:
    """Raise IllegalMoveError when a hit that stands at `status` cannot go that way."""
    if (status, ENDS[kind], kind) in TRANSITIONS:
        return
    remedy = "answer the three questions about its picture first" if status is Status.RAISED else ""
    raise IllegalMoveError(f"hit {hit_id} is {status}: {kind} is not possible", remedy=remedy)


def status_at(status: str, actionable_until: datetime | None, at: datetime) -> Status:
    """Where a hit stands at an instant: an actionable one lapses by itself, whether somebody wrote it down or not."""
    if status == Status.ACTIONABLE and (actionable_until is None or actionable_until <= at):
        return Status.LAPSED
    return Status(status)


def actionable_until(move: Move, at: datetime, minutes: int) -> datetime | None:
    """Until when a move makes a hit actionable: counted from the CLETS result, not from when somebody typed it in."""
    if ENDS[move.kind] is not Status.ACTIONABLE:
        return None
    return (move.at if isinstance(move, Clets) else at) + timedelta(minutes=minutes)
