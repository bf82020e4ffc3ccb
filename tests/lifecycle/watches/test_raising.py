"""Hits of watches: what matches, where, when and in which state; once, explained, and strengthened."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Row, insert, select

from alpr_assets.access.gate import Grant
from alpr_assets.access.people import Member
from alpr_assets.access.roles import Action, Role
from alpr_assets.lifecycle.corrections import Reading, correct_read
from alpr_assets.lifecycle.hits import entitlement
from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.lifecycle.watches.areas import Circle
from alpr_assets.lifecycle.watches.raising import DayOfWatchHits, raise_watch_hits
from alpr_assets.store import schema, verdicts
from alpr_assets.store.engine import reading, writing
from tests.lifecycle.watches.department import DAY, Department, wanted
from tests.lifecycle.watches.planted import HERE, Planted, plant
from tests.people import NOW

HOUR = timedelta(hours=1)


def matched(department: Department) -> DayOfWatchHits:
    return raise_watch_hits(department.store, NOW.date(), policy=department.policy, now=department.now)


def hits(department: Department) -> list[Row[Any]]:
    with reading(department.store.engine) as connection:
        return list(connection.execute(select(schema.hit).order_by(schema.hit.c.hit_id)))


def hit_reads(department: Department) -> list[int]:
    matched(department)
    return [hit.read_id for hit in hits(department)]


@pytest.mark.clause("422.4(c)")
def test_a_partial_plate_raises_a_hit_that_says_what_was_unknown(department: Department) -> None:
    watch_id = department.place(department.member())
    read_id, _ = plant(department.store, Planted("7BA23"), Planted("8BA23"))
    assert matched(department).n_raised == {"partial": 1}
    (hit,) = hits(department)
    assert (hit.watch_id, hit.read_id, hit.match_kind, hit.plate) == (watch_id, read_id, "partial", "7?A*23")
    assert hit.differences == [{"position": 2, "read": "B", "listed": "?", "alike": False}]
    assert (hit.status, hit.source, hit.category, hit.alerted) == ("raised", "department", "stolen_vehicle", True)


def test_a_whole_plate_matches_as_a_listed_one_does(department: Department) -> None:
    department.place(department.member(), wanted("7ABC120"))
    plant(department.store, *map(Planted, ("7ABC120", "7A8C12O", "7ABC12", "7ABX99")))
    assert matched(department).n_raised == {"exact": 1, "folded": 1, "edit1": 1}


def test_a_second_run_and_a_second_read_of_the_pass_raise_nothing_twice(department: Department) -> None:
    department.place(department.member())
    plant(department.store, Planted("7BA23"), Planted("7XA23"), one_pass=True)
    assert matched(department).n_raised == {"partial": 1}
    assert matched(department).n_raised == {}
    plant(department.store, Planted("7BA23"))
    assert matched(department).n_raised == {"partial": 1}
    assert len(hits(department)) == 2


def test_two_watches_for_one_plate_each_raise_their_hit(department: Department) -> None:
    first, second = department.place(department.member()), department.place(department.member())
    plant(department.store, Planted("7BA23"))
    matched(department)
    assert {hit.watch_id for hit in hits(department)} == {first, second}


def test_a_sure_read_of_the_pass_strengthens_the_hit_until_somebody_moved_it(department: Department) -> None:
    department.place(department.member())
    (unsure,) = plant(department.store, Planted("7BA23", sure=False))
    matched(department)
    (sure,) = plant(department.store, Planted("7BA23"))
    with writing(department.store.engine) as connection:
        of_pass = schema.sighting_read
        connection.execute(of_pass.update().where(of_pass.c.read_id == sure).values(sighting_id=unsure))
    assert matched(department).n_strengthened == 1
    (hit,) = hits(department)
    assert (hit.read_id, hit.sure, hit.strengthened_at) == (sure, True, NOW)
    assert matched(department).n_strengthened == 0


def test_a_watch_matches_while_it_is_in_force_only(department: Department) -> None:
    owner, supervisor = department.member(), department.member(Role.SUPERVISOR)
    plant(department.store, Planted("7BA23"))
    watch_id = department.place(owner)
    department.now = NOW + DAY
    assert hit_reads(department) == []
    department.now = NOW
    department.approve(supervisor, watch_id)
    department.now = NOW + 10 * DAY
    assert hit_reads(department) == []
    department.now = NOW + 2 * DAY
    assert len(hit_reads(department)) == 1
    plant(department.store, Planted("7XA23"))
    department.end(owner, watch_id)
    assert len(hit_reads(department)) == 1


def test_a_watch_with_an_area_takes_what_is_known_to_be_inside(department: Department) -> None:
    department.place(department.member(), wanted(area=Circle(*HERE, 500)))
    inside, _, _ = plant(
        department.store, Planted("7BA23"), Planted("7XA23", place=(38.5, -121.8)), Planted("7YA23", place=None)
    )
    assert hit_reads(department) == [inside]


def test_a_watch_with_a_window_takes_what_was_captured_within(department: Department) -> None:
    department.place(department.member(), wanted(since_at=NOW - 3 * HOUR, until_at=NOW - 2 * HOUR))
    at = (NOW - 3.1 * HOUR, NOW - 3 * HOUR, NOW - 2.1 * HOUR, NOW - 2 * HOUR)
    ids = plant(department.store, *(Planted("7BA23", at=one) for one in at))
    assert hit_reads(department) == ids[1:3]


def test_a_sure_read_of_another_state_is_no_partial_match(department: Department) -> None:
    department.place(department.member(), wanted(state="CA"))
    same, unknown, _ = plant(
        department.store, Planted("7BA23", region="us-ca"), Planted("7XA23"), Planted("7YA23", region="nv")
    )
    assert sorted(hit_reads(department)) == [same, unknown]
    assert {hit.read_id: hit.state_agrees for hit in hits(department)} == {same: True, unknown: None}


def test_a_superseded_read_raises_nothing(department: Department) -> None:
    department.place(department.member())
    plant(department.store, Planted("7BA23", current=False))
    assert hit_reads(department) == []


def test_what_a_person_read_instead_is_matched(department: Department) -> None:
    department.place(department.member())
    wrong, right = plant(department.store, Planted("7BA23"), Planted("1BA23"))
    for read_id, plate in ((wrong, "1BA23"), (right, "7BA2B"), (right, "7BA23")):
        row = {"day": NOW.date(), "read_id": read_id, "plate": plate, "plate_folded": fold(plate), "reason": "misread"}
        with writing(department.store.engine) as connection:
            connection.execute(insert(verdicts.read_correction), {**row, "member_id": 1, "corrected_at": NOW})
    assert hit_reads(department) == [right]
    assert hits(department)[0].correction_id == 3


def test_a_correction_raises_the_hit_of_a_watch_at_once(department: Department) -> None:
    owner = department.member()
    watch_id = department.place(owner)
    (read_id,) = plant(department.store, Planted("1BA23"))
    reading_of_it = Reading("7BA23", "seen in the picture")
    corrected = department.act(
        owner,
        Action.CORRECT_READ,
        lambda g, c: correct_read(g, c, NOW.date(), read_id, reading_of_it, policy=department.policy),
    )
    (hit,) = hits(department)
    assert (hit.watch_id, hit.hit_id, hit.correction_id) == (watch_id, corrected.hit_ids[0], corrected.correction_id)
    assert matched(department).n_raised == {}


@pytest.mark.clause("422.4(e)")
def test_hits_of_a_covert_watch_are_shown_to_whom_the_watch_is(department: Department) -> None:
    owner, named = department.member(), department.member(Role.SUPERVISOR)
    department.place(owner, wanted(audience="covert", supervisor_id=named.member_id))
    plant(department.store, Planted("7BA23"))
    matched(department)

    def seen(by: Member, action: Action = Action.VIEW_HITS) -> int:
        def deed(grant: Grant, connection: Any) -> Any:
            found = connection.execute(select(schema.hit.c.hit_id).where(*entitlement.visible(grant))).all()
            return type("Found", (), {"rows": len(found), "ids": []})

        n: int = department.act(by, action, deed)
        return n

    assert (seen(owner), seen(named), seen(department.member(Role.COMMANDER))) == (1, 1, 1)
    assert seen(department.member(Role.AUDITOR), Action.READ_RECORD) == 1
    for role in (Role.OFFICER, Role.SUPERVISOR, Role.CUSTODIAN, Role.DISPATCHER):
        assert seen(department.member(role)) == 0
