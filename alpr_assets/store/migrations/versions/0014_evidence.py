"""Evidence: packages, bookings, custody; a lifted hold keeps what it kept until that is booked, or two people say why not (422.5).

Holds that were lifted before stay as they were: settled when they were lifted.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from alpr_assets.store.migrations.refusals import install
from alpr_assets.store.types import BigId, Json, UtcInstant

revision = "0014"
down_revision = "0013"

SETTLED = {
    "sqlite": "NEW.settled_at IS NOT OLD.settled_at AND (OLD.settled_at IS NOT NULL OR NEW.status <> 'lifted')",
    "postgresql": "NEW.settled_at IS DISTINCT FROM OLD.settled_at AND (OLD.settled_at IS NOT NULL OR NEW.status <> 'lifted')",
}
PACKAGE = (
    "hold_id",
    "record_id",
    "purpose",
    "case_number",
    "member_id",
    "packed_at",
    "name",
    "sha256",
    "tagmanifest",
    "seal",
    "n_captures",
    "n_bytes",
)
REPACKED = " OR ".join(f"NEW.{name} <> OLD.{name}" for name in PACKAGE) + " OR OLD.stamp IS NOT NULL"
BOOKED = (
    "NOT EXISTS (SELECT 1 FROM evidence_booking AS b WHERE b.booking_id = NEW.booking_id) OR NEW.seq <> 1 + "
    "(SELECT count(*) FROM evidence_custody AS c WHERE c.booking_id = NEW.booking_id) OR (NEW.kind = 'booked') <> (NEW.seq = 1)"
)
NOT_LIFTED = "NOT EXISTS (SELECT 1 FROM hold AS h WHERE h.hold_id = NEW.hold_id AND h.status = 'lifted' AND h.settled_at IS NULL)"
REFUSALS = (
    # name, table, when, condition, what it says
    ("evidence_package_fixed", "evidence_package", "BEFORE UPDATE", REPACKED, "a package is never changed, and stamped once"),
    ("evidence_package_kept", "evidence_package", "BEFORE DELETE", "TRUE", "a package is never deleted"),
    ("evidence_item_fixed", "evidence_item", "BEFORE UPDATE", "TRUE", "a package is never changed"),
    ("evidence_item_kept", "evidence_item", "BEFORE DELETE", "TRUE", "a package is never deleted"),
    ("evidence_booking_fixed", "evidence_booking", "BEFORE UPDATE", "TRUE", "a booking is never changed"),
    ("evidence_booking_kept", "evidence_booking", "BEFORE DELETE", "TRUE", "a booking is never deleted"),
    ("evidence_custody_turn", "evidence_custody", "BEFORE INSERT", BOOKED, "custody begins with the booking and goes on from there"),
    ("evidence_custody_fixed", "evidence_custody", "BEFORE UPDATE", "TRUE", "custody is never changed"),
    ("evidence_custody_kept", "evidence_custody", "BEFORE DELETE", "TRUE", "custody is never deleted"),
    ("booking_waiver_lifted", "booking_waiver", "BEFORE INSERT", NOT_LIFTED, "only what a lifted hold kept may stay unbooked"),
    ("booking_waiver_fixed", "booking_waiver", "BEFORE UPDATE", "TRUE", "a decision is never changed"),
    ("booking_waiver_kept", "booking_waiver", "BEFORE DELETE", "TRUE", "a decision is never deleted"),
)  # fmt: skip


def upgrade() -> None:
    op.add_column(
        "hold",
        sa.Column("settled_at", UtcInstant(), comment="lifted, and booked or said why not: frees; NULL: not yet"),
    )
    op.execute(
        "UPDATE hold SET settled_at = (SELECT d.decided_at FROM hold_decision AS d "
        "WHERE d.hold_id = hold.hold_id AND d.seq = hold.n_decisions) WHERE status = 'lifted'"
    )
    op.create_index("ix_hold_settled_at", "hold", ["settled_at"])
    _packages()
    _bookings()
    settled = (
        "hold_settled",
        "hold",
        "BEFORE UPDATE",
        SETTLED[op.get_bind().dialect.name],
        "a hold is settled once, after it was lifted",
    )
    install((settled, *REFUSALS))


def _packages() -> None:
    op.create_table(
        "evidence_package",
        sa.Column("package_id", BigId, nullable=False),
        sa.Column("hold_id", BigId, nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False, comment="the entry of the record that let it leave"),
        sa.Column("purpose", sa.String(64), nullable=False),
        sa.Column("case_number", sa.String(32), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("packed_at", UtcInstant(), nullable=False),
        sa.Column("name", sa.String(64), nullable=False, comment="of the bag's folder"),
        sa.Column("sha256", sa.String(64), nullable=False,
                  comment="of tagmanifest-sha256.txt: what seal, stamp and every check rest on"),
        sa.Column("tagmanifest", sa.Text(), nullable=False,
                  comment="that file: hashes of manifests, so that it can be stamped later"),
        sa.Column("seal", sa.Text(), nullable=False, comment="seal.txt but for the stamp's line"),
        sa.Column("options", Json, nullable=False, comment="what was asked for besides pictures, reads and hits"),
        sa.Column("n_captures", sa.Integer(), nullable=False),
        sa.Column("n_bytes", sa.BigInteger(), nullable=False, comment="of the payload"),
        sa.Column("stamp", sa.LargeBinary(), comment="RFC 3161 response over tagmanifest-sha256.txt; NULL: not stamped yet"),
        sa.Column("stamped_at", UtcInstant(), comment="as the stamp says"),
        sa.PrimaryKeyConstraint("package_id", name="pk_evidence_package"),
        sa.ForeignKeyConstraint(["hold_id"], ["hold.hold_id"], name="fk_evidence_package_hold_id_hold"),
        sa.UniqueConstraint("record_id", name="uq_evidence_package_record_id"),
        sa.CheckConstraint("(stamp IS NULL) = (stamped_at IS NULL)", name=op.f("ck_evidence_package_stamped")),
    )  # fmt: skip
    op.create_index("ix_evidence_package_hold_id", "evidence_package", ["hold_id"])
    op.create_table(
        "evidence_item",
        sa.Column("package_id", BigId, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("capture_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("package_id", "day", "capture_id", name="pk_evidence_item"),
        sa.ForeignKeyConstraint(
            ["package_id"], ["evidence_package.package_id"], name="fk_evidence_item_package_id_evidence_package"
        ),
        comment="the captures in a package",
    )
    op.create_index("ix_evidence_item_day_capture_id", "evidence_item", ["day", "capture_id"])


def _bookings() -> None:
    op.create_table(
        "evidence_booking",
        sa.Column("booking_id", BigId, nullable=False, comment="what the access record names"),
        sa.Column("package_id", BigId, nullable=False),
        sa.Column("item_number", sa.String(40), nullable=False, comment="of the property room"),
        sa.Column("media", sa.String(80), nullable=False, comment="what it lies on, such as a USB drive"),
        sa.Column("media_serial", sa.String(40), nullable=False),
        sa.Column("booked_at", UtcInstant(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("booking_id", name="pk_evidence_booking"),
        sa.ForeignKeyConstraint(
            ["package_id"], ["evidence_package.package_id"], name="fk_evidence_booking_package_id_evidence_package"
        ),
        sa.UniqueConstraint("item_number", name="uq_evidence_booking_item_number"),
        sa.UniqueConstraint("package_id", "media_serial", name="uq_evidence_booking_package_id_media_serial"),
        comment="a package on a medium, booked into evidence",
    )
    op.create_table(
        "evidence_custody",
        sa.Column("custody_id", BigId, nullable=False, comment="what the access record names"),
        sa.Column("booking_id", BigId, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False, comment="1, 2, … of its booking: two at once cannot both be the next"),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("at", UtcInstant(), nullable=False),
        sa.Column("from_whom", sa.String(80), nullable=False),
        sa.Column("to_whom", sa.String(80), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False, comment="of tagmanifest-sha256.txt on the medium, as counted then"),
        sa.Column("is_intact", sa.Boolean(), nullable=False, comment="the whole bag was checked, and is the package that left"),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("custody_id", name="pk_evidence_custody"),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["evidence_booking.booking_id"], name="fk_evidence_custody_booking_id_evidence_booking"
        ),
        sa.UniqueConstraint("booking_id", "seq", name="uq_evidence_custody_booking_id_seq"),
        sa.CheckConstraint("kind IN ('booked', 'handed_over', 'checked')", name=op.f("ck_evidence_custody_kind")),
        sa.CheckConstraint("kind <> 'booked' OR is_intact", name=op.f("ck_evidence_custody_booked_intact")),
        comment="who had a booked package when and why, checked each time; append-only",
    )  # fmt: skip
    op.create_table(
        "booking_waiver",
        sa.Column("waiver_id", BigId, nullable=False, comment="what the access record names"),
        sa.Column("hold_id", BigId, nullable=False),
        sa.Column("capacity", sa.String(10), nullable=False),
        sa.Column("decided_at", UtcInstant(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.PrimaryKeyConstraint("waiver_id", name="pk_booking_waiver"),
        sa.ForeignKeyConstraint(["hold_id"], ["hold.hold_id"], name="fk_booking_waiver_hold_id_hold"),
        sa.UniqueConstraint("hold_id", "capacity", name="uq_booking_waiver_hold_id_capacity"),
        sa.UniqueConstraint("hold_id", "member_id", name="uq_booking_waiver_hold_id_member_id"),
        sa.CheckConstraint("capacity IN ('custodian', 'attorney')", name=op.f("ck_booking_waiver_capacity")),
        sa.CheckConstraint("length(trim(reason)) BETWEEN 3 AND 300", name=op.f("ck_booking_waiver_reason")),
        comment="why what a lifted hold kept need not be booked: said by both; append-only",
    )
