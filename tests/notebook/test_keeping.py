"""What a session keeps: files of every search, and frozen answers asked again; what it locates and compares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alpr_assets.access.roles import Role
from alpr_assets.errors import AccessRefusedError, AlprError, MalformedError
from alpr_assets.notebook import Incident, Session, circle
from alpr_assets.search import differences, locator, path, versions
from tests.console.api.test_locating import decided
from tests.live import CASE, ROUTE, STOLEN, Live

EVENING = [("2026-06-14T20:55", "2026-06-14T21:15")]
SEARCHES: dict[str, dict[str, Any]] = {
    "plate_history": {"plate": STOLEN, "since": "2026-06-14"},
    "possible_plates": {"plate": STOLEN},
    "plate_path": {"plate": STOLEN, "until": "2026-06-15"},
    "partial_plates": {"pattern": "7A?C*", "area": circle(*ROUTE[1], 300)},
    "canvass": {"incidents": [Incident("A", [circle(*ROUTE[0], 200)], EVENING)], "partial": "7A?C*", "devices": []},
    "co_travel": {"plate": STOLEN, "at_least": 2},
    "counts": {"by": ("hour",), "since": "2026-06-14"},
    "view_hits": {"category": None},
}


@pytest.mark.parametrize("search", SEARCHES)
def test_every_search_is_kept_as_a_file_and_frozen_for_the_case(session: Session, tmp_path: Path, search: Any) -> None:
    file = session.export(search, **SEARCHES[search])
    assert file.content.splitlines()
    saved = file.save(tmp_path)
    assert (saved.name, saved.stat().st_mode & 0o777, saved.read_bytes()) == (file.name, 0o600, file.content)
    frozen = session.freeze(search, **SEARCHES[search])
    assert STOLEN.encode() not in frozen.content
    assert str(frozen.review_by) in frozen.name
    again = session.reproduce(frozen.save(tmp_path))
    assert again.same
    assert again.search == search
    assert again.n_then == again.n_now == len(again.found)
    assert again.frozen_record_id == session.recorded()["record_id"].iloc[-2]
    assert session.recorded()["what"].iloc[-1] == session.recorded()["what"].iloc[-2]
    assert session.verify() == 3


def test_an_answer_asked_again_has_its_places_and_the_departments_time(session: Session) -> None:
    again = session.reproduce(session.freeze("plate_path", plate=STOLEN))
    assert list(again.found.columns) == [*path.COLUMNS, "geometry"]
    assert again.found["captured_at"].dt.tz == session.zone
    assert again.frozen_at.tzinfo == session.zone
    assert again.purged.empty
    assert again.found.attrs["record_id"] == session.recorded()["record_id"].iloc[-1]


def test_a_file_that_is_none_or_was_altered_is_told(session: Session, tmp_path: Path) -> None:
    frozen = session.freeze("plate_history", plate=STOLEN)
    altered = tmp_path / "altered.json"
    altered.write_bytes(frozen.content.replace(CASE.encode(), b"26-99999"))
    for file in (altered, tmp_path / "none.json"):
        with pytest.raises((MalformedError, AlprError), match=r"altered|cannot be read"):
            session.reproduce(file)


def test_an_element_that_a_search_has_not_is_told(session: Session) -> None:
    with pytest.raises(MalformedError, match="colour"):
        session.export("plate_history", plate=STOLEN, colour="red")


@pytest.mark.clause("422.4(c)")
def test_a_vehicle_is_located_once_a_supervisor_agreed(live: Live, session: Session) -> None:
    with pytest.raises(AccessRefusedError):
        session.request_locate(STOLEN)  # for a stolen vehicle nobody is located
    with session.case(purpose="missing_person", case_number="26-00078"):
        number = session.request_locate(STOLEN)
        with pytest.raises(AccessRefusedError):
            session.locate(STOLEN)
        assert decided(live, number, approve=True, by=Role.SUPERVISOR) == 303
        requests = session.locate_requests()
        assert requests["request_id"].iloc[0] == number
        assert requests["approved"].iloc[0]
        assert requests["asked_at"].dt.tz == session.zone
        found = session.locate(STOLEN)
    assert list(found.places.columns) == [*locator.PLACES, "geometry"]
    assert list(found.hours.columns) == list(locator.HOURS)
    assert (found.n_reads, found.places.crs) == (5, "EPSG:4326")


@pytest.mark.clause("422.4(f)")
def test_what_every_version_read_in_a_rows_picture_is_told_with_candidates(session: Session) -> None:
    row = session.plate_history(STOLEN).iloc[0]
    found = session.read_versions(row)
    assert list(found.columns) == list(versions.COLUMNS)
    assert row["read_id"] in found["read_id"].tolist()
    compared = session.compare_versions(since="2026-06-14", until="2026-06-16")
    assert list(compared.reads.columns) == list(differences.COLUMNS)
    assert compared.reads["captured_at"].dt.tz == session.zone
    with pytest.raises(AlprError, match="within a time"):
        session.compare_versions(since=None, until="2026-06-16")
