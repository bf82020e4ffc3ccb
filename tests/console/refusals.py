"""Forms of the console that are refused, each by somebody who may send it: over `everything`."""

from __future__ import annotations

from typing import Final

from alpr_assets.access.roles import Role
from tests.console.test_evidence_pages import ROOM
from tests.console.test_incident_pages import WHY
from tests.console.test_purge_pages import FILE
from tests.console.test_purge_pages import WHY as PURGE
from tests.console.test_release_pages import ASKED, YES

BY_PHONE = {name: value for name, value in ASKED.items() if not name.startswith("came")}
REFUSED: Final[tuple[tuple[Role, str, dict[str, str]], ...]] = (
    (Role.OFFICER, "/evidence/1/book", {**WHY, **ROOM, "sha256": "0" * 64, "is_whole": "1"}),
    (Role.OFFICER, "/evidence/bookings/1/follow", {**WHY, "to_whom": "a court", "reason": "x", "sha256": "0" * 64}),
    (Role.ATTORNEY, "/unbooked/2", {"reason": "x"}),
    (Role.ANALYST, "/exports/kept", {"export_id": "2", "reason": "x"}),
    (Role.COMMANDER, "/holds/1/decide", {**WHY, "decision": "extend", "review_on": "2026-08-01", "reason": "x"}),
    (Role.COMMANDER, "/holds/1/decide", {**WHY, "decision": "lift", "disposition": "case_closed", "reason": "x"}),
    (Role.CUSTODIAN, "/agencies/1/decide", {"decision": "key", "recipient": "age1not", "reason": "by e-mail"}),
    (Role.CUSTODIAN, "/agencies/1/decide", {"decision": "retire", "reason": "x"}),
    (
        Role.CUSTODIAN,
        "/agencies/agreements",
        {"agency_id": "1", "title": "Another", "from_on": "2026-01-01", "scopes": "area"},
    ),
    (
        Role.COMMANDER,
        "/releases/2/decide",
        {"decision": "approve", **YES, "answer_need": "x", "reason": "the same car"},
    ),
    (Role.COMMANDER, "/releases/2/decide", {"decision": "deny", "reason": "x"}),
    (
        Role.COMMANDER,
        "/releases/exigent",
        {**BY_PHONE, "agency_id": "1", "reason": "a child was taken"},
    ),
    (Role.COMMANDER, "/audits/plan", {"since_on": "2026-07-01", "n_random": "9", "areas": "volume"}),
    (Role.CUSTODIAN, "/audits/3/decide", {"decision": "approve", "reason": "x"}),
    (
        Role.AUDITOR,
        "/audits/2/findings",
        {"text": "no case behind it", "record_id": "1", "owner_id": "{officer}", "due_on": "2026-07-20"},
    ),
    (
        Role.AUDITOR,
        "/findings/2/move",
        {"audit_id": "2", "note": "talked to him", "move": "extended", "due_on": "2026-01-01"},
    ),
    (
        Role.AUDITOR,
        "/reviews/1/decide",
        {"week_on": "2026-06-15", "decision": "refer", "note": "x", "due_on": "2026-07-20"},
    ),
    (
        Role.TRAINING_COORDINATOR,
        "/own-plates",
        {"act": "add", "member_id": "{officer}", "relation": "household", "plate": "7A?C*"},
    ),
    (Role.TRAINING_COORDINATOR, "/training", {"act": "record", "member_id": "{officer}", "completed_on": "2026-12-31"}),
    (Role.COMMANDER, "/members/propose", {"name": "No Title", "user_name": "notitle", "sources": "federal"}),
    (Role.COMMANDER, "/members/{officer}", {"act": "suspend", "reason": "what is longer than a reason can be"}),
    (Role.COMMANDER, "/members/reviews", {"member_id": "{officer}", "note": "looked at the roster; " * 15}),
    (Role.CUSTODIAN, "/designee", {"name": "Lt. Noon", "title": "Lieutenant", "from_on": "2026-07-20"}),
    (Role.COMMANDER, "/policy/in-force", {"act": "end", "reason": "x"}),
    (Role.COMMANDER, "/breaches", {"what": "a list was lost", "kind": "drop", "number": "1"}),
    (Role.COMMANDER, "/breaches/1/decide", {"decision": "closed", "reason": "all is done"}),
    (Role.COMMANDER, "/watches/2/decide", {**WHY, "decision": "extend", "expires_on": "", "reason": "it goes on"}),
    (
        Role.SUPERVISOR,
        "/destinations",
        {"act": "propose", "name": "No scheme", "address": "cad.example.gov", "tolerant": "1"},
    ),
)
"""Forms that are refused, by who sends them: each page shows what was typed, so that nobody has to say it twice (WCAG 3.3.7)."""

A_YEAR_LATER: Final[tuple[tuple[Role, str, dict[str, str]], ...]] = (
    (Role.CUSTODIAN, "/purges/plan", {**PURGE, **FILE, "consent": "x"}),
    (Role.CUSTODIAN, "/purges/clock", {**PURGE, "reason": "x"}),
    (Role.CUSTODIAN, "/purges/2/decide", {**PURGE, "decision": "approve", "reason": "x"}),
    (Role.COMMANDER, "/purges/2/decide", {**PURGE, "decision": "cancel", "reason": "x"}),
)
