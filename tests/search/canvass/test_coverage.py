"""Coverage: what could have been seen at all."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import insert, update

from alpr_assets.access.roles import Action
from alpr_assets.errors import AccessRefusedError, MalformedError
from alpr_assets.search.canvass import coverage as coverages
from alpr_assets.store import schema
from alpr_assets.store.engine import writing
from tests.people import ask, member
from tests.search.canvass.conftest import incident, weekly
from tests.search.traffic import AT, CENTRE, Pass, after, put


@pytest.fixture
def look(through, store, policy):
    def run(*incidents, action=Action.CANVASS, **more):
        search = partial(coverages.coverage, engine=store.engine, incidents=incidents, policy=policy, **more)
        return through(member(), ask(action, elements={}), search).rows

    return run


def quarantined(store, content, *, kind="capture", opened_at=AT + timedelta(hours=1), item="00001.jpg"):
    row = {
        "kind": kind, "origin": f"{item}{kind}".ljust(64, "0"), "item": item, "code": "future", "reason": "dated later",
        "owner": "Information Systems", "content": content, "opened_at": opened_at,
    }  # fmt: skip
    with writing(store.engine) as connection:
        connection.execute(insert(schema.quarantine), row)


def test_readers_that_looked_elsewhere_or_not_at_all_are_told_apart(look, store):
    put(store, [
        *weekly("7AAA111", [-1]), *weekly("7AAA111", [-1], device="corner-2"), *weekly("7AAA111", [-1], device="unit-7"),
        *weekly("7AAA111", [-1], device="far", east_m=5000),
        Pass("7BBB222"), Pass("7CCC333", after(60)), Pass("7DDD444", device="unit-7", east_m=3000),
    ])  # fmt: skip
    found = look(incident())
    assert list(found.devices.columns) == list(coverages.COLUMNS)
    assert dict(zip(found.devices["device_id"], found.devices["state"], strict=True)) == {
        "corner-1": "here", "corner-2": "silent", "unit-7": "elsewhere",
    }  # fmt: skip
    here = found.devices.iloc[0]
    assert (here["n_captures"], here["first_at"], here["last_at"]) == (2, AT, after(60))
    assert len(found.gaps) == 2


def test_a_fixed_camera_in_the_area_that_never_read_anything_is_silent(look, store):
    fixed = {
        "device_id": "pole-9", "kind": "fixed", "name": "Pole 9", "latitude_deg": CENTRE[0], "longitude_deg": CENTRE[1],
        "registered_at": AT,
    }  # fmt: skip
    with writing(store.engine) as connection:
        connection.execute(insert(schema.device), fixed)
    found = look(incident())
    assert found.devices[["device_id", "device", "state"]].to_numpy().tolist() == [["pole-9", "Pole 9", "silent"]]
    assert "no reader looked there at all" in found.gaps


def test_what_is_not_read_quarantined_missing_undated_or_waiting_is_counted(look, store):
    put(store, [Pass("7AAA111")])
    put(store, [Pass("7BBB222", after(60))], current=None)
    put(store, [Pass("7CCC333", after(86_400), clock="receipt")])
    quarantined(store, {"captured_at": after(60).isoformat()}, item="1.jpg")
    quarantined(store, {"captured_at": "next tuesday"}, item="2.jpg")
    quarantined(store, {"captured_at": after(90_000).isoformat()}, item="3.jpg")
    quarantined(store, {"captured_at": after(60).isoformat()}, item="4.jpg", opened_at=AT - timedelta(days=1))
    quarantined(store, None, kind="drop", item="unit-9")
    with writing(store.engine) as connection:
        connection.execute(update(schema.drop).values(n_missing=2))
    found = look(incident(), n_waiting=1)
    assert (found.n_unread, found.n_quarantined, found.n_refused_drops) == (1, 2, 1)
    assert (found.n_missing, found.n_undated, found.n_waiting) == (6, 1, 1)
    assert len(found.gaps) == 6


def test_where_everything_looked_and_landed_there_are_no_gaps(look, store):
    put(store, [Pass("7AAA111")])
    assert look(incident(), n_waiting=0).gaps == ()


def test_coverage_is_of_a_canvass_and_behind_its_grant(look, store):
    with pytest.raises(MalformedError):
        look()
    with pytest.raises(AccessRefusedError):
        look(incident(), action=Action.VIEW_HITS)
