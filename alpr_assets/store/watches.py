"""Tables of watches: what members look for, and every decision on it (422.4(c)).

Part of `schema.metadata`; the engine imports this module so that it is complete. A watch is what was placed and stays so, except for
where it stands and until when; a decision is never changed. By triggers that migration 0006 makes: nobody approves, declines or
extends what he placed himself, and decisions are kept.

A hit that a watch raised has its `watch_id`; the pattern's outline is its plate, `watch <id>` its list type. A unique index on
(day, sighting, watch) lets a pass raise one hit a watch, whatever its reads spell.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from alpr_assets.store.schema import metadata
from alpr_assets.store.types import BigId, Json, UtcInstant

MAX_REASON = 300  # characters

watch = Table(
    "watch",
    metadata,
    Column("watch_id", BigId, primary_key=True),
    Column("kind", String(8), nullable=False, comment="entry: a line of the department's own list, a whole plate"),
    Column("pattern", Text, nullable=False, comment="a plate, or a partial one as `watches.patterns` writes it"),
    Column("is_partial", Boolean, nullable=False),
    Column("state", String(2), nullable=False, comment="upper case; empty: unknown"),
    Column("area", Json, comment="GeoJSON polygon, or point with radius_m; NULL: anywhere"),
    Column("since_at", UtcInstant, comment="captures from then on; NULL: all"),
    Column("until_at", UtcInstant, comment="captures before then; NULL: all"),
    Column("purpose", String(64), nullable=False),
    Column("category", String(32), nullable=False, comment="of its hits: the purpose"),
    Column("case_number", String(32), nullable=False),
    Column("reason", String(MAX_REASON), nullable=False),
    Column("owner_id", BigInteger, nullable=False, index=True),
    Column("audience", String(8), nullable=False, comment="covert: owner, supervisor, commander and auditor only"),
    Column("supervisor_id", BigInteger, comment="whom a covert watch is shown to, and who decides on it"),
    Column("status", String(8), nullable=False, comment="expiry and the time for approval are judged by the clock"),
    Column("n_decisions", Integer, nullable=False, comment="seq of its newest decision"),
    Column("placed_at", UtcInstant, nullable=False),
    Column("approve_by_at", UtcInstant, nullable=False, comment="it stops then unless it is approved"),
    Column("expires_at", UtcInstant, nullable=False),
    Column("history_at", UtcInstant, comment="when all past reads had been matched; NULL: not yet"),
    CheckConstraint("kind IN ('watch', 'entry')", name="kind"),
    CheckConstraint("kind = 'watch' OR is_partial IS FALSE", name="entry_is_whole"),
    CheckConstraint("audience IN ('normal', 'covert')", name="audience"),
    CheckConstraint("audience = 'normal' OR supervisor_id IS NOT NULL", name="covert_has_supervisor"),
    CheckConstraint("supervisor_id IS NULL OR supervisor_id <> owner_id", name="supervisor_is_another"),
    CheckConstraint("status IN ('placed', 'approved', 'declined', 'ended')", name="status"),
    CheckConstraint("expires_at > placed_at", name="expires"),
    CheckConstraint(f"length(trim(reason)) BETWEEN 3 AND {MAX_REASON}", name="reason"),
    Index("ix_watch_status_expires_at", "status", "expires_at"),
)

watch_decision = Table(
    "watch_decision",
    metadata,
    Column("decision_id", BigId, primary_key=True, comment="what the access record names among an act's results"),
    Column("watch_id", ForeignKey("watch.watch_id"), nullable=False),
    Column(
        "seq", Integer, nullable=False, comment="1, 2, … of its watch: two decisions at once cannot both be the next"
    ),
    Column("kind", String(8), nullable=False),
    Column("decided_at", UtcInstant, nullable=False),
    Column("member_id", BigInteger, nullable=False),
    Column("reason", String(MAX_REASON), nullable=False),
    Column("expires_at", UtcInstant, nullable=False, comment="of the watch, from this decision on"),
    UniqueConstraint("watch_id", "seq"),
    CheckConstraint("kind IN ('placed', 'approved', 'declined', 'ended', 'extended')", name="kind"),
    CheckConstraint(f"length(trim(reason)) BETWEEN 3 AND {MAX_REASON}", name="reason"),
    comment="who placed, approved, declined, ended or extended a watch, when and why; append-only",
)
