"""Evidence: packing what a hold covers, booking it on a medium, following it, stamping it later.

Here: routes and the shape of their answers. Not here: any rule (`lifecycle.evidence`). A package leaves as a tar, or one encrypted by age;
who writes it to a medium checks it there, and says here what he counted.
"""

from __future__ import annotations

import base64
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, Field, StringConstraints

from alpr_assets.access.roles import Action
from alpr_assets.console.api import answers, asks
from alpr_assets.console.api.searching import BINARY, RECEIPT, asked
from alpr_assets.console.api.sessions import Serving, SignedIn
from alpr_assets.lifecycle.evidence import booking
from alpr_assets.lifecycle.evidence.building import Options, Pictures
from alpr_assets.store.evidence import MAX_NAME, MAX_NUMBER, MAX_REASON

router: Final = APIRouter(tags=["evidence"])

TAR: Final = "application/x-tar"
AGE: Final = "application/octet-stream"

Number = Annotated[int, Field(ge=1, le=asks.LARGEST_ID)]
Name = Annotated[str, StringConstraints(min_length=3, max_length=MAX_NAME, pattern=asks.Printable)]
Numbered = Annotated[str, StringConstraints(min_length=3, max_length=MAX_NUMBER, pattern=asks.Printable)]
Digest = Annotated[str, StringConstraints(pattern="^([0-9a-f]{64})?$")]


class PackAsk(asks.Why):
    """What a hold covers now, as a package."""

    hold_id: Number
    pictures: Pictures = Field(
        default=Pictures.ORIGINAL, description="as captured, copies in which the plates of others are covered, or both"
    )
    subjects: Annotated[list[asks.PlateText], Field(max_length=50)] = Field(
        default_factory=list, description="plates that stay visible in covered copies, with their look-alikes"
    )
    with_entries: bool = Field(default=False, description="what the department's own lists say goes with the hits")
    recipient: Annotated[str, StringConstraints(max_length=200, pattern=asks.Printable)] = Field(
        default="", description="age public key that it is encrypted to", examples=["age1…"]
    )


class PackagesAsk(asks.Why):
    """Packages that left, or one of them."""

    package_id: Number | None = None


class StampAsk(asks.Why):
    """A package that is to be stamped now."""

    package_id: Number


class CheckedAsked(asks.Strict):
    """What a check of the medium found, by verify.py or `alpr evidence verify`."""

    sha256: Digest = Field(description="of tagmanifest-sha256.txt, as counted; empty: there is none")
    is_whole: bool = Field(description="the check found nothing wrong")

    def checked(self) -> booking.Checked:
        return booking.Checked(self.sha256, self.is_whole)


class BookAsk(asks.Why):
    """A package on a medium, to be booked."""

    package_id: Number
    item_number: Numbered = Field(description="of the property room")
    media: Name = Field(description="what it lies on", examples=["USB drive"])
    media_serial: Numbered
    to_whom: Name = Field(description="who has it from now on")
    checked: CheckedAsked


class FollowAsk(asks.Why):
    """A booked package that was handed over, or checked."""

    booking_id: Number
    from_whom: Annotated[str, StringConstraints(max_length=MAX_NAME, pattern=asks.Printable)] = Field(
        default="", description="empty: who had it last"
    )
    to_whom: Annotated[str, StringConstraints(max_length=MAX_NAME, pattern=asks.Printable)] = Field(
        default="", description="empty: nobody new, it was only checked"
    )
    reason: Annotated[str, StringConstraints(min_length=3, max_length=MAX_REASON, pattern=asks.Printable)]
    checked: CheckedAsked


class CustodyStep(BaseModel):
    """Who had a booked package, and whether it was the one that left."""

    custody_id: int
    seq: int
    kind: str
    at: datetime
    from_whom: str
    to_whom: str
    reason: str
    sha256: str
    is_intact: bool
    member_id: int


class Booking(BaseModel):
    """A package on a medium in evidence."""

    booking_id: int
    item_number: str
    media: str
    media_serial: str
    booked_at: datetime
    member_id: int
    custody: list[CustodyStep]


class Package(BaseModel):
    """A package that left."""

    package_id: int
    hold_id: int
    record_id: int = Field(description="its entry in the access record")
    case_number: str
    packed_at: datetime
    member_id: int
    name: str
    sha256: str = Field(description="of its tagmanifest-sha256.txt")
    options: dict[str, Any]
    n_captures: int
    n_bytes: int
    stamped_at: datetime | None
    bookings: list[Booking]


