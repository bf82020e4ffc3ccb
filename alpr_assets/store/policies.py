"""Tables of what is posted: versions of the policy put in force and ended, and the months' figures as published (422.3.1(g), 422.2).

Part of `schema.metadata`; the engine imports this module so that it is complete. By migration 0020's triggers no row is ever changed or
deleted: what was in force, and what was published, is asked for years later.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Date, ForeignKey, String, Table, Text

from alpr_assets.store.schema import metadata
from alpr_assets.store.types import BigId, UtcInstant

MAX_WHERE = 200  # characters
MAX_REASON = 300  # characters

policy_version = Table(
    "policy_version",
    metadata,
    Column("version_id", BigId, primary_key=True, comment="in the order they came into force: the newest one governs"),
    Column("number", String(16), nullable=False, comment="of the policy, such as 422"),
    Column("version", String(16), nullable=False),
    Column("content", Text, nullable=False, comment="the file as it was read, what anyone may download"),
    Column("sha256", String(64), nullable=False, comment="of the content, byte for byte"),
    Column("digest", String(64), nullable=False, comment="of what it says; the file at work must have the same"),
    Column("adopted_on", Date, nullable=False),
    Column("from_on", Date, nullable=False, comment="its first day in force, the department's date"),
    Column("to_on", Date, comment="its last day, where the file names one"),
    Column("posted_on", Date, nullable=False),
    Column("posted_where", String(MAX_WHERE), nullable=False),
    Column("put_at", UtcInstant, nullable=False),
    Column("put_by", BigInteger, nullable=False, comment="member id"),
    CheckConstraint("to_on IS NULL OR to_on >= from_on", name="in_order"),
    comment="each version of the policy that was put in force; append-only",
)

policy_end = Table(
    "policy_end",
    metadata,
    Column("version_id", ForeignKey("policy_version.version_id"), primary_key=True),
    Column("ended_at", UtcInstant, nullable=False),
    Column("ended_by", BigInteger, nullable=False, comment="member id"),
    Column("reason", String(MAX_REASON), nullable=False),
    comment="versions that were ended before another followed: since then captures land sealed; append-only",
)

published_month = Table(
    "published_month",
    metadata,
    Column("month", String(7), primary_key=True, comment="the department's, such as 2026-06; counted once and for all"),
    Column("content", Text, nullable=False, comment="canonical JSON of what is shown; no plate, no person"),
    Column("sha256", String(64), nullable=False, comment="of the content, as the access record's entry has it"),
    Column("published_at", UtcInstant, nullable=False),
    comment="the month's figures as the public sees them; append-only",
)
