"""The page of a canvass: one place, so many minutes; what it shows is what is recorded, and nothing is in an address."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alpr_assets.access.record.entries import Outcome
from alpr_assets.access.roles import Role
from alpr_assets.console.pages import canvass
from alpr_assets.policy import Policy
from alpr_assets.sample.places import sample_places
from tests.console.hit_pages import send
from tests.live import ROUTE, STOLEN, Live, recorded_console

WHY = {"purpose": "stolen_vehicle", "case_number": "26-01234"}
HERE = f"{ROUTE[0][0]}, {ROUTE[0][1]}"
THEN = {**WHY, "place": HERE, "radius_m": "200", "minutes": "15", "happened_at": "2026-06-14T21:00"}


@pytest.fixture(scope="module")
def driven(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> Iterator[Live]:
    with recorded_console(tmp_path_factory.mktemp("canvass"), policy) as opened:
        yield opened


def ask(live: Live, role: Role = Role.OFFICER, **changes: Any) -> Any:
    return send(live.console, live.console.browser(role), "/search/canvass", **{**THEN, **changes})


@pytest.mark.clause("422.4(c)")
def test_who_was_near_is_shown_with_reasons_coverage_and_its_first_pictures(driven: Live) -> None:
    driven.console.recorder.entries.clear()
    answer = ask(driven)
    assert answer.status_code == 200
    page = answer.text
    assert STOLEN in page
    assert "Not seen is not" in page
    assert "1 reader looked there" in page
    assert page.count("data:image/png;base64,") == page.count('class="card lead"')
    asked, opened = driven.console.recorder.entries
    assert (asked.action, opened.action) == ("canvass", "open_image")
    assert (asked.outcome, opened.outcome) == (Outcome.ANSWERED, Outcome.ANSWERED)
    assert asked.elements["incidents"][0]["areas"][0]["radius_m"] == 200.0
    assert len(opened.elements["reads"]) == page.count('class="card lead"')


def test_a_partial_plate_narrows_it_and_can_be_watched_for(driven: Live) -> None:
    page = ask(driven, pattern="7a?c*", state="ca").text
    assert [re.sub(r"<[^>]+>", "", one) for one in re.findall(r'<span class="plate">(\w+)</span>', page)] == [STOLEN]
    assert "Watch for 7A?C*" in page
    browser = driven.console.browser(Role.OFFICER)
    form = send(driven.console, browser, "/watches/new", **WHY, pattern="7A?C*")
    assert 'value="7A?C*"' in form.text


def test_the_last_minutes_are_those_until_now(driven: Live) -> None:
    clock = driven.console.clock
    before = clock.now
    try:
        clock.now = datetime(2026, 6, 15, 4, 5, tzinfo=UTC)
        driven.console.recorder.entries.clear()
        assert STOLEN in ask(driven, happened_at="").text
        window = driven.console.recorder.entries[0].elements["incidents"][0]["windows"][0]
        assert window["until"] == clock.now.isoformat()
        assert window["since"] == (clock.now - timedelta(minutes=15)).isoformat()
    finally:
        clock.now = before


def test_a_crossing_or_an_address_is_a_place_too(driven: Live) -> None:
    """What is spelt right is taken; what may be meant is asked for. The words are in no entry of the record: the place is."""
    sample_places(driven.console.services.settings.path("data"), seed=422, at=driven.clock.now)
    driven.console.recorder.entries.clear()
    page = ask(driven, place="Oak Ave & 3rd St").text
    assert re.search(r"OAK AVE &amp; 3RD ST: 37\.97\d+, -121\.7\d+", page)
    (entry, *_) = driven.console.recorder.entries
    assert entry.elements["incidents"][0]["areas"][0]["coordinates"][1] == pytest.approx(37.976, abs=0.002)
    driven.console.recorder.entries.clear()
    page = ask(driven, place="511 oak").text
    assert "Which place is meant?" in page
    (latitude,) = re.findall(r'name="place" value="(37\.\d+), -121\.\d+">510 Oak Ave', page)
    assert float(latitude) == pytest.approx(37.98, abs=0.01)
    assert driven.console.recorder.entries == []


def test_nothing_seen_is_said_with_what_stands_in_between(driven: Live) -> None:
    page = ask(driven, happened_at="2026-03-01T04:00").text
    assert "No vehicle was seen" in page
    assert "reader looked there at all" in page


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"place": "zzqx"}, "latitude and longitude"),
        ({"place": "91, 0"}, "latitude"),
        ({"place": ""}, "latitude and longitude"),
        ({"radius_m": "999999"}, "radius"),
        ({"minutes": "999999"}, "hours together"),
        ({"minutes": "99999999999999999"}, "minutes"),
        ({"minutes": "-5"}, "a number"),
        ({"happened_at": "yesterday"}, "a time such as"),
        ({"happened_at": "2026-03-08T02:30"}, "skipped"),
        ({"pattern": "[["}, "pattern"),
    ],
)
def test_what_is_none_is_told_and_what_was_typed_stays(driven: Live, changes: dict[str, str], said: str) -> None:
    answer = ask(driven, **changes)
    assert answer.status_code == 400
    assert said in answer.text
    assert 'value="26-01234"' in answer.text


def test_without_purpose_or_number_it_is_refused_and_recorded(driven: Live) -> None:
    driven.console.recorder.entries.clear()
    for missing in WHY:
        answer = ask(driven, **{missing: ""})
        assert answer.status_code == 403
        assert STOLEN not in answer.text
    assert {entry.outcome for entry in driven.console.recorder.entries} == {Outcome.REFUSED}


@pytest.mark.parametrize("role", [Role.ENGINEER, Role.AUDITOR, Role.ATTORNEY, Role.ADMINISTRATOR])
def test_the_wrong_role_is_refused(driven: Live, role: Role) -> None:
    answer = ask(driven, role)
    assert answer.status_code == 403
    assert STOLEN not in answer.text


def test_place_and_plate_are_no_address_and_a_forged_form_does_nothing(driven: Live) -> None:
    browser = driven.console.browser(Role.OFFICER)
    address = browser.get(
        f"/search/canvass?place={HERE}&radius_m=200&minutes=15&{'&'.join(f'{k}={v}' for k, v in WHY.items())}"
    )
    assert "Recorded as entry" not in address.text
    driven.console.recorder.entries.clear()
    assert browser.post("/search/canvass", data=THEN).status_code == 403
    assert not [one for one in driven.console.recorder.entries if one.outcome is Outcome.ANSWERED]


def test_this_page_alone_may_ask_the_browser_where_it_is(driven: Live) -> None:
    browser = driven.console.browser(Role.OFFICER)
    assert "geolocation=(self)" in browser.get("/search/canvass").headers["permissions-policy"]
    assert "geolocation=()" in browser.get("/search/plate").headers["permissions-policy"]


def test_only_the_vehicles_that_are_shown_are_recorded_as_having_left(
    driven: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ask(driven, radius_m="2000").text
    monkeypatch.setattr(canvass, "ROWS", 1)
    driven.console.recorder.entries.clear()
    page = ask(driven, radius_m="2000").text
    assert page.count('class="card lead"') == 1 < whole.count('class="card lead"')
    assert 1 <= len(driven.console.recorder.entries[0].results) < 10
