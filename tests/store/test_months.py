"""PostgreSQL: a month's partitions are opened beside readers and other writers, with the parents' keys and indexes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, inspect, select

from alpr_assets.store import schema
from alpr_assets.store.engine import Store, ensure_month, lock_day, reading, writing
from tests.conftest import make_store

JULY = date(2026, 7, 1)


@pytest.fixture
def store(migrated_postgres_url: str, tmp_path: Path) -> Iterator[Store]:
    opened = make_store(migrated_postgres_url, tmp_path)
    yield opened
    opened.engine.dispose()


def open_month(store: Store, day: date = JULY) -> None:
    with writing(store.engine) as connection:
        lock_day(connection, day)


def test_a_month_is_opened_while_a_reader_is_between_two_tables(store: Store) -> None:
    open_month(store, date(2026, 6, 1))
    with ThreadPoolExecutor(1) as pool, reading(store.engine) as connection:
        assert connection.scalar(select(func.count()).select_from(schema.read)) == 0
        pool.submit(open_month, store).result(timeout=20)
        assert connection.scalar(select(func.count()).select_from(schema.capture)) == 0


def test_a_month_opened_by_several_at_once_is_opened_once(store: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        for opened in [pool.submit(open_month, store, date(2026, 7, day)) for day in range(1, 9)]:
            opened.result(timeout=20)
    assert set(inspect(store.engine).get_table_names()) >= {f"{table}_2026_07" for table in schema.PARTITIONED}


def test_a_partition_has_its_parents_keys_and_indexes(store: Store) -> None:
    with writing(store.engine) as connection:
        ensure_month(connection, JULY)
    described = inspect(store.engine)
    for table in schema.PARTITIONED:
        part = f"{table}_2026_07"
        for of in (lambda name: described.get_pk_constraint(name)["constrained_columns"],
                   lambda name: sorted(index["column_names"] for index in described.get_indexes(name)),
                   lambda name: len(described.get_foreign_keys(name)),
                   lambda name: sorted(check["sqltext"] for check in described.get_check_constraints(name))):  # fmt: skip
            assert of(part) == of(table)
