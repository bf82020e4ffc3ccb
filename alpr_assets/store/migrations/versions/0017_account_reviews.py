"""Account reviews: that somebody else confirmed each account, with what it may, once a year (CJIS Security Policy AC-2).

A review that is changed or deleted would hide an account that nobody looked at: triggers refuse both.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from alpr_assets.store.migrations.refusals import install
from alpr_assets.store.types import BigId, Json, UtcInstant

revision = "0017"
down_revision = "0016"

REFUSALS = (
    ("account_review_fixed", "account_review", "BEFORE UPDATE", "TRUE", "a review is never changed"),
    ("account_review_kept", "account_review", "BEFORE DELETE", "TRUE", "a review is never deleted"),
)


def upgrade() -> None:
    op.create_table(
        "account_review",
        sa.Column("review_id", BigId, nullable=False),
        sa.Column("member_id", BigId, nullable=False),
        sa.Column("reviewer_id", BigId, nullable=False),
        sa.Column("reviewed_at", UtcInstant(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False, comment="as confirmed"),
        sa.Column("role", sa.String(32), nullable=False, comment="as confirmed"),
        sa.Column("sources", Json, nullable=False, comment="as confirmed"),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("review_id", name="pk_account_review"),
        sa.ForeignKeyConstraint(["member_id"], ["member.member_id"], name="fk_account_review_member_id_member"),
        sa.ForeignKeyConstraint(["reviewer_id"], ["member.member_id"], name="fk_account_review_reviewer_id_member"),
        sa.CheckConstraint("member_id <> reviewer_id", name=op.f("ck_account_review_another")),
        comment="that an account is still needed, as it was then; append-only",
    )
    op.create_index(op.f("ix_account_review_member_id"), "account_review", ["member_id"])
    install(REFUSALS)
