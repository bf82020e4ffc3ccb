"""Hits have a status and moves, may come from a watch, and reads may be corrected (422.4(f)). Old hits stand raised.

What code might forget, triggers refuse: a hit that begins elsewhere than raised, a move from where its hit does not stand or out
of turn, a status without its move, a move that is changed, or deleted while its hit stands.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from alpr_assets.store.types import BigId, UtcInstant

revision = "0005"
down_revision = "0004"

ANYWHERE = ("raised", "picture_confirmed", "actionable", "lapsed")
OPEN = ("raised", "picture_confirmed", "actionable")
TRANSITIONS = [
    ("raised", "picture_confirmed", "confirm_picture"),
    *((status, "actionable", "clets_confirmed") for status in ("picture_confirmed", "actionable", "lapsed")),
    *((status, "recovered", "clets_recovered") for status in ANYWHERE),
    *((status, "cancelled", "clets_cancelled") for status in ANYWHERE),
    ("picture_confirmed", "actionable", "not_practicable"),
    *((status, "wrong_state", "wrong_state") for status in ANYWHERE),
    *((status, "misread", "misread") for status in ANYWHERE),
    *((status, "duplicate", "duplicate") for status in ANYWHERE),
    *((status, "dismissed", "dismiss") for status in ANYWHERE),
    ("actionable", "lapsed", "lapse"),
    *((status, "cancelled", "entry_ended") for status in OPEN),
]

OUT_OF_TURN = (
    "NOT EXISTS (SELECT 1 FROM hit WHERE hit.hit_id = NEW.hit_id AND hit.status = NEW.from_status "
    "AND hit.n_moves + 1 = NEW.seq)"
)
BEFORE_THE_RAISE = (
    "NEW.clets_at IS NOT NULL AND NEW.clets_at < (SELECT raised_at FROM hit WHERE hit.hit_id = NEW.hit_id)"
)
STATUS_CHANGED = (
    "(NEW.status <> OLD.status OR NEW.n_moves <> OLD.n_moves "
    "OR COALESCE(NEW.actionable_until, -1) <> COALESCE(OLD.actionable_until, -1))"
)
WITHOUT_MOVE = (
    "NOT EXISTS (SELECT 1 FROM hit_move AS m WHERE m.hit_id = NEW.hit_id AND m.seq = NEW.n_moves "
    "AND NEW.n_moves = OLD.n_moves + 1 AND m.from_status = OLD.status AND m.to_status = NEW.status "
    "AND COALESCE(m.actionable_until, -1) = COALESCE(NEW.actionable_until, -1))"
)
FOLLOW = (
    "UPDATE hit SET status = NEW.to_status, n_moves = NEW.seq, actionable_until = NEW.actionable_until "
    "WHERE hit_id = NEW.hit_id"
)
REFUSALS = (
    # name, table, when, condition, what it says
    ("hit_begins", "hit", "BEFORE INSERT", "NEW.status <> 'raised' OR NEW.n_moves <> 0", "a hit begins raised"),
    ("hit_status", "hit", "BEFORE UPDATE", f"{STATUS_CHANGED} AND {WITHOUT_MOVE}", "a status changes with a move only"),
    ("hit_move_turn", "hit_move", "BEFORE INSERT", OUT_OF_TURN, "the hit does not stand where the move begins"),
    ("hit_move_clets", "hit_move", "BEFORE INSERT", BEFORE_THE_RAISE, "a result is later than the raise"),
    ("hit_move_kept", "hit_move", "BEFORE UPDATE", "TRUE", "a move is never changed"),
    ("hit_move_stays", "hit_move", "BEFORE DELETE", "EXISTS (SELECT 1 FROM hit WHERE hit.hit_id = OLD.hit_id)",
     "a move stays as long as its hit"),
    ("read_correction_kept", "read_correction", "BEFORE UPDATE", "TRUE", "a correction is never changed"),
)  # fmt: skip


def upgrade() -> None:
    _hits()
    _tables()
    op.bulk_insert(
        sa.table("hit_transition", sa.column("from_status"), sa.column("to_status"), sa.column("kind")),
        [dict(zip(("from_status", "to_status", "kind"), row, strict=True)) for row in TRANSITIONS],
    )
    if op.get_bind().dialect.name == "sqlite":
        _triggers_of_sqlite()
    else:
        _triggers_of_postgresql()


def _hits() -> None:
    with op.batch_alter_table("hit") as hit:
        hit.alter_column(
            "entry_id", existing_type=sa.BigInteger(), nullable=True, comment="NULL: it comes from a watch"
        )
        hit.alter_column(
            "import_id",
            existing_type=sa.BigInteger(),
            nullable=True,
            comment="list version at the raise; NULL as entry_id",
        )
        for column in (
            sa.Column("watch_id", sa.BigInteger(), comment="NULL: it comes from a list"),
            sa.Column(
                "correction_id", sa.BigInteger(), comment="the correction whose plate matched instead of the read's"
            ),
            sa.Column(
                "alerted", sa.Boolean(), nullable=False, server_default=sa.true(), comment="False: held back, and only listed"
            ),
            sa.Column(
                "status", sa.String(20), nullable=False, server_default="raised", comment="where its newest move put it"
            ),
            sa.Column("n_moves", sa.Integer(), nullable=False, server_default="0", comment="seq of its newest move"),
            sa.Column("actionable_until", UtcInstant(), comment="of an actionable hit: from then on it has lapsed"),
        ):  # fmt: skip
            hit.add_column(column)
        hit.drop_constraint(op.f("ck_hit_match_kind"), type_="check")
        for name, condition in (
            ("match_kind", "match_kind IN ('exact', 'folded', 'edit1', 'partial')"),
            ("entry_or_watch", "(entry_id IS NULL) <> (watch_id IS NULL)"),
            ("entry_and_import", "(entry_id IS NULL) = (import_id IS NULL)"),
            ("until", "(status = 'actionable') = (actionable_until IS NOT NULL)"),
        ):
            hit.create_check_constraint(op.f(f"ck_hit_{name}"), condition)
    op.create_index("ix_hit_entry_id", "hit", ["entry_id"])
    op.create_index("ix_hit_watch_id", "hit", ["watch_id"])
    op.create_index("ix_hit_status_raised_at", "hit", ["status", "raised_at"])


def _tables() -> None:
    op.create_table(
        "hit_transition",
        sa.Column("from_status", sa.String(20), nullable=False),
        sa.Column("to_status", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.PrimaryKeyConstraint("from_status", "to_status", "kind", name="pk_hit_transition"),
        comment="every legal move; the same table as lifecycle.hits.moves, held together by a test",
    )
    op.create_table(
        "hit_move",
        sa.Column("move_id", BigId, nullable=False, comment="what the access record names among an act's results"),
        sa.Column("hit_id", BigId, nullable=False),
        sa.Column(
            "seq", sa.Integer(), nullable=False, comment="1, 2, … of its hit: two moves at once cannot both be the next"
        ),
        sa.Column("from_status", sa.String(20), nullable=False),
        sa.Column("to_status", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("moved_at", UtcInstant(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), comment="NULL: the system"),
        sa.Column("plate_agrees", sa.Boolean(), comment="what the person saw in the picture; NULL: not asked"),
        sa.Column("state_agrees", sa.Boolean()),
        sa.Column("vehicle_agrees", sa.Boolean()),
        sa.Column("reason", sa.String(300)),
        sa.Column("note", sa.String(300), comment="what was seen"),
        sa.Column("clets_reference", sa.String(32)),
        sa.Column("clets_operator", sa.String(64)),
        sa.Column("clets_at", UtcInstant()),
        sa.Column("clets_result", sa.String(16)),
        sa.Column("duplicate_of", sa.BigInteger(), comment="the hit that is acted on instead"),
        sa.Column("actionable_until", UtcInstant()),
        sa.PrimaryKeyConstraint("move_id", name="pk_hit_move"),
        sa.ForeignKeyConstraint(["hit_id"], ["hit.hit_id"], name="fk_hit_move_hit_id_hit", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["from_status", "to_status", "kind"],
            ["hit_transition.from_status", "hit_transition.to_status", "hit_transition.kind"],
            name="fk_hit_move_transition",
        ),
        sa.UniqueConstraint("hit_id", "seq", name="uq_hit_move_hit_id_seq"),
        *(sa.CheckConstraint(condition, name=op.f(f"ck_hit_move_{name}")) for name, condition in _CHECKS.items()),
        comment="every move of a hit, append-only",
    )
    op.create_table(
        "hit_notice",
        sa.Column("notice_id", BigId, nullable=False),
        sa.Column("hit_id", BigId, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False, comment="with hit_id: the move it is about"),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("noticed_at", UtcInstant(), nullable=False),
        sa.Column("seen_at", UtcInstant()),
        sa.Column("seen_by", sa.BigInteger(), comment="the supervisor's member id"),
        sa.PrimaryKeyConstraint("notice_id", name="pk_hit_notice"),
        sa.ForeignKeyConstraint(["hit_id"], ["hit.hit_id"], name="fk_hit_notice_hit_id_hit", ondelete="CASCADE"),
        sa.UniqueConstraint("hit_id", "seq", "kind", name="uq_hit_notice_hit_id_seq_kind"),
        sa.CheckConstraint("kind IN ('not_practicable')", name=op.f("ck_hit_notice_kind")),
        sa.CheckConstraint("(seen_at IS NULL) = (seen_by IS NULL)", name=op.f("ck_hit_notice_seen")),
        comment="what a supervisor is told of",
    )
    op.create_index("ix_hit_notice_hit_id", "hit_notice", ["hit_id"])
    plate = sa.String(16).with_variant(sa.String(16, collation="C"), "postgresql")
    op.create_table(
        "read_correction",
        sa.Column("correction_id", BigId, nullable=False),
        sa.Column("day", sa.Date(), nullable=False, comment="with read_id: the read it stands beside, which stays as it was"),
        sa.Column("read_id", sa.BigInteger(), nullable=False),
        sa.Column("plate", plate, nullable=False),
        sa.Column("plate_folded", plate, nullable=False),
        sa.Column("region", sa.String(8)),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("corrected_at", UtcInstant(), nullable=False),
        sa.PrimaryKeyConstraint("correction_id", name="pk_read_correction"),
        sa.CheckConstraint("length(trim(reason)) BETWEEN 3 AND 300", name=op.f("ck_read_correction_reason")),
        comment="what a person read in the picture instead (Civ. Code 1798.90.51); the newest counts; append-only",
    )  # fmt: skip
    op.create_index("ix_read_correction_day_read_id", "read_correction", ["day", "read_id"])
    op.create_index("ix_read_correction_plate", "read_correction", ["plate"])


_CHECKS = {
    "by_whom": "(member_id IS NULL) = (kind IN ('lapse', 'entry_ended'))",
    "three_answers": "kind <> 'confirm_picture' OR (plate_agrees IS TRUE AND state_agrees IS TRUE AND vehicle_agrees IS TRUE)",
    "wrong_state": "kind <> 'wrong_state' OR state_agrees IS FALSE",
    "misread": "kind <> 'misread' OR plate_agrees IS FALSE",
    "clets": "(kind IN ('clets_confirmed', 'clets_recovered', 'clets_cancelled')) = (clets_result IS NOT NULL)",
    "clets_whole": (
        "clets_result IS NULL OR (clets_reference IS NOT NULL AND clets_operator IS NOT NULL AND clets_at IS NOT NULL "
        "AND length(clets_reference) BETWEEN 1 AND 32 AND length(clets_operator) BETWEEN 1 AND 64 "
        "AND reason IS NULL AND note IS NULL)"
    ),
    "clets_result": (
        "clets_result IS NULL OR (kind = 'clets_confirmed' AND clets_result = 'confirmed') "
        "OR (kind = 'clets_recovered' AND clets_result = 'recovered') "
        "OR (kind = 'clets_cancelled' AND clets_result IN ('cancelled', 'no_record'))"
    ),
    "clets_none": (
        "clets_result IS NOT NULL OR (clets_reference IS NULL AND clets_operator IS NULL AND clets_at IS NULL)"
    ),
    "reason": (
        "kind NOT IN ('not_practicable', 'dismiss') OR (reason IS NOT NULL AND length(trim(reason)) BETWEEN 3 AND 300)"
    ),
    "note": "note IS NULL OR length(note) <= 300",
    "duplicate": "(kind = 'duplicate') = (duplicate_of IS NOT NULL)",
    "until": "(to_status = 'actionable') = (actionable_until IS NOT NULL)",
}


def _triggers_of_sqlite() -> None:
    for name, table, when, condition, text in REFUSALS:
        op.execute(f"CREATE TRIGGER {name} {when} ON {table} WHEN {condition} BEGIN SELECT RAISE(ABORT, '{text}'); END")
    op.execute(f"CREATE TRIGGER hit_follows AFTER INSERT ON hit_move BEGIN {FOLLOW}; END")


def _triggers_of_postgresql() -> None:
    for name, table, when, condition, text in REFUSALS:
        back = "OLD" if when.endswith("DELETE") else "NEW"
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {condition} THEN "
            f"RAISE EXCEPTION '{text}' USING ERRCODE = 'check_violation'; END IF; RETURN {back}; END $$"
        )
        op.execute(f"CREATE TRIGGER {name} {when} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
    op.execute(
        f"CREATE FUNCTION hit_follows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {FOLLOW}; RETURN NULL; END $$"
    )
    op.execute("CREATE TRIGGER hit_follows AFTER INSERT ON hit_move FOR EACH ROW EXECUTE FUNCTION hit_follows()")
