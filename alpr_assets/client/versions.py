"""What two recogniser versions read otherwise, as the console answered. Here: the value class. Not here: asking (`asking`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alpr_assets.client.tables import frame_of

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Differences:
    """What two versions read of the same pictures.

    reads : a row a read that is not the same in both, in the order of time; columns of `search.differences.COLUMNS`
    n_captures : pictures that both looked at
    n_unchanged, n_changed, n_gained, n_lost : reads the same in both, spelled otherwise, of the newer only, of the older only
    """

    reads: pd.DataFrame
    n_captures: int
    n_unchanged: int
    n_changed: int
    n_gained: int
    n_lost: int

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Differences:
        """What the console said."""
        counts = {name: value for name, value in said.items() if name.startswith("n_")}
        return cls(frame_of(said["reads"]), **counts)
