"""May this session do that, just now?

Here: the gate's own checks, asked without a search: for what asks every few seconds (polls, open sockets, what a page offers)
without a record, and for opening a page, whose refusal is recorded. Not here: anything that answers with data or acts; that goes
through the gate, which records.
"""

from __future__ import annotations

from alpr_assets.access.gate import CHECKS, KINDS, Ask, Case, Gate, Refusal
from alpr_assets.access.people import Session
from alpr_assets.access.record.entries import Entry, Kind, Outcome
from alpr_assets.access.roles import DATA, Action
from alpr_assets.errors import AccessRefusedError


def refusals(gate: Gate, session: Session, action: Action) -> tuple[Refusal, ...]:
    """Every reason why the gate would refuse the action now; purpose and case number of a search are left out."""
    member = gate.member(session.member.member_id)
    # A purpose and a number that pass: what is asked here is whether the member may ask at all.
    ask = Ask(action=action, purpose=gate.policy.purposes[0].code, case_number="0000", sources=frozenset())
    case = Case(session, member, ask, gate.policy, gate.clock(), gate.provisional, gate.governed)
    found = (refusal for check in CHECKS if (refusal := check(case)))
    return tuple(refusal for refusal in found if refusal.code not in {"no_case", "unknown_purpose"})


def allowed(gate: Gate, session: Session, action: Action) -> bool:
    """Whether the gate would allow the action now."""
    return not refusals(gate, session, action)


def require_quietly(gate: Gate, session: Session, action: Action) -> None:
    """The same for what an open page asks by itself, every few seconds: refused, and not recorded each time.

    Raises AccessRefusedError.
    """
    if found := refusals(gate, session, action):
        codes = tuple(refusal.code for refusal in found)
        raise AccessRefusedError(tuple(refusal.text for refusal in found), codes=codes)


def require(gate: Gate, session: Session, action: Action) -> None:
    """Let go on who may the action, such as to its empty form.

    Raises AccessRefusedError with the id of its record; RecordUnavailableError.
    """
    found = refusals(gate, session, action)
    if not found:
        return
    codes = tuple(refusal.code for refusal in found)
    receipt = gate.recorder.append(
        Entry(
            at=gate.clock(),
            kind=KINDS.get(action, Kind.QUERY if action in DATA else Kind.ADMINISTRATION),
            action=action.value,
            outcome=Outcome.REFUSED,
            actor=session.actor(),
            reasons=codes,
        )
    )
    raise AccessRefusedError(tuple(refusal.text for refusal in found), record_id=receipt.record_id, codes=codes)
