"""What comes due is told before it happens; what a newcomer lacks is told step by step (422.3.1(b), 422.4(d), 422.6(a))."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta

import pytest
from sqlalchemy import update

from alpr_assets.access import members, onboarding, reminders, training, training_file
from alpr_assets.access.acting import Office
from alpr_assets.access.people import Member, Source, Status
from alpr_assets.access.record.entries import Kind, RecordUnavailableError
from alpr_assets.access.roles import Role
from alpr_assets.errors import AccessRefusedError
from alpr_assets.store import people
from alpr_assets.store.engine import writing
from tests.access.people import NOW, TITLES, TODAY, a_member, actor, granted, kept


def trained(office: Office, member: Member, until: date, *, by: Member) -> None:
    completed_on = training.months_after(until, -office.policy.training.valid_months)
    training.record(office, member.member_id, completed_on, by=actor(by), at=NOW)


@pytest.mark.clause("422.8")
def test_training_that_ends_within_the_policys_days_is_told_the_most_urgent_first(office: Office) -> None:
    coordinator = a_member(office, Role.TRAINING_COORDINATOR)
    days = office.policy.training.reminder_days
    a_member(office, user_name="never")
    ended, soon, later = (a_member(office, user_name=name) for name in ("ended", "soon", "later"))
    trained(office, ended, TODAY - timedelta(days=1), by=coordinator)
    trained(office, soon, TODAY + timedelta(days=days), by=coordinator)
    trained(office, later, TODAY + timedelta(days=days + 1), by=coordinator)
    a_member(office, user_name="gone", status=Status.SEPARATED)
    found = [one.user_name for one in reminders.expiring(office.engine, office.policy, TODAY)]
    assert found == ["never", "ended", "soon"]  # the coordinator's own role needs none


@pytest.mark.clause("422.6(a)")
def test_a_suspension_for_want_of_use_is_told_before_and_then_happens_on_that_day(office: Office) -> None:
    limit, notice = office.policy.access.inactive_days, office.policy.access.inactive_notice_days
    quiet = a_member(office, user_name="quiet", at=NOW - timedelta(days=limit - notice))
    a_member(office, user_name="used", at=NOW - timedelta(days=limit - notice - 1))
    (found,) = reminders.idle(office.engine, office.policy, NOW)
    assert found == reminders.Idle(quiet, TODAY + timedelta(days=notice))
    assert members.suspend_inactive(office, at=NOW + timedelta(days=notice, seconds=-1)) == []
    assert members.suspend_inactive(office, at=NOW + timedelta(days=notice)) == [quiet.member_id]
    assert quiet.member_id not in [one.member.member_id for one in reminders.idle(office.engine, office.policy, NOW)]


@pytest.mark.clause("422.3.1(b)")
def test_a_newcomer_is_told_step_by_step_until_nothing_is_missing(office: Office) -> None:
    sergeant, commander = a_member(office, Role.SUPERVISOR, "s"), a_member(office, Role.COMMANDER, "c")
    coordinator = a_member(office, Role.TRAINING_COORDINATOR)
    proposal_id = members.propose(
        office, user_name="newbie", name="Lee New", title=TITLES[Role.OFFICER], agency=office.policy.policy.ori,
        sources=[Source.STATE], by=actor(sergeant), at=NOW,
    )  # fmt: skip

    def newbie() -> onboarding.Newcomer | None:
        found = onboarding.newcomers(office.engine)
        return next((one for one in found if one.member.user_name == "newbie"), None)

    first = newbie()
    assert first is not None
    assert first.missing == ["training", "approval", "sources", "first sign-in"]
    told = {stage.name: stage.told for stage in first.stages}
    assert (told["title"], told["approval"], told["sources"]) == (
        "Police Officer: officer", "0 of 1", "state asked for"
    )  # fmt: skip
    member_id = first.member.member_id
    members.approve(office, proposal_id, by=actor(commander), at=NOW)
    training.record(office, member_id, TODAY, by=actor(coordinator), at=NOW)
    second = newbie()
    assert second is not None
    assert second.missing == ["first sign-in"]
    with writing(office.engine) as connection:
        connection.execute(
            update(people.member).where(people.member.c.member_id == member_id).values(last_active_at=NOW)
        )
    assert newbie() is None


def test_a_role_without_vehicle_data_needs_no_source_and_one_whose_sources_were_taken_is_no_newcomer(
    office: Office,
) -> None:
    a_member(office, Role.ADMINISTRATOR, "admin")
    (found,) = onboarding.newcomers(office.engine)
    assert found.missing == ["first sign-in"]
    officer = granted(office, a_member(office), Source.STATE)
    with writing(office.engine) as connection:
        taken = {"revoked_at": NOW, "revoked_by": found.member.member_id}
        connection.execute(update(people.member_source).values(taken))
    told = next(one for one in onboarding.newcomers(office.engine) if one.member.member_id == officer.member_id)
    assert told.missing == ["training", "first sign-in"]


@pytest.mark.clause("422.3.1(b)")
def test_the_training_file_is_for_the_coordinator_and_is_recorded_with_its_hash(office: Office) -> None:
    coordinator, officer = a_member(office, Role.TRAINING_COORDINATOR), a_member(office, user_name="=cmd")
    trained(office, officer, TODAY, by=coordinator)
    training.withdraw(office, 1, by=actor(coordinator), at=NOW)
    trained(office, officer, TODAY + timedelta(days=100), by=coordinator)
    content = training_file.taken_out(office, by=actor(coordinator), at=NOW)
    lines = list(csv.DictReader(io.StringIO(content.decode())))
    assert tuple(lines[0]) == training_file.COLUMNS
    assert [(line["user_name"], bool(line["withdrawn_at"])) for line in lines] == [("'=cmd", False), ("'=cmd", True)]
    entry = kept(office).last
    assert (entry.kind, entry.action, entry.details["n_rows"]) == (Kind.EXPORT, "export_training", 2)
    with pytest.raises(AccessRefusedError):
        training_file.taken_out(office, by=actor(a_member(office, Role.COMMANDER)), at=NOW)
    kept(office).down = True
    with pytest.raises(RecordUnavailableError):
        training_file.taken_out(office, by=actor(coordinator), at=NOW)
