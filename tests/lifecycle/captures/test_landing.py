"""422.5: a drop lands whole, once, with a receipt; what is wrong is quarantined, never lost."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import func, select

from alpr_assets.errors import DropRefusedError
from alpr_assets.lifecycle.captures import devices
from alpr_assets.lifecycle.captures.landing import land_drop, land_pending
from alpr_assets.lifecycle.captures.manifests import MANIFEST, RECEIPT, write_drop
from alpr_assets.lifecycle.captures.pending import pending_drops
from alpr_assets.policy import Policy
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, reading, writing
from alpr_assets.store.sealed import sha256_hex
from tests.builders import drop, jpeg, line

AT = datetime(2026, 6, 15, 4, 0, tzinfo=UTC)


def captures(store: Store) -> list[object]:
    with reading(store.engine) as connection:
        return list(connection.execute(select(schema.capture).order_by(schema.capture.c.captured_at)))


def quarantined(store: Store) -> dict[str, str]:
    with reading(store.engine) as connection:
        rows = connection.execute(select(schema.quarantine.c.item, schema.quarantine.c.code))
        return {row.item: row.code for row in rows}


def shift(folder: Path, n: int = 3, *, start: int = 0, at: datetime = AT) -> Path:
    pictures = {f"{i:04}.jpg": jpeg(i) for i in range(start, start + n)}
    return drop(folder, pictures, [line(name, at + timedelta(seconds=i)) for i, name in enumerate(pictures)])


@pytest.mark.clause("422.5")
@pytest.mark.clause("422.4(b)")
def test_a_drop_lands_with_a_receipt_and_its_images_are_encrypted(
    store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    folder = shift(tmp_path / "drop")
    receipt = land_drop(store, folder, policy=policy, now=now)
    assert (receipt.n_declared, receipt.n_landed, receipt.n_missing) == (3, 3, 0)
    assert receipt.n_by_day == {date(2026, 6, 15): 3}
    for row in captures(store):
        assert store.images.picture(row.day, row.image_sha256) == jpeg(int(row.captured_at.second))
        assert (row.clock, row.place_source, row.captured_at.utcoffset()) == ("camera", "manifest", timedelta(0))
    written = json.loads((folder / RECEIPT).read_text())
    assert written["receipt_sha256"] == receipt.sha256()


@pytest.mark.clause("422.5")
def test_plain_copies_leave_the_watched_folder_once_they_are_sealed(
    store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    folder = shift(tmp_path / "drop")
    land_drop(store, folder, policy=policy, now=now)
    assert sorted(p.name for p in folder.iterdir()) == ["captures.jsonl", MANIFEST, RECEIPT]


@pytest.mark.clause("422.5")
def test_a_drop_landed_again_changes_nothing(store: Store, tmp_path: Path, policy: Policy, now: datetime) -> None:
    folder = shift(tmp_path / "drop")
    first = land_drop(store, folder, policy=policy, now=now)
    again = land_drop(store, folder, policy=policy, now=now + timedelta(hours=1))
    assert again == first
    assert len(captures(store)) == 3


@pytest.mark.clause("422.5")
def test_overlapping_and_growing_drops_count_each_capture_once(
    store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    folder = shift(tmp_path / "drop", 3)
    land_drop(store, folder, policy=policy, now=now)
    (folder / "0003.jpg").write_bytes(jpeg(3))
    listing = [json.loads(text) for text in (folder / "captures.jsonl").read_text().splitlines()]
    for name in ("0000.jpg", "0001.jpg", "0002.jpg"):
        (folder / name).write_bytes(jpeg(int(name[:4])))
    write_drop(folder, unit="unit-12", shift="night", captures=[*listing, line("0003.jpg", AT + timedelta(seconds=3))])
    (folder / "0001.jpg").unlink()  # the unit deleted what its receipt allowed
    receipt = land_drop(store, folder, policy=policy, now=now)
    assert (receipt.n_landed, receipt.n_duplicate, receipt.n_missing) == (1, 3, 0)
    assert len(captures(store)) == 4


def test_a_folder_without_its_manifest_is_still_in_transfer(store: Store, tmp_path: Path, policy: Policy) -> None:
    folder = shift(tmp_path / "drops" / "a")
    assert [d.folder for d in pending_drops(store, tmp_path / "drops", policy=policy)] == [folder]
    (folder / MANIFEST).unlink()
    assert pending_drops(store, tmp_path / "drops", policy=policy) == []


def test_a_drop_spanning_midnight_goes_to_both_its_days(
    store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    folder = shift(tmp_path / "drop", 4, at=datetime(2026, 6, 14, 23, 59, 58, tzinfo=UTC))
    receipt = land_drop(store, folder, policy=policy, now=now)
    assert receipt.n_by_day == {date(2026, 6, 14): 2, date(2026, 6, 15): 2}


@pytest.mark.clause("422.5")
@pytest.mark.parametrize(
    ("name", "content", "more", "code"),
    [
        ("cut.jpg", jpeg(1)[:-200], {}, "broken_image"),
        ("empty.jpg", b"", {}, "broken_image"),
        ("text.jpg", b"not a picture", {}, "broken_image"),
        ("future.jpg", jpeg(2), {"captured_at": "2027-06-15T04:00:00+00:00"}, "in_the_future"),
        ("reset.jpg", jpeg(3), {"captured_at": "2000-01-01T00:00:00+00:00"}, "too_old"),
        ("naive.jpg", jpeg(4), {"captured_at": "2026-06-15T04:00:00"}, "time_without_zone"),
        ("china.jpg", jpeg(5), {"longitude": 121.806}, "impossible_place"),
        ("pole.jpg", jpeg(6), {"latitude": 99.0}, "impossible_place"),
        ("nan.jpg", jpeg(7), {"latitude": float("nan")}, "not_json"),
        ("spin.jpg", jpeg(8), {"heading": 400.0}, "impossible_heading"),
        ("extra.jpg", jpeg(9), {"speed_kmh": 40}, "unknown_field"),
        ("kind.jpg", jpeg(10), {"kind": "drone"}, "bad_value"),
    ],
)
def test_what_cannot_be_is_quarantined_with_its_bytes_and_the_rest_lands(
    store: Store,
    tmp_path: Path,
    policy: Policy,
    now: datetime,
    name: str,
    content: bytes,
    more: dict[str, object],
    code: str,
) -> None:
    folder = drop(
        tmp_path / "drop", {"good.jpg": jpeg(99), name: content}, [line("good.jpg", AT), {**line(name, AT), **more}]
    )
    receipt = land_drop(store, folder, policy=policy, now=now)
    assert (receipt.n_landed, receipt.n_quarantined) == (1, 1)
    assert quarantined(store) == {name: code}
    assert store.received.open(now.date(), sha256_hex(content)) == content
    assert not (folder / name).exists()


def test_a_picture_damaged_in_transfer_is_quarantined(
    store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    folder = shift(tmp_path / "drop")
    (folder / "0001.jpg").write_bytes(jpeg(77))
    receipt = land_drop(store, folder, policy=policy, now=now)
    assert (receipt.n_landed, receipt.n_quarantined) == (2, 1)
    assert quarantined(store) == {"0001.jpg": "hash_mismatch"}


def test_a_gap_is_counted_and_named(store: Store, tmp_path: Path, policy: Policy, now: datetime) -> None:
    folder = shift(tmp_path / "drop")
    (folder / "0001.jpg").unlink()
    receipt = land_drop(store, folder, policy=policy, now=now)
    assert (receipt.n_landed, receipt.n_missing) == (2, 1)
    assert receipt.files["0001.jpg"][0] == "missing"
    assert "0001.jpg" not in receipt.deletable


def test_a_file_that_no_manifest_declares_is_named_and_left_alone(
    store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    folder = shift(tmp_path / "drop")
    (folder / "stray.jpg").write_bytes(jpeg(50))
    assert land_drop(store, folder, policy=policy, now=now).undeclared == ["stray.jpg"]
    assert (folder / "stray.jpg").exists()


def test_a_line_that_is_no_json_does_not_cost_its_neighbours(
    store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    folder = shift(tmp_path / "drop")
    lines = (folder / "captures.jsonl").read_text().splitlines()
    lines[1] = lines[1][:-5]
    listing = "\n".join(lines).encode()
    (folder / "captures.jsonl").write_bytes(listing)
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"]["captures.jsonl"] = sha256_hex(listing)
    (folder / MANIFEST).write_text(json.dumps(manifest))
    receipt = land_drop(store, folder, policy=policy, now=now)
    assert (receipt.n_landed, receipt.n_quarantined) == (2, 1)
    assert quarantined(store) == {"0001.jpg": "not_json"}


@pytest.mark.parametrize("name", ["../outside.jpg", "/etc/passwd", "a/../../b.jpg", "receipt.json"])
def test_a_manifest_that_leads_out_of_its_folder_is_refused(
    store: Store, tmp_path: Path, policy: Policy, now: datetime, name: str
) -> None:
    folder = shift(tmp_path / "drop")
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"][name] = "0" * 64
    (folder / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(DropRefusedError, match="leads out"):
        land_drop(store, folder, policy=policy, now=now)
    assert captures(store) == []


def test_a_link_out_of_the_drop_is_not_followed(store: Store, tmp_path: Path, policy: Policy, now: datetime) -> None:
    folder = shift(tmp_path / "drop")
    (tmp_path / "secret.jpg").write_bytes(jpeg(0))
    (folder / "0000.jpg").unlink()
    (folder / "0000.jpg").symlink_to(tmp_path / "secret.jpg")
    receipt = land_drop(store, folder, policy=policy, now=now)
    assert receipt.files["0000.jpg"][0] == "missing"
    assert (tmp_path / "secret.jpg").exists()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"unit": "u"}', '{"unit": 1, "shift": "s", "files": {}, "counts": {"images": 0}}']
)
def test_a_manifest_that_is_none_is_refused_once_and_kept_in_view(
    store: Store, tmp_path: Path, policy: Policy, now: datetime, text: str
) -> None:
    folder = tmp_path / "drops" / "a"
    folder.mkdir(parents=True)
    (folder / MANIFEST).write_text(text)
    receipts, refused = land_pending(store, tmp_path / "drops", policy=policy, now=now)
    assert (receipts, len(refused)) == ([], 1)
    assert refused[0].remedy
    assert quarantined(store) == {str(folder): "refused"}
    assert pending_drops(store, tmp_path / "drops", policy=policy) == []


def test_a_declared_count_that_disagrees_refuses_the_drop(
    store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    folder = shift(tmp_path / "drop")
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["counts"]["images"] = 4
    (folder / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(DropRefusedError, match="says 4"):
        land_drop(store, folder, policy=policy, now=now)


def test_the_same_picture_claiming_another_time_is_quarantined_not_restamped(
    store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    land_drop(store, shift(tmp_path / "a", 1), policy=policy, now=now)
    receipt = land_drop(store, shift(tmp_path / "b", 1, at=AT + timedelta(hours=2)), policy=policy, now=now)
    assert receipt.n_quarantined == 1
    assert [row.captured_at for row in captures(store)] == [AT]


@pytest.mark.clause("422.3 ¶2")
def test_an_unknown_device_lands_flagged_and_a_registered_one_does_not(
    store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    land_drop(store, shift(tmp_path / "a", 1), policy=policy, now=now)
    with writing(store.engine) as connection:
        devices.register(connection, device_id="unit-12-front", kind="mobile", name="Unit 12", place=None, at=now)
    land_drop(store, shift(tmp_path / "b", 1, start=1, at=AT + timedelta(minutes=1)), policy=policy, now=now)
    assert [row.flags for row in captures(store)] == [
        ["unknown_device", "unencrypted", "unnamed_operator"],
        ["unencrypted", "unnamed_operator"],
    ]


@pytest.mark.clause("422.3 ¶2")
def test_a_capture_from_before_the_installation_is_quarantined(
    store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    with writing(store.engine) as connection:
        devices.register(connection, device_id="unit-12-front", kind="mobile", name="Unit 12", place=None, at=now)
        devices.record_service(
            connection, device_id="unit-12-front", kind="installed", done_at=AT + timedelta(days=1), done_by="IS"
        )
    land_drop(store, shift(tmp_path / "a", 1), policy=policy, now=now)
    assert set(quarantined(store).values()) == {"before_installation"}


def test_pictures_without_metadata_are_dated_by_exif_or_by_their_receipt(
    store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2026:06:14 21:00:00"  # the department's summer time: 04:00 UTC
    folder = drop(
        tmp_path / "drop",
        {"dated.jpg": jpeg(1, exif=exif), "bare.jpg": jpeg(2)},
        [{"file": "dated.jpg"}, {"file": "bare.jpg"}],
    )
    land_drop(store, folder, policy=policy, now=now)
    dated, bare = captures(store)
    assert (dated.captured_at, dated.clock, dated.flags) == (AT, "exif", ["zone_assumed", "unknown_device"])
    assert (bare.captured_at, bare.clock, bare.latitude_deg) == (now, "receipt", None)
    again = land_drop(
        store,
        drop(tmp_path / "again", {"bare.jpg": jpeg(2)}, [{"file": "bare.jpg"}]),
        policy=policy,
        now=now + timedelta(days=2),
    )
    assert (again.n_landed, again.n_duplicate) == (0, 1)


def test_a_late_drop_changes_only_its_own_day(store: Store, tmp_path: Path, policy: Policy, now: datetime) -> None:
    land_drop(store, shift(tmp_path / "a"), policy=policy, now=now)
    with reading(store.engine) as connection:
        before = connection.execute(select(schema.capture_day)).all()
    late = AT - timedelta(days=200)
    land_drop(store, shift(tmp_path / "b", start=10, at=late), policy=policy, now=now)
    with reading(store.engine) as connection:
        after = connection.execute(select(schema.capture_day).where(schema.capture_day.c.day == AT.date())).all()
        assert connection.scalar(select(func.count()).where(schema.capture.c.day == late.date())) == 3
    assert after == before


def test_a_line_may_distrust_the_clock_and_the_picture_s_own_time_is_kept_beside(
    store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2002:01:01 00:00:00"  # a camera's factory setting
    folder = drop(tmp_path / "drop", {"a.jpg": jpeg(1, exif=exif)}, [{"file": "a.jpg", "clock": "receipt"}])
    land_drop(store, folder, policy=policy, now=now)
    (row,) = captures(store)
    assert (row.captured_at, row.clock, row.source_time) == (now, "receipt", "2002:01:01 00:00:00")
    assert row.flags == ["clock_distrusted", "unknown_device"]


def test_a_line_cannot_both_state_a_time_and_distrust_it(
    store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    folder = drop(tmp_path / "drop", {"a.jpg": jpeg(1)}, [line("a.jpg", AT, clock="receipt")])
    land_drop(store, folder, policy=policy, now=now)
    assert quarantined(store) == {"a.jpg": "bad_value"}
