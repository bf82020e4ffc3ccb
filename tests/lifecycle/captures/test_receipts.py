"""422.5: the receipt is true, is there whatever was interrupted, and names a gap as a gap and nothing else."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from alpr_assets.errors import DropRefusedError
from alpr_assets.lifecycle.captures.landing import land_drop, land_pending
from alpr_assets.lifecycle.captures.manifests import CAPTURES, MANIFEST, RECEIPT, write_drop
from alpr_assets.lifecycle.captures.pending import pending_drops
from alpr_assets.lifecycle.captures.receipts import Receipt, answers
from alpr_assets.policy import Policy
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, reading
from alpr_assets.store.sealed import sha256_hex
from tests.builders import drop, jpeg, line

AT = datetime(2026, 6, 15, 4, 0, tzinfo=UTC)


def shift(folder: Path, n: int = 3) -> Path:
    pictures = {f"{i:04}.jpg": jpeg(i) for i in range(n)}
    return drop(folder, pictures, [line(name, AT + timedelta(seconds=i)) for i, name in enumerate(pictures)])


def relisted(folder: Path, listing: bytes) -> Path:
    """The drop with another captures.jsonl, properly declared."""
    (folder / CAPTURES).write_bytes(listing)
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"][CAPTURES] = sha256_hex(listing)
    (folder / MANIFEST).write_text(json.dumps(manifest))
    return folder


def n_rows(store: Store, table: Any) -> int:
    with reading(store.engine) as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def test_a_receipt_is_read_back_as_it_was_written(
    sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    receipt = land_drop(sqlite_store, shift(tmp_path / "a"), policy=policy, now=now)
    written = json.loads((tmp_path / "a" / RECEIPT).read_text())
    assert written.pop("receipt_sha256") == receipt.sha256()
    assert Receipt.from_content(written) == receipt
    assert receipt.deletable == ["0000.jpg", "0001.jpg", "0002.jpg"]


@pytest.mark.parametrize("name", ["a" * 64, "\u20ac" * 64, '"manifest_sha256": "' + "0" * 44])
def test_a_receipt_answers_its_own_manifest_only(
    sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime, name: str
) -> None:
    folder = drop(tmp_path / "a", {"a.jpg": jpeg()}, [line("a.jpg", AT)], unit=name, shift=name)
    assert not answers(folder, sha256_hex((folder / MANIFEST).read_bytes()))
    land_drop(sqlite_store, folder, policy=policy, now=now)
    assert answers(folder, sha256_hex((folder / MANIFEST).read_bytes()))
    assert not answers(folder, "0" * 64)


@pytest.mark.clause("422.5")
def test_a_landing_killed_before_its_receipt_is_pending_and_finished_later(
    store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    """Else plain pictures would stay in the watched folder, outside every purge, and the unit would wait for ever."""
    folder = shift(tmp_path / "drops" / "a")
    receipt = land_drop(store, folder, policy=policy, now=now)
    (folder / RECEIPT).unlink()
    (folder / "0001.jpg").write_bytes(jpeg(1))
    assert [d.folder for d in pending_drops(store, tmp_path / "drops", policy=policy)] == [folder]
    assert land_pending(store, tmp_path / "drops", policy=policy, now=now + timedelta(hours=1)) == ([receipt], [])
    assert sorted(path.name for path in folder.iterdir()) == [CAPTURES, MANIFEST, RECEIPT]
    assert pending_drops(store, tmp_path / "drops", policy=policy) == []


@pytest.mark.clause("422.5")
def test_a_drop_sent_again_into_another_folder_gets_its_receipt_there(
    store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    drops = tmp_path / "drops"
    receipt = land_drop(store, shift(drops / "a"), policy=policy, now=now)
    again = shift(drops / "b")
    assert land_pending(store, drops, policy=policy, now=now) == ([receipt], [])
    assert sorted(path.name for path in again.iterdir()) == [CAPTURES, MANIFEST, RECEIPT]
    assert n_rows(store, schema.capture) == 3


@pytest.mark.clause("422.5")
def test_a_capture_in_quarantine_is_no_gap_in_the_next_manifest_of_its_drop(
    store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    lines = [line("a.jpg", AT), {**line("b.jpg", AT), "captured_at": "2027-06-15T04:00:00+00:00"}]
    folder = drop(tmp_path / "a", {"a.jpg": jpeg(1), "b.jpg": jpeg(2)}, lines)
    land_drop(store, folder, policy=policy, now=now)
    for name, seed in (("a.jpg", 1), ("b.jpg", 2), ("c.jpg", 3)):
        (folder / name).write_bytes(jpeg(seed))
    write_drop(folder, unit="unit-12", shift="night", captures=[*lines, line("c.jpg", AT + timedelta(seconds=9))])
    (folder / "a.jpg").unlink()
    (folder / "b.jpg").unlink()
    receipt = land_drop(store, folder, policy=policy, now=now + timedelta(days=1))
    assert {name: outcome for name, (outcome, _) in receipt.files.items()} == {
        "a.jpg": "duplicate", "b.jpg": "quarantined", "c.jpg": "landed",
    }  # fmt: skip
    assert (receipt.n_missing, receipt.n_quarantined) == (0, 1)
    assert n_rows(store, schema.quarantine) == 1


@pytest.mark.clause("422.5")
def test_a_bad_line_does_not_hide_that_its_picture_is_not_there(
    sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    folder = shift(tmp_path / "a")
    lines = (folder / CAPTURES).read_bytes().splitlines()
    relisted(folder, b"\n".join([lines[0], lines[1][:-5], lines[2]]))
    (folder / "0001.jpg").unlink()
    receipt = land_drop(sqlite_store, folder, policy=policy, now=now)
    assert (receipt.n_landed, receipt.n_missing, receipt.n_quarantined) == (2, 1, 1)
    assert receipt.files["0001.jpg"][0] == "missing"


def test_a_bad_line_does_not_lead_out_of_its_drop(
    sqlite_store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    folder = shift(tmp_path / "a")
    relisted(folder, b'{"file": "0000.jpg", ')
    (tmp_path / "secret").write_bytes(b"of somebody else")
    (folder / "0000.jpg").unlink()
    (folder / "0000.jpg").symlink_to(tmp_path / "secret")
    receipt = land_drop(sqlite_store, folder, policy=policy, now=now)
    assert receipt.files["0000.jpg"][0] == "missing"
    assert not sqlite_store.received.path(now.date(), sha256_hex(b"of somebody else")).exists()


def test_a_picture_named_twice_with_different_times_is_quarantined_not_dated_by_the_last(
    store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    folder = shift(tmp_path / "a")
    first = (folder / CAPTURES).read_bytes()
    other = json.dumps(line("0001.jpg", AT + timedelta(hours=1))).encode()
    receipt = land_drop(store, relisted(folder, first + first.splitlines()[0] + b"\n" + other), policy=policy, now=now)
    assert (receipt.n_landed, receipt.n_quarantined) == (2, 1)
    assert receipt.quarantined[0]["code"] == "named_twice"


@pytest.mark.clause("422.5")
def test_a_drop_refused_for_its_listing_lands_when_the_right_one_is_sent(
    store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    folder = shift(tmp_path / "drops" / "a")
    listing = (folder / CAPTURES).read_bytes()
    (folder / CAPTURES).write_bytes(listing[:-20])
    assert len(land_pending(store, tmp_path / "drops", policy=policy, now=now)[1]) == 1
    assert pending_drops(store, tmp_path / "drops", policy=policy) == []
    (folder / CAPTURES).write_bytes(listing)
    receipts, refused = land_pending(store, tmp_path / "drops", policy=policy, now=now)
    assert ([receipt.n_landed for receipt in receipts], refused) == ([3], [])


@pytest.mark.parametrize(
    "text",
    [
        b'{"file": "0001.jpg", "note\\u0000": 1}',
        b'{"file": "0001.jpg", "\\ud800": 1}',
        b'{"file": "0001.jpg", "device_id": "\\ud800"}',
        b'{"file": "0001.jpg", "captured_at": "2026-06-15\\u000004:00:00+00:00"}',
        b'{"file": "0001.jpg", "captured_at": "0001-01-01T00:00:00+08:00"}',
        b'{"file": "0001.jpg", "latitude": 1' + b"0" * 400 + b"}",
        b'{"file": "0001.jpg", "note": "a\0b"}',
    ],
)
def test_a_poisonous_line_costs_only_itself(
    store: Store, tmp_path: Path, policy: Policy, now: datetime, text: bytes
) -> None:
    """Each of these once stopped a whole drop, and with it every drop behind it."""
    folder = shift(tmp_path / "a")
    lines = (folder / CAPTURES).read_bytes().splitlines()
    receipt = land_drop(store, relisted(folder, b"\n".join([lines[0], text, lines[2]])), policy=policy, now=now)
    assert (receipt.n_landed, receipt.n_quarantined, receipt.n_missing) == (2, 1, 0)


def test_a_folder_whose_name_is_not_utf8_lands(store: Store, tmp_path: Path, policy: Policy, now: datetime) -> None:
    folder = shift(tmp_path / "drop-\udcfc")
    (folder / "stray-\udcfc.jpg").write_bytes(jpeg(9))
    assert land_drop(store, folder, policy=policy, now=now).n_landed == 3
    (folder / MANIFEST).write_text("{")
    with pytest.raises(DropRefusedError):
        land_drop(store, folder, policy=policy, now=now)


# ── files that arrive after their manifest ─────────────────────────────────────────────────────────────────────────


def late(folder: Path, *names: str) -> dict[str, bytes]:
    """Take files away, as if the transfer had not brought them yet."""
    taken = {name: (folder / name).read_bytes() for name in names}
    for name in names:
        (folder / name).unlink()
    return taken


@pytest.mark.clause("422.5")
def test_what_arrives_after_its_manifest_lands_with_another_receipt_over_all(
    store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    folder = shift(tmp_path / "drops" / "a")
    taken = late(folder, "0001.jpg", "0002.jpg")
    first = land_drop(store, folder, policy=policy, now=now)
    assert (first.n_landed, first.n_missing) == (1, 2)
    assert pending_drops(store, tmp_path / "drops", policy=policy) == []
    for name, content in taken.items():
        (folder / name).write_bytes(content)
    assert [drop.folder for drop in pending_drops(store, tmp_path / "drops", policy=policy)] == [folder]
    second = land_drop(store, folder, policy=policy, now=now + timedelta(minutes=5))
    assert (second.n_declared, second.n_landed, second.n_missing) == (3, 3, 0)
    assert sum(second.n_by_day.values()) == 3
    assert (second.drop_id, pending_drops(store, tmp_path / "drops", policy=policy)) == (first.drop_id, [])
    assert answers(folder, second.manifest_sha256)
    with reading(store.engine) as connection:
        assert connection.scalar(select(func.count()).select_from(schema.capture)) == 3
        kept = list(connection.scalars(select(schema.drop_receipt.c.receipt_sha256)))
        assert kept == [first.sha256(), second.sha256()]


def test_files_that_arrive_one_after_the_other_ask_for_a_run_each(
    store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    folder = shift(tmp_path / "drops" / "a")
    taken = late(folder, "0001.jpg", "0002.jpg")
    states = {pending_drops(store, tmp_path / "drops", policy=policy)[0].state}
    land_drop(store, folder, policy=policy, now=now)
    for name, content in taken.items():
        (folder / name).write_bytes(content)
        states.add(pending_drops(store, tmp_path / "drops", policy=policy)[0].state)
        land_drop(store, folder, policy=policy, now=now)
    assert len(states) == 3


def test_a_drop_that_is_not_whole_is_given_time_to_arrive(store: Store, tmp_path: Path, policy: Policy) -> None:
    patient = policy.model_copy(update={"captures": policy.captures.model_copy(update={"settle_seconds": 3600})})
    folder = shift(tmp_path / "drops" / "a")
    assert len(pending_drops(store, tmp_path / "drops", policy=patient)) == 1  # whole: no reason to wait
    late(folder, "0001.jpg")
    assert pending_drops(store, tmp_path / "drops", policy=patient) == []
    assert len(pending_drops(store, tmp_path / "drops", policy=policy)) == 1


def test_a_line_about_a_file_that_is_not_declared_is_kept(
    store: Store, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    folder = shift(tmp_path / "drop")
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["files"]["0001.jpg"]
    manifest["counts"]["images"] = 2
    (folder / "manifest.json").write_text(json.dumps(manifest))
    receipt = land_drop(store, folder, policy=policy, now=now)
    assert (receipt.n_landed, receipt.undeclared) == (2, ["0001.jpg"])
    assert [(bad["item"], bad["code"]) for bad in receipt.quarantined] == [("0001.jpg", "undeclared")]
    assert (folder / "0001.jpg").exists()
