"""Tables of what people decide about hits and reads: moves, the table of legal moves, notices, corrections (422.4(f)).

Part of `schema.metadata`; the engine imports this module so that it is complete. A move and a correction are never changed, and go
only with their hit or day in a purge: who decided on what grounds is asked for in court. What CLETS returned has no column: who
asked, when, under which reference, with which result is all that may be kept.

By triggers that migration 0005 makes: a hit begins raised; a move leaves from where its hit stands, with the next number; a hit
stands where its newest move put it, and its status changes with a move only.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from alpr_assets.store.schema import Plate, metadata
from alpr_assets.store.types import BigId, UtcInstant

MAX_NOTE = 300  # characters
MAX_REFERENCE = 32

hit_transition = Table(
    "hit_transition",
    metadata,
    Column("from_status", String(20), primary_key=True),
    Column("to_status", String(20), primary_key=True),
    Column("kind", String(20), primary_key=True),
    comment="every legal move; the same table as lifecycle.hits.moves, held together by a test",
)

hit_move = Table(
    "hit_move",
    metadata,
    Column("move_id", BigId, primary_key=True, comment="what the access record names among an act's results"),
    Column("hit_id", ForeignKey("hit.hit_id", ondelete="CASCADE"), nullable=False),
    Column("seq", Integer, nullable=False, comment="1, 2, … of its hit: two moves at once cannot both be the next"),
    Column("from_status", String(20), nullable=False),
    Column("to_status", String(20), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("moved_at", UtcInstant, nullable=False),
    Column("member_id", BigInteger, comment="NULL: the system"),
    Column("plate_agrees", Boolean, comment="what the person saw in the picture; NULL: not asked"),
    Column("state_agrees", Boolean),
    Column("vehicle_agrees", Boolean),
    Column("reason", String(MAX_NOTE)),
    Column("note", String(MAX_NOTE), comment="what was seen"),
    Column("clets_reference", String(MAX_REFERENCE)),
    Column("clets_operator", String(64)),
    Column("clets_at", UtcInstant),
    Column("clets_result", String(16)),
    Column("duplicate_of", BigInteger, comment="the hit that is acted on instead"),
    Column("actionable_until", UtcInstant),
    UniqueConstraint("hit_id", "seq"),
    ForeignKeyConstraint(
        ["from_status", "to_status", "kind"],
        ["hit_transition.from_status", "hit_transition.to_status", "hit_transition.kind"],
        name="fk_hit_move_transition",
    ),
    CheckConstraint("(member_id IS NULL) = (kind IN ('lapse', 'entry_ended'))", name="by_whom"),
    CheckConstraint(
        "kind <> 'confirm_picture' OR (plate_agrees IS TRUE AND state_agrees IS TRUE AND vehicle_agrees IS TRUE)",
        name="three_answers",
    ),
    CheckConstraint("kind <> 'wrong_state' OR state_agrees IS FALSE", name="wrong_state"),
    CheckConstraint("kind <> 'misread' OR plate_agrees IS FALSE", name="misread"),
    CheckConstraint(
        "(kind IN ('clets_confirmed', 'clets_recovered', 'clets_cancelled')) = (clets_result IS NOT NULL)", name="clets"
    ),
    CheckConstraint(
        "clets_result IS NULL OR (clets_reference IS NOT NULL AND clets_operator IS NOT NULL AND clets_at IS NOT NULL "
        f"AND length(clets_reference) BETWEEN 1 AND {MAX_REFERENCE} AND length(clets_operator) BETWEEN 1 AND 64 "
        "AND reason IS NULL AND note IS NULL)",
        name="clets_whole",
    ),
    CheckConstraint(
        "clets_result IS NULL OR (kind = 'clets_confirmed' AND clets_result = 'confirmed') "
        "OR (kind = 'clets_recovered' AND clets_result = 'recovered') "
        "OR (kind = 'clets_cancelled' AND clets_result IN ('cancelled', 'no_record'))",
        name="clets_result",
    ),
    CheckConstraint(
        "clets_result IS NOT NULL OR (clets_reference IS NULL AND clets_operator IS NULL AND clets_at IS NULL)",
        name="clets_none",
    ),
    CheckConstraint(
        f"kind NOT IN ('not_practicable', 'dismiss') OR (reason IS NOT NULL AND length(trim(reason)) BETWEEN 3 AND {MAX_NOTE})",
        name="reason",
    ),
    CheckConstraint(f"note IS NULL OR length(note) <= {MAX_NOTE}", name="note"),
    CheckConstraint("(kind = 'duplicate') = (duplicate_of IS NOT NULL)", name="duplicate"),
    CheckConstraint("(to_status = 'actionable') = (actionable_until IS NOT NULL)", name="until"),
    comment="every move of a hit, append-only",
)

hit_notice = Table(
    "hit_notice",
    metadata,
    Column("notice_id", BigId, primary_key=True),
    Column("hit_id", ForeignKey("hit.hit_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("seq", Integer, nullable=False, comment="with hit_id: the move it is about"),
    Column("kind", String(20), nullable=False),
    Column("noticed_at", UtcInstant, nullable=False),
    Column("seen_at", UtcInstant),
    Column("seen_by", BigInteger, comment="the supervisor's member id"),
    UniqueConstraint("hit_id", "seq", "kind"),
    CheckConstraint("kind IN ('not_practicable')", name="kind"),
    CheckConstraint("(seen_at IS NULL) = (seen_by IS NULL)", name="seen"),
    comment="what a supervisor is told of",
)

read_correction = Table(
    "read_correction",
    metadata,
    Column("correction_id", BigId, primary_key=True),
    Column("day", Date, nullable=False, comment="with read_id: the read it stands beside, which stays as it was"),
    Column("read_id", BigInteger, nullable=False),
    Column("plate", Plate, nullable=False),
    Column("plate_folded", Plate, nullable=False),
    Column("region", String(8)),
    Column("reason", String(MAX_NOTE), nullable=False),
    Column("member_id", BigInteger, nullable=False),
    Column("corrected_at", UtcInstant, nullable=False),
    CheckConstraint(f"length(trim(reason)) BETWEEN 3 AND {MAX_NOTE}", name="reason"),
    Index("ix_read_correction_day_read_id", "day", "read_id"),
    Index("ix_read_correction_plate", "plate"),
    comment="what a person read in the picture instead (Civ. Code 1798.90.51); the newest counts; append-only",
)
