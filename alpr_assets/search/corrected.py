"""What people read instead: corrections, in searches that are not about one plate's own history.

Here: which reads are a plate's once corrections count, and each read's newest one beside it. Not here: making corrections
(`lifecycle.corrections`), showing both readings of a plate's history (`history`).
A correction stands beside its read, never over it (Civ. Code 1798.90.51); for the question which vehicle was there it counts first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, and_, or_

from alpr_assets.search import reads
from alpr_assets.store import schema, verdicts
from alpr_assets.store.conditions import among


def plates_corrected(connection: Connection) -> list[str]:
    """All plates that a person, as the last one, read instead of a recogniser, in order: few, and perhaps in no dictionary."""
    return sorted({row.plate for row in connection.execute(reads.newest_corrections())})


def of_plates(connection: Connection, plates: Sequence[str]) -> ColumnElement[bool]:
    """Condition on reads: read as one of these plates, or corrected to one. What was corrected away is still among them."""
    read, dialect = schema.read.c, connection.dialect.name
    right = among(dialect, read.plate, plates)
    besides = connection.execute(
        reads.newest_corrections().where(among(dialect, verdicts.read_correction.c.plate, plates))
    ).all()
    if not besides:
        return right
    by_key = and_(
        read.day.in_(sorted({row.day for row in besides})),
        among(dialect, read.read_id, [row.read_id for row in besides]),
    )
    return or_(right, by_key)


def beside(connection: Connection, found: pd.DataFrame) -> pd.DataFrame:
    """Reads with `corrected_plate` and `corrected_region` beside them; missing: not corrected.

    Parameters
    ----------
    found : DataFrame (n, ≥ 1): read_id, which says its day, too
    """
    ids = found["read_id"]
    said: dict[int, tuple[str, str | None]] = {}
    if len(ids):
        inside = verdicts.read_correction.c.read_id.between(int(ids.min()), int(ids.max()))
        known = connection.execute(reads.newest_corrections().where(inside))
        said = {row.read_id: (row.plate, row.region) for row in known}
    nothing: tuple[None, None] = (None, None)
    each = [said.get(number, nothing) for number in ids] if said else [nothing] * len(ids)
    return found.assign(
        corrected_plate=pd.Series([plate for plate, _ in each], index=found.index, dtype=object),
        corrected_region=pd.Series([region for _, region in each], index=found.index, dtype=object),
    )


def meant(frame: pd.DataFrame) -> pd.Series[Any]:
    """(n,) each read's plate: as a person read it, where one did."""
    return frame["corrected_plate"].where(frame["corrected_plate"].notna(), frame["plate"])


def of_state(frame: pd.DataFrame, state: str | None) -> pd.DataFrame:
    """Reads of a state, two letters, as a person read it, where one did; those without one are kept."""
    if state is None:
        return frame
    region = frame["corrected_region"].where(frame["corrected_region"].notna(), frame["region"])
    return frame[region.isna() | (region == state.lower())]
