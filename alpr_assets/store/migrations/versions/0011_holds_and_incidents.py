"""Holds with their decisions; provisional incident numbers, and questions handed over (422.5, 422.4(a)).

What code might forget, triggers refuse: a hold that is deleted or changed in what it holds, that stands otherwise than its newest
decision has it, a decision that is changed or out of turn, a second reconciliation of a number.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from alpr_assets.store.migrations.refusals import install
from alpr_assets.store.types import BigId, Json, UtcInstant

revision = "0011"
down_revision = "0010"

PLATE = sa.String(16).with_variant(sa.String(16, collation="C"), "postgresql")

_FIXED = (
    "ground", "purpose", "case_number", "reason", "member_id", "placed_at", "pattern", "plate_folded", "device_id", "since_at",
    "until_at", "n_items",
)  # fmt: skip
CHANGED = {
    "sqlite": " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in (*_FIXED, "area")),
    # json has no equality there
    "postgresql": " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in _FIXED)
    + " OR NEW.area::text IS DISTINCT FROM OLD.area::text",
}
WITHOUT_DECISION = (
    "(NEW.status <> OLD.status OR NEW.review_on <> OLD.review_on OR NEW.n_decisions <> OLD.n_decisions) AND NOT EXISTS ("
    "SELECT 1 FROM hold_decision AS d WHERE d.hold_id = NEW.hold_id AND d.seq = NEW.n_decisions "
    "AND NEW.n_decisions = OLD.n_decisions + 1 AND d.review_on = NEW.review_on AND OLD.status = 'standing' "
    "AND (d.kind = 'lifted') = (NEW.status = 'lifted'))"
)
OUT_OF_TURN = (
    "NOT EXISTS (SELECT 1 FROM hold WHERE hold.hold_id = NEW.hold_id AND hold.status = 'standing' "
    "AND hold.n_decisions + 1 = NEW.seq)"
)
RECONCILED = "OLD.reconciled_at IS NOT NULL"
REFUSALS = (
    # name, table, when, condition, what it says
    ("hold_begins", "hold", "BEFORE INSERT", "NEW.status <> 'standing' OR NEW.n_decisions <> 0", "a hold begins standing"),
    ("hold_fixed", "hold", "BEFORE UPDATE", None, "what a hold holds is never changed"),
    ("hold_status", "hold", "BEFORE UPDATE", WITHOUT_DECISION, "a hold changes with a decision only"),
    ("hold_kept", "hold", "BEFORE DELETE", "TRUE", "a hold is never deleted"),
    ("hold_item_fixed", "hold_item", "BEFORE UPDATE", "TRUE", "what a hold holds is never changed"),
    ("hold_item_kept", "hold_item", "BEFORE DELETE", "TRUE", "what a hold holds is never changed"),
    ("hold_decision_turn", "hold_decision", "BEFORE INSERT", OUT_OF_TURN, "a decision follows the newest one of a standing hold"),
    ("hold_decision_fixed", "hold_decision", "BEFORE UPDATE", "TRUE", "a decision is never changed"),
    ("hold_decision_kept", "hold_decision", "BEFORE DELETE", "TRUE", "a decision is never deleted"),
    ("provisional_fixed", "provisional_number", "BEFORE UPDATE", RECONCILED, "a number is reconciled once"),
)  # fmt: skip


def upgrade() -> None:
    _holds()
    _incidents()
    changed = CHANGED[op.get_bind().dialect.name]
    install((name, table, when, condition or changed, text) for name, table, when, condition, text in REFUSALS)


def _holds() -> None:
    op.create_table(
        "hold",
        sa.Column("hold_id", BigId, nullable=False),
        sa.Column("ground", sa.String(24), nullable=False, comment="of 422.5, see lifecycle.holds.grounds"),
        sa.Column("purpose", sa.String(64), nullable=False),
        sa.Column("case_number", sa.String(32), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("placed_at", UtcInstant(), nullable=False),
        sa.Column("pattern", sa.Text(), comment="plate or partial plate; NULL: any. Reads that come later are held too"),
        sa.Column("plate_folded", PLATE, comment="of a whole plate, its look-alikes' one key; NULL: none, or a partial one"),
        sa.Column("area", Json, comment="GeoJSON polygon, or point with radius_m; NULL: anywhere"),
        sa.Column("device_id", sa.String(64), comment="NULL: any reader"),
        sa.Column("since_at", UtcInstant(), comment="captures from then on; NULL: all"),
        sa.Column("until_at", UtcInstant(), comment="captures before then; NULL: all"),
        sa.Column("n_items", sa.Integer(), nullable=False,
                  comment="captures named one by one in hold_item; 0: by what stands above"),
        sa.Column("status", sa.String(8), nullable=False, comment="standing or lifted"),
        sa.Column("review_on", sa.Date(), nullable=False,
                  comment="the department's date by which somebody looks whether it is needed"),
        sa.Column("n_decisions", sa.Integer(), nullable=False, comment="seq of its newest decision"),
        sa.PrimaryKeyConstraint("hold_id", name="pk_hold"),
        sa.CheckConstraint("status IN ('standing', 'lifted')", name=op.f("ck_hold_status")),
        sa.CheckConstraint(
            "n_items > 0 OR pattern IS NOT NULL OR ((area IS NOT NULL OR device_id IS NOT NULL) "
            "AND since_at IS NOT NULL AND until_at IS NOT NULL)", name=op.f("ck_hold_selects"),
        ),
        sa.CheckConstraint("length(trim(reason)) BETWEEN 3 AND 300", name=op.f("ck_hold_reason")),
    )  # fmt: skip
    op.create_index("ix_hold_member_id", "hold", ["member_id"])
    op.create_index("ix_hold_status_review_on", "hold", ["status", "review_on"])
    op.create_table(
        "hold_item",
        sa.Column("hold_id", BigId, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("capture_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("hold_id", "day", "capture_id", name="pk_hold_item"),
        sa.ForeignKeyConstraint(["hold_id"], ["hold.hold_id"], name="fk_hold_item_hold_id_hold"),
        comment="captures that a hold names, itself or by their reads or hits",
    )
    op.create_index("ix_hold_item_day_capture_id", "hold_item", ["day", "capture_id"])
    op.create_table(
        "hold_decision",
        sa.Column("decision_id", BigId, nullable=False, comment="what the access record names among an act's results"),
        sa.Column("hold_id", BigId, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False,
                  comment="1, 2, … of its hold: two decisions at once cannot both be the next"),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("decided_at", UtcInstant(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("disposition", sa.String(24), comment="of a lift and its proposal: what became of the evidence"),
        sa.Column("review_on", sa.Date(), nullable=False, comment="of the hold, from this decision on"),
        sa.PrimaryKeyConstraint("decision_id", name="pk_hold_decision"),
        sa.ForeignKeyConstraint(["hold_id"], ["hold.hold_id"], name="fk_hold_decision_hold_id_hold"),
        sa.UniqueConstraint("hold_id", "seq", name="uq_hold_decision_hold_id_seq"),
        sa.CheckConstraint("kind IN ('placed', 'extended', 'lift_proposed', 'lifted')", name=op.f("ck_hold_decision_kind")),
        sa.CheckConstraint("(kind IN ('lift_proposed', 'lifted')) = (disposition IS NOT NULL)",
                           name=op.f("ck_hold_decision_disposition")),
        sa.CheckConstraint("length(trim(reason)) BETWEEN 3 AND 300", name=op.f("ck_hold_decision_reason")),
        comment="who placed, extended or lifted a hold, when and why; append-only",
    )  # fmt: skip


def _incidents() -> None:
    op.create_table(
        "provisional_number",
        sa.Column("number", sa.String(32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False, comment="the department's date of its issue"),
        sa.Column("n_of_day", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False, comment="whose questions it may stand under"),
        sa.Column("issued_at", UtcInstant(), nullable=False),
        sa.Column("due_at", UtcInstant(), nullable=False, comment="from then on nothing is asked under it"),
        sa.Column("case_number", sa.String(32), comment="the real one; NULL: not reconciled yet"),
        sa.Column("reconciled_at", UtcInstant()),
        sa.Column("reconciled_by", sa.BigInteger()),
        sa.PrimaryKeyConstraint("number", name="pk_provisional_number"),
        sa.CheckConstraint(
            "(case_number IS NULL) = (reconciled_at IS NULL)", name=op.f("ck_provisional_number_reconciled")
        ),
        sa.CheckConstraint("(reconciled_by IS NULL) = (reconciled_at IS NULL)", name=op.f("ck_provisional_number_by")),
    )
    op.create_index("ix_provisional_number_member_id", "provisional_number", ["member_id"])
    op.create_index("uq_provisional_number_day", "provisional_number", ["day", "n_of_day"], unique=True)
    op.create_table(
        "handover",
        sa.Column("handover_id", BigId, nullable=False),
        sa.Column("from_id", sa.BigInteger(), nullable=False),
        sa.Column("to_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.String(32), nullable=False, comment="what is asked"),
        sa.Column("purpose", sa.String(64), nullable=False),
        sa.Column("case_number", sa.String(32), nullable=False),
        sa.Column("question", sa.LargeBinary(), nullable=False, comment="how it was asked, sealed: it may name a plate or a place"),
        sa.Column("at", UtcInstant(), nullable=False),
        sa.Column("expires_at", UtcInstant(), nullable=False),
        sa.Column("opened_at", UtcInstant(), comment="when the colleague first asked it; NULL: not yet"),
        sa.PrimaryKeyConstraint("handover_id", name="pk_handover"),
        sa.CheckConstraint("from_id <> to_id", name=op.f("ck_handover_another")),
        comment="a question, never its answer: who takes it over asks anew, as himself",
    )  # fmt: skip
    op.create_index("ix_handover_to_id", "handover", ["to_id"])
