"""The gate: the only way by which data about vehicles reaches a person (422.4(a), 422.6(a), Civ. Code 1798.90.52).

Here: what is asked, the checks, running the search under a Grant that only this module makes, recording, and only then
answering. Not here: any search. A refusal and a search that fails are recorded too. What cannot be recorded is not answered.

One answer
(1) the member as the register has him now: a revoked, suspended or lapsed one is no longer what his session says
(2) every check, all refusals together
(3) the search, under a Grant
(4) one entry of the record: outcome, number of results, their Merkle root; the ids beside it in the same transaction
(5) the rows
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import Connection, Engine

from alpr_assets.access.governing import Standing
from alpr_assets.access.people import Member, Session, Source, Status
from alpr_assets.access.provisional import Provisional, is_provisional
from alpr_assets.access.record.entries import Entry, Kind, Outcome, Receipt, Recorder, RecordUnavailableError, ResultId
from alpr_assets.access.roles import DATA, TRAINED, Action, may
from alpr_assets.errors import AccessRefusedError
from alpr_assets.policy import Policy
from alpr_assets.store.engine import writing

log = logging.getLogger(__name__)

Rows = TypeVar("Rows")

KINDS: Final = {
    Action.OPEN_IMAGE: Kind.IMAGE,
    Action.EXPORT: Kind.EXPORT,
    Action.PACK_EVIDENCE: Kind.EXPORT,
    Action.FULFIL_RELEASE: Kind.RELEASE,
    Action.VIEW_PIPELINE: Kind.PIPELINE,
    Action.OPERATE_PIPELINE: Kind.PIPELINE,
}
"""How the record files an action; a query where it is not named."""

MAX_CASE_NUMBER: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a member asks, and why.

    elements : the query verbatim, JSON values; sealed in the record
    purpose : code of one of the policy's purposes
    case_number : case, incident or administrative number
    sources : whose data the answer holds at least; the search filters by the Grant's besides
    details : what else the record keeps in clear, never plates
    exported : of an export, the action whose answer is taken out
    """

    action: Action
    purpose: str
    case_number: str
    elements: Mapping[str, Any] = field(default_factory=dict)
    sources: frozenset[Source] = frozenset({Source.DEPARTMENT})
    details: Mapping[str, Any] = field(default_factory=dict)
    exported: Action | None = None


class Grant:
    """Proof that the gate allowed one ask; searches take one, and cannot make one."""

    __slots__ = ("ask", "at", "member", "session_id")

    def __init__(self, session: Session, member: Member, ask: Ask, at: datetime, *, seal: object) -> None:
        if seal is not _SEAL:
            raise AccessRefusedError(("a grant is made by the gate only",))
        self.session_id = session.session_id
        self.member = member
        self.ask = ask
        self.at = at

    def require(self, action: Action) -> None:
        """Raise AccessRefusedError when this grant is for another action, and not for the export of this one's answer."""
        if action not in (self.ask.action, self.ask.exported):
            raise AccessRefusedError((f"the grant is for {self.ask.action}, not for {action}",))

    @property
    def sources(self) -> frozenset[Source]:
        """Whose data the member may see: searches filter by these in SQL."""
        return self.member.sources

    def __repr__(self) -> str:
        return f"Grant({self.ask.action}, member {self.member.member_id})"


_SEAL: Final = object()


@dataclass(frozen=True, slots=True)
class Found(Generic[Rows]):
    """What a search found: the rows as they will leave, and the id of everything in them."""

    rows: Rows
    ids: Sequence[ResultId]


@dataclass(frozen=True, slots=True)
class Answer(Generic[Rows]):
    """Rows, and the receipt of the record that lets them leave."""

    rows: Rows
    receipt: Receipt


Search = Callable[[Grant], Found[Rows]]
Deed = Callable[[Grant, Connection], Found[Rows]]


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason: a stable code for the record, a sentence for the member."""

    code: str
    text: str


# ── the checks ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Case:
    """All that a check may look at."""

    session: Session
    member: Member
    ask: Ask
    policy: Policy
    at: datetime
    provisional: Callable[[str], Provisional | None]
    governed: Callable[[datetime], Standing]

    @property
    def on(self) -> date:
        """The department's date."""
        return self.at.astimezone(self.policy.zone).date()


Check = Callable[[Case], Refusal | None]


def in_good_standing(case: Case) -> Refusal | None:
    """The account is active and not locked."""
    if case.member.status is not Status.ACTIVE:
        return Refusal("not_active", f"the account is {case.member.status}")
    return Refusal("locked", "the account is locked") if case.member.locked_at else None


