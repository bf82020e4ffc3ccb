"""One suite a stage, and the frame it looks at.

A suite is a function of the policy; a frame is (rows of the store, how many there must be, counted another way). Each
expectation says in words what it means for the department. `bridge.evaluate(suite, *frame)` puts them together.

Value expectations pass over missing values: where a value must be there, the suite says so, or compares it with one that is.
"""

from __future__ import annotations

from alpr_assets.quality.captures import captures_frame, suite_captures
from alpr_assets.quality.frames import Fold
from alpr_assets.quality.hotlists import hotlists_frame, suite_hotlists
from alpr_assets.quality.matches import matches_frame, suite_matches
from alpr_assets.quality.reads import reads_frame, suite_reads
from alpr_assets.quality.retention import held_frame, retention_frame, suite_held, suite_retention

__all__ = [
    "Fold",
    "captures_frame",
    "held_frame",
    "hotlists_frame",
    "matches_frame",
    "reads_frame",
    "retention_frame",
    "suite_captures",
    "suite_held",
    "suite_hotlists",
    "suite_matches",
    "suite_reads",
    "suite_retention",
]
