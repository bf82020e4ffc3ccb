"""What is counted of a month, a section a population: add one here and it stands on the page, in the report and under the rules.

Here: counting, with every cell of a section present whatever its number. Not here: what is hidden (`cells`), publishing (`publishing`).
A section's cells are disjoint, and no two sections count one population: else their sums would tell what each of them hides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import Final

from sqlalchemy import Connection, func, select

from alpr_assets.access import exports
from alpr_assets.access.record import reading as record
from alpr_assets.access.record.entries import Kind, Outcome
from alpr_assets.access.roles import QUESTIONS, Action
from alpr_assets.lifecycle.hits.precision import verdict
from alpr_assets.lifecycle.holds import listing
from alpr_assets.lifecycle.hotlists.categories import Category
from alpr_assets.lifecycle.releases.agencies import KINDS, AgencyKind
from alpr_assets.lifecycle.releases.listing import n_decided
from alpr_assets.lifecycle.retention.judging import judge_days
from alpr_assets.lifecycle.transparency.cells import Cell, exact, volume
from alpr_assets.lifecycle.transparency.months import Month
from alpr_assets.policy import Policy
from alpr_assets.store import schema
from alpr_assets.store.audits import audit_decision, audit_item, finding
from alpr_assets.store.purges import purge_certificate, purge_day

COVERT: Final = "Investigations whose kind is not told"
OTHER: Final = "Other, or none of the policy's purposes"
VERDICTS: Final = {"right": "Confirmed by a person", "wrong": "Found wrong", "none": "Neither of the two"}
SEARCHES: Final = QUESTIONS - {Action.OPEN_IMAGE, Action.VIEW_HITS, Action.EXPORT}
"""Questions about vehicles; looking at a picture or at hits that were raised is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where a month is counted. record: the access record's own database; on: the department's date of counting"""

    connection: Connection
    record: Connection
    policy: Policy
    month: Month
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One table of the page.

    population : what an event of it is; no other section has the same
    recorded : each event is an entry of the access record, whose size a head tells
    """

    code: str
    title: str
    note: str
    population: str
    count: Callable[[Sources], Iterable[Cell]]
    recorded: bool = False


def captures(of: Sources) -> Iterator[Cell]:
    day = schema.capture_day.c
    n = of.connection.scalar(
        select(func.sum(day.n_captures)).where(day.day >= of.month.first, day.day < of.month.next.first)
    )
    yield Cell(row="Pictures taken by readers", **volume(int(n or 0), base=of.policy.transparency.round_to))


def hits(of: Sources) -> Iterator[Cell]:
    hit, zone = schema.hit.c, of.policy.zone
    decided = verdict().label("verdict")
    raised = (hit.raised_at >= of.month.since(zone), hit.raised_at < of.month.until(zone))
    rows = of.connection.execute(
        select(hit.category, decided, func.count()).where(*raised).group_by(hit.category, decided)
    )
    counts: Counter[tuple[str, str]] = Counter()
    for category, said, n in rows:
        counts[_named(category, of.policy), VERDICTS[said]] += n
    categories = [_named(category, of.policy) for category in Category]
    yield from _grid(counts, categories, VERDICTS.values(), of.policy)


def searches(of: Sources) -> Iterator[Cell]:
    zone, columns = of.policy.zone, {Outcome.ANSWERED: "Answered", Outcome.REFUSED: "Refused"}
    rows = record.counted(of.record, kind=Kind.QUERY, since=of.month.since(zone), until=of.month.until(zone))
    counts: Counter[tuple[str, str]] = Counter()
    for action, outcome, purpose, n in rows:
        if action in SEARCHES and outcome in columns:
            counts[_named(purpose, of.policy), columns[outcome]] += n
    purposes = [_named(one.code, of.policy) for one in of.policy.purposes]
    yield from _grid(counts, purposes, columns.values(), of.policy)


def purges(of: Sources) -> Iterator[Cell]:
    issued, zone = purge_certificate.c, of.policy.zone
    n = select(func.sum(purge_day.c.n_destroyed)).where(purge_day.c.plan_id == issued.plan_id).scalar_subquery()
    within = (issued.issued_at >= of.month.since(zone), issued.issued_at < of.month.until(zone))
    rows = of.connection.execute(
        select(issued.plan_id, issued.sha256, n.label("n")).where(*within).order_by(issued.plan_id)
    )
    for row in rows:
        shown = volume(int(row.n or 0), base=of.policy.transparency.round_to)
        yield Cell(row=f"Purge {row.plan_id}: pictures destroyed", reference=row.sha256, **shown)


