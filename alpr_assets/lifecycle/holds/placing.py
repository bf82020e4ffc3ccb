"""Holds placed, extended and lifted by members (422.5).

Here: a member's acts on holds. Each is a deed for `Gate.act`: it is done only where the record has it. Not here: what is covered
(`covering`), destroying.

Placing locks every day that the hold may cover, and looks only then: what a purge destroyed just before is told and not promised. What
is acknowledged stands, and a purge that comes after sees it. Lifting one hold frees nothing that another covers.
What a lifted hold kept stays until it is booked or that is waived (`settling`).
A lift says what became of the evidence; one that frees more captures than the policy's figure is proposed by one person and done by
another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, insert, select, update

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.reasons import written
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action, may
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError, NotFoundError
from alpr_assets.lifecycle.hits.entitlement import visible
from alpr_assets.lifecycle.holds import covering, joining, settling
from alpr_assets.lifecycle.holds.cases import Path, Shown
from alpr_assets.lifecycle.holds.covering import Impact
from alpr_assets.lifecycle.holds.selectors import Ground, Named, Selector
from alpr_assets.lifecycle.lookalikes import fold
from alpr_assets.lifecycle.watches.patterns import parse
from alpr_assets.policy import Policy
from alpr_assets.store import schema
from alpr_assets.store.conditions import among
from alpr_assets.store.holds import MAX_REASON, hold, hold_decision, hold_item

NOTHING: Final = Shown()
ByPath = Mapping[Path, set[Named]]


class Disposition(StrEnum):
    """What became of the evidence that a hold kept."""

    BOOKED = "booked"
    CASE_CLOSED = "case_closed"
    NOT_EVIDENCE = "not_evidence"
    COURT_RELEASED = "court_released"
    PLACED_IN_ERROR = "placed_in_error"


@dataclass(frozen=True, slots=True)
class Placed:
    """A hold that stands, and what it covers now."""

    hold_id: int
    impact: Impact


def place(
    grant: Grant,
    connection: Connection,
    wanted: Selector,
    *,
    ground: Ground,
    reason: str,
    review_on: date,
    policy: Policy,
    shown: Shown = NOTHING,
) -> Found[Placed]:
    """Place a hold; it stands from now on.

    Parameters
    ----------
    review_on : the department's date by which somebody looks whether it is still needed
    shown : of a case, what `joining.shown_under` found

    Raises
    ------
    AccessRefusedError : the grant is for another ask
    MalformedError : `hold`, `case`, `pattern_…`, `window`, `reason`, `review`: what of it is wrong
    NotFoundError : something that it names is not there, or was destroyed, or nothing is of that case; nothing was placed
    """
    grant.require(Action.PLACE_HOLD)
    wanted = wanted.check(policy)
    line = written(reason, most=MAX_REASON)
    _check_review(review_on, grant, policy)
    _lock_days(connection, wanted)
    captures, told = _found(grant, connection, wanted, shown)
    pattern = wanted.pattern or None
    row = {
        "ground": ground.value, "purpose": grant.ask.purpose, "case_number": grant.ask.case_number, "reason": line,
        "member_id": grant.member.member_id, "placed_at": grant.at, "pattern": pattern,
        "plate_folded": fold(pattern) if pattern and not parse(pattern).is_partial else None,
        "area": wanted.area.geojson() if wanted.area else None, "device_id": wanted.device_id or None,
        "since_at": wanted.since, "until_at": wanted.until, "of_case": wanted.case or None,
        "n_items": len(captures) if wanted.names or wanted.case else 0,
        "status": "standing", "review_on": review_on, "n_decisions": 0,
    }  # fmt: skip
    placed = connection.execute(insert(hold).returning(hold), row).one()
    if row["n_items"]:
        items = [{"hold_id": placed.hold_id, "day": day, "capture_id": number} for day, number in captures]
        connection.execute(insert(hold_item), items)
    ids = _decide(connection, grant, placed, "placed", line)
    effect = _told(connection, captures, told, besides=placed.hold_id)
    return Found(Placed(placed.hold_id, effect), ids)


def preview(
    grant: Grant, connection: Connection, wanted: Selector, *, policy: Policy, shown: Shown = NOTHING
) -> Found[Impact]:
    """What a hold would cover now. Raises as `place`, for what it holds."""
    grant.require(Action.PLACE_HOLD)
    wanted = wanted.check(policy)
    return Found(_told(connection, *_found(grant, connection, wanted, shown)), [])


def extend(
    grant: Grant, connection: Connection, hold_id: int, *, review_on: date, reason: str, policy: Policy
) -> Found[None]:
    """Look again, and keep it: until another date.

    Raises
    ------
    AccessRefusedError : the grant is for another ask
    IllegalMoveError : it is lifted
    MalformedError : `review`, `reason`
    NotFoundError : there is no such hold
    """
    grant.require(Action.PLACE_HOLD)
    row = _standing(connection, hold_id)
    _check_review(review_on, grant, policy)
    return Found(
        None, _decide(connection, grant, row, "extended", written(reason, most=MAX_REASON), review_on=review_on)
    )


def preview_lift(grant: Grant, connection: Connection, hold_id: int) -> Found[Impact]:
    """What a standing hold covers now, and of it what others hold too: the rest is free once it is lifted.

    Raises AccessRefusedError, IllegalMoveError, NotFoundError as `lift`.
    """
    grant.require(Action.LIFT_HOLD)
    return Found(impact_of(connection, _standing(connection, hold_id)), [ResultId("hold", None, hold_id)])


@dataclass(frozen=True, slots=True)
class Lifted:
    """What became of an ask to lift.

    impact : what the hold covered then, and of it what others hold
    is_lifted : False: proposed, another does it
    is_settled : False: what it kept stays until it is booked, or both say why not (`settling`)
    """

    impact: Impact
    is_lifted: bool = True
    is_settled: bool = False


def lift(
    grant: Grant, connection: Connection, hold_id: int, *, disposition: Disposition, reason: str, policy: Policy
) -> Found[Lifted]:
    """Let go of what a hold kept; where that frees many captures, by two people.

    Raises
    ------
    AccessRefusedError : the grant is for another ask; `own_proposal`: who proposed does not lift as well
    IllegalMoveError : it is lifted already
    MalformedError : `reason`
    NotFoundError : there is no such hold
    """
    grant.require(Action.LIFT_HOLD)
    row, line = _standing(connection, hold_id), written(reason, most=MAX_REASON)
    effect = impact_of(connection, row)
    freed = effect.n_captures - effect.n_held
    proposal = _proposal(connection, row)
    if freed > policy.holds.second_approver_captures:
        if proposal is None:
            ids = _decide(connection, grant, row, "lift_proposed", line, disposition=disposition)
            return Found(Lifted(effect, is_lifted=False), ids)
        if proposal.member_id == grant.member.member_id:
            raise AccessRefusedError(("who proposed the lift does not do it as well",), codes=("own_proposal",))
    ids = _decide(connection, grant, row, "lifted", line, disposition=disposition)
    return Found(Lifted(effect, is_settled=settling.settle(connection, hold_id, at=grant.at)), ids)


def impact_of(connection: Connection, row: Any) -> Impact:
    """What a standing hold covers now, and of it what others hold too."""
    return covering.impact(connection, covering.of_hold(connection, row), besides=row.hold_id)


# ── parts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _found(grant: Grant, connection: Connection, wanted: Selector, shown: Shown) -> tuple[list[Named], ByPath]:
    """The captures that a hold would hold; and of a case those that the member may be told of. Raises NotFoundError."""
    if wanted.case:
        told = joining.captures_by_path(connection, wanted.case, shown, visible=visible(grant))
        if not told:
            raise NotFoundError(
                "nothing that is in the store was shown, frozen or hit under that number",
                remedy="look at the number; or hold a plate, or an area and a time",
            )
        return sorted(set[Named]().union(*joining.captures_by_path(connection, wanted.case, shown).values())), told
    if not wanted.names:
        return covering.covered(connection, wanted), {}
    captures_named, missing = covering.named(connection, wanted)
    missing += _unseen(grant, connection, wanted.hits)
    if missing:
        raise NotFoundError(
            f"not in the store: {', '.join(missing[:5])}{' …' if len(missing) > 5 else ''}",
            remedy="leave it out; a purge certificate says whether and when it was destroyed",
        )
    return captures_named, {}


def _unseen(grant: Grant, connection: Connection, hits: Sequence[int]) -> list[str]:
    """Hits that the member may not see: to him they are not there, unless a purge's plan names them to him, to be held."""
    if not hits or may(grant.member.role, Action.PLAN_PURGE):
        return []
    number = schema.hit.c.hit_id
    wanted = among(connection.dialect.name, number, list(hits))
    there = set(connection.scalars(select(number).where(wanted)))
    seen = set(connection.scalars(select(number).where(wanted, *visible(grant))))
    return [f"hit {one}" for one in hits if one in there - seen]


