"""A session as an analyst uses it: questions with places and the department's time, the record of them, signing in and out."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from shapely import Point

from alpr_assets.client.entering import Person
from alpr_assets.errors import AccessRefusedError, AlprError, VerificationError
from alpr_assets.lifecycle.watches import listing
from alpr_assets.notebook import Incident, Session, circle, sign_in
from alpr_assets.search import history, hits, partial, path, tolerant
from alpr_assets.search.canvass import gathering, vehicles
from alpr_assets.search.convoy import companions
from alpr_assets.settings import settings
from tests.live import CASE, PASSWORD, PURPOSE, ROUTE, STOLEN, Live

ZONE = ZoneInfo("America/Los_Angeles")


@pytest.mark.clause("422.4(a)")
def test_a_history_has_places_and_the_departments_time(live: Live, session: Session) -> None:
    before = live.n_recorded()
    found = session.plate_history("7abc 123")
    assert list(found.columns) == [*history.COLUMNS, "geometry"]
    assert found.crs == "EPSG:4326"
    assert found["captured_at"].dt.tz == ZONE
    assert found["captured_at"].iloc[0] == pd.Timestamp("2026-06-14T21:40:00", tz=ZONE)
    assert found.geometry.x.iloc[0] == found["longitude_deg"].iloc[0]
    assert found.attrs == {"record_id": before, "purpose": PURPOSE, "case_number": CASE}
    assert live.n_recorded() == before + 1
    assert list(session.hits().columns) == [*hits.COLUMNS, "geometry"]


@pytest.mark.clause("422.4(c)")
def test_a_partial_plate_is_asked_for_within_what_an_analyst_drew(session: Session) -> None:
    around = Point(ROUTE[1][1], ROUTE[1][0]).buffer(0.002)
    found = session.partial_plates("7A?C1*", since="2026-06-14", until="2026-06-15", area=around)
    assert list(found.columns) == [*partial.COLUMNS, "geometry"]
    assert found["device_id"].tolist() == ["cam-1"]
    assert (found.crs, found["captured_at"].dt.tz) == ("EPSG:4326", ZONE)
    assert session.image(found.iloc[0]).size == (64, 48)
    assert session.recorded()["what"].tolist() == ["partial_plate", "open_image"]
    with pytest.raises(AlprError, match="no area"):
        session.partial_plates("7A?C1*", area="downtown")


@pytest.mark.clause("422.4(a)")
def test_a_path_and_what_may_be_the_plate_are_asked_for_as_a_history(session: Session) -> None:
    driven = session.plate_path(STOLEN, since="2026-06-14T21:15")
    assert list(driven.columns) == [*path.COLUMNS, "geometry"]
    assert driven["device_id"].tolist() == ["cam-2", "cam-3", "cam-4"]
    possible = session.possible_plates("8XYZ991", since=date(2026, 6, 14), state="CA")
    assert list(possible.columns) == [*tolerant.COLUMNS, "geometry"]
    assert possible["match_kind"].tolist() == ["exact", *["edit1"] * 4]
    assert session.recorded()["what"].tolist() == ["plate_history"] * 2
    assert session.recorded()["n_rows"].tolist() == [3, 5]
    assert session.image(driven.iloc[0]).size == (64, 48)


@pytest.mark.clause("422.4(c)")
def test_a_canvass_is_asked_for_in_the_departments_time_and_comes_with_places_and_coverage(session: Session) -> None:
    evening = [("2026-06-14T20:55", "2026-06-14T21:15")]
    scenes = [Incident(name, [circle(*place, 200)], evening) for name, place in zip("AB", ROUTE[:2], strict=True)]
    found = session.canvass(scenes, at_least=2)
    assert found.vehicles["plate"].tolist() == [STOLEN]
    assert list(found.vehicles.columns) == [*vehicles.COLUMNS, "geometry"]
    assert list(found.reads.columns) == [*gathering.COLUMNS, "geometry"]
    assert found.vehicles["nearest_at"].dt.tz == ZONE
    assert found.reads.crs == found.vehicles.crs == "EPSG:4326"
    looked = found.coverage[found.coverage["state"] == "here"]
    assert (looked["incident"].tolist(), looked["device_id"].tolist()) == (["A", "B"], ["cam-0", "cam-1"])
    assert found.coverage["first_at"].dt.tz == ZONE
    asked = session.recorded()
    assert (asked["what"].tolist(), asked["n_rows"].tolist()) == (["canvass"], [1])
    told = {frame.attrs["record_id"] for frame in (found.vehicles, found.reads, found.coverage)}
    assert told == {asked["record_id"].iloc[0]}
    assert session.image(found.reads.iloc[0]).size == (64, 48)
    around = Point(ROUTE[1][1], ROUTE[1][0]).buffer(0.002)
    drawn = session.canvass([Incident("B", [around], evening, at="2026-06-14T21:10")], partial="7A?C*", state="CA")
    assert drawn.vehicles["plate"].tolist()[0] == STOLEN


@pytest.mark.clause("422.4(c)")
def test_companions_come_in_the_departments_time_with_the_places_where_they_met(session: Session) -> None:
    found = session.co_travel(STOLEN, since="2026-06-14", until="2026-06-15")
    assert list(found.companions.columns) == list(companions.COLUMNS)
    assert list(found.passes.columns) == [*companions.PASSES, "geometry"]
    assert (found.n_own, len(found.companions), found.passes.crs) == (5, 0, "EPSG:4326")
    assert found.companions["last_at"].dt.tz == ZONE
    assert session.recorded()["what"].tolist() == ["co_travel"]
    assert found.companions.attrs["record_id"] == session.recorded()["record_id"].iloc[0]


@pytest.mark.clause("422.5")
def test_a_read_is_traced_in_the_departments_time(session: Session) -> None:
    found = session.plate_history(STOLEN)
    traced = session.lineage(found.iloc[0])
    steps = traced.steps()
    assert list(steps.columns) == ["section", "at", "what", "by"]
    assert steps["at"].iloc[0] == pd.Timestamp("2026-06-14T21:40:00", tz=ZONE)
    assert traced.part("reads")["plate"].tolist() == [STOLEN]
    assert "Landed with drop" in traced._repr_html_()
    assert session.recorded()["what"].tolist() == ["plate_history", "trace_read"]
    with pytest.raises(AlprError, match="no section"):
        traced.part("plates")


def test_counts_are_by_the_departments_hours(session: Session) -> None:
    found = session.counts(by=["hour", "weekday"], since="2026-06-14", until="2026-06-15", suppress=False)
    assert found.to_numpy().tolist() == [[21, 6, 10, False]]
    assert session.counts(by=["device"], since="2026-06-14")["suppressed"].all()
    assert session.recorded()["what"].tolist() == ["count_reads"] * 2
    assert found.attrs["record_id"] == session.recorded()["record_id"].iloc[0]


@pytest.mark.parametrize(
    ("since", "n"),
    [
        ("2026-06-14", 5),
        (date(2026, 6, 14), 5),
        ("2026-06-14T21:15", 3),
        (datetime(2026, 6, 14, 21, 15), 3),  # noqa: DTZ001 - an analyst's own
        (datetime(2026, 6, 14, 21, 15, tzinfo=ZONE), 3),
        ("2026-06-15T04:15:00Z", 3),
        ("2026-06-15", 0),
        (None, 5),
    ],
)
def test_a_time_without_an_offset_is_the_departments(session: Session, since: Any, n: int) -> None:
    assert len(session.plate_history(STOLEN, since=since)) == n


def test_a_hit_and_the_watches_are_asked_for_by_name_and_kept_in_what_was_asked(session: Session) -> None:
    hit_id = int(session.hits()["hit_id"].iloc[0])
    assert session.hit(hit_id)["status"] == "raised"
    watches = session.watches(running=True)
    assert list(watches.columns) == list(listing.COLUMNS)
    assert watches.attrs["record_id"] == session.recorded()["record_id"].iloc[-1]
    assert session.recorded()["n_rows"].tolist()[-2:] == [1, 0]
    assert session.verify() == 3


def test_a_picture_opens_from_a_row_of_either_table(session: Session) -> None:
    found, listed = session.plate_history(STOLEN), session.hits()
    assert session.image(found.iloc[0]).size == (64, 48)
    assert session.image(next(found.itertuples())).size == (64, 48)
    assert session.image(listed.iloc[0]).size == (64, 48)
    assert session.image(found.iloc[0], plate_only=True).size == (64, 44)
    with pytest.raises(AlprError, match="no picture"):
        session.image({"plate": STOLEN})


def test_what_was_asked_is_told_as_the_record_has_it_and_proven(live: Live, session: Session) -> None:
    before = live.n_recorded()
    session.plate_history(STOLEN)
    with session.case(purpose="missing_person", case_number="26-09999"):
        session.hits(category="missing_person")
    session.export("plate_history", plate=STOLEN)
    told = session.recorded()
    assert told["record_id"].tolist() == [before, before + 1, before + 2]
    assert told["case_number"].tolist() == [CASE, "26-09999", CASE]
    assert told["purpose"].tolist() == [PURPOSE, "missing_person", PURPOSE]
    assert told["what"].tolist() == ["plate_history", "view_hits", "export"]
    assert told["at"].dt.tz == ZONE
    assert session.verify() == 3


def test_an_entry_that_is_not_in_the_record_as_it_was_is_told(session: Session) -> None:
    from dataclasses import replace  # noqa: PLC0415

    session.hits()
    asked = session._answered[0]
    session._answered[0] = replace(asked, receipt=replace(asked.receipt, leaf_hash=b"\0" * 32))
    with pytest.raises(VerificationError):
        session.verify()


def test_an_unknown_purpose_is_told_with_the_known_ones_before_anything_is_asked(live: Live, session: Session) -> None:
    before = live.n_recorded()
    with pytest.raises(AlprError, match="stolen_vehicle"), session.case(purpose="curiosity", case_number=CASE):
        pass
    with pytest.raises(AlprError, match="stolen_vehicle"):
        sign_in(purpose="immigration", case_number=CASE)
    assert live.n_recorded() == before
    with pytest.raises(AccessRefusedError), session.case(case_number="no"):
        session.hits()


def test_the_session_shows_who_asks_what_for(session: Session) -> None:
    shown = session._repr_html_()
    for part in ("Pat Analyst", "Stolen vehicle", CASE, "2027-01-31", "sample"):
        assert part in shown
    assert CASE in repr(session)
    session.me = {**session.me, "name": "<script>"}
    assert "<script>" not in session._repr_html_()


def test_whoever_signs_in_by_hand_is_signed_out_by_hand(
    live: Live, environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ALPR_TOKEN")
    settings.cache_clear()
    user = live.enrolled()

    def secret(question: str) -> str:
        return PASSWORD if question.startswith("Password") else live.code(user)

    shown: list[str] = []
    session = sign_in(user=user, purpose=PURPOSE, case_number=CASE, person=Person(shown.append, input, secret))
    assert "official law-enforcement use" in shown[0]
    assert len(session.hits()) > 0
    session.sign_out()
    with pytest.raises(RuntimeError):
        session.hits()
