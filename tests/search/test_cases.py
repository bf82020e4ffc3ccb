"""One hit as a case: what the page shows of it, and to whom."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from alpr_assets.access.people import Source
from alpr_assets.access.roles import Action
from alpr_assets.errors import AccessRefusedError, NotFoundError
from alpr_assets.lifecycle.hits import verifying
from alpr_assets.lifecycle.hits.moves import Answers, Kind, Status
from alpr_assets.search.cases import hit_case
from alpr_assets.store import schema
from alpr_assets.store.engine import writing
from tests.patrols import seen, watch
from tests.people import NOW, ask, gate_for, member, session


@pytest.fixture
def shown(patrol, policy, recorder):
    """`shown(hit_id, who, after)`: the case through the gate."""

    def run(hit_id, who=None, after=timedelta(0), action=Action.VIEW_HITS):
        who = who or member()
        gate = gate_for(policy, who, recorder=recorder, now=NOW + after)
        asked = ask(action, elements={})
        return gate.answer(session(who), asked, lambda g: hit_case(g, patrol.store.engine, hit_id, policy=policy)).rows

    return run


@pytest.fixture
def hit_id(patrol):
    patrol.take(watch("7ABC123"))
    patrol.read(seen("7ABC12"))
    patrol.match()
    (hit,) = patrol.hits()
    return hit.hit_id


@pytest.mark.clause("422.4(f)")
def test_a_case_shows_the_hit_what_differs_and_what_is_possible(shown, hit_id):
    case = shown(hit_id)
    assert (case.hit["hit_id"], case.status, case.is_possible) == (hit_id, Status.RAISED, True)
    assert case.characters[-1] == ("", True)
    assert (case.moves, case.list_is_stale, case.list_age) == ((), False, timedelta(0))
    assert Kind.CONFIRM_PICTURE in case.possible
    assert not case.possible & {Kind.CLETS_CONFIRMED, Kind.NOT_PRACTICABLE, Kind.LAPSE, Kind.ENTRY_ENDED}
    assert "given" in case.details


@pytest.mark.clause("422.4(e)")
def test_a_case_says_first_who_answers_for_the_entry(shown, hit_id):
    case = shown(hit_id)
    assert case.is_answered
    assert list(case.details.items())[:5] == [
        ("reason", "stolen tools"), ("case_number", "26-01234"), ("owner", "A. Ruiz"), ("approved_by", "Lt. Okada"),
        ("expires_on", "2026-06-29"),
    ]  # fmt: skip


def test_in_a_list_that_nobody_answers_for_an_owner_is_the_vehicles(shown, patrol):
    rule = patrol.policy.hotlists.sources[-1].model_copy(update={"answered": False})
    rules = patrol.policy.hotlists.model_copy(update={"sources": (rule,)})
    patrol.policy = patrol.policy.model_copy(update={"hotlists": rules})
    patrol.take(b"plate,make,owner,expires_on\n7ABC123,Honda,J. Doe,2020-01-31\n")
    patrol.read(seen("7ABC123"))
    patrol.match()
    (hit,) = patrol.hits()
    case = shown(hit.hit_id)
    assert not case.is_answered
    said = [("make", "Honda"), ("owner", "J. Doe"), ("expires_on", "2020-01-31"), ("given", "7ABC123")]
    assert sorted(case.details.items()) == sorted(said)


@pytest.mark.clause("422.4(f)")
def test_a_case_tells_every_move_and_says_loudly_that_the_list_is_stale(shown, hit_id, patrol, policy):
    gate, who = gate_for(policy, member(), now=NOW), member()
    yes = Answers(plate=True, state=True, vehicle=True)
    gate.act(
        session(who), ask(Action.VERIFY_HIT), patrol.store.engine,
        lambda g, c: verifying.confirm_picture(g, c, hit_id, yes, policy=policy, note="a 3 at the end is muddy"),
    )  # fmt: skip
    fresh, stale = shown(hit_id), shown(hit_id, after=timedelta(hours=25))
    (move,) = fresh.moves
    assert (move.kind, move.to_status, move.member, move.note) == (
        Kind.CONFIRM_PICTURE, Status.PICTURE_CONFIRMED, "member 7", "a 3 at the end is muddy",
    )  # fmt: skip
    assert {Kind.CLETS_CONFIRMED, Kind.NOT_PRACTICABLE} <= fresh.possible
    assert stale.list_is_stale
    assert fresh.possible - stale.possible == {Kind.NOT_PRACTICABLE}


@pytest.mark.clause("422.4(e)")
def test_a_case_that_the_member_may_not_see_is_not_found(shown, hit_id, patrol, recorder):
    with writing(patrol.store.engine) as connection:
        connection.execute(update(schema.hit).values(source="federal", restricted=True))
    for others in ((), (Source.FEDERAL,), (Source.RESTRICTED,)):
        with pytest.raises(NotFoundError):
            shown(hit_id, member(sources=frozenset({Source.DEPARTMENT, *others})))
    shown(hit_id, member(sources=frozenset({*Source})))
    assert [one.kind for one in recorder.entries[-1].results] == ["restricted_hit"]
    with pytest.raises(AccessRefusedError):
        shown(hit_id, action=Action.PLATE_HISTORY)
