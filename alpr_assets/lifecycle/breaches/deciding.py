"""Breaches reported, measured, decided on, closed: each an act of its own, with one entry of the access record (Civ. Code 1798.29).

Here: the acts, and reading what was done. Not here: finding the data (`measuring`), dates (`deadlines`).

    reported ──► measured (again, as more is known) ──► notice owed ──► individuals notified ──► (Attorney General) ──► closed
                                                   └──► notice not owed ─────────────────────────────────────────────────┘

Whether notice is owed is the city attorney's to decide, and he may decide anew. Nothing is closed before he did, and before what he
said is owed was sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Connection, Engine, insert, select, update

from alpr_assets.access import register
from alpr_assets.access.acting import Act, Office, acting, authorised
from alpr_assets.access.reasons import written
from alpr_assets.access.record.entries import Actor
from alpr_assets.access.roles import Action, Role
from alpr_assets.errors import AccessRefusedError, IllegalMoveError, MalformedError, NotFoundError
from alpr_assets.lifecycle.breaches.deadlines import Deadline, deadlines, newest_ruling
from alpr_assets.lifecycle.breaches.measuring import Measure
from alpr_assets.lifecycle.breaches.suspecting import Suspected
from alpr_assets.policy import Policy
from alpr_assets.store.breaches import MAX_TEXT, breach, breach_decision, breach_measure
from alpr_assets.store.engine import reading

WHO: Final[Mapping[str, frozenset[Role]]] = MappingProxyType(
    {
        "notice_owed": frozenset({Role.ATTORNEY}),
        "notice_not_owed": frozenset({Role.ATTORNEY}),
        "delayed": frozenset({Role.ATTORNEY, Role.COMMANDER}),
        "individuals_notified": frozenset({Role.COMMANDER}),
        "attorney_general_notified": frozenset({Role.COMMANDER, Role.ATTORNEY}),
        "closed": frozenset({Role.COMMANDER}),
    }
)
"""Decisions, and whose each is."""


MOST_NOTIFIED: Final = 1_000_000_000
"""More individuals than there are vehicles: a mistyped number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """One breach as it stands.

    measures, decisions : rows of `breach_measure` (without items) and `breach_decision`, the oldest first
    deadlines : of one that is open; none of a closed one
    """

    breach_id: int
    reported_at: datetime
    member_id: int
    discovered_at: datetime
    what: str
    suspected: Suspected
    status: str
    measures: tuple[Any, ...]
    decisions: tuple[Any, ...]
    deadlines: tuple[Deadline, ...]

    def n_overdue(self, on: date) -> int:
        """How many things were to be done before a department date, and were not."""
        return sum(one.is_overdue(on) for one in self.deadlines)


def report(
    office: Office, *, what: str, discovered_at: datetime, suspected: Suspected, by: Actor, at: datetime
) -> int:  # fmt: skip
    """Write a breach down, with all that is known. Returns its id.

    Parameters
    ----------
    what : what is known to have happened; no plate belongs into it
    discovered_at : when the department learned of it, an aware instant

    Raises AccessRefusedError; MalformedError: nothing said, a time to come, or nothing to find its data by.
    """
    with acting(office, Action.REPORT_BREACH, by, at=at) as act:
        member = authorised(act, Action.REPORT_BREACH, office.policy)
        if discovered_at > at:
            raise MalformedError("breach", "it was not discovered yet", remedy="give the time when it was")
        row = {
            "reported_at": at, "member_id": member.member_id, "discovered_at": discovered_at,
            "what": written(what, most=MAX_TEXT), "suspected": suspected.check().said(), "status": "open",
            "n_decisions": 0,
        }  # fmt: skip
        made = act.connection.execute(insert(breach).returning(breach), row).one()
        _add(act, made, "reported", made.what)
        act.note(breach_id=made.breach_id, kind=suspected.kind.value)
    return int(made.breach_id)


