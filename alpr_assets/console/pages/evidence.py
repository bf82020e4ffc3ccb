"""Evidence by page: packing what a hold covers, booking it, following it; and what lifted holds keep until it is booked (422.5).

Here: from forms to acts. Not here: any rule (`lifecycle.evidence`, `lifecycle.holds.settling`). What lies on a medium is checked where the
medium is; here is said what verify.py told.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from anyio.to_thread import run_sync
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from alpr_assets.access import register
from alpr_assets.access.gate import Ask
from alpr_assets.access.roles import Action
from alpr_assets.console.pages.asking import Asked, Filled, Form, page
from alpr_assets.console.pages.holds import DISPOSITIONS
from alpr_assets.console.pages.searches import ask_of
from alpr_assets.console.responding import status_of
from alpr_assets.errors import AccessRefusedError, AlprError, IllegalMoveError, MalformedError, NotFoundError
from alpr_assets.lifecycle.evidence import booking
from alpr_assets.lifecycle.evidence.building import PICTURES_ARE, Options, Pictures
from alpr_assets.lifecycle.evidence.packing import Packed
from alpr_assets.lifecycle.holds import settling
from alpr_assets.lifecycle.holds.selectors import TITLES
from alpr_assets.store.evidence import MAX_NAME, MAX_NUMBER, MAX_REASON

WHY: Final = ("purpose", "case_number")
FIELDS: Final = (*WHY, "hold_id", "pictures", "subjects", "with_entries", "recipient")


@page
async def listed(asked: Asked) -> Response:
    await asked.require(Action.BOOK_EVIDENCE)
    if asked.request.method == "GET":
        return await asked.page("evidence.html", form=Filled(), rows=None, error=None, said="")
    form = await asked.form()
    try:
        return await _list(asked, form)
    except AccessRefusedError as error:
        return await asked.page("evidence.html", status=403, form=_told(form), rows=None, error=error, said="")


@page
async def new(asked: Asked) -> Response:
    """The form; sent, the package leaves."""
    await asked.require(Action.PACK_EVIDENCE)
    if asked.request.method == "GET":
        return await _form(asked, Filled({"pictures": Pictures.ORIGINAL.value}))
    form = await asked.form()
    told = Filled({name: form.text(name) for name in FIELDS})
    if form.flag("begin"):  # from the page of holds, with what is to be packed
        return await _form(asked, told | {"pictures": Pictures.ORIGINAL.value})
    try:
        options = _options(form)
        pack = partial(
            asked.services.packer.pack, asked.session, form.number("hold_id"), options, purpose=form.text("purpose"),
            case_number=form.text("case_number", limit=64),
        )  # fmt: skip
        packed = (await run_sync(pack)).rows
    except (AccessRefusedError, IllegalMoveError, MalformedError, NotFoundError) as error:
        return await _form(asked, told, error=error)
    return sent_as_file(packed)


@page
async def book(asked: Asked) -> Response:
    await asked.require(Action.BOOK_EVIDENCE)
    form, package_id = await asked.form(), asked.request.path_params["package_id"]
    deed = partial(
        booking.book, package_id=package_id, item_number=form.text("item_number", limit=MAX_NUMBER), media=form.text("media", limit=MAX_NAME),
        media_serial=form.text("media_serial", limit=MAX_NUMBER), to_whom=form.text("to_whom", limit=MAX_NAME), checked=_checked(form),
    )  # fmt: skip
    try:
        ask = ask_of(form, Action.BOOK_EVIDENCE, {"package_id": package_id})
        done = await run_sync(asked.services.gate.act, asked.session, ask, asked.services.store.engine, deed)
    except (IllegalMoveError, MalformedError) as error:
        return await _list(asked, form, error=error)
    settled = " The hold is lifted, and all of it is booked: it frees what it kept." if done.rows.is_settled else ""
    return await _list(asked, form, said=f"Booked as {form.text('item_number')}.{settled}")


@page
async def follow(asked: Asked) -> Response:
    await asked.require(Action.BOOK_EVIDENCE)
    form, booking_id = await asked.form(), asked.request.path_params["booking_id"]
    deed = partial(
        booking.follow, booking_id=booking_id, to_whom=form.text("to_whom", limit=MAX_NAME), reason=form.text("reason", limit=MAX_REASON),
        checked=_checked(form),
    )  # fmt: skip
    try:
        ask = ask_of(form, Action.BOOK_EVIDENCE, {"booking_id": booking_id})
        done = await run_sync(asked.services.gate.act, asked.session, ask, asked.services.store.engine, deed)
    except (IllegalMoveError, MalformedError) as error:
        return await _list(asked, form, error=error)
    said = "It is what left." if done.rows else "It is NOT what left: that is on record. Tell the custodian of records."
    return await _list(asked, form, said=said, is_bad=not done.rows)


@page
async def unbooked(asked: Asked) -> Response:
    """What lifted holds keep until it is booked: for who may say why it need not be."""
    await asked.require(Action.WAIVE_BOOKING)
    return await _waiting(asked)


@page
async def waive(asked: Asked) -> Response:
    await asked.require(Action.WAIVE_BOOKING)
    form, hold_id = await asked.form(), asked.request.path_params["hold_id"]
    deed = partial(settling.waive, hold_id=hold_id, reason=form.text("reason", limit=MAX_REASON))
    try:
        ask = _plain({"hold_id": hold_id})
        done = await run_sync(asked.services.gate.act, asked.session, ask, asked.services.store.engine, deed)
    except (IllegalMoveError, MalformedError) as error:
        return await _waiting(asked, error=error)
    said = "it frees what it kept" if done.rows else "the other one says why as well, then it frees what it kept"
    return await _waiting(asked, said=f"Hold {hold_id}: {said}.")


def sent_as_file(packed: Packed) -> Response:
    """A package on its way to a browser."""
    headers = {
        "content-disposition": f'attachment; filename="{packed.file_name}"',
        "alpr-package": str(packed.package_id),
        "alpr-package-sha256": packed.sha256,
    }
    media_type = "application/x-tar" if packed.file_name.endswith(".tar") else "application/octet-stream"
    return StreamingResponse(packed.spool.sent(), media_type=media_type, headers=headers)


# ── parts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _list(
    asked: Asked, form: Form, *, said: str = "", error: AlprError | None = None, is_bad: bool = False
) -> Response:
    services = asked.services
    search = partial(booking.packages, engine=services.store.engine)
    answer = await run_sync(services.gate.answer, asked.session, ask_of(form, Action.BOOK_EVIDENCE, {}), search)
    status = status_of(error)[0] if error else 200
    return await asked.page(
        "evidence.html", status=status, form=_told(form), rows=answer.rows, receipt=answer.receipt, error=error, said=said, is_bad=is_bad,
        names=await run_sync(register.names, services.store.engine), most=booking.ROWS, may_pack=asked.may(Action.PACK_EVIDENCE),
        key_id=services.packer.maker.sealer.key_id(),
    )  # fmt: skip


async def _form(asked: Asked, form: dict[str, Any], *, error: AlprError | None = None) -> Response:
    status = status_of(error)[0] if error else 200
    return await asked.page("evidence_new.html", status=status, form=Filled(form), error=error, pictures=PICTURES_ARE)


async def _waiting(asked: Asked, *, said: str = "", error: AlprError | None = None) -> Response:
    services = asked.services
    search = partial(settling.waiting, engine=services.store.engine)
    answer = await run_sync(services.gate.answer, asked.session, _plain({}), search)
    status = status_of(error)[0] if error else 200
    return await asked.page(
        "unbooked.html", status=status, rows=answer.rows, said=said, error=error, grounds=TITLES, dispositions=DISPOSITIONS,
        mine=settling.CAPACITIES[asked.session.member.role],
    )  # fmt: skip


def _options(form: Form) -> Options:
    wanted = next((one for one in Pictures if one == form.text("pictures", limit=16)), None)
    if wanted is None:
        raise MalformedError("field", "choose one of the list", remedy="open the page again")
    return Options(
        pictures=wanted, subjects=tuple(form.text("subjects").replace(",", " ").split()), with_entries=form.flag("with_entries"),
        recipient=form.text("recipient", limit=200),
    )  # fmt: skip


def _checked(form: Form) -> booking.Checked:
    return booking.Checked(form.text("sha256", limit=64).lower(), form.flag("is_whole"))


def _plain(elements: dict[str, Any]) -> Ask:
    """An act about holds, not about vehicles: no purpose, no case of its own."""
    return Ask(action=Action.WAIVE_BOOKING, purpose="", case_number="", elements=elements)


def _told(form: Form) -> Filled:
    return Filled({name: form.text(name) for name in WHY})


ROUTES: Final = [
    Route("/evidence", listed, methods=["GET", "POST"]),
    Route("/evidence/new", new, methods=["GET", "POST"]),
    Route("/evidence/{package_id:int}/book", book, methods=["POST"]),
    Route("/evidence/bookings/{booking_id:int}/follow", follow, methods=["POST"]),
    Route("/unbooked", unbooked),
    Route("/unbooked/{hold_id:int}", waive, methods=["POST"]),
]
