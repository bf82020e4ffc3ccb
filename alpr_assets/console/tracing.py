"""A lineage's question over the console's services, for the page and the data API. Not here: what is found (`search.lineage`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from sqlalchemy import Connection

from alpr_assets.access.gate import Found, Grant
from alpr_assets.access.record.exporting import opened
from alpr_assets.console.wiring import Services
from alpr_assets.lifecycle.purge.planning import key_of
from alpr_assets.search.lineage.steps import Lineage
from alpr_assets.search.lineage.tracing import lineage


def trace(
    services: Services, *, read_id: int | None, capture_id: int | None
) -> Callable[[Grant], Found[Lineage]]:  # fmt: skip
    """The search for the gate."""

    @contextmanager
    def record() -> Iterator[Connection]:
        with opened(services.settings) as (_, connection):
            yield connection

    return partial(
        lineage, engine=services.store.engine, record=record, key=key_of(services.settings), read_id=read_id,
        capture_id=capture_id,
    )  # fmt: skip
