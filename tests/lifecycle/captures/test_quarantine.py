"""The way back from quarantine: corrected by a person, with a reason, and only once."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, select

from alpr_assets.errors import AlprError
from alpr_assets.lifecycle.captures import devices
from alpr_assets.lifecycle.captures.landing import land_drop
from alpr_assets.lifecycle.captures.manifests import CAPTURES, MANIFEST
from alpr_assets.lifecycle.captures.quarantine import dismiss, open_items, reland
from alpr_assets.policy import Policy
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, reading, writing
from alpr_assets.store.sealed import sha256_hex
from tests.builders import drop, jpeg, line

AT = datetime(2026, 6, 15, 4, 0, tzinfo=UTC)
FUTURE = {"captured_at": "2027-06-15T04:00:00+00:00"}

Again = Callable[..., int]


@pytest.fixture
def again(store: Store, policy: Policy, now: datetime) -> Again:
    """`reland` with the ordinary arguments."""

    def call(item: int, **more: Any) -> int:
        return reland(
            store, item, **{"by": "A. Analyst", "reason": "clock was reset", "policy": policy, "now": now} | more
        )

    return call


def quarantined(store: Store, folder: Path, policy: Policy, now: datetime, **more: Any) -> int:
    """One capture landed into quarantine; returns its item."""
    drop(folder, {"a.jpg": jpeg(1)}, [{**line("a.jpg", AT), **more}])
    return landed(store, folder, policy, now)


def landed(store: Store, folder: Path, policy: Policy, now: datetime) -> int:
    receipt = land_drop(store, folder, policy=policy, now=now)
    assert (receipt.n_landed, receipt.n_quarantined) == (0, 1)
    with reading(store.engine) as connection:
        return int(open_items(connection)["quarantine_id"].iloc[-1])


def with_listing(folder: Path, listing: bytes) -> Path:
    """A drop of one picture with this captures.jsonl."""
    drop(folder, {"a.jpg": jpeg(1)}, [{"file": "a.jpg"}])
    (folder / CAPTURES).write_bytes(listing)
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"][CAPTURES] = sha256_hex(listing)
    (folder / MANIFEST).write_text(json.dumps(manifest))
    return folder


def only_capture(store: Store) -> Row[Any]:
    with reading(store.engine) as connection:
        return connection.execute(select(schema.capture)).one()


def item_row(store: Store, item: int) -> Row[Any]:
    with reading(store.engine) as connection:
        return connection.execute(select(schema.quarantine).where(schema.quarantine.c.quarantine_id == item)).one()


@pytest.mark.clause("422.5")
def test_a_redated_capture_lands_in_its_own_day_and_keeps_what_was_claimed(
    store: Store, tmp_path: Path, policy: Policy, now: datetime, again: Again
) -> None:
    item = quarantined(store, tmp_path / "drop", policy, now, **FUTURE)
    capture_id = again(item, captured_at=AT)
    row = only_capture(store)
    assert (row.capture_id, row.day, row.captured_at) == (capture_id, AT.date(), AT)
    assert (row.clock, row.source_time, row.device_id) == ("redated", FUTURE["captured_at"], "unit-12-front")
    assert store.images.picture(row.day, row.image_sha256) == jpeg(1)
    resolved = item_row(store, item)
    assert (resolved.resolved_by, resolved.resolved_at) == ("A. Analyst", now)
    assert resolved.resolution == f"landed as capture {capture_id}: clock was reset"


def test_the_day_is_marked_as_changed(
    store: Store, tmp_path: Path, policy: Policy, now: datetime, again: Again
) -> None:
    land_drop(store, drop(tmp_path / "a", {"b.jpg": jpeg(2)}, [line("b.jpg", AT)]), policy=policy, now=now)
    item = quarantined(store, tmp_path / "drop", policy, now, **FUTURE)

    def digests() -> dict[date, str | None]:
        with reading(store.engine) as connection:
            return {row.day: row.landed_digest for row in connection.execute(select(schema.capture_day))}

    before = digests()
    again(item, captured_at=AT)
    assert set(digests()) == set(before)
    assert digests()[AT.date()] != before[AT.date()]


def test_a_replaced_place_is_taken_and_says_that_it_was_given(
    store: Store, tmp_path: Path, policy: Policy, now: datetime, again: Again
) -> None:
    item = quarantined(store, tmp_path / "drop", policy, now, longitude=121.806)
    again(item, place=(38.0, -121.9))
    row = only_capture(store)
    assert (row.latitude_deg, row.longitude_deg, row.place_source) == (38.0, -121.9, "given")
    assert (row.captured_at, row.clock) == (AT, "camera")


def test_a_capture_can_land_without_its_place(
    store: Store, tmp_path: Path, policy: Policy, now: datetime, again: Again
) -> None:
    item = quarantined(store, tmp_path / "drop", policy, now, longitude=121.806)
    again(item, forget_place=True)
    row = only_capture(store)
    assert (row.latitude_deg, row.longitude_deg, row.place_source, row.cell) == (None, None, None, None)


def test_a_capture_with_an_unknown_field_lands_when_a_person_says_so(
    store: Store, tmp_path: Path, policy: Policy, now: datetime, again: Again
) -> None:
    item = quarantined(store, tmp_path / "drop", policy, now, speed_kmh=40)
    again(item)
    row = only_capture(store)
    assert (row.captured_at, row.device_id, row.heading_deg) == (AT, "unit-12-front", 90.0)
    assert item_row(store, item).content["speed_kmh"] == 40


@pytest.mark.parametrize("more", [{"device_id": 5}, {"kind": "drone"}, {"heading": "north"}, {"sha256": 7}])
def test_what_a_line_should_not_have_said_is_left_out(
    sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime, more: dict[str, Any]
) -> None:
    folder = with_listing(tmp_path / "drop", json.dumps({**line("a.jpg", AT), **more}).encode())
    item = landed(sqlite_store, folder, policy, now)
    reland(sqlite_store, item, by="A", reason="r", policy=policy, now=now)
    row = only_capture(sqlite_store)
    assert row.captured_at == AT
    assert row.device_id == ("unit-12" if "device_id" in more else "unit-12-front")


def test_a_picture_whose_line_was_cut_belongs_to_its_unit_and_to_the_day_it_came(
    store: Store, tmp_path: Path, policy: Policy, now: datetime, again: Again
) -> None:
    """Sent again rightly it is recognised; dated by its receipt, it is not moved to the day of the decision."""
    item = landed(store, with_listing(tmp_path / "drop", b'{"file": "a.jpg", "captured_a'), policy, now)
    again(item, now=now + timedelta(days=40))
    row = only_capture(store)
    assert (row.device_id, row.clock, row.captured_at) == ("unit-12", "receipt", now)
    resent = drop(tmp_path / "again", {"a.jpg": jpeg(1)}, [{"file": "a.jpg"}])
    receipt = land_drop(store, resent, policy=policy, now=now + timedelta(days=41))
    assert (receipt.n_landed, receipt.n_duplicate) == (0, 1)


def test_a_capture_dated_after_its_receipt_does_not_become_true_by_waiting(
    sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    item = quarantined(sqlite_store, tmp_path / "drop", policy, now, **FUTURE)
    with pytest.raises(AlprError, match="still cannot land"):
        reland(sqlite_store, item, by="A", reason="r", policy=policy, now=now + timedelta(days=400))


def test_a_correction_that_cannot_be_true_either_is_refused_and_the_item_stays_open(
    sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    item = quarantined(sqlite_store, tmp_path / "drop", policy, now, **FUTURE)
    for wrong in ({}, {"captured_at": datetime(1999, 1, 1, tzinfo=UTC)}, {"captured_at": AT, "place": (0.0, 10.0)}):
        with pytest.raises(AlprError, match="still cannot land") as caught:
            reland(sqlite_store, item, by="A", reason="r", policy=policy, now=now, **wrong)
        assert caught.value.remedy
    assert item_row(sqlite_store, item).resolved_at is None
    with reading(sqlite_store.engine) as connection:
        assert connection.execute(select(schema.capture)).all() == []


def test_the_device_registry_is_asked_again(sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime) -> None:
    with writing(sqlite_store.engine) as connection:
        devices.register(connection, device_id="unit-12-front", kind="mobile", name="12", place=None, at=now)
        devices.record_service(
            connection, device_id="unit-12-front", kind="installed", done_at=AT + timedelta(days=1), done_by="IS"
        )
    item = quarantined(sqlite_store, tmp_path / "drop", policy, now)
    with writing(sqlite_store.engine) as connection:  # it had been in the car a week before
        devices.record_service(
            connection, device_id="unit-12-front", kind="installed", done_at=AT - timedelta(days=7), done_by="IS"
        )
    reland(sqlite_store, item, by="A", reason="r", policy=policy, now=now)
    assert only_capture(sqlite_store).flags == ["unencrypted", "unnamed_operator"]


@pytest.mark.clause("422.5")
def test_a_dismissed_item_is_closed_and_keeps_its_bytes(
    store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    item = quarantined(store, tmp_path / "drop", policy, now, **FUTURE)
    dismiss(store, item, by="A. Analyst", reason="test picture", now=now)
    row = item_row(store, item)
    assert (row.resolved_by, row.resolution) == ("A. Analyst", "dismissed: test picture")
    assert store.received.open(row.sealed_day, row.sealed_sha256) == jpeg(1)
    with reading(store.engine) as connection:
        assert open_items(connection).empty


def test_a_resolved_item_is_not_resolved_twice(
    store: Store, tmp_path: Path, policy: Policy, now: datetime, again: Again
) -> None:
    item = quarantined(store, tmp_path / "drop", policy, now, **FUTURE)
    again(item, captured_at=AT)
    with pytest.raises(AlprError, match="was resolved"):
        again(item, captured_at=AT)
    with pytest.raises(AlprError, match="was resolved"):
        dismiss(store, item, by="A", reason="r", now=now)
    assert only_capture(store).captured_at == AT


def test_a_picture_that_landed_meanwhile_does_not_land_twice(
    store: Store, tmp_path: Path, policy: Policy, now: datetime, again: Again
) -> None:
    item = quarantined(store, tmp_path / "drop", policy, now, **FUTURE)
    land_drop(store, drop(tmp_path / "right", {"a.jpg": jpeg(1)}, [line("a.jpg", AT)]), policy=policy, now=now)
    with pytest.raises(AlprError, match="landed meanwhile"):
        again(item, captured_at=AT)
    assert item_row(store, item).resolved_at is None
    assert only_capture(store).clock == "camera"


def test_what_has_no_picture_cannot_land(sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime) -> None:
    listing = json.dumps(line("a.jpg", AT)).encode() + b"\n{}\n"
    land_drop(sqlite_store, with_listing(tmp_path / "drop", listing), policy=policy, now=now)
    with reading(sqlite_store.engine) as connection:
        (item,) = open_items(connection)["quarantine_id"]
    with pytest.raises(AlprError, match="without a picture"):
        reland(sqlite_store, item, by="A", reason="r", policy=policy, now=now)
    with pytest.raises(AlprError, match="no quarantine item 99"):
        dismiss(sqlite_store, 99, by="A", reason="r", now=now)
