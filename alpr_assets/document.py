"""What the policy document says that no figure says: the free texts of Civ. Code 1798.90.51(b)(2), its adoption, its dates.

Here: their models, part of the policy file. Not here: any figure (`policy`), which version is in force (`access.governing`).
Purposes, titles, training and retention have no text here: the posted page makes those sentences from the figures the system works by.
"""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Section(BaseModel):
    """A part of the policy file: unknown keys are refused, and nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class InForce(Section):
    """From when to when the file says it holds, department dates, the last one included; None: no such end."""

    from_on: date | None = None
    to_on: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> InForce:
        if self.from_on and self.to_on and self.to_on < self.from_on:
            raise ValueError("to_on is before from_on")
        return self

    def why_not(self, on: date) -> str:
        """Why it does not hold on a date, in words; empty: it does."""
        if self.from_on and on < self.from_on:
            return f"it begins on {self.from_on}"
        return f"it ended on {self.to_on}" if self.to_on and self.to_on < on else ""


class Adoption(Section):
    """How it was adopted: the meeting, when the public could comment before (Civ. Code 1798.90.55(a)), the resolution."""

    meeting: str = ""
    public_comment: str = ""
    reference: str = ""


class Procedure(Section):
    """A related procedure that is posted with the policy (422.3.1(g)). where: its address, or where it is handed out."""

    title: str = Field(min_length=1)
    where: str = Field(min_length=1)


class Document(Section):
    """Free texts by the letter of Civ. Code 1798.90.51(b)(2) that asks for them. Empty: not stated, and such a policy is not put in force.

    collection : (B) what who collects ALPR information does, and by whose order
    contractors : (B) under what conditions independent contractors have access
    monitoring : (C) how the system is watched for security and for compliance with privacy law; audits among it
    sharing : (D) purposes of, process for and restrictions on sale, sharing and transfer
    custodian : (E) what the custodian is responsible for, and how he is reached; his title is of `titles`
    accuracy : (F) measures that ensure accuracy
    correction : (F) how somebody asks for a correction, and by when he has an answer
    destruction : (G) how it is decided what is destroyed, and how it is
    """

    adoption: Adoption = Adoption()
    collection: str = ""
    contractors: str = ""
    monitoring: str = ""
    sharing: str = ""
    custodian: str = ""
    accuracy: str = ""
    correction: str = ""
    destruction: str = ""
    procedures: tuple[Procedure, ...] = ()

    @property
    def missing(self) -> list[str]:
        """Keys without which it is no policy that the law knows."""
        texts = {name: value for name, value in self if isinstance(value, str)}
        adoption = {"adoption.meeting": self.adoption.meeting, "adoption.public_comment": self.adoption.public_comment}
        return [name for name, value in (texts | adoption).items() if not value.strip()]


class Transparency(Section):
    """What the public is shown each month, and how small counts are hidden (`lifecycle.transparency`).

    small_cell : counts from 1 up to below it are shown as "fewer than"; with less than 3 that would say which count it is
    round_to : captures and destroyed captures are rounded down to a multiple of it
    after_days : a month is counted, once and for all, so many days after its end
    covert : purposes and categories that are counted as one, so that none tells of a secret investigation
    """

    small_cell: int = Field(default=5, ge=3)
    round_to: int = Field(default=100, ge=10)
    after_days: int = Field(default=10, ge=1, le=60)
    covert: tuple[str, ...] = ("homeland_security", "electronic_surveillance", "suspect_interdiction")
