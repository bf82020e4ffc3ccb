"""A plain folder of pictures becomes a drop, once, and stays as it was."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base
from sqlalchemy import select

from alpr_assets.errors import AlprError, MalformedError
from alpr_assets.lifecycle.captures.folders import drop_from_folder
from alpr_assets.lifecycle.captures.landing import land_drop
from alpr_assets.lifecycle.captures.manifests import MANIFEST, read_manifest
from alpr_assets.policy import Policy
from alpr_assets.store import schema
from alpr_assets.store.engine import Store, reading
from tests.builders import jpeg

GIVEN = (38.0, -121.8)


def located() -> bytes:
    exif = Image.Exif()
    exif.get_ifd(IFD.GPSInfo).update({
        GPS.GPSLatitudeRef: "N", GPS.GPSLatitude: (38.0, 0.0, 18.0),
        GPS.GPSLongitudeRef: "W", GPS.GPSLongitude: (121.0, 48.0, 21.6),
    })  # fmt: skip
    return jpeg(1, exif=exif)


def dated(time: str) -> bytes:
    exif = Image.Exif()
    exif.get_ifd(IFD.Exif)[Base.DateTimeOriginal] = time
    return jpeg(6, exif=exif)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A card of a hand-held camera: one picture with a place, one without, one below, and what is no picture."""
    card = tmp_path / "card"
    (card / "DCIM").mkdir(parents=True)
    (card / "a.jpg").write_bytes(located())
    (card / "b.JPEG").write_bytes(jpeg(2))
    (card / "DCIM" / "a.jpg").write_bytes(jpeg(3))
    (card / "notes.txt").write_text("not a picture")
    return card


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_pictures_are_copied_and_the_folder_stays_as_it_was(folder: Path, tmp_path: Path, policy: Policy) -> None:
    before = contents(folder)
    target = drop_from_folder(folder, tmp_path / "drops", device_id="handheld", policy=policy)
    assert contents(folder) == before
    manifest = read_manifest(target / MANIFEST)
    assert (manifest.unit, manifest.n_images) == ("handheld", 3)
    assert {"a.jpg", "b.JPEG", "DCIM/a.jpg"} < set(manifest.files)


def test_a_folder_landed_twice_is_the_same_drop_and_lands_once(
    store: Store, folder: Path, tmp_path: Path, policy: Policy, now: object
) -> None:
    first = drop_from_folder(folder, tmp_path / "drops", device_id="handheld", policy=policy)
    receipt = land_drop(store, first, policy=policy, now=now)
    again = drop_from_folder(folder, tmp_path / "drops", device_id="handheld", policy=policy)
    assert again == first
    assert land_drop(store, again, policy=policy, now=now) == receipt
    assert receipt.n_landed == 3


def test_a_copy_that_was_interrupted_is_finished(folder: Path, tmp_path: Path, policy: Policy) -> None:
    target = drop_from_folder(folder, tmp_path / "drops", device_id="handheld", policy=policy)
    whole = contents(target)
    (target / MANIFEST).unlink()
    (target / "b.JPEG").write_bytes(b"half")
    assert drop_from_folder(folder, tmp_path / "drops", device_id="handheld", policy=policy) == target
    assert contents(target) == whole


def test_another_device_or_another_picture_is_another_drop(folder: Path, tmp_path: Path, policy: Policy) -> None:
    drops = tmp_path / "drops"
    first = drop_from_folder(folder, drops, device_id="handheld", policy=policy)
    assert drop_from_folder(folder, drops, device_id="handheld-2", policy=policy) != first
    (folder / "c.png").write_bytes(jpeg(4))
    assert drop_from_folder(folder, drops, device_id="handheld", policy=policy) != first


