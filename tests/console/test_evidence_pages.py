"""Evidence by page: packed from a hold, booked by what verify.py said, followed; and what lifted holds keep, waived by two."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from alpr_assets.access.roles import Role
from alpr_assets.lifecycle.evidence import verifying
from alpr_assets.policy import Policy
from alpr_assets.store.engine import reading, writing
from alpr_assets.store.evidence import evidence_item, evidence_package
from alpr_assets.store.holds import hold
from tests.console.test_incident_pages import Person
from tests.live import STOLEN, Live, recorded_console

WHY = {"purpose": "stolen_vehicle", "case_number": "26-01234"}
ROOM = {
    "item_number": "26-01234-3",
    "media": "USB drive",
    "media_serial": "SN 4711",
    "to_whom": "property room, locker 7",
}


@pytest.fixture
def night(tmp_path: Any, policy: Policy) -> Iterator[Live]:
    with recorded_console(tmp_path, policy) as opened:
        yield opened


def held(live: Live, who: Person) -> None:
    on = (live.clock.now.date()).replace(day=28).isoformat()
    said = who.send(
        "/holds/new", **WHY, pattern=STOLEN, ground="criminal_evidence", reason="seen at the scene", review_on=on
    )
    assert "Hold 1 stands" in said.text


def packed(who: Person, medium: Path, **options: str) -> Path:
    """A package as a browser gets it, unpacked."""
    answer = who.send("/evidence/new", **WHY, **{"hold_id": "1", "pictures": "original", **options})
    assert answer.status_code == 200, answer.text
    name = re.search(r'filename="(.+)\.tar"', answer.headers["content-disposition"])
    assert name
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as tar:
        tar.extractall(medium, filter="data")
    return medium / name[1]


def forgotten(live: Live, *, plan_id: int) -> None:
    """As a purge does it, two years after all of it was booked."""
    with writing(live.console.services.store.engine) as connection:
        nothing = {"pattern": "", "plate_folded": None, "forgotten_at": live.clock.now, "forgotten_by": plan_id}
        connection.execute(update(hold).values(nothing))


@pytest.mark.clause("422.5")
def test_from_the_page_of_holds_to_the_property_room(night: Live, tmp_path: Path) -> None:
    analyst, boss = Person(night, Role.ANALYST), Person(night, Role.SUPERVISOR)
    held(night, analyst)
    listed = boss.send("/holds", **WHY).text
    assert "Pack it" in listed
    assert "Pack it" not in Person(night).send("/holds", **WHY).text  # an officer books, and does not pack
    form = analyst.send("/evidence/new", **WHY, hold_id="1", begin="1").text
    assert 'name="hold_id" value="1"' in form
    nobody = analyst.send("/evidence/new", **WHY, hold_id="1", pictures="covered")
    assert (nobody.status_code, "somebody&#39;s plate visible" in nobody.text) == (400, True)
    bag = packed(analyst, tmp_path / "usb")
    said = verifying.verify(bag)
    assert said.status == 0
    officer = Person(night)
    page = officer.send("/evidence", **WHY).text
    assert said.sha256 in page
    assert "not booked" in page
    unseen = officer.send("/evidence/1/book", **WHY, **ROOM, sha256=said.sha256)
    assert (unseen.status_code, "does not hold package 1 whole" in unseen.text) == (409, True)
    booked = officer.send("/evidence/1/book", **WHY, **ROOM, sha256=said.sha256, is_whole="1")
    assert "Booked as 26-01234-3." in booked.text
    handed = officer.send(
        "/evidence/bookings/1/follow", **WHY, to_whom="District Attorney", reason="hearing", sha256=said.sha256, is_whole="1"
    )  # fmt: skip
    assert "from property room, locker 7 to District Attorney: hearing" in handed.text
    broken = officer.send("/evidence/bookings/1/follow", **WHY, reason="check", sha256="0" * 64, is_whole="1")
    assert "It is NOT what left" in broken.text
    assert "1 booked package is not what left" in boss.get("/")
    lifted = boss.send("/holds/1/decide", **WHY, decision="lift", disposition="booked", reason="booked as 26-01234-3")
    assert "are held by no other.<" in lifted.text  # and nothing is said of what waits: all of it is booked
    forgotten(night, plan_id=7)
    for page in (boss.send("/holds", **WHY).text, boss.send("/evidence", **WHY).text):
        assert "what it held was destroyed by purge 7" in page
        assert STOLEN not in page
    anew = analyst.send("/evidence/new", **WHY, hold_id="1", pictures="original")
    assert (anew.status_code, "what hold 1 held was destroyed by purge 7" in anew.text) == (409, True)
    with reading(night.console.services.store.engine) as connection:
        day, capture_id = connection.execute(select(evidence_item.c.day, evidence_item.c.capture_id)).first() or (
            None,
            0,
        )
    traced = boss.send("/search/lineage", **WHY, day=str(day), capture_id=str(capture_id)).text
    assert "Package 1 has it" in traced
    assert re.search(r"hold description destroyed by purge.{0,40}7", traced, re.DOTALL)


@pytest.mark.clause("422.5")
def test_what_is_lifted_and_not_booked_waits_for_custodian_and_attorney(night: Live) -> None:
    boss, custodian = Person(night, Role.SUPERVISOR), Person(night, Role.CUSTODIAN)
    held(night, boss)
    gone = boss.send("/holds/1/decide", **WHY, decision="lift", disposition="not_evidence", reason="solved otherwise")
    assert "They stay until they are booked" in gone.text
    assert "lifted, not booked" in gone.text
    attorney = Person(night, Role.ATTORNEY)
    page = attorney.get("/unbooked")
    assert "5 captures are in no booked package" in page
    assert STOLEN not in page
    assert "1 lifted hold is neither booked" in attorney.get("/")
    first = custodian.send("/unbooked/1", reason="no copy is needed")
    assert "the other one says why as well" in first.text
    twice = custodian.send("/unbooked/1", reason="once more")
    assert (twice.status_code, "waived so already" in twice.text) == (409, True)
    assert "frees what it kept" in attorney.send("/unbooked/1", reason="agreed in writing").text
    with reading(night.console.services.store.engine) as connection:
        assert connection.scalar(select(hold.c.settled_at)) is not None
        assert connection.execute(select(evidence_package)).all() == []
    for role in (Role.OFFICER, Role.SUPERVISOR, Role.COMMANDER, Role.AUDITOR):
        assert Person(night, role).browser.get("/unbooked").status_code == 403
