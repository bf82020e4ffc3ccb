"""The designee: one at a time, with the Chief's designation (422.3.1(e))."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from alpr_assets.access import designee
from alpr_assets.access.acting import Office
from alpr_assets.access.roles import MAY, Action, Role
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError, NotFoundError, VerificationError
from alpr_assets.store.engine import Store
from tests.access.people import NOW, TODAY, a_member, actor

PDF = b"%PDF-1.7 designation by the Chief"


def designated(office: Office, store: Store, role: Role = Role.CUSTODIAN, **changed: Any) -> int:
    asked: dict[str, Any] = {
        "name": "Lee Park", "title": "Lieutenant", "from_on": TODAY, "to_on": date(2026, 12, 31),
        "file_name": "C:/scans/../chief.pdf", "content": PDF, **changed,
    }  # fmt: skip
    return designee.designate(office, store.received, by=actor(a_member(office, role)), at=NOW, **asked)


@pytest.mark.clause("422.3.1(e)")
def test_a_designee_holds_the_office_from_the_first_to_the_last_date(office: Office, store: Store) -> None:
    designated(office, store)
    for on, name in (
        (date(2026, 6, 14), None),
        (TODAY, "Lee Park"),
        (date(2026, 12, 31), "Lee Park"),
        (date(2027, 1, 1), None),
    ):
        found = designee.current(office.engine, on)
        assert (found.name if found else None) == name
    (found,) = designee.designees(office.engine)
    assert found.file_name == "chief.pdf"
    assert designee.designation(store.received, found) == (PDF, "application/pdf")


def test_the_designation_is_kept_sealed_and_altering_it_is_noticed(office: Office, store: Store) -> None:
    designated(office, store)
    (found,) = designee.designees(office.engine)
    path = store.received.path(found.sealed_day, found.sealed_sha256)
    assert PDF not in path.read_bytes()
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(VerificationError):
        designee.designation(store.received, found)


def test_two_never_hold_the_office_on_one_day(office: Office, store: Store) -> None:
    first = designated(office, store, to_on=None)
    for from_on, to_on in ((TODAY, None), (date(2027, 1, 1), None), (date(2026, 1, 1), TODAY)):
        with pytest.raises(IllegalMoveError, match="holds the office"):
            designated(office, store, from_on=from_on, to_on=to_on)
    designated(office, store, from_on=date(2026, 1, 1), to_on=date(2026, 6, 14))
    designee.end(office, first, date(2026, 9, 30), by=actor(a_member(office, Role.ADMINISTRATOR)), at=NOW)
    designated(office, store, from_on=date(2026, 10, 1), to_on=None)


def test_an_end_is_never_put_off_or_before_the_beginning(office: Office, store: Store) -> None:
    first, who = designated(office, store), actor(a_member(office, Role.CUSTODIAN))
    for to_on in (date(2026, 12, 31), date(2027, 6, 1), date(2026, 6, 14)):
        with pytest.raises(IllegalMoveError):
            designee.end(office, first, to_on, by=who, at=NOW)
    with pytest.raises(NotFoundError):
        designee.end(office, first + 1, TODAY, by=who, at=NOW)


def test_what_is_no_designation_is_refused(office: Office, store: Store) -> None:
    for changed in (
        {"content": b""}, {"content": b"MZ\x90"}, {"content": b"%PDF-" + bytes(designee.MAX_BYTES)}, {"name": " "},
        {"title": "x" * 129}, {"name": "a\0b"}, {"to_on": date(2026, 1, 1)}, {"to_on": date.max},
        {"from_on": date.min, "to_on": None},
    ):  # fmt: skip
        with pytest.raises(MalformedError):
            designated(office, store, **changed)
    assert designee.designees(office.engine) == []


def test_only_who_may_designates(sqlite_office: Office, sqlite_store: Store) -> None:
    for role in Role:
        if Action.SET_DESIGNEE not in MAY[role]:
            with pytest.raises(AccessRefusedError):
                designated(sqlite_office, sqlite_store, role)


@pytest.mark.clause("422.3.1(e)")
def test_a_successor_takes_over_in_one_act_and_leaves_no_day_between(office: Office, store: Store) -> None:
    first = designated(office, store, to_on=None)
    second = designated(office, store, name="Kim Ray", from_on=date(2026, 9, 1), to_on=None, succeeds=first)
    assert [(one.name, one.from_on, one.to_on) for one in designee.designees(office.engine)] == [
        ("Kim Ray", date(2026, 9, 1), None), ("Lee Park", TODAY, date(2026, 8, 31)),
    ]  # fmt: skip
    with pytest.raises(IllegalMoveError):  # he would end before he began: nothing of it is done
        designated(office, store, from_on=date(2026, 9, 1), to_on=None, succeeds=second)
    with pytest.raises(NotFoundError):
        designated(office, store, succeeds=99)
    assert designee.next_gap(designee.designees(office.engine), TODAY) is None


def test_a_successor_of_one_who_ends_by_then_is_designated_as_ever(office: Office, store: Store) -> None:
    first = designated(office, store)
    designated(office, store, from_on=date(2027, 1, 1), to_on=None, succeeds=first)
    assert {one.to_on for one in designee.designees(office.engine)} == {date(2026, 12, 31), None}


def test_the_first_day_without_a_designee_is_known_before(office: Office, store: Store) -> None:
    assert designee.next_gap([], TODAY) == TODAY
    designated(office, store)
    designated(office, store, from_on=date(2027, 1, 1), to_on=date(2027, 1, 31))
    designated(office, store, from_on=date(2027, 3, 1), to_on=None)
    found = designee.designees(office.engine)
    assert designee.next_gap(found, TODAY) == date(2027, 2, 1)
    assert designee.next_gap(found, date(2027, 2, 10)) == date(2027, 2, 10)
    assert designee.next_gap(found, date(2027, 3, 1)) is None
