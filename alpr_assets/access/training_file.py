"""Training records as a file for the training coordinator: an export of its own, recorded, without any data about vehicles (422.8).

Here: the file, and its entry in the record. Not here: the records (`training`). A file of vehicles goes through `exports`.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Final

import pandas as pd

from alpr_assets.access import register, training
from alpr_assets.access.acting import Office, acting, authorised
from alpr_assets.access.exports import as_csv
from alpr_assets.access.record.entries import Actor, Kind
from alpr_assets.access.roles import Action
from alpr_assets.store.sealed import sha256_hex

COLUMNS: Final = (
    "training_id", "member_id", "user_name", "name", "title", "standing", "course", "completed_on", "expires_on", "recorded_at",
    "recorded_by", "approved_at", "approved_by", "withdrawn_at", "withdrawn_by",
)  # fmt: skip
"""Columns of the file, in order; `_on` are the department's dates, `_at` instants in UTC, `_by` members' ids."""


def taken_out(office: Office, *, by: Actor, at: datetime) -> bytes:
    """All training on record as CSV (UTF-8, RFC 4180), withdrawn and ended courses too, by member and date.

    Raises AccessRefusedError: no training coordinator; RecordUnavailableError: nothing left.
    """
    with acting(office, "export_training", by, at=at, kind=Kind.EXPORT) as act:
        authorised(act, Action.RECORD_TRAINING, office.policy)
        members = {one.member_id: one for one in register.members(act.connection)}
        rows = []
        for one in training.completed(act.connection):
            who = members[one.member_id]
            about = {"user_name": who.user_name, "name": who.name, "title": who.title, "standing": who.status.value}
            rows.append(about | asdict(one))
        content = as_csv(pd.DataFrame(rows, columns=list(COLUMNS), dtype=object))
        act.note(n_rows=len(rows), format="csv", sha256=sha256_hex(content))
    return content
