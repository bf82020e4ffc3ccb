"""Partial plates: the reads of every plate that a witness's pattern may mean, the best explained first (422.4(c)).

Here: pattern → plates of the dictionary, and those that a person read instead → their reads in a window, an area, a state. Not here: the language (`lifecycle.watches`),
how well a read explains a pattern (`explaining`), one incident (`canvass`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import pandas as pd
from sqlalchemy import Engine

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.roles import Action
from alpr_assets.lifecycle.lookalikes import ALPHABET, GROUPS
from alpr_assets.lifecycle.watches import areas
from alpr_assets.lifecycle.watches.areas import Area
from alpr_assets.lifecycle.watches.dictionary import plates_meant
from alpr_assets.lifecycle.watches.patterns import GAP, Pattern, parse
from alpr_assets.policy import Policy
from alpr_assets.search import querying, reads
from alpr_assets.search.explaining import Explainer
from alpr_assets.store import schema
from alpr_assets.store.conditions import among
from alpr_assets.store.engine import searching

COLUMNS: Final = {
    **reads.COLUMNS,
    "corrected_plate": "characters as a person read them in the picture, the newest correction; missing: none",
    "possible": "the pattern means neither the characters as read nor those of a correction: only look-alikes of them",
    "explained": "probability 0–1 that the plate in the picture is one that the pattern means; a person's reading is sure: 0 or 1",
    "differences": "what of the plate the pattern did not know; empty where only possible",
}
"""Columns of `partial_plates`, in order."""


def partial_plates(
    grant: Grant,
    engine: Engine,
    *,
    pattern: str,
    policy: Policy,
    since: datetime | None = None,
    until: datetime | None = None,
    area: Area | None = None,
    state: str | None = None,
    tolerant: bool = False,
) -> Found[pd.DataFrame]:
    """All reads of the plates that a pattern means, the best explained first, then the newest.

    Parameters
    ----------
    pattern : see `lifecycle.watches.patterns`
    since, until : aware instants, `until` excluded; None: no limit
    area : only reads inside; one whose place is unknown is in none
    state : two letters; reads of another state are left out, reads without one are kept; None: any
    tolerant : also plates that only look-alikes of the pattern's characters spell, marked possible

    Returns
    -------
    DataFrame (n, 19): see COLUMNS

    Raises
    ------
    AccessRefusedError : the grant is for another ask
    MalformedError : no pattern, or one that says too little for a search without area and window

    Source: 422.4(c)
    """
    query = partial_query(
        grant,
        engine,
        pattern=pattern,
        policy=policy,
        since=since,
        until=until,
        area=area,
        state=state,
        tolerant=tolerant,
    )
    found = querying.found(engine, query)
    ranked = found.rows.sort_values(["explained", "captured_at"], ascending=False, kind="stable").reset_index(drop=True)
    return Found(ranked, reads.ids_of(ranked))


def partial_query(
    grant: Grant,
    engine: Engine,
    *,
    pattern: str,
    policy: Policy,
    since: datetime | None = None,
    until: datetime | None = None,
    area: Area | None = None,
    state: str | None = None,
    tolerant: bool = False,
) -> querying.Query:
    """The same, the newest first, to be spooled or exported: a million rows cannot wait for the last to be ranked."""
    grant.require(Action.PARTIAL_PLATE)
    is_narrow = area is not None and since is not None and until is not None
    meant = parse(pattern, least_known=1 if is_narrow else policy.watches.least_known)
    with searching(engine) as connection:
        plates = plates_meant(connection, widened(meant) if tolerant else meant)
        corrected = [one for one in connection.execute(reads.newest_corrections()) if meant.matches(one.plate)]
    read, dialect = schema.read.c, engine.dialect.name
    newest = reads.newest_corrections().subquery("correction")
    conditions = [*reads.between(since, until), *reads.of_state(state, newest)]
    plate: Any = read.plate
    if area and since and until and until - since <= timedelta(hours=policy.search.max_hours):
        # By place and time, which leave few reads; joined to nothing, the plate is no condition for its index.
        conditions.append(among(dialect, read.cell, areas.cells_of(area)))
        plate = read.plate.concat("")
    right = among(dialect, plate, plates)
    if corrected:
        ids = among(dialect, read.read_id, [one.read_id for one in corrected])
        right = right | (read.day.in_({one.day for one in corrected}) & ids)
    statement = (
        reads.reads_in_force(right, *conditions, evidence=True)
        .add_columns(newest.c.plate.label("corrected_plate"))
        .outerjoin(newest, (newest.c.day == read.day) & (newest.c.read_id == read.read_id))
        .order_by(read.captured_at.desc(), read.read_id.desc())
    )
    keep = None if area is None else partial(reads.inside, area=area)
    return querying.Query(statement, reads.identify, partial(_finish, meant=meant, policy=policy), keep)


def widened(pattern: Pattern) -> Pattern:
    """The pattern with each known character's look-alikes beside it."""
    return Pattern(tuple(_with_lookalikes(token) for token in pattern.tokens))


def _with_lookalikes(token: str) -> str:
    if token in (GAP, ALPHABET):
        return token
    wider = set(token).union(*(group for group in GROUPS if set(group) & set(token)))
    return "".join(character for character in ALPHABET if character in wider)


def _finish(frame: pd.DataFrame, *, meant: Pattern, policy: Policy) -> pd.DataFrame:
    said = frame["corrected_plate"].fillna(frame["plate"])  # by a person, where one looked
    matching = {plate: meant.matches(plate) for plate in {*frame["plate"], *said}}
    why = {plate: meant.explain(plate) if fits else [] for plate, fits in matching.items()}
    fits = said.map(matching).astype(bool)
    explained = pd.Series(Explainer.of(meant, policy).probability(frame), index=frame.index)
    frame = frame.assign(
        possible=~(fits | frame["plate"].map(matching).astype(bool)),
        explained=explained.where(frame["corrected_plate"].isna(), fits.astype(float)),
        differences=said.map(why).astype(object),
    )
    return frame[list(COLUMNS)]
