"""Policies and published figures: versions put in force, versions ended, months as published (422.3.1(g), 422.2).

Triggers refuse what code might forget: none of these rows is ever changed or deleted, and only the newest version is ended.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from alpr_assets.store.migrations.refusals import install
from alpr_assets.store.types import BigId, UtcInstant

revision = "0020"
down_revision = "0019"

OLDER = "NEW.version_id <> (SELECT max(v.version_id) FROM policy_version AS v)"
KEPT = ("policy_version", "policy_end", "published_month")
REFUSALS = (
    # name, table, when, condition, what it says
    *((f"{table}_fixed", table, "BEFORE UPDATE", "TRUE", "what was put in force or published is never changed") for table in KEPT),
    *((f"{table}_kept", table, "BEFORE DELETE", "TRUE", "what was put in force or published is never deleted") for table in KEPT),
    ("policy_end_newest", "policy_end", "BEFORE INSERT", OLDER, "only the version in force is ended"),
)  # fmt: skip


def upgrade() -> None:
    _policies()
    op.create_table(
        "published_month",
        sa.Column("month", sa.String(7), nullable=False, comment="the department's, such as 2026-06; counted once and for all"),
        sa.Column("content", sa.Text(), nullable=False, comment="canonical JSON of what is shown; no plate, no person"),
        sa.Column("sha256", sa.String(64), nullable=False, comment="of the content, as the access record's entry has it"),
        sa.Column("published_at", UtcInstant(), nullable=False),
        sa.PrimaryKeyConstraint("month", name="pk_published_month"),
        comment="the month's figures as the public sees them; append-only",
    )  # fmt: skip
    install(REFUSALS)


def _policies() -> None:
    op.create_table(
        "policy_version",
        sa.Column("version_id", BigId, nullable=False, comment="in the order they came into force: the newest one governs"),
        sa.Column("number", sa.String(16), nullable=False, comment="of the policy, such as 422"),
        sa.Column("version", sa.String(16), nullable=False),
        sa.Column("content", sa.Text(), nullable=False, comment="the file as it was read, what anyone may download"),
        sa.Column("sha256", sa.String(64), nullable=False, comment="of the content, byte for byte"),
        sa.Column("digest", sa.String(64), nullable=False, comment="of what it says; the file at work must have the same"),
        sa.Column("adopted_on", sa.Date(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False, comment="its first day in force, the department's date"),
        sa.Column("to_on", sa.Date(), comment="its last day, where the file names one"),
        sa.Column("posted_on", sa.Date(), nullable=False),
        sa.Column("posted_where", sa.String(200), nullable=False),
        sa.Column("put_at", UtcInstant(), nullable=False),
        sa.Column("put_by", sa.BigInteger(), nullable=False, comment="member id"),
        sa.PrimaryKeyConstraint("version_id", name="pk_policy_version"),
        sa.CheckConstraint("to_on IS NULL OR to_on >= from_on", name=op.f("ck_policy_version_in_order")),
        comment="each version of the policy that was put in force; append-only",
    )  # fmt: skip
    op.create_table(
        "policy_end",
        sa.Column("version_id", BigId, nullable=False),
        sa.Column("ended_at", UtcInstant(), nullable=False),
        sa.Column("ended_by", sa.BigInteger(), nullable=False, comment="member id"),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.PrimaryKeyConstraint("version_id", name="pk_policy_end"),
        sa.ForeignKeyConstraint(["version_id"], ["policy_version.version_id"], name="fk_policy_end_version_id_policy_version"),
        comment="versions that were ended before another followed: since then captures land sealed; append-only",
    )  # fmt: skip
