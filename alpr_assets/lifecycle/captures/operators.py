"""Who operated a unit, and whether he was trained when each picture was taken (422.4(d)).

Here: flags on captures; they land whatever they say, since what was captured may be evidence. Not here: who may see them
(`access`), training itself (`access.training`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection

from alpr_assets.access import register, training
from alpr_assets.lifecycle.captures.arrivals import Arrival
from alpr_assets.policy import Policy

UNTRAINED: Final = "untrained_operator"
UNNAMED: Final = "unnamed_operator"


def flagged(connection: Connection, arrivals: Sequence[Arrival], operator: str | None, policy: Policy) -> list[Arrival]:
    """The arrivals, flagged where nobody trained is named for them.

    Parameters
    ----------
    operator : user name, as the manifest has it; None: it names nobody, which is a flag on a mobile unit's pictures only

    `untrained_operator` : no member has this name, or his training did not hold on the department's date of the capture
    `unnamed_operator` : a mobile unit's picture without an operator
    """
    if operator is None:
        return [_with(a, UNNAMED) if a.device_kind == "mobile" else a for a in arrivals]
    member = register.named(connection, operator)
    dates = {a.captured_at.astimezone(policy.zone).date() for a in arrivals}
    trained = {on for on in dates if member and training.held_on(connection, member.member_id, on)}
    return [a if a.captured_at.astimezone(policy.zone).date() in trained else _with(a, UNTRAINED) for a in arrivals]


def _with(arrival: Arrival, flag: str) -> Arrival:
    return replace(arrival, flags=(*arrival.flags, flag))
