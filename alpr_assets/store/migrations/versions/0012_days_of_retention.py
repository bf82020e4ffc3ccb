"""Of each capture day when its last capture landed, and how many were destroyed: so that a year is judged without its captures (422.5)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from alpr_assets.store.types import UtcInstant

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("capture_day", sa.Column("last_landed_at", UtcInstant(), comment="when its last capture landed"))
    op.add_column(
        "capture_day",
        sa.Column(
            "n_destroyed", sa.Integer(), nullable=False, server_default="0", comment="captures that purges destroyed"
        ),
    )
    op.execute(
        "UPDATE capture_day SET last_landed_at = (SELECT max(landed_at) FROM capture WHERE capture.day = capture_day.day)"
    )