def keep(office: Office, breach_id: int, found: Measure, *, by: Actor, at: datetime) -> None:
    """Keep what a breach was measured to have reached; measured again, both are kept.

    Raises AccessRefusedError; NotFoundError; IllegalMoveError: it is closed.
    """
    with acting(office, "measure_breach", by, at=at, details={"breach_id": breach_id}) as act:
        authorised(act, Action.REPORT_BREACH, office.policy)
        _open(act.connection, breach_id)
        row = found.row()
        act.connection.execute(insert(breach_measure), {"breach_id": breach_id, "measured_at": at, **row})
        act.note(**{name: value for name, value in row.items() if name.startswith("n_")}, sha256=row["sha256"])


def decide(
    office: Office,
    breach_id: int,
    kind: str,
    *,
    reason: str,
    until_on: date | None = None,
    done_on: date | None = None,
    n_notified: int | None = None,
    by: Actor,
    at: datetime,
) -> None:
    """Decide on notice, delay it, say that it was sent, or close.

    Parameters
    ----------
    kind : of WHO
    until_on : of a delay that law enforcement asked for: its last date
    done_on : of a notice: when it was sent, the department's date
    n_notified : of the individuals' notice: how many

    Raises
    ------
    AccessRefusedError : it is another's to decide
    IllegalMoveError : it is closed, or what comes before was not done
    MalformedError : no such decision, or one of its parts is missing or too much
    NotFoundError : there is no such breach
    """
    details = {"breach_id": breach_id, "decision": kind}
    with acting(office, Action.DECIDE_BREACH, by, at=at, details=details) as act:
        member = authorised(act, Action.DECIDE_BREACH, office.policy)
        if kind not in WHO:
            raise MalformedError("decision", "there is no such decision", remedy="open the page again")
        if member.role not in WHO[kind]:
            names = " or ".join(sorted(role.replace("_", " ") for role in WHO[kind]))
            raise AccessRefusedError((f"this is for the {names} to decide",), codes=("role",))
        _check_parts(kind, until_on, done_on, n_notified, office.on(at))
        row = _open(act.connection, breach_id)
        if done_on is not None and done_on < office.on(row.discovered_at):
            raise MalformedError("decision", "no notice was sent before the discovery", remedy="look at the date")
        _require_before(kind, _decisions(act.connection, breach_id), row, office.policy)
        if kind == "closed":
            _require_measured(act.connection, breach_id)
        _add(act, row, kind, reason, until_on=until_on, done_on=done_on, n_notified=n_notified)


def breaches(source: Connection | Engine, policy: Policy, *, breach_id: int | None = None) -> list[Breach]:
    """Breaches, open ones first, then the newest. Ids and counts only: nobody is shown what somebody else should not have seen."""
    where = [] if breach_id is None else [breach.c.breach_id == breach_id]
    columns = [column for column in breach_measure.c if column.name != "items"]
    with register.connected(source) as connection:
        order = (breach.c.status.desc(), breach.c.breach_id.desc())  # open before closed
        rows = connection.execute(select(breach).where(*where).order_by(*order)).all()
        measures = connection.execute(select(*columns).order_by(breach_measure.c.measure_id)).all()
        decisions = connection.execute(select(breach_decision).order_by(breach_decision.c.seq)).all()
    found = []
    for row in rows:
        mine = tuple(one for one in decisions if one.breach_id == row.breach_id)
        due = deadlines(row.discovered_at, mine, policy) if row.status == "open" else []
        found.append(
            Breach(
                breach_id=row.breach_id, reported_at=row.reported_at, member_id=row.member_id,
                discovered_at=row.discovered_at, what=row.what, suspected=Suspected.of(row.suspected), status=row.status,
                measures=tuple(one for one in measures if one.breach_id == row.breach_id), decisions=mine,
                deadlines=tuple(due),
            )
        )  # fmt: skip
    return found


