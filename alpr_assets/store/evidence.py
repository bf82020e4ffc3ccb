"""Tables of evidence: packages of holds and releases, what is in them, their bookings and who had them; and why a lifted hold needs none (422.5).

Part of `schema.metadata`; the engine imports this module so that it is complete. By the triggers of migrations 0014 and 0021 none of it is changed or
deleted, but for a time stamp, which comes once. What a package holds is named by numbers: no plate, no hash of a picture.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from alpr_assets.store.schema import metadata
from alpr_assets.store.types import BigId, Json, UtcInstant

MAX_FOLDER = 64  # characters, of a bag
MAX_NAME = 80  # characters, of a person or a place
MAX_NUMBER = 40  # of an item, of a medium
MAX_REASON = 300

evidence_package = Table(
    "evidence_package",
    metadata,
    Column("package_id", BigId, primary_key=True),
    Column("hold_id", ForeignKey("hold.hold_id"), index=True, comment="what it was packed for; NULL: a release"),
    Column("release_id", ForeignKey("release.release_id"), index=True, comment="what it was packed for; NULL: a hold"),
    Column("record_id", BigInteger, nullable=False, unique=True, comment="the entry of the record that let it leave"),
    Column("purpose", String(64), nullable=False),
    Column("case_number", String(32), nullable=False),
    Column("member_id", BigInteger, nullable=False),
    Column("packed_at", UtcInstant, nullable=False),
    Column("name", String(MAX_FOLDER), nullable=False, comment="of the bag's folder"),
    Column("sha256", String(64), nullable=False, comment="of tagmanifest-sha256.txt: what seal, stamp and every check rest on"),
    Column("tagmanifest", Text, nullable=False, comment="that file: hashes of manifests, so that it can be stamped later"),
    Column("seal", Text, nullable=False, comment="seal.txt but for the stamp's line"),
    Column("options", Json, nullable=False, comment="what was asked for besides pictures, reads and hits"),
    Column("n_captures", Integer, nullable=False),
    Column("n_bytes", BigInteger, nullable=False, comment="of the payload"),
    Column("stamp", LargeBinary, comment="RFC 3161 response over tagmanifest-sha256.txt; NULL: not stamped yet"),
    Column("stamped_at", UtcInstant, comment="as the stamp says"),
    CheckConstraint("(stamp IS NULL) = (stamped_at IS NULL)", name="stamped"),
    CheckConstraint("(hold_id IS NULL) <> (release_id IS NULL)", name="one_basis"),
)  # fmt: skip

evidence_item = Table(
    "evidence_item",
    metadata,
    Column("package_id", ForeignKey("evidence_package.package_id"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("capture_id", BigInteger, primary_key=True, autoincrement=False),
    Index("ix_evidence_item_day_capture_id", "day", "capture_id"),
    comment="the captures in a package",
)

evidence_booking = Table(
    "evidence_booking",
    metadata,
    Column("booking_id", BigId, primary_key=True, comment="what the access record names"),
    Column("package_id", ForeignKey("evidence_package.package_id"), nullable=False),
    Column("item_number", String(MAX_NUMBER), nullable=False, unique=True, comment="of the property room"),
    Column("media", String(MAX_NAME), nullable=False, comment="what it lies on, such as a USB drive"),
    Column("media_serial", String(MAX_NUMBER), nullable=False),
    Column("booked_at", UtcInstant, nullable=False),
    Column("member_id", BigInteger, nullable=False),
    UniqueConstraint("package_id", "media_serial"),
    comment="a package on a medium, booked into evidence",
)

evidence_custody = Table(
    "evidence_custody",
    metadata,
    Column("custody_id", BigId, primary_key=True, comment="what the access record names"),
    Column("booking_id", ForeignKey("evidence_booking.booking_id"), nullable=False),
    Column("seq", Integer, nullable=False, comment="1, 2, … of its booking: two at once cannot both be the next"),
    Column("kind", String(12), nullable=False),
    Column("at", UtcInstant, nullable=False),
    Column("from_whom", String(MAX_NAME), nullable=False),
    Column("to_whom", String(MAX_NAME), nullable=False),
    Column("reason", String(MAX_REASON), nullable=False),
    Column("sha256", String(64), nullable=False, comment="of tagmanifest-sha256.txt on the medium, as counted then"),
    Column("is_intact", Boolean, nullable=False, comment="the whole bag was checked, and is the package that left"),
    Column("member_id", BigInteger, nullable=False),
    UniqueConstraint("booking_id", "seq"),
    CheckConstraint("kind IN ('booked', 'handed_over', 'checked')", name="kind"),
    CheckConstraint("kind <> 'booked' OR is_intact", name="booked_intact"),
    comment="who had a booked package when and why, checked each time; append-only",
)

booking_waiver = Table(
    "booking_waiver",
    metadata,
    Column("waiver_id", BigId, primary_key=True, comment="what the access record names"),
    Column("hold_id", ForeignKey("hold.hold_id"), nullable=False),
    Column("capacity", String(10), nullable=False),
    Column("decided_at", UtcInstant, nullable=False),
    Column("member_id", BigInteger, nullable=False),
    Column("reason", String(MAX_REASON), nullable=False),
    UniqueConstraint("hold_id", "capacity"),
    UniqueConstraint("hold_id", "member_id"),
    CheckConstraint("capacity IN ('custodian', 'attorney')", name="capacity"),
    CheckConstraint(f"length(trim(reason)) BETWEEN 3 AND {MAX_REASON}", name="reason"),
    comment="why what a lifted hold kept need not be booked: said by both; append-only",
)
