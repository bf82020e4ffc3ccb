"""Until when who is to be told of a breach, as the policy has it (Civ. Code 1798.29, 1798.82).

Here: dates from what was decided. Not here: whether notice is owed, which the city attorney decides.

Our reading, not legal advice: a police department is a local agency under 1798.29, which says "in the most expedient time possible and
without unreasonable delay" and asks for a sample to the Attorney General where more than 500 residents are told. The 30 and 15 calendar days
are those that SB 446 (in force from 2026) put into 1798.82 for businesses, a vendor among them; the policy holds the department to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from alpr_assets.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """One thing that is to be done by a department date. done_on: None: not yet"""

    what: str
    due_on: date
    done_on: date | None

    def is_overdue(self, on: date) -> bool:
        """Whether it was to be done before a date, and was not."""
        return self.done_on is None and self.due_on < on


def deadlines(discovered_at: datetime, decisions: Sequence[Any], policy: Policy) -> list[Deadline]:
    """What is to be done about an open breach, in order.

    Parameters
    ----------
    decisions : rows of `breach_decision`, the oldest first
    """
    by_kind = {one.kind: one for one in decisions}  # the newest of each kind
    discovered_on = discovered_at.astimezone(policy.zone).date()
    ruling = newest_ruling(decisions)
    due = discovered_on + timedelta(days=policy.breach.notice_days)
    if (delay := by_kind.get("delayed")) is not None:
        due = max(due, delay.until_on)
    found = [
        Deadline(
            what="The city attorney decides whether notice is owed", due_on=due,
            done_on=ruling and ruling.decided_at.astimezone(policy.zone).date(),
        )
    ]  # fmt: skip
    if ruling is None or ruling.kind == "notice_not_owed":
        return found
    told = by_kind.get("individuals_notified")
    found.append(Deadline(what="The individuals are told", due_on=due, done_on=told and told.done_on))
    if told is not None and told.n_notified > policy.breach.attorney_general_above:
        sample = by_kind.get("attorney_general_notified")
        by = told.done_on + timedelta(days=policy.breach.attorney_general_days)
        found.append(Deadline(what="The Attorney General has a sample", due_on=by, done_on=sample and sample.done_on))
    return found


def newest_ruling(decisions: Sequence[Any]) -> Any:
    """The newest decision on whether notice is owed; None: there is none yet."""
    rulings = [one for one in decisions if one.kind in {"notice_owed", "notice_not_owed"}]
    return rulings[-1] if rulings else None
