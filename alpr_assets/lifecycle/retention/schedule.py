"""The department's rules of retention, as its policy has them. Here: from the policy to rules. Not here: what a rule does (`rules`)."""

from __future__ import annotations

from collections.abc import Iterator

from alpr_assets.lifecycle.retention.rules import Held, Maximum, Minimum, ReceivedLimit, Rule, Schedule
from alpr_assets.policy import Policy


def schedule_of(policy: Policy) -> Schedule:
    """Every class's minimum and maximum, the limits on what others gave, and holds."""
    return Schedule(tuple(_rules(policy)))


def _rules(policy: Policy) -> Iterator[Rule]:
    yield Held()
    for kind, one in policy.retention.items():
        yield Minimum(kind, one.minimum_years, one.authority, one.attorney_reference, one.from_capture)
        yield Maximum(kind, one.maximum_years, one.authority, one.attorney_reference)
    for limit in policy.received:
        yield ReceivedLimit(limit.source, frozenset(limit.classes), limit.days, limit.authority, limit.reference)
