"""A package is booked whole or not at all, followed from hand to hand, and only then is what a lifted hold kept let go."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from alpr_assets.access.roles import Action, Role
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError, NotFoundError, StorageError
from alpr_assets.lifecycle.evidence import booking
from alpr_assets.lifecycle.evidence.booking import Checked
from alpr_assets.lifecycle.holds import covering, settling
from alpr_assets.store import schema
from alpr_assets.store.engine import reading, writing
from alpr_assets.store.evidence import evidence_custody
from alpr_assets.store.holds import hold
from tests.lifecycle.evidence.desks import DAY, NOON, Desk, Pass, checked
from tests.people import ask, session

ROOM = {
    "item_number": "26-01234-3",
    "media": "USB drive",
    "media_serial": "SN 4711",
    "to_whom": "property room, locker 7",
}


@pytest.fixture
def medium(tmp_path):
    return tmp_path / "medium"


def book(desk: Desk, package_id, found: Checked, by=None, **changes):
    deed = partial(booking.book, package_id=package_id, checked=found, **{**ROOM, **changes})
    return desk.act(deed, Action.BOOK_EVIDENCE, by or desk.officer)


def follow(desk: Desk, booking_id, found: Checked, to_whom="", reason="for the hearing"):
    deed = partial(booking.follow, booking_id=booking_id, to_whom=to_whom, reason=reason, checked=found)
    return desk.act(deed, Action.BOOK_EVIDENCE, desk.officer)


def waive(desk: Desk, hold_id, by, reason="a copy is with the court"):
    return desk.act(partial(settling.waive, hold_id=hold_id, reason=reason), Action.WAIVE_BOOKING, by)


def is_held(desk: Desk):
    with reading(desk.store.engine) as connection:
        return bool(covering.held(connection, DAY))


@pytest.mark.clause("422.5")
def test_what_a_lifted_hold_kept_stays_until_it_is_booked(desk, medium):
    desk.put(Pass("7ABC123", NOON), Pass("7ABC123", NOON + timedelta(seconds=30)))
    hold_id = desk.hold(pattern="7ABC123")
    bag, package_id = desk.packed(hold_id, medium)
    assert not desk.lift(hold_id).is_settled
    assert is_held(desk)  # packed is not booked
    booked = book(desk, package_id, checked(bag))
    assert booked.is_settled
    assert not is_held(desk)
    with reading(desk.store.engine) as connection:
        assert connection.execute(select(hold.c.settled_at)).scalar_one() == desk.now


@pytest.mark.clause("422.5")
def test_what_came_after_it_was_packed_is_not_booked_with_it(desk, medium):
    desk.put(Pass("7ABC123", NOON))
    hold_id = desk.hold(pattern="7ABC123")
    bag, package_id = desk.packed(hold_id, medium)
    assert not book(desk, package_id, checked(bag)).is_settled  # the hold stands
    desk.put(Pass("7ABC123", NOON + timedelta(minutes=1)))
    assert not desk.lift(hold_id).is_settled
    (waits,) = desk.gate.answer(
        session(desk.custodian), _plain(Action.WAIVE_BOOKING), partial(settling.waiting, engine=desk.store.engine)
    ).rows
    assert (waits.hold_id, waits.n_unbooked, waits.disposition) == (hold_id, 1, "case_closed")
    more, more_id = desk.packed(hold_id, medium / "second")
    assert book(desk, more_id, checked(more), item_number="26-01234-4", media_serial="SN 4712").is_settled


def test_a_lift_frees_at_once_what_is_booked_already_and_what_covers_nothing(one_desk, medium):
    desk = one_desk
    desk.put(Pass("7ABC123", NOON))
    hold_id = desk.hold(pattern="7ABC123")
    bag, package_id = desk.packed(hold_id, medium)
    book(desk, package_id, checked(bag))
    assert desk.lift(hold_id).is_settled
    assert desk.lift(desk.hold(pattern="9STR999")).is_settled
    assert not is_held(desk)


@pytest.mark.clause("422.5")
def test_custodian_and_attorney_say_why_it_need_not_be_booked(desk):
    desk.put(Pass("7ABC123", NOON))
    hold_id = desk.hold(pattern="7ABC123")
    with pytest.raises(IllegalMoveError, match="stands"):
        waive(desk, hold_id, desk.custodian)
    desk.lift(hold_id)
    with pytest.raises(AccessRefusedError):
        waive(desk, hold_id, desk.supervisor)
    with pytest.raises(MalformedError, match="reason"):
        waive(desk, hold_id, desk.custodian, reason=" ")
    assert waive(desk, hold_id, desk.custodian) is False
    assert is_held(desk)
    with pytest.raises(IllegalMoveError, match="already"):
        waive(desk, hold_id, desk.custodian)
    both = replace(desk.custodian, role=Role.ATTORNEY)  # one person in both capacities
    desk.custodian = both
    with pytest.raises(IllegalMoveError, match="already"):
        waive(desk, hold_id, both)
    assert waive(desk, hold_id, desk.attorney) is True
    assert not is_held(desk)
    with pytest.raises(IllegalMoveError, match="settled"):
        waive(desk, hold_id, desk.attorney)
    with pytest.raises(NotFoundError):
        waive(desk, 99, desk.attorney)


def test_what_is_not_the_package_that_left_is_not_booked(one_desk, medium):
    desk = one_desk
    desk.put(Pass("7ABC123", NOON))
    bag, package_id = desk.packed(desk.hold(pattern="7ABC123"), medium)
    good = checked(bag)
    with pytest.raises(IllegalMoveError, match="whole"):
        book(desk, package_id, Checked("0" * 64, is_whole=True))
    (bag / "data" / "reads.json").write_text("[]")
    with pytest.raises(IllegalMoveError, match="whole"):
        book(desk, package_id, checked(bag))
    with pytest.raises(NotFoundError):
        book(desk, 9, good)
    for name in ("item_number", "media", "media_serial", "to_whom"):
        with pytest.raises(MalformedError):
            book(desk, package_id, good, **{name: " "})
    with pytest.raises(AccessRefusedError):
        book(desk, package_id, good, by=desk.attorney)
    book(desk, package_id, good)
    with pytest.raises(IllegalMoveError, match="booked already"):
        book(desk, package_id, good)


@pytest.mark.clause("422.5")
def test_custody_is_followed_from_hand_to_hand_and_a_broken_medium_is_kept_as_such(desk, medium):
    desk.put(Pass("7ABC123", NOON))
    bag, package_id = desk.packed(desk.hold(pattern="7ABC123"), medium)
    booking_id = book(desk, package_id, checked(bag)).booking_id
    assert follow(desk, booking_id, checked(bag), to_whom="District Attorney, M. Ito") is True
    assert follow(desk, booking_id, checked(bag), reason="yearly check") is True
    (bag / "data" / "hits.json").write_text("[1]")
    assert follow(desk, booking_id, checked(bag), to_whom="property room, locker 7") is False
    answer = desk.gate.answer(
        session(desk.officer),
        ask(Action.BOOK_EVIDENCE, elements={}),
        partial(booking.packages, engine=desk.store.engine),
    )
    (package,) = answer.rows
    steps = [
        (one["kind"], one["from_whom"], one["to_whom"], one["is_intact"]) for one in package["bookings"][0]["custody"]
    ]
    room, lawyer = "property room, locker 7", "District Attorney, M. Ito"
    assert steps == [
        ("booked", "Lee Ray", room, True), ("handed_over", room, lawyer, True), ("checked", lawyer, lawyer, True),
        ("handed_over", lawyer, room, False),
    ]  # fmt: skip
    with reading(desk.store.engine) as connection:
        assert booking.n_broken(connection) == 1
    for statement in ("UPDATE evidence_custody SET to_whom = 'x'", "DELETE FROM evidence_custody"):
        with pytest.raises((DBAPIError, StorageError)), writing(desk.store.engine) as connection:
            connection.execute(text(statement))
    with pytest.raises(NotFoundError):
        follow(desk, 99, checked(bag))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE evidence_package SET sha256 = 'x'",
        "DELETE FROM evidence_package",
        "UPDATE evidence_item SET capture_id = 1",
        "DELETE FROM evidence_booking",
        "UPDATE hold SET settled_at = 1",
        "INSERT INTO booking_waiver (hold_id, capacity, decided_at, member_id, reason) VALUES (1, 'custodian', 1, 1, 'because')",
    ],
)
def test_what_code_might_forget_the_database_refuses(desk, medium, statement):
    desk.put(Pass("7ABC123", NOON))
    bag, package_id = desk.packed(desk.hold(pattern="7ABC123"), medium)
    book(desk, package_id, checked(bag))
    with pytest.raises((DBAPIError, StorageError)), writing(desk.store.engine) as connection:
        connection.execute(text(statement))


def test_a_booking_never_lets_go_what_another_hold_covers(one_desk, medium):
    desk = one_desk
    desk.put(Pass("7ABC123", NOON))
    hold_id = desk.hold(pattern="7ABC123")
    desk.hold(captures=((DAY, schema.numbered(DAY, 1)),))
    bag, package_id = desk.packed(hold_id, medium)
    book(desk, package_id, checked(bag))
    assert desk.lift(hold_id).is_settled
    assert is_held(desk)


def test_custody_is_never_out_of_turn(one_desk, medium):
    desk = one_desk
    desk.put(Pass("7ABC123", NOON))
    bag, package_id = desk.packed(desk.hold(pattern="7ABC123"), medium)
    booking_id = book(desk, package_id, checked(bag)).booking_id
    row = {
        "booking_id": booking_id, "seq": 3, "kind": "checked", "at": desk.now, "from_whom": "a", "to_whom": "b", "reason": "why",
        "sha256": "0" * 64, "is_intact": True, "member_id": 1,
    }  # fmt: skip
    with pytest.raises((DBAPIError, StorageError)), writing(desk.store.engine) as connection:
        connection.execute(evidence_custody.insert(), row)


def _plain(action):
    return ask(action, elements={}, purpose="", case_number="")
