"""Precision by match kind: from verdicts, with an honest interval, and of nothing that may not be seen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from alpr_assets.access.people import Source
from alpr_assets.access.roles import Action
from alpr_assets.errors import AccessRefusedError
from alpr_assets.intervals import wilson
from alpr_assets.lifecycle.hits import verifying
from alpr_assets.lifecycle.hits.moves import Answers
from alpr_assets.lifecycle.hits.precision import Precision, by_week, precision, precision_of
from alpr_assets.store import schema
from alpr_assets.store.engine import reading, writing
from tests.patrols import DAY, seen, watch
from tests.people import NOW, ask, gate_for, member, session

YES = Answers(plate=True, state=True, vehicle=True)


@pytest.fixture
def judged(patrol, act):
    """Exact: two right, of which one was then dismissed, one taken back as another state; edit1: one of another state; one unseen."""
    patrol.take(watch("7ABC123"))
    patrol.read(*(seen("7ABC123", seconds=60 * n) for n in range(4)), seen("7ABC12", seconds=600))
    patrol.match()
    right, dismissed, taken_back, _unseen, near = [hit.hit_id for hit in patrol.hits()]
    for hit_id in (right, dismissed, taken_back):
        act(patrol, verifying.confirm_picture, hit_id, YES)
    act(patrol, verifying.dismiss, dismissed, "training exercise")
    other_state = Answers(plate=True, state=False, vehicle=True)
    for hit_id in (taken_back, near):
        act(patrol, verifying.report_wrong_state, hit_id, other_state)
    return patrol


@pytest.mark.clause("422.4(f)")
def test_precision_counts_what_people_found(judged):
    with reading(judged.store.engine) as connection:
        assert precision(connection) == [Precision("edit1", 0, 1), Precision("exact", 2, 1)]
        assert precision(connection, since=DAY + timedelta(days=1)) == []
        assert precision(connection, until=DAY) == []
        weeks = by_week(connection, DAY + timedelta(days=1), n_weeks=2)
    assert [first for first, _ in weeks] == [DAY - timedelta(days=13), DAY - timedelta(days=6)]
    assert [len(kinds) for _, kinds in weeks] == [0, 2]


@pytest.mark.clause("422.4(e)")
def test_a_member_s_precision_is_of_the_hits_that_he_may_see(judged, policy):
    with writing(judged.store.engine) as connection:
        connection.execute(update(schema.hit).where(schema.hit.c.match_kind == "edit1").values(source="federal"))

    def asked(who, action=Action.VIEW_HITS):
        gate = gate_for(policy, who, now=NOW)
        return gate.answer(session(who), ask(action, elements={}), lambda g: precision_of(g, judged.store.engine)).rows

    assert [one.match_kind for one in asked(member())] == ["exact"]
    assert len(asked(member(sources=frozenset(Source)))) == 2
    with pytest.raises(AccessRefusedError):
        asked(member(), Action.PLATE_HISTORY)


@given(n=st.integers(0, 2000), data=st.data())
def test_the_interval_holds_the_share_and_stays_within_0_and_1(n, data):
    n_right = data.draw(st.integers(0, n))
    low, high = wilson(n_right, n)
    assert 0 <= low <= high <= 1
    if n:
        assert low <= n_right / n <= high
        assert (1 - wilson(n - n_right, n)[1]) == pytest.approx(low, abs=1e-12)


@pytest.mark.parametrize(
    ("n_right", "n", "low", "high"), [(0, 10, 0.0, 0.27753), (8, 10, 0.49016, 0.94332), (81, 263, 0.25524, 0.36615)]
)
def test_the_interval_is_wilson_s(n_right, n, low, high):
    """The last is Newcombe's example (Stat. Med. 17, 1998): 0.2553–0.3662."""
    assert wilson(n_right, n) == pytest.approx((low, high), abs=2e-4)
