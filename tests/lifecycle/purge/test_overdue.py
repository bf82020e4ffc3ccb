"""What is past its class's maximum is counted, class by class; what is evidence or its hit's is not; nothing is destroyed by it."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import insert

from alpr_assets.lifecycle.holds.selectors import Selector
from alpr_assets.lifecycle.purge import due
from alpr_assets.policy import ReceivedLimit
from alpr_assets.store import schema
from alpr_assets.store.engine import reading, writing
from alpr_assets.store.watches import watch
from tests.lifecycle.purge.desks import CAME, Desk, quarantined
from tests.lifecycle.purge.test_entries import NEXT
from tests.lifecycle.purge.test_lots import HIT, listed, watch_of


def late(desk: Desk, on: date) -> dict[str, int]:
    with reading(desk.store.engine) as connection:
        return due.overdue(connection, desk.policy, on)


@pytest.mark.clause("422.5")
def test_each_class_is_overdue_from_the_day_after_its_maximum(desk, tmp_path):
    """Two years after 15 June 2025, of entries after they left; three after a watch's end."""
    quarantined(desk, tmp_path, n=2)
    listed(desk, "7ABC123,x,CA", at=CAME)
    listed(desk, "5NEW555,x,CA", at=NEXT)
    with writing(desk.store.engine) as connection:
        connection.execute(insert(watch), watch_of(1, CAME))
    assert late(desk, date(2027, 6, 15)) == {}
    of_the_15th = {"quarantine": 2, "hotlist_files": 1}
    assert late(desk, date(2027, 6, 16)) == of_the_15th
    assert late(desk, date(2027, 6, 17)) == {**of_the_15th, "hotlist_entries": 1}
    assert late(desk, date(2028, 6, 15)) == {**of_the_15th, "hotlist_entries": 1}
    assert late(desk, date(2028, 6, 16)) == {**of_the_15th, "hotlist_entries": 1, "watches": 1}
    assert len(desk.rows(schema.quarantine)) == 2


@pytest.mark.clause("422.5")
def test_what_a_hold_may_mean_or_a_hit_came_of_is_not_overdue(desk, tmp_path):
    quarantined(desk, tmp_path)
    listed(desk, "8XYZ111,x,CA", at=CAME)
    listed(desk, "5NEW555,x,CA", at=NEXT)
    with writing(desk.store.engine) as connection:
        connection.execute(insert(watch), watch_of(1, CAME))
        connection.execute(insert(schema.hit), {**HIT, "entry_id": None, "import_id": None, "watch_id": 1})
    long_after = date(2030, 1, 1)
    assert late(desk, long_after) == {"quarantine": 1, "hotlist_files": 1, "hotlist_entries": 1}
    desk.hold(Selector(pattern="8XYZ111"))
    desk.hold(Selector(device_id="unit-12-front", since=CAME.replace(hour=0), until=NEXT))
    assert late(desk, long_after) == {"hotlist_files": 1}


@pytest.mark.clause("422.5")
def test_what_rules_in_conflict_keep_is_told_from_the_day_that_it_should_be_gone(desk):
    """A giver's 90 days end before the year: nothing of it is ever due, so that nobody would be told."""
    listed(desk, "7ABC123,x,CA", at=CAME)
    listed(desk, "5NEW555,x,CA", at=NEXT)
    limit = ReceivedLimit(source="department", classes=("hotlist_entries",), days=90, authority="agreement 4")
    desk.policy = desk.policy.model_copy(update={"received": (limit,)})
    assert late(desk, date(2025, 9, 14)) == {}
    assert late(desk, date(2025, 9, 15)) == {"hotlist_entries": 1}
