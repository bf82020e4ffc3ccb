"""Which policy is in force: by the file alone, by what is on record, and never by two that disagree (422.3.1(g), 422.2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from alpr_assets.access import governing, members
from alpr_assets.access.acting import Office
from alpr_assets.access.record import alarms
from alpr_assets.access.roles import MAY, Action, Role
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError, NotFoundError, NotInForceError
from alpr_assets.policy import Policy
from alpr_assets.store.engine import writing
from alpr_assets.store.policies import policy_end, policy_version
from tests.access.people import NOW, TODAY, Kept, a_member, actor
from tests.people import ask, gate_for, member, session
from tests.policies import adopted

SITE = "https://www.police.example/policies"


@pytest.fixture
def own(office: Office, tmp_path: Path) -> Office:
    """The office of a department whose policy is adopted."""
    return replace(office, policy=adopted(tmp_path))


def put(office: Office, role: Role = Role.COMMANDER, at: datetime = NOW, **changed: Any) -> int:
    asked: dict[str, Any] = {"posted_on": TODAY, "posted_where": SITE, **changed}
    return governing.put_in_force(office, by=actor(a_member(office, role)), at=at, **asked)


def why_not(office: Office, policy: Policy | None = None, at: datetime = NOW) -> str:
    return governing.standing(office.engine, policy or office.policy, at).why_not


def test_where_nothing_is_on_record_the_file_counts_by_its_own_dates(office: Office, tmp_path: Path) -> None:
    assert why_not(office) == ""
    dated = adopted(tmp_path, in_force={"from_on": TODAY, "to_on": date(2026, 6, 30)})
    for day, expected in ((14, "it begins on 2026-06-15"), (15, ""), (30, ""), (31, "it ended on 2026-06-30")):
        assert expected in why_not(office, dated, NOW.replace(day=14) + timedelta(days=day - 14))
        assert (expected == "") == (why_not(office, dated, NOW.replace(day=14) + timedelta(days=day - 14)) == "")


@pytest.mark.clause("422.3.1(g)")
def test_a_version_is_kept_with_its_text_its_adoption_and_its_posting(own: Office) -> None:
    version_id = put(own)
    assert why_not(own) == ""
    (kept,) = governing.versions(own.engine)
    assert (kept.version_id, kept.sha256, kept.adopted_on) == (version_id, own.policy.sha256, date(2026, 5, 12))
    assert (kept.posted_on, kept.posted_where, kept.from_on, kept.ended_at) == (TODAY, SITE, TODAY, None)
    assert governing.content(own.engine, version_id) == own.policy.text
    assert isinstance(own.recorder, Kept)
    entry = own.recorder.entries[-1]
    assert (entry.action, entry.details["sha256"]) == ("put_policy_in_force", own.policy.sha256)
    with pytest.raises(NotFoundError):
        governing.content(own.engine, 99)


def test_a_file_that_says_something_else_than_the_version_in_force_does_not_govern(own: Office, tmp_path: Path) -> None:
    put(own)
    other = adopted(tmp_path, training__valid_months=24)
    assert "does not say what version 1 says" in why_not(own, other)
    with pytest.raises(NotInForceError, match="no policy is in force"):
        governing.standing(own.engine, other, NOW).require()
    with pytest.raises(IllegalMoveError, match="another text was in force as version 1"):
        put(replace(own, policy=other))
    second = replace(own, policy=adopted(tmp_path, training__valid_months=24, policy__version="2"))
    put(second)
    assert (why_not(second), why_not(own) != "") == ("", True)
    assert [one.version for one in governing.versions(own.engine)] == ["2", "1"]


def test_a_version_that_is_ended_leaves_none_in_force_until_it_is_put_in_force_again(own: Office) -> None:
    put(own)
    governing.end(own, "order of the court", by=actor(a_member(own, Role.COMMANDER)), at=NOW)
    assert "was ended" in why_not(own)
    with pytest.raises(IllegalMoveError):
        governing.end(own, "once more", by=actor(a_member(own, Role.COMMANDER)), at=NOW)
    put(own, at=NOW + timedelta(hours=1))
    assert why_not(own) == ""


def test_what_is_no_adopted_and_posted_policy_is_not_put_in_force(office: Office, own: Office, tmp_path: Path) -> None:
    with pytest.raises(IllegalMoveError, match="sample"):
        put(office)
    for changed in (
        {"posted_on": TODAY + timedelta(days=1)},
        {"posted_where": " "},
        {"at": NOW.replace(year=2025), "posted_on": date(2025, 6, 1)},
    ):
        with pytest.raises((IllegalMoveError, MalformedError)):
            put(own, **changed)
    silent = adopted(tmp_path, document__correction="")
    with pytest.raises(IllegalMoveError, match=r"does not state: document\.correction"):
        put(replace(own, policy=silent))
    later = adopted(tmp_path, in_force={"from_on": date(2026, 7, 1)})
    with pytest.raises(IllegalMoveError, match="it begins on 2026-07-01"):
        put(replace(own, policy=later))
    assert governing.versions(own.engine) == []
    put(own)
    with pytest.raises(IllegalMoveError, match="in force already"):
        put(own)


def test_only_the_commander_puts_a_policy_in_force(own: Office) -> None:
    for role in Role:
        if Action.PUT_POLICY_IN_FORCE not in MAY[role]:
            with pytest.raises(AccessRefusedError):
                put(own, role)
    assert {role for role in Role if Action.PUT_POLICY_IN_FORCE in MAY[role]} == {Role.COMMANDER}


def test_what_was_in_force_is_never_changed_or_deleted(own: Office) -> None:
    version_id = put(own)
    for statement in (policy_version.update().values(version="9"), policy_version.delete()):
        with pytest.raises(DBAPIError, match="never"), writing(own.engine) as connection:
            connection.execute(statement)
    values = {"version_id": version_id - 1, "ended_at": NOW, "ended_by": 1, "reason": "an older one"}
    with pytest.raises(DBAPIError), writing(own.engine) as connection:
        connection.execute(policy_end.insert(), values)


@pytest.mark.clause("422.2")
def test_nothing_about_vehicles_is_answered_while_no_policy_is_in_force(own: Office, tmp_path: Path) -> None:
    dated = adopted(tmp_path, in_force={"to_on": date(2026, 6, 1)})
    person = member(Role.SUPERVISOR)
    gate = gate_for(dated, person)
    with pytest.raises(AccessRefusedError, match="no policy is in force") as caught:
        gate.answer(session(person), ask(), lambda grant: pytest.fail("searched"))
    assert caught.value.codes == ("no_policy",)
    gate.require(session(person), Action.PROPOSE_MEMBER)


def test_the_alarm_lasts_as_long_as_no_policy_is_in_force(own: Office, tmp_path: Path) -> None:
    put(own)
    governing.tell(tmp_path, governing.standing(own.engine, adopted(tmp_path, policy__version="2"), NOW))
    (alarm,) = alarms.open_alarms(tmp_path)
    assert "Captures land sealed" in alarm.text
    governing.tell(tmp_path, governing.standing(own.engine, own.policy, NOW))
    assert alarms.open_alarms(tmp_path) == []


@pytest.mark.clause("422.3.1(a)")
def test_an_independent_contractor_holds_only_a_title_that_the_policy_opens_to_contractors(office: Office) -> None:
    by = actor(a_member(office, Role.SUPERVISOR))
    asked: dict[str, Any] = {"name": "Jo Doe", "agency": "CA0000000", "is_contractor": True}
    with pytest.raises(MalformedError, match="no independent contractor"):
        members.propose(office, user_name="jdoe", title="Police Officer", by=by, at=NOW, **asked)
    members.propose(office, user_name="jdoe", title="Crime Analyst", by=by, at=NOW, **asked)