def _told(connection: Connection, captures: Sequence[Named], told: ByPath, *, besides: int | None = None) -> Impact:
    """What is told of what is held: of a case without hits that the member may not see, which are held all the same."""
    if not told:
        return covering.impact(connection, captures, besides=besides)
    seen = covering.impact(connection, sorted(set[Named]().union(*told.values())), besides=besides)
    return replace(seen, by_path={path: len(of) for path, of in told.items()})


def _lock_days(connection: Connection, wanted: Selector) -> None:
    """Wait for whoever destroys on a day that the hold may cover, and let none begin until this transaction has ended.

    In the order of days: two of these never wait for each other. On SQLite the writing transaction is the lock.
    """
    if connection.dialect.name == "sqlite":
        return
    day, where = schema.capture_day.c.day, list[ColumnElement[bool]]()
    if wanted.captures or wanted.reads:
        where.append(day.in_(sorted({one for one, _ in (*wanted.captures, *wanted.reads)})))
    if wanted.since:
        where.append(day >= wanted.since.astimezone(UTC).date())
    if wanted.until:
        where.append(day <= wanted.until.astimezone(UTC).date())
    if wanted.hits or wanted.case:
        where = []  # a pass may lie on two days: all of them
    connection.execute(select(day).where(*where).order_by(day).with_for_update(read=True)).all()


