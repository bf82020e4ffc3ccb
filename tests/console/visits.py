"""Which pages are looked at, by whom, with what told: one line a page, over a console in which everything happened (`everything`).

A route that answers a page, and a template of a page, must be on one of these lines (`test_accessibility`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from alpr_assets.access.roles import Role
from tests.console.test_incident_pages import THEN, WHY
from tests.console.test_purge_pages import WHY as PURGE

SEARCHES = {"action": "plate_history", "outcome": "answered"}


@dataclass(frozen=True)
class Visit:
    """One page: its path and what is told there are filled in by `everything`; told something, it is asked by POST."""

    path: str
    shows: str
    told: dict[str, str] = field(default_factory=dict)
    owes: str = ""
    """Which step of the sign-in is still owed."""
    status: int = 200
    small: bool = False
    """Looked at on a phone too: its tables are others there."""

    @property
    def name(self) -> str:
        return f"{'POST' if self.told else 'GET'} {self.path}"


READ = {**WHY, "day": "{day}", "capture_id": "{capture_id}", "read_id": "{read_id}"}
LOOK = {"look": "1"}
"""For pages that are asked by POST with nothing to tell."""

ANYBODY: Final = (
    Visit("/policy", "policy.html"),
    Visit("/transparency", "transparency.html", small=True),
    Visit("/sign-in", "sign_in.html"),
    Visit("/sign-in", "sign_in.html", {"user": "nobody", "password": "wrong"}, status=403),
)
OWED: Final = (
    Visit("/sign-in/second-factor", "second_factor.html", owes="enrolment"),
    Visit("/sign-in/second-factor", "second_factor.html", {"begin": "1"}, owes="enrolment"),
    Visit("/sign-in/second-factor", "second_factor.html", owes="code"),
    Visit("/sign-in/notice", "notice.html", owes="notice"),
)
VISITS: Final[dict[Role, tuple[Visit, ...]]] = {
    Role.COMMANDER: (
        Visit("/", "home.html"),
        Visit("/hits", "hits.html", WHY, small=True),
        Visit("/hits/{hit_id}", "hit_why.html"),
        Visit("/hits/{hit_id}", "hit.html", WHY, small=True),
        Visit("/watches", "watches.html"),
        Visit("/watches", "watches.html", WHY, small=True),
        Visit("/watches/1", "watch_why.html"),
        Visit("/watches/2", "watch.html", WHY),
        Visit("/search/plate", "plate.html", {**WHY, "plate": "{plate}"}, small=True),
        Visit("/search/picture", "picture.html", READ),
        Visit("/search/lineage", "lineage.html", {**WHY, "read_id": "{other_id}"}, small=True),
        Visit("/holds", "holds.html", WHY),
        Visit("/releases", "releases.html"),
        Visit("/releases/2", "release.html"),
        Visit("/releases/exigent", "release_new.html"),
        Visit("/releases/recipients?quarter=2026-Q2", "recipients.html", small=True),
        Visit("/agencies", "agencies.html"),
        Visit("/exports", "exports.html"),
        Visit("/members", "members.html", small=True),
        Visit("/members/{officer}", "member.html"),
        Visit("/members/batch", "batch.html"),
        Visit("/members/onboarding", "onboarding.html"),
        Visit("/members/reviews", "account_reviews.html", small=True),
        Visit("/policy/in-force", "policy_in_force.html"),
        Visit("/breaches", "breaches.html"),
        Visit("/audits", "audits.html"),
        Visit("/sessions", "sessions.html"),
        Visit("/sign-in/password", "password.html"),
        Visit("/nowhere", "refused.html", status=404),
    ),
    Role.OFFICER: (
        Visit("/watches/new", "watch_new.html"),
        Visit("/search/canvass", "canvass.html"),
        Visit("/search/canvass", "canvass.html", {**THEN, "pattern": "7A?C*"}),
        Visit("/incidents", "incidents.html"),
        Visit("/evidence", "evidence.html", WHY),
        Visit("/holds/new", "hold_new.html"),
        Visit("/releases/new", "release_new.html"),
    ),
    Role.ANALYST: (
        Visit("/evidence/new", "evidence_new.html"),
        Visit("/exports", "exports.html", small=True),
        Visit("/search/correct", "correct.html", READ),
        Visit("/search/correct", "corrected.html", {**READ, "corrected_plate": "7ABC128", "reason": "an 8 at the end"}),
    ),
    Role.ATTORNEY: (Visit("/unbooked", "unbooked.html"), Visit("/breaches/1", "breach.html")),
    Role.CUSTODIAN: (
        Visit("/designee", "designee.html"),
        Visit("/due", "due.html"),
        Visit("/releases/order", "release_new.html"),
        Visit("/releases/1", "release.html"),
        Visit("/audits/3", "audit.html"),
    ),
    Role.TRAINING_COORDINATOR: (
        Visit("/training", "training.html", small=True),
        Visit("/own-plates", "own_plates.html"),
    ),
    Role.AUDITOR: (
        Visit("/record", "record.html", SEARCHES, small=True),
        Visit("/record/verify", "record.html", LOOK),
        Visit("/record/3", "entry.html", {"elements": "1"}),
        Visit("/audits/2", "audit.html", small=True),
        Visit("/audits/2/entries/{entry}", "audit_entry.html", LOOK),
        Visit("/reviews", "reviews.html"),
    ),
    Role.SUPERVISOR: (Visit("/destinations", "destinations.html"),),
    Role.ADMINISTRATOR: (Visit("/members/{officer}", "one_time.html", {"act": "reset_password"}),),
}
A_YEAR_LATER: Final[dict[Role, tuple[Visit, ...]]] = {
    Role.COMMANDER: (Visit("/purges", "purges.html", PURGE),),
    Role.CUSTODIAN: (
        Visit("/purges", "purges.html"),
        Visit("/purges", "purges.html", PURGE, small=True),
        Visit("/exports", "exports.html"),
    ),
}
EVERY: Final = (
    *ANYBODY,
    *OWED,
    *(one for table in (VISITS, A_YEAR_LATER) for visits in table.values() for one in visits),
)

NOT_PAGES: Final[dict[str, str]] = {
    "/map/base/{row:int}/{column:int}": "a map's tile, as JSON",
    "/sign-in/provider": "leads to the identity provider",
    "/sign-in/provider/back": "leads on at once (provider.html)",
    "/hits/banner": "a part of home and of the hits, looked at there",
    "/hits/stream": "events",
    "/policy/text": "plain text",
    "/transparency.json": "JSON",
    "/transparency.schema.json": "JSON",
    "/healthz": "empty",
    "/purges/{plan_id:int}/certificate": "JSON",
    "/purges/{plan_id:int}/completion": "JSON",
    "/releases/{release_id:int}/letters/{letter_id:int}": "somebody's upload, as a file",
    "/agencies/agreements/{agreement_id:int}": "somebody's upload, as a file",
    "/designee/{designee_id:int}": "somebody's upload, as a file",
    "/breaches/{breach_id:int}/notice/{name:str}": "a draft, as plain text",
    "/record/head.{ending:str}": "a sheet to print, as a file: among the papers",
    "/audits/{audit_id:int}/report.{ending:str}": "a report, as a file: among the papers",
}
"""Routes that are asked by GET and answer no page of the console, and why."""

ELSEWHERE: Final[dict[str, str]] = {
    "again.html": "sends the browser on before anybody sees it",
    "provider.html": "sends the browser on before anybody sees it",
}
"""Templates of whole pages that no line above shows, and why."""
