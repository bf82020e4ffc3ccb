"""Tolerant history: the reads of a plate, and those that may be it, misread.

Here: plates that look alike or are one character off, marked as possible. Not here: exactly these characters (`history`), partial
plates (`partial`). Where a person corrected a read, the corrected plate is what is held against the one asked for.
A possible read is never the plate itself: another vehicle may well have it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pandas as pd
from sqlalchemy import Engine

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.roles import Action
from alpr_assets.lifecycle.matching import KINDS, PlateIndex
from alpr_assets.lifecycle.watches.history import plates_of
from alpr_assets.policy import Policy
from alpr_assets.search import corrected, reads
from alpr_assets.search.plates import typed
from alpr_assets.store import schema
from alpr_assets.store.engine import searching

COLUMNS: Final = {
    **reads.COLUMNS,
    "corrected_plate": "characters as a person read them in the picture, the newest correction; missing: none",
    "match_kind": "exact, folded (look-alikes) or edit1 (one character differs)",
    "possible": "other characters than asked for were read, or corrected to: a lead, never the plate itself",
    "differences": "the characters that differ",
}
"""Columns of `tolerant_history`, in order."""


@dataclass(frozen=True, slots=True)
class _Whole:
    """A whole plate, as a watch has it."""

    pattern: str
    is_partial: bool = False


def tolerant_history(
    grant: Grant,
    engine: Engine,
    *,
    plate: str,
    policy: Policy,
    since: datetime | None = None,
    until: datetime | None = None,
    state: str | None = None,
) -> Found[pd.DataFrame]:
    """Reads of a plate and of plates one misread away: exact ones first, then look-alikes, then the others, each the newest first.

    Parameters
    ----------
    plate : as typed
    since, until : aware instants, `until` excluded; None: no limit
    state : two letters; of the correction where it has one; reads of another state are left out, those without one kept; None: any

    Returns
    -------
    DataFrame (n, 19): see COLUMNS

    Raises
    ------
    AccessRefusedError : the grant is for another ask
    MalformedError : no plate

    Source: 422.4(a)
    """
    grant.require(Action.PLATE_HISTORY)
    wanted = typed(plate)
    read = schema.read.c
    with searching(engine) as connection:
        near = plates_of(connection, _Whole(wanted), policy)
        spoken = corrected.plates_corrected(connection)
        compared = _compared(sorted({*near, *spoken}), wanted, policy)
        right = corrected.of_plates(connection, compared["plate"].tolist())
        statement = reads.reads_in_force(right, *reads.between(since, until))
        rows = connection.execute(statement.order_by(read.captured_at.desc(), read.read_id.desc())).all()
        frame = pd.DataFrame(list(map(tuple, rows)), columns=list(reads.COLUMNS)).astype({"plate": object})
        frame = corrected.beside(connection, frame)
    frame = corrected.of_state(frame, state).assign(meant=corrected.meant)
    found = frame.merge(compared.rename(columns={"plate": "meant"}), on="meant")
    found = found.assign(possible=found["match_kind"] != "exact", order=found["match_kind"].map(list(KINDS).index))
    found = found.sort_values(["order", "captured_at", "read_id"], ascending=[True, False, False], ignore_index=True)
    return Found(found[list(COLUMNS)].astype({"plate": "str"}), reads.ids_of(found))


def _compared(near: list[str], wanted: str, policy: Policy) -> pd.DataFrame:
    """How each plate is near to the wanted one: plate, match_kind, differences."""
    entries = pd.DataFrame({"entry_id": [0], "plate": [wanted], "state": [""]})
    index = PlateIndex.build(entries, edit1_min_length=policy.matching.edit1_min_length)
    pairs = index.match(pd.DataFrame({"read_id": range(len(near)), "plate": near, "region": None}))
    plates = pd.Series([near[number] for number in pairs["read_id"]], index=pairs.index, dtype=object)
    return pairs.assign(plate=plates, match_kind=pairs["kind"])[["plate", "match_kind", "differences"]]
