"""The check of a day's watch hits: it passes what raising does, and finds each defect by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update

from alpr_assets.access.roles import Role
from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.lifecycle.watches.areas import Circle
from alpr_assets.lifecycle.watches.history import match_waiting
from alpr_assets.lifecycle.watches.raising import raise_watch_hits
from alpr_assets.lifecycle.watches.soundness import Soundness, soundness
from alpr_assets.store import people, schema, verdicts
from alpr_assets.store.engine import writing
from alpr_assets.store.watches import watch, watch_decision
from tests.lifecycle.watches.department import DAY, Department, wanted
from tests.lifecycle.watches.planted import HERE, Planted, plant
from tests.people import NOW

HOUR = timedelta(hours=1)


def judged(department: Department) -> Soundness:
    return soundness(department.store, NOW.date(), policy=department.policy, now=department.now)


def matched(department: Department) -> Soundness:
    """After the past of every watch and the day were matched."""
    match_waiting(department.store, policy=department.policy, now=department.now)
    raise_watch_hits(department.store, NOW.date(), policy=department.policy, now=department.now)
    return judged(department)


def changed(department: Department, statement: Any) -> None:
    with writing(department.store.engine) as connection:
        connection.execute(statement)


@pytest.fixture
def sound(department: Department) -> Department:
    """Two watches, whole and partial, with an area and a window, approved; three hits, one of a corrected read."""
    owner, supervisor = department.member(), department.member(Role.SUPERVISOR)
    first = department.place(owner, wanted(area=Circle(*HERE, 500), since_at=NOW - 3 * HOUR))
    department.approve(supervisor, first)
    department.approve(supervisor, department.place(owner, wanted("8XYZ990")))
    plant(department.store, Planted("7BA23"), Planted("8XYZ99O"), Planted("1AAA111"))
    (read_id,) = plant(department.store, Planted("1BA23"))
    row = {"day": NOW.date(), "read_id": read_id, "plate": "7CA23", "plate_folded": fold("7CA23"), "reason": "misread"}
    changed(department, insert(verdicts.read_correction).values({**row, "member_id": 1, "corrected_at": NOW}))
    found = matched(department)
    assert (found.n_hits, found.holds) == (3, True)
    return department


def test_what_was_matched_is_sound_and_stays_so_when_watches_end(sound: Department) -> None:
    sound.now = NOW + 20 * DAY
    assert judged(sound).holds


def test_a_day_that_was_not_matched_is_found(sound: Department) -> None:
    plant(sound.store, Planted("7DA23"))
    assert judged(sound) == Soundness(3, 1, 0, 0, 0)
    changed(sound, delete(schema.hit))
    assert judged(sound) == Soundness(0, 4, 0, 0, 0)


def test_a_new_watch_whose_past_waits_is_no_defect(sound: Department) -> None:
    sound.place(sound.member(), wanted("1AAA111"))
    assert judged(sound).holds


WHOLE = select(watch.c.watch_id).where(watch.c.is_partial.is_(False))
DEFECTS: list[tuple[str, Callable[[], list[Any]], Soundness]] = [
    ("its read is gone", lambda: [delete(schema.read).where(schema.read.c.plate == "8XYZ99O")], Soundness(3, 0, 1, 0, 0)),
    ("its watch is gone", lambda: [delete(watch_decision).where(watch_decision.c.watch_id.in_(WHOLE)), delete(watch).where(watch.c.is_partial.is_(False))], Soundness(3, 0, 1, 1, 0)),
    ("it is of another plate", lambda: [update(watch).where(watch.c.is_partial).values(pattern="9?A*23")], Soundness(3, 0, 2, 0, 0)),
    ("it is from elsewhere", lambda: [update(watch).where(watch.c.is_partial).values(area=Circle(0, 0, 5).geojson())], Soundness(3, 0, 2, 0, 0)),
    ("it is from another time", lambda: [update(watch).where(watch.c.is_partial).values(since_at=NOW)], Soundness(3, 0, 2, 0, 0)),
    ("its kind is another", lambda: [update(schema.hit).where(schema.hit.c.match_kind == "folded").values(match_kind="exact")], Soundness(3, 0, 1, 0, 0)),
    ("it was raised before", lambda: [update(schema.hit).values(raised_at=NOW - HOUR)], Soundness(3, 0, 0, 3, 0)),
    ("it was raised after", lambda: [update(schema.hit).values(raised_at=NOW + 10 * DAY)], Soundness(3, 0, 0, 3, 0)),
    ("its owner left", lambda: [update(people.member).where(people.member.c.role == "analyst").values(status="separated")], Soundness(3, 0, 0, 0, 3)),
]  # fmt: skip


@pytest.mark.parametrize(("made", "found"), [row[1:] for row in DEFECTS], ids=[row[0] for row in DEFECTS])
def test_each_defect_is_found_as_what_it_is(sound: Department, made: Callable[[], list[Any]], found: Soundness) -> None:
    with writing(sound.store.engine) as connection:
        for statement in made():
            connection.execute(statement)
    assert judged(sound) == found


def test_a_hit_that_was_raised_after_the_end_is_found(sound: Department) -> None:
    owner = sound.member()
    ended = sound.place(owner, wanted("1AAA111"))
    assert matched(sound).n_hits == 4
    sound.now = NOW + HOUR
    sound.end(owner, ended)
    assert judged(sound).holds
    changed(sound, update(schema.hit).where(schema.hit.c.watch_id == ended).values(raised_at=NOW + 2 * HOUR))
    assert judged(sound) == Soundness(4, 0, 0, 1, 0)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(plates=st.lists(st.text("78BA23X", min_size=3, max_size=7), min_size=1, max_size=12))
def test_whatever_is_raised_is_sound(department: Department, plates: list[str]) -> None:
    with writing(department.store.engine) as connection:
        for table in (schema.hit, schema.sighting_read, schema.read, schema.capture, schema.plate):
            connection.execute(table.delete())
    if not department.listed(department.member()):
        owner = department.member()
        for pattern in ("7?A*23", "*BA2*", "7BA23X"):
            department.place(owner, wanted(pattern))
    plant(department.store, *map(Planted, plates))
    assert matched(department).holds
