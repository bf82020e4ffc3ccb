"""Each migration on rows of the schema before it: nothing is lost, and what is new about old rows is filled in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from alpr_assets.errors import StorageError
from alpr_assets.store import evidence, schema
from alpr_assets.store.engine import MIGRATIONS, is_current, migrate, open_engine, reading, writing
from alpr_assets.store.holds import hold
from alpr_assets.store.purges import purge_lot, purge_plan
from alpr_assets.store.types import to_microseconds

DAY = date(2026, 6, 15)
AT = to_microseconds(datetime(2026, 6, 15, 4, tzinfo=UTC))
DAY_AFTER = datetime(2026, 6, 16, 4, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database, without tables."""
    url = f"sqlite:///{tmp_path / 'alpr.sqlite'}"
    engine = open_engine(url if request.param == "sqlite" else request.getfixturevalue("postgres_url"))
    yield engine
    engine.dispose()


def upgraded(engine: Engine, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def put(engine: Engine, table: str, **values: Any) -> None:
    """A row of the schema as it is in the database, which the model no longer describes."""
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql" and "day" in values and table not in {"hit", "evidence_item"}:
            connection.exec_driver_sql(
                f"CREATE TABLE IF NOT EXISTS {table}_all PARTITION OF {table} FOR VALUES FROM ('2020-01-01') TO ('2030-01-01')"
            )
        named = sa.table(table, *map(sa.column, values))
        connection.execute(named.insert().values(values))


def old_read(number: int, confidence: float) -> dict[str, Any]:
    return {
        "day": DAY, "read_id": number, "capture_id": number, "version_id": "v", "box_x": 0, "box_y": 0, "box_width": 9,
        "box_height": 9, "quad": "[]", "rank": 0, "raw": "7ABC123", "plate": "7ABC123", "plate_folded": "7A8C123",
        "confidence": confidence, "characters": "[]", "candidates": "[]", "captured_at": AT, "device_id": "unit-12",
    }  # fmt: skip


def old_sighting(number: int, confidence: float) -> dict[str, Any]:
    return {
        "day": DAY, "sighting_id": number, "device_id": "unit-12", "plate_folded": "7A8C123", "plate": "7ABC123",
        "confidence": confidence, "dated_by_receipt": False, "first_at": AT, "last_at": AT, "n_reads": 1,
    }  # fmt: skip


def old_hit(number: int, confidence: float) -> dict[str, Any]:
    return {
        "day": DAY, "sighting_id": number, "source": "department", "plate": "7ABC123", "state": "", "list_type": "watch",
        "category": "stolen_vehicle", "restricted": False, "match_kind": "exact", "differences": "[]",
        "confidence": confidence, "read_day": DAY, "read_id": number, "version_id": "v", "entry_id": 1, "import_id": 1,
        "captured_at": AT, "raised_at": AT,
    }  # fmt: skip


def with_a_list(engine: Engine) -> None:
    """The entry that hits refer to."""
    put(engine, "hotlist", list_id=1, name="watch", source="department")
    put(
        engine, "hotlist_import", import_id=1, list_id=1, sha256="0", file_name="watch.csv", format="csv", imported_at=AT,
        accepted=True, n_lines=1, n_entries=1, n_quarantined=0, receipt="{}", sealed_day=DAY,
    )  # fmt: skip
    put(
        engine, "hotlist_entry", entry_id=1, list_id=1, plate="7ABC123", plate_folded="7A8C123", state="",
        list_type="watch", category="stolen_vehicle", restricted=False, details="{}", digest="0", from_import_id=1,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("table", "old"),
    [(schema.read, old_read), (schema.sighting, old_sighting), (schema.hit, old_hit)],
    ids=["read", "sighting", "hit"],
)
def test_what_was_kept_before_is_sure_from_the_first_figure_on(database: Engine, table: Any, old: Any) -> None:
    """0002: nobody asked then; without an answer every old hit would look as doubtful as the next."""
    upgraded(database, "0001")
    with_a_list(database)
    for number, confidence in ((1, 0.2), (2, 0.7599), (3, 0.76), (4, 0.99)):
        put(database, table.name, **old(number, confidence))
    assert not is_current(database)
    migrate(database)
    assert is_current(database)
    with reading(database) as connection:
        rows = connection.execute(sa.select(table).order_by(table.c.confidence)).all()
    assert [(row.confidence, row.sure) for row in rows] == [(0.2, False), (0.7599, False), (0.76, True), (0.99, True)]
    assert {row.plate for row in rows} == {"7ABC123"}


def test_entries_that_were_listed_before_lines_could_expire_stay_in_force(database: Engine) -> None:
    """0009: the table is not copied, so hits keep the entry that they refer to."""
    upgraded(database, "0008")
    with_a_list(database)
    put(database, "hit", **old_hit(1, 0.9), sure=True)
    migrate(database)
    with reading(database) as connection:
        entry, hit = schema.hotlist_entry.c, schema.hit.c
        rows = connection.execute(
            sa.select(entry.plate, entry.expires_on, hit.hit_id).join(schema.hit, hit.entry_id == entry.entry_id)
        ).all()
        assert [tuple(row) for row in rows] == [("7ABC123", None, 1)]


def test_a_plan_from_before_plans_were_dated_stays_as_it_is_and_a_new_one_is_dated(database: Engine) -> None:
    """0014: nobody can begin it, since it does not say of when its papers are."""
    upgraded(database, "0013")
    plan = {
        "made_at": AT, "member_id": 1, "judged_on": DAY, "stale_at": AT, "digest": "0" * 64, "n_captures": 1, "resolution": "resolution 1",
        "consent": "memo 1", "status": "planned", "n_decisions": 0,
    }  # fmt: skip
    put(database, "purge_plan", plan_id=1, **plan)
    with_a_list(database)
    migrate(database)
    with reading(database) as connection:
        row = connection.execute(sa.select(purge_plan)).one()
        (imported,) = connection.execute(sa.select(schema.hotlist_import)).all()
    assert (row.resolution, row.resolution_on, row.consent_on) == ("resolution 1", None, None)
    assert imported.file_destroyed_at is None
    with pytest.raises((DBAPIError, StorageError)):
        put(database, "purge_plan", plan_id=2, **plan)


def test_a_row_that_does_not_say_so_is_unsure(database: Engine) -> None:
    migrate(database)
    put(database, "read", **old_read(1, 0.99))
    with reading(database) as connection:
        assert connection.scalars(sa.select(schema.read.c.sure)).all() == [False]


def test_packages_booked_before_releases_came_stay_whole_and_fixed(database: Engine) -> None:
    """0021: SQLite makes the table anew, and with it what refers to it."""
    upgraded(database, "0020")
    put(
        database, "hold", hold_id=1, ground="criminal_evidence", purpose="stolen_vehicle", case_number="26-01234", reason="evidence",
        member_id=1, placed_at=AT, pattern="7ABC123", n_items=0, status="standing", review_on=DAY, n_decisions=0,
    )  # fmt: skip
    put(
        database, "evidence_package", package_id=1, hold_id=1, record_id=1, purpose="stolen_vehicle", case_number="26-01234", member_id=1,
        packed_at=AT, name="bag", sha256="0" * 64, tagmanifest="", seal="", options="{}", n_captures=1, n_bytes=1,
    )  # fmt: skip
    put(database, "evidence_item", package_id=1, day=DAY, capture_id=1)
    put(
        database, "evidence_booking", booking_id=1, package_id=1, item_number="26-1-1", media="drive", media_serial="4711", booked_at=AT, member_id=1
    )  # fmt: skip
    put(
        database, "evidence_custody", custody_id=1, booking_id=1, seq=1, kind="booked", at=AT, from_whom="Lee Ray", to_whom="locker",
        reason="booked", sha256="0" * 64, is_intact=True, member_id=1,
    )  # fmt: skip
    migrate(database)
    children = (evidence.evidence_item, evidence.evidence_booking, evidence.evidence_custody)
    with reading(database) as connection:
        package = connection.execute(sa.select(evidence.evidence_package)).one()
        assert (package.hold_id, package.release_id) == (1, None)
        assert [len(connection.execute(sa.select(table)).all()) for table in children] == [1, 1, 1]
    for statement in (
        sa.update(evidence.evidence_package).values(n_captures=2), sa.delete(evidence.evidence_package),
        sa.update(evidence.evidence_custody).values(reason="another"), sa.delete(evidence.evidence_item),
        sa.insert(evidence.evidence_item).values(package_id=2, day=DAY, capture_id=1),
    ):  # fmt: skip
        with pytest.raises(sa.exc.DBAPIError), writing(database) as connection:
            connection.execute(statement)


def test_a_lot_planned_before_entries_were_a_class_stays_as_it_is_and_fixed(database: Engine) -> None:
    """0022: SQLite makes the table anew, and its triggers with it."""
    upgraded(database, "0021")
    put(
        database, "purge_plan", plan_id=1, made_at=AT, member_id=1, judged_on=DAY, stale_at=AT, digest="0" * 64, n_captures=0,
        resolution="resolution 1", resolution_on=DAY, consent="memo 1", consent_on=DAY, status="planned", n_decisions=0,
    )  # fmt: skip
    put(database, "purge_lot", plan_id=1, kind="quarantine", n_planned=2, manifest=b"x", digest="0" * 64)
    migrate(database)
    with reading(database) as connection:
        (row,) = connection.execute(sa.select(purge_lot)).all()
    assert (row.kind, row.n_planned, row.manifest, row.verified_at) == ("quarantine", 2, b"x", None)
    for statement in (
        sa.update(purge_lot).values(n_planned=1), sa.delete(purge_lot),
        sa.update(purge_lot).values(destroyed_at=DAY_AFTER, n_destroyed=2, n_kept=0, n_gone=0),
        sa.insert(purge_lot).values(plan_id=1, kind="unheard of", n_planned=1, manifest=b"x", digest="0"),
    ):  # fmt: skip
        with pytest.raises((DBAPIError, StorageError)), writing(database) as connection:
            connection.execute(statement)
    put(database, "purge_lot", plan_id=1, kind="hotlist_entries", n_planned=1, manifest=b"x", digest="0" * 64)


def test_a_hold_that_was_settled_before_holds_could_be_forgotten_is_there_and_can_be(database: Engine) -> None:
    """0023: what it described is there and fixed, and goes all at once; a lot of it can be planned."""
    upgraded(database, "0022")
    put(
        database, "hold", hold_id=1, ground="criminal_evidence", purpose="stolen_vehicle", case_number="26-01234", reason="evidence",
        member_id=1, placed_at=AT, pattern="7ABC123", plate_folded="7A8C123", n_items=0, status="standing", review_on=DAY, n_decisions=0,
    )  # fmt: skip
    put(
        database, "hold_decision", decision_id=1, hold_id=1, seq=1, kind="lifted", decided_at=AT, member_id=1, reason="closed",
        disposition="case_closed", review_on=DAY,
    )  # fmt: skip
    with writing(database) as connection:
        connection.exec_driver_sql("UPDATE hold SET status = 'lifted', n_decisions = 1")
        connection.exec_driver_sql(f"UPDATE hold SET settled_at = {AT}")
    migrate(database)
    with reading(database) as connection:
        row = connection.execute(sa.select(hold)).one()
    assert (row.pattern, row.plate_folded, row.forgotten_at, row.forgotten_by) == ("7ABC123", "7A8C123", None, None)
    gone = {"pattern": "", "plate_folded": None, "forgotten_at": DAY_AFTER, "forgotten_by": 1}
    for values in ({"pattern": "8XYZ999"}, gone | {"plate_folded": "7A8C123"}, gone | {"forgotten_by": None}):
        with pytest.raises((DBAPIError, StorageError)), writing(database) as connection:
            connection.execute(sa.update(hold).values(values))
    with writing(database) as connection:
        connection.execute(sa.update(hold).values(gone))
    put(
        database, "purge_plan", plan_id=1, made_at=AT, member_id=1, judged_on=DAY, stale_at=AT, digest="0" * 64, n_captures=0,
        resolution="resolution 1", resolution_on=DAY, consent="memo 1", consent_on=DAY, status="planned", n_decisions=0,
    )  # fmt: skip
    put(database, "purge_lot", plan_id=1, kind="holds", n_planned=1, manifest=b"x", digest="0" * 64)
    with pytest.raises((DBAPIError, StorageError)), writing(database) as connection:
        connection.execute(sa.delete(purge_lot))
