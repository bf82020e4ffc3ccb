"""Agencies: who may ask for data, entered by one person and verified by another; and who is known to ask and may not (422.7).

Here: members' acts on the registry, each a deed for `Gate.act`. Not here: requests (`entering`). An agency is retired, never deleted or
changed: what it is was verified as a whole. Its age key, to which a release is encrypted, is verified by two people too, and can follow.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import pyrage
from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.reasons import line, written
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError, NotFoundError
from alpr_assets.store.releases import MAX_CONTACT, MAX_KEY, MAX_NAME, MAX_REASON, agency, agency_decision


class AgencyKind(StrEnum):
    """What an agency is."""

    LAW_ENFORCEMENT = "law_enforcement"
    PROSECUTOR = "prosecutor"
    COURT = "court"
    OTHER_PUBLIC = "other_public"
    PRIVATE = "private"


class Jurisdiction(StrEnum):
    """Whose public agency it is (Civ. Code 1798.90.5(f))."""

    CALIFORNIA = "california"
    OTHER_STATE = "other_state"
    FEDERAL = "federal"
    TRIBAL = "tribal"
    FOREIGN = "foreign"
    PRIVATE = "private"


KINDS: Final = {
    AgencyKind.LAW_ENFORCEMENT: "law enforcement",
    AgencyKind.PROSECUTOR: "prosecutor",
    AgencyKind.COURT: "court",
    AgencyKind.OTHER_PUBLIC: "other public agency",
    AgencyKind.PRIVATE: "private or other",
}
JURISDICTIONS: Final = {
    Jurisdiction.CALIFORNIA: "California, state or local",
    Jurisdiction.OTHER_STATE: "another state",
    Jurisdiction.FEDERAL: "federal",
    Jurisdiction.TRIBAL: "tribal",
    Jurisdiction.FOREIGN: "another country",
    Jurisdiction.PRIVATE: "none: private",
}
ENFORCING: Final = frozenset({AgencyKind.LAW_ENFORCEMENT, AgencyKind.PROSECUTOR})
"""Agencies that a written request can be fulfilled for; others go through the records process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """An agency as it is entered. ori: as NCIC has it, empty: none; state: two letters, empty: none; recipient: age public key, empty: it follows"""

    name: str
    kind: AgencyKind
    jurisdiction: Jurisdiction
    state: str
    ori: str = ""
    contact: str = ""
    recipient: str = ""

    def row(self) -> dict[str, Any]:
        """Its columns, checked. Raises MalformedError: `agency`, `ori`, `state`, `recipient`, `text`."""
        state, ori = self.state.strip().lower(), self.ori.strip().upper()
        if (self.kind is AgencyKind.PRIVATE) != (self.jurisdiction is Jurisdiction.PRIVATE):
            raise MalformedError("agency", "who is private is nobody's public agency", remedy="choose private for both")
        if state and not re.fullmatch("[a-z]{2}", state):
            raise MalformedError("state", "a state has two letters", remedy="such as CA; nothing for none")
        if self.jurisdiction is Jurisdiction.CALIFORNIA and state != "ca":
            raise MalformedError("state", "a California agency is in CA", remedy="write CA, or choose whose it is")
        if ori and not re.fullmatch("[A-Z0-9]{9}", ori):
            raise MalformedError("ori", "an ORI has nine letters and digits", remedy="as NCIC has it; nothing for none")
        if self.jurisdiction is Jurisdiction.CALIFORNIA and self.kind in ENFORCING and not ori.startswith("CA"):
            raise MalformedError("ori", "a California agency that enforces the law has an ORI that begins with CA")
        return {
            "name": line(self.name, "name", MAX_NAME, least=1), "ori": ori, "kind": self.kind.value, "jurisdiction": self.jurisdiction.value,
            "state": state, "contact": line(self.contact, "contact", MAX_CONTACT), "recipient_proposed": age_key(self.recipient),
        }  # fmt: skip


def propose(grant: Grant, connection: Connection, described: Described, *, reason: str) -> Found[int]:
    """Enter an agency; it counts once another person has verified it. Returns its id.

    Parameters
    ----------
    reason : how it is known: a letter, the ORI directory

    Raises
    ------
    AccessRefusedError : the grant is for another ask
    IllegalMoveError : an agency with that ORI is there already
    MalformedError : see Described; `reason`
    """
    grant.require(Action.KEEP_AGENCIES)
    row = described.row() | {"status": "proposed", "recipient": "", "n_decisions": 0}
    why = written(reason, most=MAX_REASON)
    try:
        with connection.begin_nested():
            made = connection.execute(insert(agency).returning(agency), row).one()
    except IntegrityError as error:
        raise IllegalMoveError("an agency with that ORI is there already", remedy="retire that one first") from error
    return Found(made.agency_id, _decide(connection, grant, made, "proposed", why))


