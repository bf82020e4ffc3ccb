"""The hit list: filtered by what the member may see, in SQL."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import update

from alpr_assets.access.people import Source
from alpr_assets.access.roles import Action
from alpr_assets.lifecycle.hits import verifying
from alpr_assets.lifecycle.hits.moves import Answers, Clets, Result, Status
from alpr_assets.search import hits
from alpr_assets.store import schema, verdicts
from alpr_assets.store.engine import writing
from tests.patrols import AT, seen, watch
from tests.people import NOW, ask, gate_for, member, session


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


# ── where hits stand ───────────────────────────────────────────────────────────────────────────────────────────────


def shown(patrol, policy, *, at=NOW, **more):
    """The list as it is at an instant."""
    who = member(sources=frozenset(Source))
    search = partial(hits.hits, engine=patrol.store.engine, **more)
    return gate_for(policy, who, now=at).answer(session(who), ask(Action.VIEW_HITS, elements={}), search).rows


@pytest.fixture
def actionable(listed, policy):
    """The department's hit is actionable until half an hour from NOW."""
    (hit_id,) = [hit.hit_id for hit in listed.hits() if hit.source == "department"]
    gate, who = gate_for(policy, member(), now=NOW), member()
    yes = Answers(plate=True, state=True, vehicle=True)
    for deed, what in (
        (verifying.confirm_picture, yes),
        (verifying.report_clets, Clets(Result.CONFIRMED, NOW, "Diaz", "A1")),
    ):
        gate.act(
            session(who), ask(Action.VERIFY_HIT), listed.store.engine,
            lambda g, c, deed=deed, what=what: deed(g, c, hit_id, what, policy=policy),
        )  # fmt: skip
    return listed


@pytest.mark.clause("422.4(f)")
def test_what_has_lapsed_is_shown_so_at_that_instant_whether_or_not_it_was_written_down(actionable, policy):
    until = NOW + timedelta(minutes=30)
    before = shown(actionable, policy, statuses=[Status.ACTIONABLE], at=until - timedelta(seconds=1))
    assert before["actionable_until"].tolist() == [until]
    assert shown(actionable, policy, statuses=[Status.ACTIONABLE], at=until).empty
    after = shown(actionable, policy, statuses=[Status.LAPSED], at=until)
    assert (after["status"].tolist(), after["actionable_until"].isna().all()) == (["lapsed"], True)
    assert actionable.rows(schema.hit)[0].status == "actionable"


def test_the_queue_is_narrowed_by_status_kind_and_alert(actionable, policy):
    open_ones = shown(actionable, policy, statuses=[Status.RAISED, Status.PICTURE_CONFIRMED])
    assert open_ones["status"].tolist() == ["raised", "raised"]
    assert len(shown(actionable, policy, match_kinds=["exact"])) == 3
    assert shown(actionable, policy, match_kinds=["edit1", "partial"]).empty
    with writing(actionable.store.engine) as connection:
        connection.execute(update(schema.hit).where(schema.hit.c.plate == "6DEF456").values(alerted=False))
    assert shown(actionable, policy, alerted=False)["listed_plate"].tolist() == ["6DEF456"]
    assert len(shown(actionable, policy, alerted=True)) == 2


def test_in_the_order_to_look_a_missing_person_comes_first(listed, policy):
    with writing(listed.store.engine) as connection:
        connection.execute(update(schema.hit).where(schema.hit.c.plate == "8XYZ999").values(category="missing_person"))
    frame = shown(listed, policy, ranked=True, near=(38.005, -121.806))
    assert frame["listed_plate"].tolist() == ["8XYZ999", "6DEF456", "7ABC123"]
    assert frame["score"].is_monotonic_decreasing
    assert list(frame.columns) == list(hits.COLUMNS)
    near, far = (shown(listed, policy, near=place)["score"].max() for place in ((38.005, -121.806), (34.0, -118.0)))
    assert near - far == pytest.approx(12, abs=0.5)


def test_a_hit_of_a_corrected_plate_shows_both_readings(listed, policy):
    (hit,) = [hit for hit in listed.hits() if hit.source == "department"]
    with writing(listed.store.engine) as connection:
        connection.execute(
            verdicts.read_correction.insert(),
            {"correction_id": 5, "day": hit.read_day, "read_id": hit.read_id, "plate": "7ABC124", "plate_folded": "7A8C124",
             "reason": "a 4", "member_id": 7, "corrected_at": NOW},
        )  # fmt: skip
        connection.execute(update(schema.hit).where(schema.hit.c.hit_id == hit.hit_id).values(correction_id=5))
    row = shown(listed, policy).query("source == 'department'").iloc[0]
    assert (row["plate"], row["corrected_plate"]) == ("7ABC123", "7ABC124")
