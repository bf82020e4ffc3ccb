"""Table of signs of life: when the worker of each machine last said that it is at work.

Part of `schema.metadata`; the engine imports this module so that it is complete.
"""

from __future__ import annotations

from sqlalchemy import Column, String, Table

from alpr_assets.store.schema import metadata
from alpr_assets.store.types import UtcInstant

worker_beat = Table(
    "worker_beat",
    metadata,
    Column("host", String(253), primary_key=True, comment="the machine's name"),
    Column("beat_at", UtcInstant, nullable=False),
    comment="when the worker of a machine last gave a sign of life",
)
