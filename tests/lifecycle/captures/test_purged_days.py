"""What comes for a day of which captures were destroyed is neither landed nor lost: it is kept apart, with its count."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from alpr_assets.errors import MalformedError
from alpr_assets.lifecycle.captures import deciding, landing
from alpr_assets.lifecycle.captures.landing import land_drop
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, lock_day, reading, writing
from tests.builders import drop, jpeg, line

AT = datetime(2026, 6, 15, 4, tzinfo=UTC)
DAY = AT.date()
NOW = datetime(2026, 6, 16, 18, tzinfo=UTC)


def purge(store: Store) -> None:
    with writing(store.engine) as connection:
        lock_day(connection, DAY)
        connection.execute(
            update(schema.capture_day).where(schema.capture_day.c.day == DAY).values(n_captures=4, n_destroyed=4)
        )


def captures(store: Store) -> int:
    with reading(store.engine) as connection:
        return len(connection.execute(select(schema.capture)).all())


@pytest.mark.clause("422.5")
def test_a_late_drop_for_a_purged_day_is_kept_apart_and_counted(store, policy, tmp_path):
    purge(store)
    pictures = {"a.jpg": jpeg(1), "b.jpg": jpeg(2)}
    folder = drop(tmp_path / "late", pictures, [line("a.jpg", AT), line("b.jpg", datetime(2026, 6, 16, 4, tzinfo=UTC))])
    receipt = land_drop(store, folder, policy=policy, now=NOW)
    assert (receipt.n_declared, receipt.n_landed, receipt.n_quarantined, receipt.n_missing) == (2, 1, 1, 0)
    (item,) = receipt.quarantined
    assert item["code"] == "purged_day"
    with reading(store.engine) as connection:
        row = connection.execute(select(schema.quarantine)).one()
        (capture,) = connection.execute(select(schema.capture)).all()
    assert store.received.open(row.sealed_day, row.sealed_sha256) == pictures["a.jpg"]
    assert capture.day != DAY
    assert not (store.images.folder / DAY.isoformat()).exists()
    again = land_drop(store, folder, policy=policy, now=NOW)
    assert again.sha256() == receipt.sha256()


def test_a_purge_while_a_drop_lands_lets_nothing_in_and_the_next_try_settles_it(store, policy, tmp_path, monkeypatch):
    folder = drop(tmp_path / "late", {"a.jpg": jpeg(1)}, [line("a.jpg", AT)])
    real = landing.purged_days

    def before(connection):
        if not calls:
            calls.append(1)
            return frozenset()
        return real(connection)

    calls: list[int] = []
    monkeypatch.setattr(landing, "purged_days", before)
    purge(store)
    with pytest.raises(MalformedError, match="were destroyed"):
        land_drop(store, folder, policy=policy, now=NOW)
    assert captures(store) == 0
    assert land_drop(store, folder, policy=policy, now=NOW).n_quarantined == 1
    assert captures(store) == 0


def test_a_day_of_which_nothing_was_destroyed_takes_late_captures_still(store, policy, tmp_path):
    folder = drop(tmp_path / "late", {"a.jpg": jpeg(1)}, [line("a.jpg", AT)])
    with reading(store.engine) as connection:
        assert deciding.purged_days(connection) == frozenset()
    assert land_drop(store, folder, policy=policy, now=NOW).n_landed == 1
