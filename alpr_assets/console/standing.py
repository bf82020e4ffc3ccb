"""May this session do that, just now?

Here: the gate's own checks, asked without a record, for what asks every few seconds: polls, open sockets, what a page offers.
Not here: anything that answers with data or acts; that goes through the gate, which records.
"""

from __future__ import annotations

from alpr_assets.access.gate import CHECKS, Ask, Case, Gate, Refusal
from alpr_assets.access.people import Session
from alpr_assets.access.roles import Action


def refusals(gate: Gate, session: Session, action: Action) -> tuple[Refusal, ...]:
    """Every reason why the gate would refuse the action now; purpose and case number of a search are left out."""
    member = gate.member(session.member.member_id)
    on = gate.clock().astimezone(gate.policy.zone).date()
    # A purpose and a number that pass: what is asked here is whether the member may ask at all.
    ask = Ask(action=action, purpose=gate.policy.purposes[0].code, case_number="0000", sources=frozenset())
    case = Case(session, member, ask, gate.policy, on)
    found = (refusal for check in CHECKS if (refusal := check(case)))
    return tuple(refusal for refusal in found if refusal.code not in {"no_case", "unknown_purpose"})


def allowed(gate: Gate, session: Session, action: Action) -> bool:
    """Whether the gate would allow the action now."""
    return not refusals(gate, session, action)
