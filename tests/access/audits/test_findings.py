"""Findings and the weekly list's decisions: who may not, in which order, and what the database refuses (422.6(c))."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from alpr_assets.access.audits import findings, listing, reviewing
from alpr_assets.access.people import Member
from alpr_assets.access.roles import Action, Role
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError, NotFoundError
from alpr_assets.store.audits import misuse_review
from alpr_assets.store.engine import reading, writing
from tests.access.audits.acts import NOW, Department
from tests.access.people import a_member

TODAY = date(2026, 6, 15)


@pytest.fixture
def looked(agency: Department) -> tuple[Department, int, int, Member]:
    """An audit with one entry, and the officer whose it is."""
    officer = a_member(agency.office, Role.OFFICER, "searcher", password=None)
    agency.look(officer, NOW - timedelta(days=3))
    audit_id = agency.drawn(n_random=1, n_risk=0)
    with reading(agency.engine) as connection:
        (item,) = listing.told(connection, audit_id)["items"]
    return agency, audit_id, item["record_id"], officer


def one(agency: Department, audit_id: int) -> dict[str, Any]:
    with reading(agency.engine) as connection:
        (found,) = findings.listed(connection, audit_id=audit_id)
    return found


@pytest.mark.clause("422.6(c)")
def test_a_finding_has_an_owner_and_a_date_until_another_closes_it(looked) -> None:
    agency, audit_id, record_id, officer = looked
    finding_id = agency.find(audit_id, record_id)
    found = one(agency, audit_id)
    assert (found["due_on"], found["subject_id"], found["status"]) == (
        TODAY + timedelta(days=30),
        officer.member_id,
        "open",
    )
    with reading(agency.engine) as connection:
        assert listing.overdue(connection, found["due_on"]) == []
        assert listing.overdue(connection, found["due_on"] + timedelta(days=1)) == [finding_id]
    with pytest.raises(MalformedError):
        agency.follow(finding_id, "extended", due_on=found["due_on"])
    agency.follow(finding_id, "extended", due_on=found["due_on"] + timedelta(days=5))
    agency.follow(finding_id, "closed")
    assert [move["kind"] for move in one(agency, audit_id)["moves"]] == ["opened", "extended", "closed"]
    with pytest.raises(IllegalMoveError):
        agency.follow(finding_id, "closed")
    with pytest.raises(DBAPIError), writing(agency.engine) as connection:
        connection.execute(text("UPDATE finding SET status = 'open'"))


def test_who_sees_to_a_finding_does_not_close_it_and_whom_it_is_about_sees_to_nothing(looked) -> None:
    agency, audit_id, record_id, officer = looked
    with pytest.raises(MalformedError) as refused:
        agency.find(audit_id, record_id, owner_id=officer.member_id)
    assert refused.value.code == "owner"
    finding_id = agency.find(audit_id, record_id, owner_id=agency.who(Role.CUSTODIAN).member_id)
    with pytest.raises(AccessRefusedError):
        agency.follow(finding_id, "closed")
    agency.follow(finding_id, "closed", Role.COMMANDER)


def test_what_is_no_finding_is_refused(looked) -> None:
    agency, audit_id, record_id, _ = looked
    for wrong, code in (({"text": "no"}, "reason"), ({"due_on": TODAY - timedelta(days=1)}, "due")):
        with pytest.raises(MalformedError) as refused:
            agency.find(audit_id, record_id, **wrong)
        assert refused.value.code == code
    with pytest.raises(NotFoundError):
        agency.find(audit_id, 999)
    with pytest.raises(NotFoundError):
        agency.follow(7, "closed")
    finding_id = agency.find(audit_id)
    with pytest.raises(MalformedError):
        agency.follow(finding_id, "forgotten")


def review(agency: Department, member_id: int, *, rank: int = 1) -> int:
    """A member on a week's list."""
    row = {
        "week_on": date(2026, 6, 8),
        "rank": rank,
        "member_id": member_id,
        "points": 3.0,
        "signals": [],
        "made_at": NOW,
        "status": "open",
    }
    with writing(agency.engine) as connection:
        return int(connection.execute(insert(misuse_review).returning(misuse_review.c.review_id), row).scalar_one())


@pytest.mark.clause("422.6(c)")
def test_nobody_sees_or_decides_his_own_signals(agency: Department) -> None:
    custodian, officer = agency.who(Role.CUSTODIAN), agency.who(Role.OFFICER)
    own, other = review(agency, custodian.member_id), review(agency, officer.member_id, rank=2)
    seen = agency.answer(
        Role.CUSTODIAN,
        Action.APPROVE_AUDIT,
        partial(reviewing.one_week, engine=agency.engine, week_on=date(2026, 6, 8)),
    )
    assert [row["review_id"] for row in seen] == [other]
    explain = partial(reviewing.explain, note="a class on the system")
    with pytest.raises(AccessRefusedError):
        agency.act(Role.CUSTODIAN, Action.APPROVE_AUDIT, partial(explain, review_id=own))
    agency.act(Role.AUDITOR, Action.CONDUCT_AUDIT, partial(explain, review_id=own))
    agency.act(Role.CUSTODIAN, Action.APPROVE_AUDIT, partial(explain, review_id=other))
    with pytest.raises(IllegalMoveError):
        agency.act(Role.CUSTODIAN, Action.APPROVE_AUDIT, partial(explain, review_id=other))
    with pytest.raises(NotFoundError):
        agency.act(Role.AUDITOR, Action.CONDUCT_AUDIT, partial(explain, review_id=99))
    with reading(agency.engine) as connection:
        assert reviewing.weeks(connection) == [{"week_on": date(2026, 6, 8), "n": 2, "n_open": 0}]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE misuse_review SET points = 0", "UPDATE misuse_review SET status = 'explained'", "DELETE FROM misuse_review",
        "INSERT INTO misuse_decision (review_id, kind, note, member_id, decided_at) SELECT review_id, 'explained', 'own', member_id, 0 FROM misuse_review",
    ],
)  # fmt: skip
def test_the_database_keeps_the_weekly_list_as_it_was(agency: Department, statement: str) -> None:
    review(agency, agency.who(Role.OFFICER).member_id)
    with pytest.raises(DBAPIError), writing(agency.engine) as connection:
        connection.execute(text(statement))


def test_only_who_audits_or_approves_reads_the_list(agency: Department) -> None:
    for role, action in (
        (Role.OFFICER, Action.CONDUCT_AUDIT),
        (Role.SUPERVISOR, Action.APPROVE_AUDIT),
        (Role.AUDITOR, Action.READ_RECORD),
    ):
        with pytest.raises(AccessRefusedError):
            agency.answer(role, action, partial(reviewing.one_week, engine=agency.engine, week_on=date(2026, 6, 8)))
