"""Rules of retention, and how they combine: the longest duty to keep wins, unless a duty to be gone contradicts it; then nobody decides.

Here: rules over one piece of data, as the department's dates say. Not here: figures (`policy`), the database (`judging`).

A rule gives bounds. Keep: up to and including a date, or without end while a hold stands. Gone: by a date. From several,
    retained    the newest keep-date is not over yet
    eligible    it is over
    overdue     so is the earliest date by which it must be gone
    conflict    it must be gone before it may be: both rules are named, and nothing is destroyed until people have decided
No rule at all keeps everything: an empty schedule lets nothing go (sigstore's verification policies fail closed likewise).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One piece of data, as far as rules look at it.

    kind : its class in the schedule, such as reads or images
    captured_on, landed_on : the department's dates; the later one counts unless a rule says otherwise
    device_kind : fixed or mobile; empty: of no device
    source : whose data it is: department, or the code of who gave it
    holds : numbers of the holds that cover it
    """

    kind: str
    captured_on: date
    landed_on: date
    device_kind: str = ""
    source: str = "department"
    holds: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Bound:
    """What one rule says. keep_through: kept up to and including this date, date.max: without end; gone_by: gone on this date at the latest."""

    why: str
    keep_through: date | None = None
    gone_by: date | None = None


class Rule(Protocol):
    """Anything that bounds how long data is kept."""

    def bound(self, subject: Subject) -> Bound | None:
        """None: it says nothing of this."""
        ...


class Standing(StrEnum):
    RETAINED = "retained"
    ELIGIBLE = "eligible"
    OVERDUE = "overdue"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Judgement:
    """Where data stands on a date.

    reasons : of the rules that decided it, with their authority
    eligible_on : the first date on which it may be destroyed; None: not known, while a hold or a conflict stands, or without a rule
    gone_by : the date by which it must be; None: none
    """

    standing: Standing
    reasons: tuple[str, ...]
    eligible_on: date | None
    gone_by: date | None


# ── the rules ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Minimum:
    """Keep for so many calendar years from the later of capture and landing.

    authority : statute or decision; reference : of the attorney's opinion on file
    from_capture : count from capture alone: only where the attorney's opinion says so
    """

    kind: str
    years: int
    authority: str
    reference: str = ""
    from_capture: bool = False

    def bound(self, subject: Subject) -> Bound | None:
        if subject.kind != self.kind:
            return None
        begin = subject.captured_on if self.from_capture else max(subject.captured_on, subject.landed_on)
        through = years_after(begin, self.years)
        return Bound(f"kept for {_years(self.years)}, through {through} ({_cited(self)})", keep_through=through)


@dataclass(frozen=True, slots=True)
class Maximum:
    """Gone after so many calendar years from the later of capture and landing."""

    kind: str
    years: int
    authority: str
    reference: str = ""

    def bound(self, subject: Subject) -> Bound | None:
        if subject.kind != self.kind:
            return None
        by = years_after(max(subject.captured_on, subject.landed_on), self.years)
        return Bound(f"gone after {_years(self.years)}, by {by} ({_cited(self)})", gone_by=by)


@dataclass(frozen=True, slots=True)
class ReceivedLimit:
    """Data that another gave, to be gone so many days after it came, as its conditions say."""

    source: str
    kinds: frozenset[str]
    days: int
    authority: str
    reference: str = ""

    def bound(self, subject: Subject) -> Bound | None:
        if subject.source != self.source or subject.kind not in self.kinds:
            return None
        by = subject.landed_on + timedelta(days=self.days)
        return Bound(f"{self.source} gives it for {self.days} days, to be gone by {by} ({_cited(self)})", gone_by=by)


@dataclass(frozen=True, slots=True)
class Held:
    """What a hold covers is kept, whatever its age."""

    authority: str = "422.5; Gov. Code 34090.6"

    def bound(self, subject: Subject) -> Bound | None:
        if not subject.holds:
            return None
        numbers = ", ".join(map(str, subject.holds))
        return Bound(f"held as evidence by hold {numbers} ({self.authority})", keep_through=date.max)


# ── together ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Schedule:
    """All rules of the department."""

    rules: Sequence[Rule]

    def judge(self, subject: Subject, *, on: date) -> Judgement:
        """Where a piece of data stands on the department's date."""
        bounds = [bound for rule in self.rules if (bound := rule.bound(subject)) is not None]
        keeps = [one for one in bounds if one.keep_through is not None]
        limits = [one for one in bounds if one.gone_by is not None]
        if not keeps:
            return Judgement(Standing.RETAINED, (f"no rule says how long {subject.kind} are kept",), None, None)
        keep = max(keeps, key=lambda one: one.keep_through or date.min)
        through = keep.keep_through
        assert through is not None
        limit = min(limits, key=lambda one: one.gone_by or date.max, default=None)
        gone_by = limit.gone_by if limit else None
        if through == date.max:  # a hold beats every duty to be gone; when it is lifted, that is due
            return Judgement(
                Standing.RETAINED, tuple(one.why for one in keeps if one.keep_through == date.max), None, gone_by
            )
        if limit and gone_by is not None and gone_by <= through:
            return Judgement(Standing.CONFLICT, (keep.why, limit.why), None, gone_by)
        eligible_on = through + timedelta(days=1)
        if on < eligible_on:
            return Judgement(Standing.RETAINED, (keep.why,), eligible_on, gone_by)
        if limit and gone_by is not None and on > gone_by:
            return Judgement(Standing.OVERDUE, (keep.why, limit.why), eligible_on, gone_by)
        return Judgement(Standing.ELIGIBLE, (keep.why,), eligible_on, gone_by)


def years_after(day: date, years: int) -> date:
    """The same date so many years later; of 29 February, where there is none, 1 March: never a day less than whole years."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def _years(years: int) -> str:
    return "1 calendar year" if years == 1 else f"{years} calendar years"


def _cited(rule: Minimum | Maximum | ReceivedLimit) -> str:
    return f"{rule.authority}; {rule.reference}" if rule.reference else rule.authority
