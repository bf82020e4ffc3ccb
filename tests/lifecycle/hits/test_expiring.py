"""An entry raises hits to the end of its last day in the department's zone; what it raised is still looked at (422.4(e), 422.4(f))."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import select

from alpr_assets.lifecycle.hits import verifying
from alpr_assets.lifecycle.hits.ending import end_stopped, end_withdrawn
from alpr_assets.lifecycle.hits.matched import _unexpired, lists_in_force
from alpr_assets.lifecycle.hits.moves import Answers
from alpr_assets.lifecycle.hits.raising import raise_corrected, raise_hits
from alpr_assets.store import schema
from alpr_assets.store.engine import reading, writing
from tests.patrols import Patrol, seen, watch

YES = Answers(plate=True, state=True, vehicle=True)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
OTHERS = [f"1ZZZ{number:03}" for number in range(9)]  # so that a list that loses a line has not shrunk too far
LAST = date(2026, 6, 20)
OVER = datetime(2026, 6, 21, 7, tzinfo=UTC)  # the midnight after, in California
A_SHIFT = timedelta(hours=12)


def listed(*plates: str, last: date = LAST) -> bytes:
    """A list of these plates, all in force to the same day, and of others."""
    return watch(*plates, *OTHERS, on=last - 14 * DAY)


def in_zone(patrol: Patrol, zone: str) -> None:
    identity = patrol.policy.policy.model_copy(update={"time_zone": zone})
    patrol.policy = patrol.policy.model_copy(update={"policy": identity})


def passes(patrol: Patrol, *plates: str, at: datetime, now: datetime | None = None) -> dict[str, int]:
    """Plates pass one after another and are matched; the hits raised, by match kind."""
    patrol.now = now or at
    patrol.read(*(seen(plate, seconds=60 * i) for i, plate in enumerate(plates)), day=at.date(), at=at)
    return patrol.match(at.date()).n_raised


def swept(patrol: Patrol, at: datetime) -> int:
    """What the schedule does at this time."""
    with writing(patrol.store.engine) as connection:
        n_withdrawn = end_withdrawn(connection, at, policy=patrol.policy)
        return n_withdrawn + end_stopped(connection, at, policy=patrol.policy)


def standing(patrol: Patrol) -> list[str]:
    return [hit.status for hit in patrol.hits()]


# ── to the end of the last day ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.4(e)")
@pytest.mark.parametrize(
    ("zone", "last", "over"),
    [
        ("America/Los_Angeles", date(2026, 6, 20), datetime(2026, 6, 21, 7, tzinfo=UTC)),
        ("America/Los_Angeles", date(2026, 3, 8), datetime(2026, 3, 9, 7, tzinfo=UTC)),  # 23 hours long
        ("America/Los_Angeles", date(2026, 10, 31), datetime(2026, 11, 1, 7, tzinfo=UTC)),
        ("America/Los_Angeles", date(2026, 11, 1), datetime(2026, 11, 2, 8, tzinfo=UTC)),  # 25 hours long
        ("America/Santiago", date(2026, 9, 5), datetime(2026, 9, 6, 4, tzinfo=UTC)),  # followed by no midnight
        ("America/Santiago", date(2026, 4, 4), datetime(2026, 4, 5, 4, tzinfo=UTC)),  # its last hour came twice
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value:%m-%d}",
)
def test_an_entry_is_in_force_to_the_departments_midnight(alone: Patrol, zone: str, last: date, over: datetime) -> None:
    in_zone(alone, zone)
    alone.now = over - 3 * DAY
    alone.take(listed("7ABC123", last=last))
    assert passes(alone, "7ABC123", at=over - SECOND) == {"exact": 1}
    assert passes(alone, "7ABC123", at=over + 30 * SECOND) == {}


@given(
    st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    st.integers(-3 * 86_400, 3 * 86_400),
    st.sampled_from(["America/Los_Angeles", "America/Santiago", "Africa/Cairo", "Pacific/Apia", "UTC"]),
)
@example(date(2026, 11, 1), 0, "America/Los_Angeles")
def test_in_force_is_what_a_calendar_on_the_wall_says(last: date, seconds: int, zone: str) -> None:
    """Both the picture and the look at it: neither after the last day."""
    local = ZoneInfo(zone)
    at = datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(seconds=seconds)
    wall = at.astimezone(local)
    fits = (wall.year, wall.month, wall.day) <= (last.year, last.month, last.day)
    before = at - 20 * DAY
    for captured_at, now in ((at, before), (before, at), (at, at)):
        pairs = pd.DataFrame({"expires_on": [last, None], "captured_at": [captured_at, captured_at]})
        assert list(_unexpired(pairs, local, now).index) == ([0, 1] if fits else [1])


def test_what_arrives_when_the_last_day_is_over_raises_nothing(alone: Patrol) -> None:
    """As with a watch: nobody answers for looking any more, whenever the picture was taken."""
    alone.take(listed("7ABC123"))
    assert passes(alone, "7ABC123", at=OVER - HOUR, now=OVER) == {}


def test_a_clock_that_is_ahead_does_not_lengthen_the_last_day(alone: Patrol) -> None:
    alone.take(listed("7ABC123"))
    assert passes(alone, "7ABC123", at=OVER + 5 * SECOND, now=OVER - 5 * SECOND) == {}


def test_an_index_that_was_built_before_midnight_knows_what_has_expired(alone: Patrol) -> None:
    """The worker keeps one until a list changes."""
    alone.take(listed("7ABC123"))
    lists = lists_in_force(alone.store, alone.policy)
    alone.now = OVER
    alone.read(seen("7ABC123"), seen("1ZZZ000", seconds=60), day=OVER.date(), at=OVER)
    assert raise_hits(alone.store, OVER.date(), lists, policy=alone.policy, now=OVER).n_raised == {}


def test_on_both_databases_only_the_entry_that_has_expired_is_silent(patrol: Patrol) -> None:
    patrol.take(listed("7ABC123"), "first.csv")
    patrol.take(listed("6TRJ244", last=LAST + DAY), "second.csv")
    patrol.take(b"DATE06/15/2026 04:30\r\n8KLM456CA0720260401\r\nTOTAL RECORD 0000001\r\n", "svs.tbl")
    assert passes(patrol, "7ABC123", "6TRJ244", "8KLM456", at=OVER) == {"exact": 2}
    assert sorted(hit.plate for hit in patrol.hits()) == ["6TRJ244", "8KLM456"]
    assert swept(patrol, OVER + A_SHIFT) == 0


def test_of_two_lines_of_one_plate_the_one_in_force_raises_the_hit(alone: Patrol) -> None:
    raw = listed("7ABC123") + listed("7ABC123", last=LAST + DAY).split(b"\n")[1] + b"\n"
    alone.take(raw)
    assert passes(alone, "7ABC123", at=OVER) == {"exact": 1}
    with reading(alone.store.engine) as connection:
        entry = schema.hotlist_entry.c
        expires = connection.scalar(select(entry.expires_on).where(entry.entry_id == alone.hits()[0].entry_id))
    assert expires == LAST + DAY


def test_a_corrected_plate_is_not_matched_with_what_has_expired(alone: Patrol) -> None:
    alone.take(listed("7ABC123"))
    passes(alone, "7ABC123", at=OVER)
    (read,) = alone.reads()
    with writing(alone.store.engine) as connection:
        assert raise_corrected(connection, read.day, read.read_id, policy=alone.policy, now=OVER) == []
        before = OVER - HOUR
        assert raise_corrected(connection, read.day, read.read_id, policy=alone.policy, now=before) == []


# ── what it raised ─────────────────────────────────────────────────────────────────────────────────────────────────


def two_hits(patrol: Patrol, act: Any) -> None:
    """Of one entry in its last hour: nobody looked at the first, the second's picture is confirmed."""
    patrol.take(listed("7ABC123"))
    assert passes(patrol, "7ABC123", "7ABC123", at=OVER - HOUR) == {"exact": 2}
    act(patrol, verifying.confirm_picture, patrol.hits()[1].hit_id, YES)


