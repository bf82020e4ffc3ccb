"""The hit list: filtered by what the member may see, in SQL."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import update

from alpr_assets.access.people import Source
from alpr_assets.access.roles import Action
from alpr_assets.search import hits
from alpr_assets.store import schema
from alpr_assets.store.engine import writing
from tests.patrols import AT, seen, watch
from tests.people import ask, member


@pytest.fixture
def listed(patrol):
    """Three hits: of the department, the state, and the federal government."""
    patrol.take(watch("7ABC123", "8XYZ999", "6DEF456"))
    patrol.read(seen("7ABC123"), seen("8XYZ999", seconds=60), seen("6DEF456", seconds=120))
    patrol.match()
    with writing(patrol.store.engine) as connection:
        for plate, source in (("8XYZ999", "state"), ("6DEF456", "federal")):
            connection.execute(update(schema.hit).where(schema.hit.c.plate == plate).values(source=source))
    return patrol


def find(through, patrol, *sources, **more):
    who = member(sources=frozenset(sources))
    search = partial(hits.hits, engine=patrol.store.engine, **more)
    return through(who, ask(Action.VIEW_HITS, elements={}), search).rows


def test_hits_come_newest_first_with_what_was_read_and_why(through, listed):
    frame = find(through, listed, Source.DEPARTMENT, Source.STATE, Source.FEDERAL)
    assert list(frame.columns) == list(hits.COLUMNS)
    assert frame["listed_plate"].tolist() == ["6DEF456", "8XYZ999", "7ABC123"]
    assert frame["plate"].tolist() == frame["listed_plate"].tolist()
    assert set(frame["match_kind"]) == {"exact"}
    assert frame["capture_id"].notna().all()


@pytest.mark.clause("422.4(e)")
def test_a_member_sees_only_the_sources_he_is_entitled_to(through, listed, recorder):
    assert find(through, listed, Source.DEPARTMENT)["source"].tolist() == ["department"]
    assert find(through, listed, Source.DEPARTMENT, Source.STATE)["source"].tolist() == ["state", "department"]
    assert len(recorder.entries[0].results) == 1


def test_restricted_files_need_their_own_entitlement_and_each_viewing_is_dissemination(through, listed, recorder):
    with writing(listed.store.engine) as connection:
        connection.execute(update(schema.hit).where(schema.hit.c.source == "federal").values(restricted=True))
    everything = (Source.DEPARTMENT, Source.STATE, Source.FEDERAL)
    assert len(find(through, listed, *everything)) == 2
    assert len(find(through, listed, *everything, Source.RESTRICTED)) == 3
    assert [one.kind for one in recorder.entries[1].results] == ["restricted_hit", "hit", "hit"]


def test_time_and_category_narrow_the_list(through, listed):
    everything = (Source.DEPARTMENT, Source.STATE, Source.FEDERAL)
    frame = find(through, listed, *everything, since=AT + timedelta(seconds=1), until=AT + timedelta(seconds=120))
    assert frame["listed_plate"].tolist() == ["8XYZ999"]
    assert find(through, listed, *everything, category="missing_person").empty
