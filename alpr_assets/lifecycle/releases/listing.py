"""The file of releases: requests with all decisions, the registry of agencies, and who was given what (422.7(c)).

Here: reading, for people who may see it, and counts. Not here: acts. Lists hold no plate; one release's own page holds what was asked for.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

import pandas as pd
from sqlalchemy import Connection, Engine, Select, Table, func, or_, select

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action, Role
from alpr_assets.errors import NotFoundError
from alpr_assets.lifecycle.releases.agencies import AgencyKind
from alpr_assets.lifecycle.releases.scopes import Scope
from alpr_assets.store.engine import reading
from alpr_assets.store.evidence import evidence_package
from alpr_assets.store.releases import agency, agency_decision, agreement, release, release_decision, release_letter

ROWS: Final = 200
"""Releases that are shown at once."""

SEE_ALL: Final = frozenset({Role.SUPERVISOR, Role.COMMANDER, Role.CUSTODIAN, Role.ATTORNEY, Role.AUDITOR})
"""Who sees the whole file; others see what they entered."""

OPEN: Final = ("asked", "approved", "routed")


def sees(grant: Grant, entered_by: int) -> bool:
    """Whether a member sees a release that somebody entered."""
    return grant.member.role in SEE_ALL or entered_by == grant.member.member_id


def releases(
    grant: Grant, engine: Engine, *, at: datetime, text: str = "", status: str = ""
) -> Found[list[dict[str, Any]]]:
    """Releases, open ones first, then the newest; the first `ROWS`.

    Parameters
    ----------
    text : part of an agency's name, a person's name or a case number; empty: any
    status : one only; empty: any

    Returns
    -------
    A dict a release: its columns but for scopes, `scope_kind`, `agency_name`, `agency_kind`, `overdue`
    """
    grant.require(Action.VIEW_RELEASES)
    one = release.c
    statement = _rows().order_by(one.status.in_(OPEN).desc(), one.release_id.desc()).limit(ROWS)
    if grant.member.role not in SEE_ALL:
        statement = statement.where(one.member_id == grant.member.member_id)
    if status:
        statement = statement.where(one.status == status)
    if text.strip():
        wanted = text.strip().lower()
        said = (agency.c.name, one.person, one.case_number)
        statement = statement.where(or_(*(func.lower(column).contains(wanted, autoescape=True) for column in said)))
    with reading(engine) as connection:
        rows = [_told(row, at) for row in connection.execute(statement).mappings()]
    for row in rows:
        row["scope_kind"] = row.pop("scope").kind
        row.pop("approved_scope")
    return Found(rows, [ResultId("release", None, row["release_id"]) for row in rows])


def release_of(grant: Grant, engine: Engine, release_id: int, *, at: datetime) -> Found[dict[str, Any]]:
    """One release: as above with `scope` and `approved_scope` (a Scope, or None), `decisions`, `letters`, `packages`, `agreement_title`.

    Raises NotFoundError : there is none, or one does not see it
    """
    grant.require(Action.VIEW_RELEASES)
    package = evidence_package.c
    with reading(engine) as connection:
        row = connection.execute(_rows().where(release.c.release_id == release_id)).mappings().one_or_none()
        if row is None or not sees(grant, row["member_id"]):
            raise NotFoundError(f"there is no release {release_id}")
        found = _told(row, at)
        for name, table in (("decisions", release_decision), ("letters", release_letter)):
            found[name] = _all(connection, select(table).where(table.c.release_id == release_id), table)
        columns = [package[name] for name in ("package_id", "packed_at", "name", "sha256", "n_captures", "n_bytes")]
        packed = select(*columns).where(package.release_id == release_id).order_by(package.package_id)
        found["packages"] = [dict(one) for one in connection.execute(packed).mappings()]
        title = select(agreement.c.title).where(agreement.c.agreement_id == row["agreement_id"])
        found["agreement_title"] = connection.scalar(title)
    return Found(found, [ResultId("release", None, release_id)])


def registry(grant: Grant, engine: Engine) -> Found[list[dict[str, Any]]]:
    """Agencies by name, retired ones last: their columns, `decisions`, and `agreements`, the newest first."""
    grant.require(Action.VIEW_RELEASES)
    with reading(engine) as connection:
        rows = [
            dict(row)
            for row in connection.execute(
                select(agency).order_by(agency.c.status == "retired", func.lower(agency.c.name), agency.c.agency_id)
            ).mappings()
        ]
        decisions = _all(connection, select(agency_decision), agency_decision)
        agreements = _all(connection, select(agreement), agreement)
    for row in rows:
        row["decisions"] = [one for one in decisions if one["agency_id"] == row["agency_id"]]
        row["agreements"] = [one for one in reversed(agreements) if one["agency_id"] == row["agency_id"]]
    return Found(rows, [ResultId("agency", None, row["agency_id"]) for row in rows])


RECIPIENTS: Final = (
    "fulfilled_at", "release_id", "agency", "agency_kind", "person", "asked_as", "statute", "asked_for", "scope", "captures", "reads",
    "destroyed_by",
)  # fmt: skip


def recipients(grant: Grant, engine: Engine, *, since: datetime, until: datetime) -> Found[pd.DataFrame]:
    """Who was given what in a time, the earliest first; `until` excluded. Columns RECIPIENTS, `fulfilled_at` in UTC; no plate.

    Only for who sees the whole file: others get what they entered.
    """
    grant.require(Action.VIEW_RELEASES)
    one, decision = release.c, release_decision.c
    statement = (
        select(
            decision.decided_at, one.release_id, agency.c.name, agency.c.kind, one.person, one.kind.label("asked_as"), one.statute,
            one.asked_for, one.approved_scope, decision.n_captures, decision.n_reads, decision.until_on,
        )
        .join(release, one.release_id == decision.release_id)
        .join(agency, agency.c.agency_id == one.agency_id)
        .where(decision.kind == "fulfilled", decision.decided_at >= since, decision.decided_at < until)
        .order_by(decision.decided_at, decision.decision_id)
    )  # fmt: skip
    if grant.member.role not in SEE_ALL:
        statement = statement.where(one.member_id == grant.member.member_id)
    with reading(engine) as connection:
        rows = connection.execute(statement).tuples().all()
    told = [(*row[:8], Scope.of(row[8]).kind, *row[9:]) for row in rows]
    frame = pd.DataFrame(told, columns=list(RECIPIENTS))
    return Found(frame, [ResultId("release", None, number) for number in dict.fromkeys(row[1] for row in rows)])


def n_asked(connection: Connection) -> int:
    """Written requests that wait for their review: told to who reviews."""
    waiting = select(func.count()).where(release.c.status == "asked", release.c.kind == "written")
    return connection.scalar(waiting) or 0


def n_decided(
    connection: Connection, *, since: datetime, until: datetime, kinds: tuple[str, ...]
) -> list[tuple[AgencyKind, str, int]]:
    """How many decisions of these kinds there were in a time, by the kind of agency: kind of agency, kind of decision, number."""
    decision = release_decision.c
    rows = connection.execute(
        select(agency.c.kind, decision.kind, func.count())
        .join(release, release.c.release_id == decision.release_id)
        .join(agency, agency.c.agency_id == release.c.agency_id)
        .where(decision.kind.in_(kinds), decision.decided_at >= since, decision.decided_at < until)
        .group_by(agency.c.kind, decision.kind)
    ).tuples()
    return [(AgencyKind(kind), what, n) for kind, what, n in rows]


def counts(connection: Connection, *, at: datetime, on: date) -> dict[str, Any]:
    """For whoever looks after the file, and has no grant.

    Returns
    -------
    by_status, fulfilled_by_kind : dict of counts; overdue_exigent, overdue_records, overdue_destruction : ids
    """
    one, decision = release.c, release_decision.c
    by_status = connection.execute(select(one.status, func.count()).group_by(one.status)).tuples().all()
    kinds = (
        select(agency.c.kind, func.count())
        .join(release, one.agency_id == agency.c.agency_id)
        .where(one.status == "fulfilled")
        .group_by(agency.c.kind)
    )
    late = select(one.release_id).where(one.due_at < at).order_by(one.release_id)
    confirmed = select(decision.release_id).where(decision.kind == "destroyed")
    kept = (
        select(decision.release_id)
        .where(decision.kind == "fulfilled", decision.release_id.not_in(confirmed))
        .group_by(decision.release_id)
        .having(func.max(decision.until_on) < on)
    )
    return {
        "by_status": dict(by_status),
        "fulfilled_by_kind": dict(connection.execute(kinds).tuples().all()),
        "overdue_exigent": list(connection.scalars(late.where(one.kind == "exigent", one.completed_at.is_(None)))),
        "overdue_records": list(connection.scalars(late.where(one.status == "routed"))),
        "overdue_destruction": sorted(connection.scalars(kept)),
    }


# ── parts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _rows() -> Select[Any]:
    named = agency.c.name.label("agency_name"), agency.c.kind.label("agency_kind")
    return select(release, *named).join(agency, agency.c.agency_id == release.c.agency_id)


def _told(row: Any, at: datetime) -> dict[str, Any]:
    found = dict(row)
    found["scope"] = Scope.of(row["scope"])
    found["approved_scope"] = Scope.of(row["approved_scope"]) if row["approved_scope"] else None
    waits = row["status"] == "routed" or (row["kind"] == "exigent" and row["completed_at"] is None)
    found["overdue"] = waits and row["due_at"] < at
    return found


def _all(connection: Connection, statement: Select[Any], table: Table) -> list[dict[str, Any]]:
    key = next(iter(table.primary_key.columns))
    return [dict(row) for row in connection.execute(statement.order_by(key)).mappings()]
