"""Signing in as members do, and as those who are none try to (422.6(a))."""

from __future__ import annotations

from datetime import timedelta

from alpr_assets.access import sessions, signing_in
from alpr_assets.access.acting import Office
from alpr_assets.access.record.entries import Kind, Outcome
from tests.access.people import HERE, NOW, PASSWORD, a_member, enrolled, kept, signed_in


def test_password_and_code_open_a_session_that_owes_the_notice(office: Office) -> None:
    member = a_member(office)
    app = enrolled(office, member)
    first = signing_in.sign_in(office, member.user_name.upper(), PASSWORD, address=HERE, at=NOW)
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


def test_a_session_ends_when_it_is_not_used(office: Office) -> None:
    opened = signed_in(office, a_member(office))
    assert sessions.find(office, opened.token, at=NOW + timedelta(minutes=29), touch=True)
    assert sessions.find(office, opened.token, at=NOW + timedelta(minutes=58), touch=False)
    assert sessions.find(office, opened.token, at=NOW + timedelta(minutes=59), touch=False) is None
