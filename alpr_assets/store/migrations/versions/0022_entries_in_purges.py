"""Purges that take the ended entries of hot lists along (422.5, Gov. Code 34090)."""

from __future__ import annotations

from alpr_assets.store.migrations import lots

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    lots.allow("quarantine", "hotlist_files", "hotlist_entries", "watches")
