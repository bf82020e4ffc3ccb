"""Purges whose clock was looked at (422.5, Gov. Code 34090.6)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from alpr_assets.store.migrations.refusals import install
from alpr_assets.store.types import BigId, Json, UtcInstant

revision = "0014"
down_revision = "0013"

REFUSALS = (
    # name, table, when, condition, what it says
    ("clock_statement_fixed", "clock_statement", "BEFORE UPDATE", "TRUE", "what was stated is never changed"),
    ("clock_statement_kept", "clock_statement", "BEFORE DELETE", "TRUE", "what was stated is never deleted"),
)


def upgrade() -> None:
    op.create_table(
        "clock_statement",
        sa.Column("statement_id", BigId, nullable=False),
        sa.Column("stated_at", UtcInstant(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("head_size", sa.BigInteger(), nullable=False, comment="entries of the access record whose times it explains"),
        sa.Column("doubts", Json, nullable=False, comment="what was in doubt, as he was shown it"),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.PrimaryKeyConstraint("statement_id", name="pk_clock_statement"),
        comment="a custodian's word that the clock by which purges count years is right; append-only",
    )  # fmt: skip
    install(REFUSALS)
