"""The sample's hot lists obey their formats, and every kind of match with the drive appears."""

from __future__ import annotations

import csv
import re
from datetime import UTC, date, datetime

import pytest

from alpr_assets.lifecycle.hotlists.imports import import_file
from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.sample.captures import SampleCapture
from alpr_assets.sample.drive import FIXED, MOBILE, _plan
from alpr_assets.sample.hotlists import N_NCIC, N_STOLEN_PLATES, N_STOLEN_VEHICLES, N_WATCH, write_hotlists

MADE_AT = datetime(2026, 6, 15, 13, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def captures():
    """What a drive of 48 shows, without drawing it."""
    return [
        SampleCapture(
            f"{number}.jpg", shot.fix.at, 38.0, -121.8, 0.0, shot.device_id, shot.device_kind,
            tuple((v.serial.plate, v.serial.state) for v in shot.scene.vehicles if v.serial), shot.scene.condition,
        )
        for number, shot in enumerate(_plan(1, 48, MADE_AT))
    ]  # fmt: skip


@pytest.fixture(scope="module")
def lists(tmp_path_factory, captures):
    folder = tmp_path_factory.mktemp("hotlists")
    paths = write_hotlists(folder, captures, seed=1, made_at=MADE_AT)
    return {path.name: path.read_bytes().decode("ascii").splitlines() for path in paths}


@pytest.mark.parametrize(
    ("name", "width", "n_records"), [("svs.tbl", 8, N_STOLEN_VEHICLES), ("slr.tbl", 7, N_STOLEN_PLATES)]
)
def test_clew_tables_have_header_records_of_one_width_and_a_true_trailer(lists, name, width, n_records):
    header, *records, trailer = lists[name]
    assert header == "DATE06/15/2026 06:05"  # the department's local time
    assert trailer == f"TOTAL RECORD {n_records:07d}"
    assert len(records) == n_records
    for record in records:
        assert len(record) == width + 12
        assert re.fullmatch(r"[A-Z0-9]{4,8} *", record[:-12])
        assert re.fullmatch("[A-Z]{2}", record[-12:-10])
        assert 1 <= int(record[-10:-8]) <= 58
        assert date.fromisoformat(record[-8:]) < MADE_AT.date()


def test_ncic_extract_has_its_columns_and_no_letter_o(lists):
    _header, *records = lists["ncic_lpr.txt"]
    assert len(records) == N_NCIC
    assert not any("O" in line for line in lists["ncic_lpr.txt"])
    for record in records:
        assert re.fullmatch("[ACFMNPVWX][0-9]{9}", record[:10])
        assert re.fullmatch("[A-Z0-9]{9}", record[10:19])
        assert date.fromisoformat(record[19:27]) < MADE_AT.date()
        assert re.fullmatch("[A-Z0-9]{4,8} *", record[27:37])
        assert re.fullmatch("[A-Z0]{2}", record[37:39])
        assert len(record) == 39 or re.fullmatch("[0-9]{4}", record[45:49])
        assert len(record) <= 65
    assert {len(record) for record in records} > {39, 61}
    assert any(record[37:39] == "0R" for record in records)


@pytest.mark.clause("422.4(e)")
def test_watch_list_is_a_csv_whose_every_entry_is_answered_for(sqlite_store, policy, lists):
    raw = "\n".join(lists["watch.csv"]).encode()
    assert len(list(csv.DictReader(lists["watch.csv"]))) == N_WATCH
    receipt = import_file(sqlite_store, raw, "watch.csv", policy=policy, now=MADE_AT)
    assert (receipt.accepted, receipt.n_entries, receipt.n_quarantined) == (True, N_WATCH, 0)


def listed(lists):
    """Plates of each list."""
    return {
        "svs": [line[:8].strip() for line in lists["svs.tbl"][1:-1]],
        "slr": [line[:7].strip() for line in lists["slr.tbl"][1:-1]],
        "ncic": [line[27:37].strip() for line in lists["ncic_lpr.txt"][1:]],
        "watch": [line.split(",")[0] for line in lists["watch.csv"][1:]],
    }


def one_edit(first: str, second: str) -> bool:
    if len(first) == len(second):
        return sum(a != b for a, b in zip(first, second, strict=True)) == 1
    short, long = sorted((first, second), key=len)
    return len(long) == len(short) + 1 and any(long[:i] + long[i + 1 :] == short for i in range(len(long)))


def test_exact_look_alike_and_one_edit_matches_all_appear(lists, captures):
    seen = {plate for capture in captures for plate, _ in capture.plates}
    plates = {plate for column in listed(lists).values() for plate in column}
    exact = seen & plates
    folded = {(s, p) for s in seen for p in plates if s != p and fold(s) == fold(p)}
    edited = {(s, p) for s in seen for p in plates if one_edit(fold(s), fold(p))}
    assert 5 <= len(exact) <= 12
    assert 2 <= len(folded) <= 8
    assert 3 <= len(edited) <= 8


def test_the_fixed_cameras_vehicle_is_listed_as_it_is(lists, captures):
    fixed = {plate for capture in captures if capture.device_id == FIXED for plate, _ in capture.plates}
    assert fixed & set(listed(lists)["svs"])
    assert any(capture.device_id == MOBILE for capture in captures)


def test_same_seed_same_files(tmp_path, captures):
    first = write_hotlists(tmp_path / "a", captures, seed=3, made_at=MADE_AT)
    again = write_hotlists(tmp_path / "b", captures, seed=3, made_at=MADE_AT)
    other = write_hotlists(tmp_path / "c", captures, seed=4, made_at=MADE_AT)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]
    assert [path.read_bytes() for path in first] != [path.read_bytes() for path in other]


def test_a_drive_of_one_capture_still_gives_whole_lists(tmp_path, captures):
    paths = write_hotlists(tmp_path, captures[:1], seed=1, made_at=MADE_AT)
    assert len(paths) == 4
