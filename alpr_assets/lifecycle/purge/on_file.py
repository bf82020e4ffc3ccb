"""What a purge rests on: the legislative body's resolution and the city attorney's written consent, on file and in date (Gov. Code 34090).

Here: naming them, and whether they are in date. Not here: who acts on them (`asking`, `planning`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from alpr_assets.access.reasons import line
from alpr_assets.errors import IllegalMoveError, MalformedError
from alpr_assets.lifecycle.retention.rules import years_after
from alpr_assets.policy import Policy
from alpr_assets.store.purges import MAX_REFERENCE

RESOLUTION: Final = "the council's resolution"
CONSENT: Final = "the city attorney's written consent"


@dataclass(frozen=True, slots=True)
class OnFile:
    """A document that a purge rests on. until: the last day that it is good for; None: it does not say."""

    reference: str
    dated_on: date
    until: date | None = None


def columns_of(resolution: OnFile, consent: OnFile, *, on: date, policy: Policy) -> dict[str, Any]:
    """Both as they are stored. Raises MalformedError `reference`: one is missing, of a day to come, or no longer good."""
    if wrong := [*_out_of_date(resolution, RESOLUTION, on, policy), *_out_of_date(consent, CONSENT, on, policy)]:
        raise MalformedError("reference", "; ".join(wrong), remedy="name one that is on file and in date")
    return {
        "resolution": _reference(resolution, RESOLUTION), "resolution_on": resolution.dated_on, "resolution_until": resolution.until,
        "consent": _reference(consent, CONSENT), "consent_on": consent.dated_on, "consent_until": consent.until,
    }  # fmt: skip


def require_in_date(row: Any, on: date, policy: Policy, *, remedy: str) -> None:
    """Raise IllegalMoveError where what a plan rests on is not in date, or never said its date; `row`: of purge_plan."""
    if row.resolution_on is None or row.consent_on is None:
        raise IllegalMoveError(
            f"purge {row.plan_id} does not say of when its resolution and consent are", remedy=remedy
        )
    resolution = OnFile(row.resolution, row.resolution_on, row.resolution_until)
    consent = OnFile(row.consent, row.consent_on, row.consent_until)
    if wrong := [*_out_of_date(resolution, RESOLUTION, on, policy), *_out_of_date(consent, CONSENT, on, policy)]:
        raise IllegalMoveError(f"purge {row.plan_id} rests on what is out of date: {'; '.join(wrong)}", remedy=remedy)


def _out_of_date(of: OnFile, what: str, on: date, policy: Policy) -> list[str]:
    """Why a document is not one to act on, on the department's date."""
    years = policy.purge.reference_years
    if of.dated_on > on:
        return [f"{what} is of {of.dated_on}, a day to come"]
    if of.until is not None and of.until < on:
        return [f"{what} was good until {of.until}"]
    if years is not None and years_after(of.dated_on, years) < on:
        return [f"{what} is of {of.dated_on}, more than {years} years ago"]
    return []


def _reference(of: OnFile, what: str) -> str:
    return line(of.reference, f"reference on file of {what}", MAX_REFERENCE, code="reference")
