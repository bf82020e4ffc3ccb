"""The first tables: equipment, drops, captures, reads, sightings, hot lists, hits, quarantine."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from alpr_assets.store.types import UtcInstant

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "capture_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("n_captures", sa.Integer(), nullable=False, comment="numbers issued, never reused"),
        sa.Column("n_reads", sa.Integer(), nullable=False, comment="numbers issued, never reused"),
        sa.Column(
            "landed_digest",
            sa.String(length=64),
            nullable=True,
            comment="chain over the manifests that landed captures of this day",
        ),
        sa.Column(
            "processed_digest",
            sa.String(length=64),
            nullable=True,
            comment="landed_digest up to which the day was read and matched",
        ),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_capture_day")),
        comment="one row a UTC day: issues its numbers and is the row that writers of a day lock",
    )
    op.create_table(
        "capture_drop",
        sa.Column("drop_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("manifest_sha256", sa.String(length=64), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("unit", sa.String(length=64), nullable=False),
        sa.Column("shift", sa.String(length=64), nullable=False),
        sa.Column(
            "operator", sa.Text(), nullable=True, comment="422.4(d): who operated the unit, as the manifest names him"
        ),
        sa.Column("landed_at", UtcInstant(), nullable=False),
        sa.Column("n_declared", sa.Integer(), nullable=False),
        sa.Column("n_landed", sa.Integer(), nullable=False),
        sa.Column("n_duplicate", sa.Integer(), nullable=False),
        sa.Column("n_quarantined", sa.Integer(), nullable=False),
        sa.Column("n_missing", sa.Integer(), nullable=False, comment="gaps: declared and not there"),
        sa.Column("receipt", sa.JSON(none_as_null=True), nullable=False, comment="the newest transfer receipt"),
        sa.Column("receipt_sha256", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("drop_id", name=op.f("pk_capture_drop")),
        sa.UniqueConstraint("manifest_sha256", name=op.f("uq_capture_drop_manifest_sha256")),
    )
    op.create_table(
        "capture_identity",
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("image_sha256", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("capture_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("device_id", "image_sha256", name=op.f("pk_capture_identity")),
        comment="what makes a re-sent capture the same one, across days and partitions",
    )
    op.create_table(
        "device",
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("latitude_deg", sa.Float(), nullable=True, comment="of a fixed device, WGS 84"),
        sa.Column("longitude_deg", sa.Float(), nullable=True),
        sa.Column("registered_at", UtcInstant(), nullable=False),
        sa.CheckConstraint("kind IN ('fixed', 'mobile')", name=op.f("ck_device_kind")),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_device")),
    )
    op.create_table(
        "hotlist",
        sa.Column("list_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False, comment="what a member's entitlement is about"),
        sa.Column("current_import_id", sa.BigInteger(), nullable=True, comment="the import in force"),
        sa.Column(
            "rematched_import_id", sa.BigInteger(), nullable=True, comment="the import that past days were matched with"
        ),
        sa.CheckConstraint("source IN ('department', 'state', 'federal')", name=op.f("ck_hotlist_source")),
        sa.PrimaryKeyConstraint("list_id", name=op.f("pk_hotlist")),
        sa.UniqueConstraint("name", name=op.f("uq_hotlist_name")),
    )
    op.create_table(
        "plate",
        sa.Column(
            "plate",
            sa.String(length=16).with_variant(sa.String(length=16, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "plate_folded",
            sa.String(length=16).with_variant(sa.String(length=16, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("n_reads", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("plate", name=op.f("pk_plate")),
        comment="dictionary: partial plates are looked up here first; distinct plates are about 1/20 of reads",
    )
    op.create_index(op.f("ix_plate_plate_folded"), "plate", ["plate_folded"], unique=False)
    op.create_table(
        "read",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("read_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("capture_id", sa.BigInteger(), nullable=False),
        sa.Column("version_id", sa.String(length=16), nullable=False),
        sa.Column("box_x", sa.Integer(), nullable=False, comment="pixels of the picture as stored"),
        sa.Column("box_y", sa.Integer(), nullable=False),
        sa.Column("box_width", sa.Integer(), nullable=False),
        sa.Column("box_height", sa.Integer(), nullable=False),
        sa.Column(
            "quad",
            sa.JSON(none_as_null=True),
            nullable=False,
            comment="four corners [x, y], pixels, clockwise from the top left",
        ),
        sa.Column("rank", sa.Integer(), nullable=False, comment="0: the picture's most plate-like text"),
        sa.Column("raw", sa.Text(), nullable=False, comment="the reader's text before anything was dropped from it"),
        sa.Column(
            "plate",
            sa.String(length=16).with_variant(sa.String(length=16, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "plate_folded",
            sa.String(length=16).with_variant(sa.String(length=16, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("confidence", sa.Float(), nullable=False, comment="0–1"),
        sa.Column("characters", sa.JSON(none_as_null=True), nullable=False, comment="[[character, confidence], …]"),
        sa.Column(
            "candidates", sa.JSON(none_as_null=True), nullable=False, comment="[[plate, confidence], …], best first"
        ),
        sa.Column("region", sa.String(length=8), nullable=True),
        sa.Column("region_confidence", sa.Float(), nullable=True),
        sa.Column("captured_at", UtcInstant(), nullable=False),
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("latitude_deg", sa.Float(), nullable=True),
        sa.Column("longitude_deg", sa.Float(), nullable=True),
        sa.Column("cell", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("day", "read_id", name=op.f("pk_read")),
        sa.UniqueConstraint(
            "day", "capture_id", "version_id", "box_x", "box_y", "box_width", "box_height", name="uq_read_grain"
        ),
        postgresql_partition_by="RANGE (day)",
    )
    op.create_index("ix_read_cell_captured_at", "read", ["cell", "captured_at"], unique=False)
    op.create_index("ix_read_plate_captured_at", "read", ["plate", "captured_at"], unique=False)
    op.create_table(
        "recogniser_version",
        sa.Column("version_id", sa.String(length=16), nullable=False),
        sa.Column("detector", sa.Text(), nullable=False),
        sa.Column("reader", sa.Text(), nullable=False),
        sa.Column("details", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("first_used_at", UtcInstant(), nullable=False),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_recogniser_version")),
    )
    op.create_table(
        "recognition",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("capture_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version_id", sa.String(length=16), nullable=False),
        sa.Column("recognised_at", UtcInstant(), nullable=False),
        sa.Column("n_plates", sa.Integer(), nullable=False, comment="0 is a result"),
        sa.Column("duration_ms", sa.Float(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True, comment="why the picture could not be read as one"),
        sa.PrimaryKeyConstraint("day", "capture_id", "version_id", name=op.f("pk_recognition")),
        comment="this version has looked at this capture: what makes every read happen once",
        postgresql_partition_by="RANGE (day)",
    )
    op.create_table(
        "sighting",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column(
            "sighting_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="the read that founded it"
        ),
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column(
            "plate_folded",
            sa.String(length=16).with_variant(sa.String(length=16, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "plate",
            sa.String(length=16).with_variant(sa.String(length=16, collation="C"), "postgresql"),
            nullable=False,
            comment="the vote of the reads",
        ),
        sa.Column("region", sa.String(length=8), nullable=True),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("dated_by_receipt", sa.Boolean(), nullable=False, comment="no pass is known: such reads never group"),
        sa.Column("first_at", UtcInstant(), nullable=False),
        sa.Column("last_at", UtcInstant(), nullable=False),
        sa.Column("n_reads", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "sighting_id", name=op.f("pk_sighting")),
        postgresql_partition_by="RANGE (day)",
    )
    op.create_index(
        "ix_sighting_device_id_plate_folded_first_at",
        "sighting",
        ["device_id", "plate_folded", "first_at"],
        unique=False,
    )
    op.create_table(
        "sighting_read",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("read_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sighting_day", sa.Date(), nullable=False),
        sa.Column("sighting_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "read_id", name=op.f("pk_sighting_read")),
        postgresql_partition_by="RANGE (day)",
    )
    op.create_index(
        "ix_sighting_read_sighting_day_sighting_id", "sighting_read", ["sighting_day", "sighting_id"], unique=False
    )
    op.create_table(
        "capture",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("capture_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("drop_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("device_kind", sa.String(length=8), nullable=True),
        sa.Column("image_sha256", sa.String(length=64), nullable=False),
        sa.Column("n_bytes", sa.Integer(), nullable=False),
        sa.Column("media_type", sa.String(length=16), nullable=False),
        sa.Column("width_px", sa.Integer(), nullable=False),
        sa.Column("height_px", sa.Integer(), nullable=False),
        sa.Column("captured_at", UtcInstant(), nullable=False),
        sa.Column("clock", sa.String(length=8), nullable=False),
        sa.Column("source_time", sa.Text(), nullable=True, comment="the source's own words for captured_at"),
        sa.Column("latitude_deg", sa.Float(), nullable=True, comment="WGS 84; NULL: unknown"),
        sa.Column("longitude_deg", sa.Float(), nullable=True),
        sa.Column("place_source", sa.String(length=8), nullable=True),
        sa.Column("cell", sa.BigInteger(), nullable=True, comment="0.005° grid cell of the place, see store.cells"),
        sa.Column("heading_deg", sa.Float(), nullable=True, comment="0 north, 90 east"),
        sa.Column("landed_at", UtcInstant(), nullable=False),
        sa.Column(
            "flags",
            sa.JSON(none_as_null=True),
            nullable=False,
            comment="e.g. unknown_device: landed, but someone should look",
        ),
        sa.Column(
            "current_version",
            sa.String(length=16),
            nullable=True,
            comment="recogniser version whose reads a search sees; NULL: not read yet",
        ),
        sa.CheckConstraint("clock IN ('camera', 'gps', 'exif', 'receipt', 'redated')", name=op.f("ck_capture_clock")),
        sa.CheckConstraint(
            "place_source IN ('manifest', 'exif', 'device', 'given')", name=op.f("ck_capture_place_source")
        ),
        sa.ForeignKeyConstraint(["drop_id"], ["capture_drop.drop_id"], name=op.f("fk_capture_drop_id_capture_drop")),
        sa.PrimaryKeyConstraint("day", "capture_id", name=op.f("pk_capture")),
        postgresql_partition_by="RANGE (day)",
    )
    op.create_index("ix_capture_device_id_captured_at", "capture", ["device_id", "captured_at"], unique=False)
    op.create_index(op.f("ix_capture_drop_id"), "capture", ["drop_id"], unique=False)
    op.create_table(
        "capture_drop_receipt",
        sa.Column("receipt_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("drop_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("issued_at", UtcInstant(), nullable=False),
        sa.Column("receipt", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("receipt_sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["drop_id"], ["capture_drop.drop_id"], name=op.f("fk_capture_drop_receipt_drop_id_capture_drop")
        ),
        sa.PrimaryKeyConstraint("receipt_id", name=op.f("pk_capture_drop_receipt")),
        comment="every receipt as issued; another one when missing files arrived, append-only",
    )
    op.create_index(op.f("ix_capture_drop_receipt_drop_id"), "capture_drop_receipt", ["drop_id"], unique=False)
    op.create_table(
        "device_service",
        sa.Column("service_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("done_at", UtcInstant(), nullable=False),
        sa.Column("done_by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('installed', 'maintained', 'moved', 'removed')", name=op.f("ck_device_service_kind")
        ),
        sa.ForeignKeyConstraint(["device_id"], ["device.device_id"], name=op.f("fk_device_service_device_id_device")),
        sa.PrimaryKeyConstraint("service_id", name=op.f("pk_device_service")),
        comment="installation and maintenance, append-only",
    )
    op.create_index(op.f("ix_device_service_device_id"), "device_service", ["device_id"], unique=False)
    op.create_table(
        "hotlist_import",
        sa.Column("import_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("list_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("format", sa.String(length=32), nullable=False),
        sa.Column("made_at", UtcInstant(), nullable=True, comment="when the source says the list was made"),
        sa.Column("imported_at", UtcInstant(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=True, comment="why it was refused"),
        sa.Column("approved_by", sa.Text(), nullable=True, comment="who approved a list that shrank"),
        sa.Column("n_lines", sa.Integer(), nullable=False),
        sa.Column("n_entries", sa.Integer(), nullable=False),
        sa.Column("n_quarantined", sa.Integer(), nullable=False),
        sa.Column("receipt", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("sealed_day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["list_id"], ["hotlist.list_id"], name=op.f("fk_hotlist_import_list_id_hotlist")),
        sa.PrimaryKeyConstraint("import_id", name=op.f("pk_hotlist_import")),
    )
    op.create_index(op.f("ix_hotlist_import_list_id"), "hotlist_import", ["list_id"], unique=False)
    op.create_index("ix_hotlist_import_sha256", "hotlist_import", ["sha256"], unique=False)
    op.create_table(
        "quarantine",
        sa.Column("quarantine_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column(
            "origin",
            sa.String(length=64),
            nullable=False,
            comment="SHA-256 of what is wrong: re-sent, it is the same item",
        ),
        sa.Column(
            "item", sa.Text(), nullable=False, comment="file in the drop, line of the list, or the drop's folder"
        ),
        sa.Column("drop_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False, comment="who answers for it"),
        sa.Column("content", sa.JSON(none_as_null=True), nullable=True, comment="the metadata as it came"),
        sa.Column("sealed_day", sa.Date(), nullable=True, comment="with sealed_sha256: where its bytes are kept"),
        sa.Column("sealed_sha256", sa.String(length=64), nullable=True),
        sa.Column("opened_at", UtcInstant(), nullable=False),
        sa.Column("resolved_at", UtcInstant(), nullable=True),
        sa.Column("resolved_by", sa.Text(), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('drop', 'capture', 'hotlist_line')", name=op.f("ck_quarantine_kind")),
        sa.ForeignKeyConstraint(["drop_id"], ["capture_drop.drop_id"], name=op.f("fk_quarantine_drop_id_capture_drop")),
        sa.PrimaryKeyConstraint("quarantine_id", name=op.f("pk_quarantine")),
        sa.UniqueConstraint("kind", "origin", "item", "code", name=op.f("uq_quarantine_kind_origin_item_code")),
    )
    op.create_table(
        "hotlist_entry",
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("list_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "plate",
            sa.String(length=16).with_variant(sa.String(length=16, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "plate_folded",
            sa.String(length=16).with_variant(sa.String(length=16, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("state", sa.String(length=2), nullable=False, comment="upper case; empty: unknown"),
        sa.Column("list_type", sa.String(length=32), nullable=False),
        sa.Column("category", sa.String(length=32), nullable=False),
        sa.Column(
            "restricted", sa.Boolean(), nullable=False, comment="NCIC files C, K, L, T, X: dissemination is logged"
        ),
        sa.Column("listed_on", sa.Date(), nullable=True),
        sa.Column("details", sa.JSON(none_as_null=True), nullable=False),
        sa.Column(
            "digest",
            sa.String(length=64),
            nullable=False,
            comment="of all that the line says: an unchanged line keeps its row",
        ),
        sa.Column("from_import_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "to_import_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="the import that no longer had it",
        ),
        sa.ForeignKeyConstraint(
            ["from_import_id"],
            ["hotlist_import.import_id"],
            name=op.f("fk_hotlist_entry_from_import_id_hotlist_import"),
        ),
        sa.ForeignKeyConstraint(["list_id"], ["hotlist.list_id"], name=op.f("fk_hotlist_entry_list_id_hotlist")),
        sa.ForeignKeyConstraint(
            ["to_import_id"], ["hotlist_import.import_id"], name=op.f("fk_hotlist_entry_to_import_id_hotlist_import")
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_hotlist_entry")),
    )
    op.create_index("ix_hotlist_entry_list_id_to_import_id", "hotlist_entry", ["list_id", "to_import_id"], unique=False)
    op.create_table(
        "hit",
        sa.Column("hit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False, comment="of the sighting"),
        sa.Column("sighting_id", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column(
            "plate",
            sa.String(length=16).with_variant(sa.String(length=16, collation="C"), "postgresql"),
            nullable=False,
            comment="as listed",
        ),
        sa.Column("state", sa.String(length=2), nullable=False),
        sa.Column("list_type", sa.String(length=32), nullable=False),
        sa.Column("category", sa.String(length=32), nullable=False),
        sa.Column("restricted", sa.Boolean(), nullable=False),
        sa.Column("match_kind", sa.String(length=8), nullable=False),
        sa.Column("state_agrees", sa.Boolean(), nullable=True, comment="NULL: the read or the entry has no state"),
        sa.Column(
            "differences",
            sa.JSON(none_as_null=True),
            nullable=False,
            comment="why it matched: the characters that differ",
        ),
        sa.Column("confidence", sa.Float(), nullable=False, comment="of the read, 0–1"),
        sa.Column("read_day", sa.Date(), nullable=False, comment="with read_id: the read it was raised from"),
        sa.Column("read_id", sa.BigInteger(), nullable=False),
        sa.Column("version_id", sa.String(length=16), nullable=False),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "import_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="list version at the raise",
        ),
        sa.Column("captured_at", UtcInstant(), nullable=False),
        sa.Column("raised_at", UtcInstant(), nullable=False),
        sa.Column(
            "strengthened_at", UtcInstant(), nullable=True, comment="when a later read of the pass matched better"
        ),
        sa.CheckConstraint("match_kind IN ('exact', 'folded', 'edit1')", name=op.f("ck_hit_match_kind")),
        sa.ForeignKeyConstraint(["entry_id"], ["hotlist_entry.entry_id"], name=op.f("fk_hit_entry_id_hotlist_entry")),
        sa.ForeignKeyConstraint(
            ["import_id"], ["hotlist_import.import_id"], name=op.f("fk_hit_import_id_hotlist_import")
        ),
        sa.PrimaryKeyConstraint("hit_id", name=op.f("pk_hit")),
        sa.UniqueConstraint("day", "sighting_id", "source", "plate", "state", "list_type", name="uq_hit_key"),
    )
    op.create_index(op.f("ix_hit_day"), "hit", ["day"], unique=False)
