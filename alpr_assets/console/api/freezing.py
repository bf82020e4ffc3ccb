"""Case files: an answer frozen so that it can be told later whether the same question still has the same answer.

Here: the two routes. Not here: what is kept and how it is compared (`search.freezing`), the searches (`named`).
A frozen file holds keyed digests and the sealed question: no plate, no row. It is registered before it leaves, with a day by which it is
reviewed or gone. Asking it again is a question like any other.
"""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field, ValidationError

from alpr_assets.access import case_files
from alpr_assets.access.gate import Ask, Found, Grant
from alpr_assets.access.record.entries import ResultId
from alpr_assets.console.api import answers, asks, named
from alpr_assets.console.api.columns import schema_of
from alpr_assets.console.api.searching import RECEIPT, Accept
from alpr_assets.console.api.sessions import Serving, SignedIn
from alpr_assets.console.api.tables import Content, Table, tables_answer, tables_response
from alpr_assets.errors import MalformedError, VerificationError
from alpr_assets.search import freezing

router: Final = APIRouter(tags=["searches"])

MAX_ROWS: Final = 100_000
"""A file of more digests than this tells nobody anything that a narrower question would not."""
MAX_FILE: Final = 32_000_000
READS: Final = schema_of({"day": "UTC day of the capture", "read_id": "id of the read, within its day"})
PARTS: Final = {
    "purged": "reads that were found then and are destroyed since",
    "changed": "reads that are there and read otherwise, or are found no longer",
    "added": "reads that are found now and were not then",
}


class FreezeAsk(asks.Why):
    """A search whose answer is to be frozen."""

    of: named.NamedSearch


class ReproduceAsk(asks.Why):
    """A frozen answer, to be asked again."""

    file: str = Field(min_length=1, max_length=MAX_FILE, description="the frozen file's text, as it was given")


@router.post(
    "/freeze",
    response_class=Response,
    responses={200: {"description": "The frozen answer, a file for the case.", "headers": RECEIPT, "content": {case_files.MEDIA_TYPE: {}}}},
)  # fmt: skip
def freeze(ask: FreezeAsk, session: SignedIn, services: Serving) -> Response:
    """Ask, and keep how it was asked and a keyed digest of each row: no row, no plate. Registered, to be reviewed or gone by its day."""
    known, granted = named.NAMED[ask.of.search], list[Grant]()
    search = known.run(services, ask.of)

    def bounded(grant: Grant) -> Found[pd.DataFrame]:
        granted.append(grant)
        found = search(grant)
        if len(found.rows) > MAX_ROWS:
            raise MalformedError("rows", f"more than {MAX_ROWS:,} rows are not frozen", remedy="ask for less at once")
        return found

    wanted = _ask(ask, ask.of, details={"frozen": True})
    answer = services.gate.answer(session, wanted, bounded)
    frozen = freezing.freeze(
        answer, search=ask.of.search, parameters=ask.of.model_dump(mode="json"), grant=granted[0], key=services.case_key
    )
    file = case_files.enter(
        services.exports, session, wanted, frozen.to_bytes(services.case_key),
        record_id=answer.receipt.record_id, n_rows=len(frozen.rows),
    )  # fmt: skip
    headers = {
        **answers.Receipt.of(answer.receipt).header(),
        "Content-Disposition": f'attachment; filename="{file.name}"',
        "ALPR-Review-By": file.delete_by.isoformat(),
    }
    return Response(file.content, media_type=file.media_type, headers=headers)


@router.post(
    "/reproduce",
    responses=tables_response(answers.Reproduced, dict.fromkeys(PARTS, READS)),
    response_model=None,
)
def reproduce(ask: ReproduceAsk, session: SignedIn, services: Serving, accept: Accept = None) -> Response:
    """Ask a frozen question again under your own grant: whether the answer is the same, and what was purged, changed or added."""
    frozen, of = _opened(ask.file, services.case_key)
    known = named.NAMED[of.search]

    def search(grant: Grant) -> Found[Content]:
        found = freezing.reproduce(
            grant, services.store.engine, frozen, known.run(services, of), key=services.case_key
        )  # fmt: skip
        again = found.rows
        content: Content = {
            "search": of.search,
            "frozen_record_id": frozen.record_id,
            "frozen_at": frozen.frozen_at.isoformat(),
            "same": again.same,
            "n_then": len(frozen.rows),
            "n_now": len(again.rows),
            "n_same": again.n_same,
            "n_others": again.n_others,
            **{name: Table(_reads(getattr(again, name)), READS) for name in PARTS},
            "found": Table(again.rows, schema_of(known.columns(of))),
        }
        return Found(content, found.ids)

    wanted = _ask(ask, of, details={"reproduces": frozen.record_id})
    return tables_answer(services, session, wanted, accept, search)


def _ask(why: asks.Why, of: Any, *, details: dict[str, Any]) -> Ask:
    return Ask(
        action=named.NAMED[of.search].action, purpose=why.purpose, case_number=why.case_number,
        elements=named.elements_of(of), details=details,
    )  # fmt: skip


def _opened(file: str, key: Any) -> tuple[freezing.Frozen, Any]:
    """The frozen answer and its question.

    Raises MalformedError: it is none of this department's, it was altered, or it was asked as this version no longer asks.
    """
    try:
        frozen = freezing.Frozen.from_bytes(file.encode(), key)
        return frozen, named.ADAPTER.validate_python(freezing.question(frozen, key))
    except VerificationError as error:
        raise MalformedError("file", str(error), remedy=error.remedy) from error
    except ValidationError as error:
        raise MalformedError(
            "file", "its question is none that this version asks", remedy="ask anew, and freeze that answer"
        ) from error


def _reads(known: tuple[ResultId, ...]) -> pd.DataFrame:
    return pd.DataFrame({"day": [one.day for one in known], "read_id": [one.id for one in known]}).astype(
        {"day": object, "read_id": "int64"}
    )
