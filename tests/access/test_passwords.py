"""What a password must be, and that the ones tried first are none (422.6(a))."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpr_assets.access import passwords, sessions, signing_in
from alpr_assets.access.acting import Office
from alpr_assets.access.people import Member, Status
from alpr_assets.access.roles import Role
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError
from alpr_assets.policy import Policy
from tests.access.people import HERE, NOW, PASSWORD, a_member, actor, kept, signed_in

MEMBER = Member(
    member_id=1, user_name="jdoe", name="Johanna Doering", agency="CA0000000", title="Police Officer", role=Role.OFFICER,
    is_contractor=False, status=Status.ACTIVE, sources=frozenset(), trained_until=None, locked_at=None,
    last_active_at=None,
)  # fmt: skip
NEW = "eleven quiet otters under Empire Mine"


@pytest.mark.parametrize(
    "password",
    [
        "", "short", "x" * 129, "password1", "P@ssword", "Trustno1!", "trustno1", "qwertyuiop", "asdfghjkl", "12345678", "87654321",
        "abcdefgh", "aaaaaaaa", "abababab", "abc1abc1", "Doering2026", "johannadoering!", "jdoe12345", "CA0000000", "alpr2026!",
        "Sample Police Department", "police123", "ｐａｓｓｗｏｒｄ１", "iloveyou", "sunshine",
    ],
)  # fmt: skip
def test_what_everybody_tries_first_is_no_password(policy: Policy, password: str) -> None:
    with pytest.raises(MalformedError) as error:
        passwords.require_good(policy, MEMBER, password)
    assert error.value.remedy
    assert not password or password not in str(error.value)


@pytest.mark.parametrize("password", [PASSWORD, NEW, "correcthorsebatterystaple", "Übergänge nach Öland", "kX9$mq2Lw"])
def test_long_and_unlikely_is_enough(policy: Policy, password: str) -> None:
    assert passwords.require_good(policy, MEMBER, password) == password


def test_the_same_letter_typed_on_another_keyboard_is_the_same(policy: Policy) -> None:
    assert passwords.require_good(policy, MEMBER, "cafe\u0301 au lait noir") == "caf\u00e9 au lait noir"


@given(password=st.text(st.characters(), min_size=8, max_size=128))
def test_a_password_is_taken_or_refused_and_never_breaks_it(policy: Policy, password: str) -> None:
    with contextlib.suppress(MalformedError):
        taken = passwords.require_good(policy, MEMBER, password)
        assert passwords.require_good(policy, MEMBER, taken) == taken


def test_the_banned_list_is_what_its_head_says() -> None:
    banned = passwords.banned()
    assert len(banned) > 5_000
    assert all(len(word) >= 8 and word == word.casefold() for word in banned)
    assert not any(word.startswith("# ") for word in banned)
    text = (Path(passwords.__file__).parent / "banned_passwords.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("# ")]
    assert lines == sorted(set(lines))


def test_one_time_passwords_are_drawn_and_readable(sqlite_office: Office) -> None:
    drawn = [passwords.draw(sqlite_office) for _ in range(50)]
    words = {one.password for one in drawn if one}
    assert len(words) == 50
    assert all(re.fullmatch(r"([a-km-np-z2-9]{4}-){4}[a-km-np-z2-9]{4}", word) for word in words)
    assert not any(one.password in repr(one) for one in drawn if one)


def test_a_change_ends_the_other_sessions_and_goes_on_under_another_token(office: Office) -> None:
    member = a_member(office)
    opened = signed_in(office, member)
    other = signing_in.sign_in(office, member.user_name, PASSWORD, address=HERE, at=NOW)
    changed = passwords.change(office, opened.session, PASSWORD, NEW, at=NOW)
    assert sessions.find(office, opened.token, at=NOW, touch=False) is None
    assert sessions.find(office, other.token, at=NOW, touch=False) is None
    found = sessions.find(office, changed.token, at=NOW, touch=False)
    assert found is not None
    assert found.is_complete
    with pytest.raises(AccessRefusedError):
        signing_in.sign_in(office, member.user_name, PASSWORD, address=HERE, at=NOW)
    assert signing_in.sign_in(office, member.user_name, NEW, address=HERE, at=NOW)


def test_at_an_open_screen_the_present_password_is_asked_and_wrong_ones_count(office: Office) -> None:
    opened = signed_in(office, a_member(office))
    for _ in range(5):
        with pytest.raises(AccessRefusedError):
            passwords.change(office, opened.session, "not his password", NEW, at=NOW)
    assert kept(office).last.details["locked"] is True
    assert sessions.find(office, opened.token, at=NOW, touch=False) is None


def test_a_bad_new_password_is_no_failed_try(office: Office) -> None:
    opened = signed_in(office, a_member(office))
    for new in ("password1", PASSWORD):
        for _ in range(5):
            with pytest.raises(MalformedError):
                passwords.change(office, opened.session, PASSWORD, new, at=NOW)
    assert sessions.find(office, opened.token, at=NOW, touch=False)


def test_who_has_not_shown_the_code_changes_no_password(office: Office) -> None:
    member = a_member(office)
    signed_in(office, member)
    half = signing_in.sign_in(office, member.user_name, PASSWORD, address=HERE, at=NOW)
    with pytest.raises(AccessRefusedError):
        passwords.change(office, half.session, PASSWORD, NEW, at=NOW)
    assert kept(office).last.reasons == ("sign_in_incomplete",)


def test_only_an_active_member_gets_a_one_time_password(office: Office) -> None:
    administrator = actor(a_member(office, Role.ADMINISTRATOR))
    with pytest.raises(IllegalMoveError):
        passwords.reset(office, a_member(office, status=Status.SEPARATED).member_id, by=administrator, at=NOW)
