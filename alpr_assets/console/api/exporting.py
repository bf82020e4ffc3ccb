"""Taking rows out as a file to keep. Through the gate, registered, with a day by which it must be gone.

Here: the route. Not here: the searches (`named`), caps, approvals and the register (`access.exports`).
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response

from alpr_assets.access.gate import Ask
from alpr_assets.console.api import named
from alpr_assets.console.api.answers import Receipt
from alpr_assets.console.api.asks import FileFormat
from alpr_assets.console.api.formats import PARQUET
from alpr_assets.console.api.searching import BINARY, RECEIPT
from alpr_assets.console.api.sessions import Serving, SignedIn
from alpr_assets.errors import MalformedError

router: Final = APIRouter(tags=["searches"])


@router.post(
    "/exports",
    response_class=Response,
    responses={200: {"description": "The file.", "headers": RECEIPT, "content": {"text/csv": BINARY, PARQUET: BINARY}}},
)
def export(ask: named.ExportAsk, session: SignedIn, services: Serving) -> Response:
    """Rows as a file to keep until a day: above the policy's number of rows, a supervisor approves first (403, `row_cap`)."""
    of, known = ask.of, named.NAMED[ask.of.search]
    if ask.format is FileFormat.GEOPARQUET and "latitude_deg" not in known.columns(of):
        raise MalformedError("format", "what this search finds has no places", remedy="take it as csv")
    wanted = Ask(action=known.action, purpose=ask.purpose, case_number=ask.case_number, elements=named.elements_of(of))
    search = known.run(services, of)
    answer = services.exports.take(session, wanted, search, ask.format.value)
    file = answer.rows
    headers = {
        **Receipt.of(answer.receipt).header(),
        "Content-Disposition": f'attachment; filename="{file.name}"',
        "ALPR-Delete-By": file.delete_by.isoformat(),
    }
    return Response(file.content, media_type=file.media_type, headers=headers)