def propose_key(grant: Grant, connection: Connection, agency_id: int, recipient: str, *, reason: str) -> Found[None]:
    """Give an agency another age key; the one in force stays until another person has verified it.

    Raises as `propose`, and NotFoundError; IllegalMoveError: retired.
    """
    grant.require(Action.KEEP_AGENCIES)
    row, key = _kept(connection, agency_id), age_key(recipient)
    if not key or key == row.recipient:
        raise MalformedError("recipient", "that is no other key", remedy="give the line that begins with age1")
    ids = _decide(connection, grant, row, "key_proposed", written(reason, most=MAX_REASON), recipient_proposed=key)
    return Found(None, ids)


def verify(grant: Grant, connection: Connection, agency_id: int, *, reason: str) -> Found[None]:
    """Verify an agency or its new key, as another person than who entered it.

    Parameters
    ----------
    reason : by what: called back under the number of the directory

    Raises as `propose`, and
    AccessRefusedError : `own_proposal`: who entered it does not verify it
    IllegalMoveError : retired, or nothing waits to be verified
    NotFoundError : there is no such agency
    """
    grant.require(Action.KEEP_AGENCIES)
    row = _kept(connection, agency_id)
    if row.status == "verified" and not row.recipient_proposed:
        raise IllegalMoveError(f"agency {agency_id}: nothing waits to be verified")
    decision = agency_decision.c
    entered = connection.scalars(
        select(decision.member_id)
        .where(decision.agency_id == agency_id, decision.kind.in_(("proposed", "key_proposed")))
        .order_by(decision.seq.desc())
    ).all()
    whose = entered[:1] if row.status == "verified" else entered
    if grant.member.member_id in whose:
        raise AccessRefusedError(("who entered it does not verify it",), codes=("own_proposal",))
    changed = {"status": "verified", "recipient": row.recipient_proposed or row.recipient, "recipient_proposed": ""}
    return Found(None, _decide(connection, grant, row, "verified", written(reason, most=MAX_REASON), **changed))


def retire(grant: Grant, connection: Connection, agency_id: int, *, reason: str) -> Found[None]:
    """Let an agency ask no more; what it got stays on file. Raises as `verify`."""
    grant.require(Action.KEEP_AGENCIES)
    row = _kept(connection, agency_id)
    ids = _decide(connection, grant, row, "retired", written(reason, most=MAX_REASON), status="retired")
    return Found(None, ids)


def age_key(text: str) -> str:
    """An age public key as typed, checked; empty where none was. Raises MalformedError `recipient`."""
    key = text.strip()
    if not key:
        return ""
    try:
        pyrage.x25519.Recipient.from_str(key)
    except pyrage.RecipientError as error:
        raise MalformedError(
            "recipient", "that is no age public key", remedy="give the line that begins with age1, as age-keygen writes it"
        ) from error  # fmt: skip
    if len(key) > MAX_KEY:
        raise MalformedError("recipient", f"an age key has at most {MAX_KEY} characters")
    return key


def refuse_outside(row: Row[Any]) -> None:
    """Raises AccessRefusedError `outside_agency` for whoever is no California public agency; nobody can override it.

    Civ. Code 1798.90.55(b); Attorney General's bulletin 2023-DLE-06
    """
    if row.jurisdiction != Jurisdiction.CALIFORNIA:
        whose = JURISDICTIONS[Jurisdiction(row.jurisdiction)]
        raise AccessRefusedError(
            (f"data goes to California public agencies only, and this one is not ({whose}) (Civ. Code 1798.90.55)",),
            codes=("outside_agency", row.jurisdiction),
            remedy="write that to who asks; a member of the public asks by the California Public Records Act",
        )


def found(connection: Connection, agency_id: int) -> Row[Any]:
    """An agency's row, locked. Raises NotFoundError."""
    row = connection.execute(select(agency).where(agency.c.agency_id == agency_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no agency {agency_id}", remedy="the custodian enters it first")
    return row


# ── parts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _kept(connection: Connection, agency_id: int) -> Row[Any]:
    row = found(connection, agency_id)
    if row.status == "retired":
        raise IllegalMoveError(f"agency {agency_id} is retired", remedy="enter it anew")
    return row


def _decide(
    connection: Connection, grant: Grant, row: Row[Any], kind: str, reason: str, **changed: Any
) -> list[ResultId]:
    seq = row.n_decisions + 1
    decision = {
        "agency_id": row.agency_id, "seq": seq, "kind": kind, "decided_at": grant.at, "member_id": grant.member.member_id, "reason": reason,
    }  # fmt: skip
    number: int = connection.execute(
        insert(agency_decision).returning(agency_decision.c.decision_id), decision
    ).scalar_one()
    this = agency.c.agency_id == row.agency_id
    connection.execute(update(agency).where(this).values(n_decisions=seq, **changed))
    return [ResultId("agency", None, row.agency_id), ResultId("agency_decision", None, number)]
