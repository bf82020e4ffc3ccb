"""Letters: requests, orders and memoranda as they came, sealed among the received files under their SHA-256.

Here: keeping one and giving it back. Not here: what a request says (`entering`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any, Literal

from sqlalchemy import Connection, Engine, insert, select

from alpr_assets.access.designee import media_type
from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.reasons import line
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.roles import Action
from alpr_assets.errors import NotFoundError
from alpr_assets.lifecycle.releases.listing import sees
from alpr_assets.store.engine import reading
from alpr_assets.store.releases import MAX_NAME, agreement, release, release_letter
from alpr_assets.store.sealed import SealedFolder


@dataclass(frozen=True, slots=True)
class Letter:
    """A file as it came: PDF, PNG or JPEG."""

    file_name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Opened:
    """A letter given back. ending: of its file's name"""

    content: bytes
    media_type: str

    @property
    def ending(self) -> str:
        return self.media_type.rpartition("/")[2]


def seal(received: SealedFolder, letter: Letter, at: datetime) -> dict[str, Any]:
    """Keep it; where it lies, as columns. Raises MalformedError: `letter`: no such file; `text`: no name."""
    media_type(letter.content, what="letter")
    day = at.astimezone(UTC).date()
    name = line(PurePath(letter.file_name).name, "file name", MAX_NAME, least=1)
    return {"file_name": name, "sealed_day": day, "sealed_sha256": received.seal(day, letter.content)}


def attach(
    grant: Grant, connection: Connection, received: SealedFolder, release_id: int, letter: Letter, *,
    kind: Literal["request", "order", "completion"],
) -> ResultId:  # fmt: skip
    """Attach a letter to a release. Raises as `seal`."""
    row = {
        "release_id": release_id, "kind": kind, "attached_at": grant.at, "member_id": grant.member.member_id,
        **seal(received, letter, grant.at),
    }  # fmt: skip
    number: int = connection.execute(insert(release_letter).returning(release_letter.c.letter_id), row).scalar_one()
    return ResultId("release_letter", None, number)


def opened(grant: Grant, engine: Engine, received: SealedFolder, release_id: int, letter_id: int) -> Found[Opened]:
    """A letter of a release that one sees. Raises NotFoundError; VerificationError: it was altered or is missing."""
    grant.require(Action.VIEW_RELEASES)
    letter = release_letter.c
    statement = (
        select(release_letter, release.c.member_id.label("entered_by"))
        .join(release)
        .where(letter.letter_id == letter_id, letter.release_id == release_id)
    )
    with reading(engine) as connection:
        row = connection.execute(statement).one_or_none()
    if row is None or not sees(grant, row.entered_by):
        raise NotFoundError(f"release {release_id} has no letter {letter_id}")
    content = received.open(row.sealed_day, row.sealed_sha256)
    ids = [ResultId("release", None, release_id), ResultId("release_letter", None, letter_id)]
    return Found(Opened(content, media_type(content, what="letter")), ids)


def memorandum(grant: Grant, engine: Engine, received: SealedFolder, agreement_id: int) -> Found[Opened]:
    """A standing agreement's memorandum. Raises as `opened`."""
    grant.require(Action.VIEW_RELEASES)
    with reading(engine) as connection:
        row = connection.execute(select(agreement).where(agreement.c.agreement_id == agreement_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no agreement {agreement_id}")
    content = received.open(row.sealed_day, row.sealed_sha256)
    return Found(Opened(content, media_type(content, what="letter")), [ResultId("agreement", None, agreement_id)])
