"""Tables of breaches: what was suspected, what of the data it reached, who decided what when (Civ. Code 1798.29).

Part of `schema.metadata`; the engine imports this module so that it is complete. A breach is what was reported and stays so, save for
whether it is open, which changes with a decision only; measurements and decisions are only ever added. Migration 0018's triggers see to it.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
)

from alpr_assets.store.schema import metadata
from alpr_assets.store.types import BigId, Json, UtcInstant

MAX_TEXT = 1000  # characters

breach = Table(
    "breach",
    metadata,
    Column("breach_id", BigId, primary_key=True),
    Column("reported_at", UtcInstant, nullable=False),
    Column("member_id", BigInteger, nullable=False, comment="who reported it"),
    Column(
        "discovered_at",
        UtcInstant,
        nullable=False,
        comment="when the department learned of it: what deadlines count from",
    ),
    Column("what", String(MAX_TEXT), nullable=False, comment="what is known to have happened; no plate"),
    Column("suspected", Json, nullable=False, comment="by which its data is found, see lifecycle.breaches.suspecting"),
    Column("status", String(8), nullable=False),
    Column("n_decisions", Integer, nullable=False, comment="seq of its newest decision"),
    CheckConstraint("status IN ('open', 'closed')", name="status"),
)

breach_measure = Table(
    "breach_measure",
    metadata,
    Column("measure_id", BigId, primary_key=True),
    Column("breach_id", ForeignKey("breach.breach_id"), nullable=False, index=True),
    Column("measured_at", UtcInstant, nullable=False),
    Column("n_entries", Integer, nullable=False, comment="of the access record; 0: of a drop, which nobody was shown"),
    Column("n_reads", Integer, nullable=False),
    Column("n_captures", Integer, nullable=False, comment="pictures"),
    Column("n_hits", Integer, nullable=False),
    Column("n_plates", Integer, nullable=False, comment="distinct, of what is in the store still"),
    Column("n_gone", Integer, nullable=False, comment="reads and pictures that are not in the store any more"),
    Column("n_days", Integer, nullable=False),
    Column("first_day", Date, comment="UTC day of the first affected capture; NULL: none is"),
    Column("last_day", Date),
    Column(
        "items", LargeBinary, nullable=False, comment="deflated JSON: kind, day, id of all that is affected; no plate"
    ),
    Column("sha256", String(64), nullable=False, comment="of the JSON, as the access record's entry has it"),
    CheckConstraint("(first_day IS NULL) = (n_days = 0)", name="days"),
    comment="what a breach reached, each time it was measured; append-only",
)

breach_decision = Table(
    "breach_decision",
    metadata,
    Column("decision_id", BigId, primary_key=True),
    Column("breach_id", ForeignKey("breach.breach_id"), nullable=False),
    Column("seq", Integer, nullable=False, comment="1, 2, … of its breach: two at once cannot both be the next"),
    Column("kind", String(32), nullable=False),
    Column("decided_at", UtcInstant, nullable=False),
    Column("member_id", BigInteger, nullable=False),
    Column("reason", String(MAX_TEXT), nullable=False),
    Column("until_on", Date, comment="of a delay that law enforcement asked for: until when"),
    Column("done_on", Date, comment="of a notice: when it was sent, the department's date"),
    Column("n_notified", Integer, comment="of the individuals' notice: how many"),
    UniqueConstraint("breach_id", "seq"),
    CheckConstraint(
        "kind IN ('reported', 'notice_owed', 'notice_not_owed', 'delayed', 'individuals_notified', "
        "'attorney_general_notified', 'closed')",
        name="kind",
    ),
    CheckConstraint("(kind = 'delayed') = (until_on IS NOT NULL)", name="delay"),
    CheckConstraint(
        "(kind IN ('individuals_notified', 'attorney_general_notified')) = (done_on IS NOT NULL)", name="done"
    ),
    CheckConstraint("(kind = 'individuals_notified') = (n_notified IS NOT NULL)", name="notified"),
    comment="who reported, decided on notice, notified, closed, when and why; append-only",
)
