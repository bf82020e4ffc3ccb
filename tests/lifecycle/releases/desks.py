"""A department that is asked for data: who enters, reviews and fulfils; agencies of every kind, and what they write."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pyrage
from sqlalchemy import insert

from alpr_assets.access.roles import DATA, Action, Role
from alpr_assets.lifecycle.evidence import bags
from alpr_assets.lifecycle.holds.selectors import Selector
from alpr_assets.lifecycle.releases import agencies, agreements, entering, listing, reviewing
from alpr_assets.lifecycle.releases.agencies import AgencyKind, Described, Jurisdiction
from alpr_assets.lifecycle.releases.entering import Came, Request
from alpr_assets.lifecycle.releases.letters import Letter
from alpr_assets.lifecycle.releases.points import Point
from alpr_assets.lifecycle.releases.scopes import Scope
from alpr_assets.store import people
from alpr_assets.store.engine import writing
from tests.access.people import a_member
from tests.lifecycle.evidence.desks import DAY, NOON, NOW, Desk
from tests.people import CASE, PURPOSE, ask, gate_for, member, session
from tests.search.traffic import Pass

LETTER = Letter("letter.pdf", b"%PDF-1.7 to the records desk")
SINCE, UNTIL = datetime(2026, 6, 15, tzinfo=UTC), datetime(2026, 6, 17, tzinfo=UTC)
YES = {point.value: f"yes: asked about {point.value}" for point in Point}
KEY = pyrage.x25519.Identity.generate()

OUTSIDE = [
    ("U.S. Immigration and Customs Enforcement", AgencyKind.LAW_ENFORCEMENT, Jurisdiction.FEDERAL, ""),
    ("Federal Bureau of Investigation", AgencyKind.LAW_ENFORCEMENT, Jurisdiction.FEDERAL, "CA"),
    ("U.S. Attorney", AgencyKind.PROSECUTOR, Jurisdiction.FEDERAL, ""),
    ("Reno Police Department", AgencyKind.LAW_ENFORCEMENT, Jurisdiction.OTHER_STATE, "NV"),
    ("Maricopa County Attorney", AgencyKind.PROSECUTOR, Jurisdiction.OTHER_STATE, "AZ"),
    ("Texas Department of Health", AgencyKind.OTHER_PUBLIC, Jurisdiction.OTHER_STATE, "TX"),
    ("Tribal Police", AgencyKind.LAW_ENFORCEMENT, Jurisdiction.TRIBAL, "CA"),
    ("Policia de Tijuana", AgencyKind.LAW_ENFORCEMENT, Jurisdiction.FOREIGN, ""),
    ("Insurance Company", AgencyKind.PRIVATE, Jurisdiction.PRIVATE, "CA"),
]
"""Every kind of agency that gets nothing."""


def scope(pattern="7ABC123", *, pictures=False, hits=False, **changes) -> Scope:
    described = {"pattern": pattern, "since": SINCE, "until": UNTIL} | changes
    return Scope(selector=Selector(**described), with_pictures=pictures, with_hits=hits)


class ReleaseDesk(Desk):
    """With the bureau commander, and agencies that ask."""

    def __init__(self, store, policy, folder):
        super().__init__(store, policy, folder)
        self.commander = member(Role.COMMANDER, member_id=6, name="Cap Okada", title="Bureau Commander")
        self.auditor = member(Role.AUDITOR, member_id=8, name="Au Ditor")

    @property
    def gate(self):
        everybody = (
            self.analyst, self.officer, self.supervisor, self.custodian, self.attorney, self.commander, self.auditor,
        )  # fmt: skip
        return gate_for(self.policy, *everybody, recorder=self.recorder, now=self.now)

    def do(self, action, by, deed, *args, **more):
        """A member's deed; returns what it gives."""
        why = {"purpose": PURPOSE, "case_number": CASE} if action in DATA | {Action.ORDER_RELEASE} else {}
        asked = replace(ask(action, elements={}), **({"purpose": "", "case_number": ""} | why))
        bound = lambda grant, connection: deed(grant, connection, *args, **more)  # noqa: E731
        return self.gate.act(session(by), asked, self.store.engine, bound).rows

    def see(self, by, search, *args, **more):
        asked = replace(ask(Action.VIEW_RELEASES, elements={}), purpose="", case_number="")
        return self.gate.answer(session(by), asked, partial(search, *args, engine=self.store.engine, **more)).rows

    def designate(self, name="Lt. Day", title="Lieutenant"):
        row = {
            "name": name, "title": title, "from_on": date(2026, 1, 1), "to_on": None, "file_name": "d.pdf", "sealed_day": DAY,
            "sealed_sha256": "0" * 64, "recorded_at": NOON, "recorded_by": a_member(self.office, Role.CUSTODIAN).member_id,
        }  # fmt: skip
        with writing(self.store.engine) as connection:
            connection.execute(insert(people.designee), row)

    def agency(self, name="Contra Costa Sheriff", kind=AgencyKind.LAW_ENFORCEMENT, jurisdiction=Jurisdiction.CALIFORNIA, state="CA",
               *, ori="CA0070000", key=True, verified=True):  # fmt: skip
        described = Described(
            name=name, kind=kind, jurisdiction=jurisdiction, state=state, ori=ori, contact="desk@example.gov",
            recipient=str(KEY.to_public()) if key else "",
        )  # fmt: skip
        number = self.do(Action.KEEP_AGENCIES, self.custodian, agencies.propose, described, reason="their letterhead")
        if verified:
            self.do(Action.KEEP_AGENCIES, self.commander, agencies.verify, number, reason="called back")
        return number

    def request(self, agency_id, wanted=None, **changes) -> Request:
        said = {
            "agency_id": agency_id, "person": "Dana Cole", "person_title": "Detective", "asked_for": "robbery of 14 June", "statute":
            "Penal Code 211", "scope": wanted or scope(),
        } | changes  # fmt: skip
        return Request(**said)

    def enter(self, agency_id, wanted=None, *, by=None, letter=LETTER, came_at=None, **changes):
        return self.do(
            Action.ENTER_RELEASE, by or self.officer, entering.enter, self.store.received, self.request(agency_id, wanted, **changes), letter,
            came_by=Came.E_MAIL, came_at=came_at or self.now - timedelta(hours=1), policy=self.policy,
        )  # fmt: skip

    def exigent(self, agency_id, *, by=None, confirmed=tuple(Point), **changes):
        return self.do(
            Action.REVIEW_RELEASE, by or self.commander, entering.exigent, self.request(agency_id, **changes), reason="a child was taken",
            confirmed=confirmed, policy=self.policy,
        )  # fmt: skip

    def order(self, agency_id, *, by, **changes):
        return self.do(
            Action.ORDER_RELEASE, by, entering.order, self.store.received, self.request(agency_id, **changes), LETTER,
            came_at=self.now - timedelta(hours=1), policy=self.policy,
        )  # fmt: skip

    def approve(self, release_id, wanted=None, *, by=None, answers=YES):
        self.do(
            Action.REVIEW_RELEASE, by or self.commander, reviewing.approve, release_id, wanted or scope(), answers=answers,
            reason="their case needs it", policy=self.policy,
        )  # fmt: skip

    def agreement(self, agency_id, *, to_on=date(2026, 12, 31), scopes=("plate",)):
        return self.do(
            Action.KEEP_AGENCIES, self.custodian, agreements.enter, self.store.received, agency_id, LETTER, title="Memorandum 2026",
            from_on=date(2026, 1, 1), to_on=to_on, scopes=scopes,
        )  # fmt: skip

    def of(self, release_id, *, by=None):
        return self.see(by or self.commander, listing.release_of, release_id=release_id, at=self.now)

    def fulfil(self, release_id, *, by=None):
        return self.packer.release(session(by or self.custodian), release_id).rows

    def unpacked(self, release_id, medium):
        """What the agency has once it opened it with its own key."""
        packed = self.fulfil(release_id)
        with packed.spool as spool:
            content = pyrage.decrypt(b"".join(spool.chunks()), [KEY])
        with bags.unpacked(io.BytesIO(content)) as tar:
            tar.extractall(medium, filter="data")
        (bag,) = medium.iterdir()
        return bag


__all__ = ["DAY", "KEY", "LETTER", "NOON", "NOW", "OUTSIDE", "SINCE", "UNTIL", "YES", "Pass", "ReleaseDesk", "scope"]
