"""The access record by page: entries, opening one's query, verifying all of it, its newest head (422.3.1(c), 422.6(a)).

Reading the record is an ask of its own, and recorded: which entries an auditor saw is as traceable as which reads an officer saw.
What was searched for is opened entry by entry, on request. Not here: how the record is read or verified (`access.record`).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, TypeVar

from anyio.to_thread import run_sync
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.access.gate import Answer, Ask, Found, Grant
from alpr_assets.access.record import exporting, reading, sheets, tail
from alpr_assets.access.record.entries import (
    Entry,
    Head,
    Kind,
    Outcome,
    RecordUnavailableError,
    ResultId,
)
from alpr_assets.access.record.heads import head_json
from alpr_assets.access.record.reading import Line
from alpr_assets.access.record.sealing import MonthKeys
from alpr_assets.access.record.verifying import Report
from alpr_assets.access.roles import Action
from alpr_assets.console.pages.asking import Asked, Filled, Form, instant, page
from alpr_assets.errors import IllegalMoveError, MalformedError, NotFoundError

Choice = TypeVar("Choice", bound=StrEnum)

_verifying: Final = threading.Lock()


@page
async def show(asked: Asked) -> Response:
    await asked.require(Action.READ_RECORD, Action.VERIFY_RECORD)
    return await _page(asked)


@page
async def search(asked: Asked) -> Response:
    """Entries by filter, the newest first; by POST, since a case number belongs into no address."""
    form = await asked.form()
    filters = _filters(asked, form)
    answer = await run_sync(_entries, asked, filters)
    told = Filled({name: form.text(name) for name in FIELDS})
    return await _page(asked, form=told, lines=answer.rows, receipt=answer.receipt)


@page
async def one(asked: Asked) -> Response:
    """One entry with the ids that it returned; its query only where that is asked for."""
    record_id: int = asked.request.path_params["record_id"]
    form = await asked.form()
    with_elements = form.flag("elements")

    def found(grant: Grant) -> Found[tuple[Line, list[ResultId], dict[str, Any] | None]]:
        grant.require(Action.READ_RECORD)
        with exporting.opened(asked.services.settings) as (place, connection):
            line = reading.entry(connection, record_id)
            if line is None:
                raise NotFoundError(f"there is no entry {record_id}")
            results = reading.results_of(connection, record_id)
            keys = MonthKeys(place.keys / "record_keys.sqlite")
            opened = reading.elements(connection, keys, record_id) if with_elements else None
        return Found((line, results, opened), [ResultId("entry", None, record_id)])

    details = {"record_id": record_id, "elements_opened": with_elements}
    ask = Ask(action=Action.READ_RECORD, purpose="", case_number="", details=details)
    answer = await run_sync(lambda: asked.services.gate.answer(asked.session, ask, found))
    line, results, opened = answer.rows
    return await asked.page("entry.html", line=line, results=results, opened=opened, receipt=answer.receipt)


@page
async def verify(asked: Asked) -> Response:
    return await _page(asked, report=await run_sync(_verified, asked))


@page
async def head(asked: Asked) -> Response:
    """The newest signed head, to be kept elsewhere: a file, or a sheet of paper."""
    await asked.require(Action.VERIFY_RECORD, Action.READ_RECORD)
    ending = asked.request.path_params["ending"]
    newest, public_key = await run_sync(_newest, asked)
    if newest is None or ending not in {"json", "html"}:
        raise NotFoundError("there is no such head")
    policy = asked.services.policy
    name = f"head-{newest.log_id[:4]}-{newest.size:012}"
    if ending == "html":
        content = sheets.sheet(newest, public_key, agency=policy.policy.agency, zone=policy.zone)
        return _download(content.encode(), "text/html; charset=utf-8", f"{name}.html")
    content = json.dumps(head_json(newest, public_key), indent=2)
    return _download(content.encode(), "application/json", f"{name}.json")


FIELDS: Final = ("since", "until", "member_id", "kind", "action", "outcome", "purpose", "case_number", "before")


def _filters(asked: Asked, form: Form) -> dict[str, Any]:
    zone = asked.services.policy.zone
    return {
        "since": instant(form.day("since"), zone),
        "until": instant(form.day("until"), zone, after=True),
        "member_id": form.number("member_id") if form.text("member_id") else None,
        "kind": _choice(Kind, form.text("kind")),
        "action": form.text("action", limit=64) or None,
        "outcome": _choice(Outcome, form.text("outcome")),
        "purpose": form.text("purpose", limit=64) or None,
        "case_number": form.text("case_number", limit=64) or None,
        "before": form.number("before") if form.text("before") else None,
    }


def _choice(kind: type[Choice], value: str) -> Choice | None:
    try:
        return kind(value) if value else None
    except ValueError as error:
        raise MalformedError("field", "there is no such choice", remedy="open the page again") from error


def _entries(asked: Asked, filters: Mapping[str, Any]) -> Answer[list[Line]]:
    def found(grant: Grant) -> Found[list[Line]]:
        grant.require(Action.READ_RECORD)
        with exporting.opened(asked.services.settings) as (_, connection):
            lines = reading.entries(connection, **filters)
        return Found(lines, [ResultId("entry", None, line.record_id) for line in lines])

    asked_for = {name: str(value) for name, value in filters.items() if value is not None}
    ask = Ask(action=Action.READ_RECORD, purpose="", case_number="", elements=asked_for)
    return asked.services.gate.answer(asked.session, ask, found)


def _verified(asked: Asked) -> Report:
    """Verify all of it, one at a time: it reads the whole record. Recorded with what came of it."""
    services = asked.services
    services.gate.require(asked.session, Action.VERIFY_RECORD)
    if not _verifying.acquire(blocking=False):
        raise IllegalMoveError("somebody is verifying the record just now", remedy="try again in a minute")
    try:
        with exporting.opened(asked.services.settings) as (place, _):
            report = exporting.verify_database(place)
    finally:
        _verifying.release()
    first = report.first
    entry = Entry(
        at=asked.at,
        kind=Kind.RECORD,
        action=Action.VERIFY_RECORD.value,
        outcome=Outcome.DONE if report.ok else Outcome.FAILED,
        actor=asked.by,
        reasons=() if first is None else (first.kind,),
        details={"size": report.size, "root": report.root},
    )
    try:
        services.recorder.append(entry)
    except RecordUnavailableError:
        if report.ok:  # a damaged record cannot be added to, and what damaged it is to be seen
            raise
    return report


async def _page(asked: Asked, **more: Any) -> Response:
    newest, _ = await run_sync(_newest, asked)
    shown = {"form": Filled(), "lines": None, "receipt": None, "report": None, **more}
    shown["newest"] = newest
    return await asked.page(
        "record.html", kinds=list(Kind), outcomes=list(Outcome), page_size=reading.PAGE,
        may_read=asked.may(Action.READ_RECORD), may_verify=asked.may(Action.VERIFY_RECORD), **shown,
    )  # fmt: skip


def _newest(asked: Asked) -> tuple[Head | None, bytes]:
    with exporting.opened(asked.services.settings) as (_, connection):
        newest = tail.newest_head(connection)
        return newest, tail.public_key_of(connection) if newest else b""


def _download(content: bytes, media_type: str, name: str) -> Response:
    return Response(content, media_type=media_type, headers={"content-disposition": f'attachment; filename="{name}"'})


ROUTES: Final = [
    Route("/record", show),
    Route("/record", search, methods=["POST"]),
    Route("/record/verify", verify, methods=["POST"]),
    Route("/record/head.{ending:str}", head),
    Route("/record/{record_id:int}", one, methods=["POST"]),
]
