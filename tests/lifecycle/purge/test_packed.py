"""Who approves a purge is told what of it left in packages before: as evidence, booked or not."""

from __future__ import annotations

from functools import partial

import pytest

from alpr_assets.access.roles import Action
from alpr_assets.lifecycle.evidence import booking
from alpr_assets.lifecycle.purge.packed import PackedBefore
from tests.lifecycle.evidence.desks import Desk as Evidence
from tests.lifecycle.evidence.desks import checked
from tests.lifecycle.holds.settled import waive
from tests.lifecycle.purge.desks import NOON, Desk
from tests.search.traffic import Pass

ROOM = {"item_number": "26-01234-3", "media": "USB drive", "media_serial": "SN 4711", "to_whom": "locker 7"}


@pytest.mark.clause("422.5")
def test_packages_that_have_captures_of_a_plan_are_told_to_who_approves(sqlite_store, policy, tmp_path):
    desk, evidence = Desk(sqlite_store, policy, tmp_path), Evidence(sqlite_store, policy, tmp_path)
    desk.put([Pass("7ABC123", NOON), Pass("7ABC123", NOON), Pass("8XYZ111", NOON)])
    hold_id = evidence.hold(pattern="7ABC123")
    bag, package_id = evidence.packed(hold_id, tmp_path / "medium")
    other = evidence.hold(pattern="8XYZ111")
    evidence.packed(other, tmp_path / "second")
    evidence.lift(hold_id)
    desk.plan()  # both are kept: neither is booked
    assert desk.listed() == []
    deed = partial(booking.book, package_id=package_id, checked=checked(bag), **ROOM)
    assert evidence.act(deed, Action.BOOK_EVIDENCE, evidence.officer).is_settled
    evidence.lift(other)
    waive(sqlite_store, policy, other)
    desk.plan()
    (told,) = desk.listed()
    assert told["packed"] == [
        PackedBefore(1, hold_id, None, is_booked=True, n_captures=2),
        PackedBefore(2, other, None, is_booked=False, n_captures=1),
    ]
    desk.approve(told["plan_id"], desk.custodian)  # it stops nothing
