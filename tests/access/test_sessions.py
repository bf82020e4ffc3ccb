"""Sessions and tokens end when they should, and do no more than they were made for (422.6(a))."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from alpr_assets.access import members, sessions, signing_in, sources, tokens
from alpr_assets.access.acting import Office
from alpr_assets.access.people import SessionKind, Source
from alpr_assets.access.roles import MAY, Action, Role
from alpr_assets.errors import AccessRefusedError, MalformedError
from alpr_assets.store import people
from alpr_assets.store.engine import reading
from tests.access.people import HERE, NOW, PASSWORD, a_member, actor, enrolled, kept, signed_in


def found(office: Office, opened: sessions.Opened, minutes: float, *, touch: bool = False) -> bool:
    return sessions.find(office, opened.token, at=NOW + timedelta(minutes=minutes), touch=touch) is not None


def test_a_session_ends_when_nobody_uses_it(office: Office) -> None:
    opened = signed_in(office, a_member(office))
    assert found(office, opened, 29.9, touch=True)
    assert found(office, opened, 59.8)
    assert not found(office, opened, 59.9)


def test_looking_without_a_person_never_extends_it(office: Office) -> None:
    """Polls and websockets of the Dagster UI go on for ever."""
    opened = signed_in(office, a_member(office))
    for minutes in range(30):
        assert found(office, opened, minutes)
    assert not found(office, opened, 30)


def test_a_shift_is_the_longest(office: Office) -> None:
    opened = signed_in(office, a_member(office))
    for minutes in range(20, 12 * 60, 20):
        assert found(office, opened, minutes, touch=True)
    assert not found(office, opened, 12 * 60, touch=True)


def test_using_it_is_using_the_account(office: Office) -> None:
    member = a_member(office, at=NOW - timedelta(days=89))
    opened = signed_in(office, member)
    sessions.find(office, opened.token, at=NOW + timedelta(minutes=20), touch=True)
    assert members.suspend_inactive(office, at=NOW + timedelta(days=89)) == []


def test_the_database_holds_no_token(office: Office) -> None:
    opened = signed_in(office, a_member(office))
    with reading(office.engine) as connection:
        rows = repr(connection.execute(select(people.member_session)).all())
    assert opened.token not in rows
    assert opened.token not in repr(kept(office).entries)
    assert opened.token not in repr(opened)


@given(token=st.text())
def test_what_is_no_token_finds_nothing(token: str) -> None:
    assert len(sessions.digest(token)) == 64


def test_a_guess_finds_nothing(office: Office) -> None:
    signed_in(office, a_member(office))
    for guess in ("", "\0", "x" * 10_000, "\ud800", "' OR 1=1 --"):
        assert sessions.find(office, guess, at=NOW, touch=True) is None


def test_a_member_lists_and_ends_his_own_and_not_anothers(office: Office) -> None:
    one, other = a_member(office), a_member(office)
    mine, his = signed_in(office, one), signed_in(office, other)
    assert [s.session_id for s in sessions.listed(office, at=NOW, member_id=one.member_id)] == [mine.session.session_id]
    assert len(sessions.listed(office, at=NOW)) == 2
    with pytest.raises(AccessRefusedError):
        sessions.revoke(office, his.session.session_id, by=actor(one), at=NOW)
    with pytest.raises(AccessRefusedError):
        sessions.revoke_of_member(office, other.member_id, by=actor(one), at=NOW)
    assert found(office, his, 1)
    sessions.revoke(office, mine.session.session_id, by=actor(one), at=NOW)
    assert not found(office, mine, 1)
    with pytest.raises(AccessRefusedError, match="no open session"):
        sessions.revoke(office, mine.session.session_id, by=actor(one), at=NOW)


def test_signing_out_ends_it(office: Office) -> None:
    opened = signed_in(office, a_member(office))
    sessions.sign_out(office, opened.session, at=NOW)
    assert not found(office, opened, 0)


def test_a_session_says_what_the_register_says_now(office: Office) -> None:
    member, sergeant = a_member(office), a_member(office, Role.SUPERVISOR)
    opened = signed_in(office, member)
    sources.grant(office, member.member_id, Source.STATE, by=actor(sergeant), at=NOW)
    session = sessions.find(office, opened.token, at=NOW, touch=False)
    assert session is not None
    assert session.member.sources == {Source.STATE}
    members.suspend(office, member.member_id, reason="inquiry", by=actor(sergeant), at=NOW)
    assert not found(office, opened, 0)
    members.reactivate(office, member.member_id, by=actor(sergeant), at=NOW)
    assert not found(office, opened, 0)


# ── tokens ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def a_token(office: Office, session: sessions.Session, **changed: object) -> sessions.Opened:
    asked: dict[str, object] = {
        "kind": SessionKind.NOTEBOOK, "label": "laptop", "actions": [Action.PLATE_HISTORY], "minutes": 60, **changed,
    }  # fmt: skip
    return tokens.make(office, session, at=NOW, **asked)


def test_a_token_is_limited_listed_and_short_lived(office: Office) -> None:
    session = signed_in(office, a_member(office)).session
    token = a_token(office, session)
    assert token.session.is_complete
    assert token.session.actions == {"plate_history"}
    assert found(office, token, 59.9)
    assert not found(office, token, 60)
    assert {s.label for s in sessions.listed(office, at=NOW, member_id=session.member.member_id)} == {"", "laptop"}
    assert kept(office).last.details["token_session_id"] == token.session.session_id
    sessions.revoke(office, token.session.session_id, by=session.actor(), at=NOW)
    assert not found(office, token, 1)


def test_a_token_does_no_more_than_the_role(office: Office) -> None:
    session = signed_in(office, a_member(office)).session
    for actions in ([], [Action.EXPORT], [Action.PLATE_HISTORY, Action.APPROVE_MEMBER]):
        with pytest.raises(AccessRefusedError, match="some of what the role"):
            a_token(office, session, actions=actions)
    for changed in ({"minutes": 481}, {"minutes": 0}, {"label": " "}, {"label": "x" * 65}, {"kind": SessionKind.WEB}):
        with pytest.raises(MalformedError):
            a_token(office, session, **changed)


def test_neither_a_token_nor_half_a_sign_in_makes_a_token(office: Office) -> None:
    member = a_member(office)
    token = a_token(office, signed_in(office, member).session)
    half = signing_in.sign_in(office, member.user_name, PASSWORD, address=HERE, at=NOW)
    for session in (token.session, half.session):
        with pytest.raises(AccessRefusedError, match="complete session"):
            a_token(office, session)


def at_once(office: Office, user_name: str, code: str, password: str = PASSWORD, **changed: object) -> sessions.Opened:
    asked: dict[str, object] = {
        "kind": SessionKind.NOTEBOOK, "label": "laptop", "actions": [Action.VIEW_HITS], "minutes": 60,
        "acknowledged": True, "address": HERE, "at": NOW, **changed,
    }  # fmt: skip
    return tokens.sign_in(office, user_name, password, code, **asked)


def test_a_program_signs_in_at_once_with_both_factors(office: Office) -> None:
    member = a_member(office)
    app = enrolled(office, member)
    token = at_once(office, member.user_name, app.at(NOW))
    assert token.session.is_complete
    assert found(office, token, 1)
    assert kept(office).last.actor.session_id == token.session.session_id
    with pytest.raises(AccessRefusedError):  # the code is used
        at_once(office, member.user_name, app.at(NOW))


def test_a_program_is_refused_whatever_is_missing(office: Office) -> None:
    member = a_member(office)
    app = enrolled(office, member)
    code, wrong = app.at(NOW), f"{(int(app.at(NOW)) + 1) % 1_000_000:06}"
    cases: list[tuple[str, str, dict[str, object]]] = [
        (member.user_name, wrong, {}),
        (member.user_name, code, {"password": "wrong as it can be"}),
        ("nobody", code, {}),
        (member.user_name, code, {"acknowledged": False}),
        (member.user_name, code, {"actions": [Action.EXPORT], "at": NOW + timedelta(seconds=30)}),
    ]
    for user_name, given_code, changed in cases:
        with pytest.raises(AccessRefusedError):
            at_once(office, user_name, given_code, **changed)
    with reading(office.engine) as connection:
        assert not connection.execute(select(people.member_session)).all()


def test_who_owes_another_password_signs_in_to_the_pages_first(office: Office) -> None:
    member = a_member(office)
    app = enrolled(office, member)
    with office.engine.connect().execution_options(alpr_writes=True) as connection, connection.begin():
        connection.execute(people.member_password.update().values(expires_at=NOW + timedelta(hours=1)))
    with pytest.raises(AccessRefusedError, match="not complete"):
        at_once(office, member.user_name, app.at(NOW))
    assert sessions.listed(office, at=NOW) == []


def test_five_wrong_tries_of_a_program_lock_the_account_too(office: Office) -> None:
    member = a_member(office)
    app = enrolled(office, member)
    for _ in range(5):
        with pytest.raises(AccessRefusedError):
            at_once(office, member.user_name, app.at(NOW), "wrong as it can be")
    with pytest.raises(AccessRefusedError):
        at_once(office, member.user_name, app.at(NOW))
    assert kept(office).last.reasons == ("locked",)


def test_every_role_has_tokens_for_what_it_may(sqlite_office: Office) -> None:
    for role in Role:
        session = signed_in(sqlite_office, a_member(sqlite_office, role)).session
        token = a_token(sqlite_office, session, actions=MAY[role])
        assert token.session.actions == {action.value for action in MAY[role]}
