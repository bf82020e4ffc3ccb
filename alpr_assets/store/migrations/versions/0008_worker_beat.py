"""When the worker of each machine last gave a sign of life."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from alpr_assets.store.types import UtcInstant

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "worker_beat",
        sa.Column("host", sa.String(253), nullable=False, comment="the machine's name"),
        sa.Column("beat_at", UtcInstant(), nullable=False),
        sa.PrimaryKeyConstraint("host", name="pk_worker_beat"),
        comment="when the worker of a machine last gave a sign of life",
    )
