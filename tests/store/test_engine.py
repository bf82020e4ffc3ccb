"""The schema as migrated is the schema as modelled, and transactions keep their word, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError, StatementError

from alpr_assets.store import schema
from alpr_assets.store.engine import Store, insert_new, issue_numbers, lock_day, migrate, reading, writing
from alpr_assets.store.types import from_microseconds, to_microseconds


def modelled(name: str | None, kind: str, _parents: object) -> bool:
    """Leaves out the trigram index, which each database has in its own way, and no model describes."""
    return not (kind in {"table", "index"} and name and ("plate_trigram" in name))


def test_the_migrated_schema_is_the_modelled_one(store: Store) -> None:
    with reading(store.engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": modelled})
        differences = [d for d in compare_metadata(context, schema.metadata) if "comment" not in str(d[0])]
    assert differences == []


def test_migrating_again_changes_nothing(store: Store) -> None:
    migrate(store.engine)
    with reading(store.engine) as connection:
        assert connection.execute(select(schema.capture)).all() == []


@given(st.datetimes(timezones=st.timezones()))
@example(datetime(2026, 11, 1, 1, 30, tzinfo=timezone(timedelta(hours=-8))))
def test_an_instant_survives_its_way_through_storage(at: datetime) -> None:
    assert from_microseconds(to_microseconds(at)) == at.astimezone(UTC)


def test_a_naive_time_is_refused(store: Store) -> None:
    with pytest.raises(StatementError, match="naive"), writing(store.engine) as connection:
        connection.execute(
            insert(schema.device).values(
                device_id="d",
                kind="fixed",
                name="d",
                registered_at=datetime(2026, 1, 1),  # noqa: DTZ001
            )
        )


def test_an_offset_is_kept_as_the_same_instant(store: Store, now: datetime) -> None:
    local = now.astimezone(timezone(timedelta(hours=-8)))
    with writing(store.engine) as connection:
        connection.execute(insert(schema.device).values(device_id="d", kind="fixed", name="d", registered_at=local))
        assert connection.scalar(select(schema.device.c.registered_at)) == now


def test_numbers_of_a_day_are_never_issued_twice(store: Store) -> None:
    day = date(2026, 6, 15)
    with writing(store.engine) as connection:
        lock_day(connection, day)
        first = issue_numbers(connection, day, "n_reads", 3)
    with writing(store.engine) as connection:
        lock_day(connection, day)
        second = issue_numbers(connection, day, "n_reads", 2)
    assert first + second == [schema.numbered(day, n) for n in range(1, 6)]


def test_a_failed_transaction_leaves_nothing(store: Store, now: datetime) -> None:
    row = {"device_id": "d", "kind": "fixed", "name": "d", "registered_at": now}
    with pytest.raises(IntegrityError), writing(store.engine) as connection:
        connection.execute(insert(schema.device), [row, row])
    with reading(store.engine) as connection:
        assert connection.execute(select(schema.device)).all() == []


def test_inserting_what_is_there_leaves_it_alone(store: Store, now: datetime) -> None:
    row = {"device_id": "d", "kind": "fixed", "name": "first", "registered_at": now}
    with writing(store.engine) as connection:
        insert_new(connection, schema.device, [row])
        new = insert_new(
            connection, schema.device, [{**row, "name": "second"}, {**row, "device_id": "e"}], returning=True
        )
        assert [key.device_id for key in new] == ["e"]
        assert connection.scalar(select(schema.device.c.name).where(schema.device.c.device_id == "d")) == "first"


def test_days_of_different_months_live_in_their_partitions(store: Store) -> None:
    days = [date(2024, 2, 29), date(2025, 12, 31), date(2026, 1, 1)]
    with writing(store.engine) as connection:
        for day in days:
            lock_day(connection, day)
            connection.execute(insert(schema.sighting_read).values(day=day, read_id=1, sighting_day=day, sighting_id=1))
    with reading(store.engine) as connection:
        assert list(connection.scalars(select(schema.sighting_read.c.day).order_by(schema.sighting_read.c.day))) == days


def test_an_error_text_holds_no_parameters(store: Store, now: datetime) -> None:
    row = {"device_id": "d", "kind": "7ABC123", "name": "7ABC123", "registered_at": now}
    with pytest.raises(IntegrityError) as caught, writing(store.engine) as connection:
        connection.execute(insert(schema.device).values(row))
    if store.engine.dialect.name == "sqlite":  # PostgreSQL's own message names the row: only our part is ours
        assert "7ABC123" not in str(caught.value)


def test_sqlite_keeps_its_journal_beside_the_file(sqlite_store: Store, tmp_path: Path) -> None:
    with reading(sqlite_store.engine) as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1