@pytest.mark.clause("422.4(f)")
def test_a_hit_that_nobody_looked_at_ends_a_shift_after_its_entry_expired(patrol: Patrol, act: Any) -> None:
    two_hits(patrol, act)
    assert swept(patrol, OVER + A_SHIFT - SECOND) == 0
    assert swept(patrol, OVER + A_SHIFT) == 1
    assert standing(patrol) == ["cancelled", "picture_confirmed"]
    assert swept(patrol, OVER + 20 * DAY) == 0


@pytest.mark.clause("422.4(f)")
def test_taking_an_expired_line_out_of_the_list_cancels_nothing(patrol: Patrol, act: Any) -> None:
    """The next file may not have it any more: expired lines are quarantined."""
    two_hits(patrol, act)
    patrol.now = OVER
    patrol.take(listed(last=LAST + DAY))
    assert standing(patrol) == ["raised", "picture_confirmed"]
    assert swept(patrol, OVER + A_SHIFT - SECOND) == 0
    assert swept(patrol, OVER + A_SHIFT) == 1
    assert standing(patrol) == ["cancelled", "picture_confirmed"]


@pytest.mark.clause("422.4(f)")
def test_taking_a_line_out_while_it_is_in_force_ends_all_its_open_hits(patrol: Patrol, act: Any) -> None:
    two_hits(patrol, act)
    patrol.now = OVER - SECOND
    patrol.take(listed())
    assert standing(patrol) == ["cancelled", "cancelled"]