def owes_nothing(case: Case) -> Refusal | None:
    """Password, second factor and notice are done."""
    if case.session.is_complete:
        return None
    return Refusal("sign_in_incomplete", "the sign-in is not complete")


def of_this_department(case: Case) -> Refusal | None:
    """Another agency asks in writing (422.7)."""
    if case.member.agency == case.policy.policy.ori:
        return None
    return Refusal("other_agency", "another agency makes a written request for release (422.7)")


def role_allows(case: Case) -> Refusal | None:
    """The role has the action, and the token was not made for less; of an export, what is taken out as well."""
    for action in filter(None, (case.ask.action, case.ask.exported)):
        if not may(case.member.role, action):
            return Refusal("role", f"the role {case.member.role} does not include {action}")
        if case.session.actions is not None and action not in case.session.actions:
            return Refusal("scope", f"this token was not made for {action}")
    return None


def is_trained(case: Case) -> Refusal | None:
    """Training is current on the department's date (422.4(d))."""
    if case.ask.action not in TRAINED:
        return None
    until = case.member.trained_until
    if until is None:
        return Refusal("untrained", "no ALPR training is on record (422.4(d))")
    return None if case.on <= until else Refusal("training_expired", f"the ALPR training ended on {until} (422.4(d))")


def has_a_purpose(case: Case) -> Refusal | None:
    """One of the policy's, never one that it refuses; wording under another purpose counts too (SB 54)."""
    if case.ask.action not in DATA:
        return None
    if forbidden_wording(case.policy, case.ask):
        return Refusal("refused_purpose", "the policy refuses this purpose (Gov. Code 7284.6)")
    known = {purpose.code for purpose in case.policy.purposes}
    return None if case.ask.purpose in known else Refusal("unknown_purpose", "the purpose is none of the policy's")


def has_a_case(case: Case) -> Refusal | None:
    """A case, incident or administrative number of the department's form (422.4(a))."""
    if case.ask.action not in DATA:
        return None
    number = case.ask.case_number
    if is_provisional(number):
        return _is_good(case, case.provisional(number))
    if len(number) <= MAX_CASE_NUMBER and re.fullmatch(case.policy.access.case_number, number):
        return None
    return Refusal("no_case", "a case, incident or administrative number is needed (422.4(a))")


def _is_good(case: Case, known: Provisional | None) -> Refusal | None:
    """A provisional number is the member's own or was handed to him, waits for its real one, and is in time."""
    if known is None or case.member.member_id not in known.owners:
        return Refusal("no_case", "that provisional number is not yours: ask for one, or give a case number (422.4(a))")
    if known.case_number is not None:
        return Refusal("reconciled", f"the provisional number is {known.case_number} now: give that one")
    if case.at >= known.due_at:
        return Refusal("provisional_overdue", "the provisional number is overdue: give it its case number first")
    return None


def is_entitled(case: Case) -> Refusal | None:
    """The member may see every source that the answer holds (422.4(e))."""
    lacking = sorted(case.ask.sources - case.member.sources) if case.ask.action in DATA else []
    return Refusal("source", f"not entitled to {', '.join(lacking)} data (422.4(e))") if lacking else None


def a_policy_is_in_force(case: Case) -> Refusal | None:
    """Nobody works with data about vehicles while none is; a hold can always be placed, since it only keeps what there is."""
    if case.ask.action not in DATA or case.ask.action is Action.PLACE_HOLD:
        return None
    why_not = case.governed(case.at).why_not
    return Refusal("no_policy", f"no policy is in force: {why_not}") if why_not else None


# Pinned by a test: an emptied tuple would admit everyone.
CHECKS: Final[tuple[Check, ...]] = (
    in_good_standing, owes_nothing, of_this_department, role_allows, is_trained, has_a_purpose, has_a_case, is_entitled,
    a_policy_is_in_force,
)  # fmt: skip


def forbidden_wording(policy: Policy, ask: Ask) -> bool:
    """Whether purpose or case number speak of what the policy refuses, such as immigration."""
    words = re.split(r"[^a-z]+", f"{ask.purpose} {ask.case_number}".lower())
    return any(word.startswith(refused.lower()) for refused in policy.refused_purposes for word in words if word)


# ── answering ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _details(ask: Ask, session: Session, member: Member) -> dict[str, Any]:
    details = dict(ask.details)
    if ask.exported:
        details["exported"] = ask.exported.value
    if member.role is not session.member.role:
        details["role_now"] = member.role.value
    return details


