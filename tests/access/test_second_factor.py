"""Codes as RFC 6238 makes them, each good once, near its half minute (422.6(a))."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyotp import TOTP

from alpr_assets.access import second_factor
from alpr_assets.access.acting import Office, acting
from alpr_assets.access.people import SYSTEM, Member
from alpr_assets.access.secret_key import SecretKey
from alpr_assets.errors import VerificationError
from alpr_assets.store import people
from tests.access.people import NOW, a_member, enrolled

HALF = timedelta(seconds=30)


def takes(office: Office, member: Member, code: str, at: datetime) -> bool:
    with acting(office, "test", SYSTEM, at=at) as act:
        return second_factor.takes(office, act, member.member_id, code)


def test_a_code_is_good_for_its_step_and_the_ones_beside(office: Office) -> None:
    for steps, good in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        member = a_member(office)
        app = enrolled(office, member)
        assert takes(office, member, app.at(NOW + steps * HALF), NOW) is good, steps


def test_a_step_that_was_used_and_any_before_it_are_good_no_more(office: Office) -> None:
    member = a_member(office)
    app = enrolled(office, member)
    assert takes(office, member, app.at(NOW), NOW)
    assert not takes(office, member, app.at(NOW), NOW)
    assert not takes(office, member, app.at(NOW - HALF), NOW)
    assert takes(office, member, app.at(NOW + HALF), NOW)
    assert not takes(office, member, app.at(NOW + HALF), NOW + HALF)


def test_what_is_no_code_is_refused(sqlite_office: Office) -> None:
    member = a_member(sqlite_office)
    app = enrolled(sqlite_office, member)
    for code in ("", "0", app.at(NOW)[:5], app.at(NOW) + "0", "１２３４５６", "abcdef", "-1", "\0" * 6):
        assert not takes(sqlite_office, member, code, NOW), code
    assert takes(sqlite_office, member, f" {app.at(NOW)[:3]} {app.at(NOW)[3:]} ", NOW)  # as apps show it
    assert not takes(sqlite_office, a_member(sqlite_office), app.at(NOW), NOW)


def test_codes_are_those_of_the_rfc() -> None:
    """RFC 6238, appendix B: the last six digits for SHA-1."""
    app = second_factor.app_of("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
    for seconds, code in ((59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")):
        assert app.at(datetime.fromtimestamp(seconds, UTC)) == code


def test_one_members_secret_is_worth_nothing_in_anothers_row(sqlite_office: Office) -> None:
    """Who writes into the database cannot put his own secret into a supervisor's row."""
    mine, his = a_member(sqlite_office), a_member(sqlite_office)
    app = enrolled(sqlite_office, mine)
    with sqlite_office.engine.connect().execution_options(alpr_writes=True) as connection, connection.begin():
        connection.execute(people.member_second_factor.update().values(member_id=his.member_id))
    with pytest.raises(VerificationError):
        takes(sqlite_office, his, app.at(NOW), NOW)


def test_the_key_is_its_owners_only_and_its_loss_is_told(tmp_path: Path) -> None:
    key = SecretKey(tmp_path / "keys" / "member_secrets.key")
    with pytest.raises(VerificationError, match="missing"):
        key.open(b"x" * 40, belongs_to="a")
    sealed = key.seal(b"secret", belongs_to="a")
    assert b"secret" not in sealed
    assert SecretKey(key.path).open(sealed, belongs_to="a") == b"secret"
    assert key.path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in key.path.parent.iterdir()] == [key.path.name]
    for altered in (sealed[:-1], sealed[:-1] + bytes([sealed[-1] ^ 1]), b"", sealed[:12]):
        with pytest.raises(VerificationError):
            key.open(altered, belongs_to="a")
    with pytest.raises(VerificationError):
        key.open(sealed, belongs_to="b")
    key.path.write_bytes(b"short")
    with pytest.raises(VerificationError, match="not one"):
        key.open(sealed, belongs_to="a")


def test_an_app_reads_what_the_enrolment_shows(sqlite_office: Office) -> None:
    import pyotp  # noqa: PLC0415

    app = second_factor.app_of(pyotp.random_base32())
    read = pyotp.parse_uri(app.provisioning_uri(name="jdoe", issuer_name="ALPR Sample Police Department"))
    assert isinstance(read, TOTP)
    assert read.at(NOW) == app.at(NOW)
