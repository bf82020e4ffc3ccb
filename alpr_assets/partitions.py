"""The one partition of everything that is kept by day: the UTC day of capture.

Its start is frozen: moving it later would leave older days outside every partition, and so outside every purge.
"""

from __future__ import annotations

from datetime import date

import dagster as dg

START = date(2020, 1, 1)

# A daily definition ends yesterday by itself; tonight's patrol must be searchable tonight.
capture_day = dg.DailyPartitionsDefinition(start_date=START.isoformat(), timezone="UTC", end_offset=1)


def day_of(partition_key: str) -> date:
    """The UTC day that a partition key names."""
    return date.fromisoformat(partition_key)
