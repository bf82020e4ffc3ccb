"""Drafts of what is sent about a breach: to the individuals in the form of Civ. Code 1798.29(d)(1), and to the Attorney General.

Here: text from what is on record; what the software cannot know stands in [brackets], for a person to fill in. Not here: sending. A draft holds
counts and dates, never a plate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from alpr_assets.errors import IllegalMoveError
from alpr_assets.lifecycle.breaches.deciding import Breach
from alpr_assets.policy import Policy


def individuals(breach: Breach, policy: Policy, on: date) -> str:
    """The notice to the individuals: title, the five headings of the statute, plain words, in their order."""
    newest, agency = _measured(breach), policy.policy.agency
    return f"""NOTICE OF DATA BREACH

{agency}
{on}

WHAT HAPPENED
[Say in plain words what happened. The department learned of it on {_day(breach, policy)}. Date of the breach, as far as known: [date].]
[If law enforcement asked to delay this notice, say so.]

WHAT INFORMATION WAS INVOLVED
Data collected by automated license plate readers: {_counts(newest)}, captured {_span(newest)}.
Such data says where and when a vehicle was seen. [Name any other data involved, such as the name of a registered owner.]

WHAT WE ARE DOING
[Say what was done to end it, and what was changed so that it does not happen again.]
Every search in our system is recorded by name, time and purpose; by that record we found what was involved.

WHAT YOU CAN DO
[Say what the reader can do to protect himself.]

FOR MORE INFORMATION
[Name, telephone number and address of the department's contact.]
"""


def attorney_general(breach: Breach, policy: Policy, on: date) -> str:
    """What goes with the sample copy to the Attorney General (Civ. Code 1798.29(e)); names of individuals do not."""
    newest = _measured(breach)
    told = next((one for one in reversed(breach.decisions) if one.kind == "individuals_notified"), None)
    sent = f"{told.n_notified:,} individuals, on {told.done_on}" if told else "[number] individuals, on [date]"
    return f"""SUBMISSION OF A SAMPLE NOTICE OF DATA BREACH (Civ. Code 1798.29(e))

Agency: {policy.policy.agency} (ORI {policy.policy.ori})
Date: {on}
Discovered: {_day(breach, policy)}
Notice sent to: {sent}
Data involved: {_counts(newest)} of automated license plate readers, captured {_span(newest)}
Enclosed: one sample copy of the notice, without any individual's data

Contact: [name, telephone number, mail address]
"""


NOTICES: Final[Mapping[str, Callable[[Breach, Policy, date], str]]] = MappingProxyType(
    {"individuals": individuals, "attorney_general": attorney_general}
)
"""Drafts by name."""


def _measured(breach: Breach) -> Any:
    if not breach.measures:
        raise IllegalMoveError(f"breach {breach.breach_id} was not measured yet", remedy="measure what it reached")
    return breach.measures[-1]


def _counts(row: Any) -> str:
    return f"{row.n_reads:,} reads of license plates and {row.n_captures:,} pictures"


def _span(row: Any) -> str:
    if row.first_day is None:
        return "[dates]"
    return (
        f"on {row.first_day}"
        if row.n_days == 1
        else f"on {row.n_days} days from {row.first_day} to {row.last_day} (UTC)"
    )


def _day(breach: Breach, policy: Policy) -> date:
    return breach.discovered_at.astimezone(policy.zone).date()
