"""Reads, sightings and hits say whether they are sure; those kept before are judged by the figure of the first policy with one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

SURE_CONFIDENCE = 0.76  # of the sample policy when this was written; a department's own came with the same release


def upgrade() -> None:
    for table, comment in (
        ("read", "the confidence reached the policy's figure when it was stored"),
        ("sighting", "a sure read says this plate, and none another"),
        ("hit", "as the read it was raised from"),
    ):
        # Straight, not in batch mode: that would copy every read, and a default makes it a matter of the catalogue.
        op.add_column(
            table, sa.Column("sure", sa.Boolean(), nullable=False, server_default=sa.false(), comment=comment)
        )
        judged = sa.table(table, sa.column("confidence"), sa.column("sure", sa.Boolean))
        op.execute(judged.update().where(judged.c.confidence >= SURE_CONFIDENCE).values(sure=sa.true()))
