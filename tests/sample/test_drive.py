"""The drive: same seed same bytes, truth equal to what was drawn, plausible times and places."""

from __future__ import annotations

import csv
import math
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import cv2
import pytest

from alpr_assets.sample import drive, scenes
from alpr_assets.sample.drive import FIXED, MOBILE, draw_drive, write_truth

STARTED_AT = datetime(2026, 6, 15, 23, 40, tzinfo=UTC)  # the hour goes past midnight UTC


def test_same_seed_same_bytes_other_seed_other_pictures(tmp_path):
    first = draw_drive(tmp_path / "a", seed=1, n_captures=2, started_at=STARTED_AT)
    again = draw_drive(tmp_path / "b", seed=1, n_captures=2, started_at=STARTED_AT)
    other = draw_drive(tmp_path / "c", seed=2, n_captures=2, started_at=STARTED_AT)
    assert first == again
    for capture in first:
        assert (tmp_path / "a" / capture.file).read_bytes() == (tmp_path / "b" / capture.file).read_bytes()
    assert [capture.plates for capture in first] != [capture.plates for capture in other]
    assert (tmp_path / "a" / first[0].file).read_bytes() != (tmp_path / "c" / other[0].file).read_bytes()


def test_pictures_decode_and_progress_is_told(tmp_path):
    told = []
    captures = draw_drive(
        tmp_path, seed=4, n_captures=5, started_at=STARTED_AT, progress=lambda n, of: told.append((n, of))
    )
    assert told == [(n, 5) for n in range(1, 6)]
    assert sorted(capture.file for capture in captures) == sorted(path.name for path in tmp_path.iterdir())
    for capture in captures:
        picture = cv2.imread(str(tmp_path / capture.file))
        assert picture.shape == (720, 1280, 3)
        assert picture.std() > 5


def planned(seed=1, n_captures=48):
    return drive._plan(seed, n_captures, STARTED_AT)


@pytest.mark.parametrize("n_captures", [1, 2, 5, 16, 48, 100])
def test_as_many_captures_as_asked_for_by_time_within_the_hour(n_captures):
    shots = planned(n_captures=n_captures)
    times = [shot.fix.at for shot in shots]
    assert len(shots) == n_captures
    assert times == sorted(times)
    assert times[0] == STARTED_AT
    assert times[-1] <= STARTED_AT + drive.LASTING + timedelta(seconds=2)
    assert len({(shot.device_id, shot.fix.at) for shot in shots}) == n_captures


@pytest.mark.parametrize("seed", range(4))
def test_every_condition_appears_and_so_do_none_and_two_plates(seed):
    shots = planned(seed)
    assert {shot.scene.condition for shot in shots} == set(scenes.CONDITIONS)
    n_plates = Counter(sum(vehicle.serial is not None for vehicle in shot.scene.vehicles) for shot in shots)
    assert set(n_plates) == {0, 1, 2}


@pytest.mark.parametrize("seed", range(4))
def test_a_pass_of_the_fixed_camera_is_one_vehicle_in_two_or_three_frames(seed):
    fixed = [shot for shot in planned(seed) if shot.device_id == FIXED]
    passes = Counter(vehicle.serial.plate for shot in fixed for vehicle in shot.scene.vehicles)
    assert set(passes.values()) == {2, 3}
    for plate in passes:
        times = [shot.fix.at for shot in fixed if shot.scene.vehicles[0].serial.plate == plate]
        assert max(times) - min(times) < timedelta(seconds=2)


def test_the_car_keeps_to_street_speeds_in_antioch():
    fixes = [shot.fix for shot in planned() if shot.device_id == MOBILE]
    for before, after in pairwise(fixes):
        north = (after.latitude - before.latitude) * 111_320
        east = (after.longitude - before.longitude) * 111_320 * math.cos(math.radians(38))
        seconds = (after.at - before.at).total_seconds()
        assert seconds > 0
        assert math.hypot(north, east) / seconds < 16  # metres a second
    assert all(37.95 < fix.latitude < 38.05 and -121.9 < fix.longitude < -121.75 for fix in fixes)
    assert all(0 <= fix.heading_deg < 360 for fix in fixes)


@pytest.mark.parametrize("seed", range(4))
def test_every_plate_lies_whole_in_its_picture(seed):
    for shot in planned(seed):
        for vehicle in shot.scene.vehicles:
            if vehicle.serial is None:
                continue
            z = vehicle.car.measures.plate_z
            (x0, y0), (x1, y1) = shot.scene.camera.see(vehicle.spot.world([(-0.16, 0, z + 0.08), (0.16, 0, z - 0.08)]))
            assert 0 < x0 < x1 < 1280
            assert 0 < y0 < y1 < 720
            assert x1 - x0 > 60


def test_a_start_without_a_zone_is_refused(tmp_path):
    with pytest.raises(ValueError, match="aware"):
        draw_drive(tmp_path, seed=1, n_captures=1, started_at=datetime(2026, 6, 15))  # noqa: DTZ001 - the point


def test_truth_names_every_plate_and_every_picture(tmp_path):
    captures = [
        drive.SampleCapture("a.jpg", STARTED_AT, 38.0, -121.8, 0.0, MOBILE, "mobile", (("8ABC123", "CA"), ("XYZ9876", "WA")), "day"),
        drive.SampleCapture("b.jpg", STARTED_AT, 38.0, -121.8, 0.0, MOBILE, "mobile", (), "night"),
    ]  # fmt: skip
    write_truth(tmp_path / "truth.csv", captures)
    with (tmp_path / "truth.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [tuple(row.values()) for row in rows] == [
        ("a.jpg", "8ABC123", "CA", "day"),
        ("a.jpg", "XYZ9876", "WA", "day"),
        ("b.jpg", "", "", "night"),
    ]
