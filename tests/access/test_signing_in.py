"""Signing in as members do, and as those who are none try to (422.6(a))."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from alpr_assets.access import attempts, members, passwords, register, second_factor, sessions, signing_in, tokens
from alpr_assets.access.acting import Office
from alpr_assets.access.people import Member, SessionKind, Status
from alpr_assets.access.record.entries import Kind, Outcome, RecordUnavailableError
from alpr_assets.access.roles import Action, Role
from alpr_assets.errors import AccessRefusedError
from alpr_assets.store import people
from alpr_assets.store.engine import reading
from tests.access.people import HERE, NOW, PASSWORD, a_member, actor, enrolled, kept, signed_in

WRONG = "seven grey herons over Contra Lome"


def knock(office: Office, user_name: str, password: str = WRONG, minutes: float = 0) -> AccessRefusedError:
    """A sign-in that must fail: what is told, and what only the record says."""
    with pytest.raises(AccessRefusedError) as refused:
        signing_in.sign_in(office, user_name, password, address=HERE, at=NOW + timedelta(minutes=minutes))
    return refused.value


def why(office: Office) -> tuple[str, ...]:
    return kept(office).last.reasons


def stored_attempts(office: Office) -> list[Any]:
    with reading(office.engine) as connection:
        return list(connection.execute(select(people.sign_in_attempt)).all())


def at_once(n: int, act: Callable[[int], Any]) -> list[Any]:
    """What `n` threads that start together return or raise."""
    start, results = Barrier(n), [None] * n

    def run(number: int) -> None:
        start.wait()
        try:
            results[number] = act(number)
        except AccessRefusedError as error:
            results[number] = error

    threads = [Thread(target=run, args=(number,)) for number in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.clause("422.6(a)")
def test_password_and_code_open_a_session_that_owes_the_notice(office: Office) -> None:
    member = a_member(office)
    app = enrolled(office, member)
    first = signing_in.sign_in(office, f" {member.user_name.upper()}", PASSWORD, address=HERE, at=NOW)
    assert first.session.must_verify
    assert not first.session.is_complete
    opened = signing_in.verify_code(office, first.token, app.at(NOW), at=NOW)
    assert opened.session.must_acknowledge
    assert opened.token != first.token
    assert sessions.find(office, first.token, at=NOW, touch=False) is None
    sessions.acknowledge(office, opened.session, at=NOW)
    found = sessions.find(office, opened.token, at=NOW + timedelta(minutes=1), touch=False)
    assert found is not None
    assert found.is_complete
    assert [entry.action for entry in kept(office).entries] == ["sign_in", "sign_in_code", "acknowledge_notice"]
    assert {(entry.kind, entry.outcome) for entry in kept(office).entries} == {(Kind.SIGN_IN, Outcome.DONE)}
    assert {entry.actor.member_id for entry in kept(office).entries} == {member.member_id}
    assert {entry.actor.session_id for entry in kept(office).entries} == {found.session_id}


def test_wrong_unknown_and_locked_are_told_in_the_same_words(office: Office) -> None:
    member, locked = a_member(office), a_member(office)
    for _ in range(5):
        knock(office, locked.user_name)
    told = {}
    for user_name, reason in ((member.user_name, "password"), ("nobody", "unknown"), (locked.user_name, "locked")):
        error = knock(office, user_name)
        assert why(office) == (reason,)
        told[error.reasons, error.codes, error.remedy] = True
    assert len(told) == 1


def test_the_right_password_does_not_open_a_locked_account(office: Office) -> None:
    """And tells nothing: the password is not even looked at."""
    member = a_member(office)
    opened = signed_in(office, member)
    for _ in range(office.policy.access.failures):
        knock(office, member.user_name)
    assert register.member(office.engine, member.member_id).locked_at == NOW
    assert kept(office).last.details["locked"] is True
    right, wrong = knock(office, member.user_name, PASSWORD), knock(office, member.user_name)
    assert (right.reasons, right.codes) == (wrong.reasons, wrong.codes)
    assert sessions.find(office, opened.token, at=NOW, touch=True) is None
    later = NOW + timedelta(days=1)
    with pytest.raises(AccessRefusedError):
        signing_in.sign_in(office, member.user_name, PASSWORD, address=HERE, at=later)
    attempts.unlock(office, member.member_id, by=actor(a_member(office, Role.ADMINISTRATOR)), at=later)
    assert sessions.find(office, opened.token, at=later, touch=True) is None  # what the lock ended stays ended
    assert signing_in.sign_in(office, member.user_name, PASSWORD, address=HERE, at=later)


def test_failures_count_for_fifteen_minutes_and_from_the_unlocking_on(office: Office) -> None:
    member, administrator = a_member(office), actor(a_member(office, Role.ADMINISTRATOR))
    for minutes in (0, 1, 2, 3, 15.1):
        knock(office, member.user_name, minutes=minutes)
    assert register.member(office.engine, member.member_id).locked_at is None
    knock(office, member.user_name, minutes=15.2)
    assert register.member(office.engine, member.member_id).locked_at is not None
    attempts.unlock(office, member.member_id, by=administrator, at=NOW + timedelta(minutes=15.5))
    for minutes in (15.6, 15.7, 15.8, 15.9):
        knock(office, member.user_name, minutes=minutes)
    assert register.member(office.engine, member.member_id).locked_at is None


def test_wrong_codes_count_as_wrong_passwords_do(office: Office) -> None:
    """Else who has the password has all the codes there are to try."""
    member = a_member(office)
    app = enrolled(office, member)
    wrong = f"{(int(app.at(NOW)) + 1) % 1_000_000:06}"
    for _ in range(5):
        first = signing_in.sign_in(office, member.user_name, PASSWORD, address=HERE, at=NOW)
        with pytest.raises(AccessRefusedError):
            signing_in.verify_code(office, first.token, wrong, at=NOW)
    assert register.member(office.engine, member.member_id).locked_at == NOW
    with pytest.raises(AccessRefusedError):
        signing_in.verify_code(office, first.token, app.at(NOW), at=NOW)


@pytest.mark.parametrize("tries", [12])
def test_parallel_guesses_do_not_exceed_the_limit(office: Office, tries: int) -> None:
    """The attempt is written before the password is looked at."""
    member = a_member(office)
    looked = at_once(
        tries, lambda n: signing_in.sign_in(office, member.user_name, f"guess number {n}", address=HERE, at=NOW)
    )
    assert all(isinstance(one, AccessRefusedError) for one in looked)
    reasons = [entry.reasons for entry in kept(office).entries]
    assert reasons.count(("password",)) == office.policy.access.failures
    assert register.member(office.engine, member.member_id).locked_at == NOW
    assert len(stored_attempts(office)) == tries


def test_of_two_who_show_one_code_at_once_one_comes_in(office: Office) -> None:
    member = a_member(office)
    app = enrolled(office, member)
    first = [signing_in.sign_in(office, member.user_name, PASSWORD, address=HERE, at=NOW) for _ in range(4)]
    came = at_once(4, lambda n: signing_in.verify_code(office, first[n].token, app.at(NOW), at=NOW))
    assert sum(isinstance(one, sessions.Opened) for one in came) == 1


def test_a_name_that_is_nobodys_is_not_kept(office: Office) -> None:
    """People type passwords into name fields."""
    knock(office, PASSWORD)
    assert PASSWORD not in repr(kept(office).last)
    assert PASSWORD.casefold() not in repr(kept(office).last)
    (attempt,) = stored_attempts(office)
    assert (attempt.member_id, attempt.succeeded, attempt.address) == (None, False, HERE)


def test_whatever_is_typed_is_a_refusal_and_no_error(office: Office) -> None:
    member = a_member(office)
    for user_name, password in (("\0", "x"), ("\ud800", "x"), ("x" * 100_000, "x" * 100_000), ("", "")):
        knock(office, user_name, password)
    knock(office, member.user_name, "\0\ud800")
    enrolled(office, member)
    first = signing_in.sign_in(office, member.user_name, PASSWORD, address=HERE, at=NOW)
    with pytest.raises(AccessRefusedError):
        signing_in.verify_code(office, first.token, "\ud800", at=NOW)


def test_nobody_comes_in_while_the_record_is_down_and_the_tries_count(office: Office) -> None:
    member = a_member(office)
    kept(office).down = True
    for _ in range(7):
        with pytest.raises(RecordUnavailableError):
            signing_in.sign_in(office, member.user_name, PASSWORD, address=HERE, at=NOW)
    with reading(office.engine) as connection:
        assert not connection.execute(select(people.member_session)).all()
    kept(office).down = False
    knock(office, member.user_name, PASSWORD)
    assert why(office) == ("too_many",)
    assert signing_in.sign_in(office, member.user_name, PASSWORD, address=HERE, at=NOW + timedelta(minutes=16))


def test_who_is_no_active_member_is_told_so_only_with_the_right_password(office: Office) -> None:
    for status in (Status.PROPOSED, Status.SUSPENDED, Status.SEPARATED):
        member = a_member(office, status=status)
        assert "suspended" not in str(knock(office, member.user_name))
        assert status in str(knock(office, member.user_name, PASSWORD))
        assert why(office) == ("not_active",)


def test_ninety_idle_days_suspend_at_the_sign_in_itself(office: Office) -> None:
    member = a_member(office, at=NOW - timedelta(days=90))
    assert "not used for 90 days" in str(knock(office, member.user_name, PASSWORD))
    assert register.member(office.engine, member.member_id).status is Status.SUSPENDED
    assert kept(office).last.details["suspended"] == "inactive"


def test_a_password_alone_keeps_its_place_for_ten_minutes(office: Office) -> None:
    member = a_member(office)
    app = enrolled(office, member)
    first = signing_in.sign_in(office, member.user_name, PASSWORD, address=HERE, at=NOW)
    later = NOW + timedelta(minutes=sessions.UNVERIFIED_MINUTES)
    with pytest.raises(AccessRefusedError, match="ended"):
        signing_in.verify_code(office, first.token, app.at(later), at=later)


def test_a_hash_is_renewed_when_the_parameters_changed(office: Office) -> None:
    member = a_member(office)
    stronger = Office(
        office.engine,
        office.recorder,
        office.policy,
        office.key,
        hasher=PasswordHasher(2, memory_cost=16, parallelism=1),
    )
    signing_in.sign_in(stronger, member.user_name, PASSWORD, address=HERE, at=NOW)
    with reading(office.engine) as connection:
        assert "m=16,t=2" in str(connection.scalar(select(people.member_password.c.hash)))
    assert signing_in.sign_in(stronger, member.user_name, PASSWORD, address=HERE, at=NOW)


def test_passwords_are_off_where_an_identity_provider_signs_in(office: Office) -> None:
    member = a_member(office)
    behind = Office(office.engine, office.recorder, office.policy, office.key, issuer="https://id.example")
    with pytest.raises(AccessRefusedError, match="identity provider"):
        signing_in.sign_in(behind, member.user_name, PASSWORD, address=HERE, at=NOW)
    assert passwords.draw(behind) is None


# ── first sign-in ──────────────────────────────────────────────────────────────────────────────────────────────────


def first_password(office: Office, member: Member) -> str:
    return passwords.reset(office, member.member_id, by=actor(a_member(office, Role.ADMINISTRATOR)), at=NOW).password


def test_the_first_sign_in_owes_a_password_an_enrolment_and_the_notice(office: Office) -> None:
    member = a_member(office, password=None)
    one_time = first_password(office, member)
    opened = signing_in.sign_in(office, member.user_name, one_time, address=HERE, at=NOW)
    session = opened.session
    assert (session.must_verify, session.must_change_password, session.must_enrol) == (False, True, True)
    opened = passwords.change(office, session, one_time, PASSWORD, at=NOW)
    assert not opened.session.must_change_password
    enrolment = second_factor.begin_enrolment(office, opened.session, at=NOW)
    assert f"secret={enrolment.secret}" in enrolment.uri
    assert enrolment.qr_svg.startswith("<svg")
    assert "style" not in enrolment.qr_svg
    assert enrolment.secret not in repr(enrolment)
    app = second_factor.app_of(enrolment.secret)
    opened = second_factor.confirm(office, opened.session, app.at(NOW), at=NOW)
    sessions.acknowledge(office, opened.session, at=NOW)
    found = sessions.find(office, opened.token, at=NOW, touch=False)
    assert found is not None
    assert found.is_complete
    again = signing_in.sign_in(office, member.user_name, PASSWORD, address=HERE, at=NOW)
    assert again.session.must_verify
    with pytest.raises(AccessRefusedError):  # the code that confirmed the enrolment is used
        signing_in.verify_code(office, again.token, app.at(NOW), at=NOW)
    later = NOW + timedelta(seconds=30)
    assert signing_in.verify_code(office, again.token, app.at(later), at=later)


def test_a_one_time_password_expires(office: Office) -> None:
    member = a_member(office, password=None)
    one_time = first_password(office, member)
    error = knock(office, member.user_name, one_time, minutes=office.policy.access.one_time_hours * 60)
    assert "expired" in str(error)


def test_an_unconfirmed_secret_opens_nothing(office: Office) -> None:
    """Who began to enrol with a password that he found has a secret, and no way in by it."""
    member = a_member(office)
    first = signing_in.sign_in(office, member.user_name, PASSWORD, address=HERE, at=NOW)
    app = second_factor.app_of(second_factor.begin_enrolment(office, first.session, at=NOW).secret)
    with pytest.raises(AccessRefusedError):
        tokens.sign_in(
            office, member.user_name, PASSWORD, app.at(NOW), kind=SessionKind.NOTEBOOK, label="x",
            actions=[Action.VIEW_HITS], minutes=5, acknowledged=True, address=HERE, at=NOW,
        )  # fmt: skip


def test_who_enrols_first_leaves_the_other_session_owing_the_code(office: Office) -> None:
    member = a_member(office)
    mine, other = (signing_in.sign_in(office, member.user_name, PASSWORD, address=HERE, at=NOW) for _ in range(2))
    app = second_factor.app_of(second_factor.begin_enrolment(office, mine.session, at=NOW).secret)
    second_factor.confirm(office, mine.session, app.at(NOW), at=NOW)
    found = sessions.find(office, other.token, at=NOW, touch=False)
    assert found is not None
    assert found.must_verify
    with pytest.raises(AccessRefusedError):
        second_factor.begin_enrolment(office, other.session, at=NOW)


# ── lost things ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_taking_over_an_account_needs_two_people(office: Office) -> None:
    """The administrator resets passwords, a supervisor second factors; neither both, neither his own."""
    member, administrator = a_member(office), a_member(office, Role.ADMINISTRATOR)
    sergeant = a_member(office, Role.SUPERVISOR)
    enrolled(office, member)
    with pytest.raises(AccessRefusedError):
        second_factor.reset(office, member.member_id, by=actor(administrator), at=NOW)
    with pytest.raises(AccessRefusedError):
        passwords.reset(office, member.member_id, by=actor(sergeant), at=NOW)
    with pytest.raises(AccessRefusedError, match="own"):
        passwords.reset(office, administrator.member_id, by=actor(administrator), at=NOW)
    with pytest.raises(AccessRefusedError, match="own"):
        second_factor.reset(office, sergeant.member_id, by=actor(sergeant), at=NOW)
    with pytest.raises(AccessRefusedError, match="himself"):
        attempts.unlock(office, administrator.member_id, by=actor(administrator), at=NOW)


def test_a_reset_ends_all_sessions(office: Office) -> None:
    member = a_member(office)
    opened = signed_in(office, member)
    second_factor.reset(office, member.member_id, by=actor(a_member(office, Role.SUPERVISOR)), at=NOW)
    assert sessions.find(office, opened.token, at=NOW, touch=False) is None
    first = signing_in.sign_in(office, member.user_name, PASSWORD, address=HERE, at=NOW)
    assert first.session.must_enrol


def test_a_member_who_is_separated_while_he_signs_in_does_not_come_in(office: Office) -> None:
    member, sergeant = a_member(office), a_member(office, Role.SUPERVISOR)
    a_member(office, Role.COMMANDER)
    app = enrolled(office, member)
    first = signing_in.sign_in(office, member.user_name, PASSWORD, address=HERE, at=NOW)
    members.separate(office, member.member_id, by=actor(sergeant), at=NOW)
    with pytest.raises(AccessRefusedError):
        signing_in.verify_code(office, first.token, app.at(NOW), at=NOW)