@pytest.mark.parametrize("column", [b"A. Ruiz", b"26-01234", b"stolen tools", b"Lt. Okada", b"2026-06-20"])
def test_who_answers_may_change_and_no_hit_is_lost(alone: Patrol, act: Any, column: bytes) -> None:
    two_hits(alone, act)
    new = {b"2026-06-20": b"2026-06-27"}.get(column, column + b"1")
    alone.now = OVER - SECOND
    receipt = alone.take(listed("7ABC123").replace(column, new, 1))
    assert (receipt.n_added, receipt.n_removed) == (1, 1)
    assert standing(alone) == ["raised", "picture_confirmed"]
    assert passes(alone, "7ABC123", at=OVER - SECOND) == {"exact": 1}, "and the pass of a new picture is one of its own"


def test_an_entry_that_was_approved_to_a_later_day_keeps_its_hits_to_then(alone: Patrol, act: Any) -> None:
    two_hits(alone, act)
    alone.now = OVER - SECOND
    alone.take(listed("7ABC123", last=LAST + DAY))
    assert swept(alone, OVER + DAY + A_SHIFT - SECOND) == 0
    assert swept(alone, OVER + DAY + A_SHIFT) == 1


def test_an_entry_whose_day_was_moved_forward_lets_its_hits_go_earlier(alone: Patrol, act: Any) -> None:
    alone.take(listed("7ABC123", last=LAST + 5 * DAY))
    passes(alone, "7ABC123", at=OVER - HOUR)
    alone.take(listed("7ABC123"))
    assert swept(alone, OVER + A_SHIFT - SECOND) == 0
    alone.now = OVER
    alone.take(listed(last=LAST + DAY))  # and then taken out
    assert standing(alone) == ["raised"]
    assert swept(alone, OVER + A_SHIFT) == 1


def test_an_expired_entry_that_is_listed_again_raises_hits_of_what_passed_meanwhile(alone: Patrol) -> None:
    """A decision to look again is one for the past as well; what was raised before is not raised twice."""
    alone.take(listed("7ABC123"))
    assert passes(alone, "7ABC123", at=OVER - HOUR) == {"exact": 1}
    assert passes(alone, "7ABC123", at=OVER + HOUR) == {}
    alone.take(listed("7ABC123", last=LAST + 3 * DAY))
    assert alone.match(OVER.date()).n_raised == {"exact": 1}
    assert standing(alone) == ["raised", "raised"]
