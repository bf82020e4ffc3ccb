"""The budget on tolerant alerts: exact and look-alike matches always alert; the rest only as far as people can look."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alpr_assets.access.roles import Action
from alpr_assets.lifecycle.corrections import Reading, correct_read
from alpr_assets.lifecycle.hits import verifying
from alpr_assets.lifecycle.hits.ageing import waiting
from alpr_assets.lifecycle.hits.moves import Answers
from alpr_assets.store.engine import reading
from tests.patrols import seen, watch


@pytest.fixture
def tight(patrol):
    """Two tolerant alerts an hour."""
    hits = patrol.policy.hits.model_copy(update={"tolerant_per_hour": 2})
    patrol.policy = patrol.policy.model_copy(update={"hits": hits})
    patrol.take(watch("7ABC123"))
    return patrol


def near(n: int, start: float = 0, confidence: float = 0.9):
    return [seen({"plate": "7ABC12", "confidence": confidence}, seconds=start + 60 * k) for k in range(n)]


def loud(patrol):
    return [hit.alerted for hit in patrol.hits()]


@pytest.mark.clause("422.4(f)")
def test_over_the_budget_tolerant_hits_are_held_back_and_still_listed(tight):
    tight.read(*near(4), seen("7ABC123", seconds=900), seen("7A8C123", seconds=960))
    tight.match()
    assert [(hit.match_kind, hit.alerted) for hit in tight.hits()] == [
        ("exact", True), ("folded", True), ("edit1", True), ("edit1", True), ("edit1", False), ("edit1", False),
    ]  # fmt: skip


def test_the_surest_alert_first(tight):
    tight.read(*near(2, confidence=0.5), *near(2, start=600, confidence=0.95))
    tight.match()
    assert {hit.confidence for hit in tight.hits() if hit.alerted} == {0.95}


def test_the_budget_is_of_an_hour(tight):
    tight.read(*near(2))
    tight.match()
    tight.now += timedelta(minutes=59)
    tight.read(*near(1, start=1200))
    tight.match()
    tight.now += timedelta(minutes=2)
    tight.read(*near(1, start=2400))
    tight.match()
    assert loud(tight) == [True, True, False, True]


def test_a_held_back_hit_that_turns_out_exact_alerts(tight, act):
    tight.read(*near(3))
    tight.match()
    (held,) = [hit for hit in tight.hits() if not hit.alerted]
    reading_ = Reading("7ABC123", "a 3 at the end")
    act(tight, correct_read, held.read_day, held.read_id, reading_, action=Action.CORRECT_READ)
    (now_exact,) = [hit for hit in tight.hits() if hit.match_kind == "exact"]
    assert (now_exact.hit_id, now_exact.alerted) == (held.hit_id, True)


def test_what_waits_is_counted_with_what_is_late(tight, act):
    tight.read(*near(3), seen("7ABC123", seconds=900))
    tight.match()

    def waits(hours_later: float):
        with reading(tight.store.engine) as connection:
            return waiting(connection, tight.now + timedelta(hours=hours_later), hours=12)

    assert (waits(12).n, waits(12).n_late) == (3, 0)  # the one held back alerted nobody
    assert waits(12.1).n_late == 3
    assert waits(1).oldest_at == tight.now
    exact = next(hit.hit_id for hit in tight.hits() if hit.match_kind == "exact")
    act(tight, verifying.confirm_picture, exact, Answers(plate=True, state=True, vehicle=True))
    assert waits(13).n == 3
    act(tight, verifying.dismiss, exact, "training exercise")
    assert (waits(13).n, waits(13).n_late) == (2, 2)
