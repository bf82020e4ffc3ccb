"""A console in which everything happened once: what each page needs to show its real content, made by the forms that people use."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from alpr_assets.access.audits import report, reviewing
from alpr_assets.access.record.exporting import snapshot
from alpr_assets.access.record.places import place_of
from alpr_assets.access.roles import Role
from alpr_assets.lifecycle.evidence import verifying
from alpr_assets.lifecycle.plate_digests import source_of
from alpr_assets.lifecycle.releases.points import Point
from alpr_assets.lifecycle.transparency import publishing
from alpr_assets.lifecycle.transparency.months import Month
from alpr_assets.store import alerts
from alpr_assets.store.engine import writing
from tests.console.api.conftest import ask, program
from tests.console.test_evidence_pages import ROOM, held, packed
from tests.console.test_incident_pages import THEN, WHY, Person
from tests.console.test_purge_pages import FILE, drafted
from tests.console.test_purge_pages import WHY as PURGE
from tests.console.test_release_pages import ASKED, YES, designate, known, sent, uploaded
from tests.live import STOLEN, Live, recorded_console
from tests.patrols import seen
from tests.policies import adopted

LATER = datetime(2026, 7, 12, 12, tzinfo=UTC)
"""When the pages are looked at: a month was published, accounts and training are due again."""


class Worker(Person):
    """A member at a page, whose forms carry the token that his session has."""

    def __init__(self, live: Live, role: Role, member_id: int | None = None) -> None:
        self.live = live
        self.member_id = live.console.member(role) if member_id is None else member_id
        self.browser = live.console.browser(self.member_id)
        self.token = live.console.form_token(self.browser)

    def send(self, path: str, **fields: Any) -> Any:
        return self.browser.post(path, data={"form_token": self.token, **fields})


class Everything:
    """Who works there, and what they did."""

    def __init__(self, live: Live, folder: Path) -> None:
        self.live, self.folder = live, folder
        self.people = {role: Worker(live, role) for role in Role if role is not Role.DISPATCHER}
        self.number = ""
        self.entry = ""

    def __getitem__(self, role: Role) -> Person:
        return self.people[role]

    def later(self, **by: float) -> None:
        """Time goes on: sessions end, so everybody signs in again."""
        self.live.clock.move(**by)
        self.people = {role: Worker(self.live, role, one.member_id) for role, one in self.people.items()}

    def told(self, role: Role, path: str, **fields: Any) -> Any:
        """A form that has to be taken."""
        answer = self[role].send(path, **fields)
        assert answer.status_code in {200, 303}, (path, answer.status_code, _alert(answer.text))
        return answer

    # ── what happens, in its order ─────────────────────────────────────────────────────────────────────────────

    def governing(self) -> None:
        where = "https://www.police.example/alpr"
        self.told(Role.COMMANDER, "/policy/in-force", act="put", posted_on="2026-06-01", posted_where=where)
        designate(self.live)

    def searching(self) -> None:
        """Eight times the same plate, mostly with a case that says nothing; a canvass under a provisional number, handed on."""
        for n in range(8):
            case = "test" if n < 5 else f"26-0123{n}"
            self.told(Role.OFFICER, "/search/plate", plate=STOLEN, purpose="stolen_vehicle", case_number=case)
        self.number = self[Role.OFFICER].number()
        to_id = str(self[Role.COMMANDER].member_id)
        self.told(Role.OFFICER, "/search/canvass/hand-over", **{**THEN, "case_number": self.number}, to_id=to_id)
        self.told(Role.COMMANDER, "/exports/take", **WHY, search="plate_history", plate=STOLEN, format="csv")
        client = program(self.live, self[Role.ANALYST].member_id)
        asked = ask(client, "locate/requests", plate=STOLEN, purpose="wanted_person")
        assert asked.status_code == 200, asked.text
        frozen = ask(client, "freeze", of={"search": "plate_history", "plate": STOLEN})
        assert frozen.status_code == 200, frozen.text

    def watching(self) -> None:
        partial = {"pattern": "8?YZ994", "reason": "seen leaving the scene", "expires_on": "2026-06-20", "place": "1"}
        self.told(Role.OFFICER, "/watches/new", **WHY, **partial)
        self.told(
            Role.ANALYST, "/watches/new", **WHY, **{**partial, "expires_on": "2026-07-14", "pattern": "8?YZ99[12]"}
        )
        self.told(Role.COMMANDER, "/watches/2/decide", **WHY, decision="approve", reason="grounds are given")

    def keeping(self) -> None:
        """One hold packed, booked and handed over; another lifted, and not booked."""
        held(self.live, self[Role.ANALYST])
        case = {"of_case": "26-01235", "ground": "criminal_evidence", "reason": "two cars", "review_on": "2026-06-28"}
        self.told(Role.SUPERVISOR, "/holds/new", **WHY, **case)
        lift = {"decision": "lift", "disposition": "not_evidence", "reason": "solved otherwise"}
        self.told(Role.SUPERVISOR, "/holds/2/decide", **WHY, **lift)
        self.told(Role.CUSTODIAN, "/unbooked/2", reason="no copy is needed")
        bag = packed(self[Role.ANALYST], self.folder / "usb")
        seen = {**WHY, "sha256": verifying.verify(bag).sha256, "is_whole": "1"}
        self.told(Role.OFFICER, "/evidence/1/book", **seen, **ROOM)
        self.told(
            Role.OFFICER, "/evidence/bookings/1/follow", **seen, to_whom="District Attorney", reason="the hearing"
        )

    def releasing(self) -> None:
        """One fulfilled, one to be reviewed, one by phone, one by a court's order; an agency with an agreement, one unverified."""
        number = known(self.live)
        terms = {"title": "Memorandum", "from_on": "2026-01-01", "to_on": "2026-12-31", "scopes": "plate"}
        uploaded(self[Role.CUSTODIAN], "/agencies/agreements", field="file", agency_id=number, **terms)
        for _ in range(2):
            uploaded(self[Role.OFFICER], "/releases/new", **ASKED, agency_id=number)
        sent(self[Role.COMMANDER], "/releases/1/decide", **WHY, **YES, decision="approve", reason="the same car")
        assert self[Role.CUSTODIAN].send("/releases/1/fulfil").status_code == 200
        phone = {f"is_{point.value}": "1" for point in Point}
        self.told(Role.COMMANDER, "/releases/exigent", **ASKED, **phone, agency_id=number, reason="a child was taken")
        uploaded(self[Role.CUSTODIAN], "/releases/order", **ASKED, agency_id=number)
        reno = {"name": "Reno Police", "kind": "law_enforcement", "jurisdiction": "other_state", "state": "NV"}
        self.told(Role.CUSTODIAN, "/agencies", **reno, contact="desk@example.gov", reason="their letterhead")

    def breached(self) -> None:
        told = {"what": "a password was found on a list that is sold", "discovered_at": "2026-06-15T11:00"}
        times = {"since_at": "2026-06-13T10:00", "until_at": "2026-06-15T12:00"}
        account = {"kind": "account", "number": str(self[Role.OFFICER].member_id)}
        self.told(Role.COMMANDER, "/breaches", **told, **times, **account)
        self.told(Role.COMMANDER, "/breaches/1/measure")
        self.told(Role.ATTORNEY, "/breaches/1/decide", decision="notice_owed", reason="names were with it")

    def alerting(self) -> None:
        """One destination approved, one proposed, one withdrawn; and an alert that did not arrive."""
        cad = {
            "act": "propose",
            "kind": "webhook",
            "address": "https://cad.example.gov/alerts",
            "sources": "department",
        }
        for name in ("CAD", "Watch commander's screen", "Old CAD"):
            self.told(Role.SUPERVISOR, "/destinations", **cad, name=name, categories="stolen_vehicle")
        self.told(Role.COMMANDER, "/destinations", act="approve", destination_id="1")
        self.told(Role.SUPERVISOR, "/destinations", act="withdraw", destination_id="3")
        at = self.live.clock.now
        dead = {
            "hit_id": self.live.patrol.hits()[0].hit_id, "destination_id": 1, "delivery_id": str(uuid.uuid4()),
            "state": "dead", "attempts": 8, "dead_after": 8, "created_at": at, "next_attempt_at": at, "ended_at": at, "last_error": "http_410",
        }  # fmt: skip
        with writing(self.live.console.services.store.engine) as connection:
            connection.execute(insert(alerts.outbox), dead)

    def joining(self) -> None:
        """Somebody proposed, a file of two more, a newcomer without training, an account that is due and one that nobody uses."""
        one = {
            "name": "Nell New",
            "user_name": "nnew",
            "title": "Police Officer",
            "agency": "CA0000000",
            "sources": "state",
        }
        self.told(Role.SUPERVISOR, "/members/propose", **one)
        lines = "\n".join(f"new{n},Newcomer {n},Police Officer,CA0000000,no,department,2026-06-01" for n in range(2))
        supervisor = self[Role.SUPERVISOR]
        header = re.findall(r"after this header: <span class=\"mono\">([^<]+)</span>", supervisor.get("/members/batch"))
        answer = supervisor.browser.post(
            "/members/batch", data={"form_token": self.live.console.form_token(supervisor.browser)},
            files={"file": ("academy.csv", f"{header[0]}\n{lines}\n".encode(), "text/csv")},
        )  # fmt: skip
        assert answer.status_code == 303, (header, _alert(answer.text))
        console, at = self.live.console, self.live.clock.now
        console.member(Role.OFFICER, name="Tim Untrained", trained_until=None)
        console.member(Role.OFFICER, name="Olive Oldtimer", status_at=at - timedelta(days=400), last_active_at=at)
        console.member(Role.OFFICER, name="Quiet Quinn", status_at=at, last_active_at=at - timedelta(days=50))
        newcomer = str(console.member(Role.OFFICER, name="Sam Soon", trained_until=date(2026, 8, 1)))
        self.told(Role.TRAINING_COORDINATOR, "/training", act="record", member_id=newcomer, completed_on="2026-06-10")
        own = {"act": "add", "member_id": str(self[Role.OFFICER].member_id), "relation": "household", "plate": STOLEN}
        self.told(Role.TRAINING_COORDINATOR, "/own-plates", **own)
        designation = {"name": "Lt. Night", "title": "Lieutenant", "from_on": "2026-06-20", "to_on": "2026-07-20"}
        assert uploaded(self[Role.CUSTODIAN], "/designee", field="file", succeeds="1", **designation).status_code == 200

    def auditing(self) -> None:
        """Audit 1 signed and reported, 2 under way with a finding, 3 planned; and the weekly list of signals."""
        on, auditor, custodian = self.live.clock.now.date(), self[Role.AUDITOR], self[Role.CUSTODIAN]
        wanted = {
            "frequency": "quarterly", "since_on": str(on - timedelta(days=30)), "until_on": str(on - timedelta(days=1)),
            "n_random": "1", "n_risk": "1", "auditor_id": str(auditor.member_id), "approver_id": str(custodian.member_id), "areas": "vague_reason",
        }  # fmt: skip
        yes = {"purpose_plausible": "yes", "case_exists": "yes", "scope_fits": "yes"}
        finding = {"text": "no case behind it", "owner_id": str(self[Role.ENGINEER].member_id)}
        for number in (1, 2, 3):
            self.told(Role.COMMANDER, "/audits/plan", **wanted)
            if number == 3:
                break
            self.told(Role.CUSTODIAN, f"/audits/{number}/decide", decision="approve", reason="as planned")
            first, second = re.findall(rf'action="/audits/{number}/entries/(\d+)"', auditor.get(f"/audits/{number}"))
            doubt = {"case_exists": "no", "note": "the records system has no such case"}
            self.told(Role.AUDITOR, f"/audits/{number}/entries/{first}/judge", **yes | doubt)
            self.told(Role.AUDITOR, f"/audits/{number}/findings", **finding, record_id=first)
            if number == 1:
                self.told(Role.AUDITOR, f"/audits/1/entries/{second}/judge", **yes)
                self.told(Role.CUSTODIAN, "/audits/1/decide", decision="sign", reason="read and agreed")
            self.entry = second
        services = self.live.console.services
        report.issue(services.office, 1, at=self.live.clock.now)
        week, source = reviewing.week_before(on), source_of(services.settings, services.policy)
        reviewing.make(services.store.engine, source, week, policy=services.policy, at=self.live.clock.now)

    @contextmanager
    def a_year_later(self) -> Iterator[None]:
        """Then there are purges. Afterwards it is as late as before: tests come in any order."""
        at, people = self.live.clock.now, dict(self.people)
        self.purging()
        yield
        self.live.clock.now, self.people = at, people

    def purging(self) -> None:
        """One plan cancelled, one waits for its approvals."""
        self.live.patrol.read(seen("8XYZ995"))  # what nobody holds
        captured = self.live.patrol.reads()[0].captured_at
        self.live.clock.now = captured + timedelta(days=400)
        until = self.live.clock.now.date() + timedelta(days=90)
        for role in (Role.COMMANDER, Role.CUSTODIAN):
            self.people[role] = Worker(self.live, role, self.live.console.member(role, trained_until=until))
        self.told(Role.CUSTODIAN, "/purges/plan", **PURGE, **FILE)
        drafted(self.live)
        self.told(Role.CUSTODIAN, "/purges/1/decide", **PURGE, decision="cancel", reason="the council wants to see it")
        self.told(Role.CUSTODIAN, "/purges/plan", **PURGE, **FILE)
        drafted(self.live, 2)

    def words(self) -> dict[str, str]:
        """What the addresses and forms of `visits` are filled in with."""
        read, other = (next(one for one in self.live.patrol.reads() if one.plate == it) for it in (STOLEN, "8XYZ991"))
        return {
            "plate": STOLEN, "day": str(read.day), "capture_id": str(read.capture_id), "read_id": str(read.read_id),
            "other_id": str(other.read_id),
            "hit_id": str(self.live.patrol.hits()[0].hit_id), "entry": self.entry,
            "officer": str(self[Role.OFFICER].member_id),
        }  # fmt: skip

    def publishing(self) -> None:
        self.live.clock.now = LATER
        place = place_of(self.live.console.services.settings)
        with snapshot(place.engine) as recorded:
            publishing.publish(self.live.console.services.office, recorded, Month.of(LATER.date()).before, at=LATER)
        place.engine.dispose()


def _alert(text: str) -> list[str]:
    return re.findall(r'role="alert">.*?</div>|<ul class="reasons">.*?</ul>', text, re.DOTALL)


@contextmanager
def everything(folder: Path) -> Iterator[Everything]:
    """The recorded drive under an adopted policy, and all of that; a month later."""
    with recorded_console(folder, adopted(folder)) as live:
        here = Everything(live, folder)
        for step in (
            here.governing, here.searching, here.watching, here.keeping, here.releasing, here.breached, here.alerting, here.joining
        ):  # fmt: skip
            step()
        here.later(days=9)
        here.auditing()
        here.publishing()
        here.later()
        yield here
