"""A keyed digest of a plate as somebody typed it: tells whether two were the same, and nothing else.

Here: how audits compare plates without keeping any, and the record with it. Not here: what they look for (`access.audits`).
"""

from __future__ import annotations

from collections.abc import Callable

from alpr_assets.access.audits.looks import Source
from alpr_assets.access.record.places import place_of
from alpr_assets.access.secret_key import SecretKey
from alpr_assets.errors import MalformedError
from alpr_assets.lifecycle.lookalikes import fold, normalise
from alpr_assets.policy import Policy
from alpr_assets.settings import Settings


def digester(configured: Settings) -> Callable[[str], str]:
    """From a plate to its digest, HMAC-SHA256 in hexadecimal digits; look-alikes are one plate. Empty for what is no whole plate."""
    key = SecretKey(configured.path("keys") / "audits.key")

    def digest(typed: str) -> str:
        try:
            return key.digest(fold(normalise(typed)).encode())
        except MalformedError:  # a partial plate, or nothing
            return ""

    return digest


def source_of(configured: Settings, policy: Policy) -> Source:
    """The access record as audits read it."""
    return Source(place_of(configured), digester(configured), policy.zone)
