"""From a statement to an answer: as one frame, or spooled where it is large.

Here: running a search's statement once, naming every row's id. Not here: any statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Engine, Row, Select

from alpr_assets.access.gate import Found
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.spool import Spool
from alpr_assets.store.engine import searching

BATCH: Final = 5_000  # rows fetched at once


@dataclass(frozen=True, slots=True)
class Query:
    """A search ready to run.

    statement : selects the answer's columns, in their order
    identify : the id of one row
    finish : what is done to a frame of rows before it leaves, such as names for codes
    keep : which rows of a frame are meant, where SQL cannot say it, such as those inside a polygon; None: all
    """

    statement: Select[Any]
    identify: Callable[[Row[Any]], ResultId]
    finish: Callable[[pd.DataFrame], pd.DataFrame]
    keep: Callable[[pd.DataFrame], NDArray[np.bool_]] | None = None


def found(engine: Engine, query: Query) -> Found[pd.DataFrame]:
    """Run a query into one frame."""
    with searching(engine) as connection:
        rows = connection.execute(query.statement).all()
    frame, kept = _kept(rows, query)
    return Found(query.finish(frame), [query.identify(row) for row in kept])


def spooled(
    engine: Engine, query: Query, spool: Spool, encode: Callable[[Iterator[pd.DataFrame]], Iterator[bytes]]
) -> Found[Spool]:
    """Run a query into a spool, a batch of rows at a time.

    Parameters
    ----------
    encode : frames (the first one even where there are no rows) → the bytes of the answer
    """
    ids: list[ResultId] = []

    def frames() -> Iterator[pd.DataFrame]:
        with searching(engine) as connection:
            result = connection.execution_options(yield_per=BATCH).execute(query.statement)
            n_batches = 0
            for rows in result.partitions():
                frame, kept = _kept(rows, query)
                ids.extend(query.identify(row) for row in kept)
                n_batches += 1
                yield query.finish(frame)
            if not n_batches:
                yield query.finish(_frame([], query))

    for content in encode(frames()):
        spool.write(content)
    spool.finish()
    return Found(spool, ids)


def _kept(rows: Sequence[Row[Any]], query: Query) -> tuple[pd.DataFrame, Sequence[Row[Any]]]:
    """The rows that are meant, as a frame and as they came: what does not leave is not named in the record either."""
    frame = _frame(rows, query)
    if query.keep is None:
        return frame, rows
    mask = query.keep(frame)
    return frame[mask].reset_index(drop=True), [row for row, meant in zip(rows, mask, strict=True) if meant]


def _frame(rows: Sequence[Row[Any]], query: Query) -> pd.DataFrame:
    # Plain tuples: pandas asks every Row for attributes that it does not have, which takes longer than the query.
    return pd.DataFrame(list(map(tuple, rows)), columns=list(query.statement.selected_columns.keys()))
