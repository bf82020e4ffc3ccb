"""What a package rests on: a hold, or a release to another agency. Here: either as records and as words. Not here: which captures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Connection, Row, select

from alpr_assets.lifecycle.evidence.telling import Record, Told
from alpr_assets.lifecycle.holds.selectors import TITLES, Ground
from alpr_assets.lifecycle.releases.fulfilling import Ready
from alpr_assets.lifecycle.releases.scopes import KINDS
from alpr_assets.store.holds import hold_decision
from alpr_assets.store.releases import release_decision

Step = tuple[str, str, str]
"""When (ISO 8601, UTC), what, who."""

INWARD = ("decision_id", "release_id", "member_id", "reason", "answers", "n_captures", "n_reads", "until_on")
"""Of a decision on a release what stays in the department, or is said elsewhere."""

LETTER = """{agency}
Release {release_id}, {on}

To: {person}, {person_title}, {to}

On your request for "{asked_for}" ({statute}) the data in this package was approved on {approved_on} under policy {number} and Civil Code 1798.90.55.

It is for you and for that purpose only. Do not pass it on, within your agency or outside it, to whom has no right and no need to know it;
not to anybody who is not a California public agency; not for immigration enforcement (Gov. Code 7284.6).
Destroy it by {until_on}, unless it has become evidence, and write to us that you did.
A read is a machine's opinion of a plate: compare it with the picture before you act.
"""


@dataclass(frozen=True, slots=True)
class Basis:
    """Why something was packed.

    kind, number : what it is
    said : all of it that goes with the package
    head, words : the line at the top of the report
    steps : what was decided, for the custody
    files : further files of the bag, by their names under data/
    """

    kind: Literal["hold", "release"]
    number: int
    said: Record
    head: str
    words: str
    steps: list[Step]
    files: dict[str, bytes] = field(default_factory=dict)


def of_hold(connection: Connection, row: Row[Any], told: Told) -> Basis:
    """What was held, why, and every decision on it."""
    decisions = connection.execute(
        select(hold_decision).where(hold_decision.c.hold_id == row.hold_id).order_by(hold_decision.c.seq)
    )
    said = told.row(row, drop=("member_id", "plate_folded", "n_decisions")) | {
        "ground": TITLES[Ground(row.ground)],
        "by": told.who(row.member_id),
        "decisions": [
            told.row(one, drop=("member_id", "hold_id", "decision_id")) | {"by": told.who(one.member_id)}
            for one in decisions
        ],
    }
    placed = told.local(row.placed_at)
    return Basis(
        "hold", row.hold_id, said, "Held as", f"hold {row.hold_id}, {said['ground']}, placed by {said['by']} on {placed}: {row.reason}",
        [(one["decided_at"], f"hold {row.hold_id} {one['kind'].replace('_', ' ')}: {one['reason']}", one["by"]) for one in said["decisions"]],
    )  # fmt: skip


def of_release(connection: Connection, ready: Ready, told: Told, *, agency: str, number: str) -> Basis:
    """Who asked for what, what was approved and until when it may be kept. Not the answers to the legal test: those are the department's.

    Parameters
    ----------
    agency, number : the department's name, and its policy's number
    """
    row, to = ready.row, ready.agency
    decision = release_decision.c
    decisions = connection.execute(
        select(release_decision).where(decision.release_id == row.release_id).order_by(decision.seq)
    )
    said = told.row(row, drop=("member_id", "n_decisions", "scope", "purpose", "agency_id")) | {
        "agency": to.name, "ori": to.ori, "until_on": ready.until_on.isoformat(),
        "decisions": [
            told.row(one, drop=INWARD) | {"by": told.who(one.member_id)}
            for one in decisions
        ],
    }  # fmt: skip
    approved_on = told.local(ready.approval.decided_at)
    words = (
        f"release {row.release_id} to {row.person}, {row.person_title}, {to.name}, for: {row.asked_for} ({row.statute}); "
        f"{KINDS[ready.scope.kind]}, approved by {told.who(ready.approval.member_id)} on {approved_on}. Not to be passed on; to be destroyed by {ready.until_on}"
    )
    letter = LETTER.format(
        agency=agency, number=number, release_id=row.release_id, on=approved_on[:10], person=row.person, person_title=row.person_title, to=to.name,
        asked_for=row.asked_for, statute=row.statute, approved_on=approved_on[:10], until_on=ready.until_on,
    )  # fmt: skip
    return Basis(
        "release", row.release_id, said, "Released as", words, [(one["decided_at"], f"release {row.release_id} {one['kind']}", one["by"]) for one in said["decisions"]],
        {"letter.txt": letter.encode()},
    )  # fmt: skip
