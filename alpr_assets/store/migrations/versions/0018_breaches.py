"""Breaches: what was suspected, what it reached, who decided what (Civ. Code 1798.29).

What code might forget, triggers refuse: a breach that is deleted or changed in what was reported, one that is closed without a decision,
a measurement or decision that is changed or deleted, a decision out of turn.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from alpr_assets.store.migrations.refusals import install
from alpr_assets.store.types import BigId, Json, UtcInstant

revision = "0018"
down_revision = "0017"

FIXED = (
    "NEW.reported_at <> OLD.reported_at OR NEW.member_id <> OLD.member_id OR NEW.discovered_at <> OLD.discovered_at "
    "OR NEW.what <> OLD.what OR CAST(NEW.suspected AS TEXT) <> CAST(OLD.suspected AS TEXT)"
)
WITHOUT_DECISION = (
    "(NEW.status <> OLD.status OR NEW.n_decisions <> OLD.n_decisions) AND NOT EXISTS ("
    "SELECT 1 FROM breach_decision AS d WHERE d.breach_id = NEW.breach_id AND d.seq = NEW.n_decisions "
    "AND NEW.n_decisions = OLD.n_decisions + 1 AND OLD.status = 'open' AND (d.kind = 'closed') = (NEW.status = 'closed'))"
)
OUT_OF_TURN = (
    "NOT EXISTS (SELECT 1 FROM breach AS b WHERE b.breach_id = NEW.breach_id AND b.status = 'open' "
    "AND b.n_decisions + 1 = NEW.seq)"
)
CLOSED = "NOT EXISTS (SELECT 1 FROM breach AS b WHERE b.breach_id = NEW.breach_id AND b.status = 'open')"
REFUSALS = (
    # name, table, when, condition, what it says
    ("breach_begins", "breach", "BEFORE INSERT", "NEW.status <> 'open' OR NEW.n_decisions <> 0", "a breach begins open"),
    ("breach_fixed", "breach", "BEFORE UPDATE", FIXED, "what was reported is never changed"),
    ("breach_status", "breach", "BEFORE UPDATE", WITHOUT_DECISION, "a breach changes with a decision only"),
    ("breach_kept", "breach", "BEFORE DELETE", "TRUE", "a breach is never deleted"),
    ("breach_measure_turn", "breach_measure", "BEFORE INSERT", CLOSED, "a closed breach is measured no more"),
    ("breach_measure_fixed", "breach_measure", "BEFORE UPDATE", "TRUE", "a measurement is never changed"),
    ("breach_measure_kept", "breach_measure", "BEFORE DELETE", "TRUE", "a measurement is never deleted"),
    ("breach_decision_turn", "breach_decision", "BEFORE INSERT", OUT_OF_TURN,
     "a decision follows the newest one of an open breach"),
    ("breach_decision_fixed", "breach_decision", "BEFORE UPDATE", "TRUE", "a decision is never changed"),
    ("breach_decision_kept", "breach_decision", "BEFORE DELETE", "TRUE", "a decision is never deleted"),
)  # fmt: skip


def upgrade() -> None:
    _tables()
    install(REFUSALS)


def _tables() -> None:
    op.create_table(
        "breach",
        sa.Column("breach_id", BigId, nullable=False),
        sa.Column("reported_at", UtcInstant(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False, comment="who reported it"),
        sa.Column("discovered_at", UtcInstant(), nullable=False,
                  comment="when the department learned of it: what deadlines count from"),
        sa.Column("what", sa.String(1000), nullable=False, comment="what is known to have happened; no plate"),
        sa.Column("suspected", Json, nullable=False,
                  comment="by which its data is found, see lifecycle.breaches.suspecting"),
        sa.Column("status", sa.String(8), nullable=False),
        sa.Column("n_decisions", sa.Integer(), nullable=False, comment="seq of its newest decision"),
        sa.PrimaryKeyConstraint("breach_id", name="pk_breach"),
        sa.CheckConstraint("status IN ('open', 'closed')", name=op.f("ck_breach_status")),
    )  # fmt: skip
    op.create_table(
        "breach_measure",
        sa.Column("measure_id", BigId, nullable=False),
        sa.Column("breach_id", BigId, nullable=False),
        sa.Column("measured_at", UtcInstant(), nullable=False),
        sa.Column("n_entries", sa.Integer(), nullable=False,
                  comment="of the access record; 0: of a drop, which nobody was shown"),
        sa.Column("n_reads", sa.Integer(), nullable=False),
        sa.Column("n_captures", sa.Integer(), nullable=False, comment="pictures"),
        sa.Column("n_hits", sa.Integer(), nullable=False),
        sa.Column("n_plates", sa.Integer(), nullable=False, comment="distinct, of what is in the store still"),
        sa.Column("n_gone", sa.Integer(), nullable=False,
                  comment="reads and pictures that are not in the store any more"),
        sa.Column("n_days", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), comment="UTC day of the first affected capture; NULL: none is"),
        sa.Column("last_day", sa.Date()),
        sa.Column("items", sa.LargeBinary(), nullable=False,
                  comment="deflated JSON: kind, day, id of all that is affected; no plate"),
        sa.Column("sha256", sa.String(64), nullable=False, comment="of the JSON, as the access record's entry has it"),
        sa.PrimaryKeyConstraint("measure_id", name="pk_breach_measure"),
        sa.ForeignKeyConstraint(["breach_id"], ["breach.breach_id"], name="fk_breach_measure_breach_id_breach"),
        sa.CheckConstraint("(first_day IS NULL) = (n_days = 0)", name=op.f("ck_breach_measure_days")),
        comment="what a breach reached, each time it was measured; append-only",
    )  # fmt: skip
    op.create_index(op.f("ix_breach_measure_breach_id"), "breach_measure", ["breach_id"])
    op.create_table(
        "breach_decision",
        sa.Column("decision_id", BigId, nullable=False),
        sa.Column("breach_id", BigId, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False,
                  comment="1, 2, … of its breach: two at once cannot both be the next"),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("decided_at", UtcInstant(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(1000), nullable=False),
        sa.Column("until_on", sa.Date(), comment="of a delay that law enforcement asked for: until when"),
        sa.Column("done_on", sa.Date(), comment="of a notice: when it was sent, the department's date"),
        sa.Column("n_notified", sa.Integer(), comment="of the individuals' notice: how many"),
        sa.PrimaryKeyConstraint("decision_id", name="pk_breach_decision"),
        sa.ForeignKeyConstraint(["breach_id"], ["breach.breach_id"], name="fk_breach_decision_breach_id_breach"),
        sa.UniqueConstraint("breach_id", "seq", name="uq_breach_decision_breach_id_seq"),
        sa.CheckConstraint(
            "kind IN ('reported', 'notice_owed', 'notice_not_owed', 'delayed', 'individuals_notified', "
            "'attorney_general_notified', 'closed')",
            name=op.f("ck_breach_decision_kind"),
        ),
        sa.CheckConstraint("(kind = 'delayed') = (until_on IS NOT NULL)", name=op.f("ck_breach_decision_delay")),
        sa.CheckConstraint(
            "(kind IN ('individuals_notified', 'attorney_general_notified')) = (done_on IS NOT NULL)",
            name=op.f("ck_breach_decision_done"),
        ),
        sa.CheckConstraint("(kind = 'individuals_notified') = (n_notified IS NOT NULL)",
                           name=op.f("ck_breach_decision_notified")),
        comment="who reported, decided on notice, notified, closed, when and why; append-only",
    )  # fmt: skip
