"""A lifted hold lets go: custodian and attorney say why nothing of it need be booked."""

from __future__ import annotations

from functools import partial

from alpr_assets.access.roles import Action, Role
from alpr_assets.lifecycle.holds import settling
from tests.people import NOW, ask, gate_for, member, session

CUSTODIAN = member(Role.CUSTODIAN, member_id=21)
ATTORNEY = member(Role.ATTORNEY, member_id=22)


def waive(store, policy, hold_id, *, now=NOW):
    """Both do."""
    gate = gate_for(policy, CUSTODIAN, ATTORNEY, now=now)
    why = ask(Action.WAIVE_BOOKING, elements={}, purpose="", case_number="")
    for who in (CUSTODIAN, ATTORNEY):
        deed = partial(settling.waive, hold_id=hold_id, reason="no evidence after all")
        settled = gate.act(session(who), why, store.engine, deed).rows
    assert settled