def test_the_given_place_is_used_only_where_a_picture_has_none(
    store: Store, folder: Path, tmp_path: Path, policy: Policy, now: object
) -> None:
    target = drop_from_folder(folder, tmp_path / "drops", device_id="handheld", policy=policy, place=GIVEN)
    land_drop(store, target, policy=policy, now=now)
    with reading(store.engine) as connection:
        rows = connection.execute(select(schema.capture)).all()
    places = [(row.place_source, round(row.latitude_deg, 3), round(row.longitude_deg, 3)) for row in rows]
    assert sorted(places) == [("exif", 38.005, -121.806), ("manifest", *GIVEN), ("manifest", *GIVEN)]


def test_a_broken_picture_is_taken_along_for_landing_to_quarantine(
    sqlite_store: Store, folder: Path, tmp_path: Path, policy: Policy, now: object
) -> None:
    (folder / "broken.jpg").write_bytes(b"not a picture")
    target = drop_from_folder(folder, tmp_path / "drops", device_id="handheld", policy=policy, place=GIVEN)
    receipt = land_drop(sqlite_store, target, policy=policy, now=now)
    assert (receipt.n_landed, receipt.n_quarantined) == (3, 1)


def test_a_place_outside_the_area_is_refused_before_anything_is_copied(
    folder: Path, tmp_path: Path, policy: Policy
) -> None:
    with pytest.raises(MalformedError, match="area") as caught:
        drop_from_folder(folder, tmp_path / "drops", device_id="handheld", policy=policy, place=(48.9, 2.3))
    assert caught.value.remedy
    assert not (tmp_path / "drops").exists()


def test_with_another_option_what_was_quarantined_lands(
    store: Store, folder: Path, tmp_path: Path, policy: Policy, now: datetime
) -> None:
    """The first try is no reason to refuse the second: only what landed is known."""
    (folder / "old.jpg").write_bytes(dated("1999:06:15 12:00:00"))
    receipts = [
        land_drop(
            store,
            drop_from_folder(
                folder, tmp_path / "drops", device_id="handheld", policy=policy, distrust_impossible_clocks=distrust
            ),
            policy=policy,
            now=now,
        )
        for distrust in (False, True)
    ]
    assert [(r.n_landed, r.n_duplicate, r.n_quarantined) for r in receipts] == [(3, 0, 1), (1, 3, 0)]


def test_a_folder_without_pictures_is_refused(tmp_path: Path, policy: Policy) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(AlprError, match="no JPEG or PNG"):
        drop_from_folder(tmp_path / "empty", tmp_path / "drops", device_id="handheld", policy=policy)


def test_a_drop_is_refused_as_a_folder(folder: Path, tmp_path: Path, policy: Policy) -> None:
    target = drop_from_folder(folder, tmp_path / "drops", device_id="handheld", policy=policy)
    with pytest.raises(AlprError, match="a drop already"):
        drop_from_folder(target, tmp_path / "drops", device_id="handheld", policy=policy)


@pytest.mark.parametrize("device_id", ["", "../outside", "a/b", "x" * 65, "a\0"])
def test_a_device_that_is_no_name_is_refused_before_anything_is_copied(
    folder: Path, tmp_path: Path, policy: Policy, device_id: str
) -> None:
    with pytest.raises(AlprError, match="device"):
        drop_from_folder(folder, tmp_path / "drops", device_id=device_id, policy=policy)
    assert not (tmp_path / "drops").exists()
    assert not (tmp_path / "outside").exists()


def test_a_file_name_that_no_drop_can_hold_is_refused(folder: Path, tmp_path: Path, policy: Policy) -> None:
    (folder / "back\\slash.jpg").write_bytes(jpeg(5))
    with pytest.raises(AlprError, match="slash") as caught:
        drop_from_folder(folder, tmp_path / "drops", device_id="handheld", policy=policy)
    assert caught.value.remedy


def test_progress_is_told_a_picture_at_a_time(folder: Path, tmp_path: Path, policy: Policy) -> None:
    told: list[tuple[int, int]] = []
    drop_from_folder(
        folder, tmp_path / "drops", device_id="handheld", policy=policy, progress=lambda *n: told.append(n)
    )
    assert told == [(1, 3), (2, 3), (3, 3)]