def one(engine: Engine, policy: Policy, breach_id: int) -> Breach:
    """One breach. Raises NotFoundError."""
    with reading(engine) as connection:
        found = breaches(connection, policy, breach_id=breach_id)
    if not found:
        raise NotFoundError(f"there is no breach {breach_id}")
    return found[0]


# ── parts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _check_parts(kind: str, until_on: date | None, done_on: date | None, n_notified: int | None, on: date) -> None:
    needed = {
        "delayed": (until_on,),
        "individuals_notified": (done_on, n_notified),
        "attorney_general_notified": (done_on,),
    }
    given = [part for part in (until_on, done_on, n_notified) if part is not None]
    wanted = needed.get(kind, ())
    if len(given) != len(wanted) or None in wanted:
        raise MalformedError("decision", "a date or number is missing, or one too many", remedy="fill the form again")
    if done_on is not None and done_on > on:
        raise MalformedError("decision", "a notice was sent on a day that has been", remedy="record it when it is sent")
    if until_on is not None and until_on <= on:
        raise MalformedError("decision", "a delay ends on a day to come", remedy="give the last day")
    if n_notified is not None and not 1 <= n_notified <= MOST_NOTIFIED:
        raise MalformedError("decision", f"from 1 to {MOST_NOTIFIED:,} were told", remedy="count them")


def _require_before(kind: str, decisions: list[Any], row: Any, policy: Policy) -> None:
    """What comes before this decision was done. Raises IllegalMoveError."""
    ruling = newest_ruling(decisions)
    owed = ruling is not None and ruling.kind == "notice_owed"
    told = any(one.kind == "individuals_notified" for one in decisions)
    if kind in {"individuals_notified", "attorney_general_notified"} and not owed:
        raise IllegalMoveError(f"nobody decided that notice of breach {row.breach_id} is owed")
    if kind == "notice_not_owed" and told:
        raise IllegalMoveError(f"notice of breach {row.breach_id} was sent already")
    if kind == "attorney_general_notified" and not told:
        raise IllegalMoveError(f"the individuals of breach {row.breach_id} were not told yet")
    if kind == "closed":
        left = [one.what for one in deadlines(row.discovered_at, decisions, policy) if one.done_on is None]
        if left:
            raise IllegalMoveError(f"breach {row.breach_id} is not at its end: {left[0].lower()} first")


def _require_measured(connection: Connection, breach_id: int) -> None:
    columns = breach_measure.c
    if connection.scalar(select(columns.measure_id).where(columns.breach_id == breach_id).limit(1)) is None:
        raise IllegalMoveError(f"breach {breach_id} was never measured", remedy="measure what it reached")


def _open(connection: Connection, breach_id: int) -> Any:
    """The breach, locked against other decisions."""
    row = connection.execute(select(breach).where(breach.c.breach_id == breach_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no breach {breach_id}")
    if row.status != "open":
        raise IllegalMoveError(f"breach {breach_id} is closed", remedy="report a new one")
    return row


def _decisions(connection: Connection, breach_id: int) -> list[Any]:
    columns = breach_decision.c
    statement = select(breach_decision).where(columns.breach_id == breach_id).order_by(columns.seq)
    return list(connection.execute(statement))


def _add(act: Act, row: Any, kind: str, reason: str, **parts: Any) -> None:
    seq = row.n_decisions + 1
    values = {
        "breach_id": row.breach_id, "seq": seq, "kind": kind, "decided_at": act.at,
        "member_id": act.entry.actor.member_id, "reason": written(reason, most=MAX_TEXT),
        "until_on": None, "done_on": None, "n_notified": None, **parts,
    }  # fmt: skip
    act.connection.execute(insert(breach_decision), values)
    status = "closed" if kind == "closed" else "open"
    this = update(breach).where(breach.c.breach_id == row.breach_id)
    act.connection.execute(this.values(status=status, n_decisions=seq))
