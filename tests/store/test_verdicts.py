"""Migration 0005 on hits kept before it: they stand raised, alerted, from their entry, and nothing about them changed."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from alpr_assets.store import schema
from alpr_assets.store.engine import migrate, reading, writing
from tests.store.test_migrations import DAY, database, old_hit, put, upgraded, with_a_list  # noqa: F401 - a fixture


@pytest.mark.clause("422.4(f)")
def test_hits_kept_before_stand_raised_and_can_only_be_moved(database: Engine) -> None:  # noqa: F811
    upgraded(database, "0004")
    with_a_list(database)
    for number in (1, 2):
        put(database, "hit", **old_hit(number, 0.9))
    migrate(database)
    with reading(database) as connection:
        hits = connection.execute(sa.select(schema.hit).order_by(schema.hit.c.sighting_id)).all()
    assert [(hit.status, hit.n_moves, hit.alerted, hit.watch_id, hit.correction_id) for hit in hits] == [
        ("raised", 0, True, None, None)
    ] * 2
    assert [(hit.day, hit.plate, hit.entry_id, hit.import_id, hit.confidence) for hit in hits] == [
        (DAY, "7ABC123", 1, 1, 0.9)
    ] * 2
    with pytest.raises(DBAPIError), writing(database) as connection:
        connection.execute(schema.hit.update().values(status="actionable"))
