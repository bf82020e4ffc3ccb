"""Tables of holds: what must not be destroyed, for whom, on what ground, and every decision on it (422.5, Gov. Code 34090.6).

Part of `schema.metadata`; the engine imports this module so that it is complete. A hold is what was placed and stays so, except for
whether it stands and when it is reviewed, which change with a decision only; decisions are never changed. The triggers of migrations 0011
and 0023 see to it, and to it that a hold is never deleted. What a hold of a case holds grows: items join, and none goes. What a settled hold
described is destroyed by a purge, all of it at once: its pattern is empty then, and its items are gone.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from alpr_assets.store.schema import Plate, metadata
from alpr_assets.store.types import BigId, Json, UtcInstant

MAX_REASON = 300  # characters

hold = Table(
    "hold",
    metadata,
    Column("hold_id", BigId, primary_key=True),
    Column("ground", String(24), nullable=False, comment="of 422.5, see lifecycle.holds.grounds"),
    Column("purpose", String(64), nullable=False),
    Column("case_number", String(32), nullable=False),
    Column("reason", String(MAX_REASON), nullable=False),
    Column("member_id", BigInteger, nullable=False, index=True),
    Column("placed_at", UtcInstant, nullable=False),
    Column("pattern", Text, comment="plate or partial plate; NULL: any. Reads that come later are held too"),
    Column("plate_folded", Plate, comment="of a whole plate, its look-alikes' one key; NULL: none, or a partial one"),
    Column("area", Json, comment="GeoJSON polygon, or point with radius_m; NULL: anywhere"),
    Column("device_id", String(64), comment="NULL: any reader"),
    Column("since_at", UtcInstant, comment="captures from then on; NULL: all"),
    Column("until_at", UtcInstant, comment="captures before then; NULL: all"),
    Column(
        "n_items",
        Integer,
        nullable=False,
        comment="captures named one by one in hold_item when it was placed; 0: by what stands above",
    ),
    Column("of_case", String(32), comment="everything under this number is held; NULL: no case"),
    Column("status", String(8), nullable=False, comment="standing or lifted"),
    Column(
        "review_on", Date, nullable=False, comment="the department's date by which somebody looks whether it is needed"
    ),
    Column("n_decisions", Integer, nullable=False, comment="seq of its newest decision"),
    Column("settled_at", UtcInstant, comment="lifted, and booked or said why not: frees; NULL: not yet", index=True),
    Column("forgotten_at", UtcInstant, comment="when what it described was destroyed; NULL: it is there"),
    Column("forgotten_by", BigInteger, comment="the purge that destroyed it"),
    CheckConstraint("status IN ('standing', 'lifted')", name="status"),
    CheckConstraint(
        "n_items > 0 OR pattern IS NOT NULL OR ((area IS NOT NULL OR device_id IS NOT NULL) "
        "AND since_at IS NOT NULL AND until_at IS NOT NULL)",
        name="selects",
    ),
    CheckConstraint(f"length(trim(reason)) BETWEEN 3 AND {MAX_REASON}", name="reason"),
    Index("ix_hold_status_review_on", "status", "review_on"),
    Index("ix_hold_plate_folded_settled_at", "plate_folded", "settled_at"),
)

hold_item = Table(
    "hold_item",
    metadata,
    Column("hold_id", ForeignKey("hold.hold_id"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("capture_id", BigInteger, primary_key=True, autoincrement=False),
    Column("joined_at", UtcInstant, comment="of a case: when it was found later; NULL: held from the first"),
    Index("ix_hold_item_day_capture_id", "day", "capture_id"),
    comment="captures that a hold names, itself or by their reads, hits or case",
)

hold_decision = Table(
    "hold_decision",
    metadata,
    Column("decision_id", BigId, primary_key=True, comment="what the access record names among an act's results"),
    Column("hold_id", ForeignKey("hold.hold_id"), nullable=False),
    Column(
        "seq", Integer, nullable=False, comment="1, 2, … of its hold: two decisions at once cannot both be the next"
    ),
    Column("kind", String(16), nullable=False),
    Column("decided_at", UtcInstant, nullable=False),
    Column("member_id", BigInteger, nullable=False),
    Column("reason", String(MAX_REASON), nullable=False),
    Column("disposition", String(24), comment="of a lift and its proposal: what became of the evidence"),
    Column("review_on", Date, nullable=False, comment="of the hold, from this decision on"),
    UniqueConstraint("hold_id", "seq"),
    CheckConstraint("kind IN ('placed', 'extended', 'lift_proposed', 'lifted')", name="kind"),
    CheckConstraint("(kind IN ('lift_proposed', 'lifted')) = (disposition IS NOT NULL)", name="disposition"),
    CheckConstraint(f"length(trim(reason)) BETWEEN 3 AND {MAX_REASON}", name="reason"),
    comment="who placed, extended or lifted a hold, when and why; append-only",
)
