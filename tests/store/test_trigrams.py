"""The dictionary answers partial plates by its index, which never knows a plate that the dictionary does not."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, insert, select, text, update

from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.lifecycle.watches.patterns import parse
from alpr_assets.store import schema, trigrams
from alpr_assets.store.engine import Store, migrate, open_engine, reading, writing
from tests.lifecycle.watches.spelling import oracle, patterns
from tests.lifecycle.watches.spelling import plates as some_plate
from tests.store.test_migrations import put, upgraded

DAY = date(2026, 6, 15)
PLATES = ["7ABC123", "8XKR201", "XKR", "XK", "A", "7XBC23", "0XKRXKR"]


def known(connection: Connection, *plates: str) -> None:
    rows = [
        {"plate": plate, "plate_folded": fold(plate), "first_day": DAY, "last_day": DAY, "n_reads": 1}
        for plate in plates
    ]
    connection.execute(insert(schema.plate), rows)


def found(connection: Connection, typed: str) -> set[str]:
    pattern = parse(typed)
    return trigrams.find(
        connection, glob=pattern.glob(), regex=pattern.regex(), runs=pattern.runs(), prefix=pattern.prefix()
    )


@pytest.mark.clause("422.4(c)")
def test_a_partial_plate_finds_what_the_dictionary_holds(store: Store) -> None:
    with writing(store.engine) as connection:
        known(connection, *PLATES)
        assert found(connection, "*XKR*") == {"8XKR201", "XKR", "0XKRXKR"}
        assert found(connection, "7?*23") == {"7ABC123", "7XBC23"}
        assert found(connection, "[08]XKR*") == {"8XKR201", "0XKRXKR"}
        assert found(connection, "?") == {"A"}
        assert trigrams.find_folded(connection, ["?A8C123", "X?"]) == {"7ABC123", "XK"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(typed=patterns, plates=st.sets(some_plate, min_size=1, max_size=12))
def test_the_index_finds_what_looking_at_every_plate_finds(store: Store, typed: str, plates: set[str]) -> None:
    with writing(store.engine) as connection:
        connection.execute(delete(schema.plate))
        known(connection, *sorted(plates))
        assert found(connection, typed) == {plate for plate in plates if oracle(typed, plate)}


def test_the_index_follows_the_dictionary(sqlite_store: Store) -> None:
    """Counting another read changes nothing; a plate that is gone is found no more, one that holds it still is."""
    with writing(sqlite_store.engine) as connection:
        known(connection, *PLATES)
        connection.execute(update(schema.plate).values(n_reads=5))
        connection.execute(delete(schema.plate).where(schema.plate.c.plate.in_(["XKR", "XK", "7ABC123"])))
        assert found(connection, "*XKR*") == {"8XKR201", "0XKRXKR"}
        indexed = set(connection.scalars(text("SELECT plate FROM plate_trigram")))
        assert indexed == {plate for plate in connection.scalars(select(schema.plate.c.plate)) if len(plate) > 2}


def test_a_forgotten_plate_leaves_no_byte_in_the_file(sqlite_store: Store) -> None:
    """422.5: what FTS5 only marks as deleted would outlive a purge."""
    engine = sqlite_store.engine
    with writing(engine) as connection:
        known(connection, "QJW9182", *(f"{n}ZZZ{n}" for n in range(100, 400)))
    with writing(engine) as connection:
        connection.execute(delete(schema.plate).where(schema.plate.c.plate == "QJW9182"))
        trigrams.forget(connection)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    raw = b"".join(path.read_bytes() for path in Path(str(engine.url.database)).parent.glob("alpr.sqlite*"))
    assert b"200ZZZ" in raw
    assert b"QJW" not in raw


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_plates_that_were_known_before_are_found_after_the_migration(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """0006: the dictionary of a year of reads is indexed, not only what comes."""
    url = f"sqlite:///{tmp_path / 'alpr.sqlite'}" if backend == "sqlite" else request.getfixturevalue("postgres_url")
    engine = open_engine(url)
    upgraded(engine, "0005")
    put(engine, "plate", plate="8XKR201", plate_folded="8XKR2O1", first_day=DAY, last_day=DAY, n_reads=1)
    migrate(engine)
    with reading(engine) as connection:
        assert found(connection, "*XKR*") == {"8XKR201"}
    engine.dispose()
