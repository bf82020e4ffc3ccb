"""From a statement to an answer: as one frame, or spooled where it is large.

Here: running a search's statement once, naming every row's id. Not here: any statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
from sqlalchemy import Engine, Row, Select

from alpr_assets.access.gate import Found
from alpr_assets.access.record.entries import ResultId
from alpr_assets.access.spool import Spool
from alpr_assets.store.engine import reading

BATCH: Final = 5_000  # rows fetched at once


@dataclass(frozen=True, slots=True)
class Query:
    """A search ready to run.

    statement : selects the answer's columns, in their order
    identify : the id of one row
    finish : what is done to a frame of rows before it leaves, such as names for codes
    """

    statement: Select[Any]
    identify: Callable[[Row[Any]], ResultId]
    finish: Callable[[pd.DataFrame], pd.DataFrame]


def found(engine: Engine, query: Query) -> Found[pd.DataFrame]:
    """Run a query into one frame."""
    with reading(engine) as connection:
        rows = connection.execute(query.statement).all()
    ids = [query.identify(row) for row in rows]
    return Found(query.finish(_frame(rows, query)), ids)


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
        with reading(engine) as connection:
            result = connection.execution_options(yield_per=BATCH).execute(query.statement)
            n_batches = 0
            for rows in result.partitions():
                ids.extend(query.identify(row) for row in rows)
                n_batches += 1
                yield query.finish(_frame(rows, query))
            if not n_batches:
                yield query.finish(_frame([], query))

    for content in encode(frames()):
        spool.write(content)
    spool.finish()
    return Found(spool, ids)


def _frame(rows: Sequence[Row[Any]], query: Query) -> pd.DataFrame:
    # Plain tuples: pandas asks every Row for attributes that it does not have, which takes longer than the query.
    return pd.DataFrame(list(map(tuple, rows)), columns=list(query.statement.selected_columns.keys()))
