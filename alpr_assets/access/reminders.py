"""What comes due with members: training that ends, accounts that want of use suspends, before either happens (422.4(d), 422.6(a)).

Here: reading. Not here: suspending (`members.suspend_inactive`), recording training (`training`). The register holds no mail addresses:
who has something to do is told on his home page.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, Engine

from alpr_assets.access import register
from alpr_assets.access.people import Member, Status
from alpr_assets.access.roles import MAY, TRAINED
from alpr_assets.policy import Policy


@dataclass(frozen=True, slots=True)
class Idle:
    """One unused account. suspended_on: the department's date on which it is suspended, unless it is used before"""

    member: Member
    suspended_on: date


def expiring(source: Connection | Engine, policy: Policy, on: date) -> list[Member]:
    """Active members whose training ends within the policy's days, or has ended, or never was; the most urgent first.

    Only those whose role does anything that needs it.
    """
    until = on + timedelta(days=policy.training.reminder_days)
    members = register.members(source, status=Status.ACTIVE)
    needed = [one for one in members if MAY[one.role] & TRAINED]
    late = [one for one in needed if one.trained_until is None or one.trained_until <= until]
    return sorted(late, key=lambda one: (one.trained_until or date.min, one.name))


def idle(source: Connection | Engine, policy: Policy, at: datetime) -> list[Idle]:
    """Active members whose account is suspended within the policy's days of notice, unless they use it; the next one first."""
    limit, notice = (timedelta(days=n) for n in (policy.access.inactive_days, policy.access.inactive_notice_days))
    found = []
    with register.connected(source) as connection:
        used = register.last_uses(connection)
        for member in register.members(connection, status=Status.ACTIVE):
            end = used[member.member_id] + limit
            if end <= at + notice:
                found.append(Idle(member, end.astimezone(policy.zone).date()))
    return sorted(found, key=lambda one: (one.suspended_on, one.member.name))
