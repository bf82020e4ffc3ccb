"""Training: who records and approves it, and until when it counts (422.3.1(b), 422.4(d), 422.8)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alpr_assets.access import register, training
from alpr_assets.access.acting import Office
from alpr_assets.access.gate import Ask, Case, is_trained
from alpr_assets.access.people import Member, Status
from alpr_assets.access.roles import Action, Role
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError
from tests.access.people import NOW, TODAY, a_member, actor, signed_in
from tests.people import governed_by


@pytest.fixture
def coordinator(office: Office) -> Member:
    return a_member(office, Role.TRAINING_COORDINATOR)


def until(office: Office, member: Member) -> date | None:
    return register.member(office.engine, member.member_id).trained_until


@pytest.mark.clause("422.3.1(b)")
@pytest.mark.clause("422.8")
def test_training_counts_for_twelve_months(office: Office, coordinator: Member) -> None:
    member = a_member(office)
    assert until(office, member) is None
    training.record(office, member.member_id, date(2026, 3, 1), by=actor(coordinator), at=NOW)
    assert until(office, member) == date(2027, 3, 1)
    (row,) = training.of_member(office.engine, member.member_id)
    assert (row.course, row.recorded_by, row.approved_by) == (
        office.policy.training.course, coordinator.member_id, coordinator.member_id,
    )  # fmt: skip


@pytest.mark.clause("422.4(d)")
def test_the_gate_lets_nobody_by_from_the_day_after(office: Office, coordinator: Member) -> None:
    member = a_member(office)
    session = signed_in(office, member).session
    training.record(office, member.member_id, date(2026, 3, 1), by=actor(coordinator), at=NOW)
    now = register.member(office.engine, member.member_id)
    ask = Ask(action=Action.PLATE_HISTORY, purpose="stolen_vehicle", case_number="26-1234")
    for on, lets in ((date(2027, 3, 1), True), (date(2027, 3, 2), False)):
        at = datetime.combine(on, time(12), office.policy.zone)
        case = Case(session, now, ask, office.policy, at, lambda number: None, governed_by(office.policy))
        assert (is_trained(case) is None) is lets


def test_the_newest_training_counts_whatever_the_order(office: Office, coordinator: Member) -> None:
    member = a_member(office)
    for day in (date(2026, 5, 1), date(2024, 5, 1), date(2025, 5, 1)):
        training.record(office, member.member_id, day, by=actor(coordinator), at=NOW)
    assert until(office, member) == date(2027, 5, 1)


def test_a_coordinators_own_training_waits_for_another(office: Office, coordinator: Member) -> None:
    own = training.record(office, coordinator.member_id, TODAY, by=actor(coordinator), at=NOW)
    assert until(office, coordinator) is None
    assert [row.training_id for row in training.waiting(office.engine)] == [own]
    for role in (Role.TRAINING_COORDINATOR, Role.SUPERVISOR, Role.ADMINISTRATOR):
        who = coordinator if role is Role.TRAINING_COORDINATOR else a_member(office, role)
        with pytest.raises(AccessRefusedError):
            training.approve(office, [own], by=actor(who), at=NOW)
    training.approve(office, [own], by=actor(a_member(office, Role.COMMANDER)), at=NOW)
    assert until(office, coordinator) is not None
    with pytest.raises(IllegalMoveError):
        training.approve(office, [own], by=actor(a_member(office, Role.COMMANDER)), at=NOW)


def test_nobody_else_records_training(office: Office) -> None:
    member = a_member(office)
    for role in Role:
        if role is not Role.TRAINING_COORDINATOR:
            with pytest.raises(AccessRefusedError):
                training.record(office, member.member_id, TODAY, by=actor(a_member(office, role)), at=NOW)
    assert until(office, member) is None


def test_training_to_come_or_of_who_left_is_not_recorded(office: Office, coordinator: Member) -> None:
    with pytest.raises(MalformedError, match="not yet"):
        training.record(office, a_member(office).member_id, TODAY + timedelta(days=1), by=actor(coordinator), at=NOW)
    with pytest.raises(IllegalMoveError, match="left"):
        training.record(
            office, a_member(office, status=Status.SEPARATED).member_id, TODAY, by=actor(coordinator), at=NOW
        )


def test_training_recorded_in_error_no_longer_counts_and_stays_on_file(office: Office, coordinator: Member) -> None:
    member = a_member(office)
    mistaken = training.record(office, member.member_id, TODAY, by=actor(coordinator), at=NOW)
    training.withdraw(office, mistaken, by=actor(coordinator), at=NOW)
    assert until(office, member) is None
    assert len(training.of_member(office.engine, member.member_id)) == 1
    with pytest.raises(IllegalMoveError):
        training.withdraw(office, mistaken, by=actor(coordinator), at=NOW)
    with pytest.raises(IllegalMoveError):
        training.approve(office, [mistaken], by=actor(coordinator), at=NOW)


def test_training_is_kept_for_three_years_after_its_last_day(office: Office, coordinator: Member) -> None:
    member = a_member(office)
    training.record(office, member.member_id, date(2022, 6, 14), by=actor(coordinator), at=NOW)  # to 2023-06-14
    assert training.due_for_removal(office.engine, office.policy, date(2026, 6, 14)) == []
    assert len(training.due_for_removal(office.engine, office.policy, date(2026, 6, 15))) == 1


@given(day=st.dates(min_value=date(1990, 1, 1), max_value=date(2100, 1, 1)), months=st.integers(-120, 120))
@example(day=date(2024, 2, 29), months=12)
@example(day=date(2025, 1, 31), months=1)
def test_months_are_the_calendars(day: date, months: int) -> None:
    later = training.months_after(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later.day < day.day and (later + timedelta(days=1)).day == 1)