@dataclass(frozen=True, slots=True)
class Gate:
    """The gate of one process.

    member : the register's present word on a member id; raises AlprError where there is none
    recorder : the access record
    clock : aware UTC now
    provisional : what a provisional incident number is; None: there is none
    governed : whether the policy is in force at an instant
    """

    member: Callable[[int], Member]
    recorder: Recorder
    policy: Policy
    clock: Callable[[], datetime]
    provisional: Callable[[str], Provisional | None]
    governed: Callable[[datetime], Standing]

    def answer(self, session: Session, ask: Ask, search: Search[Rows]) -> Answer[Rows]:
        """Check, search, record; the rows leave once their record is on the disk.

        Raises
        ------
        AccessRefusedError : with every reason and the id of the record of the refusal
        RecordUnavailableError : the record could not be written; nothing was returned
        Exception : what the search raised, recorded as failed
        """
        at = self.clock()
        member = self.member(session.member.member_id)
        self._refuse(session, member, ask, at)
        try:
            found = search(Grant(session, member, ask, at, seal=_SEAL))
        except AccessRefusedError as error:
            receipt = self._record(session, member, ask, Outcome.REFUSED, reasons=error.codes or ("search",))
            raise error.recorded_as(receipt.record_id) from error
        except Exception as error:
            # By its class: the text of an error may hold what was asked.
            self._record(session, member, ask, Outcome.FAILED, reasons=(type(error).__name__,))
            raise
        receipt = self._record(session, member, ask, Outcome.ANSWERED, results=found.ids)
        return Answer(found.rows, receipt)

    def act(self, session: Session, ask: Ask, engine: Engine, deed: Deed[Rows]) -> Answer[Rows]:
        """Check, do, record, and only then commit: what cannot be recorded is not done.

        Parameters
        ----------
        deed : does it in the transaction it is given, and says what it did it to

        Raises
        ------
        As `answer`; then nothing was done.
        """
        at = self.clock()
        member = self.member(session.member.member_id)
        self._refuse(session, member, ask, at)
        receipt: Receipt | None = None
        try:
            with writing(engine) as connection:
                done = deed(Grant(session, member, ask, at, seal=_SEAL), connection)
                receipt = self._record(session, member, ask, Outcome.DONE, results=done.ids)
        except RecordUnavailableError:
            raise
        except AccessRefusedError as error:
            kept = self._record(session, member, ask, Outcome.REFUSED, reasons=error.codes or ("deed",))
            raise error.recorded_as(kept.record_id) from error
        except Exception as error:
            why = "commit" if receipt is not None else type(error).__name__
            self._record(session, member, ask, Outcome.FAILED, reasons=(why,))
            raise
        return Answer(done.rows, receipt)

    def require(self, session: Session, action: Action, *, details: Mapping[str, Any] | None = None) -> Member:
        """Check an act that returns no data about vehicles; only a refusal is recorded here, the act itself by who does it.

        Raises AccessRefusedError, RecordUnavailableError.
        """
        member = self.member(session.member.member_id)
        ask = Ask(action=action, purpose="", case_number="", details=details or {})
        self._refuse(session, member, ask, self.clock())
        return member

    def _refuse(self, session: Session, member: Member, ask: Ask, at: datetime) -> None:
        case = Case(session, member, ask, self.policy, at, self.provisional, self.governed)
        refusals = [refusal for check in CHECKS if (refusal := check(case))]
        if refusals:
            codes = tuple(refusal.code for refusal in refusals)
            receipt = self._record(session, member, ask, Outcome.REFUSED, reasons=codes)
            raise AccessRefusedError(
                tuple(refusal.text for refusal in refusals), record_id=receipt.record_id, codes=codes
            )

    def _record(
        self,
        session: Session,
        member: Member,
        ask: Ask,
        outcome: Outcome,
        *,
        reasons: tuple[str, ...] = (),
        results: Sequence[ResultId] = (),
    ) -> Receipt:
        entry = Entry(
            at=self.clock(),
            kind=KINDS.get(ask.action, Kind.QUERY if ask.action in DATA else Kind.ADMINISTRATION),
            action=ask.action.value,
            outcome=outcome,
            actor=session.actor(),
            purpose=ask.purpose,
            case_number=ask.case_number,
            reasons=reasons,
            elements=ask.elements,
            details=_details(ask, session, member),
            results=results,
        )
        try:
            return self.recorder.append(entry)
        except RecordUnavailableError:
            raise
        except Exception as error:  # whatever it was, it was not recorded
            log.critical("the access record cannot be written: %s", type(error).__name__)
            raise RecordUnavailableError(
                "the access record cannot be written", remedy="tell the administrator; nothing was returned"
            ) from error
