"""The last day on which a hot-list entry is in force (422.4). Entries that were there have none: nobody had said one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    last_day = sa.Column(
        "expires_on", sa.Date(), comment="last day in force, the department's date; NULL: as long as its list has it"
    )
    op.add_column("hotlist_entry", last_day)  # ALTER TABLE: hits refer to this table, which is not copied
