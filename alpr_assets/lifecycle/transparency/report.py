"""The public report as programs read it: its models, from which its JSON Schema is made. Not here: counting, pages."""

from __future__ import annotations

from datetime import date
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from alpr_assets.access.governing import Version
from alpr_assets.lifecycle.transparency.cells import Cell
from alpr_assets.policy import Policy

FORMAT: Final = 1


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Table(_Part):
    """One section of a month: disjoint figures of one population."""

    code: str
    title: str
    note: str
    cells: tuple[Cell, ...]

    @property
    def columns(self) -> list[str]:
        return list(dict.fromkeys(cell.column for cell in self.cells))

    @property
    def rows(self) -> list[tuple[str, list[Cell]]]:
        """Cells by row, in the order of `columns`."""
        found: dict[str, list[Cell]] = {}
        for cell in self.cells:
            found.setdefault(cell.row, []).append(cell)
        return list(found.items())


class Head(_Part):
    """A signed head of the access record, as `verify_record.py --head` reads it: whoever keeps it can hold the department to it."""

    format: str
    log_id: str
    size: int = Field(ge=0)
    root: str = Field(pattern="^[0-9a-f]{64}$")
    at: str
    key_id: str
    signature: str
    public_key: str


class MonthFigures(_Part):
    """One month, counted once and for all.

    head : of the access record at the month's end; null: it had not begun, or grew too little for its size to be told
    """

    month: str = Field(pattern=r"^\d{4}-\d{2}$")
    counted_on: date
    policy_version: str
    is_sample: bool = Field(
        description="counted under a policy that was not adopted: figures of a trial, not of a department"
    )
    small_cell: int
    round_to: int
    tables: tuple[Table, ...]
    head: Head | None

    @property
    def title(self) -> str:
        """Such as June 2026."""
        return f"{date.fromisoformat(f'{self.month}-01'):%B %Y}"


class PolicyVersion(_Part):
    """A version of the policy that was put in force. ended_on: it was ended on that day, before another followed."""

    number: str
    version: str
    sha256: str
    adopted_on: date
    from_on: date
    to_on: date | None
    posted_on: date
    posted_where: str
    ended_on: date | None


class Report(_Part):
    """All that is published."""

    format: Literal[1] = FORMAT
    agency: str
    ori: str
    versions: tuple[PolicyVersion, ...] = Field(description="newest first")
    months: tuple[MonthFigures, ...] = Field(description="newest first")


def report_of(policy: Policy, versions: list[Version], months: list[MonthFigures]) -> Report:
    """The report of a department: dates are its own."""
    told = [
        PolicyVersion(
            number=one.number, version=one.version, sha256=one.sha256, adopted_on=one.adopted_on, from_on=one.from_on,
            to_on=one.to_on, posted_on=one.posted_on, posted_where=one.posted_where,
            ended_on=one.ended_at.astimezone(policy.zone).date() if one.ended_at else None,
        )
        for one in versions
    ]  # fmt: skip
    return Report(agency=policy.policy.agency, ori=policy.policy.ori, versions=tuple(told), months=tuple(months))


def schema() -> dict[str, Any]:
    """The report's JSON Schema (draft 2020-12)."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Report.model_json_schema(mode="serialization")}
