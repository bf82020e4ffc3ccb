"""Frozen answers in case files: on the register of what was taken out, each with a day by which it is reviewed or gone (422.5).

Here: a case file's day, and keeping it on. Not here: freezing (`search.freezing`), the register and who says that a file is gone (`exports`).
Who keeps one on says why: its day is then the class's maximum from that day on. The register holds no plate, and nothing of the question.
"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Final

from alpr_assets.access.exports import FROZEN, ExportFile, Exports, may_answer
from alpr_assets.access.gate import Ask
from alpr_assets.access.people import Session
from alpr_assets.access.record.entries import Outcome
from alpr_assets.access.training import months_after
from alpr_assets.errors import MalformedError, NotFoundError
from alpr_assets.store import schema
from alpr_assets.store.engine import writing

CASE_FILES: Final = "case_files"
"""The class of the schedule."""
MEDIA_TYPE: Final = "application/json"
MIN_REASON: Final = 3


def review_by(exports: Exports) -> date:
    """The last department date of a case file that is frozen, or kept on, today."""
    policy = exports.gate.policy
    today = exports.gate.clock().astimezone(policy.zone).date()
    return months_after(today, 12 * policy.retention[CASE_FILES].maximum_years)


def enter(exports: Exports, session: Session, ask: Ask, content: bytes, *, record_id: int, n_rows: int) -> ExportFile:
    """Put a frozen answer on the register, before it leaves.

    Parameters
    ----------
    ask : as the gate answered it
    record_id : of that answer's entry in the access record
    n_rows : whose digests it holds
    """
    until, sha256 = review_by(exports), hashlib.sha256(content).hexdigest()
    file = ExportFile(f"frozen-{record_id}-review-by-{until}.json", MEDIA_TYPE, content, sha256, n_rows, until)
    exports.enter(session, ask, file, action=ask.action, file_format=FROZEN, record_id=record_id)
    return file


def keep_on(exports: Exports, session: Session, export_id: int, *, reason: str) -> date:
    """Who answers for a case file says that its case still needs it. Returns the new day.

    Raises
    ------
    MalformedError : no reason
    NotFoundError : there is none that he answers for, or it is gone
    """
    if len(reason) < MIN_REASON:
        raise MalformedError("reason", "a case file is kept on for a reason", remedy="say what the case needs it for")
    export, until = schema.export, review_by(exports)
    with writing(exports.engine) as connection:
        kept = connection.execute(
            export.update()
            .where(may_answer(session, export_id), export.c.format == FROZEN, export.c.destroyed_at.is_(None))
            .values(delete_by=until)
        )
        if not kept.rowcount:
            raise NotFoundError(f"you have no case file {export_id}")
        details = {"export_id": export_id, "review_by": until.isoformat(), "note": reason}
        exports.note(session, "keep_case_file", Outcome.DONE, details)
    return until
