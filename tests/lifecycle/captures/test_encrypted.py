"""422.6(a): an encrypted drop lands as the same drop in clear would, and is in clear nowhere on the way."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Row, func, select

from alpr_assets.access.record.alarms import open_alarms
from alpr_assets.errors import AlprError, DropRefusedError
from alpr_assets.lifecycle.captures import devices
from alpr_assets.lifecycle.captures.ciphers import AGE, DropKeyError, DropKeys, encrypt, encrypt_file
from alpr_assets.lifecycle.captures.landing import KEY_ALARM, land_drop, land_pending
from alpr_assets.lifecycle.captures.manifests import CAPTURES, MANIFEST, RECEIPT, write_drop
from alpr_assets.lifecycle.captures.pending import pending_drops
from alpr_assets.lifecycle.captures.quarantine import reland
from alpr_assets.lifecycle.captures.receipts import Receipt
from alpr_assets.lifecycle.summaries import captures_of
from alpr_assets.policy import Policy
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, reading, writing
from alpr_assets.store.sealed import sha256_hex
from tests.builders import drop, jpeg, line

AT = datetime(2026, 6, 15, 4, 0, tzinfo=UTC)
PLATE = "7MRK422"


def shift(folder: Path, recipient: str | None, n: int = 3, *, kind: str = "mobile") -> Path:
    pictures = {f"{i:04}.jpg": jpeg(i, comment={"plates": [{"plate": PLATE}]}) for i in range(n)}
    lines = [line(name, AT + timedelta(seconds=i), kind=kind) for i, name in enumerate(pictures)]
    return drop(folder, pictures, lines, recipient=recipient)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def captures(store: Store) -> list[Row]:
    with reading(store.engine) as connection:
        return list(connection.execute(select(schema.capture).order_by(schema.capture.c.captured_at)))


def quarantined(store: Store) -> list[Row]:
    with reading(store.engine) as connection:
        return list(connection.execute(select(schema.quarantine).order_by(schema.quarantine.c.quarantine_id)))


def holding(folder: Path, text: str) -> list[str]:
    """Files below a folder that hold a text in clear."""
    found = [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]
    return [str(path.relative_to(folder)) for path in found]


@pytest.fixture
def recipient(sqlite_store: Store) -> str:
    return DropKeys.of(sqlite_store).recipient()


# ── landing ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.6(a)")
def test_an_encrypted_drop_lands_as_it_would_in_clear(
    store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    folder = shift(tmp_path / "drop", DropKeys.of(store).recipient())
    plain = sha256_hex((shift(tmp_path / "plain", None) / MANIFEST).read_bytes())
    assert names(folder) == ["0000.jpg.age", "0001.jpg.age", "0002.jpg.age", "captures.jsonl.age", MANIFEST]
    receipt = land_drop(store, folder, policy=policy, now=now)
    assert (receipt.n_declared, receipt.n_landed, receipt.undeclared) == (3, 3, [])
    assert receipt.manifest_sha256 == plain  # sent again in clear, it is known
    for i, row in enumerate(captures(store)):
        assert store.images.picture(row.day, row.image_sha256) == jpeg(i, comment={"plates": [{"plate": PLATE}]})
        assert (row.clock, row.place_source) == ("camera", "manifest")
        assert "unencrypted" not in row.flags
    assert names(folder) == ["captures.jsonl.age", MANIFEST, RECEIPT]
    assert land_drop(store, folder, policy=policy, now=now) == receipt


@pytest.mark.clause("422.6(a)")
def test_nothing_of_it_is_ever_in_clear_on_the_disk(
    sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime, recipient: str
) -> None:
    folder = shift(tmp_path / "drop", recipient)
    assert holding(tmp_path, PLATE) == []
    assert holding(folder, "unit-12-front") == []
    seen: list[str] = []
    land_drop(sqlite_store, folder, policy=policy, now=now, progress=lambda *_: seen.extend(holding(tmp_path, PLATE)))
    assert (seen, holding(tmp_path, PLATE)) == ([], [])


@pytest.mark.clause("422.6(a)")
def test_the_manifest_that_stays_in_clear_says_nothing_of_vehicles(tmp_path: Path, recipient: str) -> None:
    manifest = json.loads((shift(tmp_path / "drop", recipient) / MANIFEST).read_text())
    assert set(manifest) == {"unit", "shift", "operator", "counts", "files"}
    assert set(manifest["files"]) == {"0000.jpg", "0001.jpg", "0002.jpg", CAPTURES}


def test_a_drop_may_be_sent_while_it_is_being_encrypted(
    sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime, recipient: str
) -> None:
    folder = shift(tmp_path / "drop", None)
    encrypt_file(folder / "0001.jpg", recipient)
    encrypt_file(folder / CAPTURES, recipient)
    assert land_drop(sqlite_store, folder, policy=policy, now=now).n_landed == 3
    assert ["unencrypted" in row.flags for row in captures(sqlite_store)] == [True, False, True]
    assert names(folder) == ["captures.jsonl.age", MANIFEST, RECEIPT]


def test_an_old_key_opens_what_was_under_way_when_it_was_rotated(
    sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime, recipient: str
) -> None:
    folder = shift(tmp_path / "drop", recipient)
    DropKeys.of(sqlite_store).rotate()
    assert land_drop(sqlite_store, folder, policy=policy, now=now).n_landed == 3


def test_an_encrypted_drop_is_whole_only_with_all_its_files(
    sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime, recipient: str
) -> None:
    patient = policy.model_copy(update={"captures": policy.captures.model_copy(update={"settle_seconds": 3600})})
    folder = shift(tmp_path / "drops" / "a", recipient)
    assert len(pending_drops(sqlite_store, tmp_path / "drops", policy=patient)) == 1
    late = (folder / "0001.jpg.age").read_bytes()
    (folder / "0001.jpg.age").unlink()
    assert pending_drops(sqlite_store, tmp_path / "drops", policy=patient) == []
    assert land_drop(sqlite_store, folder, policy=policy, now=now).missing == ["0001.jpg"]
    assert pending_drops(sqlite_store, tmp_path / "drops", policy=policy) == []
    (folder / "0001.jpg.age").write_bytes(late)
    assert len(pending_drops(sqlite_store, tmp_path / "drops", policy=policy)) == 1
    receipt = land_drop(sqlite_store, folder, policy=policy, now=now)
    assert (receipt.n_landed, receipt.missing) == (3, [])
    assert names(folder) == ["captures.jsonl.age", MANIFEST, RECEIPT]


def test_a_landing_killed_before_its_receipt_removes_the_encrypted_copies_later(
    store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    recipient = DropKeys.of(store).recipient()
    folder = shift(tmp_path / "drops" / "a", recipient)
    receipt = land_drop(store, folder, policy=policy, now=now)
    (folder / RECEIPT).unlink()
    (folder / "0001.jpg").write_bytes(jpeg(1, comment={"plates": [{"plate": PLATE}]}))
    encrypt_file(folder / "0001.jpg", recipient)
    assert land_pending(store, tmp_path / "drops", policy=policy, now=now) == ([receipt], [])
    assert names(folder) == ["captures.jsonl.age", MANIFEST, RECEIPT]


def test_a_name_too_long_for_its_encrypted_copy_lands_in_clear(
    sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    """`x.age` cannot be asked for where `x` has 255 bytes: that is no trouble of the drop."""
    name = f"{'a' * 251}.jpg"
    folder = drop(tmp_path / "drops" / "a", {name: jpeg(1)}, [line(name, AT)])
    assert len(pending_drops(sqlite_store, tmp_path / "drops", policy=policy)) == 1
    assert land_drop(sqlite_store, folder, policy=policy, now=now).n_landed == 1


def test_a_manifest_over_encrypted_files_is_refused(
    sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime, recipient: str
) -> None:
    """Names and hashes are those of the plain files: else one drop would be two, in clear and encrypted."""
    folder = tmp_path / "drop"
    folder.mkdir()
    (folder / "a.jpg.age").write_bytes(encrypt(jpeg(1), recipient))
    write_drop(folder, unit="unit-12", shift="night", captures=[{"file": "a.jpg.age"}])
    with pytest.raises(DropRefusedError, match="plain file"):
        land_drop(sqlite_store, folder, policy=policy, now=now)


# ── in clear ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.6(a)")
@pytest.mark.parametrize(("kind", "flagged"), [("mobile", True), ("fixed", False)])
def test_a_mobile_units_drop_in_clear_lands_flagged(
    store: Store, tmp_path: Path, policy: Policy, now: datetime, kind: str, flagged: bool
) -> None:
    land_drop(store, shift(tmp_path / "drop", None, kind=kind), policy=policy, now=now)
    assert ["unencrypted" in row.flags for row in captures(store)] == [flagged] * 3
    with reading(store.engine) as connection:
        assert captures_of(connection, AT.date()).by_flag.get("unencrypted", 0) == 3 * flagged


@pytest.mark.clause("422.6(a)")
def test_a_list_in_clear_flags_all_its_captures(
    sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime, recipient: str
) -> None:
    """It says where the car was, and when."""
    folder = shift(tmp_path / "drop", None)
    for name in ("0000.jpg", "0001.jpg", "0002.jpg"):
        encrypt_file(folder / name, recipient)
    land_drop(sqlite_store, folder, policy=policy, now=now)
    assert ["unencrypted" in row.flags for row in captures(sqlite_store)] == [True] * 3


def test_the_registry_tells_a_mobile_unit_where_the_drop_does_not(
    sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    with writing(sqlite_store.engine) as connection:
        devices.register(connection, device_id="unit-12", kind="mobile", name="12", place=None, at=now)
    land_drop(sqlite_store, drop(tmp_path / "a", {"a.jpg": jpeg(1)}, [{"file": "a.jpg"}]), policy=policy, now=now)
    assert "unencrypted" in captures(sqlite_store)[0].flags


@pytest.mark.parametrize("encrypted", [True, False])
def test_a_quarantined_picture_lands_later_with_how_it_came(
    sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime, recipient: str, encrypted: bool
) -> None:
    future = {**line("a.jpg", AT), "captured_at": "2027-06-15T04:00:00+00:00"}
    folder = drop(tmp_path / "a", {"a.jpg": jpeg(1)}, [future], recipient=recipient if encrypted else None)
    land_drop(sqlite_store, folder, policy=policy, now=now)
    (item,) = quarantined(sqlite_store)
    reland(sqlite_store, item.quarantine_id, by="A", reason="b", policy=policy, now=now, captured_at=AT)
    assert ("unencrypted" in captures(sqlite_store)[0].flags) is not encrypted


# ── both copies ────────────────────────────────────────────────────────────────────────────────────────────────────


def landed_with_both(
    store: Store, folder: Path, policy: Policy, now: datetime, *, plain: bytes, sealed: bytes
) -> Receipt:
    """A drop of one picture, jpeg(1), that lies there twice."""
    drop(folder, {"a.jpg": jpeg(1)}, [line("a.jpg", AT)])
    (folder / "a.jpg").write_bytes(plain)
    (folder / "a.jpg.age").write_bytes(sealed)
    return land_drop(store, folder, policy=policy, now=now)


def test_two_equal_copies_are_one_picture_and_both_go(
    sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime, recipient: str
) -> None:
    receipt = landed_with_both(
        sqlite_store, tmp_path / "a", policy, now, plain=jpeg(1), sealed=encrypt(jpeg(1), recipient)
    )
    assert (receipt.n_landed, receipt.undeclared) == (1, [])
    assert names(tmp_path / "a") == [CAPTURES, MANIFEST, RECEIPT]
    assert "unencrypted" in captures(sqlite_store)[0].flags


@pytest.mark.parametrize("right", ["encrypted", "plain"])
@pytest.mark.parametrize("other", [jpeg(2), b"no picture"])
def test_of_two_copies_the_declared_one_lands_and_the_other_is_named_and_stays(
    sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime, recipient: str, right: str, other: bytes
) -> None:
    plain, sealed = (jpeg(1), other) if right == "plain" else (other, jpeg(1))
    receipt = landed_with_both(
        sqlite_store, tmp_path / "a", policy, now, plain=plain, sealed=encrypt(sealed, recipient)
    )
    assert (receipt.n_landed, receipt.n_quarantined) == (1, 0)
    stays = "a.jpg.age" if right == "plain" else "a.jpg"
    assert receipt.undeclared == [stays]
    assert stays in names(tmp_path / "a")
    assert captures(sqlite_store)[0].image_sha256 == sha256_hex(jpeg(1))


def test_an_encrypted_copy_that_cannot_be_opened_does_not_cost_the_plain_one(
    sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime, recipient: str
) -> None:
    sealed = encrypt(jpeg(1), recipient)[:-1]
    receipt = landed_with_both(sqlite_store, tmp_path / "a", policy, now, plain=jpeg(1), sealed=sealed)
    assert (receipt.n_landed, receipt.undeclared) == (1, ["a.jpg.age"])


def test_of_two_wrong_copies_one_is_quarantined_and_none_is_lost(
    sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime, recipient: str
) -> None:
    receipt = landed_with_both(
        sqlite_store, tmp_path / "a", policy, now, plain=jpeg(3), sealed=encrypt(jpeg(2), recipient)
    )
    assert (receipt.n_landed, receipt.n_quarantined, receipt.undeclared) == (0, 1, ["a.jpg"])
    (item,) = quarantined(sqlite_store)
    assert sqlite_store.received.open(item.sealed_day, item.sealed_sha256) == jpeg(2)
    assert (tmp_path / "a" / "a.jpg").read_bytes() == jpeg(3)


# ── what cannot be opened ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.6(a)")
def test_a_picture_for_another_key_is_quarantined_encrypted_and_lands_when_that_key_is_restored(
    store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    keys, lost = DropKeys.of(store), DropKeys(tmp_path / "lost")
    folder = shift(tmp_path / "a", keys.recipient(), 2)
    sealed = encrypt(jpeg(1, comment={"plates": [{"plate": PLATE}]}), lost.recipient())
    (folder / "0001.jpg.age").write_bytes(sealed)
    receipt = land_drop(store, folder, policy=policy, now=now)
    assert (receipt.n_landed, receipt.n_quarantined) == (1, 1)
    assert receipt.files["0001.jpg"] == ["quarantined", sha256_hex(sealed)]
    assert "0001.jpg.age" not in names(folder)
    (item,) = quarantined(store)
    assert (item.item, item.code) == ("0001.jpg", "undecryptable")
    assert "0001.jpg.age is encrypted to another key" in item.reason
    assert "alpr drops recipient" in item.reason
    assert store.received.open(item.sealed_day, item.sealed_sha256) == sealed

    def again() -> int:
        return reland(store, item.quarantine_id, by="A", reason="key restored", policy=policy, now=now)

    with pytest.raises(AlprError, match="another key"):
        again()
    keys.path.write_text(keys.path.read_text() + lost.path.read_text())
    again()
    row = captures(store)[1]
    assert row.image_sha256 == sha256_hex(jpeg(1, comment={"plates": [{"plate": PLATE}]}))
    assert (row.captured_at, "unencrypted" in row.flags) == (AT + timedelta(seconds=1), False)


def test_what_opens_later_and_is_not_what_was_declared_does_not_land(
    sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime, recipient: str
) -> None:
    keys, lost = DropKeys.of(sqlite_store), DropKeys(tmp_path / "lost")
    folder = shift(tmp_path / "a", recipient, 1)
    (folder / "0000.jpg.age").write_bytes(encrypt(jpeg(7), lost.recipient()))
    land_drop(sqlite_store, folder, policy=policy, now=now)
    keys.path.write_text(keys.path.read_text() + lost.path.read_text())
    (item,) = quarantined(sqlite_store)
    with pytest.raises(AlprError, match="not what the manifest declared"):
        reland(sqlite_store, item.quarantine_id, by="A", reason="b", policy=policy, now=now)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), cut=st.booleans())
def test_a_picture_damaged_in_transfer_is_quarantined_as_it_came(
    sqlite_store: Store, tmp_path_factory: pytest.TempPathFactory, policy: Policy, now: datetime, recipient: str,
    share: float, bit: int, cut: bool,
) -> None:  # fmt: skip
    folder = shift(tmp_path_factory.mktemp("drops") / "a", recipient, 1)
    path = folder / "0000.jpg.age"
    sealed = bytearray(path.read_bytes())
    at = int(share * len(sealed))
    sealed[at] ^= 1 << bit
    came = bytes(sealed[:at] if cut else sealed)
    path.write_bytes(came)
    (folder / MANIFEST).write_text((folder / MANIFEST).read_text().replace("night", folder.parent.name))
    receipt = land_drop(sqlite_store, folder, policy=policy, now=now)
    assert (receipt.n_landed, receipt.n_quarantined) == (0, 1)
    (item,) = [item for item in quarantined(sqlite_store) if item.sealed_sha256 == sha256_hex(came)]
    assert item.code == "undecryptable"
    assert sqlite_store.received.open(item.sealed_day, item.sealed_sha256) == came


def test_an_encrypted_picture_that_is_not_the_declared_one_is_quarantined(
    sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime, recipient: str
) -> None:
    folder = shift(tmp_path / "a", recipient, 1)
    (folder / "0000.jpg.age").write_bytes(encrypt(jpeg(7), recipient))
    land_drop(sqlite_store, folder, policy=policy, now=now)
    (item,) = quarantined(sqlite_store)
    assert item.code == "hash_mismatch"
    assert sqlite_store.received.open(item.sealed_day, item.sealed_sha256) == jpeg(7)


def test_a_picture_larger_than_allowed_is_not_held_in_memory(
    sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime, recipient: str
) -> None:
    small = policy.model_copy(update={"captures": policy.captures.model_copy(update={"max_image_megabytes": 1})})
    folder = shift(tmp_path / "a", recipient, 2)
    (folder / "0000.jpg.age").write_bytes(encrypt(bytes(1_000_001), recipient))
    (folder / "0001.jpg.age").write_bytes(encrypt(bytes(3_000_000), recipient))
    receipt = land_drop(sqlite_store, folder, policy=small, now=now)
    assert [bad["code"] for bad in receipt.quarantined] == ["too_large", "too_large"]
    assert names(folder) == ["0000.jpg.age", "0001.jpg.age", "captures.jsonl.age", MANIFEST, RECEIPT]


def test_a_bad_line_keeps_its_encrypted_picture(
    sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime, recipient: str
) -> None:
    lines = [{**line("a.jpg", AT), "speed_kmh": 40}]
    folder = drop(tmp_path / "a", {"a.jpg": jpeg(1)}, lines, recipient=recipient)
    land_drop(sqlite_store, folder, policy=policy, now=now)
    (item,) = quarantined(sqlite_store)
    assert (item.code, item.content["speed_kmh"]) == ("unknown_field", 40)
    reland(sqlite_store, item.quarantine_id, by="A", reason="b", policy=policy, now=now)
    assert "unencrypted" not in captures(sqlite_store)[0].flags


@pytest.mark.parametrize("damage", ["another key", "cut"])
def test_a_list_that_cannot_be_opened_refuses_the_drop_until_it_or_the_key_is_another(
    sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime, recipient: str, damage: str
) -> None:
    keys, lost = DropKeys.of(sqlite_store), DropKeys(tmp_path / "lost")
    folder = shift(tmp_path / "drops" / "a", recipient)
    listing = folder / f"{CAPTURES}{AGE}"
    plain = keys.open(listing.read_bytes())
    listing.write_bytes(encrypt(plain, lost.recipient()) if damage == "another key" else listing.read_bytes()[:-1])
    receipts, (error,) = land_pending(sqlite_store, tmp_path / "drops", policy=policy, now=now)
    assert (receipts, f"{CAPTURES}{AGE}" in str(error), bool(error.remedy)) == ([], True, True)
    assert pending_drops(sqlite_store, tmp_path / "drops", policy=policy) == []
    if damage == "another key":
        keys.path.write_text(keys.path.read_text() + lost.path.read_text())
    else:
        listing.write_bytes(encrypt(plain, recipient))
    ((receipt,), refused) = land_pending(sqlite_store, tmp_path / "drops", policy=policy, now=now)
    assert (receipt.n_landed, refused) == (3, [])


# ── our key ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("422.6(a)")
@pytest.mark.parametrize("trouble", ["missing", "no key"])
def test_without_our_key_the_drop_waits_with_an_alarm_and_lands_when_it_is_back(
    store: Store, tmp_path: Path, policy: Policy, now: datetime, trouble: str
) -> None:
    """The data is fine: nothing is refused, quarantined or removed, and other drops land meanwhile."""
    keys, drops = DropKeys.of(store), tmp_path / "drops"
    folder = shift(drops / "a", keys.recipient())
    kept, before = keys.path.read_text(), names(folder)
    keys.path.write_text("")
    if trouble == "missing":
        keys.path.unlink()
    drop(drops / "b", {"b.jpg": jpeg(9)}, [line("b.jpg", AT)])
    waiting = {one.folder: one.state for one in pending_drops(store, drops, policy=policy)}
    with pytest.raises(DropKeyError, match=keys.path.name):
        land_pending(store, drops, policy=policy, now=now)
    assert (names(folder), quarantined(store), len(captures(store))) == (before, [], 1)
    assert [alarm.name for alarm in open_alarms(tmp_path / "data")] == [KEY_ALARM]
    keys.path.write_text(kept)
    (one,) = pending_drops(store, drops, policy=policy)
    assert one.state != waiting[folder]  # else a run that failed for the key would count against it
    assert [receipt.n_landed for receipt in land_pending(store, drops, policy=policy, now=now)[0]] == [3]
    assert open_alarms(tmp_path / "data") == []


def test_a_department_without_encrypted_drops_needs_no_key(
    sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    land_drop(sqlite_store, shift(tmp_path / "a", None), policy=policy, now=now)
    assert not DropKeys.of(sqlite_store).path.exists()
    assert open_alarms(tmp_path / "data") == []


def test_two_drops_of_one_shift_encrypted_and_in_clear_count_each_picture_once(
    sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime, recipient: str
) -> None:
    first = land_drop(sqlite_store, shift(tmp_path / "a", recipient), policy=policy, now=now)
    again = shift(tmp_path / "b", None)
    assert land_drop(sqlite_store, again, policy=policy, now=now) == first
    assert names(again) == [CAPTURES, MANIFEST, RECEIPT]
    with reading(sqlite_store.engine) as connection:
        assert connection.scalar(select(func.count()).select_from(schema.capture)) == 3
