"""All tables, SQLAlchemy Core. Migrations in migrations/ build them; a test holds the two against each other.

Grain
-----
capture   one image, counted once per (device, image) however often it is sent; belongs to the UTC day it was captured
read      one plate string: (capture, box, recogniser version); immutable, a correction is another row
sighting  one pass of one plate before one device: its reads and their vote
hit       (sighting, source, plate, state, type): never an entry or import id, so that a renewed list raises nothing twice
entry     one hot-list line with the imports from and to which it was valid, not a copy per import

Ids of captures and reads are `(epoch day << 32) | number within the day`; the days are partitions by month on
PostgreSQL, so references to them carry (day, id) and no foreign key: one would block detaching a partition.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    true,
)

from alpr_assets.store.types import BigId, Json, UtcInstant

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

PARTITIONED = ("capture", "recognition", "read", "sighting", "sighting_read")
BY_DAY: dict[str, Any] = {"postgresql_partition_by": "RANGE (day)"}
# Byte order on PostgreSQL: comparisons and prefixes use the index, as SQLite's do.
Plate = String(16).with_variant(String(16, collation="C"), "postgresql")
MAX_PLATE = 16
# What nobody said to be sure is unsure.
UNSURE: dict[str, Any] = {"nullable": False, "server_default": false()}

EPOCH_DAY = date(1970, 1, 1)
NUMBER_BITS = 32


def numbered(day: date, number: int) -> int:
    """Id of the `number`-th capture or read of a UTC day."""
    return ((day - EPOCH_DAY).days << NUMBER_BITS) | number


def day_of(number: int) -> date:
    """UTC day of a capture's or read's id. Raises OverflowError for what is none."""
    return EPOCH_DAY + timedelta(days=number >> NUMBER_BITS)


# ── equipment (422.3 ¶2) ───────────────────────────────────────────────────────────────────────────────────────────

device = Table(
    "device",
    metadata,
    Column("device_id", String(64), primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("name", Text, nullable=False),
    Column("latitude_deg", Float, comment="of a fixed device, WGS 84"),
    Column("longitude_deg", Float),
    Column("registered_at", UtcInstant, nullable=False),
    CheckConstraint("kind IN ('fixed', 'mobile')", name="kind"),
)

device_service = Table(
    "device_service",
    metadata,
    Column("service_id", BigId, primary_key=True),
    Column("device_id", ForeignKey("device.device_id"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("done_at", UtcInstant, nullable=False),
    Column("done_by", Text, nullable=False),
    Column("note", Text, nullable=False, default=""),
    CheckConstraint("kind IN ('installed', 'maintained', 'moved', 'removed')", name="kind"),
    comment="installation and maintenance, append-only",
)

# ── drops and receipts (422.5) ─────────────────────────────────────────────────────────────────────────────────────

drop = Table(
    "capture_drop",
    metadata,
    Column("drop_id", BigId, primary_key=True),
    Column("manifest_sha256", String(64), nullable=False, unique=True),
    Column("folder", Text, nullable=False),
    Column("unit", String(64), nullable=False),
    Column("shift", String(64), nullable=False),
    Column("operator", Text, comment="422.4(d): who operated the unit, as the manifest names him"),
    Column("landed_at", UtcInstant, nullable=False),
    Column("n_declared", Integer, nullable=False),
    Column("n_landed", Integer, nullable=False),
    Column("n_duplicate", Integer, nullable=False),
    Column("n_quarantined", Integer, nullable=False),
    Column("n_missing", Integer, nullable=False, comment="gaps: declared and not there"),
    Column("receipt", Json, nullable=False, comment="the newest transfer receipt"),
    Column("receipt_sha256", String(64), nullable=False),
)

drop_receipt = Table(
    "capture_drop_receipt",
    metadata,
    Column("receipt_id", BigId, primary_key=True),
    Column("drop_id", ForeignKey("capture_drop.drop_id"), nullable=False, index=True),
    Column("issued_at", UtcInstant, nullable=False),
    Column("receipt", Json, nullable=False),
    Column("receipt_sha256", String(64), nullable=False),
    comment="every receipt as issued; another one when missing files arrived, append-only",
)

capture_day = Table(
    "capture_day",
    metadata,
    Column("day", Date, primary_key=True),
    Column("n_captures", Integer, nullable=False, default=0, comment="numbers issued, never reused"),
    Column("n_reads", Integer, nullable=False, default=0, comment="numbers issued, never reused"),
    Column("landed_digest", String(64), comment="chain over the manifests that landed captures of this day"),
    Column("processed_digest", String(64), comment="landed_digest up to which the day was read and matched"),
    Column("last_landed_at", UtcInstant, comment="when its last capture landed"),
    Column("n_destroyed", Integer, nullable=False, server_default="0", comment="captures that purges destroyed"),
    comment="one row a UTC day: issues its numbers and is the row that writers of a day lock",
)

capture_identity = Table(
    "capture_identity",
    metadata,
    Column("device_id", String(64), primary_key=True),
    Column("image_sha256", String(64), primary_key=True),
    Column("day", Date, nullable=False),
    Column("capture_id", BigInteger, nullable=False),
    comment="what makes a re-sent capture the same one, across days and partitions",
)

capture = Table(
    "capture",
    metadata,
    Column("day", Date, primary_key=True),
    Column("capture_id", BigInteger, primary_key=True, autoincrement=False),
    Column("drop_id", ForeignKey("capture_drop.drop_id"), nullable=False, index=True),
    Column("device_id", String(64), nullable=False),
    Column("device_kind", String(8)),
    Column("image_sha256", String(64), nullable=False),
    Column("n_bytes", Integer, nullable=False),
    Column("media_type", String(16), nullable=False),
    Column("width_px", Integer, nullable=False),
    Column("height_px", Integer, nullable=False),
    Column("captured_at", UtcInstant, nullable=False),
    Column("clock", String(8), nullable=False),
    Column("source_time", Text, comment="the source's own words for captured_at"),
    Column("latitude_deg", Float, comment="WGS 84; NULL: unknown"),
    Column("longitude_deg", Float),
    Column("place_source", String(8)),
    Column("cell", BigInteger, comment="0.005° grid cell of the place, see store.cells"),
    Column("heading_deg", Float, comment="0 north, 90 east"),
    Column("landed_at", UtcInstant, nullable=False),
    Column("flags", Json, nullable=False, comment="e.g. unknown_device: landed, but someone should look"),
    Column("current_version", String(16), comment="recogniser version whose reads a search sees; NULL: not read yet"),
    CheckConstraint("clock IN ('camera', 'gps', 'exif', 'receipt', 'redated')", name="clock"),
    CheckConstraint("place_source IN ('manifest', 'exif', 'device', 'given')", name="place_source"),
    Index("ix_capture_device_id_captured_at", "device_id", "captured_at"),
    **BY_DAY,
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("quarantine_id", BigId, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("origin", String(64), nullable=False, comment="SHA-256 of what is wrong: re-sent, it is the same item"),
    Column("item", Text, nullable=False, comment="file in the drop, line of the list, or the drop's folder"),
    Column("drop_id", ForeignKey("capture_drop.drop_id")),
    Column("code", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    Column("owner", Text, nullable=False, comment="who answers for it"),
    Column("content", Json, comment="the metadata as it came"),
    Column("sealed_day", Date, comment="with sealed_sha256: where its bytes are kept"),
    Column("sealed_sha256", String(64)),
    Column("opened_at", UtcInstant, nullable=False),
    Column("resolved_at", UtcInstant),
    Column("resolved_by", Text),
    Column("resolution", Text),
    UniqueConstraint("kind", "origin", "item", "code"),
    CheckConstraint("kind IN ('drop', 'capture', 'hotlist_line')", name="kind"),
)

# ── reads ──────────────────────────────────────────────────────────────────────────────────────────────────────────

recogniser_version = Table(
    "recogniser_version",
    metadata,
    Column("version_id", String(16), primary_key=True),
    Column("detector", Text, nullable=False),
    Column("reader", Text, nullable=False),
    Column("details", Json, nullable=False),
    Column("first_used_at", UtcInstant, nullable=False),
)

recognition = Table(
    "recognition",
    metadata,
    Column("day", Date, primary_key=True),
    Column("capture_id", BigInteger, primary_key=True, autoincrement=False),
    Column("version_id", String(16), primary_key=True),
    Column("recognised_at", UtcInstant, nullable=False),
    Column("n_plates", Integer, nullable=False, comment="0 is a result"),
    Column("duration_ms", Float, nullable=False),
    Column("error", Text, comment="why the picture could not be read as one"),
    comment="this version has looked at this capture: what makes every read happen once",
    **BY_DAY,
)

plate = Table(
    "plate",
    metadata,
    Column("plate", Plate, primary_key=True),
    Column("plate_folded", Plate, nullable=False, index=True),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("n_reads", Integer, nullable=False),
    comment="dictionary: partial plates are looked up here first; distinct plates are about 1/20 of reads",
)

read = Table(
    "read",
    metadata,
    Column("day", Date, primary_key=True),
    Column("read_id", BigInteger, primary_key=True, autoincrement=False),
    Column("capture_id", BigInteger, nullable=False),
    Column("version_id", String(16), nullable=False),
    Column("box_x", Integer, nullable=False, comment="pixels of the picture as stored"),
    Column("box_y", Integer, nullable=False),
    Column("box_width", Integer, nullable=False),
    Column("box_height", Integer, nullable=False),
    Column("quad", Json, nullable=False, comment="four corners [x, y], pixels, clockwise from the top left"),
    Column("rank", Integer, nullable=False, comment="0: the picture's most plate-like text"),
    Column("raw", Text, nullable=False, comment="the reader's text before anything was dropped from it"),
    Column("plate", Plate, nullable=False),
    Column("plate_folded", Plate, nullable=False),
    Column("confidence", Float, nullable=False, comment="0–1"),
    Column("sure", Boolean, **UNSURE, comment="the confidence reached the policy's figure when it was stored"),
    Column("characters", Json, nullable=False, comment="[[character, confidence], …]"),
    Column("candidates", Json, nullable=False, comment="[[plate, confidence], …], best first"),
    Column("region", String(8)),
    Column("region_confidence", Float),
    Column("captured_at", UtcInstant, nullable=False),
    Column("device_id", String(64), nullable=False),
    Column("latitude_deg", Float),
    Column("longitude_deg", Float),
    Column("cell", BigInteger),
    UniqueConstraint(
        "day", "capture_id", "version_id", "box_x", "box_y", "box_width", "box_height", name="uq_read_grain"
    ),
    # Each holds what the searches ask of most reads that they look at: 13 bytes a read spare them the row. By the day a month is opened.
    Index("ix_read_plate_captured_at_cell", "plate", "captured_at", "cell", postgresql_include=["day"]),
    Index("ix_read_cell_captured_at_plate", "cell", "captured_at", "plate", postgresql_include=["day"]),
    **BY_DAY,
)

sighting = Table(
    "sighting",
    metadata,
    Column("day", Date, primary_key=True),
    Column("sighting_id", BigInteger, primary_key=True, autoincrement=False, comment="the read that founded it"),
    Column("device_id", String(64), nullable=False),
    Column("plate_folded", Plate, nullable=False),
    Column("plate", Plate, nullable=False, comment="the vote of the reads"),
    Column("region", String(8)),
    Column("confidence", Float, nullable=False),
    Column("sure", Boolean, **UNSURE, comment="a sure read says this plate, and none another"),
    Column("dated_by_receipt", Boolean, nullable=False, comment="no pass is known: such reads never group"),
    Column("first_at", UtcInstant, nullable=False),
    Column("last_at", UtcInstant, nullable=False),
    Column("n_reads", Integer, nullable=False),
    Index("ix_sighting_device_id_plate_folded_first_at", "device_id", "plate_folded", "first_at"),
    **BY_DAY,
)

sighting_read = Table(
    "sighting_read",
    metadata,
    Column("day", Date, primary_key=True),
    Column("read_id", BigInteger, primary_key=True, autoincrement=False),
    Column("sighting_day", Date, nullable=False),
    Column("sighting_id", BigInteger, nullable=False),
    Index("ix_sighting_read_sighting_day_sighting_id", "sighting_day", "sighting_id"),
    **BY_DAY,
)

# ── hot lists (422.3, 422.4(e)) ────────────────────────────────────────────────────────────────────────────────────

hotlist = Table(
    "hotlist",
    metadata,
    Column("list_id", BigId, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("source", String(16), nullable=False, comment="what a member's entitlement is about"),
    Column("current_import_id", BigInteger, comment="the import in force"),
    Column("rematched_import_id", BigInteger, comment="the import that past days were matched with"),
    CheckConstraint("source IN ('department', 'state', 'federal')", name="source"),
)

hotlist_import = Table(
    "hotlist_import",
    metadata,
    Column("import_id", BigId, primary_key=True),
    Column("list_id", ForeignKey("hotlist.list_id"), nullable=False, index=True),
    Column("sha256", String(64), nullable=False),
    Column("file_name", Text, nullable=False),
    Column("format", String(32), nullable=False),
    Column("made_at", UtcInstant, comment="when the source says the list was made"),
    Column("imported_at", UtcInstant, nullable=False),
    Column("accepted", Boolean, nullable=False),
    Column("code", String(32), comment="why it was refused"),
    Column("approved_by", Text, comment="who approved a list that shrank"),
    Column("n_lines", Integer, nullable=False),
    Column("n_entries", Integer, nullable=False),
    Column("n_quarantined", Integer, nullable=False),
    Column("receipt", Json, nullable=False),
    Column("sealed_day", Date, nullable=False),
    Column("file_destroyed_at", UtcInstant, comment="by a purge; NULL: it is there"),
    Index("ix_hotlist_import_sha256", "sha256"),
)

hotlist_entry = Table(
    "hotlist_entry",
    metadata,
    Column("entry_id", BigId, primary_key=True),
    Column("list_id", ForeignKey("hotlist.list_id"), nullable=False),
    Column("plate", Plate, nullable=False),
    Column("plate_folded", Plate, nullable=False),
    Column("state", String(2), nullable=False, comment="upper case; empty: unknown"),
    Column("list_type", String(32), nullable=False),
    Column("category", String(32), nullable=False),
    Column("restricted", Boolean, nullable=False, comment="NCIC files C, K, L, T, X: dissemination is logged"),
    Column("listed_on", Date),
    Column("expires_on", Date, comment="last day in force, the department's date; NULL: as long as its list has it"),
    Column("details", Json, nullable=False),
    Column("digest", String(64), nullable=False, comment="of all that the line says: an unchanged line keeps its row"),
    Column("from_import_id", ForeignKey("hotlist_import.import_id"), nullable=False),
    Column("to_import_id", ForeignKey("hotlist_import.import_id"), comment="the import that no longer had it"),
    Index("ix_hotlist_entry_list_id_to_import_id", "list_id", "to_import_id"),
)

# ── hits ───────────────────────────────────────────────────────────────────────────────────────────────────────────

hit = Table(
    "hit",
    metadata,
    Column("hit_id", BigId, primary_key=True),
    Column("day", Date, nullable=False, index=True, comment="of the sighting"),
    Column("sighting_id", BigInteger, nullable=False),
    Column("source", String(16), nullable=False),
    Column("plate", Plate, nullable=False, comment="as listed"),
    Column("state", String(2), nullable=False),
    Column("list_type", String(32), nullable=False),
    Column("category", String(32), nullable=False),
    Column("restricted", Boolean, nullable=False),
    Column("match_kind", String(8), nullable=False),
    Column("state_agrees", Boolean, comment="NULL: the read or the entry has no state"),
    Column("differences", Json, nullable=False, comment="why it matched: the characters that differ"),
    Column("confidence", Float, nullable=False, comment="of the read, 0–1"),
    Column("sure", Boolean, **UNSURE, comment="as the read it was raised from"),
    Column("read_day", Date, nullable=False, comment="with read_id: the read it was raised from"),
    Column("read_id", BigInteger, nullable=False),
    Column("version_id", String(16), nullable=False),
    Column("entry_id", ForeignKey("hotlist_entry.entry_id"), index=True, comment="NULL: it comes from a watch"),
    Column("import_id", ForeignKey("hotlist_import.import_id"), comment="list version at the raise; NULL as entry_id"),
    Column("watch_id", BigInteger, index=True, comment="NULL: it comes from a list"),
    Column("correction_id", BigInteger, comment="the correction whose plate matched instead of the read's"),
    Column("captured_at", UtcInstant, nullable=False),
    Column("raised_at", UtcInstant, nullable=False),
    Column("strengthened_at", UtcInstant, comment="when a later read of the pass matched better"),
    Column("alerted", Boolean, nullable=False, server_default=true(), comment="False: held back, and only listed"),
    Column("status", String(20), nullable=False, server_default="raised", comment="where its newest move put it"),
    Column("n_moves", Integer, nullable=False, server_default="0", comment="seq of its newest move"),
    Column("actionable_until", UtcInstant, comment="of an actionable hit: from then on it has lapsed"),
    UniqueConstraint("day", "sighting_id", "source", "plate", "state", "list_type", name="uq_hit_key"),
    CheckConstraint("match_kind IN ('exact', 'folded', 'edit1', 'partial')", name="match_kind"),
    CheckConstraint("(entry_id IS NULL) <> (watch_id IS NULL)", name="entry_or_watch"),
    CheckConstraint("(entry_id IS NULL) = (import_id IS NULL)", name="entry_and_import"),
    CheckConstraint("(status = 'actionable') = (actionable_until IS NOT NULL)", name="until"),
    Index("ix_hit_status_raised_at", "status", "raised_at"),
    Index("uq_hit_watch", "day", "sighting_id", "watch_id", unique=True),
)

# ── exports (422.6(a)) ─────────────────────────────────────────────────────────────────────────────────────────────

export_request = Table(
    "export_request",
    metadata,
    Column("request_id", BigId, primary_key=True),
    Column("member_id", BigInteger, nullable=False),
    Column("action", String(32), nullable=False, comment="whose answer is to be taken out"),
    Column("purpose", String(64), nullable=False),
    Column("case_number", String(32), nullable=False),
    Column("format", String(16), nullable=False),
    Column("digest", String(64), nullable=False, index=True, comment="keyed, of the whole query: no plate is kept"),
    Column("n_rows", Integer, nullable=False),
    Column("asked_at", UtcInstant, nullable=False),
    Column("record_id", BigInteger, comment="the refusal in the access record"),
    Column("decided_at", UtcInstant),
    Column("decided_by", BigInteger, comment="a supervisor's member id"),
    Column("approved", Boolean),
    Column("note", Text),
    Column("used_at", UtcInstant, comment="an approval is for one export"),
    comment="exports above the row cap, waiting for a supervisor or decided",
)

export = Table(
    "export",
    metadata,
    Column("export_id", BigId, primary_key=True),
    Column("record_id", BigInteger, nullable=False, unique=True, comment="its entry in the access record"),
    Column("member_id", BigInteger, nullable=False, index=True),
    Column("action", String(32), nullable=False),
    Column("purpose", String(64), nullable=False),
    Column("case_number", String(32), nullable=False),
    Column("format", String(16), nullable=False),
    Column("n_rows", Integer, nullable=False),
    Column("n_bytes", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("file_name", Text, nullable=False),
    Column("exported_at", UtcInstant, nullable=False),
    Column("delete_by", Date, nullable=False, comment="the department's date"),
    Column("destroyed_at", UtcInstant),
    Column("destroyed_by", BigInteger, comment="the member who says so"),
    comment="every file that was taken out, and whether it is gone",
)
