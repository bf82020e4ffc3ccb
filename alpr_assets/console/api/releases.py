"""Releases: putting another agency's written request on file, and the file itself (422.7).

Here: routes and the shape of their answers. Not here: any rule (`lifecycle.releases`). Reviewing and handing over are a person's, by page.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, Field, StringConstraints

from alpr_assets.access.gate import Ask
from alpr_assets.access.roles import Action
from alpr_assets.console.api import answers, asks
from alpr_assets.console.api.searching import RECEIPT
from alpr_assets.console.api.sessions import Serving, SignedIn
from alpr_assets.errors import MalformedError
from alpr_assets.lifecycle.holds.selectors import Selector
from alpr_assets.lifecycle.releases import entering, listing
from alpr_assets.lifecycle.releases.entering import Came, Request
from alpr_assets.lifecycle.releases.letters import Letter
from alpr_assets.lifecycle.releases.scopes import Scope
from alpr_assets.lifecycle.watches.areas import area_of
from alpr_assets.store.releases import MAX_NAME, MAX_REASON, MAX_STATUTE

router: Final = APIRouter(tags=["releases"])

MAX_LETTER = 10 << 20  # characters of base64

Name = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME, pattern=asks.Printable)]
Text = Annotated[str, StringConstraints(min_length=3, max_length=MAX_REASON, pattern=asks.Printable)]
Number = Annotated[int, Field(ge=1, le=asks.LARGEST_ID)]


class ScopeAsked(asks.Strict):
    """What is asked for. What is given narrows each other; the time is past."""

    pattern: Annotated[str, StringConstraints(max_length=200, pattern=asks.Printable)] = Field(
        default="", description="plate, or part of one; empty: any"
    )
    area: asks.AreaAsked | None = Field(default=None, description="null: anywhere")
    device_id: asks.Short = Field(default="", description="a reader; empty: any")
    since: asks.Instant = Field(description="with its offset, to the second", examples=["2026-06-14T20:00:00-07:00"])
    until: asks.Instant = Field(description="with its offset, to the second; excluded")
    with_pictures: bool = Field(default=False, description="of a plate, copies in which others are covered")
    with_hits: bool = False

    def scope(self) -> Scope:
        """As the domain takes it. Raises MalformedError: `area`."""
        selector = Selector(
            pattern=self.pattern, area=area_of(self.area.model_dump()) if self.area else None, device_id=self.device_id, since=self.since,
            until=self.until,
        )  # fmt: skip
        return Scope(selector=selector, with_pictures=self.with_pictures, with_hits=self.with_hits)


class LetterAsked(asks.Strict):
    """The request as it came: PDF, PNG or JPEG."""

    file_name: Name
    content: Annotated[str, StringConstraints(min_length=4, max_length=MAX_LETTER, pattern="^[A-Za-z0-9+/]+={0,2}$")] = Field(
        description="base64"
    )  # fmt: skip

    def letter(self) -> Letter:
        """Raises MalformedError `letter`."""
        try:
            return Letter(self.file_name, base64.b64decode(self.content, validate=True))
        except binascii.Error as error:
            raise MalformedError("letter", "the letter is no base64", remedy="encode the file's bytes") from error


class EnterReleaseAsk(asks.Why):
    """A written request of another agency."""

    agency_id: Number = Field(description="of the registry, page Agencies")
    person: Name = Field(description="who asks")
    person_title: Name
    asked_for: Text = Field(description="the intended purpose, in the letter's words")
    statute: Annotated[str, StringConstraints(min_length=3, max_length=MAX_STATUTE, pattern=asks.Printable)]
    agreement_id: Number | None = Field(default=None, description="standing agreement that it cites")
    scope: ScopeAsked
    came_by: Came
    came_at: asks.Instant
    letter: LetterAsked


class ReleasesAsk(asks.Strict):
    """Releases that you see, open ones first."""

    text: Annotated[str, StringConstraints(max_length=MAX_NAME, pattern=asks.Printable)] = Field(
        default="", description="part of an agency's or person's name, or of a case number; empty: any"
    )
    status: Annotated[str, StringConstraints(pattern="^(asked|approved|denied|fulfilled|routed|closed)?$")] = Field(
        default="", description="empty: any"
    )


class EnteredRelease(BaseModel):
    """is_routed: it goes through the records process, and nothing is released here; due_at: by when that is answered"""

    receipt: answers.Receipt
    release_id: int
    is_routed: bool
    due_at: datetime | None


class ReleaseRow(BaseModel):
    """One release; what exactly was asked for is on its page."""

    release_id: int
    kind: str
    status: str
    agency_id: int
    agency_name: str
    agency_kind: str
    person: str
    person_title: str
    asked_for: str
    statute: str
    case_number: str
    scope_kind: str
    came_at: datetime
    entered_at: datetime
    due_at: datetime | None
    completed_at: datetime | None
    overdue: bool


class ReleaseRows(BaseModel):
    """Releases, open ones first, then the newest."""

    receipt: answers.Receipt
    releases: list[ReleaseRow]


@router.post("/releases/enter", status_code=HTTPStatus.CREATED, responses={201: {"headers": RECEIPT}})
def enter(ask: EnterReleaseAsk, session: SignedIn, services: Serving, response: Response) -> EnteredRelease:
    """Put a written request on file, for review. Of whoever is no California public agency it is refused (Civ. Code 1798.90.55)."""
    request = Request(
        agency_id=ask.agency_id, person=ask.person, person_title=ask.person_title, asked_for=ask.asked_for, statute=ask.statute,
        scope=ask.scope.scope(), agreement_id=ask.agreement_id,
    )  # fmt: skip
    deed = partial(
        entering.enter, received=services.store.received, request=request, letter=ask.letter.letter(), came_by=ask.came_by,
        came_at=ask.came_at, policy=services.policy,
    )  # fmt: skip
    stated = Ask(action=Action.ENTER_RELEASE, purpose=ask.purpose, case_number=ask.case_number, elements=request.said())
    answer = services.gate.act(session, stated, services.store.engine, deed)
    receipt = answers.Receipt.of(answer.receipt)
    response.headers.update(receipt.header())
    done = answer.rows
    return EnteredRelease(receipt=receipt, release_id=done.release_id, is_routed=done.is_routed, due_at=done.due_at)


@router.post("/releases/list", responses={200: {"headers": RECEIPT}})
def releases(ask: ReleasesAsk, session: SignedIn, services: Serving, response: Response) -> ReleaseRows:
    """The file of releases, as far as you see it; no plate, no place."""
    search = partial(
        listing.releases, engine=services.store.engine, at=services.clock(), text=ask.text, status=ask.status
    )
    stated = Ask(action=Action.VIEW_RELEASES, purpose="", case_number="", elements=ask.model_dump())
    answer = services.gate.answer(session, stated, search)
    receipt = answers.Receipt.of(answer.receipt)
    response.headers.update(receipt.header())
    return ReleaseRows(receipt=receipt, releases=[ReleaseRow.model_validate(row) for row in answer.rows])
