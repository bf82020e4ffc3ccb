"""Papers that the system does not end: which of them are past their class's maximum, for the custodian to look at (422.5, Gov. Code 34090(d)).

Here: requests of other agencies with their letters, agreements, breaches, audits, by number and date. Not here: what is in them, destroying.
A paper's years begin with the last that happened to it: a decision, a letter, a move of a finding, the day by which a recipient has destroyed
what he got, an agreement's last day. So one that was never finished is looked at, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, Select, func, select

from alpr_assets.lifecycle.retention.rules import years_after
from alpr_assets.policy import Policy
from alpr_assets.store.audits import audit, audit_decision, finding, finding_move
from alpr_assets.store.breaches import breach, breach_decision
from alpr_assets.store.releases import agreement, release, release_decision, release_letter

RELEASES: Final = "releases"
ACCOUNTABILITY: Final = "accountability"


@dataclass(frozen=True, slots=True, order=True)
class Paper:
    """A paper that somebody looks at. review_by: the last day of its class's maximum; kind: in words, such as breach"""

    review_by: date
    kind: str
    number: int
    last_on: date


def past_maximum(connection: Connection, policy: Policy, on: date) -> list[Paper]:
    """Papers past their class's maximum on the department's date, the longest overdue first."""
    found = (
        Paper(years_after(last_on, policy.retention[of].maximum_years), kind, number, last_on)
        for of, kind, number, last_on in _papers(connection, policy)
    )
    return sorted(paper for paper in found if paper.review_by < on)


def _papers(connection: Connection, policy: Policy) -> Iterator[tuple[str, str, int, date]]:
    """Class, kind, number, and the department's date of the last that happened, of every paper."""
    decided, letter, moved = release_decision.c, release_letter.c, finding_move.c
    of_findings = select(finding.c.audit_id, func.max(moved.decided_at)).join(
        finding_move, moved.finding_id == finding.c.finding_id
    )
    opened = select(finding.c.audit_id, func.max(finding.c.opened_at)).where(finding.c.audit_id.is_not(None))
    of = (
        (
            RELEASES, "release", (
                select(release.c.release_id, release.c.entered_at),
                select(decided.release_id, func.max(decided.decided_at)).group_by(decided.release_id),
                select(decided.release_id, func.max(decided.until_on)).group_by(decided.release_id),
                select(letter.release_id, func.max(letter.attached_at)).group_by(letter.release_id),
            ),
        ),
        (
            RELEASES, "agreement", (
                select(agreement.c.agreement_id, agreement.c.to_on), select(agreement.c.agreement_id, agreement.c.entered_at),
            ),
        ),
        (
            ACCOUNTABILITY, "breach", (
                select(breach.c.breach_id, breach.c.reported_at),
                select(breach_decision.c.breach_id, func.max(breach_decision.c.decided_at)).group_by(breach_decision.c.breach_id),
            ),
        ),
        (
            ACCOUNTABILITY, "audit", (
                select(audit.c.audit_id, audit.c.made_at),
                select(audit_decision.c.audit_id, func.max(audit_decision.c.decided_at)).group_by(audit_decision.c.audit_id),
                opened.group_by(finding.c.audit_id),
                of_findings.where(finding.c.audit_id.is_not(None)).group_by(finding.c.audit_id),
            ),
        ),
    )  # fmt: skip
    for kind_of, kind, statements in of:
        for number, last_on in _last(connection, policy, statements).items():
            yield kind_of, kind, number, last_on


def _last(connection: Connection, policy: Policy, statements: tuple[Select[Any], ...]) -> dict[int, date]:
    """By number the newest date that any of these says."""
    last: dict[int, date] = {}
    for statement in statements:
        for number, at in connection.execute(statement).tuples():
            if at is not None:
                on = at.astimezone(policy.zone).date() if isinstance(at, datetime) else at
                last[number] = max(on, last.get(number, on))
    return last