def audits(of: Sources) -> Iterator[Cell]:
    """What the department says of itself: neither number is of vehicles, and findings are hidden while they may name somebody.

    Entries that were looked at are taken for entries of their own by the rule for heads: a head is shown less often by it, never more.
    """
    decided, zone = audit_decision.c, of.policy.zone
    within = (decided.decided_at >= of.month.since(zone), decided.decided_at < of.month.until(zone))
    signed = list(
        of.connection.scalars(
            select(decided.audit_id).where(decided.kind == "signed", *within).order_by(decided.audit_id)
        )
    )
    items, found = audit_item.c, finding.c
    n_items = of.connection.scalar(select(func.count()).where(items.audit_id.in_(signed))) or 0
    n_found = of.connection.scalar(select(func.count()).where(found.audit_id.in_(signed))) or 0
    yield Cell(row="Audits signed off", count=len(signed))
    yield Cell(row="Entries of the access record that they looked at", count=n_items)
    yield Cell(row="Findings", **exact(n_found, small=of.policy.transparency.small_cell))


def released(of: Sources) -> Iterator[Cell]:
    zone, columns = of.policy.zone, {"fulfilled": "Given data", "denied": "Denied"}
    rows = n_decided(of.connection, since=of.month.since(zone), until=of.month.until(zone), kinds=tuple(columns))
    counts = Counter({(KINDS[kind], columns[decision]): n for kind, decision, n in rows})
    asking = [title for kind, title in KINDS.items() if kind is not AgencyKind.PRIVATE]
    for row, column in product(asking, columns.values()):
        yield Cell(
            row=row.capitalize(), column=column, **exact(counts[row, column], small=of.policy.transparency.small_cell)
        )


def overdue(of: Sources) -> Iterator[Cell]:
    figures = of.policy.transparency
    days = judge_days(of.connection, policy=of.policy, on=of.on)
    n_late = int(days.loc[days["is_overdue"], "n_eligible"].sum())
    yield Cell(row="Pictures that should have been destroyed", **volume(n_late, base=figures.round_to))
    for row, n in (
        ("Evidence holds whose review is overdue", len(listing.overdue(of.connection, of.on))),
        ("Exported files that should be gone", len(exports.overdue(of.connection, of.on))),
    ):
        yield Cell(row=row, **exact(n, small=figures.small_cell))


SECTIONS: Final = (
    Section(
        code="captures", title="Pictures", count=captures, population="picture, by its day",
        note="By UTC day, as counted when the month was published; what came in later is not in it.",
    ),
    Section(
        code="hits", title="Hits on the lists", count=hits, population="hit, by the moment it was raised",
        note="A hit asks a person to look at the picture. What people had found is what was decided when the month was published.",
    ),
    Section(
        code="searches", title="Searches", count=searches, population="question, by the moment it was recorded", recorded=True,
        note="Questions of members about vehicles, by the purpose each of them states; refused ones are recorded like the others.",
    ),
    Section(
        code="purges", title="Destroyed", count=purges, population="destroyed picture, by its purge's certificate",
        note="Each purge has a certificate; its SHA-256 stands here, and in the access record.",
    ),
    Section(
        code="releases", title="Data for other agencies", count=released, population="decision on a request, by its moment", recorded=True,
        note="Only California public agencies can be given any. What was asked for in writing, by order of a court, or by phone and then in writing.",
    ),
    Section(
        code="audits", title="Audits", count=audits, population="audit, by the moment it was signed off", recorded=True,
        note="By samples that nobody chooses (422.6(c)). How a sample is drawn again is told in the report of each audit.",
    ),
    Section(
        code="overdue", title="Overdue", count=overdue, population="what was overdue when the month was published",
        note="What the department owed by its own policy when the month was published.",
    ),
)  # fmt: skip
"""In the page's order. A test refuses two of one code or one population."""

RECORDED: Final = frozenset(one.code for one in SECTIONS if one.recorded)


def _named(code: str, policy: Policy) -> str:
    """A category's or purpose's title in the public's words; the covert ones are one, and what the policy does not know is another."""
    if code in policy.transparency.covert:
        return COVERT
    return next((purpose.title for purpose in policy.purposes if purpose.code == code), OTHER)


def _grid(
    counts: Counter[tuple[str, str]], rows: Iterable[str], columns: Iterable[str], policy: Policy
) -> Iterator[Cell]:
    """Every cell, nought as well: which cells there are says nothing."""
    for row, column in product(dict.fromkeys([*rows, OTHER]), list(columns)):
        yield Cell(row=row, column=column, **exact(counts[row, column], small=policy.transparency.small_cell))
