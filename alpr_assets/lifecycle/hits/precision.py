"""How often each kind of match was right, from people's verdicts (422.4(f)).

Right: somebody confirmed the picture, and nobody took it back as a misread or another state. Wrong: a misread or another state.
What was never looked at, or was dismissed, a duplicate or ended by its list says nothing about the match and is not counted.

Interval: Wilson's score interval, 95 %, which stays within 0–1 and is honest about few verdicts (Wilson, J. Am. Stat. Assoc. 22,
1927, 209–212). Not here: showing it (`defs.matches`, the console).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Engine, case, exists, func, or_, select

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.roles import Action
from alpr_assets.intervals import wilson
from alpr_assets.lifecycle.hits.entitlement import visible
from alpr_assets.lifecycle.hits.moves import Kind, Status
from alpr_assets.store import schema, verdicts
from alpr_assets.store.engine import reading

WRONG: Final = (Status.MISREAD.value, Status.WRONG_STATE.value)


@dataclass(frozen=True, slots=True)
class Precision:
    """Verdicts on one kind of match. `share` of right ones between `low` and `high`, 0–1; NaN, 0, 1 without a verdict."""

    match_kind: str
    n_right: int
    n_wrong: int

    @property
    def n(self) -> int:
        return self.n_right + self.n_wrong

    @property
    def share(self) -> float:
        return self.n_right / self.n if self.n else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Low and high end."""
        return wilson(self.n_right, self.n)


def precision(
    connection: Connection,
    *,
    since: date | None = None,
    until: date | None = None,
    of: Sequence[ColumnElement[bool]] = (),
) -> list[Precision]:
    """Verdicts by match kind, of hits of UTC days from `since` to before `until`; kinds without a verdict are left out.

    Parameters
    ----------
    of : further conditions on `hit`: what is shown to a person is limited to what he may see
    """
    rows = connection.execute(_counts(since, until, of).order_by(schema.hit.c.match_kind))
    return [Precision(row.match_kind, int(row.n_right), int(row.n_wrong)) for row in rows]


def by_week(connection: Connection, until: date, *, n_weeks: int) -> list[tuple[date, list[Precision]]]:
    """Verdicts by match kind of each of the weeks before a UTC day: (the week's first day, as `precision`), oldest first."""
    firsts = [until - timedelta(weeks=back) for back in range(n_weeks, 0, -1)]
    return [(first, precision(connection, since=first, until=first + timedelta(weeks=1))) for first in firsts]


def precision_of(
    grant: Grant, engine: Engine, *, since: date | None = None, until: date | None = None
) -> Found[list[Precision]]:
    """The same of the hits that the member may see: a sum over others would tell that they exist (422.4(e)).

    Raises AccessRefusedError : the grant is for another ask than view_hits.
    """
    grant.require(Action.VIEW_HITS)
    with reading(engine) as connection:
        return Found(precision(connection, since=since, until=until, of=visible(grant)), [])


def verdict() -> ColumnElement[str]:
    """What people found of a hit: `right`, `wrong`, or `none` where that is not said."""
    return case((_wrong(), "wrong"), (_looked(), "right"), else_="none")


def _wrong() -> ColumnElement[bool]:
    return schema.hit.c.status.in_(WRONG)


def _looked() -> ColumnElement[bool]:
    move = verdicts.hit_move.c
    return exists().where(move.hit_id == schema.hit.c.hit_id, move.kind == Kind.CONFIRM_PICTURE.value)


def _counts(since: date | None, until: date | None, of: Sequence[ColumnElement[bool]]) -> Any:
    hit, wrong, looked = schema.hit.c, _wrong(), _looked()
    statement = select(
        hit.match_kind,
        func.sum(case((wrong, 0), else_=1)).label("n_right"),
        func.sum(case((wrong, 1), else_=0)).label("n_wrong"),
    ).where(or_(wrong, looked), *of)
    if since is not None:
        statement = statement.where(hit.day >= since)
    if until is not None:
        statement = statement.where(hit.day < until)
    return statement.group_by(hit.match_kind)
