"""Evidence in a read's lineage: which package has it, where that is booked, and who had it."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import select

from alpr_assets.access.roles import Action, Role
from alpr_assets.access.secret_key import SecretKey
from alpr_assets.lifecycle.evidence import booking
from alpr_assets.store import schema
from alpr_assets.store.engine import reading
from tests.lifecycle.evidence.desks import NOON, Pass, checked
from tests.lifecycle.evidence.desks import Desk as Evidence
from tests.search.lineage.desks import Desk, section

ROOM = {"item_number": "26-01234-3", "media": "USB drive", "media_serial": "SN 4711", "to_whom": "locker 7"}


@pytest.mark.clause("422.5")
def test_packages_and_hands_are_told_and_names_of_people_not_to_the_auditor(sqlite_store, policy, tmp_path):
    evidence = Evidence(sqlite_store, policy, tmp_path)
    evidence.put(Pass("7ABC123", NOON), Pass("8XYZ111", NOON))
    bag, package_id = evidence.packed(evidence.hold(pattern="7ABC123"), tmp_path / "medium")
    deed = partial(booking.book, package_id=package_id, checked=checked(bag), **ROOM)
    evidence.act(deed, Action.BOOK_EVIDENCE, evidence.officer)
    desk = Desk(sqlite_store, policy, tmp_path, SecretKey(tmp_path / "keys" / "purges"))
    with reading(sqlite_store.engine) as connection:
        read = schema.read.c
        ids = dict(connection.execute(select(read.plate, read.read_id)).tuples().all())
    first, second = section(desk.trace(read_id=ids["7ABC123"]), "evidence")
    assert (first.what, first.facts["sha256"]) == ("Package 1 has it", checked(bag).sha256)
    assert (second.what, second.facts["to_whom"]) == ("Package 1: booked into evidence", "locker 7")
    assert section(desk.trace(read_id=ids["8XYZ111"]), "evidence") == ()
    _, told = section(desk.trace(Role.AUDITOR, read_id=ids["7ABC123"]), "evidence")
    assert "to_whom" not in told.facts
