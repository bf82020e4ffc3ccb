"""The yearly review of accounts: by whom, of whose, when it is due, and that it stays as it was said (CJIS AC-2, 422.3.1(a))."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError

from alpr_assets.access import reviews
from alpr_assets.access.acting import Office
from alpr_assets.access.people import Member, Source, Status
from alpr_assets.access.record.entries import Outcome, RecordUnavailableError
from alpr_assets.access.roles import MAY, PRIVILEGED, Action, Role
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError, StorageError
from alpr_assets.store import people
from alpr_assets.store.engine import reading, writing
from tests.access.people import NOW, TODAY, a_member, actor, granted, kept

YEAR_AGO = datetime(2025, 6, 14, 18, 30, tzinfo=UTC)


def confirm(office: Office, by: Member, *members: Member, note: str = "asked his sergeant", at: datetime = NOW) -> None:
    reviews.confirm(office, [one.member_id for one in members], note=note, by=actor(by), at=at)


def due(office: Office, member: Member, on: date = TODAY) -> reviews.Due:
    return next(
        one for one in reviews.due(office.engine, office.policy, on) if one.member.member_id == member.member_id
    )


def rows(office: Office) -> list[object]:
    with reading(office.engine) as connection:
        return list(connection.execute(select(people.account_review)))


@pytest.mark.clause("422.3.1(a)")
def test_an_account_is_due_a_year_after_it_was_approved_and_again_after_each_review(office: Office) -> None:
    officer = granted(office, a_member(office, at=YEAR_AGO), Source.STATE)
    sergeant = a_member(office, Role.SUPERVISOR)
    assert (due(office, officer).due_on, due(office, officer).is_overdue) == (date(2026, 6, 14), True)
    assert not due(office, officer, date(2026, 6, 14)).is_overdue  # on its day it is in time
    confirm(office, sergeant, officer)
    assert due(office, officer).due_on == date(2027, 6, 15)
    (row,) = rows(office)
    assert (row.title, row.role, row.sources, row.note) == (officer.title, "officer", ["state"], "asked his sergeant")
    assert (kept(office).last.action, kept(office).last.details) == (
        "review_account",
        {"member_ids": [officer.member_id]},
    )


def test_what_counts_is_when_he_was_approved_and_not_when_he_was_last_let_in_again(office: Office) -> None:
    officer = a_member(office)  # active since yesterday, after a suspension
    values = {
        "member_id": officer.member_id, "kind": "join", "title": officer.title, "role": "officer", "sources": [],
        "proposed_at": YEAR_AGO, "state": "accepted", "decided_at": YEAR_AGO,
    }  # fmt: skip
    with writing(office.engine) as connection:
        connection.execute(insert(people.member_proposal), values)
    assert due(office, officer).is_overdue


@pytest.mark.parametrize("by", [Role.SUPERVISOR, Role.COMMANDER, Role.ADMINISTRATOR])
@pytest.mark.parametrize("of", list(Role))
def test_ordinary_accounts_are_a_supervisors_privileged_ones_the_commanders_or_an_administrators(
    sqlite_office: Office, by: Role, of: Role
) -> None:
    office = sqlite_office
    reviewer, member = a_member(office, by, "reviewer"), a_member(office, of, "reviewed")
    allowed = by is Role.COMMANDER or (of in PRIVILEGED) == (by is Role.ADMINISTRATOR)
    if allowed:
        return confirm(office, reviewer, member)
    with pytest.raises(AccessRefusedError, match="confirms the account"):
        confirm(office, reviewer, member)
    return None


def test_nobody_confirms_himself_and_nobody_else_confirms_at_all(office: Office) -> None:
    commander, officer = a_member(office, Role.COMMANDER), a_member(office)
    with pytest.raises(AccessRefusedError, match="his own"):
        confirm(office, commander, officer, commander)
    assert rows(office) == []  # all of them or none
    assert kept(office).last.outcome is Outcome.REFUSED
    able = {role for role in Role if Action.REVIEW_ACCOUNT in MAY[role]}
    assert able == {Role.SUPERVISOR, Role.COMMANDER, Role.ADMINISTRATOR}
    for role in set(Role) - able:
        with pytest.raises(AccessRefusedError, match="does not include"):
            confirm(office, a_member(office, role), officer)


def test_an_account_that_is_none_and_a_choice_of_none_are_refused(office: Office) -> None:
    commander = a_member(office, Role.COMMANDER)
    for status in (Status.PROPOSED, Status.SEPARATED):
        with pytest.raises(IllegalMoveError, match="no account"):
            confirm(office, commander, a_member(office, status=status))
    with pytest.raises(MalformedError):
        confirm(office, commander)
    with pytest.raises(MalformedError):
        confirm(office, commander, a_member(office), note="x" * 301)


def test_what_cannot_be_recorded_is_not_confirmed_and_what_was_is_never_changed(office: Office) -> None:
    commander, officer = a_member(office, Role.COMMANDER), a_member(office)
    kept(office).down = True
    with pytest.raises(RecordUnavailableError):
        confirm(office, commander, officer)
    kept(office).down = False
    assert rows(office) == []
    confirm(office, commander, officer, at=NOW + timedelta(days=1))
    for statement in ("UPDATE account_review SET note = 'x'", "DELETE FROM account_review"):
        with pytest.raises((DBAPIError, StorageError)), writing(office.engine) as connection:
            connection.execute(text(statement))
