"""Papers that the system does not end are told once they are past their class's maximum: by number and date, no content."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import insert

from alpr_assets.lifecycle.retention.papers import Paper, past_maximum
from alpr_assets.store.audits import audit, audit_decision, finding, finding_move
from alpr_assets.store.breaches import breach, breach_decision
from alpr_assets.store.engine import reading, writing
from alpr_assets.store.releases import agency, agreement, release, release_decision, release_letter

AT = datetime(2026, 6, 15, 19, tzinfo=UTC)
LATER = datetime(2027, 3, 1, 5, tzinfo=UTC)
"""The evening of 28 February, by the department's date."""


def put(store, *rows):
    with writing(store.engine) as connection:
        for table, values in rows:
            connection.execute(insert(table), values)


def asked(store):
    """A request of an agency that rests on an agreement until the end of 2026."""
    sealed = {"file_name": "memo.pdf", "sealed_day": AT.date(), "sealed_sha256": "0" * 64, "member_id": 1}
    put(
        store,
        (agency, {
            "agency_id": 1, "name": "Sheriff", "ori": "CA0340000", "kind": "law_enforcement", "jurisdiction": "california", "state": "ca",
            "contact": "desk", "status": "verified", "recipient": "", "recipient_proposed": "", "n_decisions": 1,
        }),
        (agreement, {
            "agreement_id": 4, "agency_id": 1, "title": "Task force", "from_on": date(2026, 1, 1), "to_on": date(2026, 12, 31),
            "scopes": ["plate"], "entered_at": AT, **sealed,
        }),
        (release, {
            "release_id": 9, "kind": "written", "agency_id": 1, "person": "Lee Chan", "person_title": "Detective", "asked_for": "a burglary",
            "statute": "Penal Code 459", "agreement_id": 4, "purpose": "criminal_investigation", "case_number": "26-01234", "scope": {},
            "came_by": "mail", "came_at": AT, "entered_at": AT, "member_id": 1, "status": "asked", "n_decisions": 0,
        }),
    )  # fmt: skip
    return sealed


def decided(number, kind, at, **more):
    return {
        "release_id": 9, "seq": number, "kind": kind, "decided_at": at, "member_id": 2, "reason": "as the law says",
        "capacity": "commander" if kind == "denied" else None, **more,
    }  # fmt: skip


def late(store, policy, on):
    with reading(store.engine) as connection:
        return past_maximum(connection, policy, on)


@pytest.mark.clause("422.5")
def test_a_request_and_an_agreement_are_reviewed_five_years_after_the_last_that_happened_to_each(store, policy):
    sealed = asked(store)
    assert late(store, policy, date(2031, 6, 15)) == []
    request, ended = (
        Paper(date(2031, 6, 15), "release", 9, AT.date()),
        Paper(date(2031, 12, 31), "agreement", 4, date(2026, 12, 31)),
    )
    assert late(store, policy, date(2031, 6, 16)) == [request]
    assert late(store, policy, date(2032, 1, 1)) == [request, ended]
    letter = {"letter_id": 1, "release_id": 9, "kind": "request", "attached_at": LATER, **sealed}
    put(store, (release_letter, letter))
    lettered = Paper(date(2032, 2, 28), "release", 9, date(2027, 2, 28))
    assert late(store, policy, date(2032, 2, 28)) == [ended]
    assert late(store, policy, date(2032, 2, 29)) == [ended, lettered]
    put(store, (release_decision, decided(1, "denied", LATER.replace(month=4))))
    assert late(store, policy, date(2032, 3, 31)) == [ended]
    gone_by = decided(2, "fulfilled", LATER.replace(month=4), n_captures=1, n_reads=1, until_on=date(2028, 5, 1))
    put(store, (release_decision, gone_by))
    assert late(store, policy, date(2033, 5, 1)) == [ended]
    assert late(store, policy, date(2033, 5, 2)) == [ended, Paper(date(2033, 5, 1), "release", 9, date(2028, 5, 1))]


@pytest.mark.clause("422.5")
def test_a_breach_and_an_audit_are_reviewed_seven_years_after(store, policy):
    put(
        store,
        (breach, {
            "breach_id": 2, "reported_at": AT, "member_id": 1, "discovered_at": AT, "what": "a lost laptop", "suspected": {}, "status": "open",
            "n_decisions": 0,
        }),
        (audit, {
            "audit_id": 3, "made_at": AT, "member_id": 1, "auditor_id": 2, "approver_id": 3, "frequency": "quarterly", "since_on": AT.date(),
            "until_on": AT.date(), "since_at": AT, "until_at": LATER, "n_random": 1, "n_risk": 0, "areas": [], "status": "planned",
            "n_decisions": 0,
        }),
    )  # fmt: skip
    first = [Paper(date(2033, 6, 15), "audit", 3, AT.date()), Paper(date(2033, 6, 15), "breach", 2, AT.date())]
    assert late(store, policy, date(2033, 6, 15)) == []
    assert late(store, policy, date(2033, 6, 16)) == first
    why = {"seq": 1, "decided_at": LATER, "member_id": 1, "reason": "as it was found"}
    put(
        store,
        (breach_decision, {"breach_id": 2, "kind": "reported", **why}),
        (audit_decision, {"audit_id": 3, "kind": "planned", **why}),
    )
    assert late(store, policy, date(2034, 2, 28)) == []
    then = [Paper(date(2034, 2, 28), kind, number, date(2027, 2, 28)) for kind, number in (("audit", 3), ("breach", 2))]
    assert late(store, policy, date(2034, 3, 1)) == then
    with writing(store.engine) as connection:  # a finding is opened while its audit goes on
        on = "" if store.engine.dialect.name == "sqlite" else " ON finding"
        connection.exec_driver_sql(f"DROP TRIGGER finding_open{on}")
    opened = {
        "finding_id": 1, "audit_id": 3, "text": "late", "owner_id": 5, "opened_at": LATER.replace(month=5), "member_id": 2,
        "due_on": AT.date(), "status": "open", "n_moves": 0,
    }  # fmt: skip
    put(store, (finding, opened))
    assert late(store, policy, date(2034, 3, 1)) == then[1:]
    assert late(store, policy, date(2034, 5, 1)) == [then[1], Paper(date(2034, 4, 30), "audit", 3, date(2027, 4, 30))]
    moved = {
        "finding_id": 1,
        "seq": 1,
        "note": "seen to",
        "due_on": AT.date(),
        "member_id": 2,
        "decided_at": LATER.replace(month=9),
    }
    put(store, (finding_move, {"kind": "opened", **moved}))
    assert late(store, policy, date(2034, 8, 31)) == then[1:]
    assert late(store, policy, date(2034, 9, 1)) == [then[1], Paper(date(2034, 8, 31), "audit", 3, date(2027, 8, 31))]
