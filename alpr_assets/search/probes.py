"""Many small looks into the index of cells and times in one statement: each probe walks the index once.

Here: the statement on either database. Not here: which cells and times are looked at, what is made of the reads.
All probes go as one parameter. A join by place and time would look at every read, and an OR of many windows at every read of a cell.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Executable, TextClause, text

Ints = NDArray[np.int64]

_SQLITE: Final = (
    "SELECT {what} FROM json_each(:probes) AS p CROSS JOIN read AS r WHERE r.cell = json_extract(p.value, '$[1]') "
    "AND r.captured_at >= json_extract(p.value, '$[2]') AND r.captured_at <= json_extract(p.value, '$[3]') {more}"
)
# LATERAL, and the day beside the time: each probe opens one month's index. Without OFFSET 0 the planner makes it a join again, and
# reads the whole table: 1.1 s instead of 3 ms for 750 probes in a million reads.
_POSTGRESQL: Final = (
    "SELECT {what} FROM unnest(CAST(:number AS bigint[]), CAST(:cell AS bigint[]), CAST(:since AS bigint[]), "
    "CAST(:until AS bigint[])) AS p(number, cell, since, until) CROSS JOIN LATERAL (SELECT * FROM read AS r "
    "WHERE r.cell = p.cell AND r.captured_at BETWEEN p.since AND p.until "
    "AND r.day BETWEEN DATE '1970-01-01' + CAST(p.since / 86400000000 AS integer) "
    "AND DATE '1970-01-01' + CAST(p.until / 86400000000 AS integer) {more} OFFSET 0) AS r"
)


class Probe:
    """One statement over probes, in either database's words.

    what : columns to select, of the reads `r` and `{number}`, the probe's number; `{hour}`: hours since 1970
    more : a further condition on `r`, beginning with AND
    """

    def __init__(self, what: str, more: str = "") -> None:
        words = {"sqlite": ("json_extract(p.value, '$[0]')", _SQLITE), "postgresql": ("p.number", _POSTGRESQL)}
        hour = "r.captured_at / 3600000000"
        self._statements: dict[str, TextClause] = {
            dialect: text(frame.format(what=what.format(number=number, hour=hour), more=more))
            for dialect, (number, frame) in words.items()
        }

    def rows(
        self, connection: Connection, number: Ints, cell: Ints, since_us: Ints, until_us: Ints, **parameters: Any
    ) -> list[tuple[Any, ...]]:
        """The selected columns of all reads in a probe's cell from `since_us` to `until_us`, both included, no order."""
        listed = [one.tolist() for one in (number, cell, since_us, until_us)]
        dialect = connection.dialect.name
        if dialect == "sqlite":
            bound: dict[str, Any] = {"probes": json.dumps(list(zip(*listed, strict=True)))}
        else:
            bound = dict(zip(("number", "cell", "since", "until"), listed, strict=True))
        return rows_of(connection, self._statements[dialect], {**bound, **parameters})


def rows_of(
    connection: Connection, statement: Executable, parameters: Mapping[str, Any] | None = None
) -> list[tuple[Any, ...]]:
    """All rows as the driver's own tuples: of a hundred thousand, making SQLAlchemy's rows takes longer than finding them."""
    result: Any = connection.execute(statement, parameters or {})
    rows: list[tuple[Any, ...]] = result.cursor.fetchall()
    result.close()
    return rows