def _standing(connection: Connection, hold_id: int) -> Any:
    """The hold, locked against other decisions."""
    row = connection.execute(select(hold).where(hold.c.hold_id == hold_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no hold {hold_id}")
    if row.status != "standing":
        raise IllegalMoveError(f"hold {hold_id} is lifted already", remedy="place a new one")
    return row


def _proposal(connection: Connection, row: Any) -> Any:
    """The newest decision, where it proposes to lift."""
    decision = hold_decision.c
    newest = connection.execute(
        select(hold_decision).where(decision.hold_id == row.hold_id, decision.seq == row.n_decisions)
    ).one()
    return newest if newest.kind == "lift_proposed" else None


def _decide(
    connection: Connection, grant: Grant, row: Any, kind: str, reason: str, *, review_on: date | None = None,
    disposition: Disposition | None = None,
    ) -> list[ResultId]:  # fmt: skip
    until = review_on or row.review_on
    number: int = connection.execute(
        insert(hold_decision).returning(hold_decision.c.decision_id),
        {
            "hold_id": row.hold_id, "seq": row.n_decisions + 1, "kind": kind, "decided_at": grant.at,
            "member_id": grant.member.member_id, "reason": reason, "disposition": disposition, "review_on": until,
        },
    ).scalar_one()  # fmt: skip
    status = "lifted" if kind == "lifted" else "standing"
    changed = {"status": status, "review_on": until, "n_decisions": row.n_decisions + 1}
    connection.execute(update(hold).where(hold.c.hold_id == row.hold_id).values(changed))
    return [ResultId("hold", None, row.hold_id), ResultId("hold_decision", None, number)]


def _check_review(review_on: date, grant: Grant, policy: Policy) -> None:
    today = grant.at.astimezone(policy.zone).date()
    if not today < review_on <= today + timedelta(days=policy.holds.review_days):
        raise MalformedError(
            "review",
            f"a hold is reviewed after today and within {policy.holds.review_days} days",
            remedy="give another date",
        )
