"""What a person types for a plate, as the characters that reads hold."""

from __future__ import annotations

import re

from alpr_assets.errors import MalformedError
from alpr_assets.store.schema import MAX_PLATE


def typed(text: str) -> str:
    """A plate as typed, without what separates its groups, in capitals.

    Raises
    ------
    MalformedError : `plate`: nothing is left, or more than a plate holds, or a character that no plate has
    """
    plate = re.sub(r"[\s\-.·•]", "", text).upper()
    if not re.fullmatch(rf"[A-Z0-9]{{1,{MAX_PLATE}}}", plate):
        raise MalformedError("plate", f"a plate is 1–{MAX_PLATE} letters and digits", remedy="write it as 7ABC123")
    return plate