class Packages(BaseModel):
    """Packages, the newest first."""

    receipt: answers.Receipt
    packages: list[Package]


class Stamped(BaseModel):
    """Files to be put into the bag, over those of the same names."""

    files: dict[str, str] = Field(description="name → content, base64")


class Booked(BaseModel):
    """A booking. is_settled: the hold was lifted, and all of what it kept is booked now"""

    receipt: answers.Receipt
    booking_id: int
    is_settled: bool


class Followed(BaseModel):
    """is_intact False: what the medium holds is not the package that left; that is on record"""

    receipt: answers.Receipt
    is_intact: bool


@router.post(
    "/evidence/pack",
    response_class=Response,
    responses={200: {"description": "The package.", "headers": RECEIPT, "content": {TAR: BINARY, AGE: BINARY}}},
)
def pack(ask: PackAsk, session: SignedIn, services: Serving) -> Response:
    """What a hold covers now as a sealed bag (RFC 8493), to be written to a medium and booked (422.5)."""
    options = Options(
        pictures=ask.pictures, subjects=tuple(ask.subjects), with_entries=ask.with_entries, recipient=ask.recipient
    )
    answer = services.packer.pack(
        session, ask.hold_id, options, purpose=ask.purpose, case_number=ask.case_number
    )  # fmt: skip
    packed = answer.rows
    headers = {
        **answers.Receipt.of(answer.receipt).header(),
        "Content-Disposition": f'attachment; filename="{packed.file_name}"',
        "ALPR-Package": str(packed.package_id),
        "ALPR-Package-SHA256": packed.sha256,
        "ALPR-Stamped": "no" if packed.trouble else "yes",
    }
    media_type = TAR if packed.file_name.endswith(".tar") else AGE
    return StreamingResponse(packed.spool.sent(), media_type=media_type, headers=headers)


@router.post("/evidence/packages", responses={200: {"headers": RECEIPT}})
def packages(ask: PackagesAsk, session: SignedIn, services: Serving, response: Response) -> Packages:
    """Packages that left, the newest first, with their bookings and who had them."""
    search = partial(booking.packages, engine=services.store.engine, package_id=ask.package_id)
    answer = services.gate.answer(session, asked(Action.BOOK_EVIDENCE, ask), search)
    receipt = answers.Receipt.of(answer.receipt)
    response.headers.update(receipt.header())
    return Packages(receipt=receipt, packages=[Package.model_validate(row) for row in answer.rows])


@router.post("/evidence/stamp")
def stamp(ask: StampAsk, session: SignedIn, services: Serving) -> Stamped:
    """Have a package that left without a time stamp stamped now (RFC 3161); asked again, the same files."""
    files = services.packer.stamp(session, ask.package_id, purpose=ask.purpose, case_number=ask.case_number)
    return Stamped(files={name: base64.b64encode(content).decode() for name, content in files.items()})


@router.post("/evidence/book", status_code=HTTPStatus.CREATED, responses={201: {"headers": RECEIPT}})
def book(ask: BookAsk, session: SignedIn, services: Serving, response: Response) -> Booked:
    """Book a package on a medium that was just checked: item number, medium, who has it (422.5)."""
    deed = partial(
        booking.book, package_id=ask.package_id, item_number=ask.item_number, media=ask.media, media_serial=ask.media_serial,
        to_whom=ask.to_whom, checked=ask.checked.checked(),
    )  # fmt: skip
    answer = services.gate.act(session, asked(Action.BOOK_EVIDENCE, ask), services.store.engine, deed)
    receipt = answers.Receipt.of(answer.receipt)
    response.headers.update(receipt.header())
    return Booked(receipt=receipt, booking_id=answer.rows.booking_id, is_settled=answer.rows.is_settled)


@router.post("/evidence/follow", status_code=HTTPStatus.CREATED, responses={201: {"headers": RECEIPT}})
def follow(ask: FollowAsk, session: SignedIn, services: Serving, response: Response) -> Followed:
    """A booked package was handed over or checked: who, when, why, and what the check found; kept whatever it found."""
    deed = partial(
        booking.follow, booking_id=ask.booking_id, from_whom=ask.from_whom, to_whom=ask.to_whom, reason=ask.reason,
        checked=ask.checked.checked(),
    )  # fmt: skip
    answer = services.gate.act(session, asked(Action.BOOK_EVIDENCE, ask), services.store.engine, deed)
    receipt = answers.Receipt.of(answer.receipt)
    response.headers.update(receipt.header())
    return Followed(receipt=receipt, is_intact=answer.rows)
