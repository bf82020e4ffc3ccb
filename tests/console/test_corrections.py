"""Correcting a read by page: from its history or its picture, beside what was read, recorded, and found again (Civ. 1798.90.51)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from alpr_assets.access.record.entries import Outcome
from alpr_assets.access.roles import Role
from alpr_assets.policy import Policy
from alpr_assets.store import schema, verdicts
from alpr_assets.store.engine import reading
from tests.console.consoles import Browser, Console, open_console
from tests.live import STOLEN, drive
from tests.patrols import AT, Patrol

WHY = {"purpose": "stolen_vehicle", "case_number": "26-01234"}


@pytest.fixture
def driven(tmp_path, policy: Policy) -> Iterator[Console]:
    """A console over a drive: one stolen car past five readers; 8XYZ991 is listed too."""
    opened = open_console(tmp_path, policy)
    drive(Patrol(opened.services.store, tmp_path / "drops", policy, AT + timedelta(hours=12)))
    yield opened
    opened.close()


def send(console: Console, browser: Browser, path: str, **fields: Any) -> Any:
    return browser.post(path, data={"form_token": console.form_token(browser), **WHY, **fields})


def read_of(console: Console, plate: str) -> dict[str, Any]:
    with reading(console.services.store.engine) as connection:
        row = connection.execute(schema.read.select().where(schema.read.c.plate == plate)).first()
    return {"day": row.day.isoformat(), "capture_id": row.capture_id, "read_id": row.read_id}


SAID = {
    "corrected_plate": "8xyz 991",
    "corrected_state": "NV",
    "reason": "a 1 at the end",
    "asked_by": "the registered owner",
}


def test_a_read_is_corrected_from_its_history_and_found_by_the_corrected_plate(driven: Console):
    browser = driven.browser(Role.ANALYST)
    which = read_of(driven, STOLEN)
    history = send(driven, browser, "/search/plate", plate=STOLEN)
    assert f'name="read_id" value="{which["read_id"]}"' in history.text
    form = send(driven, browser, "/search/correct", **which)
    assert form.text.count("data:image/") == 2
    done = send(driven, browser, "/search/correct", **which, **SAID)
    assert done.status_code == 200
    (hit_id,) = re.findall(r'href="/hits/(\d+)"', done.text)
    found = send(driven, browser, "/search/plate", plate="8XYZ991").text
    assert re.search(rf"{STOLEN}</span>\s*<br><span class=\"small\">corrected: <span class=\"plate\">8XYZ991", found)
    told = [(entry.action, entry.outcome) for entry in driven.recorder.entries]
    assert told == [
        ("plate_history", Outcome.ANSWERED), ("open_image", Outcome.ANSWERED), ("correct_read", Outcome.DONE),
        ("plate_history", Outcome.ANSWERED),
    ]  # fmt: skip
    act = driven.recorder.entries[2]
    assert {one.kind for one in act.results} == {"read", "correction", "hit"}
    assert int(hit_id) in {one.id for one in act.results if one.kind == "hit"}
    assert act.elements["plate"] == "8XYZ991"
    with reading(driven.services.store.engine) as connection:
        (kept,) = connection.execute(verdicts.read_correction.select())
    assert (kept.plate, kept.region) == ("8XYZ991", "nv")
    assert kept.reason == "a 1 at the end (asked for by the registered owner)"


def test_the_picture_leads_to_the_correction(driven: Console):
    which = read_of(driven, STOLEN)
    page = send(driven, driven.browser(Role.OFFICER), "/search/picture", **which).text
    form = re.search(r'action="/search/correct">(.*?)</form>', page, re.DOTALL)
    assert form
    for name, value in which.items():
        assert f'name="{name}" value="{value}"' in form.group(1)


@pytest.mark.parametrize(
    ("wrong", "status", "told"),
    [
        ({"corrected_plate": "!"}, 400, "letters and digits"), ({"corrected_plate": ""}, 400, "letters and digits"),
        ({"corrected_state": "C1"}, 400, "two letters"), ({"reason": ""}, 400, "reason"),
        ({"corrected_plate": "8XYZ990", "corrected_state": ""}, 409, "says so already"),
    ],
)  # fmt: skip
def test_what_is_no_correction_is_told_beside_the_picture_and_keeps_nothing(
    driven: Console, wrong: dict[str, str], status: int, told: str
):
    answer = send(
        driven, driven.browser(Role.ANALYST), "/search/correct", **read_of(driven, "8XYZ990"), **{**SAID, **wrong}
    )
    assert answer.status_code == status
    assert told in answer.text
    assert "data:image/" in answer.text
    with reading(driven.services.store.engine) as connection:
        assert connection.execute(verdicts.read_correction.select()).all() == []


@pytest.mark.parametrize("role", [Role.ENGINEER, Role.AUDITOR, Role.ATTORNEY, Role.ADMINISTRATOR])
def test_who_reads_no_data_corrects_none(driven: Console, role: Role):
    answer = send(driven, driven.browser(role), "/search/correct", **read_of(driven, "8XYZ990"), **SAID)
    assert answer.status_code == 403
    assert [entry.outcome for entry in driven.recorder.entries] == [Outcome.REFUSED]
